/* SPDX-License-Identifier: GPL-3.0-or-later
 * The same scenario under another routing policy. */
#define _POSIX_C_SOURCE 200809L
#include "sim/scenario/tables.h"

#include <stdlib.h>
#include <string.h>

int sim_scenario_route_by(struct sim_scenario *s, const char *policy)
{
    struct sim_file *f = (struct sim_file *)s; /* its first member */
    char *own = strdup(policy);
    if (own == NULL) {
        return SW_ERR_NOMEM;
    }
    for (size_t i = 0; i < s->n_nodes; i++) {
        struct sw_config *c = &s->nodes[i].config; /* its strings are the entries' */
        if (strcmp(c->policy, policy) != 0) {      /* those were another's parameters */
            c->params = NULL;
            c->n_params = 0;
        }
        c->policy = own;
    }
    s->base = s->configuration;
    s->policy = own;
    (void)snprintf(s->configuration.s, sizeof s->configuration.s, "%s", policy);
    free(f->policy);
    f->policy = own;
    return 0;
}

void sim_scenario_route_with(struct sim_scenario *s, struct sw_param_config *params, size_t n)
{
    struct sim_file *f = (struct sim_file *)s;
    f->params = params;
    f->n_params = n;
    for (size_t i = 0; i < s->n_nodes; i++) {
        s->nodes[i].config.params = params;
        s->nodes[i].config.n_params = n;
    }
}

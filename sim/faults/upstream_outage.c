/* SPDX-License-Identifier: GPL-3.0-or-later
 * Resolvers outside the swarm fall silent. */
#include "sim/faults/fault.h"
#include "sim/world/control.h"

#include <string.h>

enum { REGION };

static const struct sim_fault_param params[] = {
    [REGION] = { .key = "region",
                 .type = SIM_PARAM_REGION,
                 .help = "those that stand in it; all when it is not given" },
};

static const char *check(const struct sim_scenario *s, const union sim_fault_value *v)
{
    for (size_t i = 0; i < s->n_upstreams; i++) {
        if (v[REGION].index == SIM_PARAM_ABSENT ||
            strcmp(s->upstreams[i].region.s, s->regions[v[REGION].index].name.s) == 0) {
            return "";
        }
    }
    return v[REGION].index == SIM_PARAM_ABSENT ? "the scenario has no upstreams"
                                               : "no upstream stands in that region";
}

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    sim_world_upstreams(w, v[REGION].index, begins);
}

extern const struct sim_fault_kind sim_fault_upstream_outage;
const struct sim_fault_kind sim_fault_upstream_outage = {
    .name = "upstream_outage",
    .help = "upstreams answer nothing",
    .params = params,
    .n_params = SW_LEN(params),
    .check = check,
    .apply = apply,
};

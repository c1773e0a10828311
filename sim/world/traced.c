/* SPDX-License-Identifier: GPL-3.0-or-later
 * What is traced, in words. */
#include "sim/world/inside.h"

#include <stdio.h>

enum of { SIM_OF_NODE, SIM_OF_CLIENTS, SIM_OF_FAULT, SIM_OF_UPSTREAM };

static const struct {
    enum of of;
    const char *text;
} kinds[SIM_KIND_COUNT] = {
#define X(kind, of, text) [kind] = { of, text },
    SIM_KIND_LIST(X)
#undef X
};

void sim_world_tell_trace(struct sim_world *w, sim_trace_fn fn, void *self)
{
    sim_trace_tell(w->engine, fn, self);
}

void sim_traced_text(const struct sim_scenario *s, uint32_t entity, uint32_t kind, char out[160])
{
    const char *text =
        kind > 0 && kind < SIM_KIND_COUNT ? kinds[kind].text : "something happens to";
    const enum of of = kind < SIM_KIND_COUNT ? kinds[kind].of : SIM_OF_NODE;
    const uint32_t group = entity & UINT32_C(0x7fffffff); /* the top bit tells it from nodes */
    if (of == SIM_OF_CLIENTS && group < s->n_clients) {
        (void)snprintf(out, 160, "%s clients of %s (group %u)", text, s->clients[group].region.s,
                       group);
    } else if (of == SIM_OF_FAULT && entity < s->n_faults) {
        (void)snprintf(out, 160, "%s fault %u, %.40s", text, entity + 1, s->faults[entity].kind);
    } else if (of == SIM_OF_UPSTREAM && entity < s->n_upstreams) {
        (void)snprintf(out, 160, "%s %s", text, s->upstreams[entity].name.s);
    } else if (of == SIM_OF_NODE && entity < s->n_nodes) {
        (void)snprintf(out, 160, "%s %s", text, s->nodes[entity].config.name.s);
    } else {
        (void)snprintf(out, 160, "%s number %u", text, entity);
    }
}

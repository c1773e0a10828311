/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who lives is known to all who live, and nobody else is listed as living: some time after the last
 * fault has ended, node has gone or node has come.  Nodes may be down all the while, by crashes or
 * outages for good; any other fault that lasts promises nothing.  Looked at with every sample. */
#include "node/base/fmath.h"
#include "sim/world/pool.h"
#include "sim/world/world.h"

#include <stdlib.h>
#include <string.h>

/* Periods, times max(1, log10 n), until all must agree.  The slowest way there: a node that took
 * itself for slow gets its nine-fold period down by one with each success (9 + 8 + ... + 1), the
 * next probe of the dead begins, and its suspicion, which too few confirm, takes 30. */
#define BOUND 100

struct membership {
    uint32_t active;             /* faults in effect that promise nothing */
    sw_time since;               /* nothing changed */
    bool *up;                    /* a node: at the last sample */
    struct sw_member_info *info; /* scratch */
    bool *listed;                /* the same */
    size_t n_info;
};

static int start(struct sim_world *w, void **self)
{
    struct membership *m = sim_calloc(1, sizeof *m);
    const size_t n = sim_world_scenario(w)->n_nodes;
    m->up = sim_calloc(n + 1, sizeof *m->up);
    m->n_info = n;
    m->info = sim_calloc(n + 1, sizeof *m->info);
    m->listed = sim_calloc(n + 1, sizeof *m->listed);
    *self = m;
    return 0;
}

static void stop(void *self)
{
    struct membership *m = self;
    free(m->up);
    free(m->info);
    free(m->listed);
    free(m);
}

/* Do those that are not hit see nothing of it but that others are gone? */
static bool only_stops_nodes(const struct sim_fault *f)
{
    return strcmp(f->kind, "crash") == 0 || strcmp(f->kind, "regional_outage") == 0;
}

static void on_fault(void *self, struct sim_world *w, const struct sim_fault *f, bool begins)
{
    struct membership *m = self;
    m->since = sim_world_now(w);
    if (only_stops_nodes(f)) {
        return;
    }
    if (begins) {
        m->active++;
    } else if (m->active > 0) {
        m->active--;
    }
}

static void complain(const struct membership *m, struct sim_world *w, uint32_t i, uint32_t k,
                     const char *state)
{
    const struct sim_scenario *s = sim_world_scenario(w);
    sim_complain(w, "membership",
                 "%s takes %s for %s, which is %s, though nothing happened for %.0f s",
                 s->nodes[i].config.name.s, s->nodes[k].config.name.s, state,
                 m->up[k] ? "up" : "down", (double)(sim_world_now(w) - m->since) / 1e9);
}

static void check(struct membership *m, struct sim_world *w, uint32_t i)
{
    const struct sim_scenario *s = sim_world_scenario(w);
    size_t n = sw_node_members(sim_world_node(w, i), m->info, m->n_info);
    n = n < m->n_info ? n : m->n_info;
    memset(m->listed, 0, m->n_info * sizeof *m->listed);
    m->listed[i] = true;
    for (size_t j = 0; j < n; j++) {
        const size_t k = sim_node_index(s, m->info[j].name.s);
        if (k == SIZE_MAX) {
            continue;
        }
        m->listed[k] = true;
        if (m->info[j].lives != m->up[k]) {
            complain(m, w, i, (uint32_t)k, m->info[j].state);
        }
    }
    for (uint32_t k = 0; k < s->n_nodes && s->nodes[i].config.membership.open; k++) {
        if (m->up[k] && !m->listed[k]) {
            complain(m, w, i, k, "no member");
        }
    }
}

static sw_dur bound(const struct sim_scenario *s)
{
    const double log10 = sw_log((double)s->n_nodes) / sw_log(10);
    sw_dur period = 0;
    for (size_t i = 0; i < s->n_nodes; i++) {
        const sw_dur own = s->nodes[i].config.membership.period;
        period = own > period ? own : period;
    }
    return (sw_dur)(BOUND * (log10 > 1 ? log10 : 1) * (double)period);
}

static void on_sample(void *self, struct sim_world *w)
{
    struct membership *m = self;
    const struct sim_scenario *s = sim_world_scenario(w);
    for (uint32_t i = 0; i < s->n_nodes; i++) {
        const struct sw_node *node = sim_world_node(w, i);
        const bool up = node != NULL && sw_node_state(node) != SW_STATE_DRAINING;
        m->since = up != m->up[i] ? sim_world_now(w) : m->since;
        m->up[i] = up;
    }
    if (m->active > 0 || sim_world_now(w) - m->since < bound(s)) {
        return;
    }
    for (uint32_t i = 0; i < s->n_nodes; i++) {
        if (m->up[i]) {
            check(m, w, i);
        }
    }
}

extern const struct sim_watcher sim_oracle_membership;
const struct sim_watcher sim_oracle_membership = {
    .name = "membership",
    .help = "once nothing changes, all who live know all who live, and list nobody else",
    .oracle = true,
    .start = start,
    .on_fault = on_fault,
    .on_sample = on_sample,
    .stop = stop,
};

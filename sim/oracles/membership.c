/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who lives is known to all who live, and nobody else is listed as living: some time after the last
 * fault has ended, node has gone or node has come.  Nodes may be down all the while, by crashes or
 * outages for good, disks and wall clocks may be as they like; any other fault that lasts promises
 * nothing, nor does a time when a node lives and nobody whom it would join by.  Looked at with
 * every sample. */
#include "node/core/swarm/probe.h"
#include "node/core/swarm/suspicion.h"
#include "node/core/swarm/sync.h"
#include "sim/world/pool.h"
#include "sim/world/world.h"

#include <stdlib.h>
#include <string.h>

struct membership {
    uint32_t active;             /* faults in effect that promise nothing */
    sw_time since;               /* nothing changed */
    bool *up;                    /* a node: at the last sample */
    struct sw_member_info *info; /* scratch */
    bool *listed;                /* the same */
    size_t n_info;
    uint32_t looked; /* samples that were judged */
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

static bool is_one_of(const struct sim_fault *f, const char *const *kinds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(f->kind, kinds[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Do those that are not hit see nothing of it but that others are gone? */
static bool only_stops_nodes(const struct sim_fault *f)
{
    static const char *const kinds[] = { "crash", "regional_outage", "restart", "torn_write" };
    return is_one_of(f, kinds, SW_LEN(kinds));
}

/* Is it nothing that membership depends on, other than by a node that stops? */
static bool is_elsewhere(const struct sim_fault *f)
{
    static const char *const kinds[] = { "slow_disk", "full_disk",  "read_errors",
                                         "bit_rot",   "clock_step", "clock_skew" };
    return is_one_of(f, kinds, SW_LEN(kinds));
}

static void on_fault(void *self, struct sim_world *w, const struct sim_fault *f, bool begins)
{
    struct membership *m = self;
    if (is_elsewhere(f)) {
        return;
    }
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

/* What the protocol promises, with periods of T and n members, who probe those that they stay
 * connected with: all n, or a random number of them, about `connections` (pool.h), hardly ever more
 * than twice that and a few.  The dead:
 *     2n - 1 probes until one hits it (shuffled round robin: SWIM 2002, 4.3), the first of them as
 *     long as Lifeguard stretches them, (1 + S) T, S T, ... T;
 *     its suspicion, which nobody confirms (Lifeguard, IV.B): beta alpha max(1, log10 n) T;
 *     a comparison (sync.h) for whom gossip missed.
 * Those who took each other for dead meet meanwhile, by comparisons too. */
static sw_dur bound(const struct sim_scenario *s)
{
    const uint32_t n = (uint32_t)s->n_nodes;
    sw_dur period = 0;
    uint32_t probed = 0;
    for (size_t i = 0; i < s->n_nodes; i++) {
        const struct sw_membership_config *m = &s->nodes[i].config.membership;
        const uint32_t most = 2 * m->connections + 8;
        period = m->period > period ? m->period : period;
        probed = most > probed ? most : probed;
    }
    probed = n < probed ? n : probed;
    sw_dur sum = SW_SUSPICION_BETA * sw_suspicion_least(n, period) + sw_sync_every(n) * 3 / 2;
    for (uint32_t i = 0; i < 2 * probed - 1; i++) {
        sum += period * (1 + (i < SW_HEALTH_MOST ? SW_HEALTH_MOST - i : 0));
    }
    return sum;
}

/* Is one up that could not join again, since all whom it would ask are down?  Whoever restarts then
 * stays alone. */
static bool is_one_stranded(const struct membership *m, const struct sim_scenario *s)
{
    for (size_t i = 0; i < s->n_nodes; i++) {
        const struct sw_config *c = &s->nodes[i].config;
        size_t others = 0;
        bool any = false;
        for (size_t k = 0; k < c->n_join && m->up[i]; k++) {
            const size_t at = sim_node_index(s, c->join[k]);
            others += at != i && at != SIZE_MAX;
            any = any || (at != i && at != SIZE_MAX && m->up[at]);
        }
        if (others > 0 && !any) {
            return true;
        }
    }
    return false;
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
    m->since = is_one_stranded(m, s) ? sim_world_now(w) : m->since;
    if (m->active > 0 || sim_world_now(w) - m->since < bound(s)) {
        return;
    }
    m->looked++;
    for (uint32_t i = 0; i < s->n_nodes; i++) {
        if (m->up[i]) {
            check(m, w, i);
        }
    }
}

static bool judged(const void *self)
{
    const struct membership *m = self;
    return m->looked > 0;
}

extern const struct sim_watcher sim_oracle_membership;
const struct sim_watcher sim_oracle_membership = {
    .name = "membership",
    .help = "once nothing changes, all who live know all who live, and list nobody else",
    .oracle = true,
    .start = start,
    .on_fault = on_fault,
    .on_sample = on_sample,
    .judged = judged,
    .stop = stop,
};

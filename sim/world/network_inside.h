/* SPDX-License-Identifier: GPL-3.0-or-later
 * Inside the virtual network. */
#ifndef SIM_NETWORK_INSIDE_H
#define SIM_NETWORK_INSIDE_H

#include "node/base/rng.h"
#include "sim/world/jitter.h"
#include "sim/world/network.h"

/* An uplink, a downlink, or the line between two regions in one direction. */
struct line {
    double ns_per_byte; /* 0: unlimited */
    double widest;      /* bits/s without faults; 0: unlimited */
    double queue;       /* bytes */
    sw_time free_at;    /* when all that was sent through it has passed */
};

/* Which hosts do not reach which: 1 in the first set, 2 in the second. */
struct division {
    uint8_t *side; /* a host */
};

struct sim_network {
    const struct sim_scenario *s;
    size_t n; /* regions */
    struct sw_rng_key luck, bursts;
    struct sim_jitter jitter;
    sw_dur *latency; /* n^2, one way */
    uint32_t *home;  /* a host: its region */
    uint32_t *path;  /* n^2, the scenario's path + 1, 0: none; NULL when it has none */

    uint32_t *cut;      /* n^2, how many faults cut this direction */
    uint32_t *dark;     /* n */
    uint32_t *isolated; /* a host */
    struct division *divisions;
    size_t n_divisions;
    bool hampered; /* is there anything in the four above? */

    struct sim_impairment *impairments;
    size_t n_impairments;

    struct line *lines; /* a host: up to its own region, up to others, down, down; then n^2 between
                         * regions when a path of the scenario has a bandwidth */
    size_t n_lines;
};

static inline const struct sim_link *link_between(const struct sim_network *net, uint32_t from,
                                                  uint32_t to)
{
    const uint32_t path = net->path != NULL ? net->path[from * net->n + to] : 0;
    return path > 0 ? &net->s->paths[path - 1].link : from == to ? &net->s->local : &net->s->wide;
}

/* Does @i ail packets from @from to @to? */
static inline bool ails(const struct sim_impairment *i, struct sim_place from, struct sim_place to)
{
    const bool here = i->region == SIM_ANY || i->region == from.region || i->region == to.region;
    const bool there =
        i->other == SIM_ANY ||
        (i->other == from.region && (i->region == SIM_ANY || i->region == to.region)) ||
        (i->other == to.region && (i->region == SIM_ANY || i->region == from.region));
    return here && there && (i->host == SIM_ANY || i->host == from.host || i->host == to.host);
}

/* Is the chain of @b in its bad state at @at?  A function of the path and the time: whoever asks,
 * in whatever order, learns the same.  @salt tells chains of one path apart. */
bool sim_burst_is_bad(struct sw_rng_key key, const struct sim_burst *b, uint64_t path,
                      uint32_t salt, sw_time at);

/* Work out the lines' present bandwidth. */
void sim_lines_measure(struct sim_network *net);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * The engine's inside, shared by the files of this folder only. */
#ifndef SIM_ENGINE_INTERNAL_H
#define SIM_ENGINE_INTERNAL_H

#include "sim/engine/queue.h"

struct sim_fibres; /* fibre.c's: stacks and who runs */

struct sim_engine {
    const struct sim_queue_kind *kind;
    void *queue;
    sw_time now;
    uint64_t sequence; /* of the event scheduled last */
    uint64_t fired;
    uint64_t trace_hash;
    sim_trace_fn tell; /* NULL: nobody wants to know */
    void *tell_self;
    bool stopping;
    bool shuffled;
    uint64_t shuffle; /* key of the order of ties */
    struct sim_pool pool;
    struct sim_fibres *fibres; /* NULL until the first fibre */
};

/* Free stacks; traps when a fibre has not ended. */
void sim_fibres_free(struct sim_fibres *all);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * What holds pending events, behind push, pop and cancel, so that structures can be compared. */
#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

#include "sim/engine/pool.h"

/* One implementation.  @q is what make returned.  Memory running out ends the process. */
struct sim_queue_kind {
    const char *name;
    /* @pool tells which entries are still live; borrowed.  NULL when memory is out. */
    void *(*make)(const struct sim_pool *pool);
    void (*free)(void *q);
    void (*push)(void *q, sw_time at, sim_event_id id);
    /* Remove the first live entry at or before @until into @out; false when there is none.
     * What is pushed later may lie before what was looked at. */
    bool (*pop)(void *q, sw_time until, struct sim_entry *out);
    /* One of the entries went stale. */
    void (*cancel)(void *q);
};

extern const struct sim_queue_kind sim_queue_heap;  /* 4-ary heap: the reference */
extern const struct sim_queue_kind sim_queue_wheel; /* two wheels and a near heap */

/* Stale entries are swept out when they are most of a queue: amortised, a cancel stays O(1). */
static inline bool sim_queue_mostly_stale(size_t stale, size_t live)
{
    return stale > 64 && stale > live;
}

#endif

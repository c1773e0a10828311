/* SPDX-License-Identifier: GPL-3.0-or-later
 * A 4-ary heap of (time, id) pairs, four children to a cache line.  Inline: it is the hot loop
 * of both queues. */
#ifndef SIM_DARY_H
#define SIM_DARY_H

#include "sim/engine/pool.h"

/* Zero-initialised is a valid empty heap. */
struct sim_dary {
    struct sim_entry *v; /* v[1] begins a cache line: v is block + 3 */
    size_t n, cap;
    void *block;
};

/* Make room for more.  Ends the process when memory is out. */
void sim_dary_grow(struct sim_dary *h);
/* Restore the order after entries were removed at will. */
void sim_dary_heapify(struct sim_dary *h);
/* Drop entries whose event was cancelled. */
void sim_dary_purge(struct sim_dary *h, const struct sim_pool *pool);
void sim_dary_fini(struct sim_dary *h);

/* Entries travel as two words: a pair stored by halves and loaded whole stalls the processor. */
static inline void sim_dary_set(struct sim_dary *h, size_t i, sw_time at, sim_event_id id)
{
    h->v[i].at = at;
    h->v[i].id = id;
}

static inline void sim_dary_push(struct sim_dary *h, sw_time at, sim_event_id id)
{
    if (h->n == h->cap) {
        sim_dary_grow(h);
    }
    size_t i = h->n++;
    while (i > 0) {
        const size_t parent = (i - 1) / 4;
        const sw_time parent_at = h->v[parent].at;
        const sim_event_id parent_id = h->v[parent].id;
        if (!sim_before(at, id, parent_at, parent_id)) {
            break;
        }
        sim_dary_set(h, i, parent_at, parent_id);
        i = parent;
    }
    sim_dary_set(h, i, at, id);
}

/* Put (@at, @id) where position @i is free, or below. */
static inline void sim_dary_sink(struct sim_dary *h, size_t i, sw_time at, sim_event_id id)
{
    for (;;) {
        const size_t first = 4 * i + 1;
        if (first >= h->n) {
            break;
        }
        const size_t end = first + 4 < h->n ? first + 4 : h->n;
        size_t least = first;
        sw_time least_at = h->v[first].at;
        sim_event_id least_id = h->v[first].id;
        for (size_t k = first + 1; k < end; k++) {
            if (sim_before(h->v[k].at, h->v[k].id, least_at, least_id)) {
                least = k;
                least_at = h->v[k].at;
                least_id = h->v[k].id;
            }
        }
        if (!sim_before(least_at, least_id, at, id)) {
            break;
        }
        sim_dary_set(h, i, least_at, least_id);
        i = least;
    }
    sim_dary_set(h, i, at, id);
}

/* Remove the first; the heap is not empty. */
static inline struct sim_entry sim_dary_pop(struct sim_dary *h)
{
    const struct sim_entry top = h->v[0];
    const size_t last = --h->n;
    if (last > 0) {
        sim_dary_sink(h, 0, h->v[last].at, h->v[last].id);
    }
    return top;
}

#endif

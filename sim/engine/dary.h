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

static inline void sim_dary_push(struct sim_dary *h, struct sim_entry e)
{
    if (h->n == h->cap) {
        sim_dary_grow(h);
    }
    size_t i = h->n++;
    while (i > 0) {
        const size_t parent = (i - 1) / 4;
        if (!sim_before(e, h->v[parent])) {
            break;
        }
        h->v[i] = h->v[parent];
        i = parent;
    }
    h->v[i] = e;
}

/* Put @e where position @i is free, or below. */
static inline void sim_dary_sink(struct sim_dary *h, size_t i, struct sim_entry e)
{
    for (;;) {
        const size_t first = 4 * i + 1;
        if (first >= h->n) {
            break;
        }
        const size_t end = first + 4 < h->n ? first + 4 : h->n;
        size_t least = first;
        for (size_t k = first + 1; k < end; k++) {
            if (sim_before(h->v[k], h->v[least])) {
                least = k;
            }
        }
        if (!sim_before(h->v[least], e)) {
            break;
        }
        h->v[i] = h->v[least];
        i = least;
    }
    h->v[i] = e;
}

/* Remove the first; the heap is not empty. */
static inline struct sim_entry sim_dary_pop(struct sim_dary *h)
{
    const struct sim_entry top = h->v[0];
    const struct sim_entry last = h->v[--h->n];
    if (h->n > 0) {
        sim_dary_sink(h, 0, last);
    }
    return top;
}

#endif

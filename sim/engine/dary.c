/* SPDX-License-Identifier: GPL-3.0-or-later
 * The parts of the 4-ary heap that run seldom: growth, purge, repair. */
#include "sim/engine/dary.h"

#include <stdlib.h>
#include <string.h>

enum { LINE = 64, LEAD = 3 }; /* bytes in a cache line; entries before v[0] */

void sim_dary_grow(struct sim_dary *h)
{
    /* Whole lines: LEAD + cap entries are a multiple of four. */
    const size_t cap = h->cap == 0 ? 61 : 2 * h->cap + LEAD;
    struct sim_entry *block = aligned_alloc(LINE, (cap + LEAD) * sizeof *block);
    if (block == NULL) {
        sim_out_of_memory("the event queue");
    }
    if (h->n > 0) {
        memcpy(block + LEAD, h->v, h->n * sizeof *h->v);
    }
    free(h->block);
    h->block = block;
    h->v = block + LEAD;
    h->cap = cap;
}

void sim_dary_heapify(struct sim_dary *h)
{
    if (h->n < 2) {
        return;
    }
    for (size_t i = (h->n - 2) / 4 + 1; i-- > 0;) {
        sim_dary_sink(h, i, h->v[i].at, h->v[i].id);
    }
}

void sim_dary_purge(struct sim_dary *h, const struct sim_pool *pool)
{
    size_t kept = 0;
    for (size_t i = 0; i < h->n; i++) {
        if (sim_pool_live(pool, h->v[i].id)) {
            h->v[kept++] = h->v[i];
        }
    }
    h->n = kept;
    sim_dary_heapify(h);
}

void sim_dary_fini(struct sim_dary *h)
{
    free(h->block);
    *h = (struct sim_dary){ 0 };
}

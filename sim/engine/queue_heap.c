/* SPDX-License-Identifier: GPL-3.0-or-later
 * The reference event queue: one 4-ary heap. */
#include "sim/engine/dary.h"
#include "sim/engine/queue.h"

#include <stdlib.h>

struct heap_queue {
    const struct sim_pool *pool;
    struct sim_dary heap;
    size_t stale;
};

static void *heap_make(const struct sim_pool *pool)
{
    struct heap_queue *q = calloc(1, sizeof *q);
    if (q != NULL) {
        q->pool = pool;
    }
    return q;
}

static void heap_free(void *self)
{
    struct heap_queue *q = self;
    sim_dary_fini(&q->heap);
    free(q);
}

static void heap_push(void *self, sw_time at, sim_event_id id)
{
    struct heap_queue *q = self;
    sim_dary_push(&q->heap, at, id);
}

static bool heap_pop(void *self, sw_time until, struct sim_entry *out)
{
    struct heap_queue *q = self;
    while (q->heap.n > 0 && q->heap.v[0].at <= until) {
        *out = sim_dary_pop(&q->heap);
        if (sim_pool_live(q->pool, out->id)) {
            return true;
        }
        q->stale--;
    }
    return false;
}

static void heap_cancel(void *self)
{
    struct heap_queue *q = self;
    q->stale++;
    if (sim_queue_mostly_stale(q->stale, q->pool->live)) {
        sim_dary_purge(&q->heap, q->pool);
        q->stale = 0;
    }
}

const struct sim_queue_kind sim_queue_heap = {
    .name = "heap",
    .make = heap_make,
    .free = heap_free,
    .push = heap_push,
    .pop = heap_pop,
    .cancel = heap_cancel,
};

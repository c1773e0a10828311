/* SPDX-License-Identifier: GPL-3.0-or-later
 * The fast event queue: two wheels of unsorted buckets ahead of a short sorted run.
 *
 * Time is cut into buckets of 2^shift ns.  What lies in the bucket under the cursor, or before, is
 * near: the run, sorted when the cursor came there, and a heap for what was too much for the
 * run or came later.  The fine wheel holds the buckets after the cursor; the coarse wheel, in
 * windows as wide as the whole fine wheel, what comes after, until the cursor enters the window;
 * the far heap what lies beyond both.  A push appends to a chain, a pop takes from the run.
 * Bitmaps find the next bucket in use, however far away.  (Calendar queues: Brown 1988;
 * hierarchical wheels: Varghese and Lauck 1987; sorting only when dequeuing: Tang et al. 2005.)
 *
 * The width tunes itself: finer when many entries come into the run at once, coarser when most come
 * alone (what is pending then lies in fewer cache lines) or many take the way over the coarse
 * wheel.  It never changes the order. */
#include <stdlib.h>
#include <string.h>

#include "node/base/bug.h"
#include "sim/engine/dary.h"
#include "sim/engine/queue.h"
#include "sim/engine/wheel.h"

enum {
    FINE_BITS = 18,
    COARSE_BITS = 12,
    RUN = 16,
    FIRST_SHIFT = 12,
    MAX_SHIFT = 32,       /* with all bits above it, no bucket number overflows */
    TUNE_EVERY = 1 << 14, /* pops, at least */
};

struct wheel_queue {
    const struct sim_pool *pool;
    unsigned shift;
    uint64_t cursor; /* bucket number, time >> shift */
    sw_time now;     /* of the last pop */
    size_t stale;

    struct sim_entry run[RUN], gathered[RUN]; /* sorted, and before */
    unsigned run_at, run_n;
    struct sim_dary near;
    struct sim_wheel fine, coarse;
    struct sim_dary far;
    struct sim_chunks chunks;

    /* Since the width was last looked at: */
    uint64_t pops;
    uint64_t moved;          /* entries that went from coarse to fine */
    uint64_t drained, crowd; /* entries of fine buckets; summed over them, how many came at once */
};

static void wheel_free(void *self)
{
    struct wheel_queue *q = self;
    sim_dary_fini(&q->near);
    sim_dary_fini(&q->far);
    sim_wheel_fini(&q->fine);
    sim_wheel_fini(&q->coarse);
    sim_chunks_fini(&q->chunks);
    free(q);
}

static void *wheel_make(const struct sim_pool *pool)
{
    struct wheel_queue *q = calloc(1, sizeof *q);
    if (q == NULL) {
        return NULL;
    }
    q->pool = pool;
    q->shift = FIRST_SHIFT;
    if (!sim_wheel_init(&q->fine, FINE_BITS) || !sim_wheel_init(&q->coarse, COARSE_BITS)) {
        wheel_free(q);
        return NULL;
    }
    return q;
}

/* Place what does not go to the fine wheel. */
static __attribute__((noinline)) void place_elsewhere(struct wheel_queue *q, uint64_t bucket,
                                                      sw_time at, sim_event_id id)
{
    if (bucket <= q->cursor) {
        sim_dary_push(&q->near, at, id);
    } else if ((bucket >> FINE_BITS) - (q->cursor >> FINE_BITS) <= q->coarse.mask) {
        sim_wheel_append(&q->coarse, &q->chunks, bucket >> FINE_BITS, at, id);
    } else {
        sim_dary_push(&q->far, at, id);
    }
}

static inline void place(struct wheel_queue *q, sw_time at, sim_event_id id)
{
    const uint64_t bucket = at >> q->shift;
    if (bucket - q->cursor - 1 < q->fine.mask) { /* after the cursor, less than a turn */
        sim_wheel_append(&q->fine, &q->chunks, bucket, at, id);
    } else {
        place_elsewhere(q, bucket, at, id);
    }
}
static void wheel_push(void *self, sw_time at, sim_event_id id)
{
    place(self, at, id);
}

/* Mend the order of a run in which only equal times may stand wrongly. */
static void sort_ties(struct sim_entry *v, unsigned n)
{
    for (unsigned i = 1; i < n; i++) {
        const struct sim_entry e = v[i];
        unsigned k = i;
        for (; k > 0 && sim_before(e.at, e.id, v[k - 1].at, v[k - 1].id); k--) {
            v[k] = v[k - 1];
        }
        v[k] = e;
    }
}

/* Sort @n entries into the run by counting, for each, how many come before it: no branch depends
 * on the data, and n is small. */
static void sort_run(struct wheel_queue *q, unsigned n)
{
    uint8_t rank[RUN];
    bool ties = false;
    for (unsigned i = 0; i < n; i++) {
        const sw_time at = q->gathered[i].at;
        unsigned before = 0;
        for (unsigned k = 0; k < i; k++) {
            const bool later = at < q->gathered[k].at; /* is k than i? */
            ties |= at == q->gathered[k].at;
            rank[k] = (uint8_t)(rank[k] + later);
            before += !later;
        }
        rank[i] = (uint8_t)before;
    }
    for (unsigned i = 0; i < n; i++) {
        q->run[rank[i]] = q->gathered[i];
    }
    if (ties) {
        sort_ties(q->run, n);
    }
    q->run_at = 0;
    q->run_n = n;
}

/* Move the bucket under the cursor into the run, which is empty; what is too much, to the heap. */
static void drain(struct wheel_queue *q)
{
    uint32_t n = 0;
    sw_time least = SW_TIME_NEVER;
    sw_time most = 0;
    uint32_t h = sim_wheel_detach(&q->fine, q->cursor);
    while (h != 0) {
        for (uint32_t k = h; k < sim_chain_end(h); k++, n++) {
            const sw_time at = q->chunks.v[k].at;
            const sim_event_id id = q->chunks.v[k].id;
            sim_pool_prefetch(q->pool, id);
            least = at < least ? at : least;
            most = at > most ? at : most;
            if (n < RUN) {
                q->gathered[n].at = at;
                q->gathered[n].id = id;
            } else {
                sim_dary_push(&q->near, at, id);
            }
        }
        const uint32_t chunk = sim_chain_chunk(h);
        h = sim_chain_next(&q->chunks, h);
        sim_chunk_give(&q->chunks, chunk);
    }
    sort_run(q, n < RUN ? n : RUN);
    q->fine.count -= n;
    q->drained += n;
    q->crowd += least == most ? n : (uint64_t)n * n; /* equal times: no width parts them */
}

/* Place an entry anew if it is still live. */
static void replace(struct wheel_queue *q, struct sim_entry e)
{
    if (sim_pool_live(q->pool, e.id)) {
        place(q, e.at, e.id);
    } else {
        q->stale--;
    }
}

/* Place anew what lies beyond the wheels no longer: in coarse window @window or before. */
static void take_far(struct wheel_queue *q, uint64_t window)
{
    while (q->far.n > 0 && q->far.v[0].at >> q->shift >> FINE_BITS <= window) {
        replace(q, sim_dary_pop(&q->far));
    }
}

/* Enter coarse window @window: its first bucket becomes near, the rest goes to the fine wheel. */
static void enter(struct wheel_queue *q, uint64_t window)
{
    q->cursor = window << FINE_BITS;
    drain(q);
    uint32_t h = sim_wheel_detach(&q->coarse, window);
    while (h != 0) {
        struct sim_entry v[SIM_CHUNK]; /* a copy: placing may move the chunks */
        const uint32_t n = sim_chain_end(h) - h;
        memcpy(v, &q->chunks.v[h], n * sizeof *v);
        const uint32_t chunk = sim_chain_chunk(h);
        h = sim_chain_next(&q->chunks, h);
        sim_chunk_give(&q->chunks, chunk);
        __builtin_prefetch(&q->chunks.v[h]);
        for (uint32_t k = 0; k < n; k++) {
            replace(q, v[k]);
        }
        q->coarse.count -= n;
        q->moved += n;
    }
    take_far(q, window);
}

/* Place everything that is in the wheels anew, at width 2^@shift, with the cursor at @cursor;
 * cancelled entries go. */
static void rebuild(struct wheel_queue *q, unsigned shift, uint64_t cursor)
{
    const size_t n = q->fine.count + q->coarse.count;
    struct sim_entry *all = malloc((n > 0 ? n : 1) * sizeof *all);
    if (all == NULL) {
        sim_out_of_memory("the event queue");
    }
    const size_t coarse = q->coarse.count;
    sim_wheel_empty(&q->coarse, &q->chunks, all);
    sim_wheel_empty(&q->fine, &q->chunks, all + coarse);
    q->shift = shift;
    q->cursor = cursor;
    for (size_t i = 0; i < n; i++) {
        replace(q, all[i]);
    }
    free(all);
    take_far(q, cursor >> FINE_BITS); /* the cursor's window may be wider now; nobody enters it */
}

/* Change the width when the last pops say so; nothing is near. */
static void tune(struct wheel_queue *q)
{
    const uint64_t crowd = q->drained == 0 ? 0 : q->crowd / q->drained;
    unsigned shift = q->shift;
    if (crowd > 6) {
        for (uint64_t c = crowd; c > 3 && shift > 0; c /= 2) {
            shift--;
        }
    } else if (shift < MAX_SHIFT && (crowd < 2 || (crowd < 3 && 4 * q->moved > q->pops))) {
        shift++;
    }
    if (shift != q->shift) {
        rebuild(q, shift, q->now >> shift);
    }
    q->pops = 0;
    q->moved = 0;
    q->drained = 0;
    q->crowd = 0;
}

static inline bool nothing_near(const struct wheel_queue *q)
{
    return q->run_at == q->run_n && q->near.n == 0;
}

/* Go to the next bucket that begins at or before @until; false when there is none.  Nothing is
 * near. */
static bool advance(struct wheel_queue *q, sw_time until)
{
    if (q->pops >= TUNE_EVERY && q->pops >= q->pool->live) {
        tune(q);
    }
    while (nothing_near(q)) {
        if (q->fine.count + q->coarse.count + q->far.n == 0) {
            return false;
        }
        const uint64_t window = q->cursor >> FINE_BITS;
        const uint64_t fine = sim_wheel_next(&q->fine, q->cursor);
        if (fine >> FINE_BITS == window && fine != UINT64_MAX) {
            if (fine > until >> q->shift) {
                return false;
            }
            q->cursor = fine;
            drain(q);
            continue;
        }
        uint64_t next = fine >> FINE_BITS;
        const uint64_t coarse = sim_wheel_next(&q->coarse, window);
        next = coarse < next ? coarse : next;
        if (q->far.n > 0) {
            const uint64_t far = q->far.v[0].at >> q->shift >> FINE_BITS;
            next = far < next ? far : next;
        }
        if (next > until >> q->shift >> FINE_BITS) {
            return false;
        }
        enter(q, next);
    }
    return true;
}

/* Remove the first of what is near, and not after @until. */
static inline bool take_near(struct wheel_queue *q, sw_time until, struct sim_entry *out)
{
    if (q->run_at < q->run_n) {
        const struct sim_entry *e = &q->run[q->run_at];
        if (q->near.n == 0 || sim_before(e->at, e->id, q->near.v[0].at, q->near.v[0].id)) {
            *out = *e;
            q->run_at += out->at <= until;
            return out->at <= until;
        }
    }
    if (q->near.v[0].at > until) {
        return false;
    }
    *out = sim_dary_pop(&q->near);
    return true;
}

/* Remove the first live entry not after @until, from wherever it is. */
static __attribute__((noinline)) bool pop_anywhere(struct wheel_queue *q, sw_time until,
                                                   struct sim_entry *out)
{
    while ((!nothing_near(q) || advance(q, until)) && take_near(q, until, out)) {
        q->pops++;
        if (sim_pool_live(q->pool, out->id)) {
            q->now = out->at;
            return true;
        }
        q->stale--;
    }
    return false;
}

static bool wheel_pop(void *self, sw_time until, struct sim_entry *out)
{
    struct wheel_queue *q = self;
    if (q->run_at >= q->run_n || q->near.n > 0) {
        return pop_anywhere(q, until, out);
    }
    /* Most of the time: the run alone, the next entry live. */
    const struct sim_entry *e = &q->run[q->run_at];
    if (e->at > until || !sim_pool_live(q->pool, e->id)) {
        return pop_anywhere(q, until, out);
    }
    out->at = e->at;
    out->id = e->id;
    q->now = e->at;
    q->pops++;
    q->run_at++;
    /* The state of the next handler comes in while this one runs.  (Past the run's end it is an
     * old entry: harmless.) */
    __builtin_prefetch(sim_pool_record(q->pool, q->run[q->run_at % RUN].id)->self);
    return true;
}

static void wheel_cancel(void *self)
{
    struct wheel_queue *q = self;
    q->stale++;
    if (!sim_queue_mostly_stale(q->stale, q->pool->live)) {
        return;
    }
    unsigned kept = 0;
    for (unsigned i = q->run_at; i < q->run_n; i++) {
        if (sim_pool_live(q->pool, q->run[i].id)) {
            q->run[kept++] = q->run[i];
        }
    }
    q->run_at = 0;
    q->run_n = kept;
    sim_dary_purge(&q->near, q->pool);
    sim_dary_purge(&q->far, q->pool);
    rebuild(q, q->shift, q->cursor);
    q->stale = 0;
}

const struct sim_queue_kind sim_queue_wheel = {
    .name = "wheel",
    .make = wheel_make,
    .free = wheel_free,
    .push = wheel_push,
    .pop = wheel_pop,
    .cancel = wheel_cancel,
};

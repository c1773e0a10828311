/* SPDX-License-Identifier: GPL-3.0-or-later
 * The fast event queue: two wheels of unsorted buckets ahead of a small sorted heap.
 *
 * Time is cut into buckets of 2^shift ns.  Whatever lies in the bucket under the cursor, or
 * before, is in the near heap, which alone is kept in order.  The fine wheel holds the next 2^16
 * buckets, one chain each; the coarse wheel chains of 2^16 buckets each, scattered over the fine
 * wheel when the cursor enters them; the far heap what lies beyond.  A push is an append to a
 * chain, a pop takes from a heap of a few entries.  Bitmaps find the next bucket in use, however
 * far away.  (Calendar queues: Brown 1988; hierarchical wheels: Varghese and Lauck 1987.)
 *
 * The width tunes itself: finer when the near heap gets many entries at once, coarser when many
 * entries take the way over the coarse wheel.  It never changes the order. */
#include <stdlib.h>
#include <string.h>

#include "node/base/bug.h"
#include "sim/engine/dary.h"
#include "sim/engine/queue.h"

enum {
    BITS = 16,
    BUCKETS = 1 << BITS,
    MASK = BUCKETS - 1,
    CHUNK = 7, /* entries; makes two cache lines */
    FIRST_SHIFT = 12,
    MAX_SHIFT = 40,
    TUNE_EVERY = 1 << 14, /* pops, at least */
};

/* Part of a bucket's chain.  Only the first of a chain has room. */
struct chunk {
    uint32_t next; /* 0: none */
    uint32_t n;
    uint64_t unused;
    struct sim_entry v[CHUNK];
};

struct wheel {
    size_t count; /* entries, stale ones included */
    uint64_t top[BUCKETS / 4096];
    uint64_t used[BUCKETS / 64]; /* a bit a bucket */
    uint32_t head[BUCKETS];      /* chunk; 0: empty */
};

struct wheel_queue {
    const struct sim_pool *pool;
    unsigned shift;
    uint64_t cursor; /* bucket number, time >> shift */
    sw_time now;     /* of the last pop */
    size_t stale;
    struct sim_dary near, far;
    struct wheel fine, coarse;

    struct chunk *chunks; /* [0] is never used */
    uint32_t chunk_cap, chunk_used, chunk_free;

    /* Since the width was last looked at: */
    uint64_t pops, moved; /* moved: from coarse to fine */
    uint64_t drained,
        crowd; /* entries that came into near; summed over them, how many came at once */
};

static void *wheel_make(const struct sim_pool *pool)
{
    struct wheel_queue *q = calloc(1, sizeof *q);
    if (q != NULL) {
        q->pool = pool;
        q->shift = FIRST_SHIFT;
        q->chunk_used = 1;
    }
    return q;
}

static void wheel_free(void *self)
{
    struct wheel_queue *q = self;
    sim_dary_fini(&q->near);
    sim_dary_fini(&q->far);
    free(q->chunks);
    free(q);
}

static void grow_chunks(struct wheel_queue *q)
{
    const uint32_t cap = q->chunk_cap == 0 ? 64 : 2 * q->chunk_cap;
    SW_ASSERT(cap > q->chunk_cap);
    struct chunk *v = aligned_alloc(sizeof *v, cap * sizeof *v);
    if (v == NULL) {
        sim_out_of_memory("the event queue");
    }
    if (q->chunks != NULL) {
        memcpy(v, q->chunks, q->chunk_cap * sizeof *v);
    }
    free(q->chunks);
    q->chunks = v;
    q->chunk_cap = cap;
}

static inline uint32_t take_chunk(struct wheel_queue *q)
{
    uint32_t i = q->chunk_free;
    if (i != 0) {
        q->chunk_free = q->chunks[i].next;
        return i;
    }
    if (q->chunk_used >= q->chunk_cap) {
        grow_chunks(q);
    }
    return q->chunk_used++;
}

static inline void give_chunk(struct wheel_queue *q, uint32_t i)
{
    q->chunks[i].next = q->chunk_free;
    q->chunk_free = i;
}

static inline void append(struct wheel_queue *q, struct wheel *w, uint64_t bucket,
                          struct sim_entry e)
{
    const uint32_t b = (uint32_t)bucket & MASK;
    uint32_t i = w->head[b];
    if (i == 0 || q->chunks[i].n == CHUNK) {
        const uint32_t fresh = take_chunk(q);
        q->chunks[fresh].next = i;
        q->chunks[fresh].n = 0;
        w->head[b] = fresh;
        w->used[b >> 6] |= UINT64_C(1) << (b & 63);
        w->top[b >> 12] |= UINT64_C(1) << (b >> 6 & 63);
        i = fresh;
    }
    struct chunk *c = &q->chunks[i];
    c->v[c->n++] = e;
    w->count++;
}

/* Take a bucket's chain off its wheel; its first chunk. */
static inline uint32_t detach(struct wheel *w, uint64_t bucket)
{
    const uint32_t b = (uint32_t)bucket & MASK;
    const uint32_t first = w->head[b];
    w->head[b] = 0;
    w->used[b >> 6] &= ~(UINT64_C(1) << (b & 63));
    if (w->used[b >> 6] == 0) {
        w->top[b >> 12] &= ~(UINT64_C(1) << (b >> 6 & 63));
    }
    return first;
}

/* The first bucket in use at or after @from in [from, BUCKETS), or BUCKETS. */
static inline uint32_t scan(const struct wheel *w, uint32_t from)
{
    uint32_t word = from >> 6;
    uint64_t bits = w->used[word] & (UINT64_MAX << (from & 63));
    if (bits == 0) {
        uint32_t t = word >> 6;
        uint64_t words = w->top[t] & ((UINT64_MAX << (word & 63)) << 1);
        while (words == 0) {
            if (++t == SW_LEN(w->top)) {
                return BUCKETS;
            }
            words = w->top[t];
        }
        word = t << 6 | (uint32_t)__builtin_ctzll(words);
        bits = w->used[word];
    }
    return word << 6 | (uint32_t)__builtin_ctzll(bits);
}

/* The number of the next bucket in use after @cursor; UINT64_MAX when the wheel is empty. */
static uint64_t next_bucket(const struct wheel *w, uint64_t cursor)
{
    if (w->count == 0) {
        return UINT64_MAX;
    }
    const uint32_t from = (uint32_t)(cursor + 1) & MASK;
    uint32_t found = scan(w, from);
    if (found == BUCKETS) {
        found = scan(w, 0);
    }
    return cursor + 1 + ((found - from) & MASK);
}

static inline void place(struct wheel_queue *q, struct sim_entry e)
{
    const uint64_t bucket = e.at >> q->shift;
    if (bucket <= q->cursor) {
        sim_dary_push(&q->near, e);
    } else if (bucket - q->cursor < BUCKETS) {
        append(q, &q->fine, bucket, e);
    } else if ((bucket >> BITS) - (q->cursor >> BITS) < BUCKETS) {
        append(q, &q->coarse, bucket >> BITS, e);
    } else {
        sim_dary_push(&q->far, e);
    }
}

static void wheel_push(void *self, struct sim_entry e)
{
    place(self, e);
}

/* Move the bucket under the cursor into the near heap. */
static void drain(struct wheel_queue *q)
{
    uint64_t n = 0;
    sw_time least = SW_TIME_NEVER;
    sw_time most = 0;
    for (uint32_t i = detach(&q->fine, q->cursor); i != 0;) {
        const struct chunk *c = &q->chunks[i];
        for (uint32_t k = 0; k < c->n; k++) {
            sim_pool_prefetch(q->pool, c->v[k].id);
            sim_dary_push(&q->near, c->v[k]);
            least = c->v[k].at < least ? c->v[k].at : least;
            most = c->v[k].at > most ? c->v[k].at : most;
        }
        n += c->n;
        const uint32_t next = c->next;
        give_chunk(q, i);
        i = next;
    }
    q->fine.count -= n;
    q->drained += n;
    q->crowd += least == most ? n : n * n; /* equal times: no width parts them */
}

/* Put the live entries of a chain where they belong now, the others away. */
static void scatter(struct wheel_queue *q, uint32_t i)
{
    while (i != 0) {
        const struct chunk c = q->chunks[i]; /* a copy: placing may move the chunks */
        give_chunk(q, i);
        for (uint32_t k = 0; k < c.n; k++) {
            sim_pool_prefetch(q->pool, c.v[k].id);
        }
        for (uint32_t k = 0; k < c.n; k++) {
            if (sim_pool_live(q->pool, c.v[k].id)) {
                place(q, c.v[k]);
            } else {
                q->stale--;
            }
        }
        q->moved += c.n;
        i = c.next;
    }
}

/* Enter coarse bucket @window: the near heap gets its first fine bucket, the fine wheel the rest.
 */
static void enter(struct wheel_queue *q, uint64_t window)
{
    q->cursor = window << BITS;
    drain(q);
    const uint32_t first = detach(&q->coarse, window);
    for (uint32_t i = first; i != 0; i = q->chunks[i].next) {
        q->coarse.count -= q->chunks[i].n;
    }
    scatter(q, first);
    while (q->far.n > 0 && q->far.v[0].at >> q->shift >> BITS <= window) {
        place(q, sim_dary_pop(&q->far));
    }
}

/* Take all chains off @w and link them into one, in front of @chain. */
static uint32_t detach_all(struct wheel_queue *q, struct wheel *w, uint32_t chain)
{
    for (uint32_t b = scan(w, 0); b < BUCKETS; b = scan(w, b)) {
        const uint32_t first = detach(w, b);
        uint32_t last = first;
        while (q->chunks[last].next != 0) {
            last = q->chunks[last].next;
        }
        q->chunks[last].next = chain;
        chain = first;
    }
    w->count = 0;
    return chain;
}

/* Place everything in the wheels anew, at width 2^@shift; the near heap is empty. */
static void rebuild(struct wheel_queue *q, unsigned shift)
{
    const uint32_t chain = detach_all(q, &q->fine, detach_all(q, &q->coarse, 0));
    q->shift = shift;
    q->cursor = q->now >> shift;
    scatter(q, chain);
}

/* Change the width when the last pops say so; the near heap is empty. */
static void tune(struct wheel_queue *q)
{
    const uint64_t crowd = q->drained == 0 ? 0 : q->crowd / q->drained;
    unsigned shift = q->shift;
    if (crowd > 24) {
        for (uint64_t c = crowd; c > 8 && shift > 0; c /= 2) {
            shift--;
        }
    } else if (crowd < 4 && 4 * q->moved > q->pops && shift + 2 <= MAX_SHIFT) {
        shift += 2;
    }
    if (shift != q->shift) {
        rebuild(q, shift);
    }
    q->pops = 0;
    q->moved = 0;
    q->drained = 0;
    q->crowd = 0;
}

/* Fill the near heap, which is empty, from the next bucket that begins at or before @until; false
 * when there is none. */
static bool advance(struct wheel_queue *q, sw_time until)
{
    if (q->pops >= TUNE_EVERY && q->pops >= q->pool->live) {
        tune(q);
    }
    while (q->near.n == 0) {
        if (q->fine.count + q->coarse.count + q->far.n == 0) {
            return false;
        }
        const uint64_t window = q->cursor >> BITS;
        const uint64_t fine = next_bucket(&q->fine, q->cursor);
        if (fine >> BITS == window) {
            if (fine > until >> q->shift) {
                return false;
            }
            q->cursor = fine;
            drain(q);
            continue;
        }
        uint64_t next = fine == UINT64_MAX ? fine : fine >> BITS;
        const uint64_t coarse = next_bucket(&q->coarse, window);
        next = coarse < next ? coarse : next;
        if (q->far.n > 0) {
            const uint64_t far = q->far.v[0].at >> q->shift >> BITS;
            next = far < next ? far : next;
        }
        if (next > until >> q->shift >> BITS) {
            return false;
        }
        enter(q, next);
    }
    return true;
}

static bool wheel_pop(void *self, sw_time until, struct sim_entry *out)
{
    struct wheel_queue *q = self;
    for (;;) {
        if (q->near.n == 0 && !advance(q, until)) {
            return false;
        }
        if (q->near.v[0].at > until) {
            return false;
        }
        *out = sim_dary_pop(&q->near);
        if (sim_pool_live(q->pool, out->id)) {
            break;
        }
        q->stale--;
    }
    q->now = out->at;
    q->pops++;
    if (q->near.n > 0) {
        __builtin_prefetch(sim_pool_record(q->pool, q->near.v[0].id)->self);
    }
    return true;
}

static void wheel_cancel(void *self)
{
    struct wheel_queue *q = self;
    q->stale++;
    if (sim_queue_mostly_stale(q->stale, q->pool->live)) {
        const uint32_t chain = detach_all(q, &q->fine, detach_all(q, &q->coarse, 0));
        const uint64_t moved = q->moved;
        scatter(q, chain);
        q->moved = moved;
        sim_dary_purge(&q->near, q->pool);
        sim_dary_purge(&q->far, q->pool);
        q->stale = 0;
    }
}

const struct sim_queue_kind sim_queue_wheel = {
    .name = "wheel",
    .make = wheel_make,
    .free = wheel_free,
    .push = wheel_push,
    .pop = wheel_pop,
    .cancel = wheel_cancel,
};

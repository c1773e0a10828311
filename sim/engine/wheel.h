/* SPDX-License-Identifier: GPL-3.0-or-later
 * A wheel of unsorted buckets, and the cache lines their chains are made of.  Inline: the hot
 * loop of the event queue.
 *
 * A bucket is one word: where its last entry lies.  Chunks are filled from the end, so that the
 * word divided by SIM_CHUNK is the first chunk of the bucket's chain, and the remainder how many
 * more it takes; the other chunks of the chain are full.  An append touches the word and the line
 * it writes, and every fourth time the list of chunks. */
#ifndef SIM_WHEEL_H
#define SIM_WHEEL_H

#include "sim/engine/pool.h"

enum { SIM_CHUNK = 4 }; /* entries: one cache line */

/* Zero-initialised is valid and empty.  Chunk 0 is never used. */
struct sim_chunks {
    struct sim_entry *v; /* SIM_CHUNK a chunk, aligned to lines */
    uint32_t *next;      /* of a chain or of the free list; 0: none */
    uint32_t cap, used, free;
};

/* Room for at least one more.  Ends the process when memory is out. */
void sim_chunks_grow(struct sim_chunks *c);
void sim_chunks_fini(struct sim_chunks *c);

/* Buckets are numbered without end; a wheel holds 2^bits consecutive ones, at number mod 2^bits. */
struct sim_wheel {
    uint32_t *head;
    uint64_t *used; /* a bit a bucket */
    uint64_t *top;  /* a bit a word of @used */
    uint32_t mask;
    size_t count; /* entries, stale ones included */
};

/* @bits >= 12.  False when memory is out: fini what there is. */
bool sim_wheel_init(struct sim_wheel *w, unsigned bits);
void sim_wheel_fini(struct sim_wheel *w);
/* Move all entries, @count of them, to @out, and give their chunks back. */
void sim_wheel_empty(struct sim_wheel *w, struct sim_chunks *c, struct sim_entry *out);

static inline uint32_t sim_chunk_take(struct sim_chunks *c)
{
    const uint32_t i = c->free;
    if (i != 0) {
        c->free = c->next[i];
        return i;
    }
    if (c->used >= c->cap) {
        sim_chunks_grow(c);
    }
    return c->used++;
}

static inline void sim_chunk_give(struct sim_chunks *c, uint32_t i)
{
    c->next[i] = c->free;
    c->free = i;
}

/* Walking a chain from a bucket's word @h: its chunk holds entries @h up to the end of the chunk;
 * then comes the word of the next, 0 at the end. */
static inline uint32_t sim_chain_chunk(uint32_t h)
{
    return h / SIM_CHUNK;
}

static inline uint32_t sim_chain_end(uint32_t h)
{
    return h / SIM_CHUNK * SIM_CHUNK + SIM_CHUNK;
}

static inline uint32_t sim_chain_next(const struct sim_chunks *c, uint32_t h)
{
    return c->next[h / SIM_CHUNK] * SIM_CHUNK;
}

static inline void sim_wheel_append(struct sim_wheel *w, struct sim_chunks *c, uint64_t bucket,
                                    sw_time at, sim_event_id id)
{
    const uint32_t b = (uint32_t)bucket & w->mask;
    uint32_t h = w->head[b];
    if (h % SIM_CHUNK == 0) { /* empty, or its first chunk is full */
        const uint32_t fresh = sim_chunk_take(c);
        c->next[fresh] = h / SIM_CHUNK;
        h = fresh * SIM_CHUNK + SIM_CHUNK;
        w->used[b >> 6] |= UINT64_C(1) << (b & 63);
        w->top[b >> 12] |= UINT64_C(1) << (b >> 6 & 63);
    }
    h--;
    w->head[b] = h;
    c->v[h].at = at;
    c->v[h].id = id;
    w->count++;
}

/* Take a bucket's chain off its wheel; its word.  The caller mends @count. */
static inline uint32_t sim_wheel_detach(struct sim_wheel *w, uint64_t bucket)
{
    const uint32_t b = (uint32_t)bucket & w->mask;
    const uint32_t h = w->head[b];
    w->head[b] = 0;
    w->used[b >> 6] &= ~(UINT64_C(1) << (b & 63));
    if (w->used[b >> 6] == 0) {
        w->top[b >> 12] &= ~(UINT64_C(1) << (b >> 6 & 63));
    }
    return h;
}

/* The first bucket in use at or after position @from, not wrapping; mask + 1 when there is none. */
static inline uint32_t sim_wheel_scan(const struct sim_wheel *w, uint32_t from)
{
    uint32_t word = from >> 6;
    uint64_t bits = w->used[word] & UINT64_MAX << (from & 63);
    if (bits == 0) {
        uint32_t t = word >> 6;
        uint64_t words = w->top[t] & (UINT64_MAX << (word & 63)) << 1;
        while (words == 0) {
            if (++t > w->mask >> 12) {
                return w->mask + 1;
            }
            words = w->top[t];
        }
        word = t << 6 | (uint32_t)__builtin_ctzll(words);
        bits = w->used[word];
    }
    return word << 6 | (uint32_t)__builtin_ctzll(bits);
}

/* The number of the first bucket in use after @cursor; UINT64_MAX when the wheel is empty. */
static inline uint64_t sim_wheel_next(const struct sim_wheel *w, uint64_t cursor)
{
    if (w->count == 0) {
        return UINT64_MAX;
    }
    const uint32_t from = (uint32_t)(cursor + 1) & w->mask;
    uint32_t found = sim_wheel_scan(w, from);
    if (found > w->mask) {
        found = sim_wheel_scan(w, 0);
    }
    return cursor + 1 + ((found - from) & w->mask);
}

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * The discrete-event engine: schedules, cancels, fires, and hashes what is traced. */
#include "sim/engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/base/bug.h"
#include "sim/engine/internal.h"
#include "sim/engine/xxh64.h"

static const struct sim_queue_kind *const queues[SIM_QUEUE_COUNT] = {
    [SIM_QUEUE_HEAP] = &sim_queue_heap,
    [SIM_QUEUE_WHEEL] = &sim_queue_wheel,
};

_Noreturn void sim_out_of_memory(const char *what)
{
    (void)fprintf(stderr, "out of memory for %s\n", what);
    exit(3);
}

void sim_pool_grow(struct sim_pool *p)
{
    SW_ASSERT(p->used <= SIM_SLOT_MASK);
    const uint64_t cap = p->cap == 0 ? 64 : 2 * p->cap;
    struct sim_record *v = realloc(p->v, cap * sizeof *v);
    if (v == NULL) {
        sim_out_of_memory("pending events");
    }
    memset(v + p->cap, 0, (cap - p->cap) * sizeof *v);
    p->v = v;
    p->cap = cap;
    if (p->used == 0) {
        p->used = 1; /* slot 0 stays unused */
    }
}

struct sim_engine *sim_engine_new_on(enum sim_queue queue)
{
    SW_ASSERT(queue < SIM_QUEUE_COUNT);
    struct sim_engine *e = calloc(1, sizeof *e);
    if (e == NULL) {
        return NULL;
    }
    e->kind = queues[queue];
    e->queue = e->kind->make(&e->pool);
    if (e->queue == NULL) {
        free(e);
        return NULL;
    }
    return e;
}

struct sim_engine *sim_engine_new(void)
{
    return sim_engine_new_on(SIM_QUEUE_WHEEL);
}

const char *sim_queue_name(enum sim_queue queue)
{
    SW_ASSERT(queue < SIM_QUEUE_COUNT);
    return queues[queue]->name;
}

void sim_engine_free(struct sim_engine *e)
{
    if (e == NULL) {
        return;
    }
    sim_fibres_free(e->fibres);
    e->kind->free(e->queue);
    free(e->pool.v);
    free(e);
}

sw_time sim_now(const struct sim_engine *e)
{
    return e->now;
}

uint64_t sim_events(const struct sim_engine *e)
{
    return e->fired;
}

size_t sim_pending(const struct sim_engine *e)
{
    return e->pool.live;
}

void sim_shuffle_ties(struct sim_engine *e, uint64_t seed)
{
    SW_ASSERT(e->sequence == 0);
    e->shuffled = true;
    e->shuffle = sim_xxh64(NULL, 0, seed);
}

/* A bijection of 40-bit sequence numbers that depends on @key: ids stay unique, their order
 * becomes arbitrary.  Each step (add, multiply by an odd number, fold high bits down) is one. */
static uint64_t scramble(uint64_t sequence, uint64_t key)
{
    uint64_t x = sequence + (key & SIM_SEQUENCE_MASK);
    for (unsigned round = 0; round < 3; round++) {
        x = x * UINT64_C(0x9E3779B97F4A7C15) + (key >> (8 * round));
        x &= SIM_SEQUENCE_MASK;
        x ^= x >> 21;
    }
    return x;
}

sim_event_id sim_at(struct sim_engine *e, sw_time at, sim_fn fn, void *self, uint64_t arg)
{
    SW_ASSERT(at >= e->now && e->sequence < SIM_SEQUENCE_MASK);
    const uint64_t slot = sim_pool_take(&e->pool);
    uint64_t order = ++e->sequence;
    if (e->shuffled) {
        order = scramble(order, e->shuffle);
    }
    const sim_event_id id = order << SIM_SLOT_BITS | slot;
    e->pool.v[slot] = (struct sim_record){ .id = id, .fn = fn, .self = self, .arg = arg };
    e->kind->push(e->queue, at, id);
    return id;
}

void sim_cancel(struct sim_engine *e, sim_event_id id)
{
    const uint64_t slot = id & SIM_SLOT_MASK;
    if (id == 0 || slot >= e->pool.used || !sim_pool_live(&e->pool, id)) {
        return;
    }
    sim_pool_give(&e->pool, &e->pool.v[slot]);
    e->kind->cancel(e->queue);
}

static inline bool step(struct sim_engine *e, sw_time until)
{
    struct sim_entry next;
    if (!e->kind->pop(e->queue, until, &next)) {
        if (until > e->now && until != SW_TIME_NEVER) {
            e->now = until;
        }
        return false;
    }
    struct sim_record *r = sim_pool_record(&e->pool, next.id);
    const struct sim_record event = *r;
    sim_pool_give(&e->pool, r);
    SW_ASSERT(next.at >= e->now);
    e->now = next.at;
    e->fired++;
    event.fn(event.self, event.arg);
    return true;
}

bool sim_step(struct sim_engine *e, sw_time until)
{
    return step(e, until);
}

void sim_run(struct sim_engine *e, sw_time until)
{
    e->stopping = false;
    while (!e->stopping && step(e, until)) {
    }
}

void sim_stop(struct sim_engine *e)
{
    e->stopping = true;
}

/* One word into the running hash: a bijection of the state for every word, so that no word is
 * ever lost, and order counts. */
static inline uint64_t fold(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 32;
}

static inline uint64_t little_endian(uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap64(word);
#else
    return word;
#endif
}

/* Most payloads are short: folded in place, which costs less than XXH64's beginning and end. */
#define SHORT 256

static uint64_t fold_short(uint64_t hash, const uint8_t *payload, size_t len)
{
    uint64_t word;
    hash = fold(hash, len);
    for (; len >= 8; payload += 8, len -= 8) {
        memcpy(&word, payload, 8);
        hash = fold(hash, little_endian(word));
    }
    if (len > 0) {
        word = 0;
        memcpy(&word, payload, len);
        hash = fold(hash, little_endian(word));
    }
    return hash;
}

void sim_trace(struct sim_engine *e, uint32_t entity, uint32_t kind, const void *payload,
               size_t len)
{
    uint64_t hash = fold(e->trace_hash, e->now);
    hash = fold(hash, (uint64_t)entity << 32 | kind);
    e->trace_hash = len <= SHORT ? fold_short(hash, payload, len)
                                 : fold(fold(hash, len), sim_xxh64(payload, len, 0));
    if (e->tell != NULL) {
        e->tell(e->tell_self, entity, kind, e->trace_hash);
    }
}

void sim_trace_tell(struct sim_engine *e, sim_trace_fn fn, void *self)
{
    e->tell = fn;
    e->tell_self = self;
}

uint64_t sim_trace_hash(const struct sim_engine *e)
{
    return e->trace_hash;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * The engine: order, ties, cancels, the clock, the trace hash, and both queues alike. */
#include "sim/engine/engine.h"

#include <stdlib.h>

#include "sim/engine/xxh64.h"
#include "tests/lib/check.h"
#include "tests/lib/fail_alloc.h"

extern CU_TestInfo tests_engine[];

/* What fired, in order. */
struct log {
    struct sim_engine *e;
    uint64_t arg[64];
    sw_time at[64];
    size_t n;
};

static void note(void *self, uint64_t arg)
{
    struct log *l = self;
    if (l->n < SW_LEN(l->arg)) {
        l->arg[l->n] = arg;
        l->at[l->n] = sim_now(l->e);
    }
    l->n++;
}

static void on_every_queue(void (*test)(enum sim_queue queue))
{
    for (int q = 0; q < SIM_QUEUE_COUNT; q++) {
        test((enum sim_queue)q);
    }
}

static void time_order(enum sim_queue queue)
{
    struct log l = { .e = sim_engine_new_on(queue) };
    const sw_time at[] = { 7, 3, 9, 3, 0, SW_HOUR, 7, UINT64_MAX - 1, 3 };
    const uint64_t want[] = { 4, 1, 3, 8, 0, 6, 2, 5, 7 };
    for (size_t i = 0; i < SW_LEN(at); i++) {
        (void)sim_at(l.e, at[i], note, &l, i);
    }
    sim_run(l.e, SW_TIME_NEVER);
    CHECK_U64(l.n, SW_LEN(at));
    for (size_t i = 0; i < SW_LEN(want); i++) {
        CHECK_U64(l.arg[i], want[i]);
        CHECK_U64(l.at[i], at[want[i]]);
    }
    CHECK_U64(sim_events(l.e), SW_LEN(at));
    CHECK_U64(sim_pending(l.e), 0);
    sim_engine_free(l.e);
}

static void events_fire_in_time_order_and_ties_in_the_order_scheduled(void)
{
    on_every_queue(time_order);
}

static void stands_at_until(enum sim_queue queue)
{
    struct log l = { .e = sim_engine_new_on(queue) };
    (void)sim_at(l.e, 10, note, &l, 1);
    (void)sim_at(l.e, 20, note, &l, 2);
    CHECK(!sim_step(l.e, 9));
    CHECK_U64(sim_now(l.e), 9);
    CHECK(sim_step(l.e, 10));
    CHECK_U64(sim_now(l.e), 10);
    sim_run(l.e, 15);
    CHECK_U64(sim_now(l.e), 15);
    CHECK_U64(l.n, 1);
    /* Earlier than what was looked at, later than now. */
    (void)sim_at(l.e, 16, note, &l, 3);
    sim_run(l.e, SW_TIME_NEVER);
    CHECK_U64(l.n, 3);
    CHECK_U64(l.arg[1], 3);
    CHECK_U64(l.arg[2], 2);
    CHECK_U64(sim_now(l.e), 20);
    sim_engine_free(l.e);
}

static void the_clock_stands_at_the_event_or_at_until(void)
{
    on_every_queue(stands_at_until);
}

static void cancels(enum sim_queue queue)
{
    struct log l = { .e = sim_engine_new_on(queue) };
    const sim_event_id a = sim_at(l.e, 10, note, &l, 1);
    const sim_event_id b = sim_at(l.e, 20, note, &l, 2);
    sim_cancel(l.e, 0);
    sim_cancel(l.e, a);
    sim_cancel(l.e, a);
    CHECK_U64(sim_pending(l.e), 1);
    /* The record of @a serves again, under another name. */
    const sim_event_id c = sim_at(l.e, 15, note, &l, 3);
    CHECK(c != a);
    sim_cancel(l.e, a);
    sim_run(l.e, SW_TIME_NEVER);
    CHECK_U64(l.n, 2);
    CHECK_U64(l.arg[0], 3);
    CHECK_U64(l.arg[1], 2);
    sim_cancel(l.e, b);
    sim_cancel(l.e, c);
    CHECK_U64(sim_pending(l.e), 0);
    sim_engine_free(l.e);
}

static void a_cancelled_event_never_fires_and_its_name_is_not_reused(void)
{
    on_every_queue(cancels);
}

struct self_cancel {
    struct sim_engine *e;
    sim_event_id id;
    unsigned fired;
};

static void cancel_self(void *self, uint64_t arg)
{
    (void)arg;
    struct self_cancel *s = self;
    s->fired++;
    sim_cancel(s->e, s->id);
    sim_stop(s->e);
}

static void stops(enum sim_queue queue)
{
    struct self_cancel s = { .e = sim_engine_new_on(queue) };
    s.id = sim_at(s.e, 5, cancel_self, &s, 0);
    (void)sim_at(s.e, 5, cancel_self, &s, 0);
    sim_run(s.e, 100);
    CHECK_U64(s.fired, 1);
    CHECK_U64(sim_now(s.e), 5);
    sim_run(s.e, 100);
    CHECK_U64(s.fired, 2);
    sim_run(s.e, 100);
    CHECK_U64(sim_now(s.e), 100);
    sim_engine_free(s.e);
}

static void an_event_may_cancel_itself_and_stop_the_run(void)
{
    on_every_queue(stops);
}

static uint64_t draw(uint64_t *state)
{
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *state;
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* A world of chattering entities: schedules at many scales, with ties, and cancels. */
struct chatter {
    struct sim_engine *e;
    uint64_t random;
    sim_event_id timer[512];
    uint64_t left;
};

static void chat(void *self, uint64_t who)
{
    struct chatter *c = self;
    const uint64_t r = draw(&c->random);
    sim_trace(c->e, (uint32_t)who, (uint32_t)(r & 7), &r, r & 7);
    if (c->left == 0) {
        return;
    }
    c->left--;
    /* The scale of the world's time changes now and then. */
    static const unsigned shift[2][8] = { { 0, 0, 4, 10, 10, 20, 33, 45 },
                                          { 0, 1, 2, 3, 4, 4, 30, 40 } };
    const sw_dur scale = UINT64_C(1) << shift[c->left >> 14 & 1][r >> 8 & 7];
    const size_t slot = r >> 16 & 511;
    if ((r & 1) != 0) {
        sim_cancel(c->e, c->timer[slot]);
    }
    c->timer[slot] = sim_at(c->e, sim_now(c->e) + (r >> 32) % scale, chat, c, who + 1);
    if ((r & 6) == 0 || sim_pending(c->e) < 300) {
        (void)sim_at(c->e, sim_now(c->e) + (r >> 40) % (4 * SW_MS), chat, c, who + 2);
    }
}

static uint64_t chatter_hash(enum sim_queue queue, uint64_t seed, bool shuffle, uint64_t *events)
{
    struct chatter c = { .e = sim_engine_new_on(queue), .random = seed, .left = 100000 };
    if (shuffle) {
        sim_shuffle_ties(c.e, seed);
    }
    for (unsigned i = 0; i < 50; i++) {
        (void)sim_at(c.e, i / 10, chat, &c, i);
    }
    for (sw_time until = SW_MS; sim_pending(c.e) > 0; until *= 2) {
        sim_run(c.e, until);
    }
    const uint64_t hash = sim_trace_hash(c.e);
    *events = sim_events(c.e);
    sim_engine_free(c.e);
    return hash;
}

static void queues_agree_over_random_workloads_with_cancels(void)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        for (int shuffle = 0; shuffle < 2; shuffle++) {
            uint64_t events;
            uint64_t same;
            const uint64_t heap = chatter_hash(SIM_QUEUE_HEAP, seed, shuffle != 0, &events);
            const uint64_t wheel = chatter_hash(SIM_QUEUE_WHEEL, seed, shuffle != 0, &same);
            CHECK_U64(wheel, heap);
            CHECK_U64(same, events);
            CHECK(events > 100000);
        }
    }
}

static void shuffled_ties_keep_time_order_and_depend_on_the_seed(void)
{
    uint64_t first[64] = { 0 };
    bool differs = false;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct log l = { .e = sim_engine_new() };
        sim_shuffle_ties(l.e, seed);
        uint64_t seen = 0;
        for (uint64_t i = 0; i < 64; i++) {
            (void)sim_at(l.e, i / 32, note, &l, i);
        }
        sim_run(l.e, SW_TIME_NEVER);
        REQUIRE(l.n == 64);
        for (size_t i = 0; i < 64; i++) {
            CHECK_U64(l.at[i], i / 32);
            seen |= UINT64_C(1) << l.arg[i];
            if (seed == 1) {
                first[i] = l.arg[i];
            }
            differs |= first[i] != l.arg[i];
        }
        CHECK_U64(seen, UINT64_MAX);
        sim_engine_free(l.e);
    }
    CHECK(differs);
}

/* @arg: entity, length of the payload, kind, a hexadecimal digit each. */
static void trace_at(void *self, uint64_t arg)
{
    sim_trace(self, (uint32_t)(arg >> 8), (uint32_t)(arg & 15), "payload", arg >> 4 & 7);
}

static uint64_t hash_of(const sw_time *at, const uint64_t *arg, size_t n)
{
    struct sim_engine *e = sim_engine_new();
    for (size_t i = 0; i < n; i++) {
        (void)sim_at(e, at[i], trace_at, e, arg[i]);
    }
    sim_run(e, SW_TIME_NEVER);
    const uint64_t hash = sim_trace_hash(e);
    sim_engine_free(e);
    return hash;
}

static void the_trace_hash_tells_time_entity_kind_payload_and_order_apart(void)
{
    const sw_time at[] = { 1, 2 };
    const sw_time later[] = { 1, 3 };
    const uint64_t base[] = { 0x111, 0x222 };
    const uint64_t swapped[] = { 0x222, 0x111 };
    const uint64_t entity[] = { 0x111, 0x322 };
    const uint64_t kind[] = { 0x111, 0x223 };
    const uint64_t payload[] = { 0x111, 0x232 };
    const uint64_t hash = hash_of(at, base, 2);
    CHECK_U64(hash_of(at, base, 2), hash);
    CHECK(hash_of(later, base, 2) != hash);
    CHECK(hash_of(at, swapped, 2) != hash);
    CHECK(hash_of(at, entity, 2) != hash);
    CHECK(hash_of(at, kind, 2) != hash);
    CHECK(hash_of(at, payload, 2) != hash);
    CHECK(hash_of(at, base, 1) != hash);
    /* The same on every compiler and processor: written down once. */
    CHECK_U64(hash, UINT64_C(16515493376304968899));
}

static void without_memory_there_is_no_engine(void)
{
    for (int q = 0; q < SIM_QUEUE_COUNT; q++) {
        uint64_t failing = 0;
        for (;; failing++) {
            fail_alloc_only(failing);
            struct sim_engine *e = sim_engine_new_on((enum sim_queue)q);
            const uint64_t asked = fail_alloc_stop();
            sim_engine_free(e);
            CHECK((e == NULL) == (failing < asked));
            if (failing >= asked) {
                break;
            }
        }
        CHECK(failing >= 2);
    }
}

/* What one event may do: schedule at its own time, more than any short run holds. */
static void burst(void *self, uint64_t n)
{
    struct chatter *c = self;
    sim_trace(c->e, 0, (uint32_t)n, NULL, 0);
    for (uint64_t i = 0; i < n; i++) {
        c->timer[i] = sim_at(c->e, sim_now(c->e) + (i % 3 == 0 ? 0 : i % 5), burst, c, 0);
    }
    for (uint64_t i = 0; i < n; i += 7) {
        sim_cancel(c->e, c->timer[i]);
    }
}

static void crowds_at_one_moment_keep_their_order(void)
{
    uint64_t hash[SIM_QUEUE_COUNT];
    for (int q = 0; q < SIM_QUEUE_COUNT; q++) {
        struct chatter c = { .e = sim_engine_new_on((enum sim_queue)q) };
        for (uint64_t i = 0; i < 200; i++) {
            (void)sim_at(c.e, i / 4 * SW_SEC, burst, &c, 1 + i * 2);
        }
        sim_run(c.e, SW_TIME_NEVER);
        hash[q] = sim_trace_hash(c.e);
        CHECK_U64(sim_pending(c.e), 0);
        sim_engine_free(c.e);
    }
    CHECK_U64(hash[SIM_QUEUE_WHEEL], hash[SIM_QUEUE_HEAP]);
}

#define TICK (20 * SW_US)
#define TICKS_END (5 * SW_SEC)

/* Something that happens every TICK, and now and then something that was scheduled long ago. */
struct ticker {
    struct sim_engine *e;
    uint64_t ticks, long_ago, late;
};

static void tick(void *self, uint64_t arg)
{
    struct ticker *t = self;
    t->ticks++;
    if (sim_now(t->e) < TICKS_END) {
        (void)sim_at(t->e, sim_now(t->e) + TICK, tick, t, arg);
    }
}

static void long_ago(void *self, uint64_t arg)
{
    struct ticker *t = self;
    (void)arg;
    t->long_ago++;
    t->late += t->ticks != sim_now(t->e) / TICK;
}

static void one_of_a_crowd(void *self, uint64_t last)
{
    struct ticker *t = self;
    if (last != 0) {
        for (sw_time at = 2 * SW_SEC + 1; at < TICKS_END; at += 10 * SW_MS) {
            (void)sim_at(t->e, at, long_ago, t, 0);
        }
        (void)sim_at(t->e, TICK, tick, t, 0);
    }
}

static void far_events_keep_their_time(enum sim_queue queue)
{
    enum { CROWD = 19999 };
    struct ticker t = { .e = sim_engine_new_on(queue) };
    for (sw_time i = 0; i <= CROWD; i++) {
        (void)sim_at(t.e, i, one_of_a_crowd, &t, i == CROWD);
    }
    sim_run(t.e, SW_TIME_NEVER);
    CHECK_U64(t.ticks, TICKS_END / TICK);
    CHECK_U64(t.long_ago, 300);
    CHECK_U64(t.late, 0);
    sim_engine_free(t.e);
}

/* For a crowd the wheel takes narrow buckets, so that what is seconds ahead lies beyond its end; as
 * the buckets widen again, since events come alone, that comes to lie amidst what is near. */
static void events_far_ahead_of_a_crowd_keep_their_time_when_others_come_alone(void)
{
    on_every_queue(far_events_keep_their_time);
}

static void xxh64_gives_the_published_values(void)
{
    CHECK_U64(sim_xxh64("", 0, 0), UINT64_C(0xEF46DB3751D8E999));
    CHECK_U64(sim_xxh64("abc", 3, 0), UINT64_C(0x44BC2CF5AD770999));
    const char *longer = "Nobody inspects the spammish repetition"; /* stripes and every tail */
    CHECK_U64(sim_xxh64(longer, strlen(longer), 0), UINT64_C(0xFBCEA83C8A378BF1));
}

CU_TestInfo tests_engine[] = {
    { "events fire in time order and ties in the order scheduled",
      events_fire_in_time_order_and_ties_in_the_order_scheduled },
    { "the clock stands at the event or at until", the_clock_stands_at_the_event_or_at_until },
    { "a cancelled event never fires and its name is not reused",
      a_cancelled_event_never_fires_and_its_name_is_not_reused },
    { "an event may cancel itself and stop the run", an_event_may_cancel_itself_and_stop_the_run },
    { "queues agree over random workloads with cancels",
      queues_agree_over_random_workloads_with_cancels },
    { "shuffled ties keep time order and depend on the seed",
      shuffled_ties_keep_time_order_and_depend_on_the_seed },
    { "the trace hash tells time, entity, kind, payload and order apart",
      the_trace_hash_tells_time_entity_kind_payload_and_order_apart },
    { "crowds at one moment keep their order", crowds_at_one_moment_keep_their_order },
    { "events far ahead of a crowd keep their time when others come alone",
      events_far_ahead_of_a_crowd_keep_their_time_when_others_come_alone },
    { "without memory there is no engine", without_memory_there_is_no_engine },
    { "xxh64 gives the published values", xxh64_gives_the_published_values },
    CU_TEST_INFO_NULL,
};

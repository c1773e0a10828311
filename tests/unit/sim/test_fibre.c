/* SPDX-License-Identifier: GPL-3.0-or-later
 * Fibres: virtual time passes inside blocking code, others run meanwhile, all unwind. */
#include "sim/engine/fibre.h"

#include "tests/lib/check.h"
#include "tests/lib/fail_alloc.h"

extern CU_TestInfo tests_fibre[];

struct story {
    struct sim_engine *e;
    char text[256];
    size_t len;
};

static void tell(struct story *s, char what)
{
    if (s->len + 1 < sizeof s->text) {
        s->text[s->len++] = what;
    }
}

struct strand {
    struct story *story;
    sw_dur step;
    unsigned steps;
    char name;
    bool ended;
};

static void strand(void *arg)
{
    struct strand *s = arg;
    for (unsigned i = 0; i < s->steps; i++) {
        tell(s->story, s->name);
        sim_fibre_wait(sim_fibre_current(s->story->e), s->step);
    }
    s->ended = true;
}

static void event(void *self, uint64_t arg)
{
    tell(self, (char)arg);
}

static void fibres_and_events_interleave_in_time_order(void)
{
    struct story s = { .e = sim_engine_new() };
    struct strand a = { &s, 10, 4, 'a', false };
    struct strand b = { &s, 15, 2, 'b', false };
    (void)sim_at(s.e, 10, event, &s, '!');
    CHECK(sim_fibre_start(s.e, strand, &a) != NULL);
    CHECK_STR(s.text, "a");
    CHECK(sim_fibre_start(s.e, strand, &b) != NULL);
    CHECK(sim_fibre_current(s.e) == NULL);
    CHECK_U64(sim_fibre_count(s.e), 2);
    sim_run(s.e, SW_TIME_NEVER);
    /* 0: a b   10: ! a   15: b   20: a   30: a and the end of b (scheduled at 15, so first) */
    CHECK_STR(s.text, "ab!abaa");
    CHECK(a.ended && b.ended);
    CHECK_U64(sim_now(s.e), 40);
    CHECK_U64(sim_fibre_count(s.e), 0);
    sim_engine_free(s.e);
}

static void a_wait_of_zero_lets_what_is_due_run_first(void)
{
    struct story s = { .e = sim_engine_new() };
    struct strand a = { &s, 0, 3, 'a', false };
    (void)sim_at(s.e, 0, event, &s, '!');
    CHECK(sim_fibre_start(s.e, strand, &a) != NULL);
    sim_run(s.e, SW_TIME_NEVER);
    CHECK_STR(s.text, "a!aa");
    CHECK_U64(sim_now(s.e), 0);
    sim_engine_free(s.e);
}

/* Starts another fibre from inside, which waits: control comes back here first. */
static void parent(void *arg)
{
    struct strand *child = arg;
    struct sim_engine *e = child->story->e;
    struct sim_fibre *self = sim_fibre_current(e);
    tell(child->story, '(');
    CHECK(sim_fibre_start(e, strand, child) != NULL);
    CHECK(sim_fibre_current(e) == self);
    tell(child->story, ')');
    sim_fibre_wait(self, 5);
    tell(child->story, '.');
}

static void a_fibre_may_start_another(void)
{
    struct story s = { .e = sim_engine_new() };
    struct strand child = { &s, 10, 2, 'c', false };
    CHECK(sim_fibre_start(s.e, parent, &child) != NULL);
    sim_run(s.e, SW_TIME_NEVER);
    CHECK_STR(s.text, "(c).c");
    CHECK(child.ended);
    sim_engine_free(s.e);
}

struct deep {
    struct sim_engine *e;
    uint64_t sum;
    unsigned begun, ended;
};

/* Fills a good part of a stack, waits, and checks what it finds again. */
static uint64_t fill_and_wait(struct sim_engine *e, uint8_t with)
{
    uint8_t block[100 * 1024];
    memset(block, with, sizeof block);
    sim_fibre_wait(sim_fibre_current(e), 7);
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof block; i++) {
        sum += block[i] == with;
    }
    return sum;
}

static void dive(void *arg)
{
    struct deep *d = arg;
    d->sum += fill_and_wait(d->e, (uint8_t)++d->begun);
    d->ended++;
}

static void many_fibres_keep_deep_stacks_apart(void)
{
    struct deep d = { .e = sim_engine_new() };
    for (unsigned round = 0; round < 3; round++) { /* the later ones on used stacks */
        for (unsigned i = 0; i < 200; i++) {
            CHECK(sim_fibre_start(d.e, dive, &d) != NULL);
        }
        CHECK_U64(sim_fibre_count(d.e), 200);
        sim_run(d.e, SW_TIME_NEVER);
    }
    CHECK_U64(d.ended, 600);
    CHECK_U64(d.sum, UINT64_C(600) * 100 * 1024);
    sim_engine_free(d.e);
}

static void at_once(void *arg)
{
    tell(arg, 'x');
}

static void a_body_that_never_waits_ends_inside_start(void)
{
    struct story s = { .e = sim_engine_new() };
    CHECK(sim_fibre_start(s.e, at_once, &s) != NULL);
    CHECK_STR(s.text, "x");
    CHECK_U64(sim_fibre_count(s.e), 0);
    CHECK_U64(sim_pending(s.e), 0);
    sim_engine_free(s.e);
}

static void unwinding_ends_every_fibre_without_time(void)
{
    struct story s = { .e = sim_engine_new() };
    struct strand strands[50];
    for (size_t i = 0; i < SW_LEN(strands); i++) {
        strands[i] = (struct strand){ &s, 1 + i, 100, 'u', false };
        CHECK(sim_fibre_start(s.e, strand, &strands[i]) != NULL);
    }
    sim_run(s.e, 20);
    sim_fibre_unwind(s.e);
    for (size_t i = 0; i < SW_LEN(strands); i++) {
        CHECK(strands[i].ended);
    }
    CHECK_U64(sim_fibre_count(s.e), 0);
    CHECK_U64(sim_pending(s.e), 0);
    CHECK_U64(sim_now(s.e), 20);
    sim_engine_free(s.e);
}

struct halting {
    struct sim_engine *e;
    uint32_t held;
    sw_time went_on;
};

static void halts(void *arg)
{
    struct halting *h = arg;
    sim_fibre_hold(sim_fibre_current(h->e), &h->held);
    sim_fibre_wait(sim_fibre_current(h->e), 10);
    h->went_on = sim_now(h->e);
}

static void a_held_fibre_goes_on_late(void)
{
    /* held over the end of its wait; only meanwhile; until the engine's end */
    const sw_time until[] = { 25, 5, 0 };
    const sw_time want[] = { 25, 10, 40 };
    for (size_t i = 0; i < SW_LEN(until); i++) {
        struct halting h = { .e = sim_engine_new(), .went_on = SW_TIME_NEVER };
        CHECK(sim_fibre_start(h.e, halts, &h) != NULL);
        h.held = 1;
        sim_run(h.e, until[i] > 0 ? until[i] : 40);
        CHECK_U64(h.went_on, SW_TIME_NEVER);
        if (until[i] > 0) {
            h.held = 0;
            sim_fibre_release(h.e, &h.held);
            sim_run(h.e, 40);
        } else {
            sim_fibre_unwind(h.e);
        }
        CHECK_U64(h.went_on, want[i]);
        CHECK_U64(sim_fibre_count(h.e), 0);
        sim_engine_free(h.e);
    }
}

static void without_memory_no_body_runs(void)
{
    struct story s = { .e = sim_engine_new() };
    for (uint64_t failing = 0; failing < 2; failing++) {
        fail_alloc_only(failing);
        const struct sim_fibre *f = sim_fibre_start(s.e, at_once, &s);
        (void)fail_alloc_stop();
        CHECK(f == NULL);
        CHECK_U64(s.len, 0);
    }
    CHECK(sim_fibre_start(s.e, at_once, &s) != NULL);
    CHECK_STR(s.text, "x");
    sim_engine_free(s.e);
}

CU_TestInfo tests_fibre[] = {
    { "fibres and events interleave in time order", fibres_and_events_interleave_in_time_order },
    { "a wait of zero lets what is due run first", a_wait_of_zero_lets_what_is_due_run_first },
    { "a fibre may start another", a_fibre_may_start_another },
    { "many fibres keep deep stacks apart", many_fibres_keep_deep_stacks_apart },
    { "a body that never waits ends inside start", a_body_that_never_waits_ends_inside_start },
    { "a held fibre goes on late", a_held_fibre_goes_on_late },
    { "without memory no body runs", without_memory_no_body_runs },
    { "unwinding ends every fibre without time", unwinding_ends_every_fibre_without_time },
    CU_TEST_INFO_NULL,
};

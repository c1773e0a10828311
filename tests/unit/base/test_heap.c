/* SPDX-License-Identifier: GPL-3.0-or-later
 * The timer heap against a naive model. */
#include "node/base/err.h"
#include "node/base/heap.h"
#include "node/base/rng.h"
#include "tests/lib/check.h"
#include "tests/lib/fail_alloc.h"

extern CU_TestInfo tests_heap[];

static void equal_times_fire_in_the_order_set(void)
{
    struct sw_heap h = { 0 };
    struct sw_timer t[20] = { { 0 } };
    for (size_t i = 0; i < SW_LEN(t); i++) {
        CHECK_I64(sw_heap_set(&h, &t[i], 5), SW_OK);
    }
    CHECK_I64(sw_heap_set(&h, &t[3], 5), SW_OK); /* set anew: now last */
    CHECK(sw_heap_due(&h, 4) == NULL);
    for (size_t i = 0; i < SW_LEN(t); i++) {
        if (i != 3) {
            CHECK(sw_heap_due(&h, 5) == &t[i]);
        }
    }
    CHECK(sw_heap_due(&h, 5) == &t[3]);
    CHECK(sw_heap_due(&h, SW_TIME_NEVER) == NULL);
    CHECK(sw_heap_first(&h) == NULL);
    sw_heap_fini(&h);
}

#define TIMERS 60

/* What the heap should say: a plain search. */
static struct sw_timer *naive_first(struct sw_timer *t)
{
    struct sw_timer *best = NULL;
    for (size_t i = 0; i < TIMERS; i++) {
        if (t[i].pos != 0 &&
            (best == NULL || t[i].at < best->at || (t[i].at == best->at && t[i].seq < best->seq))) {
            best = &t[i];
        }
    }
    return best;
}

static void the_heap_agrees_with_a_plain_search(void)
{
    struct sw_rng rng;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct sw_heap h = { 0 };
        struct sw_timer t[TIMERS] = { { 0 } };
        sw_rng_init(&rng, sw_rng_key(seed, "test heap", ""));
        size_t set = 0;
        for (int step = 0; step < 500; step++) {
            struct sw_timer *one = &t[sw_rng_below(&rng, TIMERS)];
            const uint64_t what = sw_rng_below(&rng, 4);
            if (what < 2) {
                set += one->pos == 0;
                CHECK_I64(sw_heap_set(&h, one, sw_rng_below(&rng, 40)), SW_OK);
            } else if (what == 2) {
                set -= one->pos != 0;
                sw_heap_cancel(&h, one);
                CHECK_U64(one->pos, 0);
            } else {
                struct sw_timer *want = naive_first(t);
                const sw_time now = sw_rng_below(&rng, 40);
                want = want != NULL && want->at <= now ? want : NULL;
                CHECK(sw_heap_due(&h, now) == want);
                set -= want != NULL;
            }
            CHECK(sw_heap_first(&h) == naive_first(t));
            CHECK_U64(h.n, set);
        }
        sw_heap_fini(&h);
        CHECK(naive_first(t) == NULL); /* fini unsets */
    }
}

static void a_timer_that_finds_no_memory_stays_unset(void)
{
    struct sw_heap h = { 0 };
    struct sw_timer t = { 0 };
    fail_alloc_only(0);
    CHECK_I64(sw_heap_set(&h, &t, 1), SW_ERR_NOMEM);
    (void)fail_alloc_stop();
    CHECK_U64(t.pos, 0);
    sw_heap_cancel(&h, &t);
    CHECK_I64(sw_heap_set(&h, &t, 1), SW_OK);
    fail_alloc_from(0);
    CHECK_I64(sw_heap_set(&h, &t, 2), SW_OK); /* moving needs no memory */
    CHECK_U64(fail_alloc_stop(), 0);
    sw_heap_fini(&h);
}

CU_TestInfo tests_heap[] = {
    { "equal times fire in the order set", equal_times_fire_in_the_order_set },
    { "the heap agrees with a plain search", the_heap_agrees_with_a_plain_search },
    { "a timer that finds no memory stays unset", a_timer_that_finds_no_memory_stays_unset },
    CU_TEST_INFO_NULL,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Scratch memory. */
#include "node/base/arena.h"
#include "tests/lib/check.h"
#include "tests/lib/fail_alloc.h"

extern CU_TestInfo tests_arena[];

static void allocations_are_aligned_and_do_not_overlap(void)
{
    struct sw_arena a = { 0 };
    uint8_t *at[300];
    for (size_t i = 0; i < 300; i++) {
        at[i] = sw_arena_alloc(&a, i);
        REQUIRE(at[i] != NULL);
        CHECK_U64((uintptr_t)at[i] % 16, 0);
        memset(at[i], (int)(i & 0xff), i);
    }
    for (size_t i = 0; i < 300; i++) {
        for (size_t j = 0; j < i; j++) {
            CHECK_U64(at[i][j], i & 0xff);
        }
    }
    sw_arena_fini(&a);
}

static void one_step(struct sw_arena *a, size_t sizes)
{
    for (size_t i = 0; i < sizes; i++) {
        CHECK(sw_arena_alloc(a, 100 * i) != NULL);
    }
    CHECK(sw_arena_alloc(a, 3 << 20) != NULL);
    sw_arena_reset(a);
}

static void steady_state_allocates_nothing(void)
{
    struct sw_arena a = { 0 };
    one_step(&a, 50);
    fail_alloc_from(0);
    for (size_t i = 0; i < 100; i++) {
        one_step(&a, 50);
        one_step(&a, 10);
    }
    CHECK_U64(fail_alloc_stop(), 0);
    sw_arena_fini(&a);
}

/* A thousand pieces take the room of the largest. */
static void rewinding_uses_the_same_memory_again(void)
{
    struct sw_arena a = { 0 };
    for (unsigned i = 0; i < 3; i++) { /* also of an arena that is empty */
        const struct sw_arena_mark nothing = sw_arena_mark(&a);
        REQUIRE(sw_arena_alloc(&a, 1 << 16) != NULL);
        sw_arena_rewind(&a, nothing);
    }
    char *kept = sw_arena_copy(&a, "pheromone", 10);
    REQUIRE(kept != NULL);
    const struct sw_arena_mark mark = sw_arena_mark(&a);
    REQUIRE(sw_arena_alloc(&a, 1 << 16) != NULL);
    sw_arena_rewind(&a, mark);
    fail_alloc_from(0);
    for (unsigned i = 0; i < 1000; i++) {
        char *p = sw_arena_alloc(&a, 100);
        REQUIRE(p != NULL && sw_arena_alloc(&a, 60000) != NULL);
        memset(p, 0xff, 100);
        sw_arena_rewind(&a, mark);
    }
    CHECK_U64(fail_alloc_stop(), 0);
    CHECK_STR(kept, "pheromone");
    sw_arena_fini(&a);
}

static void trim_gives_the_tail_back(void)
{
    struct sw_arena a = { 0 };
    uint8_t *first = sw_arena_alloc(&a, 1000);
    REQUIRE(first != NULL);
    sw_arena_trim(&a, first, 17);
    uint8_t *second = sw_arena_alloc(&a, 16);
    CHECK(second == first + 32);
    sw_arena_trim(&a, second, 0);
    CHECK(sw_arena_alloc(&a, 8) == second);
    sw_arena_fini(&a);
}

static void a_copy_has_the_bytes(void)
{
    struct sw_arena a = { 0 };
    const char *copy = sw_arena_copy(&a, "pheromone", 10);
    CHECK_STR(copy, "pheromone");
    CHECK(sw_arena_copy(&a, NULL, 0) != NULL);
    sw_arena_fini(&a);
}

static void memory_that_is_out_is_reported_and_harmless(void)
{
    struct sw_arena a = { 0 };
    fail_alloc_only(0);
    CHECK(sw_arena_alloc(&a, 10) == NULL);
    CHECK(sw_arena_alloc(&a, 10) != NULL);
    fail_alloc_only(0);
    CHECK(sw_arena_alloc(&a, 10000) == NULL);
    CHECK(sw_arena_alloc(&a, 10000) != NULL);
    CHECK_U64(fail_alloc_stop(), 2);
    CHECK(sw_arena_alloc(&a, SIZE_MAX) == NULL);
    CHECK(sw_arena_alloc(&a, SIZE_MAX - 8) == NULL);
    sw_arena_fini(&a);
}

CU_TestInfo tests_arena[] = {
    { "allocations are aligned and do not overlap", allocations_are_aligned_and_do_not_overlap },
    { "steady state allocates nothing", steady_state_allocates_nothing },
    { "rewinding uses the same memory again", rewinding_uses_the_same_memory_again },
    { "trim gives the tail back", trim_gives_the_tail_back },
    { "a copy has the bytes", a_copy_has_the_bytes },
    { "memory that is out is reported and harmless", memory_that_is_out_is_reported_and_harmless },
    CU_TEST_INFO_NULL,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Numbered slots for things in flight. */
#include "node/core/swarm/slots.h"

#include "tests/lib/check.h"
#include "tests/lib/fail_alloc.h"

static void an_id_is_never_given_twice(void)
{
    struct sw_slots s;
    sw_slots_init(&s, sizeof(uint64_t));
    s.limit = 1;
    uint64_t last = 0;
    for (unsigned i = 0; i < 1000; i++) {
        uint32_t at;
        REQUIRE(sw_slots_take(&s, &at) != NULL);
        const uint64_t id = sw_slots_id(&s, at);
        CHECK(id != 0 && id != last);
        CHECK_U64(sw_slots_find(&s, id), at);
        sw_slots_give(&s, at);
        CHECK_U64(sw_slots_find(&s, id), SW_SLOT_NONE);
        last = id;
    }
    sw_slots_fini(&s);
}

static void ids_that_nobody_gave_find_nothing(void)
{
    struct sw_slots s;
    sw_slots_init(&s, 8);
    s.limit = 4;
    uint32_t at;
    REQUIRE(sw_slots_take(&s, &at) != NULL);
    CHECK_U64(sw_slots_find(&s, 0), SW_SLOT_NONE);
    CHECK_U64(sw_slots_find(&s, 1), SW_SLOT_NONE);
    CHECK_U64(sw_slots_find(&s, UINT64_MAX), SW_SLOT_NONE);
    CHECK_U64(sw_slots_find(&s, sw_slots_id(&s, at) + 1), SW_SLOT_NONE);
    sw_slots_fini(&s);
}

static void items_do_not_move_while_others_come_and_go(void)
{
    struct sw_slots s;
    sw_slots_init(&s, sizeof(uint32_t));
    s.limit = 2000;
    uint32_t *item[2000];
    for (uint32_t i = 0; i < 2000; i++) {
        uint32_t at;
        item[i] = sw_slots_take(&s, &at);
        REQUIRE(item[i] != NULL);
        *item[i] = i;
        CHECK_U64(at, i);
    }
    uint32_t at;
    CHECK(sw_slots_take(&s, &at) == NULL);
    for (uint32_t i = 0; i < 2000; i++) {
        CHECK(sw_slots_at(&s, i) == item[i]);
        CHECK_U64(*item[i], i);
    }
    sw_slots_fini(&s);
}

static void the_last_slot_given_up_is_taken_first(void)
{
    struct sw_slots s;
    sw_slots_init(&s, 8);
    s.limit = 8;
    uint32_t at[3];
    for (unsigned i = 0; i < 3; i++) {
        REQUIRE(sw_slots_take(&s, &at[i]) != NULL);
    }
    sw_slots_give(&s, at[0]);
    sw_slots_give(&s, at[2]);
    uint32_t again;
    REQUIRE(sw_slots_take(&s, &again) != NULL);
    CHECK_U64(again, at[2]);
    CHECK_U64(s.taken, 2);
    sw_slots_fini(&s);
}

static void without_memory_nothing_is_taken(void)
{
    struct sw_slots s;
    sw_slots_init(&s, 8);
    s.limit = 8;
    uint32_t at;
    for (uint64_t i = 0; i < 2; i++) {
        fail_alloc_only(i);
        CHECK(sw_slots_take(&s, &at) == NULL);
        (void)fail_alloc_stop();
        CHECK_U64(s.taken, 0);
    }
    CHECK(sw_slots_take(&s, &at) != NULL);
    sw_slots_fini(&s);
}

extern CU_TestInfo tests_slots[];
CU_TestInfo tests_slots[] = {
    { "an_id_is_never_given_twice", an_id_is_never_given_twice },
    { "ids_that_nobody_gave_find_nothing", ids_that_nobody_gave_find_nothing },
    { "items_do_not_move_while_others_come_and_go", items_do_not_move_while_others_come_and_go },
    { "the_last_slot_given_up_is_taken_first", the_last_slot_given_up_is_taken_first },
    { "without_memory_nothing_is_taken", without_memory_nothing_is_taken },
    CU_TEST_INFO_NULL,
};

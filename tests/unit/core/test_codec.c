/* SPDX-License-Identifier: GPL-3.0-or-later
 * Envelopes packed, unpacked and told apart. */
#include "node/core/swarm/codec.h"

#include "node/core/swarm/lane.h"
#include "tests/lib/check.h"
#include "tests/lib/envelope.h"
#include "tests/lib/fail_alloc.h"

#include <stdlib.h>

static void what_is_packed_is_unpacked(void)
{
    struct sw_arena a = { 0 };
    Swarm__V1__Ant ant = SWARM__V1__ANT__INIT;
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    struct sw_bytes packed;
    Swarm__V1__Envelope *back = NULL;
    ant.nonce = UINT64_C(0xfedcba9876543210);
    e.body_case = SWARM__V1__ENVELOPE__BODY_ANT;
    e.ant = &ant;
    REQUIRE(sw_envelope_pack(&a, &e, &packed) == SW_OK);
    REQUIRE(sw_envelope_unpack(&a, packed, &back) == SW_OK);
    CHECK_U64(back->body_case, SWARM__V1__ENVELOPE__BODY_ANT);
    CHECK_U64(back->ant->nonce, ant.nonce);
    sw_arena_fini(&a);
}

static void every_cut_of_a_message_is_refused_or_another_message(void)
{
    struct sw_arena a = { 0 };
    const struct envelope e = envelope_query(77, "node-a", 1);
    for (size_t len = 0; len < e.len; len++) {
        Swarm__V1__Envelope *back = NULL;
        const int err = sw_envelope_unpack(&a, (struct sw_bytes){ e.data, len }, &back);
        CHECK(len == 0 ? err == SW_OK : err == SW_ERR_MALFORMED);
        sw_arena_reset(&a);
    }
    sw_arena_fini(&a);
}

/* 4 MiB of the smallest sub-messages there are: each costs 2 bytes packed and 64 unpacked. */
static void a_message_that_blows_up_is_refused(void)
{
    struct sw_arena a = { 0 };
    const size_t zones = SW_ENVELOPE_MAX / 2 - 16;
    uint8_t *bytes = malloc(SW_ENVELOPE_MAX);
    REQUIRE(bytes != NULL);
    const size_t body = 2 * zones;
    const uint8_t head[] = { 0x42, (uint8_t)(0x80 | (body & 0x7f)),
                             (uint8_t)(0x80 | (body >> 7 & 0x7f)),
                             (uint8_t)(0x80 | (body >> 14 & 0x7f)), (uint8_t)(body >> 21) };
    memcpy(bytes, head, sizeof head);
    for (size_t i = 0; i < zones; i++) {
        bytes[sizeof head + 2 * i] = 0x12; /* Sync.known */
        bytes[sizeof head + 2 * i + 1] = 0;
    }
    Swarm__V1__Envelope *back = NULL;
    CHECK_I64(sw_envelope_unpack(&a, (struct sw_bytes){ bytes, sizeof head + body }, &back),
              SW_ERR_MALFORMED);
    CHECK_I64(sw_envelope_unpack(&a, (struct sw_bytes){ bytes, SW_ENVELOPE_MAX + 1 }, &back),
              SW_ERR_MALFORMED);
    free(bytes);
    sw_arena_fini(&a);
}

static void without_memory_it_says_so(void)
{
    struct sw_arena a = { 0 };
    const struct envelope e = envelope_query(77, "node-a", 1);
    Swarm__V1__Envelope *back = NULL;
    fail_alloc_from(0);
    CHECK_I64(sw_envelope_unpack(&a, envelope_bytes(&e), &back), SW_ERR_NOMEM);
    (void)fail_alloc_stop();
    CHECK_I64(sw_envelope_unpack(&a, envelope_bytes(&e), &back), SW_OK);
    sw_arena_fini(&a);
}

static void the_lane_is_told_from_the_first_byte(void)
{
    const struct envelope query = envelope_query(1, "a", 1);
    const struct envelope ant = envelope_ant(1);
    const struct envelope answer = envelope_answer(1, (struct sw_bytes){ NULL, 0 });
    const struct envelope hello = envelope_hello("a");
    const struct envelope heads = envelope_heads_get();
    CHECK_U64(sw_envelope_lane(envelope_bytes(&query)), SW_LANE_WORK);
    CHECK_U64(sw_envelope_lane(envelope_bytes(&ant)), SW_LANE_URGENT);
    CHECK_U64(sw_envelope_lane(envelope_bytes(&answer)), SW_LANE_URGENT);
    CHECK_U64(sw_envelope_lane(envelope_bytes(&hello)), SW_LANE_URGENT);
    CHECK_U64(sw_envelope_lane(envelope_bytes(&heads)), SW_LANE_BULK);
    CHECK_U64(sw_envelope_lane((struct sw_bytes){ NULL, 0 }), SW_LANE_URGENT);
}

/* No message may pass as urgent and then be a query. */
static void a_body_behind_another_is_refused(void)
{
    struct sw_arena a = { 0 };
    const struct envelope query = envelope_query(1, "a", 1);
    uint8_t bytes[2100] = { 0x12, 0 }; /* an empty Ant first */
    Swarm__V1__Envelope *back = NULL;
    memcpy(bytes + 2, query.data, query.len);
    CHECK_I64(sw_envelope_unpack(&a, (struct sw_bytes){ bytes, query.len + 2 }, &back),
              SW_ERR_MALFORMED);
    /* ... nor with its tag written in two bytes where one would do. */
    bytes[0] = 0xa2;
    bytes[1] = 0x00;
    memcpy(bytes + 2, query.data + 1, query.len - 1);
    const int err = sw_envelope_unpack(&a, (struct sw_bytes){ bytes, query.len + 1 }, &back);
    CHECK(err == SW_ERR_MALFORMED || back->body_case == SWARM__V1__ENVELOPE__BODY__NOT_SET);
    sw_arena_fini(&a);
}

extern CU_TestInfo tests_codec[];
CU_TestInfo tests_codec[] = {
#define T(name)     \
    {               \
#name, name \
    }
    T(what_is_packed_is_unpacked),
    T(every_cut_of_a_message_is_refused_or_another_message),
    T(a_message_that_blows_up_is_refused),
    T(without_memory_it_says_so),
    T(the_lane_is_told_from_the_first_byte),
    T(a_body_behind_another_is_refused),
    CU_TEST_INFO_NULL,
};

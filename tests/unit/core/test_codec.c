/* SPDX-License-Identifier: GPL-3.0-or-later
 * Envelopes packed, unpacked and told apart. */
#include "node/core/swarm/codec.h"

#include "node/base/rng.h"
#include "node/core/swarm/codec_hot.h"
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

/* ---- the codec of queries and ants, against protobuf-c ---- */

static struct sw_rng draws;

/* Numbers with few and with many bits, and what lies at the ends of the encoding's lengths. */
static uint64_t some_number(uint64_t most)
{
    const uint64_t bits = sw_rng_next(&draws);
    const uint64_t v = sw_rng_next(&draws) >> bits % 64;
    const uint64_t drawn = bits >> 8 & 1 ? v : (UINT64_C(1) << bits % 64) - (bits >> 9 & 1);
    return most == UINT64_MAX ? drawn : drawn % (most + 1);
}

struct some_body {
    union {
        Swarm__V1__Ant ant;
        Swarm__V1__AntReply ant_reply;
        Swarm__V1__Query query;
        Swarm__V1__Answer answer;
    };
    Swarm__V1__Load load;
    char text[300];
    uint8_t bytes[300];
};

static Swarm__V1__Load *some_load(struct some_body *b)
{
    swarm__v1__load__init(&b->load);
    b->load.waiting = (uint32_t)some_number(UINT32_MAX);
    b->load.cores = (uint32_t)some_number(UINT32_MAX);
    b->load.service = some_number(UINT64_MAX);
    return some_number(4) == 0 ? NULL : &b->load;
}

static ProtobufCBinaryData some_bytes(struct some_body *b)
{
    const size_t len = some_number(sizeof b->bytes);
    for (size_t i = 0; i < len; i++) {
        b->bytes[i] = (uint8_t)sw_rng_next(&draws);
    }
    return (ProtobufCBinaryData){ len, b->bytes };
}

static Swarm__V1__Envelope some_envelope(struct some_body *b)
{
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    const size_t len = some_number(sizeof b->text - 1);
    memset(b->text, 'x', len);
    b->text[len] = '\0';
    switch (sw_rng_below(&draws, 4)) {
    case 0:
        swarm__v1__ant__init(&b->ant);
        b->ant.nonce = some_number(UINT64_MAX);
        b->ant.hops = (uint32_t)some_number(UINT32_MAX);
        b->ant.origin = some_number(4) == 0 ? NULL : b->text;
        b->ant.target = some_number(1) == 0 ? NULL : b->text;
        e.body_case = SWARM__V1__ENVELOPE__BODY_ANT;
        e.ant = &b->ant;
        break;
    case 1:
        swarm__v1__ant_reply__init(&b->ant_reply);
        b->ant_reply.nonce = some_number(UINT64_MAX);
        b->ant_reply.load = some_load(b);
        b->ant_reply.refused = some_number(1) != 0;
        e.body_case = SWARM__V1__ENVELOPE__BODY_ANT_REPLY;
        e.ant_reply = &b->ant_reply;
        break;
    case 2:
        swarm__v1__query__init(&b->query);
        b->query.id = some_number(UINT64_MAX);
        b->query.hops = (uint32_t)some_number(UINT32_MAX);
        b->query.origin = some_number(4) == 0 ? NULL : b->text;
        b->query.message = some_bytes(b);
        b->query.stream = some_number(1) != 0;
        b->query.target = some_number(1) == 0 ? NULL : b->text;
        e.body_case = SWARM__V1__ENVELOPE__BODY_QUERY;
        e.query = &b->query;
        break;
    default:
        swarm__v1__answer__init(&b->answer);
        b->answer.id = some_number(UINT64_MAX);
        b->answer.message = some_bytes(b);
        b->answer.load = some_load(b);
        b->answer.sojourn = some_number(UINT64_MAX);
        b->answer.hit = some_number(1) != 0;
        e.body_case = SWARM__V1__ENVELOPE__BODY_ANSWER;
        e.answer = &b->answer;
        break;
    }
    return e;
}

static void random_messages_have_the_same_bytes_and_the_same_meaning(void)
{
    struct sw_arena a = { 0 };
    sw_rng_init(&draws, sw_rng_key(1, "codec", ""));
    for (unsigned i = 0; i < 20000; i++) {
        struct some_body body;
        const Swarm__V1__Envelope e = some_envelope(&body);
        struct sw_bytes packed;
        uint8_t expected[1024];
        uint8_t again[1024];
        const size_t len = swarm__v1__envelope__pack(&e, expected);
        REQUIRE(sw_hot_pack(&a, &e, &packed));
        REQUIRE(packed.len == len && memcmp(packed.data, expected, len) == 0);
        const Swarm__V1__Envelope *back = sw_hot_unpack(&a, packed);
        REQUIRE(back != NULL);
        REQUIRE(swarm__v1__envelope__pack(back, again) == len);
        REQUIRE(memcmp(again, expected, len) == 0);
        sw_arena_reset(&a);
    }
    sw_arena_fini(&a);
}

/* Numbers of ten bytes with bits above 64, explicit zeros, fields twice or out of order, lengths
 * that lie: taken as protobuf-c takes it, or left to it. */
static void altered_messages_mean_what_protobuf_c_says_or_are_left_to_it(void)
{
    struct sw_arena a = { 0 };
    unsigned taken = 0;
    sw_rng_init(&draws, sw_rng_key(2, "codec", ""));
    for (unsigned i = 0; i < 50000; i++) {
        struct some_body body;
        const Swarm__V1__Envelope e = some_envelope(&body);
        uint8_t bytes[1024];
        size_t len = swarm__v1__envelope__pack(&e, bytes);
        for (uint64_t k = sw_rng_below(&draws, 4); k > 0; k--) {
            bytes[some_number(len - 1)] = (uint8_t)some_number(255);
        }
        len -= sw_rng_below(&draws, 8) == 0 ? sw_rng_below(&draws, len) : 0;
        const Swarm__V1__Envelope *back = sw_hot_unpack(&a, (struct sw_bytes){ bytes, len });
        if (back != NULL) {
            uint8_t ours[2048];
            uint8_t theirs[2048];
            Swarm__V1__Envelope *m = swarm__v1__envelope__unpack(NULL, len, bytes);
            REQUIRE(m != NULL);
            const size_t n = swarm__v1__envelope__pack(m, theirs);
            REQUIRE(swarm__v1__envelope__pack(back, ours) == n);
            REQUIRE(memcmp(ours, theirs, n) == 0);
            swarm__v1__envelope__free_unpacked(m, NULL);
            taken++;
        }
        sw_arena_reset(&a);
    }
    CHECK(taken > 5000 && taken < 45000);
    sw_arena_fini(&a);
}

static void what_the_hot_codec_does_not_know_is_left_to_protobuf_c(void)
{
    struct sw_arena a = { 0 };
    const struct envelope ant = envelope_ant(7);
    const struct envelope hello = envelope_hello("a");
    uint8_t longer[64];
    CHECK(sw_hot_unpack(&a, envelope_bytes(&ant)) != NULL);
    CHECK(sw_hot_unpack(&a, envelope_bytes(&hello)) == NULL);
    memcpy(longer, ant.data, ant.len);
    longer[ant.len] = 0x28; /* a field 5 that an Ant may have one day */
    longer[ant.len + 1] = 1;
    longer[1] = (uint8_t)(longer[1] + 2);
    const struct sw_bytes bytes = { longer, ant.len + 2 };
    CHECK(sw_hot_unpack(&a, bytes) == NULL);
    Swarm__V1__Envelope *back = NULL;
    REQUIRE(sw_envelope_unpack(&a, bytes, &back) == SW_OK);
    CHECK_U64(back->ant->nonce, 7);
    struct sw_bytes packed;
    CHECK(!sw_hot_pack(&a, back, &packed)); /* it would lose the unknown field */
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
    T(random_messages_have_the_same_bytes_and_the_same_meaning),
    T(altered_messages_mean_what_protobuf_c_says_or_are_left_to_it),
    T(what_the_hot_codec_does_not_know_is_left_to_protobuf_c),
    CU_TEST_INFO_NULL,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Secret bytes by fast key erasure. */
#include "node/base/err.h"
#include "node/base/keygen.h"
#include "tests/lib/check.h"

#include <sodium.h>

extern CU_TestInfo tests_keygen[];

static void an_unfed_generator_refuses(void)
{
    struct sw_keygen g = { { 0 }, false };
    uint8_t out[4] = { 1, 2, 3, 4 };
    CHECK_I64(sw_keygen_draw(&g, out, sizeof out), SW_ERR_STATE);
    CHECK(memcmp(out, "\1\2\3\4", 4) == 0);
}

static void feeding_hashes_the_key_and_the_data(void)
{
    struct sw_keygen g = { { 0 }, false };
    uint8_t joined[32 + 5] = { 0 };
    uint8_t want[32];
    memcpy(joined + 32, "hello", 5);
    (void)crypto_generichash(want, sizeof want, joined, sizeof joined, NULL, 0);
    sw_keygen_feed(&g, (const uint8_t *)"hello", 5);
    CHECK(g.seeded);
    CHECK(memcmp(g.key, want, sizeof want) == 0);
    memcpy(joined, want, 32);
    (void)crypto_generichash(want, sizeof want, joined, sizeof joined, NULL, 0);
    sw_keygen_feed(&g, (const uint8_t *)"hello", 5);
    CHECK(memcmp(g.key, want, sizeof want) == 0);
}

/* The first two blocks of ChaCha20 with an all-zero key and nonce: RFC 8439, A.1, test vectors
 * 1 and 2 (the variant with 64-bit counter and nonce gives the same bytes there). */
static const uint8_t zero_key_stream[96] = {
    0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd, 0x28,
    0xbd, 0xd2, 0x19, 0xb8, 0xa0, 0x8d, 0xed, 0x1a, 0xa8, 0x36, 0xef, 0xcc, 0x8b, 0x77, 0x0d, 0xc7,
    0xda, 0x41, 0x59, 0x7c, 0x51, 0x57, 0x48, 0x8d, 0x77, 0x24, 0xe0, 0x3f, 0xb8, 0xd8, 0x4a, 0x37,
    0x6a, 0x43, 0xb8, 0xf4, 0x15, 0x18, 0xa1, 0x1c, 0xc3, 0x87, 0xb6, 0x69, 0xb2, 0xee, 0x65, 0x86,
    0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a, 0x98, 0xba, 0x97, 0x7c, 0x73, 0x2d, 0x08, 0x0d,
    0xcb, 0x0f, 0x29, 0xa0, 0x48, 0xe3, 0x65, 0x69, 0x12, 0xc6, 0x53, 0x3e, 0x32, 0xee, 0x7a, 0xed,
};

static void a_draw_gives_block_1_and_keeps_block_0_as_the_next_key(void)
{
    struct sw_keygen g = { { 0 }, true };
    uint8_t out[32];
    CHECK_I64(sw_keygen_draw(&g, out, sizeof out), SW_OK);
    CHECK(memcmp(out, zero_key_stream + 64, 32) == 0);
    CHECK(memcmp(g.key, zero_key_stream, 32) == 0);
}

static void no_draw_repeats_and_every_length_is_filled(void)
{
    struct sw_keygen g = { { 0 }, false };
    uint8_t seen[50][32];
    uint8_t big[1000] = { 0 };
    sw_keygen_feed(&g, (const uint8_t *)"seed", 4);
    for (size_t i = 0; i < 50; i++) {
        CHECK_I64(sw_keygen_draw(&g, seen[i], 32), SW_OK);
        for (size_t j = 0; j < i; j++) {
            CHECK(memcmp(seen[i], seen[j], 32) != 0);
        }
    }
    CHECK_I64(sw_keygen_draw(&g, big, sizeof big), SW_OK);
    size_t zeros = 0;
    for (size_t i = 0; i < sizeof big; i++) {
        zeros += big[i] == 0;
    }
    CHECK(zeros < 30); /* 3.9 expected */
    const struct sw_keygen before = g;
    CHECK_I64(sw_keygen_draw(&g, NULL, 0), SW_OK);
    CHECK(memcmp(before.key, g.key, sizeof g.key) != 0);
}

static void wiping_forgets(void)
{
    struct sw_keygen g = { { 0 }, false };
    const struct sw_keygen empty = { { 0 }, false };
    uint8_t out[4];
    sw_keygen_feed(&g, (const uint8_t *)"seed", 4);
    sw_keygen_wipe(&g);
    CHECK(memcmp(g.key, empty.key, sizeof g.key) == 0);
    CHECK_I64(sw_keygen_draw(&g, out, sizeof out), SW_ERR_STATE);
}

CU_TestInfo tests_keygen[] = {
    { "an unfed generator refuses", an_unfed_generator_refuses },
    { "feeding hashes the key and the data", feeding_hashes_the_key_and_the_data },
    { "a draw gives block 1 and keeps block 0 as the next key",
      a_draw_gives_block_1_and_keeps_block_0_as_the_next_key },
    { "no draw repeats and every length is filled", no_draw_repeats_and_every_length_is_filled },
    { "wiping forgets", wiping_forgets },
    CU_TEST_INFO_NULL,
};

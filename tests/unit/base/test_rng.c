/* SPDX-License-Identifier: GPL-3.0-or-later
 * Philox's known answers, streams, and the shapes of draws. */
#include "node/base/rng.h"
#include "tests/lib/check.h"

#include <math.h>

extern CU_TestInfo tests_rng[];

static void philox_gives_random123s_known_answers(void)
{
    /* Random123, tests/kat_vectors, the lines "philox4x32 10". */
    static const struct {
        uint32_t ctr[4], key[2], out[4];
    } kat[] = {
        { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
          { 0xffffffff, 0xffffffff },
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
          { 0xa4093822, 0x299f31d0 },
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };
    for (size_t i = 0; i < SW_LEN(kat); i++) {
        const struct sw_rng_key key = { { kat[i].key[0], kat[i].key[1] } };
        uint32_t out[4];
        sw_philox(key, kat[i].ctr, out);
        for (size_t j = 0; j < 4; j++) {
            CHECK_U64(out[j], kat[i].out[j]);
        }
    }
}

static void a_number_belongs_to_its_counter(void)
{
    const struct sw_rng_key zero = { { 0, 0 } };
    CHECK_U64(sw_rng_at(zero, 0, 0), UINT64_C(0x6627e8d5e169c58d));
    const struct sw_rng_key key = { { 0xa4093822, 0x299f31d0 } };
    CHECK_U64(sw_rng_at(key, UINT64_C(0x85a308d3243f6a88), UINT64_C(0x0370734413198a2e)),
              UINT64_C(0xd16cfe0994fdcceb));
    CHECK(sw_rng_at(key, 1, 2) != sw_rng_at(key, 2, 1));
}

static void a_stream_is_the_generator_with_a_running_counter(void)
{
    const struct sw_rng_key key = sw_rng_key(1, "test", "stream");
    struct sw_rng rng;
    sw_rng_init(&rng, key);
    for (uint32_t block = 0; block < 10; block++) {
        const uint32_t ctr[4] = { block, 0, UINT32_MAX, UINT32_MAX };
        uint32_t out[4];
        sw_philox(key, ctr, out);
        CHECK_U64(sw_rng_next(&rng), (uint64_t)out[0] << 32 | out[1]);
        CHECK_U64(sw_rng_next(&rng), (uint64_t)out[2] << 32 | out[3]);
    }
    CHECK_U64(rng.draws, 20);
}

static void keys_differ_by_seed_purpose_and_entity(void)
{
    const struct sw_rng_key k[] = {
        sw_rng_key(1, "net", "a"), sw_rng_key(2, "net", "a"), sw_rng_key(1, "disk", "a"),
        sw_rng_key(1, "net", "b"), sw_rng_key(1, "ne", "ta"), sw_rng_key(1, "neta", ""),
    };
    for (size_t i = 0; i < SW_LEN(k); i++) {
        for (size_t j = 0; j < i; j++) {
            CHECK(k[i].k[0] != k[j].k[0] || k[i].k[1] != k[j].k[1]);
        }
    }
    /* python3: hashlib.blake2b(b"\0"*7 + b"\1net\0a", digest_size=32).hexdigest()[:16] */
    CHECK_U64(k[0].k[0], 0x2fe56caf);
    CHECK_U64(k[0].k[1], 0xb0dd0185);
}

static void below_is_in_range_and_even(void)
{
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(3, "test", "below"));
    uint64_t count[7] = { 0 };
    for (int i = 0; i < 70000; i++) {
        const uint64_t x = sw_rng_below(&rng, 7);
        REQUIRE(x < 7);
        count[x]++;
    }
    double chi2 = 0;
    for (size_t i = 0; i < 7; i++) {
        chi2 += ((double)count[i] - 10000) * ((double)count[i] - 10000) / 10000;
    }
    CHECK(chi2 < 22.46); /* 6 degrees of freedom, p = .001 */
    CHECK_U64(sw_rng_below(&rng, 1), 0);
    for (int i = 0; i < 1000; i++) {
        CHECK(sw_rng_below(&rng, UINT64_MAX) < UINT64_MAX);
    }
}

static void below_draws_again_rather_than_be_biased(void)
{
    /* Of 2^64 numbers, n = 2^63 + 1 leaves almost half over: about two draws a number. */
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(4, "test", "below"));
    for (int i = 0; i < 1000; i++) {
        CHECK(sw_rng_below(&rng, (UINT64_C(1) << 63) + 1) <= UINT64_C(1) << 63);
    }
    CHECK(rng.draws > 1800 && rng.draws < 2200);
}

static void units_keep_to_their_intervals(void)
{
    CHECK_NEAR(sw_unit(0), 0, 0);
    CHECK_NEAR(sw_unit(UINT64_MAX), 1 - 0x1p-53, 0);
    CHECK_NEAR(sw_unit(UINT64_C(1) << 63), 0.5, 0);
    CHECK_NEAR(sw_unit_open(0), 0x1p-53, 0);
    CHECK_NEAR(sw_unit_open(UINT64_MAX), 1 - 0x1p-53, 0);
}

static void exponentials_have_their_mean_and_tail(void)
{
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(5, "test", "exponential"));
    const int n = 200000;
    double sum = 0;
    int beyond = 0;
    for (int i = 0; i < n; i++) {
        const double x = sw_exponential(sw_rng_next(&rng), 2.0);
        CHECK(x > 0);
        sum += x;
        beyond += x > 6;
    }
    CHECK_NEAR(sum / n, 2.0, 5 * 2.0 / sqrt(n));
    const double p = exp(-3);
    CHECK_NEAR((double)beyond / n, p, 5 * sqrt(p * (1 - p) / n));
}

static void normals_have_their_moments_and_shape(void)
{
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(6, "test", "normal"));
    const int n = 200000;
    double sum = 0;
    double squares = 0;
    double fourth = 0;
    int within = 0;
    for (int i = 0; i < n; i++) {
        const uint64_t a = sw_rng_next(&rng);
        const double x = sw_normal(a, sw_rng_next(&rng));
        sum += x;
        squares += x * x;
        fourth += x * x * x * x;
        within += x > -1 && x < 1;
    }
    CHECK_NEAR(sum / n, 0, 5 / sqrt(n));
    CHECK_NEAR(squares / n, 1, 5 * sqrt(2.0 / n));
    CHECK_NEAR(fourth / n, 3, 5 * sqrt(96.0 / n));
    CHECK_NEAR((double)within / n, 0.6826894921370859, 5 * sqrt(0.22 / n));
}

static void normals_equal_box_and_mullers_formula(void)
{
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(7, "test", "normal"));
    for (int i = 0; i < 100000; i++) {
        const uint64_t a = sw_rng_next(&rng);
        const uint64_t b = sw_rng_next(&rng);
        const double turn = 2 * 3.14159265358979323846 * ((double)(b >> 8) * 0x1p-56);
        const double r = sqrt(-2 * log(sw_unit_open(a)));
        CHECK_NEAR(sw_normal(a, b), r * cos(turn), 1e-14 * (1 + r));
    }
}

CU_TestInfo tests_rng[] = {
    { "philox gives Random123's known answers", philox_gives_random123s_known_answers },
    { "a number belongs to its counter", a_number_belongs_to_its_counter },
    { "a stream is the generator with a running counter",
      a_stream_is_the_generator_with_a_running_counter },
    { "keys differ by seed, purpose and entity", keys_differ_by_seed_purpose_and_entity },
    { "below is in range and even", below_is_in_range_and_even },
    { "below draws again rather than be biased", below_draws_again_rather_than_be_biased },
    { "units keep to their intervals", units_keep_to_their_intervals },
    { "exponentials have their mean and tail", exponentials_have_their_mean_and_tail },
    { "normals have their moments and shape", normals_have_their_moments_and_shape },
    { "normals equal Box and Muller's formula", normals_equal_box_and_mullers_formula },
    CU_TEST_INFO_NULL,
};

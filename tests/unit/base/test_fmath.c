/* SPDX-License-Identifier: GPL-3.0-or-later
 * Our exp, log and pow against the C library's long double ones. */
#include "node/base/fmath.h"
#include "node/base/rng.h"
#include "tests/lib/check.h"

#include <float.h>
#include <math.h>

extern CU_TestInfo tests_fmath[];

/* Relative error of @got; @want is finite and not 0. */
static double error_of(double got, long double want)
{
    const long double e = ((long double)got - want) / want;
    return (double)(e < 0 ? -e : e);
}

static void exp_agrees_with_libm_over_its_whole_range(void)
{
    double worst = 0;
    for (double x = -708.3; x < 709.7; x += 0.0007) {
        worst = fmax(worst, error_of(sw_exp(x), expl(x)));
    }
    for (double x = -1; x < 1; x += 0.0000071) {
        worst = fmax(worst, error_of(sw_exp(x), expl(x)));
    }
    for (double x = 1; x > 0x1p-1070; x /= 1.7) {
        worst = fmax(worst, error_of(sw_exp(x), expl(x)));
        worst = fmax(worst, error_of(sw_exp(-x), expl(-x)));
    }
    CHECK_NEAR(worst, 0, 3e-16);
}

static void exp_keeps_to_its_edges(void)
{
    CHECK_NEAR(sw_exp(0), 1, 0);
    CHECK_NEAR(sw_exp(-746), 0, 0);
    CHECK_NEAR(sw_exp(-(double)INFINITY), 0, 0);
    CHECK(sw_exp(709.79) > DBL_MAX);
    CHECK(sw_exp(1e300) > DBL_MAX);
    CHECK(sw_exp((double)INFINITY) > DBL_MAX);
    CHECK(isnan(sw_exp((double)NAN)));
    CHECK(sw_exp(709.78) < DBL_MAX);
    for (double x = -745.1; x < -708.3; x += 0.01) { /* subnormal: right to the last step */
        CHECK_NEAR(sw_exp(x), (double)expl(x), 0x1p-1074);
    }
}

static void log_agrees_with_libm_over_its_whole_range(void)
{
    double worst = 0;
    for (double x = 0x1p-1074; x < 0x1p1023; x *= x < 0x1p-1022 ? 1.7 : 1.0003) {
        worst = fmax(worst, error_of(sw_log(x), logl(x)));
    }
    for (double x = 0.5; x < 2; x += 0.0000013) {
        worst = fmax(worst, x == 1 ? 0 : error_of(sw_log(x), logl(x)));
    }
    for (double d = 0x1p-52; d < 0.1; d *= 1.5) { /* near 1, where the result is small */
        worst = fmax(worst, error_of(sw_log(1 + d), logl(1 + d)));
        worst = fmax(worst, error_of(sw_log(1 - d), logl(1 - d)));
    }
    CHECK_NEAR(worst, 0, 5e-16);
}

static void log_keeps_to_its_edges(void)
{
    CHECK_NEAR(sw_log(1), 0, 0);
    CHECK(sw_log(0) < -DBL_MAX);
    CHECK(isnan(sw_log(-1)));
    CHECK(isnan(sw_log((double)NAN)));
    CHECK(sw_log((double)INFINITY) > DBL_MAX);
    CHECK_NEAR(sw_log(0x1p-1074), -744.4400719213812, 1e-12);
}

static void pow_agrees_with_libm_over_its_whole_range(void)
{
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(1, "test", "pow"));
    double worst = 0;
    for (int i = 0; i < 1000000; i++) {
        /* the logarithm of the result is uniform over what a double can hold */
        const double x = sw_exp(-700 + 1400 * sw_unit(sw_rng_next(&rng)));
        const double near = 1 + (sw_unit(sw_rng_next(&rng)) - 0.5) * 0.1;
        const double base = i % 2 == 0 ? x : near;
        const double y = base == 1 ? 1 : (-707 + 1414 * sw_unit(sw_rng_next(&rng))) / sw_log(base);
        const long double want = powl(base, y);
        if (want > DBL_MIN && want < DBL_MAX) {
            worst = fmax(worst, error_of(sw_pow(base, y), want));
        }
    }
    CHECK_NEAR(worst, 0, 5e-15);
}

static void pow_of_small_integers_is_what_multiplying_gives(void)
{
    for (int base = 1; base <= 20; base++) {
        double want = 1;
        for (int y = 0; y <= 12; y++) {
            CHECK_NEAR(sw_pow(base, y), want, want * 1e-15);
            CHECK_NEAR(sw_pow(base, -y), 1 / want, 1e-15 / want);
            want *= base;
        }
    }
}

static void pow_keeps_to_its_edges(void)
{
    const double inf = (double)INFINITY;
    CHECK_NEAR(sw_pow(0, 0), 1, 0);
    CHECK_NEAR(sw_pow((double)NAN, 0), 1, 0);
    CHECK_NEAR(sw_pow(1, (double)NAN), 1, 0);
    CHECK_NEAR(sw_pow(0, 2.5), 0, 0);
    CHECK(sw_pow(0, -2.5) > DBL_MAX);
    CHECK(sw_pow(inf, 0.1) > DBL_MAX);
    CHECK_NEAR(sw_pow(inf, -0.1), 0, 0);
    CHECK(sw_pow(1.5, inf) > DBL_MAX);
    CHECK_NEAR(sw_pow(0.5, inf), 0, 0);
    CHECK_NEAR(sw_pow(1.5, -inf), 0, 0);
    CHECK(sw_pow(0.5, -inf) > DBL_MAX);
    CHECK(sw_pow(10, 400) > DBL_MAX);
    CHECK_NEAR(sw_pow(10, -400), 0, 0);
    CHECK_NEAR(sw_pow(2, -1074), 0x1p-1074, 0);
    CHECK_NEAR(sw_pow(1e300, 1e-30), 1, 0);
    CHECK(isnan(sw_pow(-1, 2)));
    CHECK(isnan(sw_pow((double)NAN, 2)));
    CHECK(isnan(sw_pow(2, (double)NAN)));
}

static void fold(uint64_t *hash, double x)
{
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    *hash = (*hash ^ b) * UINT64_C(0x100000001b3); /* FNV-1a, by words */
}

/* The same bits on every processor, compiler and optimisation level: runs are compared by hash
 * across them, and this is where a difference would begin. */
static void the_bits_are_the_ones_we_always_got(void)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (int i = -70000; i < 70000; i++) {
        const double x = (double)i * 0.01;
        fold(&hash, sw_exp(x));
        fold(&hash, sw_log(sw_exp(x)));
        fold(&hash, sw_pow(1.0 + (double)(i < 0 ? -i : i) * 0.001, x * 0.01));
        fold(&hash, sw_normal((uint64_t)i * UINT64_C(0x9e3779b97f4a7c15),
                              (uint64_t)i * UINT64_C(0xbf58476d1ce4e5b9)));
    }
    CHECK_U64(hash, UINT64_C(0xc183f6c3177e794b));
}

CU_TestInfo tests_fmath[] = {
    { "exp agrees with libm over its whole range", exp_agrees_with_libm_over_its_whole_range },
    { "exp keeps to its edges", exp_keeps_to_its_edges },
    { "log agrees with libm over its whole range", log_agrees_with_libm_over_its_whole_range },
    { "log keeps to its edges", log_keeps_to_its_edges },
    { "pow agrees with libm over its whole range", pow_agrees_with_libm_over_its_whole_range },
    { "pow of small integers is what multiplying gives",
      pow_of_small_integers_is_what_multiplying_gives },
    { "pow keeps to its edges", pow_keeps_to_its_edges },
    { "the bits are the ones we always got", the_bits_are_the_ones_we_always_got },
    CU_TEST_INFO_NULL,
};

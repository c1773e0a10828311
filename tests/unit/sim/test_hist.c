/* SPDX-License-Identifier: GPL-3.0-or-later
 * The histogram against sorted samples. */
#include "node/base/rng.h"
#include "sim/analyse/hist.h"
#include "tests/lib/check.h"

#include <math.h>
#include <stdlib.h>

extern CU_TestInfo tests_hist[];

#define N 20000U

static int by_value(const void *a, const void *b)
{
    const sw_dur x = *(const sw_dur *)a;
    const sw_dur y = *(const sw_dur *)b;
    return x < y ? -1 : x > y;
}

/* Exponential with mean @mean, or uniform over six decades. */
static sw_dur draw(struct sw_rng *rng, double mean)
{
    const double u = sw_unit_open(sw_rng_next(rng));
    return mean > 0 ? (sw_dur)(-log(u) * mean) : (sw_dur)pow(10, 3 + 6 * u);
}

static void check_against_sorted(double mean)
{
    static sw_dur v[N];
    struct sim_hist h = { 0 };
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(7, "test", "hist"));
    for (size_t i = 0; i < N; i++) {
        v[i] = draw(&rng, mean);
        REQUIRE(sim_hist_add(&h, v[i]) == 0);
    }
    qsort(v, N, sizeof v[0], by_value);
    static const double quantiles[] = { 0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1 };
    for (size_t i = 0; i < SW_LEN(quantiles); i++) {
        const double rank = ceil(quantiles[i] * N);
        const double exact = (double)v[rank < 1 ? 0 : (size_t)rank - 1];
        CHECK_NEAR(sim_hist_quantile(&h, quantiles[i]), exact, fmax(exact * 0.00391, 513));
    }
    sim_hist_fini(&h);
}

static void quantiles_are_within_the_stated_error(void)
{
    check_against_sorted(5e6);
    check_against_sorted(0);
}

static void merging_equals_adding_to_one(void)
{
    struct sim_hist parts[2] = { { 0 } };
    struct sim_hist whole = { 0 };
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(8, "test", "hist"));
    for (size_t i = 0; i < 5000; i++) {
        const sw_dur v = draw(&rng, 0);
        REQUIRE(sim_hist_add(&whole, v) == 0 && sim_hist_add(&parts[i % 3 == 0], v) == 0);
    }
    REQUIRE(sim_hist_merge(&parts[0], &parts[1]) == 0);
    CHECK_U64(parts[0].count, whole.count);
    CHECK_U64(parts[0].low, whole.low);
    CHECK_U64(parts[0].high, whole.high);
    CHECK(memcmp(parts[0].buckets, whole.buckets, SIM_HIST_BUCKETS * sizeof(uint32_t)) == 0);
    CHECK_NEAR(sim_hist_mean(&parts[0]), sim_hist_mean(&whole), 1);
    for (size_t i = 0; i < 2; i++) {
        sim_hist_fini(&parts[i]);
    }
    sim_hist_fini(&whole);
}

static void buckets_tile_the_line_and_grow_slowly(void)
{
    CHECK_U64(sim_hist_low(0), 0);
    for (uint32_t i = 1; i < SIM_HIST_BUCKETS; i++) {
        const sw_dur low = sim_hist_low(i);
        const sw_dur width = sim_hist_high(i) - low;
        REQUIRE(low == sim_hist_high(i - 1) && width > 0);
        REQUIRE(width <= 1024 || (double)width <= (double)low / 127.999);
    }
    CHECK(sim_hist_low(SIM_HIST_BUCKETS - 1) > UINT64_C(4) * SW_HOUR);
}

static void an_empty_histogram_has_no_quantiles_and_extremes_fit(void)
{
    struct sim_hist h = { 0 };
    CHECK(isnan(sim_hist_quantile(&h, 0.5)));
    CHECK(isnan(sim_hist_mean(&h)));
    CHECK_U64(sim_hist_above(&h, 0), 0);
    REQUIRE(sim_hist_add(&h, 0) == 0 && sim_hist_add(&h, UINT64_MAX) == 0);
    CHECK_NEAR(sim_hist_quantile(&h, 0.5), 0, 512);
    CHECK_U64(sim_hist_above(&h, SW_HOUR), 1);
    sim_hist_fini(&h);
}

CU_TestInfo tests_hist[] = {
    { "quantiles are within the stated error", quantiles_are_within_the_stated_error },
    { "merging equals adding to one", merging_equals_adding_to_one },
    { "buckets tile the line and grow slowly", buckets_tile_the_line_and_grow_slowly },
    { "an empty histogram has no quantiles, and extremes fit",
      an_empty_histogram_has_no_quantiles_and_extremes_fit },
    CU_TEST_INFO_NULL,
};

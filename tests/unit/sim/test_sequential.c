/* SPDX-License-Identifier: GPL-3.0-or-later
 * Sequential stopping against its promise, the coverage. */
#include "node/base/rng.h"
#include "sim/analyse/sequential.h"
#include "tests/lib/check.h"

#include <math.h>

extern CU_TestInfo tests_sequential[];

#define MOST 320U

static void looks_double_from_ten_to_the_cap(void)
{
    const struct sim_sequential s = { .within = .05, .level = .95, .most = 100 };
    CHECK_U64(sim_sequential_looks(&s), 5);
    CHECK_U64(sim_sequential_runs(&s, 0), 10);
    CHECK_U64(sim_sequential_runs(&s, 1), 20);
    CHECK_U64(sim_sequential_runs(&s, 3), 80);
    CHECK_U64(sim_sequential_runs(&s, 4), 100);
    const struct sim_sequential few = { .within = .05, .level = .95, .most = 4 };
    CHECK_U64(sim_sequential_looks(&few), 1);
    CHECK_U64(sim_sequential_runs(&few, 0), 4);
    const struct sim_sequential even = { .within = .05, .level = .95, .most = 20 };
    CHECK_U64(sim_sequential_looks(&even), 2);
    CHECK_U64(sim_sequential_runs(&even, 1), 20);
}

static void it_stops_when_half_the_width_is_within_the_share(void)
{
    /* One look: t(.975; 3) = 3.182446, sd = sqrt(20/3), n = 4: half = 4.108520 around 13. */
    const double x[] = { 10, 12, 14, 16 };
    struct sim_sequential s = { .within = .317, .level = .95, .most = 4 };
    struct sim_interval i;
    CHECK(sim_sequential_look(&s, x, 4, 0, &i));
    CHECK_NEAR(i.high - 13, 4.108520, 1e-6);
    s.within = .316;
    CHECK(!sim_sequential_look(&s, x, 4, 0, &i));
    s.within = .317; /* read to 1 %: .13 more on either side */
    CHECK(!sim_sequential_look(&s, x, 4, .01, &i));
    CHECK_NEAR(i.high - 13, 4.238520, 1e-6);
}

static void a_run_without_a_value_never_stops_it(void)
{
    const double x[] = { 10, 10, NAN, 10 };
    const struct sim_sequential s = { .within = .5, .level = .95, .most = 4 };
    struct sim_interval i;
    CHECK(!sim_sequential_look(&s, x, 4, 0, &i));
    CHECK(isnan(i.mean));
}

/* A fault that a storm drew in 6 of the first 10 runs: equal values, but too few. */
static void fewer_values_than_the_first_look_has_runs_never_stop_it(void)
{
    const double x[] = { 2, 2, 2, 2, 2, 2, 2, 2, 2, 2 };
    const struct sim_sequential s = { .within = .5, .level = .95, .most = 40 };
    struct sim_interval i;
    CHECK(!sim_sequential_look(&s, x, 6, 0, &i));
    CHECK_NEAR(i.mean, 2, 0);
    CHECK(!sim_sequential_look(&s, x, 9, 0, &i));
    CHECK(sim_sequential_look(&s, x, 10, 0, &i));
    CHECK(!sim_sequential_look(&s, x, 0, 0, &i));
}

/* Streams of which the mean is 1: normal, and exponential with a floor as latencies are. */
static double draw(struct sw_rng *rng, bool normal)
{
    if (normal) {
        return 1 + .2 * sw_normal(sw_rng_next(rng), sw_rng_next(rng));
    }
    return .7 + sw_exponential(sw_rng_next(rng), .3);
}

/* How often in 4000 streams the interval covers, looking by the rule or after every run. */
static unsigned coverage(bool normal, bool naive, double within, double *runs)
{
    const struct sim_sequential s = { .within = within, .level = .95, .most = MOST };
    struct sw_rng rng;
    unsigned covered = 0;
    sw_rng_init(&rng, sw_rng_key(normal ? 1 : 2, "test", "sequential"));
    *runs = 0;
    for (unsigned stream = 0; stream < 4000; stream++) {
        double x[MOST];
        size_t n = 0;
        struct sim_interval i = { NAN, NAN, NAN };
        bool stop = false;
        for (unsigned k = 0; !stop && n < MOST; k++) {
            const size_t until = naive ? (n == 0 ? 2 : n + 1) : sim_sequential_runs(&s, k);
            while (n < until) {
                x[n++] = draw(&rng, normal);
            }
            if (naive) {
                CHECK_I64(sim_stats_mean(x, n, .95, &i), 0);
                stop = (i.high - i.low) / 2 <= within * i.mean;
            } else {
                stop = sim_sequential_look(&s, x, n, 0, &i);
            }
        }
        covered += i.low <= 1 && 1 <= i.high ? 1 : 0;
        *runs += (double)n / 4000;
    }
    return covered;
}

/* 3800 promised; 3 standard deviations of 4000 trials are 41.  Naive stopping at the same widths
 * misses by far more: the test sees the difference. */
static void intervals_at_stopping_cover_as_promised(void)
{
    static const double within[] = { .15, .10, .05 };
    double runs = 0;
    for (size_t i = 0; i < SW_LEN(within); i++) {
        CHECK(coverage(true, false, within[i], &runs) >= 3800 - 41);
        CHECK(runs >= 10 && runs <= MOST);
        CHECK(coverage(false, false, within[i], &runs) >= 3800 - 41);
    }
    CHECK(coverage(true, true, .10, &runs) < 3800 - 200);
}

CU_TestInfo tests_sequential[] = {
    { "looks double from ten to the cap", looks_double_from_ten_to_the_cap },
    { "it stops when half the width is within the share",
      it_stops_when_half_the_width_is_within_the_share },
    { "a run without a value never stops it", a_run_without_a_value_never_stops_it },
    { "fewer values than the first look has runs never stop it",
      fewer_values_than_the_first_look_has_runs_never_stop_it },
    { "intervals at stopping cover as promised", intervals_at_stopping_cover_as_promised },
    CU_TEST_INFO_NULL,
};

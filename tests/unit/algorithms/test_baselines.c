/* SPDX-License-Identifier: GPL-3.0-or-later
 * random, lowest_rtt and peak_ewma, worked by hand. */
#include "tests/lib/route.h"

extern CU_TestInfo tests_baselines[];

#define MS ((double)SW_MS)

static void random_is_even_over_the_untried(void)
{
    struct route_test t;
    uint64_t count[5] = { 0 };
    route_begin(&t, "random");
    t.tried[t.n_tried++] = 2;
    for (int i = 0; i < 40000; i++) {
        count[route_choose(&t, 5)]++;
    }
    CHECK_U64(count[2], 0);
    double chi2 = 0;
    for (size_t i = 0; i < 5; i++) {
        if (i != 2) {
            chi2 += ((double)count[i] - 10000) * ((double)count[i] - 10000) / 10000;
        }
    }
    CHECK(chi2 < 16.27); /* 3 degrees of freedom, p = .001 */
    route_end(&t);
}

static void random_asks_again_when_everybody_was_tried(void)
{
    struct route_test t;
    bool seen[2] = { false, false };
    route_begin(&t, "random");
    t.tried[t.n_tried++] = 0;
    t.tried[t.n_tried++] = 1;
    for (int i = 0; i < 100; i++) {
        seen[route_choose(&t, 2)] = true;
    }
    CHECK(seen[0] && seen[1]);
    route_end(&t);
}

static void lowest_rtt_tries_each_once_then_takes_the_nearest(void)
{
    struct route_test t;
    route_begin(&t, "lowest_rtt");
    CHECK_U64(route_choose(&t, 3), 0);
    route_answer(&t, 0, 30 * SW_MS);
    CHECK_U64(route_choose(&t, 3), 1);
    route_answer(&t, 1, 10 * SW_MS);
    CHECK_U64(route_choose(&t, 3), 2);
    route_answer(&t, 2, 20 * SW_MS);
    CHECK_U64(route_choose(&t, 3), 1);
    t.tried[t.n_tried++] = 1;
    CHECK_U64(route_choose(&t, 3), 2);
    CHECK_U64(t.rng.draws, 0);
    route_end(&t);
}

static void lowest_rtt_leaves_a_dead_peer_alone_and_comes_back(void)
{
    struct route_test t;
    route_begin(&t, "lowest_rtt");
    route_answer(&t, 0, 10 * SW_MS);
    route_answer(&t, 1, 110 * SW_MS);
    route_timeout(&t, 0);
    CHECK_NEAR(route_cost(&t, 0), 1010 * MS, 1);
    CHECK_U64(route_choose(&t, 2), 1);
    t.now += 30 * SW_SEC; /* the penalty shrank to 1/e: 10 + 367.9 ms */
    CHECK_NEAR(route_cost(&t, 0), (10 + 1000 * 0.36787944117144233) * MS, 1);
    CHECK_U64(route_choose(&t, 2), 1);
    t.now += 40 * SW_SEC; /* e^-(70/30) = .0970 < .1 */
    CHECK_U64(route_choose(&t, 2), 0);
    route_timeout(&t, 0); /* 97.0 + 1000 */
    CHECK_NEAR(route_cost(&t, 0), (10 + 1000 + 1000 * 0.09697196786440505) * MS, 1);
    route_answer(&t, 0, 10 * SW_MS);
    CHECK_NEAR(route_cost(&t, 0), 10 * MS, 1);
    route_end(&t);
}

static void peak_ewma_jumps_to_a_peak_and_decays_from_it(void)
{
    struct route_test t;
    route_begin(&t, "peak_ewma");
    route_answer(&t, 0, 20 * SW_MS);
    CHECK_NEAR(route_cost(&t, 0), 20 * MS, 1e-6);
    route_answer(&t, 0, 50 * SW_MS); /* a peak counts at once */
    CHECK_NEAR(route_cost(&t, 0), 50 * MS, 1e-6);
    t.now += 10 * SW_SEC; /* tau: w = 1/e */
    CHECK_NEAR(route_cost(&t, 0), 50 * 0.36787944117144233 * MS, 1);
    route_answer(&t, 0, 10 * SW_MS); /* 50/e + 10 (1 - 1/e) */
    CHECK_NEAR(route_cost(&t, 0), (50 * 0.36787944117144233 + 10 * 0.6321205588285577) * MS, 1);
    route_end(&t);
}

static void peak_ewma_multiplies_by_what_is_in_flight(void)
{
    struct route_test t;
    route_begin(&t, "peak_ewma");
    route_answer(&t, 0, 20 * SW_MS);
    route_answer(&t, 1, 50 * SW_MS);
    CHECK_U64(route_choose(&t, 2), 0);
    route_send(&t, 0);
    CHECK_NEAR(route_cost(&t, 0), 40 * MS, 1e-6);
    CHECK_U64(route_choose(&t, 2), 0);
    route_send(&t, 0); /* 20 * 3 > 50 * 1 */
    CHECK_U64(route_choose(&t, 2), 1);
    route_answer(&t, 0, 20 * SW_MS);
    CHECK_U64(route_choose(&t, 2), 0);
    route_end(&t);
}

static void peak_ewma_puts_a_silent_peer_that_was_asked_last(void)
{
    struct route_test t;
    route_begin(&t, "peak_ewma");
    route_answer(&t, 0, 800 * SW_MS);
    CHECK_U64(route_choose(&t, 2), 1); /* never heard, never asked: load 0 */
    route_send(&t, 1);
    CHECK_NEAR(route_cost(&t, 1), (double)(INT64_MAX >> 16) + 1, 0);
    CHECK_U64(route_choose(&t, 2), 0);
    t.tried[t.n_tried++] = 0;
    CHECK_U64(route_choose(&t, 2), 1);
    route_end(&t);
}

static void peak_ewma_counts_a_timeout_as_the_time_waited(void)
{
    struct route_test t;
    route_begin(&t, "peak_ewma");
    route_answer(&t, 0, 20 * SW_MS); /* patience: 20 + 4 * 10 */
    route_send(&t, 0);
    route_timeout(&t, 0);
    CHECK_NEAR(route_cost(&t, 0), 60 * MS, 1e-6);
    const struct sw_telemetry nothing = { 0 };
    t.r.policy->on_reply(&t.r, 0, t.now, 900 * SW_MS, &nothing, false,
                         true); /* late: not observed */
    CHECK_NEAR(route_cost(&t, 0), 60 * MS, 1e-6);
    route_end(&t);
}

CU_TestInfo tests_baselines[] = {
    { "random is even over the untried", random_is_even_over_the_untried },
    { "random asks again when everybody was tried", random_asks_again_when_everybody_was_tried },
    { "lowest_rtt tries each once, then takes the nearest",
      lowest_rtt_tries_each_once_then_takes_the_nearest },
    { "lowest_rtt leaves a dead peer alone and comes back",
      lowest_rtt_leaves_a_dead_peer_alone_and_comes_back },
    { "peak_ewma jumps to a peak and decays from it",
      peak_ewma_jumps_to_a_peak_and_decays_from_it },
    { "peak_ewma multiplies by what is in flight", peak_ewma_multiplies_by_what_is_in_flight },
    { "peak_ewma puts a silent peer that was asked last",
      peak_ewma_puts_a_silent_peer_that_was_asked_last },
    { "peak_ewma counts a time-out as the time waited",
      peak_ewma_counts_a_timeout_as_the_time_waited },
    CU_TEST_INFO_NULL,
};

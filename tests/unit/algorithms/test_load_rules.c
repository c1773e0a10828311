/* SPDX-License-Identifier: GPL-3.0-or-later
 * Policies that look at load (round_robin, weighted_random, least_outstanding, power_of_two,
 * region_first, bounded_hash, c3, prequal), worked by hand from the rules in their headers. */
#include "tests/lib/route.h"

extern CU_TestInfo tests_load_rules[];

#define MS ((double)SW_MS)
#define SEVERAL 20000
#define SHARE_ERROR 0.018 /* five standard deviations near one half */

static void round_robin_goes_round_and_skips_the_tried(void)
{
    struct route_test t;
    route_begin(&t, "round_robin");
    CHECK_U64(route_choose(&t, 3), 0);
    CHECK_U64(route_choose(&t, 3), 1);
    CHECK_U64(route_choose(&t, 3), 2);
    CHECK_U64(route_choose(&t, 3), 0);
    t.tried[t.n_tried++] = 1;
    CHECK_U64(route_choose(&t, 3), 2);
    CHECK_U64(route_choose(&t, 3), 0);
    CHECK_U64(route_choose(&t, 3), 2);
    route_end(&t);
}

static void weighted_random_draws_by_cores_over_service_time(void)
{
    struct route_test t;
    double share[3];
    route_begin(&t, "weighted_random");
    route_report(&t, 0, SW_MS, (struct sw_telemetry){ .cores = 4, .service = SW_MS }, false);
    route_report(&t, 1, SW_MS, (struct sw_telemetry){ .cores = 2, .service = 2 * SW_MS }, false);
    route_frequencies(&t, 2, SEVERAL, share);
    CHECK_NEAR(share[0], 0.8, SHARE_ERROR);
    route_frequencies(&t, 3, SEVERAL, share); /* the third counts as the ablest: 4 : 1 : 4 */
    CHECK_NEAR(share[0], 4.0 / 9, SHARE_ERROR);
    CHECK_NEAR(share[2], 4.0 / 9, SHARE_ERROR);
    route_end(&t);
}

static void least_outstanding_breaks_ties_by_round_trip(void)
{
    struct route_test t;
    route_begin(&t, "least_outstanding");
    route_answer(&t, 0, 30 * SW_MS);
    route_answer(&t, 1, 10 * SW_MS);
    CHECK_U64(route_choose(&t, 2), 1);
    route_send(&t, 1);
    CHECK_U64(route_choose(&t, 2), 0); /* 0 in flight, however far */
    route_send(&t, 0);
    CHECK_U64(route_choose(&t, 2), 1);
    route_timeout(&t, 0);
    CHECK_U64(route_choose(&t, 2), 0);
    route_end(&t);
}

static void power_of_two_is_loaded_only_when_drawn_twice(void)
{
    struct route_test t;
    double share[4];
    route_begin(&t, "power_of_two");
    route_send(&t, 0);
    route_frequencies(&t, 4, SEVERAL, share);
    CHECK_NEAR(share[0], 1.0 / 16, 0.009);
    for (size_t i = 1; i < 4; i++) {
        CHECK_NEAR(share[i], 5.0 / 16, SHARE_ERROR); /* (1 - 1/16)/3 */
    }
    route_end(&t);
}

static void region_first_leaves_the_region_for_failures_alone(void)
{
    struct route_test t;
    route_begin(&t, "region_first");
    t.peers[1].same_region = true;
    t.peers[2].same_region = true;
    route_answer(&t, 0, SW_MS); /* nearest of all, and in another region */
    for (int i = 0; i < 100; i++) {
        route_send(&t, 1);
        route_send(&t, 2);
    }
    route_send(&t, 2);
    CHECK_U64(route_choose(&t, 3), 1);
    route_timeout(&t, 1);
    CHECK_U64(route_choose(&t, 3), 1); /* one time-out is none */
    route_timeout(&t, 1);
    CHECK_U64(route_choose(&t, 3), 2);
    route_timeout(&t, 2);
    route_timeout(&t, 2);
    CHECK_U64(route_choose(&t, 3), 0);
    t.now += 30 * SW_SEC;
    CHECK_U64(route_choose(&t, 3), 1); /* forgotten: 98 in flight against 99 */
    route_end(&t);
}

static uint32_t choose_class(struct route_test *t, size_t n, uint64_t query_class)
{
    const struct sw_choice c = {
        .now = t->now, .query_class = query_class, .candidates = t->peers, .n = n
    };
    return t->peers[t->r.policy->choose(&t->r, &c, &t->rng)].peer;
}

static void bounded_hash_spreads_classes_and_moves_few_when_one_goes(void)
{
    struct route_test t;
    uint64_t count[8] = { 0 };
    route_begin(&t, "bounded_hash");
    for (uint64_t k = 0; k < 8000; k++) {
        const uint32_t home = choose_class(&t, 8, k);
        const uint32_t without = choose_class(&t, 7, k);
        count[home]++;
        CHECK(home == 7 || without == home);
    }
    double chi2 = 0;
    for (size_t i = 0; i < 8; i++) {
        chi2 += ((double)count[i] - 1000) * ((double)count[i] - 1000) / 1000;
    }
    CHECK(chi2 < 24.32); /* 7 degrees of freedom, p = .001 */
    route_end(&t);
}

static void bounded_hash_finds_the_same_home_from_everywhere(void)
{
    struct route_test t;
    route_begin(&t, "bounded_hash");
    uint64_t home[100];
    for (uint64_t k = 0; k < 100; k++) {
        home[k] = t.peers[choose_class(&t, 6, k)].id;
    }
    for (uint32_t i = 0; i < 3; i++) { /* another node numbers its peers otherwise */
        const uint64_t id = t.peers[i].id;
        t.peers[i].id = t.peers[5 - i].id;
        t.peers[5 - i].id = id;
    }
    for (uint64_t k = 0; k < 100; k++) {
        CHECK_U64(t.peers[choose_class(&t, 6, k)].id, home[k]);
    }
    route_end(&t);
}

static void bounded_hash_passes_on_what_is_beyond_the_cap(void)
{
    struct route_test t;
    route_begin(&t, "bounded_hash");
    const uint32_t home = choose_class(&t, 4, 42);
    route_send(&t, home); /* cap = ceil(1.25 * 2/4) = 1 */
    const uint32_t second = choose_class(&t, 4, 42);
    CHECK(second != home);
    CHECK_U64(choose_class(&t, 4, 42), second);
    for (uint32_t i = 0; i < 4; i++) {
        route_send(&t, i); /* home 2, others 1: cap = ceil(1.25 * 6/4) = 2 */
    }
    CHECK_U64(choose_class(&t, 4, 42), second);
    route_answer(&t, home, SW_MS);
    CHECK_U64(choose_class(&t, 4, 42), home);
    route_end(&t);
}

static void c3_cubes_the_queue(void)
{
    struct route_test t;
    const struct sw_telemetry two = { .waiting = 2, .cores = 2, .service = 4 * SW_MS };
    route_begin(&t, "c3");
    route_report(&t, 0, 20 * SW_MS, two, false); /* 20 - 2 + (1 + 0 + 2)^3 * 2 */
    CHECK_NEAR(route_cost(&t, 0), 72 * MS, 1);
    route_send(&t, 0); /* q = 1 + 4 + 2 */
    CHECK_NEAR(route_cost(&t, 0), (18 + 343 * 2) * MS, 1);
    route_report(&t, 0, 40 * SW_MS, two, false); /* R = 20 + .3 * 20 */
    CHECK_NEAR(route_cost(&t, 0), (26 - 2 + 54) * MS, 1);
    const struct sw_telemetry none = { .waiting = 0, .cores = 2, .service = 4 * SW_MS };
    route_report(&t, 0, 26 * SW_MS, none, false); /* q = 2 - .6: 2.4^3 = 13.824 */
    CHECK_NEAR(route_cost(&t, 0), (24 + 13.824 * 2) * MS, 1);
    CHECK_U64(route_choose(&t, 2), 1); /* never heard */
    route_end(&t);
}

static struct sw_telemetry busy(uint32_t waiting)
{
    return (struct sw_telemetry){ .waiting = waiting, .cores = 100, .service = SW_MS };
}

static void prequal_avoids_the_hot_and_takes_the_quickest_of_the_rest(void)
{
    struct route_test t;
    route_begin(&t, "prequal");
    route_set(&t, "q_rif", 0.75);
    route_set(&t, "removals", 0);
    route_report(&t, 0, 10 * SW_MS, busy(1), true);
    route_report(&t, 1, 5 * SW_MS, busy(1), true);
    route_report(&t, 2, SW_MS, busy(9), true); /* above the .75 quantile, which is 1 */
    route_report(&t, 3, 20 * SW_MS, busy(1), true);
    CHECK_U64(route_choose(&t, 4), 1); /* used up: one use before a choice was made */
    CHECK_U64(route_choose(&t, 4), 0);
    CHECK_U64(route_choose(&t, 4), 3);
    CHECK_U64(t.rng.draws, 0);
    route_end(&t);
}

static void prequal_draws_when_it_knows_fewer_than_two(void)
{
    struct route_test t;
    bool seen[4] = { false };
    route_begin(&t, "prequal");
    route_report(&t, 0, 10 * SW_MS, busy(1), true);
    for (int i = 0; i < 200; i++) {
        seen[route_choose(&t, 4)] = true;
    }
    CHECK(seen[0] && seen[1] && seen[2] && seen[3]);
    route_end(&t);
}

static void prequal_forgets_after_a_second(void)
{
    struct route_test t;
    route_begin(&t, "prequal");
    route_set(&t, "removals", 0);
    route_report(&t, 0, 10 * SW_MS, busy(1), true);
    route_report(&t, 1, 5 * SW_MS, busy(1), true);
    t.now += SW_SEC + 1;
    (void)route_choose(&t, 2);
    CHECK(t.rng.draws > 0);
    route_end(&t);
}

static void prequal_earns_three_probes_a_query(void)
{
    struct route_test t;
    uint64_t probes = 0;
    route_begin(&t, "prequal");
    for (int i = 0; i < 100; i++) {
        (void)route_choose(&t, 4);
        while (t.r.policy->next_probe(&t.r, t.now, t.peers, 4, &t.rng) != SW_NO_PEER) {
            probes++;
        }
    }
    CHECK_U64(probes, 300);
    route_end(&t);
}

CU_TestInfo tests_load_rules[] = {
    { "round robin goes round and skips the tried", round_robin_goes_round_and_skips_the_tried },
    { "weighted random draws by cores over service time",
      weighted_random_draws_by_cores_over_service_time },
    { "least outstanding breaks ties by round trip", least_outstanding_breaks_ties_by_round_trip },
    { "power of two takes the loaded only when drawn twice",
      power_of_two_is_loaded_only_when_drawn_twice },
    { "region first leaves the region for failures alone",
      region_first_leaves_the_region_for_failures_alone },
    { "bounded hash spreads classes, and moves few when one goes",
      bounded_hash_spreads_classes_and_moves_few_when_one_goes },
    { "bounded hash finds the same home from everywhere",
      bounded_hash_finds_the_same_home_from_everywhere },
    { "bounded hash passes on what is beyond the cap",
      bounded_hash_passes_on_what_is_beyond_the_cap },
    { "C3 cubes the queue", c3_cubes_the_queue },
    { "Prequal avoids the hot and takes the quickest of the rest",
      prequal_avoids_the_hot_and_takes_the_quickest_of_the_rest },
    { "Prequal draws when it knows fewer than two", prequal_draws_when_it_knows_fewer_than_two },
    { "Prequal forgets after a second", prequal_forgets_after_a_second },
    { "Prequal earns three probes a query", prequal_earns_three_probes_a_query },
    CU_TEST_INFO_NULL,
};

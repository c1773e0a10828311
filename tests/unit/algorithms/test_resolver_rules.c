/* SPDX-License-Identifier: GPL-3.0-or-later
 * How resolvers choose name servers (bind_srtt, unbound_band, epsilon_greedy, hickory_decay),
 * worked by hand from the rules in their headers. */
#include "tests/lib/route.h"

extern CU_TestInfo tests_resolver_rules[];

#define MS ((double)SW_MS)
#define SEVERAL 20000
/* Five standard deviations of a share near one half of SEVERAL. */
#define SHARE_ERROR 0.018

static void bind_begins_at_random_below_32_microseconds(void)
{
    struct route_test t;
    route_begin(&t, "bind_srtt");
    (void)route_choose(&t, 4);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK(route_cost(&t, i) >= 0.98 * 1000 && route_cost(&t, i) <= 32 * 1000);
    }
    route_end(&t);
}

static void bind_mixes_seven_to_three_and_adds_200_ms_for_silence(void)
{
    struct route_test t;
    route_begin(&t, "bind_srtt");
    (void)route_choose(&t, 1);
    const double s0 = route_cost(&t, 0);
    route_answer(&t, 0, 10 * SW_MS);
    CHECK_NEAR(route_cost(&t, 0), 0.7 * s0 + 3 * MS, 1);
    route_timeout(&t, 0);
    CHECK_NEAR(route_cost(&t, 0), 0.7 * s0 + 203 * MS, 1);
    for (int i = 0; i < 60; i++) {
        route_timeout(&t, 0);
    }
    CHECK_NEAR(route_cost(&t, 0), 10000 * MS, 1);
    route_end(&t);
}

static void bind_ages_those_not_chosen_once_a_second(void)
{
    struct route_test t;
    route_begin(&t, "bind_srtt");
    (void)route_choose(&t, 2);
    route_answer(&t, 0, 100 * SW_MS);
    route_timeout(&t, 1);
    const double fast = route_cost(&t, 0); /* about 30 ms */
    const double slow = route_cost(&t, 1); /* about 200 ms */
    t.now += SW_SEC;
    CHECK_U64(route_choose(&t, 2), 0);
    CHECK_U64(route_choose(&t, 2), 0);
    CHECK_NEAR(route_cost(&t, 1), 0.98 * slow, 1);
    CHECK_NEAR(route_cost(&t, 0), fast, 1e-6);
    t.now += SW_SEC;
    CHECK_U64(route_choose(&t, 2), 0);
    CHECK_NEAR(route_cost(&t, 1), 0.98 * 0.98 * slow, 1);
    route_end(&t);
}

static void unbound_estimates_as_its_source_does(void)
{
    struct route_test t;
    route_begin(&t, "unbound_band");
    CHECK_NEAR(route_cost(&t, 0), 376 * MS, 1e-3);
    route_answer(&t, 0, 40 * SW_MS); /* srtt 5, var 94 - 54/4 + ... = 80.5 */
    CHECK_NEAR(route_cost(&t, 0), (5 + 4 * 80.5) * MS, 1);
    route_answer(&t, 0, 40 * SW_MS); /* srtt 9.375, var 80.5 - 45.5/4 */
    CHECK_NEAR(route_cost(&t, 0), (9.375 + 4 * 69.125) * MS, 1);
    route_end(&t);
}

static void unbound_doubles_what_it_waited_and_not_what_others_made_of_it(void)
{
    struct route_test t;
    route_begin(&t, "unbound_band");
    route_send(&t, 0);
    route_send(&t, 0);
    route_timeout(&t, 0);
    CHECK_NEAR(route_cost(&t, 0), 752 * MS, 1e-3);
    route_timeout(&t, 0); /* left at the same time: doubled once only */
    CHECK_NEAR(route_cost(&t, 0), 752 * MS, 1e-3);
    for (int i = 0; i < 20; i++) {
        route_send(&t, 0);
        route_timeout(&t, 0);
    }
    CHECK_NEAR(route_cost(&t, 0), 120000 * MS, 1);
    route_end(&t);
}

static void unbound_is_even_inside_the_band(void)
{
    struct route_test t;
    double share[3];
    route_begin(&t, "unbound_band");
    route_answer(&t, 0, 40 * SW_MS); /* 327 ms; peers 1 and 2: 376 ms */
    route_send(&t, 2);
    route_timeout(&t, 2); /* 752 > 327 + 400 */
    route_frequencies(&t, 3, SEVERAL, share);
    CHECK_NEAR(share[0], 0.5, SHARE_ERROR);
    CHECK_NEAR(share[1], 0.5, SHARE_ERROR);
    CHECK_NEAR(share[2], 0, 0);
    route_end(&t);
}

static void knot_takes_the_unknown_first_then_the_shortest_wait(void)
{
    struct route_test t;
    route_begin(&t, "epsilon_greedy");
    route_set(&t, "epsilon", 0);
    route_answer(&t, 0, 20 * SW_MS); /* 20 + 4 * 10 */
    CHECK_NEAR(route_cost(&t, 0), 60 * MS, 1);
    CHECK_U64(route_choose(&t, 2), 1);
    route_answer(&t, 1, 4 * SW_MS); /* 4 + max(4 * 2, 20) */
    CHECK_NEAR(route_cost(&t, 1), 24 * MS, 1);
    CHECK_U64(route_choose(&t, 2), 1);
    route_timeout(&t, 1); /* doubled */
    CHECK_NEAR(route_cost(&t, 1), 48 * MS, 1);
    CHECK_U64(route_choose(&t, 2), 1);
    route_timeout(&t, 1);
    CHECK_U64(route_choose(&t, 2), 0);
    for (int i = 0; i < 10; i++) {
        route_timeout(&t, 1); /* 2^5 at most */
    }
    CHECK_NEAR(route_cost(&t, 1), 24 * 32 * MS, 1);
    route_answer(&t, 1, 4 * SW_MS); /* forgiven: var 1.5, 4 + 20 */
    CHECK_NEAR(route_cost(&t, 1), 24 * MS, 1);
    route_end(&t);
}

static void knot_explores_evenly_in_one_query_of_twenty(void)
{
    struct route_test t;
    double share[4];
    route_begin(&t, "epsilon_greedy");
    for (uint32_t i = 0; i < 4; i++) {
        route_answer(&t, i, (10 + 10 * i) * SW_MS);
    }
    route_frequencies(&t, 4, 10 * SEVERAL, share);
    CHECK_NEAR(share[0], 1 - 0.05 * 3 / 4, 0.003);
    for (uint32_t i = 1; i < 4; i++) {
        CHECK_NEAR(share[i], 0.05 / 4, 0.002);
    }
    route_end(&t);
}

static void knot_gives_an_explored_peer_twice_the_best_wait_and_no_blame(void)
{
    struct route_test t;
    route_begin(&t, "epsilon_greedy");
    route_answer(&t, 0, 10 * SW_MS);  /* patience 10 + 4 * 5 = 30 ms */
    route_answer(&t, 1, 100 * SW_MS); /* 100 + 4 * 50 = 300 ms */
    route_set(&t, "epsilon", 1);
    while (route_choose(&t, 2) != 1) {
    }
    CHECK_U64(t.r.policy->patience(&t.r, 1), 60 * SW_MS);
    const double before = route_cost(&t, 1);
    route_send(&t, 1);
    route_timeout(&t, 1);
    CHECK_NEAR(route_cost(&t, 1), before, 1e-6);
    route_timeout(&t, 1); /* an attempt of an ordinary choice */
    CHECK_NEAR(route_cost(&t, 1), 2 * before, 1e-3);
    route_end(&t);
}

static void hickory_fades_while_unused_and_mixes_by_age(void)
{
    struct route_test t;
    route_begin(&t, "hickory_decay");
    (void)route_choose(&t, 1);
    const double s0 = route_cost(&t, 0);
    CHECK(s0 >= 1000 && s0 <= 32000);
    t.now += 3 * SW_SEC; /* w = 1/e */
    route_answer(&t, 0, 10 * SW_MS);
    const double s1 = s0 * 0.36787944117144233 + 10 * MS * 0.6321205588285577;
    CHECK_NEAR(route_cost(&t, 0), s1, 1);
    t.now += 180 * SW_SEC;
    CHECK_NEAR(route_cost(&t, 0), s1 * 0.36787944117144233, 1);
    route_timeout(&t, 0); /* to the value stored, not the one read */
    CHECK_NEAR(route_cost(&t, 0), s1 + 150 * MS, 1);
    for (int i = 0; i < 50; i++) {
        route_timeout(&t, 0);
    }
    CHECK_NEAR(route_cost(&t, 0), 5000 * MS, 1);
    route_end(&t);
}

CU_TestInfo tests_resolver_rules[] = {
    { "BIND begins at random below 32 microseconds", bind_begins_at_random_below_32_microseconds },
    { "BIND mixes seven to three, and adds 200 ms for silence",
      bind_mixes_seven_to_three_and_adds_200_ms_for_silence },
    { "BIND ages those not chosen once a second", bind_ages_those_not_chosen_once_a_second },
    { "Unbound estimates as its source does", unbound_estimates_as_its_source_does },
    { "Unbound doubles what it waited, not what others made of it",
      unbound_doubles_what_it_waited_and_not_what_others_made_of_it },
    { "Unbound is even inside the band", unbound_is_even_inside_the_band },
    { "Knot takes the unknown first, then the shortest wait",
      knot_takes_the_unknown_first_then_the_shortest_wait },
    { "Knot explores evenly in one query of twenty", knot_explores_evenly_in_one_query_of_twenty },
    { "Knot gives an explored peer twice the best wait, and no blame",
      knot_gives_an_explored_peer_twice_the_best_wait_and_no_blame },
    { "hickory fades while unused and mixes by age", hickory_fades_while_unused_and_mixes_by_age },
    CU_TEST_INFO_NULL,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * The ant colony's formulas, worked by hand with the default parameters unless set. */
#include "tests/lib/route.h"

#include <math.h>

extern CU_TestInfo tests_ant_colony[];

#define MS ((double)SW_MS)
#define E1 0.36787944117144233 /* 1/e */

static struct sw_telemetry load_of(uint32_t waiting, uint32_t cores, sw_dur service, sw_dur sojourn)
{
    return (struct sw_telemetry){ true, waiting, cores, service, sojourn, true };
}

static void answer_with(struct route_test *t, uint32_t peer, sw_dur rtt, struct sw_telemetry load)
{
    t->r.policy->on_reply(&t->r, peer, t->now, rtt, &load, false, false);
}

static void ant_back(struct route_test *t, uint32_t peer, sw_dur rtt, struct sw_telemetry load)
{
    t->r.policy->on_reply(&t->r, peer, t->now, rtt, &load, true, false);
}

static void late_answer(struct route_test *t, uint32_t peer, sw_dur rtt, struct sw_telemetry load)
{
    t->r.policy->on_reply(&t->r, peer, t->now, rtt, &load, false, true);
}

static void set(struct route_test *t, const char *name, double value)
{
    CHECK_I64(sw_route_set(&t->r, name, value), SW_OK);
}

static bool suspected(const struct route_test *t, uint32_t peer)
{
    return t->r.policy->suspected(&t->r, peer);
}

static double trail(const struct route_test *t, uint32_t peer)
{
    return t->r.policy->trail(&t->r, peer, t->now);
}

static void the_cost_is_network_plus_priced_sojourn(void)
{
    struct route_test t;
    route_begin(&t, "ant_colony");
    CHECK(isnan(route_cost(&t, 0)));
    /* net = 20 - 4 = 16; x = (3 + 1 - 2)/2 = 1; 16 + 2 (1 + 1 + 2 * 1) */
    answer_with(&t, 0, 20 * SW_MS, load_of(3, 2, 2 * SW_MS, 4 * SW_MS));
    CHECK_NEAR(route_cost(&t, 0), 24 * MS, 1e-6);
    t.now += SW_MIN; /* the reading equals its average: nothing to evaporate */
    CHECK_NEAR(route_cost(&t, 0), 24 * MS, 1e-6);
    set(&t, "price", 5); /* 16 + 2 (1 + 1 + 5) */
    CHECK_NEAR(route_cost(&t, 0), 30 * MS, 1e-6);
    route_end(&t);
}

static void a_queue_reading_evaporates_towards_its_average(void)
{
    struct route_test t;
    route_begin(&t, "ant_colony");
    answer_with(&t, 0, 20 * SW_MS, load_of(3, 2, 2 * SW_MS, 4 * SW_MS));
    /* net = 16 + .1 (26 - 16) = 17; q_avg = 3 + .05 (0 - 3) = 2.85; q = 0: x = 0 */
    answer_with(&t, 0, 26 * SW_MS, load_of(0, 2, 2 * SW_MS, 0));
    CHECK_NEAR(route_cost(&t, 0), 19 * MS, 1e-6);
    t.now += 300 * SW_MS;
    const double q = 2.85 - 2.85 * E1;
    const double x = (q + 1 - 2) / 2;
    CHECK_NEAR(route_cost(&t, 0), (17 + 2 * (1 + x + 2 * x * x)) * MS, 1e-3);
    t.now += SW_HOUR;
    CHECK_NEAR(route_cost(&t, 0), (17 + 2 * (1 + 0.925 + 2 * 0.925 * 0.925)) * MS, 1e-3);
    route_end(&t);
}

static void only_unusual_numbers_in_flight_count(void)
{
    struct route_test t;
    route_begin(&t, "ant_colony");
    answer_with(&t, 0, 10 * SW_MS, load_of(0, 1, 2 * SW_MS, 2 * SW_MS));
    CHECK_NEAR(route_cost(&t, 0), 10 * MS, 1e-6); /* 8 + 2 */
    route_send(&t, 0);
    route_send(&t, 0);
    set(&t, "excess", 2); /* os = 2, os_avg = 0: q = 0 + 2 * 2 = 4, x = 4; 8 + 2 (1 + 4 + 2 * 16) */
    CHECK_NEAR(route_cost(&t, 0), 82 * MS, 1e-6);
    t.now += 1 * SW_SEC;
    route_send(&t, 0); /* os_avg = 2 (1 - 1/e), os = 3 */
    const double x = 2 * (3 - 2 * (1 - E1));
    CHECK_NEAR(route_cost(&t, 0), (8 + 2 * (1 + x + 2 * x * x)) * MS, 1e-3);
    set(&t, "kappa", 0); /* all in flight count: q = 6 */
    CHECK_NEAR(route_cost(&t, 0), (8 + 2 * (1 + 6 + 2 * 36)) * MS, 1e-3);
    route_end(&t);
}

static void a_stay_is_believed_as_far_as_the_load_explains_it(void)
{
    struct route_test t;
    route_begin(&t, "ant_colony");
    /* Claims to have kept the query for all of 100 ms while idle with 1 us of service: at most
     * 8 us of it are believed. */
    answer_with(&t, 0, 100 * SW_MS, load_of(0, 1, SW_US, 100 * SW_MS));
    CHECK_NEAR(route_cost(&t, 0), 100 * MS - 8e3 + 1e3, 1);
    route_end(&t);
}

static void without_a_report_the_peer_is_blind(void)
{
    struct route_test t;
    route_begin(&t, "ant_colony");
    route_send(&t, 0);
    route_answer(&t, 0, 10 * SW_MS); /* no stay is known to be below 0.1 ms */
    CHECK_NEAR(route_cost(&t, 0), 10.1 * MS, 1e-6);
    route_send(&t, 0); /* .1 (1 + 1) */
    CHECK_NEAR(route_cost(&t, 0), 10.2 * MS, 1e-6);
    route_answer(&t, 0, 20 * SW_MS); /* base = 10 + .002 * 10, T_avg = 10 + .2 * 10 */
    CHECK_NEAR(route_cost(&t, 0), (10.02 + 1.98) * MS, 1e-3);
    t.r.policy->on_reply(&t.r, 0, t.now + SW_SEC, 8 * SW_MS, NULL, true, false);
    t.now += SW_SEC; /* an ant finds the floor, and says nothing of stays: T_avg stays 12 */
    CHECK_NEAR(route_cost(&t, 0), (8 + 4 * E1) * MS, 1e-3);
    route_send(&t, 0);
    route_send(&t, 0); /* it is asked again: 8 + 4 (1 + 2) */
    CHECK_NEAR(route_cost(&t, 0), 20 * MS, 1e-3);
    route_end(&t);
}

static void before_its_first_answer_a_stay_is_as_long_as_ours(void)
{
    struct route_test t;
    route_begin(&t, "ant_colony");
    t.own = load_of(0, 1, 2 * SW_MS, 0);
    (void)route_choose(&t, 1);
    t.r.policy->on_reply(&t.r, 0, t.now, 5 * SW_MS, NULL, true, false);
    route_send(&t, 0); /* 5 + 2 (1 + 1) */
    CHECK_NEAR(route_cost(&t, 0), 9 * MS, 1e-6);
    route_end(&t);
}

static void reports_are_trusted_less_with_each_that_is_missing(void)
{
    struct route_test t;
    route_begin(&t, "ant_colony");
    route_send(&t, 0);
    answer_with(&t, 0, 20 * SW_MS, load_of(3, 2, 2 * SW_MS, 4 * SW_MS));
    CHECK_NEAR(route_cost(&t, 0), 24 * MS, 1e-6); /* as in the first test */
    route_answer(&t, 0, 20 * SW_MS);              /* v = 255 - 32 of 255; base = T_avg = 20 */
    const double v = 223.0 / 255;
    const double x = (3 * v + 1 - 2) / 2;
    const double blind = 20.1;
    CHECK_NEAR(route_cost(&t, 0), (v * (16 + 2 * (1 + x + 2 * x * x)) + (1 - v) * blind) * MS,
               1e-3);
    answer_with(&t, 0, 20 * SW_MS, load_of(3, 2, 2 * SW_MS, 4 * SW_MS));
    const double v2 = 227.0 / 255; /* (255 - 223)/8 more */
    const double x2 = (3 * v2 + 1 - 2) / 2;
    CHECK_NEAR(route_cost(&t, 0), (v2 * (16 + 2 * (1 + x2 + 2 * x2 * x2)) + (1 - v2) * blind) * MS,
               1e-3);
    for (int i = 0; i < 60; i++) {
        route_answer(&t, 0, 20 * SW_MS);
    }
    CHECK_NEAR(route_cost(&t, 0), blind * MS, 1e-3);
    for (int i = 0; i < 60; i++) {
        answer_with(&t, 0, 20 * SW_MS, load_of(3, 2, 2 * SW_MS, 4 * SW_MS));
    }
    CHECK_NEAR(route_cost(&t, 0), 24 * MS, 1e-3);
    route_end(&t);
}

static void ants_do_not_say_how_long_to_wait_for_an_answer(void)
{
    struct route_test t;
    route_begin(&t, "ant_colony");
    for (int i = 0; i < 20; i++) {
        ant_back(&t, 0, 5 * SW_MS, load_of(0, 1, SW_MS, 0));
    }
    CHECK_U64(t.r.policy->patience(&t.r, 0), 400 * SW_MS); /* as of one never asked */
    answer_with(&t, 0, 40 * SW_MS, load_of(0, 1, SW_MS, 0));
    CHECK_U64(t.r.policy->patience(&t.r, 0), 120 * SW_MS); /* 40 + 4 (40/2) */
    ant_back(&t, 0, 5 * SW_MS, load_of(0, 1, SW_MS, 0));
    CHECK_U64(t.r.policy->patience(&t.r, 0), 120 * SW_MS);
    route_end(&t);
}

static void impossible_reports_make_a_peer_blind(void)
{
    const struct sw_telemetry lies[] = {
        load_of(0, 0, SW_MS, 0),
        load_of(0, 1025, SW_MS, 0),
        load_of(1000001, 1, SW_MS, 0),
        load_of(UINT32_MAX, 1, SW_MS, 0),
        load_of(0, 1, 0, 0),
        load_of(0, 1, 11 * SW_SEC, 0),
        load_of(0, 1, SW_MS, 10 * SW_MS + 1),
        load_of(0, 1, UINT64_MAX, UINT64_MAX),
    };
    for (size_t i = 0; i < SW_LEN(lies); i++) {
        struct route_test t;
        route_begin(&t, "ant_colony");
        answer_with(&t, 0, 10 * SW_MS, load_of(9, 1, SW_MS, 5 * SW_MS));
        CHECK(route_cost(&t, 0) > 100 * MS);
        answer_with(&t, 0, 10 * SW_MS, lies[i]);
        CHECK_NEAR(route_cost(&t, 0), 10 * MS, 1e-6); /* base */
        for (int k = 0; k < 30; k++) {
            answer_with(&t, 0, 10 * SW_MS, load_of(9, 1, SW_MS, 5 * SW_MS));
        }
        CHECK(route_cost(&t, 0) > 100 * MS); /* believed again */
        route_end(&t);
    }
}

static void the_cheapest_is_taken_outright_with_one_draw(void)
{
    struct route_test t;
    route_begin(&t, "ant_colony");
    set(&t, "q0", 1);
    for (uint32_t i = 0; i < 4; i++) {
        answer_with(&t, i, (40 - 10 * i) * SW_MS, load_of(0, 1, SW_MS, 0));
    }
    CHECK_U64(route_choose(&t, 4), 3);
    CHECK_U64(t.rng.draws, 1);
    t.tried[t.n_tried++] = 3;
    CHECK_U64(route_choose(&t, 4), 2);
    CHECK_U64(t.rng.draws, 2);
    route_end(&t);
}

static void this_node_is_weighed_by_its_own_load(void)
{
    struct route_test t;
    route_begin(&t, "ant_colony");
    set(&t, "q0", 1);
    t.peers[1].self = true;
    answer_with(&t, 1, 500 * SW_MS, load_of(0, 1, SW_MS, 0)); /* its network does not count */
    answer_with(&t, 0, 11 * SW_MS, load_of(0, 1, SW_MS, 0));  /* cost 12 */
    t.own = load_of(1, 1, 2 * SW_MS, 0);                      /* x = 1: 2 (1 + 1 + 2) = 8 */
    CHECK_U64(route_choose(&t, 2), 1);
    t.own = load_of(2, 1, 2 * SW_MS, 0); /* x = 2: 2 (1 + 2 + 8) = 22 */
    CHECK_U64(route_choose(&t, 2), 0);
    route_end(&t);
}

static void draws_follow_the_costs(void)
{
    struct route_test t;
    uint64_t second = 0;
    route_begin(&t, "ant_colony");
    set(&t, "q0", 0);
    set(&t, "m", 1);
    set(&t, "beta", 2);
    route_answer(&t, 0, 1 * SW_MS); /* (1 + 1)^-2 = 1/4 */
    route_answer(&t, 1, 3 * SW_MS); /* (1 + 3)^-2 = 1/16 */
    for (int i = 0; i < 10000; i++) {
        second += route_choose(&t, 2) == 1;
    }
    CHECK_NEAR((double)second / 10000, 0.2, 5 * 0.004); /* sqrt(.2 * .8/10^4) = .004 */
    CHECK_U64(t.rng.draws, 20000);

    set(&t, "alpha", 1);  /* trails: .55, and .5 + .1 ((1 + 1)/(3 + 1) - .5) = .5 */
    set(&t, "beta", 1.5); /* not whole: 2^-1.5 .55 against 4^-1.5 .5 */
    const double a = 0.55 / pow(2, 1.5);
    const double b = 0.5 / pow(4, 1.5);
    second = 0;
    for (int i = 0; i < 10000; i++) {
        second += route_choose(&t, 2) == 1;
    }
    CHECK_NEAR((double)second / 10000, b / (a + b), 5 * 0.0045);
    route_end(&t);
}

static void of_two_drawn_the_cheaper_answers(void)
{
    struct route_test t;
    uint64_t count[3] = { 0 };
    route_begin(&t, "ant_colony");
    set(&t, "q0", 0);
    set(&t, "beta", 1);
    route_answer(&t, 0, 3 * SW_MS); /* weight 1/4 */
    route_answer(&t, 1, 1 * SW_MS); /* 1/2 */
    route_answer(&t, 2, 7 * SW_MS); /* 1/8 */
    for (int i = 0; i < 10000; i++) {
        count[route_choose(&t, 3)]++;
    }
    /* The dearest is never the cheaper of two; 0 wins when {0, 2} is drawn:
     * 2/7 (1/5) [0 first, then 2 of what is left] + 1/7 (1/3) [2 first, then 0]. */
    const double p = 2.0 / 7 / 5 + 1.0 / 7 / 3;
    CHECK_U64(count[2], 0);
    CHECK_NEAR((double)count[0] / 10000, p, 5 * sqrt(p * (1 - p) / 10000));
    CHECK_U64(t.rng.draws, 30000);
    route_end(&t);
}

static void a_suspect_is_skipped_until_it_answers_something(void)
{
    struct route_test t;
    const struct sw_telemetry load = load_of(0, 1, SW_MS, 0);
    route_begin(&t, "ant_colony");
    answer_with(&t, 0, 5 * SW_MS, load);
    answer_with(&t, 1, 50 * SW_MS, load);
    route_timeout(&t, 0);
    CHECK(!suspected(&t, 0));
    route_timeout(&t, 0);
    CHECK(suspected(&t, 0));
    for (int i = 0; i < 1000; i++) {
        CHECK_U64(route_choose(&t, 2), 1);
    }
    ant_back(&t, 0, 5 * SW_MS, load);
    CHECK(!suspected(&t, 0));
    CHECK_U64(route_choose(&t, 2), 0);
    t.r.policy->on_timeout(&t.r, 0, t.now, true); /* ants that vanish count as well */
    t.r.policy->on_timeout(&t.r, 0, t.now, true);
    CHECK(suspected(&t, 0));
    late_answer(&t, 0, 900 * SW_MS, load);
    CHECK(!suspected(&t, 0));
    route_end(&t);
}

/* A stalled connection delivers forty answers at once, half a second late. */
static void a_late_answer_leaves_network_and_trail_as_they_were(void)
{
    struct route_test t;
    route_begin(&t, "ant_colony");
    answer_with(&t, 0, 20 * SW_MS, load_of(0, 1, SW_MS, 0));
    const double cost = route_cost(&t, 0);
    const double tau = trail(&t, 0);
    for (int i = 0; i < 40; i++) {
        late_answer(&t, 0, 500 * SW_MS, load_of(0, 1, SW_MS, 0));
    }
    CHECK_NEAR(route_cost(&t, 0), cost, 1e-6);
    CHECK_NEAR(trail(&t, 0), tau, 0);
    CHECK(t.r.policy->patience(&t.r, 0) > 500 * SW_MS); /* the next one is waited for */
    late_answer(&t, 0, 500 * SW_MS, load_of(3, 1, SW_MS, 0));
    CHECK(route_cost(&t, 0) > cost); /* its queue is news */
    route_end(&t);
}

static void the_service_time_is_smoothed(void)
{
    struct route_test t;
    route_begin(&t, "ant_colony");
    answer_with(&t, 0, 10 * SW_MS, load_of(0, 1, 2 * SW_MS, 0)); /* the first counts in full */
    CHECK_NEAR(route_cost(&t, 0), 12 * MS, 1e-6);
    answer_with(&t, 0, 10 * SW_MS, load_of(0, 1, 4 * SW_MS, 0)); /* 2 + .05 (4 - 2) */
    CHECK_NEAR(route_cost(&t, 0), 12.1 * MS, 1e-6);
    route_end(&t);
}

static void suspects_are_asked_when_nobody_else_is_left(void)
{
    struct route_test t;
    route_begin(&t, "ant_colony");
    route_timeout(&t, 0);
    route_timeout(&t, 0);
    CHECK_U64(route_choose(&t, 1), 0);
    t.tried[t.n_tried++] = 1;
    CHECK_U64(route_choose(&t, 2), 0); /* an untried suspect before a tried peer */
    t.tried[t.n_tried++] = 0;
    t.tried[t.n_tried++] = 2;
    CHECK(route_choose(&t, 3) < 3);
    route_end(&t);
}

static void a_timeout_ends_what_was_in_flight_once(void)
{
    struct route_test t;
    const struct sw_telemetry load = load_of(0, 1, SW_MS, 0);
    route_begin(&t, "ant_colony");
    answer_with(&t, 0, 10 * SW_MS, load);
    const double idle = route_cost(&t, 0);
    route_send(&t, 0);
    CHECK(route_cost(&t, 0) > idle);
    route_timeout(&t, 0);
    CHECK_NEAR(route_cost(&t, 0), idle, 1e-6);
    route_send(&t, 0);
    const double one = route_cost(&t, 0);
    t.r.policy->on_reply(&t.r, 0, t.now, 10 * SW_MS, &load, false, true); /* the first, late */
    CHECK_NEAR(route_cost(&t, 0), one, 1e-6);
    route_end(&t);
}

static void trails_learn_drift_and_keep_to_their_bounds(void)
{
    struct route_test t;
    route_begin(&t, "ant_colony");
    CHECK_NEAR(trail(&t, 0), 0.5, 0);
    route_answer(&t, 0, 10 * SW_MS); /* the best: g = 1; .5 + .1 (1 - .5) */
    CHECK_NEAR(trail(&t, 0), 0.55, 1e-12);
    route_answer(&t, 1, 32 * SW_MS); /* g = 11/33; .5 + .1 (1/3 - .5) */
    CHECK_NEAR(trail(&t, 1), 0.5 - 0.1 / 6, 1e-12);
    t.now += 5 * SW_SEC;
    CHECK_NEAR(trail(&t, 0), 0.5 + 0.05 * E1, 1e-12);
    route_timeout(&t, 0);
    CHECK_NEAR(trail(&t, 0), 0.3 * (0.5 + 0.05 * E1), 1e-12);
    for (int i = 0; i < 20; i++) {
        route_timeout(&t, 0);
    }
    CHECK_NEAR(trail(&t, 0), 0.01, 1e-12);
    for (int i = 0; i < 200; i++) {
        route_answer(&t, 2, 1 * SW_MS);
    }
    CHECK(trail(&t, 2) > 0.999 && trail(&t, 2) <= 1);
    route_end(&t);
}

/* A neighbour that only ants reach is near, and still no measure for those that answer. */
static void trails_compare_answers_and_not_ants(void)
{
    struct route_test t;
    route_begin(&t, "ant_colony");
    t.r.policy->on_reply(&t.r, 1, t.now, 1 * SW_MS, NULL, true, false);
    CHECK_NEAR(trail(&t, 1), 0.5, 0); /* no answer yet to compare with */
    route_answer(&t, 0, 80 * SW_MS);  /* the best answer: g = 1 */
    CHECK_NEAR(trail(&t, 0), 0.55, 1e-12);
    t.r.policy->on_reply(&t.r, 1, t.now, 1 * SW_MS, NULL, true, false);
    CHECK_NEAR(trail(&t, 1), 0.55, 1e-12); /* g = 1 at most */
    route_end(&t);
}

/* A machine that has been up for months, and a swarm that was silent for a day. */
static void trails_learn_however_late_it_is(void)
{
    struct route_test t;
    route_begin(&t, "ant_colony");
    t.now = 2000 * SW_HOUR;
    t.r.policy->on_reply(&t.r, 1, t.now, 1 * SW_MS, NULL, true, false);
    route_answer(&t, 0, 10 * SW_MS);
    route_answer(&t, 2, 21 * SW_MS); /* g = 11/22 */
    CHECK_NEAR(trail(&t, 0), 0.55, 1e-12);
    CHECK_NEAR(trail(&t, 2), 0.5, 1e-12);
    t.now += 24 * SW_HOUR;
    t.r.policy->on_reply(&t.r, 1, t.now, 1 * SW_MS, NULL, true, false);
    route_answer(&t, 0, 43 * SW_MS); /* the best of long ago no longer counts */
    CHECK_NEAR(trail(&t, 0), 0.55, 1e-12);
    route_answer(&t, 2, 87 * SW_MS); /* 44/88 */
    CHECK_NEAR(trail(&t, 2), 0.5, 1e-12);
    route_end(&t);
}

static uint32_t probe(struct route_test *t, size_t n)
{
    return t->r.policy->next_probe(&t->r, t->now, t->peers, n, &t->rng);
}

static void queries_earn_ants(void)
{
    struct route_test t;
    uint64_t ants = 0;
    route_begin(&t, "ant_colony");
    set(&t, "beat", 0);
    for (int i = 0; i < 1000; i++) {
        route_send(&t, 0);
        ants += probe(&t, ROUTE_PEERS) != SW_NO_PEER;
    }
    CHECK(ants >= 299 && ants <= 300);
    CHECK(t.rng.draws >= 2 * ants && t.rng.draws < 4 * ants); /* some peers are turned down */
    route_end(&t);
}

static void ants_go_where_trails_are_strong_and_near(void)
{
    struct route_test t;
    uint64_t count[2] = { 0 };
    route_begin(&t, "ant_colony");
    set(&t, "beat", 0);
    set(&t, "epsilon", 0);
    set(&t, "ants", 1);
    set(&t, "rho", 0.01);
    const struct sw_telemetry load = load_of(0, 1, SW_MS, 0);
    ant_back(&t, 0, 5 * SW_MS, load);
    ant_back(&t, 1, 25 * SW_MS, load);
    const double a = trail(&t, 0) / (5 + 5);
    const double b = trail(&t, 1) / (25 + 5);
    for (int i = 0; i < 10000; i++) {
        route_send(&t, 0);
        const uint32_t peer = probe(&t, 2);
        REQUIRE(peer < 2);
        count[peer]++;
    }
    CHECK_NEAR((double)count[1] / 10000, b / (a + b), 5 * 0.0044);
    route_end(&t);
}

static void silent_peers_get_ants_the_longest_silent_first(void)
{
    struct route_test t;
    route_begin(&t, "ant_colony");
    t.peers[2].self = true;
    ant_back(&t, 1, SW_MS, load_of(0, 1, SW_MS, 0)); /* just heard */
    CHECK_U64(probe(&t, 4), 0);
    CHECK_U64(probe(&t, 4), 3);
    CHECK_U64(probe(&t, 4), SW_NO_PEER); /* 1 was heard, 2 is this node, 0 and 3 are probed */
    t.now += SW_SEC;
    ant_back(&t, 3, SW_MS, load_of(0, 1, SW_MS, 0));
    CHECK_U64(probe(&t, 4), 0);
    CHECK_U64(probe(&t, 4), 1);
    CHECK_U64(probe(&t, 4), SW_NO_PEER);
    CHECK_U64(t.rng.draws, 0);
    route_end(&t);
}

static void a_quiet_swarm_spends_its_beat_and_no_more(void)
{
    struct route_test t;
    uint64_t ants = 0;
    route_begin(&t, "ant_colony");
    set(&t, "beat", 2);
    for (int i = 0; i < 16; i++) { /* what was saved up before the test began */
        (void)probe(&t, ROUTE_PEERS);
    }
    for (int i = 0; i < 1000; i++) {
        t.now += 100 * SW_MS;
        while (probe(&t, ROUTE_PEERS) != SW_NO_PEER) {
            ants++;
        }
    }
    CHECK(ants >= 190 && ants <= 208); /* 100 s at 2 a second, and what was left of 16 */
    route_end(&t);
}

CU_TestInfo tests_ant_colony[] = {
    { "the cost is network plus priced sojourn", the_cost_is_network_plus_priced_sojourn },
    { "a queue reading evaporates towards its average",
      a_queue_reading_evaporates_towards_its_average },
    { "only unusual numbers in flight count", only_unusual_numbers_in_flight_count },
    { "a stay is believed as far as the load explains it",
      a_stay_is_believed_as_far_as_the_load_explains_it },
    { "without a report the peer is blind", without_a_report_the_peer_is_blind },
    { "before its first answer a stay is as long as ours",
      before_its_first_answer_a_stay_is_as_long_as_ours },
    { "reports are trusted less with each that is missing",
      reports_are_trusted_less_with_each_that_is_missing },
    { "ants do not say how long to wait for an answer",
      ants_do_not_say_how_long_to_wait_for_an_answer },
    { "impossible reports make a peer blind", impossible_reports_make_a_peer_blind },
    { "the cheapest is taken outright with one draw",
      the_cheapest_is_taken_outright_with_one_draw },
    { "this node is weighed by its own load", this_node_is_weighed_by_its_own_load },
    { "draws follow the costs", draws_follow_the_costs },
    { "of two drawn the cheaper answers", of_two_drawn_the_cheaper_answers },
    { "a suspect is skipped until it answers something",
      a_suspect_is_skipped_until_it_answers_something },
    { "a late answer leaves network and trail as they were",
      a_late_answer_leaves_network_and_trail_as_they_were },
    { "the service time is smoothed", the_service_time_is_smoothed },
    { "suspects are asked when nobody else is left", suspects_are_asked_when_nobody_else_is_left },
    { "a time-out ends what was in flight once", a_timeout_ends_what_was_in_flight_once },
    { "trails learn, drift and keep to their bounds", trails_learn_drift_and_keep_to_their_bounds },
    { "trails compare answers and not ants", trails_compare_answers_and_not_ants },
    { "trails learn however late it is", trails_learn_however_late_it_is },
    { "queries earn ants", queries_earn_ants },
    { "ants go where trails are strong and near", ants_go_where_trails_are_strong_and_near },
    { "silent peers get ants, the longest silent first",
      silent_peers_get_ants_the_longest_silent_first },
    { "a quiet swarm spends its beat and no more", a_quiet_swarm_spends_its_beat_and_no_more },
    CU_TEST_INFO_NULL,
};

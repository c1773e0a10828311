/* SPDX-License-Identifier: GPL-3.0-or-later
 * Policies that balance by regions, and the reference that sees true queues, worked by hand from
 * the rules in their headers. */
#include "tests/lib/route.h"

extern CU_TestInfo tests_regional_rules[];

#define MS ((double)SW_MS)
#define SEVERAL 20000
#define SHARE_ERROR 0.018 /* five standard deviations near one half */

/* Peers 0 and 1 in this node's region, 2 and 3 in another, 40 ms away. */
static void begin(struct route_test *t, const char *policy)
{
    route_begin(t, policy);
    for (uint32_t i = 0; i < ROUTE_PEERS; i++) {
        t->peers[i].region = i / 2 < 2 ? i / 2 : SW_REGION_NONE;
        t->peers[i].same_region = i < 2;
    }
}

/* Both regions: one core and 10 ms a query. */
static void gossip(struct route_test *t, double demand)
{
    const struct sw_regions g = {
        .n = 2,
        .v = { { .demand = demand, .capacity = 100, .cores = 1, .rtt = { 0, 40 * MS } },
               { .demand = 0, .capacity = 100, .cores = 1, .rtt = { 40 * MS, 0 } } }
    };
    CHECK(sw_route_wants_regions(&t->r));
    t->r.policy->on_regions(&t->r, &g);
}

static struct sw_telemetry queue_of(uint32_t waiting)
{
    return (struct sw_telemetry){ .waiting = waiting, .cores = 2, .service = 10 * SW_MS };
}

static void waterfall_spills_what_is_beyond_theta(void)
{
    struct route_test t;
    double share[6];
    begin(&t, "waterfall");
    gossip(&t, 70);
    route_frequencies(&t, 4, SEVERAL, share);
    CHECK_NEAR(share[0], 1, 1e-9); /* all here, and the first of equals */
    gossip(&t, 100);
    route_frequencies(&t, 4, SEVERAL, share);
    CHECK_NEAR(share[0], 0.7, SHARE_ERROR);
    CHECK_NEAR(share[2], 0.3, SHARE_ERROR);
    route_set(&t, "theta", 0.5);
    gossip(&t, 200); /* 50 and 50, and of the other 100 half each */
    route_frequencies(&t, 4, SEVERAL, share);
    CHECK_NEAR(share[0], 0.5, SHARE_ERROR);
    CHECK_NEAR(share[2], 0.5, SHARE_ERROR);
    route_frequencies(&t, 6, SEVERAL, share); /* others are in no region that it knows */
    CHECK_NEAR(share[4] + share[5], 0, 0);
    route_end(&t);
}

static void inside_a_region_the_cheapest_reported_queue_is_taken(void)
{
    struct route_test t;
    begin(&t, "waterfall");
    gossip(&t, 10);
    route_report(&t, 0, SW_MS, queue_of(3), false); /* 10 (1 + 2/2) */
    route_report(&t, 1, SW_MS, queue_of(2), false); /* 10 (1 + 1/2) */
    CHECK_U64(route_choose(&t, 4), 1);
    route_send(&t, 1); /* as dear as the first now */
    CHECK_U64(route_choose(&t, 4), 0);
    route_send(&t, 0);
    CHECK_U64(route_choose(&t, 4), 1);
    route_report(&t, 0, SW_MS, queue_of(0), true); /* an ant's report counts, too */
    CHECK_U64(route_choose(&t, 4), 0);
    route_end(&t);
}

static void before_it_hears_of_demand_all_regions_have_as_much(void)
{
    struct route_test t;
    double share[6];
    begin(&t, "waterfall");
    route_report(&t, 0, SW_MS, queue_of(0), false);
    route_report(&t, 1, SW_MS, queue_of(2), false);
    route_report(&t, 2, 52 * SW_MS, queue_of(9), false);
    route_report(&t, 3, 52 * SW_MS, queue_of(8), false);
    route_frequencies(&t, 4, SEVERAL, share);
    CHECK_NEAR(share[0], 0.5, SHARE_ERROR);
    CHECK_NEAR(share[3], 0.5, SHARE_ERROR);
    route_end(&t);
}

static void a_region_without_anybody_in_health_is_passed_over(void)
{
    struct route_test t;
    begin(&t, "waterfall");
    gossip(&t, 10);
    for (uint32_t i = 0; i < 3; i++) {
        route_timeout(&t, 0);
        CHECK_U64(route_choose(&t, 4), i < 2 ? 0 : 1); /* two time-outs are none */
    }
    for (uint32_t i = 0; i < 3; i++) {
        route_timeout(&t, 1);
    }
    CHECK_U64(route_choose(&t, 4), 2); /* no share there, but somebody in health */
    CHECK_U64(route_choose(&t, 2), 0); /* nobody is: any */
    t.tried[t.n_tried++] = 2;
    CHECK_U64(route_choose(&t, 4), 3);
    t.now += 2 * SW_SEC;
    CHECK_U64(route_choose(&t, 4), 0); /* forgotten */
    route_end(&t);
}

/* 90 a second, 10 ms apart: test_balance.c works out .5457; here theta 1 and 40 ms apart: 10/(1 -
 * .9 x)^2 = 10/(1 - .9 (1 - x))^2 + 40 at x = 0.6603 */
static void pso_weights_draws_by_the_shares_found(void)
{
    for (int control = 0; control < 2; control++) {
        struct route_test t;
        double share[4];
        begin(&t, "pso_weights");
        route_set(&t, "theta", 1);
        route_set(&t, "control", control);
        gossip(&t, 90);
        route_frequencies(&t, 4, SEVERAL, share);
        CHECK_NEAR(share[0], 0.6603, SHARE_ERROR);
        CHECK_NEAR(share[0] + share[2], 1, 1e-9);
        route_end(&t);
    }
}

static void the_ant_colonys_draw_is_weighed_by_the_prior(void)
{
    struct route_test t;
    double share[4];
    begin(&t, "ant_colony");
    CHECK(!sw_route_wants_regions(&t.r)); /* omega 0: nothing is computed, nothing said */
    route_set(&t, "omega", 0.5);
    route_set(&t, "q0", 0);
    route_set(&t, "m", 1);
    for (uint32_t i = 0; i < 4; i++) { /* all cost the same */
        route_report(&t, i, 10 * SW_MS, queue_of(0), false);
    }
    route_frequencies(&t, 4, SEVERAL, share);
    CHECK_NEAR(share[0], 0.25, SHARE_ERROR); /* nothing is advised yet */
    gossip(&t, 90); /* at full capacity, .6603 stay here: sqrt(.6603/.3397) = 1.394 */
    route_frequencies(&t, 4, SEVERAL, share);
    CHECK_NEAR(share[0] + share[1], 1.394 / 2.394, SHARE_ERROR);
    CHECK_NEAR(share[0], share[1], SHARE_ERROR);
    route_end(&t);
}

static uint32_t choose_by(struct route_test *t, const struct sw_telemetry *truth, size_t n)
{
    const struct sw_choice c = { .now = t->now,
                                 .candidates = t->peers,
                                 .n = n,
                                 .tried = t->tried,
                                 .n_tried = t->n_tried,
                                 .truth = truth };
    return t->peers[t->r.policy->choose(&t->r, &c, &t->rng)].peer;
}

static void full_information_takes_the_least_by_true_queues(void)
{
    struct route_test t;
    struct sw_telemetry truth[3] = { queue_of(3), queue_of(1), queue_of(0) };
    begin(&t, "full_information");
    CHECK(t.r.policy->reference);
    for (uint32_t i = 0; i < 3; i++) {
        truth[i].known = true;
    }
    route_report(&t, 0, 20 * SW_MS, queue_of(0),
                 false); /* what a peer says of its load is nothing */
    route_report(&t, 1, 51 * SW_MS, queue_of(50), false);
    route_report(&t, 2, 70 * SW_MS, queue_of(50), false);
    /* 20 + 10 (1 + 1 + 2) = 60, 51 + 10 = 61, 70 + 10 */
    CHECK_U64(choose_by(&t, truth, 3), 0);
    truth[0].waiting = 4; /* x = 1.5: 20 + 10 (2.5 + 4.5) = 90 */
    CHECK_U64(choose_by(&t, truth, 3), 1);
    route_set(&t, "price", 0); /* selfish: 20 + 25 */
    CHECK_U64(choose_by(&t, truth, 3), 0);
    truth[0].known = false; /* down */
    CHECK_U64(choose_by(&t, truth, 3), 1);
    t.tried[t.n_tried++] = 1;
    CHECK_U64(choose_by(&t, truth, 3), 2);
    CHECK_U64(choose_by(&t, truth, 2), 0); /* rather than the same again */
    CHECK_U64(t.rng.draws, 0);
    route_end(&t);
}

CU_TestInfo tests_regional_rules[] = {
    { "waterfall spills what is beyond theta", waterfall_spills_what_is_beyond_theta },
    { "inside a region the cheapest reported queue is taken",
      inside_a_region_the_cheapest_reported_queue_is_taken },
    { "before it hears of demand all regions have as much",
      before_it_hears_of_demand_all_regions_have_as_much },
    { "a region without anybody in health is passed over",
      a_region_without_anybody_in_health_is_passed_over },
    { "pso_weights draws by the shares found", pso_weights_draws_by_the_shares_found },
    { "the ant colony's draw is weighed by the prior",
      the_ant_colonys_draw_is_weighed_by_the_prior },
    { "full information takes the least by true queues",
      full_information_takes_the_least_by_true_queues },
    CU_TEST_INFO_NULL,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * AntNet, Ant System and the priced control without ants, worked by hand from the rules in their
 * headers. */
#include "tests/lib/route.h"

extern CU_TestInfo tests_colony_rules[];

#define SEVERAL 20000
#define SHARE_ERROR 0.018 /* five standard deviations near one half */

static double trail(const struct route_test *t, uint32_t peer)
{
    return t->r.policy->trail(&t->r, peer, t->now);
}

static void antnet_shares_equally_with_newcomers(void)
{
    struct route_test t;
    route_begin(&t, "antnet");
    (void)route_choose(&t, 1);
    CHECK_NEAR(trail(&t, 0), 1, 0);
    (void)route_choose(&t, 4);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_NEAR(trail(&t, i), 0.25, 1e-12);
    }
    route_end(&t);
}

static void antnet_reinforces_by_the_papers_formula(void)
{
    struct route_test t;
    route_begin(&t, "antnet");
    (void)route_choose(&t, 2);
    route_answer(&t, 0, 10 * SW_MS); /* the best there is: r = .9 */
    CHECK_NEAR(trail(&t, 0), 0.95, 1e-12);
    CHECK_NEAR(trail(&t, 1), 0.05, 1e-12);
    /* T = 20: mu = 10.05, sigma^2 = .4975, I = 10.05 + 1.7 .705/1.414 = 10.898,
     * r = .7/2 + .3 .898/10.898 = .37477; s(r)/s(1) = 2.4002e-4 with a = 10, N = 2 */
    route_answer(&t, 1, 20 * SW_MS);
    CHECK_NEAR(trail(&t, 1), 0.0502280210017335, 1e-9);
    CHECK_NEAR(trail(&t, 0), 0.9497719789982665, 1e-9);
    route_end(&t);
}

static void antnet_probabilities_sum_to_one(void)
{
    struct route_test t;
    route_begin(&t, "antnet");
    for (int i = 0; i < 10000; i++) {
        const uint32_t peer = route_choose(&t, 8);
        route_answer(&t, peer, (1 + peer) * SW_MS + (sw_dur)i % 7 * SW_MS);
        double sum = 0;
        for (uint32_t j = 0; j < 8; j++) {
            sum += trail(&t, j);
        }
        CHECK_NEAR(sum, 1, 1e-9);
    }
    route_end(&t);
}

static void antnet_sends_an_ant_every_interval(void)
{
    struct route_test t;
    route_begin(&t, "antnet");
    uint64_t ants = 0;
    for (int ms = 0; ms < 3000; ms++) {
        t.now += SW_MS;
        ants += t.r.policy->next_probe(&t.r, t.now, t.peers, 4, &t.rng) != SW_NO_PEER;
    }
    CHECK_U64(ants, 10);
    route_end(&t);
}

static void ant_system_deposits_and_evaporates_once_an_iteration(void)
{
    struct route_test t;
    double share[2];
    route_begin(&t, "textbook_aco");
    route_set(&t, "m", 2);
    route_set(&t, "beta", 1);
    route_frequencies(&t, 2, SEVERAL, share);
    CHECK_NEAR(share[0], 0.5, SHARE_ERROR);
    route_answer(&t, 0, 9 * SW_MS);
    route_answer(&t, 1, 19 * SW_MS); /* tau = .5 + 1, .5 + .5; eta = 1/10, 1/20: 3 to 1 */
    route_frequencies(&t, 2, SEVERAL, share);
    CHECK_NEAR(share[0], 0.75, SHARE_ERROR);
    route_timeout(&t, 1); /* deposits nothing */
    route_timeout(&t, 1); /* tau = .75, .5: still 3 to 1 */
    route_frequencies(&t, 2, SEVERAL, share);
    CHECK_NEAR(share[0], 0.75, SHARE_ERROR);
    route_end(&t);
}

static void the_control_costs_as_the_colony_does_and_draws_nothing(void)
{
    struct route_test colony;
    struct route_test control;
    route_begin(&colony, "ant_colony");
    route_begin(&control, "priced_greedy");
    struct route_test *both[] = { &colony, &control };
    for (size_t k = 0; k < 2; k++) {
        for (uint32_t i = 0; i < 4; i++) {
            const struct sw_telemetry load = { .waiting = i, .cores = 2, .service = SW_MS };
            route_send(both[k], i);
            route_report(both[k], i, (5 - i) * 10 * SW_MS, load, false);
        }
    }
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_NEAR(route_cost(&control, i), route_cost(&colony, i), 0);
    }
    CHECK_U64(route_choose(&control, 4), 3);
    CHECK_U64(control.rng.draws, 0);
    CHECK(control.r.policy->next_probe(&control.r, control.now, control.peers, 4, &control.rng) ==
          SW_NO_PEER); /* heard lately, and queries earn nothing */
    route_end(&colony);
    route_end(&control);
}

CU_TestInfo tests_colony_rules[] = {
    { "AntNet shares equally with newcomers", antnet_shares_equally_with_newcomers },
    { "AntNet reinforces by the paper's formula", antnet_reinforces_by_the_papers_formula },
    { "AntNet's probabilities sum to one", antnet_probabilities_sum_to_one },
    { "AntNet sends an ant every interval", antnet_sends_an_ant_every_interval },
    { "Ant System deposits and evaporates once an iteration",
      ant_system_deposits_and_evaporates_once_an_iteration },
    { "the control costs as the colony does, and draws nothing",
      the_control_costs_as_the_colony_does_and_draws_nothing },
    CU_TEST_INFO_NULL,
};

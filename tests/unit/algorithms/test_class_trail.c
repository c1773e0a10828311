/* SPDX-License-Identifier: GPL-3.0-or-later
 * Class trails, worked by hand: whose cache is asked, by whom it found answers with. */
#include "algorithms/route/class_trail.h"

#include "tests/lib/route.h"

extern CU_TestInfo tests_class_trail[];

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

static void set(struct route_test *t, const char *name, double value)
{
    CHECK_I64(sw_route_set(&t->r, name, value), SW_OK);
}

/* Whom of the first @n to ask for a question of @query_class; the last of them is this node. */
static size_t class_choice(struct route_test *t, uint64_t query_class, size_t n)
{
    t->peers[n - 1].self = true;
    const struct sw_choice c = {
        .now = t->now, .query_class = query_class, .candidates = t->peers, .n = n, .own = t->own
    };
    return t->r.policy->choose_class(&t->r, &c);
}

/* The least hash wins, as the formula in candidates.h has it. */
static size_t by_hash(struct route_test *t, uint64_t query_class, size_t n)
{
    const struct sw_choice c = { .query_class = query_class, .candidates = t->peers, .n = n };
    return sw_class_seed(&c);
}

static void class_trails_are_off_unless_asked_for(void)
{
    struct route_test t;
    route_begin(&t, "ant_colony");
    CHECK(!sw_route_wants_classes(&t.r));
    set(&t, "classes", 1);
    CHECK(sw_route_wants_classes(&t.r));
    route_end(&t);
    route_begin(&t, "priced_greedy");
    CHECK(!sw_route_wants_classes(&t.r));
    route_end(&t);
}

static void a_class_is_asked_for_where_the_hash_says_until_something_is_known(void)
{
    struct route_test t;
    unsigned won[4] = { 0 };
    route_begin(&t, "ant_colony");
    for (uint32_t i = 0; i < 3; i++) {
        answer_with(&t, i, 2 * SW_MS, load_of(0, 1, SW_MS, 0));
    }
    for (uint64_t k = 0; k < 1000; k++) {
        const size_t chosen = class_choice(&t, k, 4);
        CHECK_U64(chosen, by_hash(&t, k, 4));
        won[chosen]++;
    }
    for (size_t i = 0; i < 4; i++) {
        CHECK(won[i] > 0); /* this node, too: it asks upstream */
    }
    route_end(&t);
}

/* A class whose winner by hash, of 4, is a peer. */
static uint64_t class_of_a_peer(struct route_test *t)
{
    uint64_t k = 0;
    while (by_hash(t, k, 4) == 3) {
        k++;
    }
    return k;
}

static void a_peer_with_a_long_queue_is_asked_as_long_as_its_hits_are_worth_it(void)
{
    struct route_test t;
    route_begin(&t, "ant_colony");
    for (uint32_t i = 0; i < 3; i++) {
        answer_with(&t, i, 2 * SW_MS, load_of(0, 1, SW_MS, 0)); /* cost 2 + 1 */
    }
    const uint64_t k = class_of_a_peer(&t);
    const uint32_t home = (uint32_t)by_hash(&t, k, 4);
    t.r.policy->on_class(&t.r, home, k, t.now, 2 * SW_MS, true); /* M = 12 - 2: h is kept of none */
    t.r.policy->on_class(&t.r, home, k, t.now, 12 * SW_MS, false);
    const struct sw_telemetry one = load_of(1, 1, SW_MS, 0);
    t.own = load_of(0, 1, SW_US, 0);         /* this node costs 1 us + 10 ms */
    CHECK_U64(class_choice(&t, k, 4), home); /* 3 + 10/2 = 8 ms */
    for (int i = 0; i < 20; i++) { /* q = q_avg = 1: 2 + 1 (1 + 1 + 2) = 6; 6 + 5 = 11 ms */
        t.r.policy->on_reply(&t.r, home, t.now, 2 * SW_MS, &one, false, false);
    }
    t.now += 1;
    CHECK_NEAR(route_cost(&t, home), 6 * MS, 1);
    CHECK_U64(class_choice(&t, k, 4), 3);
    route_end(&t);
}

static void who_has_misses_is_asked_less_and_tried_again_later(void)
{
    struct route_test t;
    struct sw_class_trails trails = { 0 };
    route_begin(&t, "ant_colony");
    sw_class_enter(&trails, 7, 1, 0.5, t.now);
    sw_class_learn(&trails, 7, 1, t.now, 10 * SW_MS, false); /* .5 + .05 (0 - .5) */
    CHECK_NEAR(sw_class_strength(sw_class_row(&trails, 7), 1, 0, t.now), 0.475, 1e-6);
    sw_class_learn(&trails, 7, 1, t.now, 2 * SW_MS, true); /* + .05 (1 - .475) */
    CHECK_NEAR(sw_class_strength(sw_class_row(&trails, 7), 1, 0, t.now), 0.50125, 1e-6);
    CHECK_NEAR(sw_class_miss(&trails), 8 * MS, 1e-6);
    sw_class_learn(&trails, 7, 1, t.now, 4 * SW_MS, true); /* hits: 2 + .05 (4 - 2) */
    CHECK_NEAR(sw_class_miss(&trails), 7.9 * MS, 1e-6);
    const double h = 0.50125 + 0.05 * (1 - 0.50125);
    CHECK_NEAR(sw_class_strength(sw_class_row(&trails, 7), 1, 0, t.now + SW_MIN),
               0.5 + (h - 0.5) * E1, 1e-6);
    CHECK_NEAR(sw_class_strength(sw_class_row(&trails, 7), 2, 0.25, t.now), 0.25,
               0);                                         /* no trail: its seed */
    sw_class_learn(&trails, 7, 2, t.now, 2 * SW_MS, true); /* nor now */
    CHECK_NEAR(sw_class_strength(sw_class_row(&trails, 7), 2, 0.25, t.now), 0.25, 0);
    route_end(&t);
}

static void of_too_many_trails_the_weakest_goes(void)
{
    struct sw_class_trails trails = { 0 };
    for (uint32_t i = 0; i < SW_CLASS_PEERS; i++) {
        sw_class_enter(&trails, 7, i, 0.5, T0);
        sw_class_learn(&trails, 7, i, T0, SW_MS, i != 1);
    }
    sw_class_enter(&trails, 7, 9, 0, T0);
    CHECK_NEAR(sw_class_strength(sw_class_row(&trails, 7), 0, 0, T0), 0.525, 1e-6);
    CHECK_NEAR(sw_class_strength(sw_class_row(&trails, 7), 1, 0, T0), 0, 0);
    CHECK_NEAR(sw_class_strength(sw_class_row(&trails, 7), 2, 0, T0), 0.525, 1e-6);
    sw_class_enter(&trails, 7, 0, 0, T0); /* already there: nothing changes */
    CHECK_NEAR(sw_class_strength(sw_class_row(&trails, 7), 0, 0, T0), 0.525, 1e-6);
}

static void suspects_are_not_asked_for_what_they_keep(void)
{
    struct route_test t;
    route_begin(&t, "ant_colony");
    for (uint32_t i = 0; i < 3; i++) {
        answer_with(&t, i, 2 * SW_MS, load_of(0, 1, SW_MS, 0));
    }
    const uint64_t k = class_of_a_peer(&t);
    const uint32_t home = (uint32_t)by_hash(&t, k, 4);
    route_timeout(&t, home);
    route_timeout(&t, home);
    CHECK_U64(class_choice(&t, k, 4), 3); /* the others have no seed */
    route_end(&t);
}

CU_TestInfo tests_class_trail[] = {
    { "class trails are off unless asked for", class_trails_are_off_unless_asked_for },
    { "a class is asked for where the hash says, until something is known",
      a_class_is_asked_for_where_the_hash_says_until_something_is_known },
    { "a peer with a long queue is asked as long as its hits are worth it",
      a_peer_with_a_long_queue_is_asked_as_long_as_its_hits_are_worth_it },
    { "who has misses is asked less, and tried again later",
      who_has_misses_is_asked_less_and_tried_again_later },
    { "of too many trails the weakest goes", of_too_many_trails_the_weakest_goes },
    { "suspects are not asked for what they keep", suspects_are_not_asked_for_what_they_keep },
    CU_TEST_INFO_NULL,
};

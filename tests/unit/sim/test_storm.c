/* SPDX-License-Identifier: GPL-3.0-or-later
 * Storms: small worlds under faults that a seed draws, several at once, and what must hold in
 * each of them. */
#include "node/base/rng.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

#ifdef SW_SLOW_CHECKS
#define SEEDS 12U
#else
#define SEEDS 100U
#endif
#define FAULTS 6U
#define CALM (60 * SW_SEC) /* no fault begins or lasts beyond it */
#define END (150 * SW_SEC)

static const char *const node_names[6] = { "n0", "n1", "n2", "n3", "n4", "n5" };
static const char *const region_names[3] = { "frankfurt", "dublin", "stockholm" };

/* What small_fault borrows. */
struct drawn {
    const char *params[FAULTS][7];
};

static void draw_fault(struct small_scenario *x, struct drawn *d, unsigned i, struct sw_rng *rng)
{
    const char **p = d->params[i];
    const sw_time at = SW_SEC + sw_rng_below(rng, 40 * SW_SEC);
    const sw_dur length = SW_MS + sw_rng_below(rng, 18 * SW_SEC);
    const char *node = node_names[sw_rng_below(rng, 6)];
    const char *region = region_names[sw_rng_below(rng, 3)];
    const bool flag = sw_rng_below(rng, 2) == 0;
    switch (sw_rng_below(rng, 4)) {
    case 0:
        p[0] = "node";
        p[1] = node;
        p[2] = "of";
        p[3] = flag ? "machine" : "process";
        small_fault(x, "crash", at, length, p);
        break;
    case 1:
        p[0] = "region";
        p[1] = region;
        p[2] = "disks";
        p[3] = flag ? "kept" : "lost";
        small_fault(x, "regional_outage", at, length, p);
        break;
    case 2:
        p[0] = "region";
        p[1] = region;
        p[2] = "one_way";
        p[3] = flag ? "true" : "false";
        small_fault(x, "partition", at, length, p);
        break;
    default:
        p[0] = "node";
        p[1] = node;
        small_fault(x, "partition", at, length, p);
        break;
    }
}

static struct small_scenario *storm(uint64_t seed, struct drawn *d)
{
    const struct small_world o = { .nodes_a_region = 2,
                                   .holders = 3,
                                   .forward = true,
                                   .rate = 20,
                                   .duration = END,
                                   .policy = seed % 2 == 0 ? "ant_colony" : "peak_ewma",
                                   .nonexistent = 0.05,
                                   .service = SW_MS,
                                   .loss = 0.01 };
    struct small_scenario *x = small_scenario(&o);
    struct sw_rng rng;
    /* Snapshots all the time, and restores in the middle of it and after: what they bring, if
     * they bring anything, is right. */
    small_set(x, 20, 5000, 3 * SW_SEC);
    small_operation(x, 30 * SW_SEC, "restore", "n4", "n0", "early");
    small_operation(x, 45 * SW_SEC, "restore", "n2", "n0", "midway");
    small_operation(x, END - 20 * SW_SEC, "restore", "n5", "n0", "late");
    *d = (struct drawn){ .params = { { NULL } } };
    sw_rng_init(&rng, sw_rng_key(seed, "storm", ""));
    for (unsigned i = 0; i < FAULTS; i++) {
        draw_fault(x, d, i, &rng);
    }
    return x;
}

static void check_calm(const struct sim_world *w, uint64_t seed)
{
    for (uint32_t i = 0; i < 6; i++) {
        struct sw_route_info info[8];
        char text[100];
        (void)snprintf(text, sizeof text, "seed %llu, node %u", (unsigned long long)seed, i);
        const struct sw_node *n = sim_world_node(w, i);
        if (n == NULL || sw_node_state(n) != SW_STATE_READY) {
            CHECK_STR(text, "every node is ready again");
            continue;
        }
        const size_t peers = sw_node_routes(n, info, SW_LEN(info));
        CHECK_U64(peers, 5);
        for (size_t p = 0; p < peers; p++) {
            if (!info[p].connected) {
                CHECK_STR(text, "every node has its peers again");
            }
        }
    }
}

static void after_a_storm_every_node_is_back_and_every_client_served(void)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct drawn d;
        struct small_scenario *x = storm(seed, &d);
        struct sim_world *w = small_start_world(x, seed);
        /* from a minute after the last fault on */
        const struct small_counts *c = small_watch(w, 2 * CALM, END - 10 * SW_SEC);
        struct sim_result r;
        (void)sim_world_run(w, SW_TIME_NEVER, &r);
        CHECK_STR(r.complaint, "");
        CHECK_U64(c->failed, 0);
        CHECK_U64(c->dark, 0);
        CHECK(c->answered > 1000);
        check_calm(w, seed);
        sim_world_free(w);
        free(x);
    }
}

static void a_storm_repeats_to_the_bit(void)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        uint64_t hash[2];
        for (unsigned i = 0; i < 2; i++) {
            struct drawn d;
            struct small_scenario *x = storm(seed, &d);
            struct sim_world *w = small_start_world(x, seed);
            struct sim_result r;
            (void)sim_world_run(w, SW_TIME_NEVER, &r);
            hash[i] = r.trace_hash;
            sim_world_free(w);
            free(x);
        }
        CHECK_U64(hash[0], hash[1]);
    }
}

static void a_run_may_be_left_at_any_time(void)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct drawn d;
        struct small_scenario *x = storm(seed, &d);
        struct sim_world *w = small_start_world(x, seed);
        struct sim_result r;
        (void)sim_world_run(w, seed * 4567 * SW_MS, &r);
        sim_world_free(w); /* with packets in the air and jobs at work: nothing leaks */
        free(x);
    }
}

extern CU_TestInfo tests_storm[];
CU_TestInfo tests_storm[] = {
    { "after a storm every node is back and every client served",
      after_a_storm_every_node_is_back_and_every_client_served },
    { "a storm repeats to the bit", a_storm_repeats_to_the_bit },
    { "a run may be left at any time", a_run_may_be_left_at_any_time },
    CU_TEST_INFO_NULL,
};

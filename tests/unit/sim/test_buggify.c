/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bad luck on purpose: drawn by the seed, repeatable, counted, and out of every configuration's
 * reach. */
#define _POSIX_C_SOURCE 200809L
#include "node/conf/config.h"
#include "sim/scenario/tables.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

#include <math.h>

static const struct small_world usual = { .nodes_a_region = 2,
                                          .holders = 3,
                                          .forward = true,
                                          .rate = 10,
                                          .duration = 60 * SW_SEC,
                                          .policy = "ant_colony",
                                          .service = 100 * SW_US };

static void a_run_activates_a_quarter_of_the_sites_alike_on_all_nodes(void)
{
    unsigned active = 0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        struct sw_buggify a;
        struct sw_buggify b;
        sw_buggify_arm(&a, seed, "a");
        sw_buggify_arm(&b, seed, "b");
        for (unsigned i = 0; i < SW_SITE_COUNT; i++) {
            CHECK(a.active[i] == b.active[i]);
            active += a.active[i];
        }
    }
    /* binomial: 1000 x sites draws of 1/4; six deviations */
    const double n = 1000.0 * SW_SITE_COUNT;
    CHECK(active > n / 4 - 6 * sqrt(n * 3 / 16) && active < n / 4 + 6 * sqrt(n * 3 / 16));
}

static void an_active_site_fires_on_its_share_of_visits_and_no_other_site_moves_it(void)
{
    struct sw_buggify alone;
    struct sw_buggify among;
    sw_buggify_arm(&alone, 7, "a");
    memset(alone.active, true, sizeof alone.active);
    among = alone;
    for (unsigned i = 0; i < 100000; i++) {
        (void)sw_buggify_fires(&among, SW_SITE_patience_least);
        CHECK(sw_buggify_fires(&alone, SW_SITE_answer_lost) ==
              sw_buggify_fires(&among, SW_SITE_answer_lost));
    }
    const struct sw_site_count c = alone.count[SW_SITE_answer_lost];
    CHECK_U64(c.reached, 100000);
    CHECK(c.fired > 5770 && c.fired < 6730); /* 1/16 of them, six deviations of 77 */
    among.active[SW_SITE_answer_lost] = false;
    CHECK(!sw_buggify_fires(&among, SW_SITE_answer_lost));
    CHECK_U64(among.count[SW_SITE_answer_lost].reached, 100001);
}

static void without_luck_there_is_nothing_to_count(void)
{
    struct sw_buggify *none = NULL;
    CHECK(!SW_BUGGIFY(none, answer_lost));
}

/* The hash of a run of @x, and what its sites counted. */
static uint64_t run(const struct small_scenario *x, bool buggify,
                    struct sw_site_count sites[SW_SITE_COUNT])
{
    const struct sim_world_options o = { .queue = SIM_QUEUE_WHEEL, .buggify = buggify };
    struct sim_world *w = NULL;
    struct sim_result r = { 0 };
    struct sw_diag d = { 0 };
    if (sim_world_new_with(&x->s, 4, &o, &w, &d) != 0) {
        CHECK_STR(d.text, "");
        return 0;
    }
    (void)sim_world_run(w, SW_TIME_NEVER, &r);
    CHECK_STR(r.complaint, "");
    memset(sites, 0, SW_SITE_COUNT * sizeof *sites);
    sim_world_sites(w, sites);
    sim_world_free(w);
    return r.trace_hash;
}

static const char *const silent[] = { "node", "n1", NULL };

static void an_unlucky_run_repeats_to_the_bit_and_is_another_history(void)
{
    struct sw_site_count one[SW_SITE_COUNT] = { 0 };
    struct sw_site_count two[SW_SITE_COUNT] = { 0 };
    struct sw_site_count off[SW_SITE_COUNT] = { 0 };
    struct small_scenario *x = small_scenario(&usual);
    small_set(x, 20, 400000, 20 * SW_SEC);
    small_operation(x, 30 * SW_SEC, "restore", "n4", "n0", "restored");
    small_fault(x, "pause", 20 * SW_SEC, 5 * SW_SEC, silent); /* somebody must be suspected */
    for (size_t i = 0; i < x->s.n_nodes; i++) {
        x->nodes[i].config.membership.connections = 4; /* of 5: some are dialled when wanted */
    }
    const uint64_t unlucky = run(x, true, one);
    CHECK_U64(run(x, true, two), unlucky);
    CHECK(run(x, false, off) != unlucky);
    uint64_t fired = 0;
    for (unsigned i = 0; i < SW_SITE_COUNT; i++) {
        CHECK_U64(one[i].reached, two[i].reached);
        CHECK_U64(one[i].fired, two[i].fired);
        CHECK_U64(off[i].reached, 0);
        if (one[i].reached == 0) {
            CHECK_STR(sw_site_name(i), "reached");
        }
        fired += one[i].fired;
    }
    CHECK(fired > 10);
    free(x);
}

static void no_key_of_a_scenario_or_a_configuration_leads_there(void)
{
    static const struct sw_yaml_table *const tables[] = { &sim_file_table, &sim_node_table,
                                                          &sw_node_file_table };
    for (size_t i = 0; i < SW_LEN(tables); i++) {
        char *text = NULL;
        size_t len = 0;
        FILE *to = open_memstream(&text, &len);
        REQUIRE(to != NULL);
        sw_yaml_document(to, tables[i]);
        (void)fclose(to);
        CHECK(len > 500); /* all keys */
        CHECK(strstr(text, "buggify") == NULL);
        for (unsigned k = 0; k < SW_SITE_COUNT; k++) {
            CHECK(strstr(text, sw_site_name(k)) == NULL);
        }
        free(text);
    }
}

extern CU_TestInfo tests_buggify[];
CU_TestInfo tests_buggify[] = {
    { "a run activates a quarter of the sites alike on all nodes",
      a_run_activates_a_quarter_of_the_sites_alike_on_all_nodes },
    { "an active site fires on its share of visits and no other site moves it",
      an_active_site_fires_on_its_share_of_visits_and_no_other_site_moves_it },
    { "without luck there is nothing to count", without_luck_there_is_nothing_to_count },
    { "an unlucky run repeats to the bit and is another history",
      an_unlucky_run_repeats_to_the_bit_and_is_another_history },
    { "no key of a scenario or a configuration leads there",
      no_key_of_a_scenario_or_a_configuration_leads_there },
    CU_TEST_INFO_NULL,
};

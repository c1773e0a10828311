/* SPDX-License-Identifier: GPL-3.0-or-later
 * Faults: what a scenario writes is bound to a kind's table or refused by line, column and key. */
#include "sim/faults/fault.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

static struct small_scenario *scenario(void)
{
    const struct small_world o = {
        .nodes_a_region = 1, .holders = 3, .rate = 1, .duration = SW_SEC, .service = SW_US
    };
    return small_scenario(&o);
}

static void parameters_are_bound_in_the_tables_order(void)
{
    struct small_scenario *x = scenario();
    const char *const crash[] = { "disk", "lost", "node", "n2", NULL };
    const char *const cut[] = { "region", "dublin", "one_way", "true", NULL };
    const struct sim_fault_kind *kind = NULL;
    union sim_fault_value v[SIM_FAULT_PARAMS_MAX];
    small_fault(x, "crash", 0, 0, crash);
    small_fault(x, "partition", 0, 0, cut);
    CHECK_I64(sim_fault_bind(&x->s, &x->faults[0], &kind, v, SW_LEN(v), NULL), 0);
    CHECK_STR(kind->name, "crash");
    CHECK_U64(v[0].index, 2);
    CHECK_U64(v[1].index, 0); /* of: machine, by default */
    CHECK_U64(v[2].index, 1);
    CHECK_I64(sim_fault_bind(&x->s, &x->faults[1], &kind, v, SW_LEN(v), NULL), 0);
    CHECK_U64(v[0].index, 1);
    CHECK_U64(v[1].index, SIM_PARAM_ABSENT);
    CHECK_U64(v[2].index, SIM_PARAM_ABSENT);
    CHECK(v[3].nodes == NULL && v[4].nodes == NULL);
    CHECK(v[5].flag);
    free(x);
}

static void mistakes_are_named_with_line_and_column(void)
{
    static const struct {
        const char *kind, *params[5];
        int err;
        const char *says;
    } cases[] = {
        { "earthquake", { NULL }, SW_ERR_NOTFOUND, "1:1: kind: 'earthquake' is no kind of fault" },
        { "crash", { NULL }, SW_ERR_MALFORMED, "1:1: node: is missing (which one)" },
        { "crash",
          { "node", "n9", NULL },
          SW_ERR_NOTFOUND,
          "2:3: node: 'n9' is no node of this scenario (expected a node's name)" },
        { "crash",
          { "node", "n1", "disk", "gone", NULL },
          SW_ERR_MALFORMED,
          "2:3: disk: 'gone' is not possible here (expected kept|lost)" },
        { "crash",
          { "node", "n1", "disks", "lost", NULL },
          SW_ERR_MALFORMED,
          "2:3: disks: unknown key (crash knows node, of, disk)" },
        { "regional_outage",
          { "region", "", NULL },
          SW_ERR_NOTFOUND,
          "2:3: region: '' is no region of this scenario (expected a region's name)" },
        { "partition",
          { "nodes", "n0 n7", NULL },
          SW_ERR_NOTFOUND,
          "2:3: nodes: 'n7' is no node of this scenario (expected nodes' names, like fra-1 "
          "fra-2)" },
        { "partition",
          { "nodes", " ", NULL },
          SW_ERR_MALFORMED,
          "2:3: nodes: ' ' is empty (expected nodes' names, like fra-1 fra-2)" },
        { "packet_loss",
          { "burst", "10us", NULL },
          SW_ERR_RANGE,
          "2:3: burst: '10us' is out of range (expected 1ms to 1m)" },
        { "packet_loss",
          { "burst", "1s2m", NULL },
          SW_ERR_MALFORMED,
          "2:3: burst: '1s2m' is no duration (expected a duration like 80ms, 2.5s, 1h30m)" },
        { "packet_loss",
          { "share", "0.3", NULL },
          SW_ERR_RANGE,
          "2:3: share: '0.3' is out of range (expected 0 to 0.25)" },
        { "packet_loss",
          { "share", "010", NULL },
          SW_ERR_MALFORMED,
          "2:3: share: '010' is no number (expected a share, 0 to 0.25)" },
        { "cable_cut",
          { "from", "dublin", "to", "dublin", NULL },
          SW_ERR_MALFORMED,
          "1:1: cable_cut: both ends are one region (expected from and to to differ)" },
        { "partition",
          { "one_way", "true", NULL },
          SW_ERR_MALFORMED,
          "1:1: partition: nothing is cut off (expected region, node or nodes)" },
        { "partition",
          { "node", "n1", "from", "dublin", NULL },
          SW_ERR_MALFORMED,
          "1:1: partition: from is for a region that is cut off from another one (expected region "
          "to be it)" },
        { "partition",
          { "region", "dublin", "from", "dublin", NULL },
          SW_ERR_MALFORMED,
          "1:1: partition: from is for a region that is cut off from another one (expected region "
          "to be it)" },
        { "partition",
          { "node", "n1", "others", "n2", NULL },
          SW_ERR_MALFORMED,
          "1:1: partition: others is for nodes that are cut off from them (expected nodes)" },
        { "partition",
          { "nodes", "n0 n1 n2", NULL },
          SW_ERR_MALFORMED,
          "1:1: partition: nodes have nobody to be cut off from (expected others, or not all of "
          "the nodes)" },
        { "partition",
          { "nodes", "n1", "others", "n1", NULL },
          SW_ERR_MALFORMED,
          "1:1: partition: nodes have nobody to be cut off from (expected others, or not all of "
          "the nodes)" },
        { "partition", { "nodes", "n0 n1", "others", "n1", NULL }, 0, "" },
        { "partition",
          { "one_way", "yes", NULL },
          SW_ERR_MALFORMED,
          "2:3: one_way: 'yes' is no flag (expected true or false)" },
    };
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        struct small_scenario *x = scenario();
        const struct sim_fault_kind *kind = NULL;
        union sim_fault_value v[SIM_FAULT_PARAMS_MAX];
        struct sw_diag d = { "" };
        small_fault(x, cases[i].kind, 0, 0, cases[i].params);
        CHECK_I64(sim_fault_bind(&x->s, &x->faults[0], &kind, v, SW_LEN(v), &d), cases[i].err);
        CHECK_STR(d.text, cases[i].says);
        free(x);
    }
}

static void every_registered_kind_explains_itself(void)
{
    const struct sim_fault_kind *k;
    size_t n = 0;
    for (; (k = sim_fault_kind_at(n)) != NULL; n++) {
        CHECK(k->name[0] != '\0' && k->help[0] != '\0' && k->apply != NULL);
        CHECK(sim_fault_kind_find(k->name) == k);
        CHECK(k->n_params <= SIM_FAULT_PARAMS_MAX);
        for (size_t i = 0; i < k->n_params; i++) {
            CHECK(k->params[i].key[0] != '\0' && k->params[i].help[0] != '\0');
            CHECK(k->params[i].type != SIM_PARAM_CHOICE || k->params[i].choices != NULL);
        }
    }
    CHECK(n >= 3);
}

static void a_fault_is_kept_with_all_its_parameters(void)
{
    static const struct {
        const char *kind, *params[7], *json;
    } cases[] = {
        { "crash",
          { "node", "n2", NULL },
          "{\"node\":\"n2\",\"of\":\"machine\",\"disk\":\"kept\"}" },
        { "partition",
          { "region", "dublin", "one_way", "true", NULL },
          "{\"region\":\"dublin\",\"from\":null,\"node\":null,\"nodes\":null,"
          "\"others\":null,\"one_"
          "way\":true}" },
        { "clock_step",
          { "node", "n0", "by", "1m30s", "to", "past", NULL },
          "{\"node\":\"n0\",\"by\":90,\"to\":\"past\"}" },
        { "slow_node",
          { "node", "n0", "factor", "2.5", NULL },
          "{\"node\":\"n0\",\"factor\":2.5}" },
    };
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        struct small_scenario *x = scenario();
        small_fault(x, cases[i].kind, 0, 0, cases[i].params);
        char *json = sim_fault_json(&x->s, &x->faults[0]);
        CHECK(json != NULL);
        CHECK_STR(json != NULL ? json : "", cases[i].json);
        free(json);
        free(x);
    }
}

static void bounds_and_defaults_are_told_as_a_scenario_writes_them(void)
{
    static const struct {
        const char *kind, *key, *range, *fallback;
    } cases[] = {
        { "slow_node", "factor", "1 to 1000", "10" },
        { "clock_step", "by", "1ns to 95 years", "1h" },
        { "clock_step", "to", "", "future" },
        { "crash", "node", "", "" },
        { "partition", "one_way", "", "false" },
    };
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        const struct sim_fault_kind *k = sim_fault_kind_find(cases[i].kind);
        char text[SIM_PARAM_TEXT_MAX];
        size_t p = 0;
        while (p + 1 < k->n_params && strcmp(k->params[p].key, cases[i].key) != 0) {
            p++;
        }
        CHECK_STR(k->params[p].key, cases[i].key);
        sim_fault_param_range(&k->params[p], text);
        CHECK_STR(text, cases[i].range);
        sim_fault_param_default(&k->params[p], text);
        CHECK_STR(text, cases[i].fallback);
    }
}

/* Down nodes of @x at @at, as a bit each. */
static unsigned down_at(struct sim_world *w, sw_time at)
{
    struct sim_result r;
    unsigned down = 0;
    (void)sim_world_run(w, at, &r);
    for (uint32_t i = 0; i < 3; i++) {
        down |= (unsigned)(sim_world_node(w, i) == NULL) << i;
    }
    return down;
}

static void overlapping_faults_count(void)
{
    struct small_scenario *x = scenario();
    x->s.duration = 60 * SW_SEC;
    const char *const crash[] = { "node", "n0", "of", "process", NULL };
    const char *const outage[] = { "region", "frankfurt", NULL };
    small_fault(x, "crash", 10 * SW_SEC, 20 * SW_SEC, crash);
    small_fault(x, "regional_outage", 15 * SW_SEC, 5 * SW_SEC, outage);
    small_fault(x, "regional_outage", 18 * SW_SEC, 4 * SW_SEC, outage);
    struct sim_world *w = small_start_world(x, 1);
    CHECK_U64(down_at(w, 9 * SW_SEC), 0);
    CHECK_U64(down_at(w, 12 * SW_SEC), 1);
    CHECK(!sim_world_region_dark(w, 0));
    CHECK_U64(down_at(w, 16 * SW_SEC), 1);
    CHECK(sim_world_region_dark(w, 0));
    CHECK_U64(down_at(w, 21 * SW_SEC), 1);
    CHECK(sim_world_region_dark(w, 0)); /* the second outage goes on */
    CHECK_U64(down_at(w, 23 * SW_SEC), 1);
    CHECK(!sim_world_region_dark(w, 0));
    CHECK_U64(down_at(w, 31 * SW_SEC), 0);
    sim_world_free(w);
    free(x);
}

/* How many of a node's peers it is connected to. */
static unsigned connected(const struct sim_world *w, uint32_t node)
{
    struct sw_route_info info[8];
    unsigned n = 0;
    const size_t all = sw_node_routes(sim_world_node(w, node), info, SW_LEN(info));
    for (size_t i = 0; i < all && i < SW_LEN(info); i++) {
        n += info[i].connected;
    }
    return n;
}

static void a_partition_parts_peers_and_they_find_each_other_again(void)
{
    struct small_scenario *x = scenario();
    x->s.duration = 120 * SW_SEC;
    const char *const cut[] = { "region", "dublin", NULL };
    small_fault(x, "partition", 10 * SW_SEC, 30 * SW_SEC, cut);
    struct sim_world *w = small_start_world(x, 1);
    CHECK_U64(down_at(w, 9 * SW_SEC), 0);
    CHECK_U64(connected(w, 0), 2);
    CHECK_U64(down_at(w, 30 * SW_SEC), 0);
    CHECK_U64(connected(w, 1), 0);
    CHECK_U64(connected(w, 0), 1);
    CHECK_U64(down_at(w, 110 * SW_SEC), 0);
    CHECK_U64(connected(w, 0), 2);
    CHECK_U64(connected(w, 1), 2);
    sim_world_free(w);
    free(x);
}

static void some_nodes_may_lose_each_other_while_both_reach_a_third(void)
{
    static const char *const cases[][7] = {
        { "nodes", "n0", "others", "n1", NULL },
        { "nodes", "n1", "others", "n0", "one_way", "true", NULL }, /* no connection lives so */
    };
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        struct small_scenario *x = scenario();
        x->s.duration = 120 * SW_SEC;
        small_fault(x, "partition", 10 * SW_SEC, 30 * SW_SEC, cases[i]);
        struct sim_world *w = small_start_world(x, 1);
        CHECK_U64(down_at(w, 9 * SW_SEC), 0);
        CHECK_U64(connected(w, 0), 2);
        CHECK_U64(down_at(w, 30 * SW_SEC), 0);
        CHECK_U64(connected(w, 0), 1);
        CHECK_U64(connected(w, 1), 1);
        CHECK_U64(connected(w, 2), 2);
        CHECK_U64(down_at(w, 110 * SW_SEC), 0);
        CHECK_U64(connected(w, 0), 2);
        CHECK_U64(connected(w, 1), 2);
        sim_world_free(w);
        free(x);
    }
}

static void a_set_of_nodes_may_lose_all_others(void)
{
    struct small_scenario *x = scenario();
    x->s.duration = 120 * SW_SEC;
    const char *const cut[] = { "nodes", "n0 n2", NULL };
    small_fault(x, "partition", 10 * SW_SEC, 30 * SW_SEC, cut);
    struct sim_world *w = small_start_world(x, 1);
    CHECK_U64(down_at(w, 30 * SW_SEC), 0);
    CHECK_U64(connected(w, 0), 1);
    CHECK_U64(connected(w, 1), 0);
    CHECK_U64(connected(w, 2), 1);
    CHECK_U64(down_at(w, 110 * SW_SEC), 0);
    CHECK_U64(connected(w, 1), 2);
    sim_world_free(w);
    free(x);
}

extern CU_TestInfo tests_fault[];
CU_TestInfo tests_fault[] = {
    { "parameters are bound in the table's order", parameters_are_bound_in_the_tables_order },
    { "mistakes are named with line and column", mistakes_are_named_with_line_and_column },
    { "every registered kind explains itself", every_registered_kind_explains_itself },
    { "a fault is kept with all its parameters", a_fault_is_kept_with_all_its_parameters },
    { "bounds and defaults are told as a scenario writes them",
      bounds_and_defaults_are_told_as_a_scenario_writes_them },
    { "overlapping faults count", overlapping_faults_count },
    { "a partition parts peers and they find each other again",
      a_partition_parts_peers_and_they_find_each_other_again },
    { "some nodes may lose each other while both reach a third",
      some_nodes_may_lose_each_other_while_both_reach_a_third },
    { "a set of nodes may lose all others", a_set_of_nodes_may_lose_all_others },
    CU_TEST_INFO_NULL,
};

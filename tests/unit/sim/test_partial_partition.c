/* SPDX-License-Identifier: GPL-3.0-or-later
 * scenarios/partial-partition.yaml: by way of a third all are served; without that few are, and
 * a backup stays behind. */
#include "sim/scenario/load.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

#define FILE_NAME SW_SOURCE_DIR "/scenarios/partial-partition.yaml"

struct outcome {
    struct small_counts cut, parted, healed; /* what New York's and London's clients saw */
    uint64_t relayed_before, relayed;        /* by nyc-1, until the first fault and until the end */
    uint32_t serial_primary, serial_backup;  /* before the cables are mended */
    size_t paths;                            /* at the end */
};

static uint32_t node_of(const struct sim_scenario *s, const char *name)
{
    uint32_t i = 0;
    while (strcmp(s->nodes[i].config.name.s, name) != 0) {
        i++;
    }
    return i;
}

static uint32_t serial(struct sim_world *w, uint32_t node)
{
    struct sw_zone_info z = { 0 };
    (void)sw_node_zones(sim_world_node(w, node), &z, 1);
    return z.serial;
}

static void run_to(struct sim_world *w, sw_time at)
{
    struct sim_result r;
    (void)sim_world_run(w, at, &r);
    CHECK_STR(r.complaint, "");
}

static void run(const char *configuration, struct outcome *o)
{
    struct sim_scenario *s = NULL;
    struct sim_world *w = NULL;
    struct sw_diag d = { "" };
    struct sw_node_counts counts;
    memset(o, 0, sizeof *o);
    REQUIRE(sim_scenario_load(FILE_NAME, configuration, &s, &d) == 0);
    for (size_t i = 0; i < s->n_clients; i++) {
        s->clients[i].rate *= 0.02;
    }
    const uint32_t nyc = node_of(s, "nyc-1");
    REQUIRE(sim_world_new(s, 1, &w, &d) == 0);
    /* each after the few seconds in which a silence is noticed */
    const struct small_counts *cut = small_watch(w, 65 * SW_SEC, 110 * SW_SEC);
    const struct small_counts *parted = small_watch(w, 185 * SW_SEC, 230 * SW_SEC);
    const struct small_counts *healed = small_watch(w, 250 * SW_SEC, 290 * SW_SEC);
    run_to(w, 60 * SW_SEC);
    sw_node_counts(sim_world_node(w, nyc), &counts);
    o->relayed_before = counts.relayed;
    run_to(w, 119 * SW_SEC);
    o->serial_primary = serial(w, node_of(s, "fra-1"));
    o->serial_backup = serial(w, node_of(s, "sin-1"));
    run_to(w, 299 * SW_SEC);
    sw_node_counts(sim_world_node(w, nyc), &counts);
    o->relayed = counts.relayed;
    o->paths = sw_node_relays(sim_world_node(w, nyc), NULL, 0);
    o->cut = *cut;
    o->parted = *parted;
    o->healed = *healed;
    sim_world_free(w);
    sim_scenario_free(s);
}

static void by_way_of_a_third_all_are_served(void)
{
    struct outcome o;
    run("relay", &o);
    CHECK_U64(o.relayed_before, 0);
    CHECK(o.relayed > 100);
    CHECK(o.cut.answered > 500 && o.parted.answered > 500);
    CHECK_U64(o.cut.failed, 0);
    CHECK_U64(o.parted.failed, 0);
    CHECK_U64(o.healed.failed, 0);
    CHECK(o.cut.slowest < SW_SEC);
    CHECK(o.serial_backup == o.serial_primary);
    CHECK_U64(o.paths, 0); /* all is well again, and they are forgotten */
}

/* The same world; this is what the test above would see if relays did nothing. */
static void without_relays_few_are_served_and_a_backup_stays_behind(void)
{
    struct outcome o;
    run("direct", &o);
    CHECK_U64(o.relayed, 0);
    CHECK(o.parted.failed > o.parted.answered / 2);
    CHECK_U64(o.healed.failed, 0);
    CHECK(o.serial_backup != o.serial_primary);
}

extern CU_TestInfo tests_partial_partition[];
CU_TestInfo tests_partial_partition[] = {
#define T(name)     \
    {               \
#name, name \
    }
    T(by_way_of_a_third_all_are_served),
    T(without_relays_few_are_served_and_a_backup_stays_behind),
    CU_TEST_INFO_NULL,
};

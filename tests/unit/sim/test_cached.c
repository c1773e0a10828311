/* SPDX-License-Identifier: GPL-3.0-or-later
 * A forwarding swarm in the simulated world: what upstreams said is all that clients get, for as
 * long as it holds; and the oracle sees a cache that does otherwise. */
#include "sim/analyse/metric.h"
#include "sim/scenario/load.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

#include <math.h>

#define SCENARIOS SW_SOURCE_DIR "/scenarios/"

/* Three nodes and two upstreams; both are silent for a minute, longer than most TTLs and than stale
 * answers are allowed. */
static const char text[] =
    "name: cached\nquestion: Is what caches say what upstreams said?\nduration: 120s\nwarmup: 5s\n"
    "oracles: [answers, bounds]\n"
    "regions: [{name: fra, latitude: 50.11, longitude: 8.68}]\n"
    "zones: [{name: web.example, names: 40, ttls: [5s, 20s], negative_ttl: 10s}]\n"
    "upstreams: [{name: u1, region: fra, miss: 30ms, warm: 50%}, {name: u2, region: fra}]\n"
    "defaults:\n  node:\n"
    "    forwarding: {upstreams: [u1, u2], clients: [\"fd00::/8\"]}\n"
    "    cache: {stale: 20s}\n"
    "nodes: [{region: fra, count: 3}]\n"
    "clients:\n"
    "  - {region: fra, count: 20, rate: 1/s, zone: web.example, servers: [fra-1, fra-2]}\n"
    "  - {region: fra, count: 20, rate: 1/s, zone: web.example, servers: [fra-3, fra-2]}\n"
    "faults: [{kind: upstream_outage, at: 40s, for: 60s}]\n";

static struct sim_scenario *scenario(void)
{
    struct sim_scenario *s = NULL;
    struct sw_diag d = { "" };
    if (sim_scenario_parse("cached.yaml", text, sizeof text - 1, NULL, &s, &d) != 0) {
        CHECK_STR(d.text, "");
    }
    return s;
}

static struct sim_result run_with(const struct sim_scenario *s, uint64_t seed,
                                  struct sim_hooks hooks)
{
    struct sim_world *w = NULL;
    struct sw_diag d = { "" };
    struct sim_result r = { 0 };
    if (sim_world_new(s, seed, &w, &d) != 0) {
        CHECK_STR(d.text, "");
        return r;
    }
    sim_world_hook(w, &hooks);
    CHECK_I64(sim_world_run(w, SW_TIME_NEVER, &r), 0);
    sim_world_free(w);
    return r;
}

static struct sim_result run(const struct sim_scenario *s, uint64_t seed, unsigned planted)
{
    return run_with(s, seed, (struct sim_hooks){ .planted = planted });
}

/* Denials that no authority gave. */
static unsigned n_without;

static bool is_denial_without_authority(const uint8_t *message, size_t len)
{
    return len > 12 && (message[3] & 15) == 3 && (message[2] & 0x04) == 0;
}

static void count_without(void *self, uint32_t node, uint8_t *message, size_t len)
{
    (void)self;
    (void)node;
    n_without += is_denial_without_authority(message, len);
}

static void alter_without(void *self, uint32_t node, uint8_t *message, size_t len)
{
    (void)self;
    (void)node;
    if (is_denial_without_authority(message, len)) {
        message[3] &= 0xf0; /* the name would exist */
    }
}

static void what_upstreams_said_is_what_clients_get(void)
{
    struct sim_scenario *s = scenario();
    REQUIRE(s != NULL);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        CHECK_STR(run(s, seed, 0).complaint, "");
    }
    sim_scenario_free(s);
}

static void a_ttl_that_is_not_counted_down_is_seen(void)
{
    struct sim_scenario *s = scenario();
    REQUIRE(s != NULL);
    const struct sim_result r = run(s, 1, SW_PLANTED_FRESH);
    CHECK_STR(r.oracle, "answers");
    CHECK(strstr(r.complaint, "where what upstreams said ends") != NULL);
    sim_scenario_free(s);
}

static void a_stale_answer_beyond_its_limit_is_seen(void)
{
    struct sim_scenario *s = scenario();
    REQUIRE(s != NULL);
    const struct sim_result r = run(s, 1, SW_PLANTED_STALE);
    CHECK_STR(r.oracle, "answers");
    CHECK(strstr(r.complaint, "for which stale answers are allowed") != NULL);
    CHECK(r.complained_at > 40 * SW_SEC); /* none is stale while upstreams answer */
    sim_scenario_free(s);
}

/* fra-2 looks outside for names of a zone that fra-1 holds, of which it has not heard yet; what
 * comes back by way of fra-1 is right, and marked as no authority's. */
static void a_zone_not_heard_of_yet_is_answered_without_authority(void)
{
    static const char early[] =
        "name: early\nquestion: What is said of a zone that is not known yet?\nduration: 30s\n"
        "oracles: [answers]\n"
        "regions: [{name: fra, latitude: 50.11, longitude: 8.68}, {name: nyc, latitude: 40.71, "
        "longitude: -74.01}]\n"
        "zones:\n  - {name: example.org, file: zones/example.org.zone, primary: fra-1}\n"
        "  - {name: out.example, names: 10}\n"
        "upstreams: [{name: u1, region: nyc}]\n"
        "defaults: {node: {forwarding: {upstreams: [u1], clients: [\"fd00::/8\"]}}}\n"
        "nodes: [{region: fra}, {region: nyc}]\n"
        "clients:\n"
        "  - {region: nyc, count: 50, rate: 4/s, zone: example.org, servers: [nyc-1]}\n";
    struct sim_scenario *s = NULL;
    struct sw_diag d = { "" };
    (void)sim_scenario_parse(SCENARIOS "early.yaml", early, sizeof early - 1, NULL, &s, &d);
    CHECK_STR(d.text, "");
    REQUIRE(s != NULL);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        CHECK_STR(run_with(s, seed, (struct sim_hooks){ .on_reply = count_without }).complaint, "");
    }
    CHECK(n_without > 0);
    CHECK_STR(run_with(s, 1, (struct sim_hooks){ .on_reply = alter_without }).oracle, "answers");
    sim_scenario_free(s);
}

static void equal_seeds_give_equal_runs(void)
{
    struct sim_scenario *s = scenario();
    REQUIRE(s != NULL);
    const uint64_t hash = run(s, 7, 0).trace_hash;
    CHECK_U64(run(s, 7, 0).trace_hash, hash);
    CHECK(run(s, 8, 0).trace_hash != hash);
    sim_scenario_free(s);
}

/* Hits of one node alone, each name at its own rate: the sum of what theory says of each
 * (L T / (1 + L T), Jung et al. 2003), over a zone small enough to know every rate. */
static double measured(const struct sim_scenario *s, const char *metric)
{
    size_t group;
    size_t index;
    struct sim_world *w = NULL;
    struct sw_diag d = { "" };
    struct sim_result r;
    void *self = NULL;
    if (sim_metric_find(metric, &group, &index) == NULL || sim_world_new(s, 1, &w, &d) != 0) {
        CHECK(false);
        return NAN;
    }
    const struct sim_metric_group *g = sim_metric_group_at(group);
    CHECK_I64(sim_world_watch(w, &g->watcher, &self), 0);
    CHECK_I64(sim_world_run(w, SW_TIME_NEVER, &r), 0);
    CHECK_STR(r.complaint, "");
    const double v = g->value(self, w, index, NULL);
    sim_world_free(w);
    return v;
}

static void a_node_hits_as_often_as_theory_says(void)
{
    /* 38 names n0..n37, the apex and ns: all 40 equally popular (zipf 0), types A only */
    static const char alone[] =
        "name: theory\nquestion: Does a cache hit as theory says?\nduration: 620s\nwarmup: 20s\n"
        "oracles: [answers]\nregions: [{name: fra, latitude: 50.11, longitude: 8.68}]\n"
        "zones: [{name: web.example, names: 38, ttls: [10s]}]\n"
        "upstreams: [{name: u1, region: fra, hit: 0s, miss: 0s}]\n"
        "nodes: [{region: fra, forwarding: {upstreams: [u1], clients: [\"fd00::/8\"]}, cache: "
        "{prefetch: false, max_ttl: 10s, max_negative: 10s}}]\n"
        "clients: [{region: fra, count: 40, rate: 0.25/s, zone: web.example, zipf: 0, nonexistent: "
        "0, types: {A: 100%}, servers: [fra-1]}]\n";
    struct sim_scenario *s = NULL;
    struct sw_diag d = { "" };
    REQUIRE(sim_scenario_parse("theory.yaml", alone, sizeof alone - 1, NULL, &s, &d) == 0);
    /* 10/s over 40 names: L = 0.25/s each, T = 10 s: L T / (1 + L T) = 2.5 / 3.5.  6000 queries:
     * one standard deviation is below 0.006. */
    CHECK_NEAR(measured(s, "cache.hit_ratio.node"), 2.5 / 3.5, 0.024);
    sim_scenario_free(s);
}

extern CU_TestInfo tests_cached[];
CU_TestInfo tests_cached[] = {
#define T(name)     \
    {               \
#name, name \
    }
    T(what_upstreams_said_is_what_clients_get),
    T(a_ttl_that_is_not_counted_down_is_seen),
    T(a_stale_answer_beyond_its_limit_is_seen),
    T(equal_seeds_give_equal_runs),
    T(a_node_hits_as_often_as_theory_says),
    T(a_zone_not_heard_of_yet_is_answered_without_authority),
    CU_TEST_INFO_NULL,
};

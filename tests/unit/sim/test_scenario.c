/* SPDX-License-Identifier: GPL-3.0-or-later
 * Scenario files: what is read, and what a broken one is told. */
#define _POSIX_C_SOURCE 200809L
#include "sim/scenario/keys.h"
#include "sim/scenario/load.h"
#include "sim/scenario/replay.h"
#include "tests/lib/check.h"

#include <stdlib.h>
#include <unistd.h>

extern CU_TestInfo tests_scenario[];

#define ZONE SW_SOURCE_DIR "/scenarios/zones/example.org.zone"

static const char good[] = "name: test\n"                                                  /* 1 */
                           "question: Does it load?\n"                                     /* 2 */
                           "duration: 1m\n"                                                /* 3 */
                           "warmup: 5s\n"                                                  /* 4 */
                           "regions:\n"                                                    /* 5 */
                           "  - {name: fra, latitude: 50.1, longitude: 8.7}\n"             /* 6 */
                           "  - {name: nyc, latitude: 40.7, longitude: -74}\n"             /* 7 */
                           "zones:\n"                                                      /* 8 */
                           "  - name: example.org\n"                                       /* 9 */
                           "    file: " ZONE "\n"                                          /* 10 */
                           "    primary: fra-1\n"                                          /* 11 */
                           "    backups: [nyc-1]\n"                                        /* 12 */
                           "defaults:\n"                                                   /* 13 */
                           "  node: {processor: {cores: 3, service: 50us}}\n"              /* 14 */
                           "nodes:\n"                                                      /* 15 */
                           "  - region: fra\n"                                             /* 16 */
                           "    processor: {cores: 5}\n"                                   /* 17 */
                           "    routing: {policy: ant_colony, parameters: {q0: 0.7}}\n"    /* 18 */
                           "    backup: {sets: [{name: etc, path: etc}]}\n"                /* 19 */
                           "  - {region: nyc, count: 2}\n"                                 /* 20 */
                           "clients:\n"                                                    /* 21 */
                           "  - region: nyc\n"                                             /* 22 */
                           "    count: 10\n"                                               /* 23 */
                           "    rate: 2/s\n"                                               /* 24 */
                           "    servers: [nyc-1, fra-1]\n"                                 /* 25 */
                           "    zone: example.org\n"                                       /* 26 */
                           "operations:\n"                                                 /* 27 */
                           "  - {at: 5s, node: fra-1, kind: snapshot, set: etc}\n"         /* 28 */
                           "faults:\n"                                                     /* 29 */
                           "  - {kind: regional_outage, region: fra, at: 20s, for: 10s}\n" /* 30 */
                           "expectations:\n"                                               /* 31 */
                           "  - availability during regional_outage >= 99.9 %\n"           /* 32 */
                           "  - dns.latency.p99 <= 60 ms\n"                                /* 33 */
                           "oracles: [answers]\n"                                          /* 34 */
                           "configurations:\n"                                             /* 35 */
                           "  small:\n"                                                    /* 36 */
                           "    duration: 30s\n"                                           /* 37 */
                           "  bad:\n"                                                      /* 38 */
                           "    durration: 30s\n";                                         /* 39 */

static char folder[] = "/tmp/sw-scenario-XXXXXX";
static char path[64];

static int make_folder(void)
{
    static bool made;
    if (!made) {
        made = mkdtemp(folder) != NULL;
        (void)snprintf(path, sizeof path, "%s/t.yaml", folder);
    }
    return made ? 0 : -1;
}

static void write_file(const char *name, const char *text)
{
    char file[128];
    (void)snprintf(file, sizeof file, "%s/%s", folder, name);
    FILE *f = fopen(file, "w");
    if (f != NULL) {
        (void)fputs(text, f);
        (void)fclose(f);
    }
}

/* @text with @from (once in it) replaced by @to; false when it is not there. */
static bool replace(const char *text, const char *from, const char *to, char out[8192])
{
    const char *at = strstr(text, from);
    if (at != NULL) {
        (void)snprintf(out, 8192, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    }
    return at != NULL;
}

/* Load @text; the message without the folder. */
static int load_text(const char *text, const char *configuration, struct sim_scenario **s,
                     char message[256])
{
    struct sw_diag d = { 0 };
    if (make_folder() != 0) {
        (void)snprintf(message, 256, "the test itself is broken");
        return -1;
    }
    write_file("t.yaml", text);
    const int err = sim_scenario_load(path, configuration, s, &d);
    const char *own = strstr(d.text, "t.yaml");
    (void)snprintf(message, 256, "%s", own != NULL ? own : d.text);
    (void)unlink(path);
    return err;
}

/* The same of the good file with @from (once in it) replaced by @to. */
static int load(const char *from, const char *to, const char *configuration,
                struct sim_scenario **s, char message[256])
{
    static char text[8192];
    if (!replace(good, from != NULL ? from : "", to != NULL ? to : "", text)) {
        (void)snprintf(message, 256, "the test itself is broken: %s", from);
        return -1;
    }
    return load_text(text, configuration, s, message);
}

static void a_good_file_fills_every_part(void)
{
    struct sim_scenario *s;
    char message[256];
    const int err = load(NULL, NULL, NULL, &s, message);
    CHECK_STR(message, "");
    REQUIRE(err == 0);
    CHECK_STR(s->name, "test");
    CHECK_U64(s->duration, SW_MIN);
    CHECK_U64(s->interval, SW_SEC);
    CHECK_U64(s->n_nodes, 3);
    CHECK_STR(s->nodes[0].config.name.s, "fra-1");
    CHECK_STR(s->nodes[2].config.name.s, "nyc-2");
    CHECK_U64(s->nodes[0].line, 16);
    CHECK_U64(s->zones[0].len > 1000, 1);
    CHECK_U64(s->clients[0].timeout, 5 * SW_SEC);
    CHECK_NEAR(s->clients[0].rate, 2, 0);
    CHECK_STR(s->faults[0].params[0].key, "region");
    CHECK_U64(s->faults[0].length, 10 * SW_SEC);
    CHECK_STR(s->configuration.s, "");
    sim_scenario_free(s);
}

static void nodes_take_defaults_names_peers_zones_and_keys(void)
{
    struct sim_scenario *s;
    char message[256];
    REQUIRE(load(NULL, NULL, NULL, &s, message) == 0);
    const struct sw_config *c = &s->nodes[0].config;
    CHECK_U64(s->nodes[0].processor.cores, 5); /* its own */
    CHECK_U64(s->nodes[1].processor.cores, 3); /* of defaults */
    CHECK_U64(s->nodes[0].processor.service, 50 * SW_US);
    REQUIRE(c->n_peers == 2 && c->n_zones == 1 && c->n_params == 1 && c->n_sets == 1);
    CHECK_STR(c->peers[0].name.s, "nyc-1");
    CHECK_STR(c->peers[0].region.s, "nyc");
    CHECK(c->zones[0].primary);
    CHECK(!s->nodes[1].config.zones[0].primary);
    CHECK_U64(s->nodes[2].config.n_zones, 0);
    CHECK_STR(c->params[0].name, "q0");
    CHECK_NEAR(c->params[0].value, 0.7, 0);
    CHECK_STR(c->store, "store"); /* on the node's disk, not in the scenario's folder */
    uint8_t seed[32];
    uint8_t public_key[32];
    uint8_t secret[32];
    sim_identity_seed("fra-1", seed);
    sim_recipient_pair("fra-1", "etc", public_key, secret);
    CHECK(memcmp(seed, c->identity, 32) == 0);
    CHECK(memcmp(public_key, c->sets[0].recipient, 32) == 0);
    sim_scenario_free(s);
}

/* The peers of node @i, in order. */
static void check_peers(const struct sim_scenario *s, size_t i, const char *expected)
{
    char text[256] = "";
    for (size_t k = 0; k < s->nodes[i].config.n_peers; k++) {
        const size_t len = strlen(text);
        (void)snprintf(text + len, sizeof text - len, "%s%s", k > 0 ? " " : "",
                       s->nodes[i].config.peers[k].name.s);
    }
    CHECK_STR(text, expected);
}

static void nodes_know_whom_they_are_told_and_are_known_by_them(void)
{
    struct sim_scenario *s;
    char message[256];
    REQUIRE(load("  - {region: nyc, count: 2}\n",
                 "  - {region: nyc, count: 2, knows: [nyc]}\n"
                 "  - {region: nyc, name: hermit, knows: []}\n"
                 "  - {region: fra, name: hub, knows: [fra-1, nyc]}\n",
                 NULL, &s, message) == 0);
    check_peers(s, 0, "nyc-1 nyc-2 hermit hub"); /* fra-1 says nothing: it knows everyone */
    check_peers(s, 1, "fra-1 nyc-2 hermit hub"); /* not itself */
    check_peers(s, 2, "fra-1 nyc-1 hermit hub");
    check_peers(s, 3, "fra-1 nyc-1 nyc-2 hub"); /* those who know it */
    check_peers(s, 4, "fra-1 nyc-1 nyc-2 hermit");
    sim_scenario_free(s);
    REQUIRE(load("  - region: fra\n    processor: {cores: 5}\n",
                 "  - {region: nyc, name: far, knows: [nyc-2]}\n"
                 "  - region: fra\n    knows: []\n    processor: {cores: 5}\n",
                 NULL, &s, message) != 0 ||
            s->n_nodes == 4);
    check_peers(s, 1, "nyc-1 nyc-2"); /* they know everyone */
    sim_scenario_free(s);
    CHECK(load("{region: nyc, count: 2}", "{region: nyc, count: 2, knows: [nyc, oslo]}", NULL, &s,
               message) < 0);
    CHECK_STR(message, "t.yaml:20:42: knows: no node and no region is called 'oslo'");
    CHECK(load("{region: nyc, count: 2}", "{region: nyc, name: fra, knows: [fra]}", NULL, &s,
               message) < 0);
    CHECK_STR(message, "t.yaml:20:38: knows: 'fra' is both a node and a region");
    CHECK(load("{region: nyc, count: 2}", "{region: nyc, count: 2100}", NULL, &s, message) < 0);
    CHECK_STR(message, "t.yaml:16:3: nodes: 2101 nodes know 4412100 others in all (at most "
                       "4194304; see `knows`)");
}

static void a_configuration_replaces_whole_keys(void)
{
    struct sim_scenario *s;
    char message[256];
    REQUIRE(load(NULL, NULL, "small", &s, message) == 0);
    CHECK_U64(s->duration, 30 * SW_SEC);
    CHECK_U64(s->warmup, 5 * SW_SEC);
    CHECK_STR(s->configuration.s, "small");
    sim_scenario_free(s);
    CHECK(load(NULL, NULL, "bad", &s, message) < 0);
    CHECK_STR(message, "t.yaml:39:5: durration: unknown key (did you mean 'duration'?)");
    CHECK(load(NULL, NULL, "smal", &s, message) < 0);
    CHECK_STR(message,
              "t.yaml:36:3: configurations: none is called 'smal' (did you mean 'small'?)");
}

static void configurations_are_listed_in_file_order(void)
{
    struct sim_scenario *s;
    char message[256];
    struct sim_configuration *v;
    size_t n;
    struct sw_diag d = { 0 };
    REQUIRE(load(NULL, NULL, NULL, &s, message) == 0);
    sim_scenario_free(s);
    write_file("t.yaml", good);
    REQUIRE(sim_configurations(path, &v, &n, &d) == 0 && n == 2);
    CHECK_STR(v[0].name.s, "small");
    CHECK_STR(v[1].name.s, "bad");
    sim_configurations_free(v);
    (void)unlink(path);
}

static void a_matrix_gives_round_trip_times(void)
{
    struct sim_scenario *s;
    char message[256];
    REQUIRE(make_folder() == 0);
    write_file("m.csv", "# ms\nregion,nyc,lon,fra\nnyc,1.5,70,88\nfra,,9,2\n");
    REQUIRE(load("zones:\n", "network: {rtt: m.csv}\nzones:\n", NULL, &s, message) == 0);
    CHECK_NEAR(s->rtt[0], 2e6, 0);  /* fra-fra */
    CHECK_NEAR(s->rtt[1], 88e6, 0); /* fra-nyc, from the other direction */
    CHECK_NEAR(s->rtt[3], 1.5e6, 0);
    sim_scenario_free(s);
    write_file("m.csv", "region,nyc\nnyc,soon\n");
    CHECK(load("zones:\n", "network: {rtt: m.csv}\nzones:\n", NULL, &s, message) < 0);
    CHECK(strstr(message, "m.csv:2:5: not a round-trip time in ms (0 to 60000): 'soon'") != NULL);
    write_file("m.csv", "region,nyc\nnyc,1\n");
    CHECK(load("zones:\n", "network: {rtt: m.csv}\nzones:\n", NULL, &s, message) < 0);
    CHECK(strstr(message, "m.csv: no round-trip time between 'fra' and 'fra'") == NULL);
    CHECK(strstr(message, "m.csv: no round-trip time between 'fra' and 'nyc'") != NULL);
}

static void a_storm_and_clocks_are_read_with_their_defaults(void)
{
    struct sim_scenario *s;
    char message[300];
    CHECK_I64(load("operations:\n",
                   "storm: {rate: 1/m, subset: 50%, kinds: [{kind: crash, node: fra-1, rate: 2/h, "
                   "shortest: 2s}, {kind: pause}]}\noperations:\n",
                   NULL, &s, message),
              0);
    CHECK_U64(s->storm.n_kinds, 2);
    CHECK_U64(s->storm.from, 5 * SW_SEC); /* the warm-up */
    CHECK_U64(s->storm.until, 60 * SW_SEC);
    CHECK_NEAR(s->storm.subset, 0.5, 0);
    CHECK_NEAR(s->storm.kinds[0].rate, 2.0 / 3600, 1e-12);
    CHECK_U64(s->storm.kinds[0].shortest, 2 * SW_SEC);
    CHECK_U64(s->storm.kinds[0].fixed.n_params, 1);
    CHECK_NEAR(s->storm.kinds[1].rate, 1.0 / 60, 1e-12);
    CHECK_U64(s->storm.kinds[1].shortest, SW_SEC);
    CHECK_U64(s->storm.kinds[1].longest, 30 * SW_SEC);
    CHECK(sim_scenario_has_fault(s, "pause") && sim_scenario_has_fault(s, "regional_outage"));
    CHECK(!sim_scenario_has_fault(s, "partition"));
    sim_scenario_free(s);
    CHECK_I64(load("operations:\n", "storm: {rate: 1/m}\noperations:\n", NULL, &s, message), 0);
    CHECK(s->storm.n_kinds > 20 && sim_scenario_has_fault(s, "partition"));
    sim_scenario_free(s);
    CHECK_I64(load("processor: {cores: 5}", "clock: {offset: 2s, is: behind, drift: -3}", NULL, &s,
                   message),
              0);
    CHECK_NEAR(s->nodes[0].clock.offset, -2e9, 0);
    CHECK_NEAR(s->nodes[0].clock.drift, -3, 0);
    CHECK_NEAR(s->nodes[1].clock.offset, 0, 0);
    sim_scenario_free(s);
}

static void a_profile_says_what_the_scenario_does_not(void)
{
    struct sim_scenario *s;
    char message[300];
    write_file("p.yaml", "machine: \"a test\"\nrepetitions: 9\nquery: 300ns\nforward: 700ns\n"
                         "peer: 500ns\nurgent: 400ns\nhash: 1\ncut: 2\ncompress: 3\n"
                         "decompress: 4\nseal: 5\nparse: 6\n");
    CHECK_I64(load("processor: {cores: 5}", "processor: {profile: p.yaml, peer: 9us, service: 1ms}",
                   NULL, &s, message),
              0);
    const struct sim_processor *p = &s->nodes[0].processor;
    CHECK_U64(p->service, SW_MS);
    CHECK_U64(p->forward, 700);
    CHECK_U64(p->peer, 9000);
    CHECK_U64(p->urgent, 400);
    CHECK_NEAR(p->cost[SW_WORK_COMPRESS], 3, 0);
    CHECK_NEAR(p->cost[SW_WORK_PARSE], 6, 0);
    p = &s->nodes[1].processor; /* has none */
    CHECK(p->forward == 0 && p->peer == 0 && p->cost[SW_WORK_HASH] <= 0);
    sim_scenario_free(s);
    write_file("p.yaml", "machine: x\nrepetitions: 9\nquery: fast\n");
    CHECK(load("processor: {cores: 5}", "processor: {profile: p.yaml}", NULL, &s, message) < 0);
    CHECK(strstr(message, "p.yaml:3:8: query: 'fast' is not a duration") != NULL);
    CHECK(load("processor: {cores: 5}", "processor: {profile: none.yaml}", NULL, &s, message) < 0);
    CHECK(strstr(message, "none.yaml") != NULL);
    CHECK_I64(load("processor: {cores: 5}",
                   "processor: {profile: " SW_SOURCE_DIR "/scenarios/profiles/epyc.yaml}", NULL, &s,
                   message),
              0); /* the one that is shipped */
    CHECK(s->nodes[0].processor.forward > 0 && s->nodes[0].processor.cost[SW_WORK_SEAL] > 0);
    sim_scenario_free(s);
}

static const struct {
    const char *from, *to, *message;
} broken[] = {
    { "name: test\n", "", "t.yaml:1:1: name: is missing (required here)" },
    { "question: Does it load?\n", "", "t.yaml:1:1: question: is missing (required here)" },
    { "question: Does it load?",
      "question:", "t.yaml:2:10: question: has no value, expected a text" },
    { "name: test", "name: My Test",
      "t.yaml:1:7: name: 'My Test' is not a name (1 to 31 of a-z, 0-9 and -)" },
    { "duration: 1m", "duration: 1",
      "t.yaml:3:11: duration: '1' is not a duration "
      "(like 80ms, 2.5s, 1h30m)" },
    { "duration: 1m", "duration: 500ms",
      "t.yaml:3:11: duration: 500ms is out of range "
      "(1s to 365d)" },
    { "duration: 1m", "durration: 1m",
      "t.yaml:3:1: durration: unknown key (did you mean 'duration'?)" },
    { "warmup: 5s", "warmup: 60s", "t.yaml:4:9: warmup: is not shorter than the run (duration)" },
    { "latitude: 50.1", "latitude: 95", "t.yaml:6:27: latitude: 95 is out of range (-90 to 90)" },
    { "latitude: 50.1, ", "",
      "t.yaml:6:5: latitude: is missing, and longitude "
      "(needed without network.rtt)" },
    { "name: nyc, lat", "name: fra, lat", "t.yaml:7:12: name: two regions are called 'fra'" },
    { "regions:\n", "network: {wide: {loss: 2}}\nregions:\n",
      "t.yaml:5:24: loss: '2' is not a probability (like 0.01, 1%)" },
    { "operations:\n", "storm: {}\noperations:\n",
      "t.yaml:27:8: rate: crash has none, and the storm neither (expected one of the two, like "
      "2/h)" },
    { "operations:\n", "storm: {rate: 2}\noperations:\n",
      "t.yaml:27:15: rate: '2' is not a rate (like 5/s, 20k/s, 3/m)" },
    { "operations:\n", "storm: {rate: 2/h, subset: 2}\noperations:\n",
      "t.yaml:27:28: subset: '2' is not a probability (like 0.01, 1%)" },
    { "operations:\n", "storm: {rate: 2/h, until: 2m}\noperations:\n",
      "t.yaml:27:27: until: lies after the end of the run (duration)" },
    { "operations:\n", "storm: {rate: 2/h, from: 1m}\noperations:\n",
      "t.yaml:27:26: from: is not before the storm's end (until, or duration)" },
    { "operations:\n", "storm: {rate: 2/h, longest: 10ms}\noperations:\n",
      "t.yaml:27:29: longest: a crash would last 1 s at least and 0.01 s at most (expected "
      "shortest <= longest, the storm's where the kind says nothing)" },
    { "operations:\n", "storm: {rate: 2/h, kinds: [{kind: crush}]}\noperations:\n",
      "t.yaml:27:35: kind: no fault is called 'crush' (did you mean 'crash'?)" },
    { "operations:\n", "storm: {rate: 2/h, kinds: [{kind: crash, node: fra-9}]}\noperations:\n",
      "t.yaml:27:48: node: 'fra-9' is no node of this scenario (expected a node's name)" },
    { "operations:\n", "storm: {rate: 2/h, kinds: [{kind: crash, nodes: fra-1}]}\noperations:\n",
      "t.yaml:27:42: nodes: unknown key (crash knows node, of, disk)" },
    { "operations:\n", "storm: {kinds: [{kind: crash}]}\noperations:\n",
      "t.yaml:27:17: rate: crash has none, and the storm neither (expected one of the two, like "
      "2/h)" },
    { "operations:\n", "storm: {rate: 100/s, kinds: [{kind: crash}], rates: 1/s}\noperations:\n",
      "t.yaml:27:46: rates: unknown key (did you mean 'rate'?)" },
    { "duration: 1m", "duration: 300d\nstorm: {rate: 1/m, kinds: [{kind: crash}]}",
      "t.yaml:4:8: rate: would bring about 432000 faults a run (expected at most 100000)" },
    { "processor: {cores: 5}", "clock: {offset: 1h, is: late}",
      "t.yaml:17:29: is: 'late' is not one of: ahead, behind" },
    { "processor: {cores: 5}", "clock: {drift: 1e6}",
      "t.yaml:17:20: drift: 1e6 is out of range (-100000 to 100000)" },
    { "regions:\n", "network: {wide: {burst: {p: 1%}}}\nregions:\n",
      "t.yaml:5:25: r: is missing (required here)" },
    { "regions:\n", "network: {local: {burst: {p: 0.4, r: 0.7}}}\nregions:\n",
      "t.yaml:5:38: r: makes more than 1 with p (p + r <= 1)" },
    { "regions:\n", "network: {wide: {burst: {p: 0.4, r: 0}}}\nregions:\n",
      "t.yaml:5:37: r: is 0: the bad state would never end (more than 0)" },
    { "regions:\n", "network: {wide: {burst: {p: 1%, r: 10%, step: 0}}}\nregions:\n",
      "t.yaml:5:47: step: 0 is out of range (1us to 1h)" },
    { "regions:\n", "network: {wide: {queue: 100B}}\nregions:\n",
      "t.yaml:5:25: queue: 100B is out of range (2KiB to 1TiB)" },
    { "regions:\n", "network: {wide: {downlink: fast}}\nregions:\n",
      "t.yaml:5:28: downlink: 'fast' is not a bandwidth (like 100Mbit/s, 1Gbit/s)" },
    { "regions:\n", "network: {wide: {reordering: 1%, reordered_by: 0}}\nregions:\n",
      "t.yaml:5:48: reordered_by: 0 is out of range (1us to 1m)" },
    { "regions:\n", "network: {paths: [{loss: 1%}]}\nregions:\n",
      "t.yaml:5:19: between: is missing (required here)" },
    { "regions:\n", "network: {paths: [{between: [fra]}]}\nregions:\n",
      "t.yaml:5:29: between: has 1 items (two regions, like [fra, nyc])" },
    { "regions:\n", "network: {paths: [{between: [fra, ams]}]}\nregions:\n",
      "t.yaml:5:35: between: no region is called 'ams'" },
    { "regions:\n", "network: {paths: [{between: [fra, nyc]}, {between: [nyc, fra]}]}\nregions:\n",
      "t.yaml:5:52: between: nyc and fra have a path already" },
    { "regions:\n", "network: {paths: [{between: [fra, nyc], downlink: 1Gbit/s}]}\nregions:\n",
      "t.yaml:5:41: downlink: unknown key (known: between, latency, jitter, loss, burst, "
      "duplication, reordering, reordered_by, corruption, bandwidth...)" },
    { "primary: fra-1", "primary: fra-2", "t.yaml:11:14: primary: no node is called 'fra-2'" },
    { "backups: [nyc-1]", "backups: [nyc-1, nyc-1]",
      "t.yaml:12:22: backups: nyc-1 holds example.org already" },
    { "    file: " ZONE, "    file: gone.zone", NULL },
    { "node: {processor", "nodes: {processor",
      "t.yaml:14:3: nodes: unknown key (did you mean 'node'?)" },
    { "cores: 3", "coers: 3", "t.yaml:14:22: coers: unknown key (did you mean 'cores'?)" },
    { "  - region: fra\n", "  - region: fro\n", "t.yaml:16:13: region: no region is called 'fro'" },
    { "processor: {cores: 5}", "processor: {cores: 0}",
      "t.yaml:17:24: cores: 0 is out of range (1 to 1024)" },
    { "policy: ant_colony", "policy: ant_colny",
      "t.yaml:18:23: policy: no policy is called 'ant_colny' (did you mean 'ant_colony'?)" },
    { "q0: 0.7", "q1: 0.7",
      "t.yaml:18:48: q1: ant_colony has no such parameter (did you mean 'q0'?)" },
    { "q0: 0.7", "q0: 7", "t.yaml:18:52: q0: 7 is out of range (0 to 1)" },
    { "q0: 0.7", "q0: much", "t.yaml:18:52: q0: is not a number (like 0.25, 1e-3)" },
    { "{region: nyc, count: 2}", "{region: nyc, count: 2, name: a}",
      "t.yaml:20:35: name: 2 nodes can't share a name (leave it out: nyc-1, nyc-2, ...)" },
    { "{region: nyc, count: 2}", "{region: nyc, count: 2, count: 3}",
      "t.yaml:20:29: count: given twice (first in line 20)" },
    { "{region: nyc, count: 2}", "{region: nyc, name: fra-1}",
      "t.yaml:20:25: name: two nodes are called 'fra-1'" },
    { "{region: nyc, count: 2}", "[a]",
      "t.yaml:20:5: expected a mapping (keys and values, like {name: x})" },
    { "  - region: nyc\n    count", "  - region: sin\n    count",
      "t.yaml:22:13: region: no region is called 'sin'" },
    { "count: 10", "count: ten", "t.yaml:23:12: count: 'ten' is not a whole number (like 42)" },
    { "rate: 2/s", "rate: 2", "t.yaml:24:11: rate: '2' is not a rate (like 5/s, 20k/s, 3/m)" },
    { "servers: [nyc-1, fra-1]", "servers: [nyc-1, fra-9]",
      "t.yaml:25:22: servers: no node is called 'fra-9'" },
    { "servers: [nyc-1, fra-1]", "servers: []",
      "t.yaml:25:14: servers: is empty (at least one node)" },
    { "zone: example.org\noperations", "zone: example.com\noperations",
      "t.yaml:26:11: zone: no zone is called 'example.com'" },
    { "    count: 10\n", "", "t.yaml:22:5: count: is missing (required here)" },
    { "    rate: 2/s\n", "", "t.yaml:22:5: rate: is missing (required here)" },
    { "    zone: example.org\noperations", "operations",
      "t.yaml:22:5: zone: is missing (required here)" },
    { "count: 10", "count: 10\n    stub: resolver",
      "t.yaml:24:11: stub: 'resolver' is not one of: resolv_conf, resolved" },
    { "count: 10", "count: 10\n    entry: anycast\n    rotation: rotate",
      "t.yaml:25:15: rotation: there is one address, and nothing to rotate (in_order, or entry: "
      "list)" },
    { "count: 10", "count: 10\n    stub: resolved\n    rotation: rotate",
      "t.yaml:25:15: rotation: systemd-resolved stays with a server that answers (in_order)" },
    { "count: 10", "count: 10\n    withdrawal: 3s",
      "t.yaml:24:17: withdrawal: is for an address that leads elsewhere (entry: anycast or "
      "virtual)" },
    { "count: 10", "count: 10\n    types: {A: 50%, MX: 30%}",
      "t.yaml:24:12: types: shares add up to 80 % (100 % expected)" },
    { "count: 10", "count: 10\n    types: {A: 50%, QUAD: 50%}",
      "t.yaml:24:27: QUAD: is no record type (like A, MX, TYPE65)" },
    { "count: 10", "count: 10\n    types: {A: lots}",
      "t.yaml:24:16: A: 'lots' is not a share (like 0.7, 70%)" },
    { "count: 10", "count: 10\n    diurnal: {amplitude: 1.5}",
      "t.yaml:24:26: amplitude: 1.5 is out of range (0 to 1)" },
    { "count: 10", "count: 10\n    diurnal: {curve: [1, -1]}",
      "t.yaml:24:26: curve: a factor of the rate lies between 0 and 1000" },
    { "count: 10", "count: 10\n    diurnal: {curve: [0, 0]}",
      "t.yaml:24:22: curve: nothing is ever asked (at least one factor above 0)" },
    { "count: 10", "count: 10\n    diurnal: {curve: [1], amplitude: 1}",
      "t.yaml:24:22: curve: a cosine is given as well (either curve, or amplitude and peak_at)" },
    { "count: 10", "count: 10\n    speed: 2",
      "t.yaml:24:12: speed: is for a capture (there is none)" },
    { "count: 10", "count: 10\n    capture: a.pcap",
      "t.yaml:25:11: rate: a capture has its own times (leave it out)" },
    { "count: 10", "count: 10\n    queries: a.txt\n    zipf: 1",
      "t.yaml:25:11: zipf: the file says what is asked (leave it out)" },
    { "count: 10", "count: 10\n    queries: a.txt\n    capture: a.pcap",
      "t.yaml:25:14: capture: queries is given as well (one of the two)" },
    { "kind: snapshot", "kind: snapshoot",
      "t.yaml:28:33: kind: 'snapshoot' is not one of: snapshot, restore, copy, copy_back, "
      "edit_zone, promote (did you "
      "mean 'snapshot'?)" },
    { "kind: snapshot", "kind: restore",
      "t.yaml:28:5: from: is missing (the node whose set it is)" },
    { "{at: 5s, node", "{at: 2m, node",
      "t.yaml:28:10: at: lies after the end of the run (duration)" },
    { "set: etc}\nf", "set: usr}\nf", "t.yaml:28:48: set: fra-1 protects no set 'usr'" },
    { "regional_outage, region: fra", "regional_outrage, region: fra",
      "t.yaml:30:12: kind: no fault is called 'regional_outrage' (did you mean "
      "'regional_outage'?)" },
    { "at: 20s", "at: 60s", "t.yaml:30:46: at: lies after the end of the run (duration)" },
    { "availability during", "avalability during",
      "t.yaml:32:5: expectations: no metric is called 'avalability' (did you mean "
      "'availability'?)" },
    { "during regional_outage", "during crash",
      "t.yaml:32:5: expectations: no fault 'crash' happens in this scenario" },
    { "<= 60 ms", "<= 60",
      "t.yaml:33:5: expectations: '60' is not a duration (like 80ms, 2.5s, "
      "1h30m), as dns.latency.p99 needs" },
    { "<= 60 ms", "= 60 ms", "t.yaml:33:5: expectations: '=' is not one of < <= == >= >" },
    { "<= 60 ms", "", "t.yaml:33:5: expectations: expected METRIC [during FAULT] OPERATOR VALUE" },
    { "[answers]", "[answer]",
      "t.yaml:34:11: oracles: no oracle is called 'answer' (did you mean 'answers'?)" },
};

static void a_broken_file_is_told_what_where_and_what_was_expected(void)
{
    for (size_t i = 0; i < SW_LEN(broken); i++) {
        struct sim_scenario *s = NULL;
        char message[256];
        CHECK(load(broken[i].from, broken[i].to, NULL, &s, message) < 0);
        if (broken[i].message != NULL) {
            CHECK_STR(message, broken[i].message);
        } else { /* holds the folder's name */
            CHECK(strstr(message, "t.yaml:10:11: file: ") != NULL);
            CHECK(strstr(message, "gone.zone: No such file or directory") != NULL);
        }
        CHECK(s == NULL);
    }
}

static void what_clients_leave_out_depends_on_their_stub_and_their_entry(void)
{
    static const struct {
        const char *keys;
        uint32_t attempts;
        sw_dur withdrawal;
    } cases[] = {
        { "count: 10", 2, 0 }, /* resolv.conf(5) */
        { "count: 10\n    stub: resolved", 24, 0 },
        { "count: 10\n    entry: anycast", 2, 90 * SW_SEC },     /* RFC 4271, 10 */
        { "count: 10\n    entry: virtual", 2, 3609375 * SW_US }, /* RFC 9568, 6.1 */
        { "count: 10\n    entry: virtual\n    withdrawal: 0", 2, 0 },
        { "count: 10\n    stub: resolved\n    attempts: 3", 3, 0 },
    };
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        struct sim_scenario *s = NULL;
        char message[256];
        char longer[8192]; /* resolved may wait for two minutes */
        char text[8192];
        REQUIRE(replace(good, "duration: 1m", "duration: 5m", longer));
        REQUIRE(replace(longer, "count: 10", cases[i].keys, text));
        REQUIRE(load_text(text, NULL, &s, message) == 0);
        CHECK_U64(s->clients[0].attempts, cases[i].attempts);
        CHECK_U64(s->clients[0].withdrawal, cases[i].withdrawal);
        sim_scenario_free(s);
    }
}

static void a_replayed_name_is_known_to_lie_in_a_zone_or_in_none(void)
{
    struct sim_scenario *s = NULL;
    char message[256];
    (void)make_folder();
    write_file("q.txt", "www.EXAMPLE.org A\nexample.com A\nnotexample.org A\n");
    REQUIRE(load("    zone: example.org\noperations", "    queries: q.txt\noperations", NULL, &s,
                 message) == 0);
    const struct sim_replay *r = s->clients[0].replay;
    REQUIRE(r != NULL && r->n_names == 3);
    CHECK(!r->names[0].outside);
    CHECK(r->names[1].outside && r->names[2].outside);
    CHECK_NEAR(s->clients[0].nonexistent, 0, 0);
    sim_scenario_free(s);
    write_file("q.txt", "www.example.org A\nwww.example.org\n");
    CHECK(load("    zone: example.org\noperations", "    queries: q.txt\noperations", NULL, &s,
               message) < 0);
    CHECK(strstr(message, "q.txt:2: expected NAME TYPE") != NULL);
    CHECK(load("    zone: example.org\noperations", "    queries: gone.txt\noperations", NULL, &s,
               message) < 0);
    CHECK(strstr(message, "t.yaml:26:14: queries: ") != NULL);
    CHECK(strstr(message, "gone.txt: No such file or directory") != NULL);
}

static void faults_check_their_own_keys(void)
{
    struct sim_scenario *s = NULL;
    char message[256];
    CHECK(load("region: fra, at", "region: mars, at", NULL, &s, message) < 0);
    CHECK_STR(message, "t.yaml:30:37: region: 'mars' is no region of this scenario "
                       "(expected a region's name)");
    CHECK(load("region: fra, at", "regoin: fra, at", NULL, &s, message) < 0);
    CHECK_STR(message,
              "t.yaml:30:29: regoin: unknown key (regional_outage knows region, disks, over)");
}

static void every_shipped_scenario_loads_in_every_configuration(void)
{
    static const char *const files[] = { SW_SOURCE_DIR "/scenarios/regional-outage.yaml",
                                         SW_SOURCE_DIR "/scenarios/before-after.yaml",
                                         SW_SOURCE_DIR "/scenarios/replay.yaml" };
    size_t loaded = 0;
    for (size_t i = 0; i < SW_LEN(files); i++) {
        struct sim_configuration *v;
        size_t n;
        struct sw_diag d = { 0 };
        REQUIRE(sim_configurations(files[i], &v, &n, &d) == 0);
        for (size_t k = 0; k < (n > 0 ? n : 1); k++) {
            struct sim_scenario *s;
            CHECK_I64(sim_scenario_load(files[i], n > 0 ? v[k].name.s : NULL, &s, &d), 0);
            CHECK_STR(d.text, "");
            loaded += s != NULL;
            sim_scenario_free(s);
        }
        sim_configurations_free(v);
    }
    CHECK_U64(loaded, 5);
}

static void expectations_become_si_units(void)
{
    static const struct {
        const char *text, *metric, *during, *op;
        double value;
    } good_ones[] = {
        { "availability during regional_outage >= 99.9 %", "availability", "regional_outage",
          ">=", 0.999 },
        { "dns.latency.p99.9  <  60ms", "dns.latency.p99.9", NULL, "<", 0.06 },
        { "backup.rto <= 1h30m", "backup.rto", NULL, "<=", 5400 },
        { "lost_snapshots == 0", "lost_snapshots", NULL, "==", 0 },
        { "backup.restored > 1.5 GiB", "backup.restored", NULL, ">", 1.5 * 1073741824 },
    };
    for (size_t i = 0; i < SW_LEN(good_ones); i++) {
        struct sim_expectation e;
        struct sw_diag d = { 0 };
        REQUIRE(sim_expectation_parse(good_ones[i].text, &e, &d) == 0);
        CHECK_STR(e.metric, good_ones[i].metric);
        CHECK((e.during == NULL) == (good_ones[i].during == NULL));
        CHECK_STR(e.op, good_ones[i].op);
        CHECK_NEAR(e.value, good_ones[i].value, 1e-12);
        sim_expectation_free(&e);
    }
    struct sim_expectation e;
    struct sw_diag d = { 0 };
    CHECK(sim_expectation_parse("backup.rto during crash <= 1s", &e, &d) < 0);
    CHECK_STR(d.text, "backup.rto has no value during a fault");
}

static void a_path_has_of_wide_or_local_what_it_does_not_say(void)
{
    struct sim_scenario *s;
    char message[512];
    REQUIRE(load("regions:\n",
                 "network:\n"
                 "  wide: {loss: 1%, jitter: 3ms, bandwidth: 100Mbit/s, duplication: 2%,\n"
                 "         burst: {p: 0.1%, r: 5%, bad: 80%, step: 2ms}}\n"
                 "  local: {downlink: 1Mbit/s, corruption: 3%}\n"
                 "  paths:\n"
                 "    - {between: [fra, nyc], loss: 2%, bandwidth: 50Mbit/s, reordering: 4%}\n"
                 "    - {between: [nyc, nyc], burst: {p: 1%, r: 10%}}\n"
                 "regions:\n",
                 NULL, &s, message) == 0);
    CHECK_U64(s->n_paths, 2);
    const struct sim_link *across = &s->paths[0].link;
    CHECK_U64(s->paths[0].region[0], 0);
    CHECK_U64(s->paths[0].region[1], 1);
    CHECK_NEAR(across->loss, 0.02, 0);
    CHECK_U64(across->jitter, 3 * SW_MS);
    CHECK_NEAR(across->duplication, 0.02, 0);
    CHECK_NEAR(across->burst.p, 0.001, 1e-15);
    CHECK_NEAR(across->burst.bad, 0.8, 0);
    CHECK_U64(across->burst.slot, 2 * SW_MS);
    CHECK_NEAR(across->reordering, 0.04, 0);
    CHECK_U64(across->reordered_by, 10 * SW_MS);
    CHECK_U64(across->bandwidth, 50000000); /* of the line: not a host's */
    CHECK_U64(across->queue, SW_MIB);
    const struct sim_link *inside = &s->paths[1].link;
    CHECK_NEAR(inside->burst.r, 0.1, 0);
    CHECK_NEAR(inside->burst.bad, 1, 0);
    CHECK_U64(inside->jitter, 50 * SW_US);
    CHECK_NEAR(inside->corruption, 0.03, 0);
    CHECK_U64(inside->bandwidth, 0);
    CHECK_U64(s->wide.downlink, 100000000); /* as its bandwidth */
    CHECK_U64(s->local.downlink, 1000000);
    CHECK_U64(s->local.queue, 256 * SW_KIB);
    sim_scenario_free(s);
}

CU_TestInfo tests_scenario[] = {
    { "a path has of wide or local what it does not say",
      a_path_has_of_wide_or_local_what_it_does_not_say },
    { "a good file fills every part", a_good_file_fills_every_part },
    { "nodes take defaults, names, peers, zones and keys",
      nodes_take_defaults_names_peers_zones_and_keys },
    { "nodes know whom they are told, and are known by them",
      nodes_know_whom_they_are_told_and_are_known_by_them },
    { "a configuration replaces whole keys", a_configuration_replaces_whole_keys },
    { "configurations are listed in file order", configurations_are_listed_in_file_order },
    { "a matrix gives round-trip times", a_matrix_gives_round_trip_times },
    { "a broken file is told what, where, and what was expected",
      a_broken_file_is_told_what_where_and_what_was_expected },
    { "what clients leave out depends on their stub and their entry",
      what_clients_leave_out_depends_on_their_stub_and_their_entry },
    { "a replayed name is known to lie in a zone or in none",
      a_replayed_name_is_known_to_lie_in_a_zone_or_in_none },
    { "faults check their own keys", faults_check_their_own_keys },
    { "every shipped scenario loads in every configuration",
      every_shipped_scenario_loads_in_every_configuration },
    { "expectations become SI units", expectations_become_si_units },
    { "a storm and clocks are read with their defaults",
      a_storm_and_clocks_are_read_with_their_defaults },
    { "a profile says what the scenario does not", a_profile_says_what_the_scenario_does_not },
    CU_TEST_INFO_NULL,
};

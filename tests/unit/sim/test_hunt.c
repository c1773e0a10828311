/* SPDX-License-Identifier: GPL-3.0-or-later
 * The hunt finds planted bugs and cuts what it found down; its parts: delta debugging, taking a
 * scenario apart and writing it again, drawing. */
#define _GNU_SOURCE
#include "sim/hunt/ddmin.h"
#include "sim/hunt/draw.h"
#include "sim/hunt/hunt.h"
#include "tests/lib/check.h"
#include "tests/lib/planted.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SMALL SW_SOURCE_DIR "/scenarios/small.yaml"

/* ---- delta debugging ---- */

struct needed {
    size_t which[4], n; /* all of them must be kept */
    unsigned calls;
};

static bool needs(void *self, const bool *keep)
{
    struct needed *x = self;
    x->calls++;
    for (size_t i = 0; i < x->n; i++) {
        if (!keep[x->which[i]]) {
            return false;
        }
    }
    return true;
}

static void ddmin_keeps_exactly_what_is_needed(void)
{
    static const struct needed cases[] = {
        { .n = 0 },
        { .which = { 0 }, .n = 1 },
        { .which = { 63 }, .n = 1 },
        { .which = { 3, 4 }, .n = 2 },
        { .which = { 0, 63 }, .n = 2 },
        { .which = { 1, 17, 40, 62 }, .n = 4 },
    };
    for (size_t c = 0; c < SW_LEN(cases); c++) {
        struct needed x = cases[c];
        bool keep[65];
        size_t members[64];
        memset(keep, true, sizeof keep);
        for (size_t i = 0; i < 64; i++) {
            members[i] = i;
        }
        CHECK_U64(sim_ddmin(keep, members, 64, needs, &x), x.n);
        size_t left = 0;
        for (size_t i = 0; i < 64; i++) {
            left += keep[i];
        }
        CHECK_U64(left, x.n);
        CHECK(needs(&x, keep));
        CHECK(keep[64]); /* no member */
        CHECK(x.calls < 200);
    }
}

/* ---- taking apart and writing again ---- */

static char *read_all(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, 65536);
    if (f == NULL || text == NULL) {
        abort();
    }
    *len = fread(text, 1, 65535, f);
    (void)fclose(f);
    return text;
}

static char *written(const struct sim_sketch *s, const struct sim_sketch_way *way, bool *whole)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    if (to == NULL) {
        abort();
    }
    *whole = sim_sketch_write(s, way, to);
    (void)fclose(to);
    return text;
}

static uint64_t hash_of(const char *text)
{
    struct sim_scenario *s = NULL;
    struct sim_world *w = NULL;
    struct sim_result r = { 0 };
    struct sw_diag d = { 0 };
    if (sim_scenario_parse(SMALL, text, strlen(text), NULL, &s, &d) != 0 ||
        sim_world_new(s, 1, &w, &d) != 0) {
        CHECK_STR(d.text, "");
        return 0;
    }
    (void)sim_world_run(w, 20 * SW_SEC, &r);
    sim_world_free(w);
    sim_scenario_free(s);
    return r.trace_hash;
}

static void files_that_parts_name_are_found_from_anywhere(void)
{
    static const char text[] = "regions: [{name: a}]\n"
                               "nodes:\n"
                               "  - {region: a, processor: {profile: small.yaml}}\n"
                               "clients:\n"
                               "  - {region: a, servers: [a-1], queries: small.yaml}\n"
                               "  - {region: a, servers: [a-1], capture: small.yaml}\n";
    bool whole;
    struct sim_sketch s;
    struct sw_diag d = { 0 };
    CHECK_I64(sim_sketch_parse(SMALL, text, sizeof text - 1, NULL, &s, &d), 0);
    const struct sim_sketch_way way = { .seed = 1 };
    char *again = written(&s, &way, &whole);
    static const char *const keys[] = { "profile: /", "queries: /", "capture: /" };
    for (size_t i = 0; i < SW_LEN(keys); i++) {
        CHECK(strstr(again, keys[i]) != NULL);
    }
    free(again);
    sim_sketch_fini(&s);
}

static void a_scenario_written_again_runs_as_before(void)
{
    size_t len;
    bool whole;
    struct sim_sketch s;
    struct sw_diag d = { 0 };
    char *text = read_all(SMALL, &len);
    CHECK_I64(sim_sketch_parse(SMALL, text, len, NULL, &s, &d), 0);
    const struct sim_sketch_way way = { .seed = 1 };
    CHECK_U64(sim_sketch_count(&s, &way, SIM_PART_NODE), 5);
    CHECK_U64(sim_sketch_count(&s, &way, SIM_PART_FAULT), 3);
    char *again = written(&s, &way, &whole);
    CHECK(whole);
    CHECK_U64(hash_of(again), hash_of(text));
    free(again);
    free(text);
    sim_sketch_fini(&s);
}

static void what_depends_on_a_part_goes_with_it(void)
{
    size_t len;
    bool whole;
    bool keep[64];
    struct sim_sketch s;
    struct sw_diag d = { 0 };
    char *text = read_all(SMALL, &len);
    CHECK_I64(sim_sketch_parse(SMALL, text, len, NULL, &s, &d), 0);
    memset(keep, true, sizeof keep);
    for (size_t i = 0; i < s.n; i++) {
        if (s.parts[i].kind == SIM_PART_REGION && strcmp(s.parts[i].name.s, "fra") == 0) {
            keep[i] = false;
        }
    }
    const struct sim_sketch_way way = { .keep = keep, .seed = 1 };
    CHECK_U64(sim_sketch_count(&s, &way, SIM_PART_NODE), 3);      /* not fra-1, fra-2 */
    CHECK_U64(sim_sketch_count(&s, &way, SIM_PART_FAULT), 2);     /* not Frankfurt's outage */
    CHECK_U64(sim_sketch_count(&s, &way, SIM_PART_OPERATION), 0); /* a restore from fra-1 */
    char *again = written(&s, &way, &whole);
    CHECK(whole);
    CHECK(strstr(again, "fra") == NULL);
    CHECK(strstr(again, "primary: sin-1, backups: []") != NULL);
    CHECK(hash_of(again) != 0);
    free(again);
    for (size_t i = 0; i < s.n; i++) {
        keep[i] = keep[i] && strcmp(s.parts[i].name.s, "sin-1") != 0;
    }
    again = written(&s, &way, &whole);
    CHECK(!whole); /* nobody holds the zone */
    free(again);
    free(text);
    sim_sketch_fini(&s);
}

static void nobody_is_told_to_join_by_who_is_gone(void)
{
    static const char text[] = "regions: [{name: a}]\n"
                               "defaults: {node: {join: [a-1, a-2]}}\n"
                               "nodes:\n"
                               "  - {region: a, count: 3}\n"
                               "  - {name: b, region: a, join: [a-1]}\n";
    bool whole;
    bool keep[64];
    struct sim_sketch s;
    struct sw_diag d = { 0 };
    CHECK_I64(sim_sketch_parse(SMALL, text, sizeof text - 1, NULL, &s, &d), 0);
    for (size_t i = 0; i < s.n; i++) {
        keep[i] = strcmp(s.parts[i].name.s, "a-1") != 0;
    }
    const struct sim_sketch_way way = { .keep = keep, .seed = 1 };
    char *again = written(&s, &way, &whole);
    CHECK(strstr(again, "join: [a-2]") != NULL);
    CHECK(strstr(again, "a-1") == NULL);
    free(again);
    sim_sketch_fini(&s);
}

/* A zone without a primary stays while somebody knows it; nobody asks an upstream that is gone. */
static void upstreams_go_with_their_region_and_zones_outside_with_the_last(void)
{
    static const char text[] = "name: a\nquestion: b\nduration: 30s\n"
                               "regions:\n"
                               "  - {name: a, latitude: 1, longitude: 1}\n"
                               "  - {name: b, latitude: 2, longitude: 2}\n"
                               "zones: [{name: out.example, names: 10, ttls: [5s]}]\n"
                               "upstreams: [{name: u, region: a}, {name: v, region: b}]\n"
                               "defaults: {node: {forwarding: {upstreams: [u, v]}}}\n"
                               "nodes: [{region: a}, {region: b}]\n"
                               "faults: [{kind: upstream_outage, at: 5s}]\n";
    bool whole;
    bool keep[16];
    struct sim_sketch s;
    struct sw_diag d = { 0 };
    CHECK_I64(sim_sketch_parse(SMALL, text, sizeof text - 1, NULL, &s, &d), 0);
    memset(keep, true, sizeof keep);
    const struct sim_sketch_way way = { .keep = keep, .seed = 1 };
    char *again = written(&s, &way, &whole);
    CHECK(whole);
    CHECK_U64(hash_of(again), hash_of(text));
    free(again);
    for (size_t i = 0; i < s.n; i++) {
        keep[i] = s.parts[i].kind != SIM_PART_REGION || strcmp(s.parts[i].name.s, "b") != 0;
    }
    CHECK_U64(sim_sketch_count(&s, &way, SIM_PART_UPSTREAM), 1);
    again = written(&s, &way, &whole);
    CHECK(whole);
    CHECK(strstr(again, "upstreams: [u]") != NULL);
    CHECK(strstr(again, "names: 10, ttls: [5s]") != NULL);
    CHECK(hash_of(again) != 0);
    free(again);
    for (size_t i = 0; i < s.n; i++) {
        keep[i] = keep[i] && s.parts[i].kind != SIM_PART_UPSTREAM;
    }
    again = written(&s, &way, &whole);
    CHECK(!whole); /* nobody knows the zone */
    free(again);
    sim_sketch_fini(&s);
}

/* ---- drawing ---- */

static char *drawn(uint64_t seed, const char *zone)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    if (to == NULL) {
        abort();
    }
    sim_draw_scenario(to, seed, zone);
    (void)fclose(to);
    return text;
}

static void every_drawn_scenario_is_one_and_each_is_another(void)
{
    char zone[] = "/tmp/sw-hunt-XXXXXX";
    const int fd = mkstemp(zone);
    REQUIRE(fd >= 0);
    CHECK_I64(write(fd, sim_draw_zone, strlen(sim_draw_zone)), (int64_t)strlen(sim_draw_zone));
    (void)close(fd);
    char *before = drawn(0, zone);
    unsigned with_faults = 0;
    unsigned with_upstreams = 0;
    unsigned outages = 0;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct sim_scenario *s = NULL;
        struct sw_diag d = { 0 };
        char *text = drawn(seed, zone);
        char *again = drawn(seed, zone);
        CHECK_STR(text, again);
        CHECK(strcmp(text, before) != 0);
        CHECK_I64(sim_scenario_parse(SMALL, text, strlen(text), NULL, &s, &d), 0);
        CHECK_STR(d.text, "");
        if (s != NULL) {
            CHECK(s->n_nodes >= 2 && s->n_nodes <= 12);
            with_faults += s->n_faults > 0;
            with_upstreams += s->n_upstreams > 0;
            for (size_t i = 0; i < s->n_faults; i++) {
                outages += strcmp(s->faults[i].kind, "upstream_outage") == 0;
            }
        }
        sim_scenario_free(s);
        free(again);
        free(before);
        before = text;
    }
    free(before);
    (void)unlink(zone);
    CHECK(with_faults > 100 && with_faults < 300);
    CHECK_NEAR(with_upstreams, 100, 49); /* a third, within six standard deviations */
    CHECK(outages > 0);
}

/* A kind of fault that the world has nothing for is left out: no cable can be cut here. */
static void faults_that_nothing_can_have_leave_no_empty_list(void)
{
    struct sim_region region = { .name = { "a" } };
    struct sim_node node = { .config = { .name = { "a-1" }, .region = { "a" } } };
    const struct sim_scenario lonely = {
        .duration = SW_MIN, .regions = &region, .n_regions = 1, .nodes = &node, .n_nodes = 1
    };
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        char *text = NULL;
        size_t len = 0;
        FILE *to = open_memstream(&text, &len);
        REQUIRE(to != NULL);
        sim_draw_faults(to, seed, &lonely, true);
        (void)fclose(to);
        CHECK(len == 0 || strncmp(text, "faults:\n  - ", 12) == 0);
        free(text);
    }
}

/* ---- planted bugs ---- */

/* From its 20th answer on a node alters the last byte of the last record. */
static void flip(void *self, uint32_t node, uint8_t *message, size_t len)
{
    static unsigned replies[64];
    (void)self;
    const bool answers = len > 12 + PLANTED_OPT_LEN && (message[3] & 15) == 0 && message[7] > 0 &&
                         message[9] == 0 && message[11] == 1;
    if (answers && ++replies[node % 64] >= 20) {
        message[len - PLANTED_OPT_LEN - 1] ^= 1;
    }
}

/* A node that dies of a name that does not exist. */
static void die(void *self, uint32_t node, uint8_t *message, size_t len)
{
    (void)self;
    (void)node;
    if (len > 12 && (message[3] & 15) == 3) {
        abort();
    }
}

/* With the files in it; a hunt makes no folders. */
static void remove_folder(const char *folder)
{
    DIR *d = opendir(folder);
    REQUIRE(d != NULL);
    for (const struct dirent *e; (e = readdir(d)) != NULL;) {
        (void)unlinkat(dirfd(d), e->d_name, 0);
    }
    (void)closedir(d);
    CHECK_I64(rmdir(folder), 0);
}

/* Hunt with @plant until it is found; what was found fails in the same way when read from its
 * file, and not without the plant. */
static struct sim_hunt_result find(const struct sim_hooks *plant)
{
    char folder[] = "/tmp/sw-hunt-XXXXXX";
    struct sw_diag d = { 0 };
    struct sim_hunt_result r = { 0 };
    size_t len;
    CHECK(mkdtemp(folder) != NULL);
    const struct sim_hunt h = {
        .first = 1, .last = 200, .seconds = 1e6, .jobs = 1, .out = folder, .plant = plant
    };
    CHECK_I64(sim_hunt(&h, &r, &d), 0);
    CHECK_STR(d.text, "");
    CHECK(r.found);
    CHECK_U64(r.unusable, 0);
    if (r.found && r.minimal[0] != '\0') {
        struct sim_finding f;
        char *text = read_all(r.minimal, &len);
        struct sim_trial t = { .path = r.minimal,
                               .text = text,
                               .len = len,
                               .seed = r.shrunk.finding.r.seed,
                               .how = r.shrunk.how,
                               .quiet = true,
                               .hooks = plant };
        CHECK_I64(sim_trial_run(&t, &f, &d), 0);
        CHECK_STR(f.r.oracle, r.finding.r.oracle);
        CHECK_STR(f.r.complaint, r.shrunk.finding.r.complaint);
        CHECK_U64(f.r.trace_hash, r.shrunk.finding.r.trace_hash);
        t.hooks = NULL;
        CHECK_I64(sim_trial_run(&t, &f, &d), 0);
        CHECK_STR(f.r.complaint, "");
        if (getenv("SHOW") != NULL) {
            (void)printf("%s\nfaults %zu->%zu nodes %zu->%zu trials %u\n", text, r.shrunk.before[0],
                         r.shrunk.after[0], r.shrunk.before[4], r.shrunk.after[4], r.shrunk.trials);
        }
        free(text);
    }
    remove_folder(folder);
    return r;
}

static void a_skipped_fsync_shrinks_to_two_faults_and_three_nodes(void)
{
    const struct sim_hooks plant = { .on_fs = planted_skip_syncs };
    const struct sim_hunt_result r = find(&plant);
    CHECK_STR(r.finding.r.oracle, "snapshots");
    CHECK(r.shrunk.after[SIM_PART_FAULT] >= 1 && r.shrunk.after[SIM_PART_FAULT] <= 2);
    CHECK(r.shrunk.after[SIM_PART_NODE] <= 3);
    CHECK(r.shrunk.before[SIM_PART_NODE] > 3); /* it had something to do */
    CHECK_U64(r.shrunk.after[SIM_PART_CLIENTS], 0);
    CHECK_U64(r.shrunk.after[SIM_PART_OPERATION], 0);
}

static void an_altered_answer_shrinks_to_no_fault_and_few_nodes(void)
{
    const struct sim_hooks plant = { .on_reply = flip };
    const struct sim_hunt_result r = find(&plant);
    CHECK_STR(r.finding.r.oracle, "answers");
    CHECK_U64(r.shrunk.after[SIM_PART_FAULT], 0);
    CHECK(r.shrunk.after[SIM_PART_NODE] <= 3);
    CHECK(r.shrunk.after[SIM_PART_CLIENTS] >= 1 && r.shrunk.after[SIM_PART_CLIENTS] <= 2);
}

static void a_race_inside_jobs_shrinks_to_two_faults_and_three_nodes(void)
{
    const struct sim_hooks plant = { .on_fs = planted_share_temporary };
    const struct sim_hunt_result r = find(&plant);
    CHECK_STR(r.finding.r.oracle, "snapshots");
    CHECK(r.shrunk.after[SIM_PART_FAULT] <= 2);
    CHECK(r.shrunk.after[SIM_PART_NODE] >= 2 && r.shrunk.after[SIM_PART_NODE] <= 3);
    CHECK(r.shrunk.before[SIM_PART_NODE] > 3);
}

static void a_node_that_dies_is_found_like_any_other_bug(void)
{
    const struct sim_hooks plant = { .on_reply = die };
    const struct sim_hunt_result r = find(&plant);
    CHECK_STR(r.finding.r.oracle, SIM_TRIAL_DIED);
    CHECK(strstr(r.finding.r.complaint, "Aborted") != NULL);
    CHECK_U64(r.shrunk.after[SIM_PART_FAULT], 0);
    CHECK(r.shrunk.after[SIM_PART_NODE] <= 3);
}

static void without_a_bug_all_seeds_run_clean(void)
{
    char folder[] = "/tmp/sw-hunt-XXXXXX";
    struct sw_diag d = { 0 };
    struct sim_hunt_result r;
    CHECK(mkdtemp(folder) != NULL);
    static const char *const scenarios[] = { SMALL };
    struct sim_hunt h = { .first = 1, .last = 3, .seconds = 1e6, .jobs = 2, .out = folder };
    CHECK_I64(sim_hunt(&h, &r, &d), 0);
    CHECK(!r.found);
    CHECK_U64(r.seeds, 3);
    CHECK_U64(r.unusable, 0);
    CHECK(r.simulated >= 180);
    h.scenarios = scenarios;
    h.n_scenarios = 1;
    CHECK_I64(sim_hunt(&h, &r, &d), 0);
    CHECK_STR(r.finding.r.complaint, "");
    CHECK_U64(r.seeds, 3);
    CHECK(r.simulated > 179 && r.simulated < 181);
    remove_folder(folder);
}

extern CU_TestInfo tests_hunt[];
CU_TestInfo tests_hunt[] = {
    { "ddmin keeps exactly what is needed", ddmin_keeps_exactly_what_is_needed },
    { "files that parts name are found from anywhere",
      files_that_parts_name_are_found_from_anywhere },
    { "a scenario written again runs as before", a_scenario_written_again_runs_as_before },
    { "what depends on a part goes with it", what_depends_on_a_part_goes_with_it },
    { "upstreams go with their region, and zones outside with the last",
      upstreams_go_with_their_region_and_zones_outside_with_the_last },
    { "nobody is told to join by who is gone", nobody_is_told_to_join_by_who_is_gone },
    { "every drawn scenario is one and each is another",
      every_drawn_scenario_is_one_and_each_is_another },
    { "faults that nothing can have leave no empty list",
      faults_that_nothing_can_have_leave_no_empty_list },
    { "without a bug all seeds run clean", without_a_bug_all_seeds_run_clean },
    { "a skipped fsync shrinks to two faults and three nodes",
      a_skipped_fsync_shrinks_to_two_faults_and_three_nodes },
    { "an altered answer shrinks to no fault and few nodes",
      an_altered_answer_shrinks_to_no_fault_and_few_nodes },
    { "a race inside jobs shrinks to two faults and three nodes",
      a_race_inside_jobs_shrinks_to_two_faults_and_three_nodes },
    { "a node that dies is found like any other bug",
      a_node_that_dies_is_found_like_any_other_bug },
    CU_TEST_INFO_NULL,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Every scenario shipped, in every configuration: it loads, no oracle complains, and both event
 * queues leave the same trace.  Runs are cut: a twentieth of the load, few files, fewer nodes
 * in large regions, and no more events than a short test bears. */
#include "sim/scenario/scenario.h"
#include "sim/world/world.h"
#include "tests/lib/check.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern CU_TestInfo tests_shipped[];

#define MOST_EVENTS 40000U
#define MOST_FILES 20U
#define THINNER 0.05 /* share of the clients' queries */

/* Regions of hundreds of equal nodes become small: "count: 498" to "count:  18". */
static void shrink(char *text)
{
    for (char *at = text; (at = strstr(at, "count: 49")) != NULL; at++) {
        memcpy(at, "count:  1", 9);
    }
}

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, SW_MIB);
    if (f == NULL || text == NULL) {
        abort();
    }
    *len = fread(text, 1, SW_MIB - 1, f);
    (void)fclose(f);
    return text;
}

static struct sim_scenario *load(const char *path, const char *configuration)
{
    size_t len;
    char *text = read_file(path, &len);
    struct sim_scenario *s = NULL;
    struct sw_diag d = { "" };
    shrink(text);
    CHECK_I64(sim_scenario_parse(path, text, len, configuration, &s, &d), 0);
    CHECK_STR(d.text, "");
    free(text);
    for (size_t i = 0; s != NULL && i < s->n_clients; i++) {
        s->clients[i].rate *= THINNER;
    }
    for (size_t i = 0; s != NULL && i < s->n_nodes; i++) {
        for (size_t k = 0; k < s->nodes[i].n_files; k++) {
            struct sim_files *f = &s->nodes[i].files[k];
            f->count = f->count < MOST_FILES ? f->count : MOST_FILES;
        }
    }
    return s;
}

static struct sim_result run_on(const struct sim_scenario *s, enum sim_queue queue)
{
    const struct sim_world_options o = { .queue = queue };
    struct sim_result r = { 0 };
    struct sim_world *w = NULL;
    if (sim_world_new_with(s, s->seed, &o, &w, NULL) != 0) {
        abort();
    }
    for (sw_time until = SW_SEC; r.ended_at < s->duration && r.events < MOST_EVENTS;
         until += SW_SEC) {
        (void)sim_world_run(w, until, &r);
        if (r.complaint[0] != '\0') {
            break;
        }
    }
    sim_world_free(w);
    return r;
}

/* Both queues; how much there was. */
static uint64_t compare(const char *path, const char *configuration)
{
    struct sim_scenario *s = load(path, configuration);
    if (s == NULL) {
        return 0;
    }
    const struct sim_result heap = run_on(s, SIM_QUEUE_HEAP);
    const struct sim_result wheel = run_on(s, SIM_QUEUE_WHEEL);
    CHECK_STR(heap.complaint, "");
    CHECK_STR(wheel.complaint, "");
    CHECK_U64(heap.events, wheel.events);
    CHECK_U64(heap.trace_hash, wheel.trace_hash);
    sim_scenario_free(s);
    return heap.events;
}

static void every_scenario_leaves_the_same_trace_with_both_queues(void)
{
    glob_t files;
    size_t runs = 0;
    REQUIRE(glob(SW_SOURCE_DIR "/scenarios/*.yaml", 0, NULL, &files) == 0);
    REQUIRE(glob(SW_SOURCE_DIR "/scenarios/membership/*.yaml", GLOB_APPEND, NULL, &files) == 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        struct sim_configuration *v;
        size_t n;
        struct sw_diag d = { "" };
        REQUIRE(sim_configurations(files.gl_pathv[i], &v, &n, &d) == 0);
        for (size_t k = 0; k < (n > 0 ? n : 1); k++) {
            CHECK(compare(files.gl_pathv[i], n > 0 ? v[k].name.s : NULL) > 1000);
            runs++;
        }
        sim_configurations_free(v);
    }
    globfree(&files);
    CHECK(runs >= 18);
}

/* Load @path; its name and what it asks. */
static struct sw_name name_of(const char *path)
{
    struct sim_scenario *s = NULL;
    struct sw_diag d = { "" };
    struct sw_name name = { "" };
    CHECK_I64(sim_scenario_load(path, NULL, &s, &d), 0);
    CHECK_STR(d.text, "");
    if (s != NULL) {
        (void)snprintf(name.s, sizeof name.s, "%s", s->name);
    }
    sim_scenario_free(s);
    return name;
}

static void every_family_of_routing_has_a_sibling_that_no_tuner_sees(void)
{
    static const char folder[] = SW_SOURCE_DIR "/scenarios/routing/";
    glob_t files;
    REQUIRE(glob(SW_SOURCE_DIR "/scenarios/routing/*.yaml", 0, NULL, &files) == 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        char path[512];
        char want[2 * SW_NAME_MAX];
        const char *file = files.gl_pathv[i] + sizeof folder - 1;
        (void)snprintf(path, sizeof path, "%sheld-out/%s", folder, file);
        const struct sw_name own = name_of(files.gl_pathv[i]);
        const struct sw_name sibling = name_of(path);
        (void)snprintf(want, sizeof want, "%s-held-out", own.s);
        CHECK_STR(sibling.s, want);
        (void)snprintf(want, sizeof want, "%s.yaml", own.s);
        CHECK_STR(file, want);
    }
    CHECK(files.gl_pathc >= 12);
    globfree(&files);
}

CU_TestInfo tests_shipped[] = {
    { "every family of routing has a sibling that no tuner sees",
      every_family_of_routing_has_a_sibling_that_no_tuner_sees },
    { "every scenario leaves the same trace with both queues",
      every_scenario_leaves_the_same_trace_with_both_queues },
    CU_TEST_INFO_NULL,
};

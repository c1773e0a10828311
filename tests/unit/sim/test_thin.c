/* SPDX-License-Identifier: GPL-3.0-or-later
 * Swarms of many nodes that know a few: what a node costs does not grow with the swarm.  Counted in
 * bytes, which are the same on every machine. */
#include "sim/scenario/scenario.h"
#include "sim/world/world.h"
#include "tests/lib/check.h"
#include "tests/lib/fail_alloc.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
size_t __sanitizer_get_current_allocated_bytes(void); /* gcc 12 lacks its header */
#endif

extern CU_TestInfo tests_thin[];

/* Bytes on the heap now. */
static double in_use(void)
{
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
    return (double)__sanitizer_get_current_allocated_bytes();
#else
    const struct mallinfo2 m = mallinfo2();
    return (double)m.uordblks + (double)m.hblkhd;
#endif
}

/* Two nodes hold the zone; @n others know these two and forward. */
static struct sim_scenario *thin_scenario(unsigned n)
{
    char text[1024];
    struct sim_scenario *s = NULL;
    struct sw_diag d = { "" };
    const int len = snprintf(
        text, sizeof text,
        "name: thin\nquestion: What does a node cost?\nduration: 10s\n"
        "regions: [{name: eu, latitude: 50, longitude: 8}]\n"
        "zones: [{name: example.org, file: zones/example.org.zone, primary: eu-1, backups: "
        "[eu-2]}]\n"
        "nodes:\n"
        "  - {region: eu, count: 2, knows: [eu-1, eu-2]}\n"
        "  - {region: eu, count: %u, knows: [eu-1, eu-2]}\n"
        "clients:\n"
        "  - {region: eu, count: 10, rate: 1/s, zone: example.org, servers: [eu-3, eu-4]}\n",
        n);
    CHECK_I64(
        sim_scenario_parse(SW_SOURCE_DIR "/scenarios/thin.yaml", text, (size_t)len, NULL, &s, &d),
        0);
    CHECK_STR(d.text, "");
    return s;
}

struct cost {
    double asked, kept; /* bytes: ever asked for, on the heap after the run */
};

static struct cost cost_of(unsigned n)
{
    struct sim_scenario *s = thin_scenario(n);
    const double before = in_use();
    const uint64_t asked_before = fail_alloc_bytes();
    struct sim_world *w = NULL;
    struct sim_result r = { 0 };
    if (s == NULL || sim_world_new(s, 1, &w, NULL) != 0) {
        abort();
    }
    (void)sim_world_run(w, SW_TIME_NEVER, &r);
    CHECK_STR(r.complaint, "");
    const struct cost cost = { (double)(fail_alloc_bytes() - asked_before), in_use() - before };
    sim_world_free(w);
    sim_scenario_free(s);
    return cost;
}

/* All that a node is: its core, its front, its host's and disk's models, its share of the holders'
 * tables, connections, messages and events.  Each comes up, is told of the zone, compares what it
 * knows with the holders', is probed and probes, for 10 s.  With sanitizers messages do not use
 * each other's memory again, and count. */
#define ASKED_MOST (64 * SW_KIB)
#define KEPT_MOST (32 * SW_KIB)

static void a_node_that_knows_two_costs_the_same_in_a_large_swarm(void)
{
    const struct cost small = cost_of(100);
    const struct cost large = cost_of(400);
    CHECK((large.asked - small.asked) / 300 < (double)ASKED_MOST);
    CHECK((large.kept - small.kept) / 300 < (double)KEPT_MOST);
}

CU_TestInfo tests_thin[] = {
    { "a node that knows two costs the same in a large swarm",
      a_node_that_knows_two_costs_the_same_in_a_large_swarm },
    CU_TEST_INFO_NULL,
};

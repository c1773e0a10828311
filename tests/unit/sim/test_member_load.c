/* SPDX-License-Identifier: GPL-3.0-or-later
 * What membership costs a member does not grow with their number. */
#define _POSIX_C_SOURCE 200809L
#include "node/core/node.h"
#include "sim/scenario/load.h"
#include "sim/world/world.h"
#include "tests/lib/check.h"

#include <stdio.h>
#include <stdlib.h>

/* @n nodes that join by one, and stay connected with @connections others. */
static struct sim_scenario *scenario(unsigned n, unsigned connections)
{
    char *text = NULL;
    size_t len = 0;
    struct sim_scenario *s = NULL;
    struct sw_diag d = { "" };
    FILE *to = open_memstream(&text, &len);
    if (to == NULL) {
        abort();
    }
    (void)fprintf(to,
                  "name: load\nquestion: What does a member say?\nduration: 10m\n"
                  "regions: [{name: r, latitude: 0, longitude: 0}]\n"
                  "defaults: {node: {join: [r-1], membership: {connections: %u}}}\n"
                  "nodes: [{region: r, count: %u}]\noracles: []\n",
                  connections, n);
    (void)fclose(to);
    (void)sim_scenario_parse("load", text, len, NULL, &s, &d);
    CHECK_STR(d.text, "");
    free(text);
    return s;
}

static uint64_t said(const struct sim_world *w, unsigned n)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < n; i++) {
        struct sw_node_counts c;
        sw_node_counts(sim_world_node(w, i), &c);
        sum += c.probes + c.syncs;
    }
    return sum;
}

/* Messages of the failure detector and of anti-entropy, a member and second, after joining. */
static double messages(unsigned n, unsigned connections)
{
    struct sim_scenario *s = scenario(n, connections);
    struct sim_world *w = NULL;
    struct sim_result r = { 0 };
    if (s == NULL || sim_world_new(s, 1, &w, NULL) != 0) {
        CHECK(false);
        return 0;
    }
    (void)sim_world_run(w, 90 * SW_SEC, &r);
    const uint64_t before = said(w, n);
    (void)sim_world_run(w, 120 * SW_SEC, &r);
    const double each = (double)(said(w, n) - before) / n / 30;
    sim_world_free(w);
    sim_scenario_free(s);
    return each;
}

/* A ping, and an ACK for one, a second; an offer to compare every 10 s and longer, and the other
 * side's where something differs. */
static void a_member_says_two_messages_a_second_and_few_more_among_8_32_or_64(void)
{
    static const struct {
        unsigned n, connections;
    } swarms[] = { { 8, 64 }, { 32, 64 }, { 64, 64 }, { 64, 16 } };
    for (size_t i = 0; i < SW_LEN(swarms); i++) {
        const double each = messages(swarms[i].n, swarms[i].connections);
        CHECK(each >= 1.95 && each <= 2.3);
    }
}

extern CU_TestInfo tests_member_load[];
CU_TestInfo tests_member_load[] = {
#define T(name)     \
    {               \
#name, name \
    }
    T(a_member_says_two_messages_a_second_and_few_more_among_8_32_or_64),
    CU_TEST_INFO_NULL,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Max-min fair shares: allocations worked out by hand, and what defines them on drawn networks. */
#include "node/base/rng.h"
#include "sim/world/maxmin.h"
#include "tests/lib/check.h"

#include <math.h>

#define MOST_FLOWS 40U
#define MOST_LINKS 16U

extern CU_TestInfo tests_maxmin[];

static double capacity(void *self, uint32_t link)
{
    return ((const double *)self)[link];
}

static void share(double *links, struct sim_share *flows, size_t n)
{
    struct sim_share *v[MOST_FLOWS] = { NULL };
    struct sim_maxmin m = { .n_links = 0 };
    for (size_t i = 0; i < n; i++) {
        v[i] = &flows[i];
    }
    sim_maxmin(&m, MOST_LINKS, capacity, links, v, n);
    for (size_t i = 0; i < n; i++) {
        const double once = flows[i].rate;
        flows[i].rate = -1;
        sim_maxmin(&m, MOST_LINKS, capacity, links, v, n); /* nothing is left of the first time */
        CHECK(flows[i].rate == once);
    }
    sim_maxmin_fini(&m);
}

struct expected {
    const char *what;
    double links[MOST_LINKS];
    struct {
        uint32_t links, link[SIM_FLOW_LINKS];
        double cap, rate;
    } flows[6];
};

/* By hand: fill all alike until a link is full, settle its flows, go on with the others. */
static const struct expected cases[] = {
    { "one flow gets its narrowest link", { 10, 4, 7 }, { { 3, { 0, 1, 2 }, INFINITY, 4 } } },
    { "no link and no limit", { 1 }, { { 0, { 0 }, INFINITY, INFINITY } } },
    { "two flows halve a link", { 10 }, { { 1, { 0 }, INFINITY, 5 }, { 1, { 0 }, INFINITY, 5 } } },
    { "what one can't use is the other's",
      { 10 },
      { { 1, { 0 }, 2, 2 }, { 1, { 0 }, INFINITY, 8 } } },
    /* link 1 fills at 1/3; then link 0 has 2/3 left for its other flow */
    { "three share a link, one of them another with a fourth that gets the rest",
      { 1, 1, 1 },
      { { 1, { 1 }, INFINITY, 1.0 / 3 },
        { 2, { 0, 1 }, INFINITY, 1.0 / 3 },
        { 2, { 1, 2 }, INFINITY, 1.0 / 3 },
        { 1, { 0 }, INFINITY, 2.0 / 3 } } },
    /* hosts with uplinks of 10 (links 0 to 2), downlinks (3 to 5), a trunk of 12 (6): the first is
     * limited to 2 at its own downlink, and the other two halve the rest */
    { "a trunk shared by three, one limited elsewhere",
      { 10, 10, 10, 2, 10, 10, 12 },
      { { 3, { 0, 6, 3 }, INFINITY, 2 },
        { 3, { 1, 6, 4 }, INFINITY, 5 },
        { 3, { 2, 6, 5 }, INFINITY, 5 } } },
    /* the parking lot: one long flow over three links of 6, and a short one on each */
    { "a long way gets no less than each short one",
      { 6, 6, 9 },
      { { 3, { 0, 1, 2 }, INFINITY, 3 },
        { 1, { 0 }, INFINITY, 3 },
        { 1, { 1 }, INFINITY, 3 },
        { 1, { 2 }, INFINITY, 6 } } },
    /* link 0 fills at 1 (three flows of 3), link 1 at (9 - 1) / 2 = 4, link 2 at 20 - 4 = 16 */
    { "a chain of bottlenecks",
      { 3, 9, 20 },
      { { 1, { 0 }, INFINITY, 1 },
        { 1, { 0 }, INFINITY, 1 },
        { 2, { 0, 1 }, INFINITY, 1 },
        { 1, { 1 }, INFINITY, 4 },
        { 2, { 1, 2 }, INFINITY, 4 },
        { 1, { 2 }, INFINITY, 16 } } },
};

static void allocations_are_those_worked_out_by_hand(void)
{
    for (size_t c = 0; c < SW_LEN(cases); c++) {
        struct sim_share flows[SW_LEN(cases[c].flows)] = { { .links = 0 } };
        double links[MOST_LINKS];
        size_t n = 0;
        memcpy(links, cases[c].links, sizeof links);
        for (; n < SW_LEN(flows) && cases[c].flows[n].rate > 0; n++) {
            flows[n].links = cases[c].flows[n].links;
            flows[n].cap = cases[c].flows[n].cap;
            memcpy(flows[n].link, cases[c].flows[n].link, sizeof flows[n].link);
        }
        share(links, flows, n);
        for (size_t i = 0; i < n; i++) {
            const double want = cases[c].flows[i].rate;
            if (!(flows[i].rate == want || fabs(flows[i].rate - want) < 1e-12)) {
                (void)printf("%s: flow %zu\n", cases[c].what, i);
                CHECK_NEAR(flows[i].rate, want, 1e-12);
            }
        }
    }
}

/* A feasible allocation is max-min fair if and only if every flow has a bottleneck: a full link on
 * which no other gets more (Bertsekas and Gallager, 6.5.2), or all it can use. */
static bool has_bottleneck(const double *links, const struct sim_share *flows, size_t n, size_t i)
{
    if (flows[i].rate == flows[i].cap) {
        return true;
    }
    for (uint32_t k = 0; k < flows[i].links; k++) {
        const uint32_t link = flows[i].link[k];
        double used = 0;
        double most = 0;
        for (size_t j = 0; j < n; j++) {
            for (uint32_t l = 0; l < flows[j].links; l++) {
                used += flows[j].link[l] == link ? flows[j].rate : 0;
                most = flows[j].link[l] == link && flows[j].rate > most ? flows[j].rate : most;
            }
        }
        CHECK(used <= links[link] * (1 + 1e-12));
        if (used >= links[link] * (1 - 1e-12) && most <= flows[i].rate * (1 + 1e-12)) {
            return true;
        }
    }
    return false;
}

static void every_flow_of_a_drawn_network_has_a_bottleneck(void)
{
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(1, "maxmin", "test"));
    for (unsigned round = 0; round < 500; round++) {
        double links[MOST_LINKS];
        struct sim_share flows[MOST_FLOWS];
        const size_t n = 1 + sw_rng_below(&rng, MOST_FLOWS);
        for (size_t l = 0; l < MOST_LINKS; l++) {
            links[l] = (double)(1 + sw_rng_below(&rng, 100));
        }
        for (size_t i = 0; i < n; i++) {
            flows[i] = (struct sim_share){ .links = 3, .cap = INFINITY };
            flows[i].link[0] = (uint32_t)sw_rng_below(&rng, 5);
            flows[i].link[1] = 5 + (uint32_t)sw_rng_below(&rng, 5);
            flows[i].link[2] = 10 + (uint32_t)sw_rng_below(&rng, 6);
            if (sw_rng_below(&rng, 4) == 0) {
                flows[i].cap = (double)(1 + sw_rng_below(&rng, 20));
            }
        }
        share(links, flows, n);
        for (size_t i = 0; i < n; i++) {
            CHECK(has_bottleneck(links, flows, n, i));
        }
    }
}

CU_TestInfo tests_maxmin[] = {
    { "allocations are those worked out by hand", allocations_are_those_worked_out_by_hand },
    { "every flow of a drawn network has a bottleneck",
      every_flow_of_a_drawn_network_has_a_bottleneck },
    CU_TEST_INFO_NULL,
};

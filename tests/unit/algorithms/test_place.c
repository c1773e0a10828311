/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where copies go. */
#include "algorithms/place/place.h"
#include "node/base/rng.h"
#include "tests/lib/check.h"

extern CU_TestInfo tests_place[];

#define NODES 30

static struct sw_name name_of(const char *s)
{
    struct sw_name n = { "" };
    (void)snprintf(n.s, sizeof n.s, "%s", s);
    return n;
}

/* @n nodes over @regions regions, in turn. */
static void make_nodes(struct sw_place_node *nodes, unsigned n, unsigned regions)
{
    for (unsigned i = 0; i < n; i++) {
        nodes[i] = (struct sw_place_node){ .stores = true, .free = UINT64_MAX };
        (void)snprintf(nodes[i].name.s, sizeof nodes[i].name.s, "node-%u", i);
        (void)snprintf(nodes[i].region.s, sizeof nodes[i].region.s, "region-%u", i % regions);
    }
}

static struct sw_place_request request_for(uint64_t object, uint32_t copies)
{
    struct sw_place_request q = {
        .size = 1000, .self = name_of("node-0"), .region = name_of("region-0"), .copies = copies
    };
    for (size_t i = 0; i < 8; i++) {
        q.object.b[i] = (uint8_t)(object >> (8 * i));
    }
    return q;
}

static void three_copies_go_to_three_regions_own_region_last(void)
{
    struct sw_place_node nodes[9];
    make_nodes(nodes, 9, 3);
    for (uint64_t object = 0; object < 500; object++) {
        const struct sw_place_request q = request_for(object, 3);
        struct sw_place p;
        sw_place_choose(&q, nodes, 9, &p);
        REQUIRE(p.n == 3);
        CHECK(p.chosen[0] % 3 != p.chosen[1] % 3 && p.chosen[0] % 3 != 0 && p.chosen[1] % 3 != 0);
        CHECK(p.chosen[2] % 3 == 0 && p.chosen[2] != 0);
        CHECK(p.missing == 0 && p.crowded == 0 && p.too_full == 0 && p.own_region);
    }
}

static void with_more_regions_than_copies_the_own_region_is_left_out(void)
{
    struct sw_place_node nodes[12];
    make_nodes(nodes, 12, 4);
    for (uint64_t object = 0; object < 500; object++) {
        const struct sw_place_request q = request_for(object, 3);
        struct sw_place p;
        sw_place_choose(&q, nodes, 12, &p);
        REQUIRE(p.n == 3);
        CHECK(!p.own_region && p.crowded == 0);
    }
}

static void what_can_not_be_had_is_said(void)
{
    struct sw_place_node nodes[4];
    struct sw_place p;
    make_nodes(nodes, 4, 2); /* 0 and 2 in region-0; 1 and 3 in region-1 */
    struct sw_place_request q = request_for(1, 5);
    sw_place_choose(&q, nodes, 4, &p);
    CHECK_U64(p.n, 3);
    CHECK_U64(p.missing, 2);
    CHECK_U64(p.crowded, 1);
    CHECK(p.own_region);

    nodes[1].free = 999;
    nodes[3].stores = false;
    nodes[0].free = 0; /* self: not counted */
    sw_place_choose(&q, nodes, 4, &p);
    CHECK_U64(p.n, 1);
    CHECK_U64(p.chosen[0], 2);
    CHECK_U64(p.too_full, 1);
    CHECK_U64(p.missing, 4);
    q.size = 999;
    sw_place_choose(&q, nodes, 4, &p);
    CHECK_U64(p.n, 2);
    CHECK_U64(p.chosen[0], 1);

    sw_place_choose(&q, nodes, 0, &p);
    CHECK_U64(p.n, 0);
    CHECK_U64(p.missing, 5);
}

static bool holds(const struct sw_place *p, const struct sw_place_node *nodes, const char *name)
{
    for (uint32_t i = 0; i < p->n; i++) {
        if (strcmp(nodes[p->chosen[i]].name.s, name) == 0) {
            return true;
        }
    }
    return false;
}

static void the_order_of_the_nodes_does_not_matter(void)
{
    struct sw_place_node nodes[NODES];
    struct sw_place_node shuffled[NODES];
    struct sw_rng rng;
    make_nodes(nodes, NODES, 7);
    sw_rng_init(&rng, sw_rng_key(1, "test place", "order"));
    for (uint64_t object = 0; object < 200; object++) {
        const struct sw_place_request q =
            request_for(object, 1 + (uint32_t)(object % SW_PLACE_MAX));
        struct sw_place a;
        struct sw_place b;
        memcpy(shuffled, nodes, sizeof nodes);
        for (size_t i = NODES; i > 1; i--) {
            const size_t j = (size_t)sw_rng_below(&rng, i);
            const struct sw_place_node t = shuffled[i - 1];
            shuffled[i - 1] = shuffled[j];
            shuffled[j] = t;
        }
        sw_place_choose(&q, nodes, NODES, &a);
        sw_place_choose(&q, shuffled, NODES, &b);
        REQUIRE(a.n == q.copies && b.n == q.copies);
        for (uint32_t i = 0; i < a.n; i++) {
            CHECK_STR(shuffled[b.chosen[i]].name.s, nodes[a.chosen[i]].name.s);
        }
    }
}

static void a_lost_node_moves_only_what_it_held(void)
{
    struct sw_place_node nodes[NODES];
    make_nodes(nodes, NODES, 7);
    for (uint64_t object = 0; object < 300; object++) {
        const struct sw_place_request q = request_for(object, 3);
        struct sw_place before;
        struct sw_place after;
        sw_place_choose(&q, nodes, NODES, &before);
        const uint32_t lost = 1 + (uint32_t)(object % (NODES - 1));
        nodes[lost].stores = false;
        sw_place_choose(&q, nodes, NODES, &after);
        nodes[lost].stores = true;
        size_t kept = 0;
        for (uint32_t i = 0; i < after.n; i++) {
            kept += holds(&before, nodes, nodes[after.chosen[i]].name.s);
        }
        CHECK_U64(kept, holds(&before, nodes, nodes[lost].name.s) ? 2 : 3);
    }
}

static void copies_spread_evenly(void)
{
    struct sw_place_node nodes[NODES];
    uint64_t count[NODES] = { 0 };
    make_nodes(nodes, NODES, 5); /* 24 nodes outside region-0 share everything */
    for (uint64_t object = 0; object < 4000; object++) {
        const struct sw_place_request q = request_for(object, 3);
        struct sw_place p;
        sw_place_choose(&q, nodes, NODES, &p);
        for (uint32_t i = 0; i < p.n; i++) {
            count[p.chosen[i]]++;
        }
    }
    double chi2 = 0;
    for (size_t i = 0; i < NODES; i++) {
        if (i % 5 == 0) {
            CHECK_U64(count[i], 0);
        } else {
            chi2 += ((double)count[i] - 500) * ((double)count[i] - 500) / 500;
        }
    }
    CHECK(chi2 < 49.73); /* 23 degrees of freedom, p = .001 */
}

CU_TestInfo tests_place[] = {
    { "three copies go to three regions, own region last",
      three_copies_go_to_three_regions_own_region_last },
    { "with more regions than copies the own region is left out",
      with_more_regions_than_copies_the_own_region_is_left_out },
    { "what can not be had is said", what_can_not_be_had_is_said },
    { "the order of the nodes does not matter", the_order_of_the_nodes_does_not_matter },
    { "a lost node moves only what it held", a_lost_node_moves_only_what_it_held },
    { "copies spread evenly", copies_spread_evenly },
    CU_TEST_INFO_NULL,
};

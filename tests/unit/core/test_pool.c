/* SPDX-License-Identifier: GPL-3.0-or-later
 * Connections of a swarm that is too large for everybody to stay connected with everybody. */
#include "node/core/dns/wire.h"
#include "node/core/node_state.h"
#include "tests/lib/check.h"
#include "tests/lib/cluster.h"
#include "tests/lib/fail_alloc.h"
#include "tests/lib/swarm_zones.h"

#include <stdio.h>

#define NODES 24U
#define CONNECTIONS 8U

/* n00, n01, ...; each stays connected with about @connections others. */
static struct cluster *swarm_of(uint32_t nodes, uint32_t connections)
{
    static char names[NODES][4];
    struct cluster *c = cluster_new(1);
    cluster_file(c, "org.zone", ZONE_ORG);
    for (uint32_t i = 0; i < nodes; i++) {
        (void)snprintf(names[i], sizeof names[i], "n%02u", i % 100);
        (void)cluster_add(c, names[i], "eu");
        cluster_config(c, i)->membership.connections = connections;
    }
    return c;
}

static struct cluster *swarm(void)
{
    return swarm_of(NODES, CONNECTIONS);
}

static const struct sw_peer *peer(const struct cluster *c, uint32_t a, uint32_t b)
{
    char name[4];
    const struct sw_peers *p = &cluster_node(c, a)->peers;
    (void)snprintf(name, sizeof name, "n%02u", b % 100);
    const uint32_t number = sw_peers_find(p, name);
    return number != SW_PEER_NONE ? p->v[number] : NULL;
}

static bool are_neighbours(const struct cluster *c, uint32_t a, uint32_t b)
{
    return sw_pool_keeps(cluster_node(c, a), peer(c, a, b));
}

static bool is_connected(const struct cluster *c, uint32_t a, uint32_t b)
{
    return peer(c, a, b)->link[SW_CLASS_CONTROL].greeted;
}

/* Two nodes that are no neighbours. */
static void find_strangers(const struct cluster *c, uint32_t *a, uint32_t *b)
{
    *a = 0;
    *b = 1;
    while (are_neighbours(c, *a, *b)) {
        (*b)++;
        CHECK(*b < NODES);
    }
}

static void members_stay_connected_with_a_few_and_know_all(void)
{
    struct cluster *c = swarm();
    uint32_t ends = 0;
    cluster_start(c);
    cluster_run(c, 2 * SW_MIN);
    for (uint32_t a = 0; a < NODES; a++) {
        CHECK_U64(cluster_node(c, a)->peers.n_live, NODES - 1);
        for (uint32_t b = 0; b < NODES; b++) {
            if (a != b) {
                CHECK_I64(are_neighbours(c, a, b), are_neighbours(c, b, a));
                CHECK(is_connected(c, a, b) || !are_neighbours(c, a, b));
                CHECK(peer(c, a, b)->link[SW_CLASS_BULK].conn == 0); /* nobody protects files */
                ends += is_connected(c, a, b);
            }
        }
        CHECK_U64(cluster_traces(c, a, SW_TRACE_MEMBER_SUSPECT), 0);
    }
    /* 552 pairs of 8 in 23 each: 192 on average, standard deviation 2 * sqrt(276 * 0.35 * 0.65). */
    CHECK(ends > 192 - 48 && ends < 192 + 48);
    cluster_free(c);
}

/* Probes reach neighbours only, and news reaches all. */
static void who_dies_is_dead_for_all(void)
{
    struct cluster *c = swarm();
    cluster_start(c);
    cluster_run(c, 10 * SW_SEC);
    cluster_kill(c, 7);
    cluster_run(c, SW_MIN);
    for (uint32_t a = 0; a < NODES; a++) {
        if (a != 7) {
            CHECK_I64(peer(c, a, 7)->member.state, SW_MEMBER_DEAD);
            CHECK_U64(cluster_node(c, a)->peers.n_live, NODES - 2);
        }
    }
    cluster_free(c);
}

static void who_is_asked_for_a_strangers_zone_dials_it_and_hangs_up_later(void)
{
    struct cluster *c = swarm();
    uint32_t a;
    uint32_t b;
    cluster_start(c);
    cluster_run(c, SW_MIN);
    find_strangers(c, &a, &b);
    cluster_zone(c, b, "example.org", "org.zone");
    CHECK_I64(cluster_configure(c, b), SW_OK);
    cluster_run(c, 2 * SW_MIN);
    CHECK(!is_connected(c, a, b));

    uint32_t q = cluster_ask(c, a, "www.example.org", SW_TYPE_A);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    CHECK(is_connected(c, a, b));
    cluster_run(c, SW_POOL_IDLE + 2 * SW_SEC);
    CHECK(!is_connected(c, a, b));

    cluster_cut(c, a, b, true); /* but it lives: through a third */
    q = cluster_ask(c, a, "www.example.org", SW_TYPE_A);
    cluster_run(c, 2 * SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    cluster_kill(c, b); /* an honest failure, within the deadline */
    q = cluster_ask(c, a, "www.example.org", SW_TYPE_A);
    cluster_run(c, 2 * SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_SERVFAIL);
    cluster_free(c);
}

/* Bytes of a node of @nodes that know each other, after what joining needed was given back. */
static double bytes_of_a_node(uint32_t nodes)
{
    struct cluster *c = swarm_of(nodes, SW_CONNECTIONS_LEAST);
    const int64_t before = alloc_live();
    cluster_start(c);
    cluster_run(c, 3 * SW_MIN);
    for (uint32_t a = 0; a < nodes; a++) {
        CHECK_U64(cluster_node(c, a)->peers.n_live, nodes - 1);
    }
    const int64_t bytes = alloc_live() - before;
    cluster_free(c);
    return (double)bytes / nodes;
}

/* With 8 more members each node needs 8 entries, records and addresses more, and arrays for 24
 * instead of 16.  A thousand members of a thousand are a million of these: 1 GiB is 1,073 each. */
static void each_member_costs_each_node_less_than_a_kilobyte(void)
{
    const double each = (bytes_of_a_node(24) - bytes_of_a_node(16)) / 8;
    printf("(%.0f bytes) ", each);
    CHECK(each > 300 && each < 1000);
}

/* Nobody has a neighbour by chance in a graph that has next to no edges: the ring is left. */
static void everybody_has_somebody_who_watches(void)
{
    struct cluster *c = swarm_of(NODES, SW_CONNECTIONS_LEAST);
    cluster_start(c);
    cluster_run(c, SW_MIN);
    for (uint32_t a = 0; a < NODES; a++) {
        uint32_t both = 0; /* who are beside it, and take it for beside them */
        for (uint32_t b = 0; b < NODES; b++) {
            if (a == b) {
                continue;
            }
            const struct sw_pool *p = &cluster_node(c, a)->pool;
            const struct sw_pool *q = &cluster_node(c, b)->pool;
            both += p->next == q->own && q->previous == p->own;
            both += p->previous == q->own && q->next == p->own;
            CHECK(is_connected(c, a, b) || (p->next != q->own && p->previous != q->own));
        }
        CHECK_U64(both, 2);
    }
    cluster_free(c);
}

extern CU_TestInfo tests_pool[];
CU_TestInfo tests_pool[] = {
#define T(name)     \
    {               \
#name, name \
    }
    T(members_stay_connected_with_a_few_and_know_all),
    T(who_dies_is_dead_for_all),
    T(everybody_has_somebody_who_watches),
    T(each_member_costs_each_node_less_than_a_kilobyte),
    T(who_is_asked_for_a_strangers_zone_dials_it_and_hangs_up_later),
    CU_TEST_INFO_NULL,
};

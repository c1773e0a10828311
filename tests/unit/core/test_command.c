/* SPDX-License-Identifier: GPL-3.0-or-later
 * What operators ask of a node, and what it tells them. */
#include "node/core/dns/wire.h"
#include "node/core/proto/swarm.pb-c.h"
#include "tests/lib/check.h"
#include "tests/lib/cluster.h"
#include "tests/lib/swarm_zones.h"

enum { A, B };
static const struct sw_bytes nothing = { NULL, 0 };

static struct cluster *pair(void)
{
    struct cluster *c = cluster_new(1);
    cluster_file(c, "org.zone", ZONE_ORG);
    cluster_file(c, "net.zone", ZONE_NET);
    cluster_zone(c, cluster_add(c, "a", "eu"), "example.net", "net.zone");
    cluster_zone(c, cluster_add(c, "b", "us"), "example.org", "org.zone");
    cluster_config(c, A)->zones[0].primary = true;
    return c;
}

static Swarm__V1__StatusReply *status(struct cluster *c, uint32_t node)
{
    cluster_command(c, node, "Status", nothing);
    CHECK_I64(cluster_command_status(c), 0);
    const struct sw_bytes reply = cluster_command_reply(c);
    return swarm__v1__status_reply__unpack(NULL, reply.len, reply.data);
}

static void status_says_who_it_is_whom_it_knows_and_what_it_did(void)
{
    struct cluster *c = pair();
    cluster_start(c);
    cluster_run(c, SW_SEC);
    (void)cluster_ask(c, A, "www.example.org", SW_TYPE_A);
    cluster_run(c, SW_SEC);
    Swarm__V1__StatusReply *s = status(c, A);
    REQUIRE(s != NULL);
    CHECK_STR(s->name, "a");
    CHECK_STR(s->region, "eu");
    CHECK_STR(s->state, "ready");
    CHECK_STR(s->core_digest, "");
    CHECK_U64(s->forwarded, 1);
    CHECK_U64(s->answered, 1);
    CHECK_U64(s->failed, 0);
    REQUIRE(s->n_peers == 1);
    CHECK_STR(s->peers[0]->name, "b");
    CHECK_STR(s->peers[0]->region, "us");
    CHECK(s->peers[0]->connected);
    CHECK_U64(s->peers[0]->srtt, 20 * SW_MS);
    CHECK_U64(s->peers[0]->sent, 1);
    REQUIRE(s->n_zones == 1);
    CHECK_STR(s->zones[0]->name, "example.net");
    CHECK_U64(s->zones[0]->serial, 1);
    CHECK(s->zones[0]->primary);
    swarm__v1__status_reply__free_unpacked(s, NULL);
    cluster_free(c);
}

static void a_node_without_configuration_has_a_status(void)
{
    struct cluster *c = pair();
    Swarm__V1__StatusReply *s = status(c, A);
    REQUIRE(s != NULL);
    CHECK_STR(s->name, "");
    CHECK_STR(s->state, "setup");
    CHECK_U64(s->n_peers, 0);
    swarm__v1__status_reply__free_unpacked(s, NULL);
    cluster_free(c);
}

static void peers_are_listed_in_order_of_names(void)
{
    struct cluster *c = cluster_new(1);
    static const char *const names[] = { "m", "z", "b", "y", "a" };
    for (size_t i = 0; i < SW_LEN(names); i++) {
        (void)cluster_add(c, names[i], "eu");
    }
    cluster_start(c);
    cluster_run(c, SW_SEC);
    Swarm__V1__StatusReply *s = status(c, 0);
    REQUIRE(s != NULL && s->n_peers == 4);
    CHECK_STR(s->peers[0]->name, "a");
    CHECK_STR(s->peers[1]->name, "b");
    CHECK_STR(s->peers[2]->name, "y");
    CHECK_STR(s->peers[3]->name, "z");
    swarm__v1__status_reply__free_unpacked(s, NULL);
    cluster_free(c);
}

static void drain_is_acknowledged_and_carried_out(void)
{
    struct cluster *c = pair();
    cluster_start(c);
    cluster_run(c, SW_SEC);
    cluster_command(c, A, "Drain", nothing);
    CHECK_I64(cluster_command_status(c), 0);
    CHECK_U64(sw_node_state(cluster_node(c, A)), SW_STATE_DRAINING);
    CHECK_U64(cluster_actions(c, A, SW_ACT_DRAINED), 1);
    cluster_free(c);
}

static void unknown_methods_and_malformed_requests_are_refused(void)
{
    struct cluster *c = pair();
    cluster_start(c);
    cluster_command(c, A, "Explode", nothing);
    CHECK_I64(cluster_command_status(c), 12); /* UNIMPLEMENTED */
    cluster_command(c, A, "Status", (struct sw_bytes){ (const uint8_t *)"\377\377", 2 });
    CHECK_I64(cluster_command_status(c), 3); /* INVALID_ARGUMENT */
    cluster_free(c);
}

extern CU_TestInfo tests_command[];
CU_TestInfo tests_command[] = {
#define T(name)     \
    {               \
#name, name \
    }
    T(status_says_who_it_is_whom_it_knows_and_what_it_did),
    T(a_node_without_configuration_has_a_status),
    T(peers_are_listed_in_order_of_names),
    T(drain_is_acknowledged_and_carried_out),
    T(unknown_methods_and_malformed_requests_are_refused),
    CU_TEST_INFO_NULL,
};

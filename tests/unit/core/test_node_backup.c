/* SPDX-License-Identifier: GPL-3.0-or-later
 * A set on its way through whole nodes: sealed on one, kept by others, restored elsewhere. */
#include "node/core/proto/swarm.pb-c.h"
#include "tests/lib/check.h"
#include "tests/lib/cluster.h"
#include "tests/lib/memfs.h"

#include <sodium.h>

enum { A, B, C };

static uint8_t recipient_secret[32] = { 1, 2, 3 };
static struct sw_set_config set = { .name = { "etc" } };
static char data[100000];

/* Three regions; a protects the folder "etc". */
static struct cluster *trio(void)
{
    static char store[] = "store";
    static char path[] = "etc";
    static const char *const names[] = { "a", "b", "c" };
    static const char *const regions[] = { "eu", "us", "asia" };
    struct cluster *c = cluster_new(1);
    set.path = path;
    CHECK_I64(crypto_scalarmult_base(set.recipient, recipient_secret), 0);
    for (uint32_t i = A; i <= C; i++) {
        struct sw_config *config = cluster_config(c, cluster_add(c, names[i], regions[i]));
        config->store = store;
        config->copies = 2;
        config->identity[0] = (uint8_t)(1 + i);
    }
    cluster_config(c, A)->sets = &set;
    cluster_config(c, A)->n_sets = 1;
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (char)(i * i >> 7);
    }
    CHECK(memfs_put(cluster_disk(c, A), "etc/hosts", "127.0.0.1 localhost\n", 20));
    CHECK(memfs_put(cluster_disk(c, A), "etc/big", data, sizeof data));
    cluster_start(c);
    cluster_run(c, SW_SEC);
    return c;
}

static void take_snapshot(struct cluster *c)
{
    static char name[] = "etc";
    uint8_t bytes[64];
    Swarm__V1__SnapshotRequest r = SWARM__V1__SNAPSHOT_REQUEST__INIT;
    r.set = name;
    const size_t len = swarm__v1__snapshot_request__pack(&r, bytes);
    cluster_command(c, A, "Snapshot", (struct sw_bytes){ bytes, len });
    cluster_run(c, 10 * SW_SEC);
}

static void restore(struct cluster *c, uint32_t node)
{
    static char from[] = "a";
    static char name[] = "etc";
    static char target[] = "back";
    uint8_t seed[32] = { 1 };
    uint8_t public[32];
    uint8_t secret[64];
    uint8_t bytes[256];
    CHECK_I64(crypto_sign_seed_keypair(public, secret, seed), 0);
    Swarm__V1__RestoreRequest r = SWARM__V1__RESTORE_REQUEST__INIT;
    r.node = from;
    r.set = name;
    r.target = target;
    r.secret = (ProtobufCBinaryData){ sizeof recipient_secret, recipient_secret };
    r.identity = (ProtobufCBinaryData){ sizeof public, public };
    const size_t len = swarm__v1__restore_request__pack(&r, bytes);
    cluster_command(c, node, "Restore", (struct sw_bytes){ bytes, len });
    cluster_run(c, 60 * SW_SEC);
}

static void a_snapshot_is_acknowledged_by_two_regions(void)
{
    struct cluster *c = trio();
    take_snapshot(c);
    REQUIRE(cluster_command_status(c) == 0);
    const struct sw_bytes bytes = cluster_command_reply(c);
    Swarm__V1__SnapshotReply *reply =
        swarm__v1__snapshot_reply__unpack(NULL, bytes.len, bytes.data);
    REQUIRE(reply != NULL);
    CHECK_U64(reply->files, 2);
    CHECK_U64(reply->bytes, sizeof data + 20);
    CHECK_U64(cluster_traces(c, A, SW_TRACE_SNAPSHOT_SAFE), 1);
    CHECK(cluster_counts(c, B).objects + cluster_counts(c, C).objects > 0);
    swarm__v1__snapshot_reply__free_unpacked(reply, NULL);
    cluster_free(c);
}

static void a_set_comes_back_on_another_node_when_its_own_is_gone(void)
{
    struct cluster *c = trio();
    take_snapshot(c);
    REQUIRE(cluster_command_status(c) == 0);
    cluster_kill(c, A);
    cluster_run(c, SW_SEC);
    restore(c, C);
    CHECK_I64(cluster_command_status(c), 0);
    const struct sw_bytes big = memfs_get(cluster_disk(c, C), "back/big");
    REQUIRE(big.len == sizeof data);
    CHECK(memcmp(big.data, data, sizeof data) == 0);
    cluster_free(c);
}

static void a_command_that_came_before_the_configuration_is_refused(void)
{
    struct cluster *c = cluster_new(1);
    (void)cluster_add(c, "a", "eu");
    cluster_command(c, A, "Snapshot", (struct sw_bytes){ NULL, 0 });
    CHECK(cluster_command_status(c) > 0);
    cluster_free(c);
}

static void a_reload_may_add_a_set(void)
{
    struct cluster *c = trio();
    cluster_config(c, A)->n_sets = 0;
    CHECK_I64(cluster_configure(c, A), SW_OK);
    take_snapshot(c);
    CHECK(cluster_command_status(c) > 0);
    cluster_config(c, A)->n_sets = 1;
    CHECK_I64(cluster_configure(c, A), SW_OK);
    take_snapshot(c);
    CHECK_I64(cluster_command_status(c), 0);
    cluster_free(c);
}

static void a_node_that_keeps_objects_drains(void)
{
    struct cluster *c = trio();
    take_snapshot(c);
    struct sw_event drain = { .kind = SW_EV_DRAIN };
    (void)cluster_event(c, B, &drain);
    cluster_run(c, 10 * SW_SEC);
    CHECK_U64(cluster_actions(c, B, SW_ACT_DRAINED), 1);
    cluster_free(c);
}

extern CU_TestInfo tests_node_backup[];
CU_TestInfo tests_node_backup[] = {
#define T(name)     \
    {               \
#name, name \
    }
    T(a_snapshot_is_acknowledged_by_two_regions),
    T(a_set_comes_back_on_another_node_when_its_own_is_gone),
    T(a_command_that_came_before_the_configuration_is_refused),
    T(a_reload_may_add_a_set),
    T(a_node_that_keeps_objects_drains),
    CU_TEST_INFO_NULL,
};

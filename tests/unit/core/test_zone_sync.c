/* SPDX-License-Identifier: GPL-3.0-or-later
 * Zones that are edited, fetched and promoted: three nodes that hold one. */
#define _GNU_SOURCE /* memmem */
#include "node/core/command.h"
#include "node/core/dns/version.h"
#include "node/core/dns/wire.h"
#include "node/core/node_state.h"
#include "node/core/proto/swarm.pb-c.h"
#include "tests/lib/check.h"
#include "tests/lib/cluster.h"
#include "tests/lib/memfs.h"
#include "tests/lib/swarm_zones.h"

enum { A, B, C };
#define ZONE_ORG_9                                              \
    "@ 300 IN SOA ns.example.org. admin 9 3600 600 86400 300\n" \
    "@ 300 IN NS ns.example.org.\n"                             \
    "ns 300 IN A 192.0.2.1\n"
/* What was there, under the same serial, and one record more. */
#define ZONE_ORG_7_OTHER ZONE_ORG "other 300 IN A 192.0.2.77\n"

/* a is the primary of example.org, b and c are backups, with the same file. */
static struct cluster *trio(void)
{
    struct cluster *c = cluster_new(1);
    cluster_file(c, "org.zone", ZONE_ORG);
    (void)cluster_add(c, "a", "eu");
    (void)cluster_add(c, "b", "us");
    (void)cluster_add(c, "c", "us");
    for (uint32_t i = A; i <= C; i++) {
        cluster_zone(c, i, "example.org", "org.zone");
    }
    cluster_start(c);
    cluster_run(c, 3 * SW_SEC);
    return c;
}

static struct sw_zone_info zone(const struct cluster *c, uint32_t node)
{
    struct sw_zone_info z = { 0 };
    (void)sw_node_zones(cluster_node(c, node), &z, 1);
    return z;
}

static void check_zone(const struct cluster *c, uint32_t node, uint64_t epoch, uint32_t serial,
                       bool primary)
{
    const struct sw_zone_info z = zone(c, node);
    CHECK(z.loaded);
    CHECK_U64(z.epoch, epoch);
    CHECK_U64(z.serial, serial);
    CHECK_U64(z.primary, primary);
}

static void write_zone(struct cluster *c, uint32_t node, const char *text)
{
    CHECK(memfs_put(cluster_disk(c, node), "org.zone", text, strlen(text)));
}

static int ask(struct cluster *c, uint32_t node, const char *method, bool force)
{
    static char name[] = "example.org";
    Swarm__V1__PromoteRequest r =
        SWARM__V1__PROMOTE_REQUEST__INIT; /* a ReloadRequest is its start */
    uint8_t packed[64];
    r.zone = name;
    r.force = force;
    const size_t n = swarm__v1__promote_request__pack(&r, packed);
    cluster_command(c, node, method, (struct sw_bytes){ packed, n });
    cluster_run(c, SW_SEC);
    return cluster_command_status(c);
}

static int edit(struct cluster *c, uint32_t node, const char *text)
{
    write_zone(c, node, text);
    return ask(c, node, "Reload", false);
}

static void isolate(struct cluster *c, uint32_t node, bool on)
{
    for (uint32_t i = A; i <= C; i++) {
        if (i != node) {
            cluster_cut(c, node, i, on);
        }
    }
}

static void an_edit_reaches_all_who_hold_the_zone(void)
{
    struct cluster *c = trio();
    CHECK_I64(edit(c, A, ZONE_ORG_8), 0);
    cluster_run(c, SW_SEC);
    check_zone(c, A, 0, 8, true);
    check_zone(c, B, 0, 8, false);
    check_zone(c, C, 0, 8, false);
    CHECK(memcmp(zone(c, A).digest, zone(c, B).digest, SW_ZONEMD_LEN) == 0);
    CHECK_U64(cluster_traces(c, B, SW_TRACE_ZONE_FETCHED), 1);
    CHECK(strstr(cluster_log(c, B), "newer zone heard of a 8 0 ") != NULL);
    CHECK(strstr(cluster_log(c, B), "zone asked for a 8 0 ") != NULL);
    CHECK(strstr(cluster_log(c, B), "zone fetched a ") != NULL);
    CHECK(strstr(cluster_log(c, B), "zone served 8 0") != NULL);
    const uint32_t q = cluster_ask(c, B, "new.example.org", SW_TYPE_A);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    cluster_free(c);
}

static void what_was_fetched_is_served_after_a_restart_alone(void)
{
    struct cluster *c = trio();
    CHECK_I64(edit(c, A, ZONE_ORG_8), 0);
    cluster_run(c, SW_SEC);
    isolate(c, B, true);
    cluster_kill(c, B);
    cluster_revive(c, B);
    CHECK_I64(cluster_configure(c, B), SW_OK);
    cluster_run(c, SW_SEC);
    check_zone(c, B, 0, 8, false);
    cluster_free(c);
}

static void a_backup_without_a_file_gets_all_of_the_zone(void)
{
    struct cluster *c = cluster_new(1);
    cluster_file(c, "org.zone", ZONE_ORG);
    cluster_zone(c, cluster_add(c, "a", "eu"), "example.org", "org.zone");
    cluster_zone(c, cluster_add(c, "b", "us"), "example.org", "missing.zone");
    cluster_start(c);
    cluster_run(c, 3 * SW_SEC);
    check_zone(c, B, 0, 7, false);
    cluster_free(c);
}

static void a_serial_that_goes_back_or_stays_is_refused(void)
{
    struct cluster *c = trio();
    CHECK_I64(edit(c, A, ZONE_ORG_8), 0);
    CHECK_I64(edit(c, A, ZONE_ORG), 9); /* FAILED_PRECONDITION */
    CHECK_U64(cluster_traces(c, A, SW_TRACE_ZONE_REFUSED), 1);
    check_zone(c, A, 0, 8, true);
    CHECK_I64(edit(c, A, ZONE_ORG_9), 0);
    CHECK_I64(edit(c, A, ZONE_ORG_9 "x 60 IN A 192.0.2.1\n"), 9);
    check_zone(c, A, 0, 9, true);
    cluster_kill(c, A); /* nor after a restart */
    write_zone(c, A, ZONE_ORG_8);
    cluster_revive(c, A);
    CHECK_I64(cluster_configure(c, A), SW_OK);
    cluster_run(c, SW_SEC);
    check_zone(c, A, 0, 9, true);
    check_zone(c, B, 0, 9, false);
    cluster_free(c);
}

static void a_primary_that_lost_its_disk_gets_the_zone_and_its_text_back(void)
{
    struct cluster *c = trio();
    CHECK_I64(edit(c, A, ZONE_ORG_8), 0);
    cluster_run(c, SW_SEC);
    cluster_kill(c, A);
    write_zone(c, A, ZONE_ORG); /* as it was installed once */
    CHECK(memfs_put(cluster_disk(c, A), "org.zone.copy", "", 0));
    cluster_revive(c, A);
    CHECK_I64(cluster_configure(c, A), SW_OK);
    cluster_run(c, 3 * SW_SEC);
    check_zone(c, A, 0, 8, true);
    const struct sw_bytes text = memfs_get(cluster_disk(c, A), "org.zone");
    CHECK(text.data != NULL && text.len > 0 && memmem(text.data, text.len, " 8 3600 ", 8) != NULL);
    CHECK_I64(edit(c, A, ZONE_ORG_9), 0);
    check_zone(c, A, 0, 9, true);
    cluster_free(c);
}

static void only_a_primary_is_edited(void)
{
    struct cluster *c = trio();
    CHECK_I64(edit(c, B, ZONE_ORG_8), 9);
    check_zone(c, B, 0, 7, false);
    cluster_free(c);
}

static void a_promotion_begins_an_epoch_and_the_old_primary_steps_down(void)
{
    struct cluster *c = trio();
    const uint32_t first = 7 + SW_SERIAL_STRIDE;
    CHECK_I64(ask(c, B, "Promote", false), 0);
    cluster_run(c, 2 * SW_SEC);
    check_zone(c, A, 1, first, false);
    check_zone(c, B, 1, first, true);
    check_zone(c, C, 1, first, false);
    CHECK_U64(cluster_traces(c, A, SW_TRACE_ZONE_STEPPED_DOWN), 1);
    CHECK_U64(cluster_traces(c, B, SW_TRACE_ZONE_PROMOTED), 1);
    CHECK_I64(edit(c, A, ZONE_ORG_8), 9); /* no primary any longer */
    cluster_kill(c, B);                   /* it remembers that it is one */
    cluster_revive(c, B);
    CHECK_I64(cluster_configure(c, B), SW_OK);
    cluster_run(c, 2 * SW_SEC);
    check_zone(c, B, 1, first, true);
    cluster_free(c);
}

/* The incident of 2025-10-19: a writer that was held up puts an old record set, empty, over the
 * new one. */
static struct cluster *stale_writer(unsigned planted)
{
    struct cluster *c = trio();
    for (uint32_t i = A; i <= C; i++) {
        cluster_plant(c, i, planted);
    }
    isolate(c, A, true);
    CHECK_I64(ask(c, B, "Promote", false), 0);
    CHECK_I64(edit(c, A, ZONE_ORG_9), 0); /* it knows nothing, and writes */
    cluster_run(c, 2 * SW_SEC);
    isolate(c, A, false);
    cluster_run(c, 30 * SW_SEC);
    return c;
}

static void a_stale_writer_neither_overwrites_nor_empties_a_newer_zone(void)
{
    struct cluster *c = stale_writer(0);
    for (uint32_t i = A; i <= C; i++) {
        check_zone(c, i, 1, 7 + SW_SERIAL_STRIDE, i == B);
        const uint32_t q = cluster_ask(c, i, "www.example.org", SW_TYPE_A);
        cluster_run(c, SW_SEC);
        CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    }
    cluster_free(c);
}

static void without_the_guard_it_would(void)
{
    struct cluster *c = stale_writer(SW_PLANTED_LAST_WRITER);
    CHECK(strstr(cluster_log(c, C), "zone served") != NULL);
    CHECK(zone(c, B).epoch == 0 || zone(c, C).epoch == 0 ||
          cluster_traces(c, C, SW_TRACE_ZONE_SWAPPED) > 3);
    cluster_free(c);
}

static void a_primary_is_promoted_again_by_force_only(void)
{
    struct cluster *c = trio();
    CHECK_I64(ask(c, A, "Promote", false), SW_COMMAND_FAILED_PRECONDITION);
    check_zone(c, A, 0, 7, true);
    CHECK_I64(ask(c, A, "Promote", true), 0);
    check_zone(c, A, 1, 7 + SW_SERIAL_STRIDE, true);
    cluster_free(c);
}

static void of_two_primaries_either_is_promoted(void)
{
    struct cluster *c = trio();
    isolate(c, B, true);
    cluster_run(c, 60 * SW_SEC);
    CHECK_I64(ask(c, A, "Promote", true), 0);
    CHECK_I64(ask(c, B, "Promote", false), 0); /* on the other side of the partition */
    isolate(c, B, false);
    cluster_run(c, 60 * SW_SEC);
    check_zone(c, A, 1, 7 + SW_SERIAL_STRIDE, true);
    check_zone(c, B, 1, 7 + SW_SERIAL_STRIDE, true);
    CHECK_I64(ask(c, B, "Promote", false), 0);
    cluster_run(c, 10 * SW_SEC);
    check_zone(c, A, 2, 7 + 2 * SW_SERIAL_STRIDE, false);
    check_zone(c, B, 2, 7 + 2 * SW_SERIAL_STRIDE, true);
    cluster_free(c);
}

static void two_contents_under_one_serial_are_reported_and_the_first_stays(void)
{
    struct cluster *c = cluster_new(1);
    cluster_file(c, "org.zone", ZONE_ORG);
    cluster_zone(c, cluster_add(c, "a", "eu"), "example.org", "org.zone");
    cluster_zone(c, cluster_add(c, "b", "us"), "example.org", "org.zone");
    write_zone(c, B, ZONE_ORG_7_OTHER);
    cluster_start(c);
    cluster_run(c, 10 * SW_SEC);
    CHECK_U64(cluster_traces(c, A, SW_TRACE_ZONE_CONFLICT), 1);
    CHECK_U64(cluster_traces(c, B, SW_TRACE_ZONE_CONFLICT), 1);
    CHECK(memcmp(zone(c, A).digest, zone(c, B).digest, SW_ZONEMD_LEN) != 0);
    CHECK_I64(edit(c, A, ZONE_ORG_8), 0); /* the next version ends it */
    cluster_run(c, SW_SEC);
    CHECK(memcmp(zone(c, A).digest, zone(c, B).digest, SW_ZONEMD_LEN) == 0);
    cluster_free(c);
}

/* Whose zone data get lost, and how many messages of it did. */
struct silent {
    uint32_t node, count;
};

static bool swallow(void *arg, uint32_t from, uint32_t to, enum sw_class class,
                    struct sw_bytes message)
{
    struct silent *s = arg;
    (void)to;
    if (class != SW_CLASS_BULK || from != s->node) {
        return true;
    }
    Swarm__V1__Envelope *e = swarm__v1__envelope__unpack(NULL, message.len, message.data);
    const bool data = e != NULL && e->body_case == SWARM__V1__ENVELOPE__BODY_ZONE_TRANSFER &&
                      e->zone_transfer->data != NULL;
    s->count += data;
    swarm__v1__envelope__free_unpacked(e, NULL);
    return !data;
}

/* c asks b, which is of its region, and then a. */
static void a_holder_that_does_not_deliver_is_not_waited_for(void)
{
    struct cluster *c = trio();
    struct silent b = { B, 0 };
    cluster_cut(c, A, C, true);
    cluster_set_tap(c, swallow, &b);
    CHECK_I64(edit(c, A, ZONE_ORG_8), 0);
    cluster_run(c, SW_SEC);
    cluster_cut(c, A, C, false);
    cluster_run(c, 20 * SW_SEC);
    CHECK(b.count > 0);
    CHECK(strstr(cluster_log(c, C), "zone not fetched b ") != NULL);
    check_zone(c, C, 0, 8, false);
    cluster_free(c);
}

/* c says that it holds something newer every few seconds, and delivers none of it. */
static void one_that_always_claims_more_than_it_delivers_holds_nobody_up(void)
{
    struct cluster *c = trio();
    char text[sizeof ZONE_ORG_8 + 64];
    struct silent silent = { C, 0 };
    cluster_set_tap(c, swallow, &silent);
    CHECK_I64(ask(c, C, "Promote", false), 0);
    for (unsigned i = 1; i <= 10; i++) {
        (void)snprintf(text, sizeof text,
                       "@ 300 IN SOA ns.example.org. admin %u 3600 600 86400 300\n"
                       "@ 300 IN NS ns.example.org.\n"
                       "ns 300 IN A 192.0.2.1\n",
                       7 + SW_SERIAL_STRIDE + i);
        CHECK_I64(edit(c, C, text), 0);
        if (i == 3) {
            CHECK_I64(edit(c, A, ZONE_ORG_8), 0);
        }
        cluster_run(c, 4 * SW_SEC);
    }
    check_zone(c, C, 1, 7 + SW_SERIAL_STRIDE + 10, true);
    check_zone(c, B, 0, 8, false);
    cluster_free(c);
}

/* Nobody begins a million epochs by hand. */
static void an_epoch_that_cannot_be_is_reported_and_not_fetched(void)
{
    struct cluster *c = trio();
    struct sw_zone_version far = { .epoch = (UINT64_C(1) << 20) + 1, .serial = 8 };
    Swarm__V1__ZoneHeld held;
    Swarm__V1__ZoneHeld *list[] = { &held };
    Swarm__V1__Record r = SWARM__V1__RECORD__INIT;
    struct sw_node *b = (struct sw_node *)(uintptr_t)cluster_node(c, B);
    uint8_t name[SW_DNAME_MAX];
    sw_zone_version_say(&far, &held);
    held.name.data = name;
    held.name.len = (size_t)sw_dname_from_text("example.org", name);
    r.zones = list;
    r.n_zones = 1;
    CHECK_I64(sw_directory_announce(&b->directory, sw_peers_find(&b->peers, "a"), &r), SW_OK);
    cluster_run(c, 10 * SW_SEC);
    CHECK_U64(cluster_traces(c, B, SW_TRACE_ZONE_DOUBTED), 1);
    CHECK_U64(cluster_traces(c, B, SW_TRACE_ZONE_FETCHING), 0);
    check_zone(c, B, 0, 7, false);
    cluster_free(c);
}

extern CU_TestInfo tests_zone_sync[];
CU_TestInfo tests_zone_sync[] = {
#define T(name)     \
    {               \
#name, name \
    }
    T(an_edit_reaches_all_who_hold_the_zone),
    T(what_was_fetched_is_served_after_a_restart_alone),
    T(a_backup_without_a_file_gets_all_of_the_zone),
    T(a_serial_that_goes_back_or_stays_is_refused),
    T(a_primary_that_lost_its_disk_gets_the_zone_and_its_text_back),
    T(only_a_primary_is_edited),
    T(a_promotion_begins_an_epoch_and_the_old_primary_steps_down),
    T(a_stale_writer_neither_overwrites_nor_empties_a_newer_zone),
    T(without_the_guard_it_would),
    T(a_primary_is_promoted_again_by_force_only),
    T(of_two_primaries_either_is_promoted),
    T(two_contents_under_one_serial_are_reported_and_the_first_stays),
    T(a_holder_that_does_not_deliver_is_not_waited_for),
    T(one_that_always_claims_more_than_it_delivers_holds_nobody_up),
    T(an_epoch_that_cannot_be_is_reported_and_not_fetched),
    CU_TEST_INFO_NULL,
};

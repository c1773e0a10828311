/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who holds which zone, and which queries are alike. */
#include "node/core/swarm/directory.h"

#include "node/core/dns/wire.h"
#include "node/core/swarm/query_class.h"
#include "tests/lib/check.h"
#include "tests/lib/fail_alloc.h"

#include <stdlib.h>

/* @peer's record lists @texts, up to a NULL. */
static int announce(struct sw_directory *d, uint32_t peer, const char *const *texts)
{
    static uint8_t names[16][SW_DNAME_MAX];
    Swarm__V1__ZoneHeld zones[16];
    Swarm__V1__ZoneHeld *list[16];
    Swarm__V1__Record record = SWARM__V1__RECORD__INIT;
    for (; texts[record.n_zones] != NULL; record.n_zones++) {
        const size_t i = record.n_zones;
        swarm__v1__zone_held__init(&zones[i]);
        const int len = sw_dname_from_text(texts[i], names[i]);
        zones[i].name = (ProtobufCBinaryData){ (size_t)len, names[i] };
        list[i] = &zones[i];
    }
    record.zones = list;
    return sw_directory_announce(d, peer, &record);
}
#define ANNOUNCE(d, peer, ...) announce((d), (peer), (const char *const[]){ __VA_ARGS__, NULL })

static const struct sw_known_zone *find(const struct sw_directory *d, const char *text)
{
    uint8_t name[SW_DNAME_MAX];
    return sw_dname_from_text(text, name) > 0 ? sw_directory_find(d, name) : NULL;
}

static void the_closest_zone_is_found(void)
{
    struct sw_directory d = { 0 };
    REQUIRE(ANNOUNCE(&d, 0, "example.org", "sub.example.org", "net") == SW_OK);
    CHECK_U64(find(&d, "www.sub.example.org")->name[0], 3); /* sub */
    CHECK_U64(find(&d, "www.example.org")->name[0], 7);     /* example */
    CHECK_U64(find(&d, "NS.eXample.ORG")->name[0], 7);
    CHECK(find(&d, "org") == NULL);
    CHECK(find(&d, "x.net") != NULL);
    CHECK(find(&d, "xnet") == NULL);
    sw_directory_fini(&d);
}

static void holders_are_listed_in_ascending_order(void)
{
    struct sw_directory d = { 0 };
    static const uint32_t order[] = { 7, 2, 9, 0, 5, 3 };
    for (size_t i = 0; i < SW_LEN(order); i++) {
        REQUIRE(ANNOUNCE(&d, order[i], "example.org") == SW_OK);
    }
    const struct sw_known_zone *z = find(&d, "example.org");
    CHECK_U64(z->n_holders, 6);
    for (uint32_t i = 1; i < z->n_holders; i++) {
        CHECK(z->holders[i - 1].peer < z->holders[i].peer);
    }
    sw_directory_fini(&d);
}

static void a_new_record_replaces_the_one_before(void)
{
    struct sw_directory d = { 0 };
    REQUIRE(ANNOUNCE(&d, 0, "example.org", "example.net") == SW_OK);
    REQUIRE(ANNOUNCE(&d, 1, "example.net") == SW_OK);
    d.changed = false;
    REQUIRE(ANNOUNCE(&d, 0, "example.com") == SW_OK);
    CHECK(d.changed);
    CHECK(find(&d, "example.org") == NULL);
    CHECK_U64(find(&d, "example.net")->n_holders, 1);
    CHECK_U64(find(&d, "example.com")->holders[0].peer, 0);
    d.changed = false;
    REQUIRE(ANNOUNCE(&d, 0, "example.com") == SW_OK);
    CHECK(!d.changed); /* the same again is no news */
    sw_directory_forget(&d, 0);
    CHECK(find(&d, "example.com") == NULL);
    CHECK_U64(d.n, 1);
    sw_directory_fini(&d);
}

static void a_zone_that_is_said_twice_is_held_once(void)
{
    struct sw_directory d = { 0 };
    REQUIRE(ANNOUNCE(&d, 4, "example.org", "example.org") == SW_OK);
    CHECK_U64(d.n, 1);
    CHECK_U64(find(&d, "example.org")->n_holders, 1);
    sw_directory_fini(&d);
}

/* Random records against a table of who said what. */
static void it_agrees_with_a_naive_table(void)
{
    static const char *const all[] = { "a", "b.a", "c.a", "d.c.a", "e", "f.e" };
    struct sw_directory d = { 0 };
    bool said[4][6] = { { false } };
    unsigned x = 1;
    for (unsigned round = 0; round < 500; round++) {
        const char *list[8] = { NULL };
        const uint32_t peer = (x = x * 1103515245U + 12345U) >> 16 & 3;
        size_t n = 0;
        for (size_t z = 0; z < 6; z++) {
            said[peer][z] = ((x = x * 1103515245U + 12345U) >> 16 & 1) != 0;
            if (said[peer][z]) {
                list[n++] = all[z];
            }
        }
        REQUIRE(announce(&d, peer, list) == SW_OK);
        for (size_t z = 0; z < 6; z++) {
            uint8_t name[SW_DNAME_MAX];
            REQUIRE(sw_dname_from_text(all[z], name) > 0);
            const struct sw_known_zone *found = sw_directory_find(&d, name);
            const bool exact = found != NULL && sw_dname_compare(found->name, name) == 0;
            uint32_t holders = 0;
            for (uint32_t p = 0; p < 4; p++) {
                holders += said[p][z];
            }
            CHECK_U64(exact ? found->n_holders : 0, holders);
        }
        for (size_t z = 1; z < d.n; z++) {
            CHECK(sw_dname_compare(d.zones[z - 1]->name, d.zones[z]->name) < 0);
        }
    }
    sw_directory_fini(&d);
}

static void without_memory_it_stays_whole(void)
{
    for (uint64_t i = 0; i < 8; i++) {
        struct sw_directory d = { 0 };
        REQUIRE(ANNOUNCE(&d, 0, "example.org") == SW_OK);
        fail_alloc_only(i);
        (void)ANNOUNCE(&d, 1, "example.org", "example.net", "example.com", "a", "b");
        (void)fail_alloc_stop();
        CHECK_U64(find(&d, "example.org")->holders[0].peer, 0);
        CHECK_I64(ANNOUNCE(&d, 1, "example.org", "example.net"), SW_OK);
        CHECK_U64(d.n, 2);
        sw_directory_fini(&d);
    }
}

static void types_that_are_served_alike_share_a_class(void)
{
    const uint64_t org = sw_query_class_zone((const uint8_t *)"\7example\3org");
    const uint64_t net = sw_query_class_zone((const uint8_t *)"\7example\3net");
    CHECK(org != net);
    CHECK_U64(sw_query_class(org, SW_TYPE_A), sw_query_class(org, SW_TYPE_AAAA));
    CHECK(sw_query_class(org, SW_TYPE_A) != sw_query_class(org, SW_TYPE_TXT));
    CHECK(sw_query_class(org, SW_TYPE_A) != sw_query_class(net, SW_TYPE_A));
    CHECK_U64(sw_query_class(org, 65280), sw_query_class(org, SW_TYPE_TXT));
}

extern CU_TestInfo tests_directory[];
CU_TestInfo tests_directory[] = {
#define T(name)     \
    {               \
#name, name \
    }
    T(the_closest_zone_is_found),
    T(holders_are_listed_in_ascending_order),
    T(a_new_record_replaces_the_one_before),
    T(a_zone_that_is_said_twice_is_held_once),
    T(it_agrees_with_a_naive_table),
    T(without_memory_it_stays_whole),
    T(types_that_are_served_alike_share_a_class),
    CU_TEST_INFO_NULL,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Demand and capacity by region: what members tell each other, who wants to hear it, and the
 * reference that only a simulator may run. */
#include "node/core/node_state.h"
#include "node/core/proto/swarm.pb-c.h"
#include "tests/lib/check.h"
#include "tests/lib/cluster.h"
#include "tests/lib/envelope.h"
#include "tests/lib/swarm_zones.h"

#include <stdlib.h>

extern CU_TestInfo tests_demand[];

/* a and b, where clients ask, in eu; c and d, which hold example.org, in eu and us; e, in us, holds
 * nothing and has no clients. */
enum { A, B, C, D, E, NODES };

static struct cluster *five(const char *policy)
{
    static const char *const names[] = { "a", "b", "c", "d", "e" };
    struct cluster *c = cluster_new(1);
    cluster_file(c, "org.zone", ZONE_ORG);
    for (uint32_t i = 0; i < NODES; i++) {
        (void)cluster_add(c, names[i], i < D ? "eu" : "us");
        cluster_config(c, i)->policy = (char *)(uintptr_t)policy;
    }
    cluster_zone(c, C, "example.org", "org.zone");
    cluster_zone(c, D, "example.org", "org.zone");
    for (uint32_t i = A; i < D; i++) {
        cluster_delay(c, i, D, 40 * SW_MS);
        cluster_delay(c, i, E, 40 * SW_MS);
    }
    cluster_load(c, C, (struct sw_load){ .waiting = 0, .cores = 2, .service = 10 * SW_MS });
    cluster_load(c, D, (struct sw_load){ .waiting = 0, .cores = 4, .service = 8 * SW_MS });
    cluster_load(c, E, (struct sw_load){ .waiting = 0, .cores = 8, .service = SW_MS });
    cluster_start(c);
    cluster_run(c, 2 * SW_SEC);
    return c;
}

/* 20 queries a second to a and 5 to b, for @seconds. */
static void load(struct cluster *c, unsigned seconds)
{
    for (unsigned i = 0; i < seconds * 20; i++) {
        (void)cluster_ask(c, A, "www.example.org", SW_TYPE_A);
        if (i % 4 == 0) {
            (void)cluster_ask(c, B, "www.example.org", SW_TYPE_A);
        }
        cluster_run(c, 50 * SW_MS);
    }
}

static const struct sw_regions *regions(struct cluster *c, uint32_t node)
{
    return &cluster_node(c, node)->demand.regions;
}

static const struct sw_region *region(struct cluster *c, uint32_t node, const char *name)
{
    const struct sw_regions *g = regions(c, node);
    struct sw_name n = { "" };
    memcpy(n.s, name, strlen(name));
    const uint32_t at = sw_demand_region(cluster_node(c, node), &n);
    if (at >= g->n) {
        abort();
    }
    return &g->v[at];
}

static void every_member_learns_demand_and_capacity_of_all_regions(void)
{
    struct cluster *c = five("waterfall");
    load(c, 20);
    for (uint32_t i = 0; i < NODES; i++) {
        CHECK_U64(regions(c, i)->n, 2);
        CHECK_NEAR(region(c, i, "eu")->demand, 25, 1);
        CHECK_NEAR(region(c, i, "us")->demand, 0, 0);
        CHECK_NEAR(region(c, i, "eu")->cores, 2, 0);
        CHECK_NEAR(region(c, i, "us")->cores, 4, 0);      /* e holds no zone */
        CHECK_NEAR(region(c, i, "eu")->capacity, 200, 7); /* times are told to 5 binary digits */
        CHECK_NEAR(region(c, i, "us")->capacity, 500, 16);
        const struct sw_regions *g = regions(c, i);
        const uint32_t us = (uint32_t)(region(c, i, "us") - g->v);
        CHECK_NEAR(region(c, i, "eu")->rtt[us] / (double)SW_MS, 80, 3);
        CHECK_NEAR(region(c, i, "us")->rtt[1 - us] / (double)SW_MS, 80, 3);
        CHECK_NEAR(region(c, i, "eu")->rtt[1 - us] / (double)SW_MS, 20, 1);
    }
    cluster_free(c);
}

static void what_all_heard_is_equal_to_the_bit(void)
{
    struct cluster *c = five("pso_weights");
    load(c, 10);
    cluster_run(c, 20 * SW_SEC); /* nobody asks any longer: what is told does not change */
    struct sw_regions first = *regions(c, A);
    for (uint32_t i = B; i < NODES; i++) {
        struct sw_regions g = *regions(c, i);
        g.own = first.own;
        g.epoch = first.epoch; /* beats lie within a second of each other */
        CHECK(memcmp(&g, &first, sizeof g) == 0);
    }
    cluster_free(c);
}

static void the_dead_count_for_nothing(void)
{
    struct cluster *c = five("waterfall");
    load(c, 5);
    cluster_kill(c, D);
    cluster_run(c, 20 * SW_SEC);
    CHECK_NEAR(region(c, A, "us")->capacity, 0, 0);
    CHECK_NEAR(region(c, A, "eu")->capacity, 200, 7);
    cluster_free(c);
}

static bool count_readings(void *arg, uint32_t from, uint32_t to, enum sw_class class,
                           struct sw_bytes message)
{
    (void)from, (void)to, (void)class;
    uint64_t *readings = arg;
    Swarm__V1__Envelope *e = swarm__v1__envelope__unpack(NULL, message.len, message.data);
    if (e == NULL) {
        abort();
    }
    if (e->body_case == SWARM__V1__ENVELOPE__BODY_PROBE) {
        *readings += e->probe->n_readings;
    }
    swarm__v1__envelope__free_unpacked(e, NULL);
    return true;
}

static void a_policy_that_does_not_want_readings_costs_none(void)
{
    uint64_t readings[2] = { 0, 0 };
    const char *policies[] = { "ant_colony", "waterfall" };
    for (int i = 0; i < 2; i++) {
        struct cluster *c = five(policies[i]);
        cluster_set_tap(c, count_readings, &readings[i]);
        load(c, 5);
        for (uint32_t k = 0; k < NODES; k++) {
            CHECK((cluster_node(c, k)->peers.v[0]->reading != NULL) == (i == 1));
        }
        cluster_free(c);
    }
    CHECK_U64(readings[0], 0);
    /* each tells its own and those of four others SW_READING_TOLD times a second at most */
    CHECK(readings[1] > 5 * NODES && readings[1] <= 7 * NODES * NODES * SW_READING_TOLD);
}

/* The probe that a sends b carries @r. */
static void inject(struct cluster *c, Swarm__V1__Reading *r)
{
    uint8_t bytes[1024];
    Swarm__V1__Probe probe = SWARM__V1__PROBE__INIT;
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    probe.kind = SWARM__V1__PROBE_KIND__PROBE_ACK;
    probe.nonce = 12345;
    probe.readings = &r;
    probe.n_readings = 1;
    e.body_case = SWARM__V1__ENVELOPE__BODY_PROBE;
    e.probe = &probe;
    REQUIRE(swarm__v1__envelope__get_packed_size(&e) <= sizeof bytes);
    const struct sw_bytes message = { bytes, swarm__v1__envelope__pack(&e, bytes) };
    CHECK(cluster_inject(c, A, B, SW_CLASS_CONTROL, message));
}

static const struct sw_reading *heard(struct cluster *c, const char *name)
{
    const struct sw_node *b = cluster_node(c, B);
    const struct sw_reading *r = b->peers.v[sw_peers_find(&b->peers, name)]->reading;
    if (r == NULL) {
        abort();
    }
    return r;
}

static void impossible_readings_are_passed_over_and_lies_about_others_corrected(void)
{
    struct cluster *c = five("waterfall");
    load(c, 3);
    const struct sw_reading before = *heard(c, "c");
    Swarm__V1__Reading lie = SWARM__V1__READING__INIT;
    lie.name = (char *)(uintptr_t) "c";
    lie.sequence = UINT64_MAX;
    lie.cores = 1025;
    inject(c, &lie);
    lie.cores = 1;
    lie.service = 11 * SW_SEC;
    inject(c, &lie);
    lie.service = SW_MS;
    lie.demand = 10000001;
    inject(c, &lie);
    uint32_t none[1] = { 0 };
    lie.demand = 7;
    lie.region = none;
    lie.n_region = 1;
    inject(c, &lie); /* a region without a round trip */
    CHECK_U64(heard(c, "c")->sequence, before.sequence);
    lie.n_region = 0;
    inject(c, &lie); /* possible */
    CHECK_U64(heard(c, "c")->sequence, UINT64_MAX);
    cluster_run(c, 12 * SW_SEC); /* c pinged, or answered, by now */
    CHECK(heard(c, "c")->sequence != UINT64_MAX);
    CHECK_U64(heard(c, "c")->demand, 0);
    CHECK_U64(cluster_traces(c, B, SW_TRACE_BAD_MESSAGE), 0);
    cluster_free(c);
}

static void a_reference_is_refused_where_nobody_knows_the_truth(void)
{
    struct cluster *c = cluster_new(1);
    (void)cluster_add(c, "a", "eu");
    cluster_config(c, 0)->policy = (char *)(uintptr_t) "full_information";
    CHECK_I64(cluster_configure(c, 0), SW_ERR_STATE);
    CHECK(strstr(cluster_log(c, 0), "only a simulator can show it the true queues") != NULL);
    cluster_free(c);
}

CU_TestInfo tests_demand[] = {
    { "every member learns demand and capacity of all regions",
      every_member_learns_demand_and_capacity_of_all_regions },
    { "what all heard is equal, to the bit", what_all_heard_is_equal_to_the_bit },
    { "the dead count for nothing", the_dead_count_for_nothing },
    { "a policy that does not want readings costs none",
      a_policy_that_does_not_want_readings_costs_none },
    { "impossible readings are passed over, and lies about others corrected",
      impossible_readings_are_passed_over_and_lies_about_others_corrected },
    { "a reference is refused where nobody knows the truth",
      a_reference_is_refused_where_nobody_knows_the_truth },
    CU_TEST_INFO_NULL,
};

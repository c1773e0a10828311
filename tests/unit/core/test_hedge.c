/* SPDX-License-Identifier: GPL-3.0-or-later
 * Hedges, which ask a second node when the first is slow, and refusals of nodes that are full. */
#include "node/core/dns/wire.h"
#include "node/core/node_state.h"
#include "node/core/swarm/hedge.h"
#include "tests/lib/check.h"
#include "tests/lib/cluster.h"
#include "tests/lib/envelope.h"
#include "tests/lib/swarm_zones.h"

extern CU_TestInfo tests_hedge[];

/* a is where clients ask; b (5 ms away) and c (40 ms) hold example.org. */
enum { A, B, C };

static uint32_t ask(struct cluster *c)
{
    return cluster_ask(c, A, "www.example.org", SW_TYPE_A);
}

/* They know each other well: a has got 20 answers from b, each after 10 ms. */
static struct cluster *seasoned(double hedge_budget)
{
    struct cluster *c = cluster_new(1);
    cluster_file(c, "org.zone", ZONE_ORG);
    (void)cluster_add(c, "a", "eu");
    cluster_zone(c, cluster_add(c, "b", "eu"), "example.org", "org.zone");
    cluster_zone(c, cluster_add(c, "c", "us"), "example.org", "org.zone");
    cluster_delay(c, A, B, 5 * SW_MS);
    cluster_delay(c, A, C, 40 * SW_MS);
    for (uint32_t i = 0; i < 3; i++) {
        cluster_config(c, i)->membership.period = SW_MIN;
        cluster_config(c, i)->policy = (char *)(uintptr_t) "priced_greedy";
    }
    cluster_config(c, A)->hedge_budget = hedge_budget;
    cluster_start(c);
    cluster_run(c, 2 * SW_SEC); /* ants tell that b is nearer */
    for (unsigned i = 0; i < 20; i++) {
        const uint32_t q = ask(c);
        cluster_run(c, 200 * SW_MS);
        CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    }
    CHECK_U64(cluster_counts(c, B).queries_for_peers, 20);
    return c;
}

static void a_slow_answer_is_overtaken_by_the_hedge(void)
{
    struct cluster *c = seasoned(0.1);
    cluster_delay(c, A, B, 100 * SW_MS);
    const sw_time asked = cluster_now(c);
    const uint32_t q = ask(c);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    /* after at most 20 ms c is asked, which answers after 80 */
    CHECK(cluster_answered_at(c, q) - asked <= 100 * SW_MS);
    const struct sw_node_counts counts = cluster_counts(c, A);
    CHECK_U64(counts.hedged, 1);
    CHECK_U64(counts.hedges_won, 1);
    CHECK_U64(counts.answered, 21);
    CHECK_U64(cluster_traces(c, A, SW_TRACE_HEDGED), 1);
    cluster_free(c);
}

static void a_hedge_that_comes_second_changes_nothing(void)
{
    struct cluster *c = seasoned(0.1);
    cluster_delay(c, A, B, 13 * SW_MS);
    const sw_time asked = cluster_now(c);
    const uint32_t q = ask(c);
    cluster_run(c, SW_SEC);
    CHECK_U64((cluster_answered_at(c, q) - asked) / SW_MS, 26);
    CHECK_U64(cluster_counts(c, A).hedged, 1);
    CHECK_U64(cluster_counts(c, A).hedges_won, 0);
    CHECK_U64(cluster_counts(c, A).answered, 21);
    CHECK_U64(cluster_counts(c, C).queries_for_peers, 1);
    cluster_free(c);
}

static void hedges_stay_within_their_budget(void)
{
    struct cluster *c = seasoned(0.1); /* 20 queries saved two */
    cluster_delay(c, A, B, 13 * SW_MS);
    for (unsigned i = 0; i < 9; i++) {
        (void)ask(c);
    }
    cluster_run(c, SW_SEC);
    CHECK_U64(cluster_counts(c, A).hedged, 2);
    CHECK_U64(cluster_counts(c, A).answered, 29);
    cluster_free(c);
}

static void without_a_budget_nothing_is_hedged(void)
{
    struct cluster *c = seasoned(0);
    cluster_delay(c, A, B, 13 * SW_MS);
    (void)ask(c);
    cluster_run(c, SW_SEC);
    CHECK_U64(cluster_counts(c, A).hedged, 0);
    CHECK_U64(cluster_counts(c, A).answered, 21);
    cluster_free(c);
}

static void one_answer_in_twenty_is_slower_than_the_time_kept(void)
{
    struct cluster *c = seasoned(0.1);
    struct sw_node *n = (struct sw_node *)(uintptr_t)cluster_node(c, A);
    struct sw_rng rng;
    uint64_t slower = 0;
    sw_rng_init(&rng, sw_rng_key(1, "test hedge", ""));
    for (int i = 0; i < 42000; i++) {
        const sw_dur took = (sw_dur)sw_exponential(sw_rng_next(&rng), 20e6) + SW_MS;
        slower += i >= 2000 && took > n->peers.v[0]->slow;
        sw_hedge_learn(n, 0, took, true);
    }
    CHECK_NEAR((double)slower / 40000, 0.05, 0.005);
    cluster_free(c);
}

static void a_host_is_full_by_number_or_by_time(void)
{
    struct cluster *c = seasoned(0);
    struct sw_load load = { .waiting = 10, .cores = 2, .service = 10 * SW_MS };
    CHECK(!sw_node_is_full(cluster_node(c, B), &load)); /* nothing is configured */
    cluster_config(c, B)->max_queue = 10;
    CHECK_I64(cluster_configure(c, B), SW_OK);
    CHECK(!sw_node_is_full(cluster_node(c, B), &load));
    load.waiting = 11;
    CHECK(sw_node_is_full(cluster_node(c, B), &load));
    cluster_config(c, B)->max_queue = 0;
    cluster_config(c, B)->max_stay = 60 * SW_MS; /* 12 of 10 ms on two cores */
    CHECK_I64(cluster_configure(c, B), SW_OK);
    load.waiting = 12;
    CHECK(!sw_node_is_full(cluster_node(c, B), &load));
    load.waiting = 13;
    CHECK(sw_node_is_full(cluster_node(c, B), &load));
    cluster_free(c);
}

static void a_refusal_says_how_busy_a_node_is_and_makes_no_suspect(void)
{
    struct cluster *c = seasoned(0);
    cluster_config(c, B)->max_stay = 60 * SW_MS;
    CHECK_I64(cluster_configure(c, B), SW_OK);
    cluster_load(c, B, (struct sw_load){ .waiting = 40, .cores = 2, .service = 10 * SW_MS });
    for (unsigned i = 0; i < 3; i++) {
        const sw_time asked = cluster_now(c);
        const uint32_t q = ask(c);
        cluster_run(c, 150 * SW_MS);
        CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
        /* there and back to b, once; then its queue is known, until that evaporates */
        CHECK_U64((cluster_answered_at(c, q) - asked) / SW_MS, i == 0 ? 90 : 80);
    }
    CHECK_U64(cluster_counts(c, A).refused, 1);
    CHECK_U64(cluster_counts(c, B).turned_away, 1);
    CHECK_U64(cluster_traces(c, A, SW_TRACE_SUSPECT), 0);
    CHECK_U64(cluster_traces(c, A, SW_TRACE_ROUTE_TIMEOUT), 0);
    cluster_free(c);
}

static void a_refusal_that_load_does_not_explain_makes_a_suspect(void)
{
    struct cluster *c = seasoned(0);
    cluster_config(c, B)->max_queue = 1;
    CHECK_I64(cluster_configure(c, B), SW_OK);
    cluster_load(c, B, (struct sw_load){ .waiting = 2, .cores = 2, .service = 10 * SW_MS });
    for (unsigned i = 0; i < 2; i++) {
        (void)ask(c);
        cluster_run(c, 200 * SW_MS);
    }
    CHECK_U64(cluster_counts(c, A).refused, 2);
    CHECK_U64(cluster_traces(c, A, SW_TRACE_SUSPECT), 1);
    cluster_free(c);
}

/* What the host let pass its queue is refused, however short the queue is by then. */
static void work_marked_as_full_is_refused(void)
{
    struct cluster *c = seasoned(0);
    uint8_t bytes[512];
    uint8_t dns[] = { 0,   1,   1,   0,   0,   1,   0,   0, 0,   0,   0,   0, 3, 'w', 'w', 'w', 7,
                      'e', 'x', 'a', 'm', 'p', 'l', 'e', 3, 'o', 'r', 'g', 0, 0, 1,   0,   1 };
    for (int full = 0; full < 2; full++) {
        Swarm__V1__Query query = SWARM__V1__QUERY__INIT;
        Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
        query.id = 77;
        query.hops = 1;
        query.origin = (char *)(uintptr_t) "a";
        query.message = (ProtobufCBinaryData){ sizeof dns, dns };
        e.body_case = SWARM__V1__ENVELOPE__BODY_QUERY;
        e.query = &query;
        struct sw_event ev = { .kind = SW_EV_PEER_MESSAGE };
        ev.u.peer_message.conn = cluster_conn(c, B, A, SW_CLASS_CONTROL);
        ev.u.peer_message.message =
            (struct sw_bytes){ bytes, swarm__v1__envelope__pack(&e, bytes) };
        ev.u.peer_message.full = full != 0;
        CHECK_I64(cluster_event(c, B, &ev), SW_OK);
        CHECK_U64(cluster_counts(c, B).turned_away, (uint64_t)full);
        CHECK_U64(cluster_counts(c, B).queries_for_peers, 21);
    }
    cluster_free(c);
}

CU_TestInfo tests_hedge[] = {
    { "a slow answer is overtaken by the hedge", a_slow_answer_is_overtaken_by_the_hedge },
    { "a hedge that comes second changes nothing", a_hedge_that_comes_second_changes_nothing },
    { "hedges stay within their budget", hedges_stay_within_their_budget },
    { "without a budget nothing is hedged", without_a_budget_nothing_is_hedged },
    { "one answer in twenty is slower than the time kept",
      one_answer_in_twenty_is_slower_than_the_time_kept },
    { "a host is full by number or by time", a_host_is_full_by_number_or_by_time },
    { "a refusal says how busy a node is, and makes no suspect",
      a_refusal_says_how_busy_a_node_is_and_makes_no_suspect },
    { "a refusal that load does not explain makes a suspect",
      a_refusal_that_load_does_not_explain_makes_a_suspect },
    { "work marked as full is refused", work_marked_as_full_is_refused },
    CU_TEST_INFO_NULL,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Questions for what no zone has: caches, homes, upstreams, and what becomes of those who wait. */
#include "node/core/cache/lookup.h"

#include "node/core/cache/home.h"
#include "node/core/dns/name.h"
#include "node/core/node_state.h"
#include "tests/lib/check.h"
#include "tests/lib/cluster.h"
#include "tests/lib/dns_text.h"

#define ASKED_BY(c, node) cluster_actions((c), (node), SW_ACT_ASK)

static const char *text_of(const struct cluster *c, uint32_t ticket)
{
    static char text[1024];
    dns_text(cluster_answer(c, ticket), text, sizeof text);
    return text;
}

/* Ask and wait; the ticket. */
static uint32_t ask(struct cluster *c, uint32_t node, const char *name)
{
    const uint32_t t = cluster_ask(c, node, name, SW_TYPE_A);
    cluster_run(c, 2500 * SW_MS);
    return t;
}

static struct cluster *one(uint32_t upstreams)
{
    struct cluster *c = cluster_new(1);
    (void)cluster_add(c, "a", "eu");
    cluster_upstreams(c, upstreams);
    return c;
}

/* a, b and c in one region, d and e in another. */
static struct cluster *five(uint32_t upstreams)
{
    struct cluster *c = cluster_new(1);
    for (uint32_t i = 0; i < 3; i++) {
        const char name[2] = { (char)('a' + i), '\0' };
        (void)cluster_add(c, name, "eu");
    }
    (void)cluster_add(c, "d", "us");
    (void)cluster_add(c, "e", "us");
    cluster_upstreams(c, upstreams);
    return c;
}

static void settle(struct cluster *c)
{
    cluster_start(c);
    cluster_run(c, 5 * SW_SEC);
}

/* A name whose home in node @by's region is @home. */
static const char *name_at(const struct cluster *c, uint32_t by, const char *home, const char *lead)
{
    static char text[64];
    const struct sw_node *n = cluster_node(c, by);
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t wire[SW_DNAME_MAX];
        (void)snprintf(text, sizeof text, "%s%u.example", lead, i);
        (void)sw_dname_from_text(text, wire);
        const uint32_t peer =
            sw_home(n, sw_home_key(wire, sw_dname_len(wire)), SW_REALM_REGION, NULL);
        const char *found = peer == SW_PEER_SELF ? n->config->name.s : n->peers.v[peer]->name.s;
        if (strcmp(found, home) == 0) {
            return text;
        }
    }
    CHECK(false);
    return text;
}

static void what_an_upstream_says_is_kept(void)
{
    struct cluster *c = one(1);
    settle(c);
    const uint32_t first = ask(c, 0, "www.example");
    CHECK_STR(text_of(c, first), "NOERROR rd ra, z, ad or cd\nan www.example. 60 A 192.0.2.0\n"
                                 "opt 1232\n");
    CHECK_U64(cluster_upstream(c, 0)->asked, 1);
    cluster_run(c, 7500 * SW_MS);
    const uint32_t second = ask(c, 0, "WWW.example");
    CHECK_STR(text_of(c, second), "NOERROR rd ra, z, ad or cd\nan WWW.example. 50 A 192.0.2.0\n"
                                  "opt 1232\n");
    CHECK_U64(cluster_upstream(c, 0)->asked, 1);
    cluster_run(c, 60 * SW_SEC); /* it has expired */
    (void)ask(c, 0, "www.example");
    CHECK_U64(cluster_upstream(c, 0)->asked, 2);
    CHECK_U64(cluster_actions(c, 0, SW_ACT_UNASK), 2);
    cluster_free(c);
}

static void denials_are_kept_too(void)
{
    struct cluster *c = one(1);
    settle(c);
    CHECK_I64(cluster_rcode(c, ask(c, 0, "nx.example")), SW_RCODE_NXDOMAIN);
    CHECK_I64(cluster_rcode(c, ask(c, 0, "nx.example")), SW_RCODE_NXDOMAIN);
    CHECK_U64(cluster_upstream(c, 0)->asked, 1);
    cluster_free(c);
}

static void those_who_ask_the_same_wait_for_one_answer(void)
{
    struct cluster *c = one(1);
    settle(c);
    uint32_t t[5];
    for (size_t i = 0; i < SW_LEN(t); i++) {
        t[i] = cluster_ask(c, 0, i % 2 == 0 ? "www.example" : "www.EXAMPLE", SW_TYPE_A);
    }
    cluster_run(c, SW_SEC);
    for (size_t i = 0; i < SW_LEN(t); i++) {
        CHECK_I64(cluster_rcode(c, t[i]), SW_RCODE_NOERROR);
    }
    CHECK_U64(cluster_upstream(c, 0)->asked, 1);
    cluster_free(c);
}

static void clients_from_elsewhere_are_refused(void)
{
    struct cluster *c = one(1);
    cluster_config(c, 0)->n_clients = 0; /* loopback only: a test's client comes from :: */
    settle(c);
    CHECK_I64(cluster_rcode(c, ask(c, 0, "www.example")), SW_RCODE_REFUSED);
    CHECK_U64(cluster_upstream(c, 0)->asked, 0);
    cluster_free(c);
}

static void a_client_of_whom_too_many_questions_wait_gets_no_more_room(void)
{
    struct cluster *c = one(1);
    cluster_config(c, 0)->wait_limit = 3;
    settle(c);
    (void)ask(c, 0, "old.example");
    cluster_run(c, 90 * SW_SEC); /* it has expired */
    cluster_upstream(c, 0)->silent = true;
    for (unsigned i = 0; i < 3; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "n%u.example", i);
        (void)cluster_ask(c, 0, name, SW_TYPE_A);
    }
    const uint32_t more = cluster_ask(c, 0, "n3.example", SW_TYPE_A);
    const uint32_t same = cluster_ask(c, 0, "n0.example", SW_TYPE_A);
    const uint32_t old = cluster_ask(c, 0, "old.example", SW_TYPE_A);
    cluster_run(c, SW_MS);
    CHECK_I64(cluster_ede(c, more), SW_EDE_OTHER);
    CHECK_I64(cluster_rcode(c, same), SW_RCODE_SERVFAIL);
    CHECK_I64(cluster_ede(c, old), SW_EDE_STALE_ANSWER);
    CHECK_U64(cluster_counts(c, 0).cache.limited, 3);
    cluster_run(c, 4 * SW_SEC); /* those who waited got SERVFAIL: there is room again */
    cluster_upstream(c, 0)->silent = false;
    cluster_run(c, 10 * SW_SEC);
    CHECK_I64(cluster_rcode(c, ask(c, 0, "n3.example")), SW_RCODE_NOERROR);
    CHECK_U64(cluster_counts(c, 0).cache.limited, 3);
    cluster_free(c);
}

static void a_slow_upstream_is_left_for_another(void)
{
    struct cluster *c = one(2);
    settle(c);
    cluster_upstream(c, 0)->silent = true;
    const uint32_t t = ask(c, 0, "www.example");
    CHECK_I64(cluster_rcode(c, t), SW_RCODE_NOERROR);
    for (unsigned i = 0; i < 6; i++) { /* and soon not asked any more */
        char name[16];
        (void)snprintf(name, sizeof name, "n%u.example", i);
        CHECK_I64(cluster_rcode(c, ask(c, 0, name)), SW_RCODE_NOERROR);
    }
    const uint64_t asked = cluster_upstream(c, 0)->asked;
    (void)ask(c, 0, "last.example");
    CHECK(cluster_upstream(c, 0)->asked <= asked + 1); /* a probe at most */
    cluster_free(c);
}

static void the_nearer_of_two_upstreams_is_asked_whatever_names_take(void)
{
    static char policy[] = "ant_colony";
    struct cluster *c = one(2);
    cluster_config(c, 0)->policy = policy;
    settle(c);
    for (unsigned i = 0; i < 200; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "n%u.example", i);
        /* u0 is at hand, and has to resolve every other name; u1 is far, and never has to */
        cluster_upstream(c, 0)->rtt = i % 2 == 0 ? SW_MS : 150 * SW_MS;
        cluster_upstream(c, 1)->rtt = 80 * SW_MS;
        (void)cluster_ask(c, 0, name, SW_TYPE_A);
        cluster_run(c, 200 * SW_MS);
    }
    CHECK(cluster_upstream(c, 0)->asked >= 180);
    cluster_free(c);
}

static void an_error_of_one_upstream_is_not_the_end(void)
{
    struct cluster *c = one(2);
    settle(c);
    const uint32_t t = ask(c, 0, "fail.example");
    CHECK_I64(cluster_rcode(c, t), SW_RCODE_SERVFAIL);
    CHECK_I64(cluster_ede(c, t), SW_EDE_NO_REACHABLE_AUTHORITY);
    CHECK_U64(cluster_upstream(c, 0)->asked, 1);
    CHECK_U64(cluster_upstream(c, 1)->asked, 1);
    const uint32_t again = ask(c, 0, "fail.example"); /* RFC 9520: from the cache */
    CHECK_I64(cluster_ede(c, again), SW_EDE_CACHED_ERROR);
    CHECK_U64(cluster_upstream(c, 0)->asked + cluster_upstream(c, 1)->asked, 2);
    cluster_free(c);
}

static void what_is_truncated_is_asked_for_by_stream(void)
{
    struct cluster *c = one(1);
    settle(c);
    CHECK_STR(text_of(c, ask(c, 0, "big.example")),
              "NOERROR rd ra, z, ad or cd\nan big.example. 60 A 192.0.2.0\nopt 1232\n");
    CHECK_U64(cluster_upstream(c, 0)->asked, 2);
    cluster_free(c);
}

static void what_has_expired_is_given_when_nobody_answers(void)
{
    struct cluster *c = one(1);
    settle(c);
    (void)ask(c, 0, "www.example");
    (void)ask(c, 0, "nx.example");
    cluster_upstream(c, 0)->silent = true;
    cluster_run(c, 90 * SW_SEC);
    const uint32_t t = cluster_ask(c, 0, "www.example", SW_TYPE_A);
    cluster_run(c, 1800 * SW_MS);
    CHECK_STR(text_of(c, t), "NOERROR rd ra, z, ad or cd\nan www.example. 30 A 192.0.2.0\n"
                             "opt 1232 ede 3\n");
    CHECK_I64(cluster_ede(c, ask(c, 0, "nx.example")), SW_EDE_STALE_NXDOMAIN);
    /* within the recheck time it is given at once, and nobody is asked */
    const uint64_t asked = ASKED_BY(c, 0);
    const uint32_t again = cluster_ask(c, 0, "www.example", SW_TYPE_A);
    cluster_run(c, SW_MS);
    CHECK_I64(cluster_ede(c, again), SW_EDE_STALE_ANSWER);
    CHECK_U64(ASKED_BY(c, 0), asked);
    /* never after max-stale */
    cluster_run(c, 86400 * SW_SEC);
    CHECK_I64(cluster_rcode(c, ask(c, 0, "www.example")), SW_RCODE_SERVFAIL);
    cluster_free(c);
}

static void nobody_there_is_known_at_once(void)
{
    struct cluster *c = one(2);
    settle(c);
    cluster_upstream(c, 0)->refused = true;
    cluster_upstream(c, 1)->refused = true;
    const uint32_t t = cluster_ask(c, 0, "www.example", SW_TYPE_A);
    cluster_run(c, 10 * SW_MS);
    CHECK_I64(cluster_rcode(c, t), SW_RCODE_SERVFAIL);
    CHECK_I64(cluster_ede(c, t), SW_EDE_NETWORK_ERROR);
    cluster_free(c);
}

static void a_name_is_kept_at_its_home(void)
{
    struct cluster *c = five(1);
    settle(c);
    const char *name = name_at(c, 0, "b", "n");
    CHECK_I64(cluster_rcode(c, ask(c, 0, name)), SW_RCODE_NOERROR);
    CHECK_U64(ASKED_BY(c, 0), 0);
    CHECK_U64(ASKED_BY(c, 1), 1);
    CHECK_I64(cluster_rcode(c, ask(c, 2, name)), SW_RCODE_NOERROR); /* b has it */
    CHECK_U64(ASKED_BY(c, 2), 0);
    CHECK_U64(ASKED_BY(c, 1), 1);
    CHECK_I64(cluster_rcode(c, ask(c, 3, name)), SW_RCODE_NOERROR); /* the other region has not */
    CHECK_U64(ASKED_BY(c, 3) + ASKED_BY(c, 4), 1);
    cluster_free(c);
}

static void a_popular_answer_is_kept_where_it_is_asked_for(void)
{
    struct cluster *c = five(1);
    settle(c);
    const char *name = name_at(c, 0, "b", "n");
    const uint64_t before = cluster_traces(c, 0, SW_TRACE_HOME_ASKED);
    for (unsigned i = 0; i < 5; i++) {
        CHECK_I64(cluster_rcode(c, ask(c, 0, name)), SW_RCODE_NOERROR);
    }
    CHECK_U64(cluster_traces(c, 0, SW_TRACE_HOME_ASKED), before + 2); /* then it was popular */
    CHECK_U64(ASKED_BY(c, 1), 1);
    cluster_free(c);
}

static void a_dead_home_costs_its_patience_once(void)
{
    struct cluster *c = five(1);
    settle(c);
    const char *name = name_at(c, 0, "b", "n");
    cluster_silence(c, 0, 1, true);
    const uint32_t t = cluster_ask(c, 0, name, SW_TYPE_A);
    cluster_run(c, SW_HOME_PATIENCE + 50 * SW_MS);
    CHECK_I64(cluster_rcode(c, t), SW_RCODE_NOERROR);
    CHECK_U64(ASKED_BY(c, 0), 1);
    cluster_free(c);
}

static void a_lost_home_is_replaced_at_once(void)
{
    struct cluster *c = five(1);
    settle(c);
    const char *name = name_at(c, 0, "b", "n");
    const uint32_t t = cluster_ask(c, 0, name, SW_TYPE_A);
    cluster_run(c, 15 * SW_MS); /* it is there, and its upstream has not answered */
    cluster_kill(c, 1);
    cluster_run(c, 100 * SW_MS);
    CHECK_I64(cluster_rcode(c, t), SW_RCODE_NOERROR);
    CHECK_U64(ASKED_BY(c, 0), 1);
    cluster_free(c);
}

static void homes_across_regions_share_one_answer(void)
{
    struct cluster *c = five(1);
    for (uint32_t i = 0; i < 5; i++) {
        cluster_config(c, i)->cache.across = true;
    }
    settle(c);
    const char *name = name_at(c, 0, "b", "n");
    CHECK_I64(cluster_rcode(c, ask(c, 0, name)), SW_RCODE_NOERROR);
    CHECK_I64(cluster_rcode(c, ask(c, 3, name)), SW_RCODE_NOERROR);
    uint64_t asked = 0;
    for (uint32_t i = 0; i < 5; i++) {
        asked += ASKED_BY(c, i);
    }
    CHECK_U64(asked, 1);
    cluster_free(c);
}

/* Sixty names, asked for at each of three nodes; how often upstreams were asked. */
static uint64_t asked_for_sixty(bool cooperate, bool classes)
{
    static char policy[] = "ant_colony";
    static char name[] = "classes";
    struct sw_param_config param = { name, 1 };
    struct cluster *c = five(1);
    for (uint32_t i = 0; i < 5; i++) {
        struct sw_config *config = cluster_config(c, i);
        config->cache.cooperate = cooperate;
        config->policy = policy;
        config->params = &param;
        config->n_params = classes;
    }
    settle(c);
    uint64_t asked = 0;
    for (unsigned i = 0; i < 180; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "class%u.example", i / 3);
        CHECK_I64(cluster_rcode(c, ask(c, i % 3, text)), SW_RCODE_NOERROR);
    }
    for (uint32_t i = 0; i < 3; i++) {
        asked += ASKED_BY(c, i);
    }
    for (uint32_t i = 0; i < 5; i++) { /* it is ours */
        cluster_config(c, i)->params = NULL;
        cluster_config(c, i)->n_params = 0;
    }
    cluster_free(c);
    return asked;
}

static void trails_of_classes_find_who_has_the_answer_as_hashes_do(void)
{
    CHECK_U64(asked_for_sixty(false, true), 180);
    CHECK_U64(asked_for_sixty(true, false), 60);
    CHECK_U64(asked_for_sixty(true, true), 60);
}

static void members_that_disagree_on_a_home_make_no_loop(void)
{
    struct cluster *c = cluster_new(1);
    (void)cluster_add(c, "a", "eu");
    (void)cluster_add(c, "b", "eu");
    (void)cluster_add(c, "c", "eu");
    cluster_upstreams(c, 1);
    settle(c);
    const char *at_c = name_at(c, 0, "c", "n");
    cluster_cut(c, 0, 2, true); /* a and b see c differently */
    cluster_run(c, 100 * SW_MS);
    for (unsigned i = 0; i < 200; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "loop%u.example", i);
        (void)cluster_ask(c, 0, name, SW_TYPE_A);
        (void)cluster_ask(c, 1, name, SW_TYPE_A);
        (void)cluster_ask(c, 2, name, SW_TYPE_A);
        cluster_run(c, SW_MS);
    }
    const uint32_t t = ask(c, 0, at_c);
    CHECK_I64(cluster_rcode(c, t), SW_RCODE_NOERROR);
    for (uint32_t i = 0; i <= t; i++) {
        CHECK_I64(cluster_rcode(c, i), SW_RCODE_NOERROR);
    }
    cluster_free(c);
}

static void another_holder_of_what_is_stale_is_asked_before_a_failure(void)
{
    struct cluster *c = five(1);
    settle(c);
    const char *name = name_at(c, 0, "b", "n");
    (void)ask(c, 0, name); /* b keeps it, a does not */
    cluster_upstream(c, 0)->silent = true;
    cluster_run(c, 90 * SW_SEC);
    const uint32_t t = ask(c, 3, name); /* in the other region, which never had it */
    CHECK_I64(cluster_rcode(c, t), SW_RCODE_NOERROR);
    CHECK_I64(cluster_ede(c, t), SW_EDE_STALE_ANSWER);
    cluster_free(c);
}

static void a_dead_upstream_is_found_out_by_one_and_known_by_all(void)
{
    struct cluster *c = five(2);
    settle(c);
    cluster_upstream(c, 0)->silent = true;
    (void)ask(c, 0, name_at(c, 0, "a", "n")); /* a finds out */
    cluster_run(c, 4 * SW_SEC);
    CHECK(cluster_node(c, 0)->upstreams.v[0].down);
    CHECK(cluster_node(c, 1)->upstreams.v[0].down && cluster_node(c, 1)->upstreams.v[0].told);
    CHECK(cluster_node(c, 2)->upstreams.v[0].down);
    CHECK(!cluster_node(c, 3)->upstreams.v[0].down); /* another region finds out for itself */
    const uint32_t t = cluster_ask(c, 1, name_at(c, 1, "b", "x"), SW_TYPE_A);
    cluster_run(c, 50 * SW_MS); /* nobody's patience is spent on it */
    CHECK_I64(cluster_rcode(c, t), SW_RCODE_NOERROR);
    /* one of the region probes it, and says when it is back */
    uint64_t before[3];
    for (uint32_t i = 0; i < 3; i++) {
        before[i] = ASKED_BY(c, i);
    }
    cluster_run(c, 20 * SW_SEC);
    unsigned probers = 0;
    for (uint32_t i = 0; i < 3; i++) {
        probers += ASKED_BY(c, i) > before[i];
    }
    CHECK_U64(probers, 1);
    cluster_upstream(c, 0)->silent = false;
    cluster_run(c, 20 * SW_SEC);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(!cluster_node(c, i)->upstreams.v[0].down);
    }
    cluster_free(c);
}

static void a_drained_node_answers_those_who_wait(void)
{
    struct cluster *c = one(1);
    settle(c);
    const uint32_t t = cluster_ask(c, 0, "www.example", SW_TYPE_A);
    cluster_run(c, SW_MS);
    struct sw_event drain = { .kind = SW_EV_DRAIN };
    (void)cluster_event(c, 0, &drain);
    CHECK_U64(cluster_actions(c, 0, SW_ACT_DRAINED), 0);
    cluster_run(c, 100 * SW_MS);
    CHECK_I64(cluster_rcode(c, t), SW_RCODE_NOERROR);
    CHECK_U64(cluster_actions(c, 0, SW_ACT_DRAINED), 1);
    cluster_free(c);
}

static void without_a_cache_all_is_asked_anew(void)
{
    struct cluster *c = one(1);
    cluster_config(c, 0)->cache.size = 0;
    settle(c);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_I64(cluster_rcode(c, ask(c, 0, "www.example")), SW_RCODE_NOERROR);
    }
    CHECK_U64(cluster_upstream(c, 0)->asked, 3);
    cluster_free(c);
}

/* 20,000 names over five nodes: each has its fifth, and losing one moves only its own. */
static void homes_are_spread_evenly_and_move_little(void)
{
    struct cluster *c = cluster_new(1);
    for (uint32_t i = 0; i < 5; i++) {
        const char name[2] = { (char)('a' + i), '\0' };
        (void)cluster_add(c, name, "eu");
    }
    cluster_upstreams(c, 1);
    settle(c);
    enum { NAMES = 20000 };
    static char home[NAMES];
    unsigned count[5] = { 0 };
    const struct sw_node *n = cluster_node(c, 0);
    for (unsigned i = 0; i < NAMES; i++) {
        const uint8_t key[4] = { (uint8_t)i, (uint8_t)(i >> 8), 'k', 0 };
        const uint32_t p = sw_home(n, sw_home_key(key, 4), SW_REALM_REGION, NULL);
        home[i] = p == SW_PEER_SELF ? 'a' : n->peers.v[p]->name.s[0];
        count[home[i] - 'a']++;
    }
    for (size_t i = 0; i < 5; i++) { /* binomial: sd = sqrt(20000 * .2 * .8) = 57 */
        CHECK_NEAR(count[i], 4000, 4 * 57);
    }
    cluster_kill(c, 4);
    cluster_run(c, 100 * SW_MS);
    for (unsigned i = 0; i < NAMES; i++) {
        const uint8_t key[4] = { (uint8_t)i, (uint8_t)(i >> 8), 'k', 0 };
        const uint32_t p = sw_home(n, sw_home_key(key, 4), SW_REALM_REGION, NULL);
        const char now = p == SW_PEER_SELF ? 'a' : n->peers.v[p]->name.s[0];
        REQUIRE(now != 'e' && (now == home[i] || home[i] == 'e'));
    }
    cluster_free(c);
}

/* Six members that keep connections with four others each: whoever is home is dialled when it is
 * missed, and then asked. */
static void a_home_without_a_connection_is_dialled_for_the_next_question(void)
{
    enum { SIX = 6 };
    struct cluster *c = cluster_new(1);
    for (uint32_t i = 0; i < SIX; i++) {
        const char name[2] = { (char)('a' + i), '\0' };
        (void)cluster_add(c, name, "eu");
    }
    cluster_upstreams(c, 1);
    for (uint32_t i = 0; i < SIX; i++) {
        cluster_config(c, i)->membership.connections = 4;
    }
    settle(c);
    uint32_t absent[2] = { 0 };
    for (uint32_t round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 200; i++) {
            char name[32];
            (void)snprintf(name, sizeof name, "r%u-%u.example", round, i);
            uint8_t wire[SW_DNAME_MAX];
            uint32_t missed;
            (void)sw_dname_from_text(name, wire);
            (void)sw_home(cluster_node(c, 0), sw_home_key(wire, sw_dname_len(wire)),
                          SW_REALM_REGION, &missed);
            absent[round] += missed != SW_PEER_NONE;
            (void)cluster_ask(c, 0, name, SW_TYPE_A);
            cluster_run(c, 10 * SW_MS);
        }
        cluster_run(c, SW_SEC);
    }
    CHECK(absent[0] > 0);
    CHECK_U64(absent[1], 0);
    cluster_free(c);
}

static void equal_seeds_give_equal_lookups(void)
{
    uint64_t digest[2];
    for (unsigned run = 0; run < 2; run++) {
        struct cluster *c = five(2);
        settle(c);
        for (unsigned i = 0; i < 60; i++) {
            char name[32];
            (void)snprintf(name, sizeof name, "n%u.example", i % 17);
            (void)cluster_ask(c, i % 5, name, SW_TYPE_A);
            cluster_run(c, 30 * SW_MS);
            cluster_upstream(c, 0)->silent = i % 20 > 15;
        }
        digest[run] = cluster_digest(c, 0) ^ cluster_digest(c, 1);
        cluster_free(c);
    }
    CHECK_U64(digest[0], digest[1]);
}

#define TEST(name)  \
    {               \
#name, name \
    }
extern CU_TestInfo tests_lookup[];
CU_TestInfo tests_lookup[] = {
    TEST(what_an_upstream_says_is_kept),
    TEST(denials_are_kept_too),
    TEST(those_who_ask_the_same_wait_for_one_answer),
    TEST(clients_from_elsewhere_are_refused),
    TEST(a_client_of_whom_too_many_questions_wait_gets_no_more_room),
    TEST(a_slow_upstream_is_left_for_another),
    TEST(the_nearer_of_two_upstreams_is_asked_whatever_names_take),
    TEST(an_error_of_one_upstream_is_not_the_end),
    TEST(what_is_truncated_is_asked_for_by_stream),
    TEST(what_has_expired_is_given_when_nobody_answers),
    TEST(nobody_there_is_known_at_once),
    TEST(a_name_is_kept_at_its_home),
    TEST(a_popular_answer_is_kept_where_it_is_asked_for),
    TEST(a_dead_home_costs_its_patience_once),
    TEST(a_lost_home_is_replaced_at_once),
    TEST(homes_across_regions_share_one_answer),
    TEST(trails_of_classes_find_who_has_the_answer_as_hashes_do),
    TEST(members_that_disagree_on_a_home_make_no_loop),
    TEST(another_holder_of_what_is_stale_is_asked_before_a_failure),
    TEST(a_dead_upstream_is_found_out_by_one_and_known_by_all),
    TEST(a_drained_node_answers_those_who_wait),
    TEST(without_a_cache_all_is_asked_anew),
    TEST(homes_are_spread_evenly_and_move_little),
    TEST(a_home_without_a_connection_is_dialled_for_the_next_question),
    TEST(equal_seeds_give_equal_lookups),
    CU_TEST_INFO_NULL,
};

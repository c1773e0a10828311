/* SPDX-License-Identifier: GPL-3.0-or-later
 * A node's life: from Setup to Ready, reloads, views, draining. */
#include "node/core/dns/wire.h"
#include "tests/lib/check.h"
#include "tests/lib/cluster.h"
#include "tests/lib/swarm_zones.h"

/* a holds example.org, and b holds nothing. */
static struct cluster *pair(void)
{
    struct cluster *c = cluster_new(1);
    cluster_file(c, "org.zone", ZONE_ORG);
    cluster_file(c, "net.zone", ZONE_NET);
    cluster_file(c, "broken.zone", ZONE_BROKEN);
    cluster_zone(c, cluster_add(c, "a", "eu"), "example.org", "org.zone");
    (void)cluster_add(c, "b", "us");
    return c;
}

static void a_start_goes_through_every_state_in_order(void)
{
    struct cluster *c = pair();
    cluster_start(c);
    cluster_run(c, 50 * SW_MS);
    CHECK_STR(cluster_log(c, 0), "1000ms state 0 1\n"
                                 "1000ms state 1 2\n"
                                 "1001ms zone loaded 7 4 example.org\n"
                                 "1001ms zone served 7 0 example.org\n"
                                 "1001ms state 2 3\n"
                                 "1020ms peer up b 0 0\n"
                                 "1020ms peer up b 1 0\n"
                                 "1020ms member alive b 1000 1\n"); /* born at 1000 ms */
    CHECK_STR(cluster_log(c, 1), "1000ms state 0 1\n"
                                 "1000ms state 1 2\n"
                                 "1000ms state 2 3\n"
                                 "1010ms peer up a 0 0\n"
                                 "1010ms peer up a 1 0\n"
                                 "1030ms member alive a 1000 2\n");
    cluster_free(c);
}

static void nothing_starts_before_there_is_entropy(void)
{
    struct cluster *c = pair();
    cluster_starve(c, 0, true);
    cluster_start(c);
    cluster_run(c, 30 * SW_SEC);
    CHECK_U64(sw_node_state(cluster_node(c, 0)), SW_STATE_CONFIGURE);
    CHECK_U64(cluster_actions(c, 0, SW_ACT_SUBMIT), 0);
    CHECK_U64(cluster_actions(c, 0, SW_ACT_DIAL), 0);
    CHECK(cluster_actions(c, 0, SW_ACT_WANT_ENTROPY) > 1); /* it asks again */
    cluster_starve(c, 0, false);
    cluster_run(c, SW_SEC);
    CHECK_U64(sw_node_state(cluster_node(c, 0)), SW_STATE_READY);
    cluster_free(c);
}

static void entropy_is_renewed_every_hour(void)
{
    struct cluster *c = pair();
    cluster_start(c);
    cluster_run(c, SW_SEC);
    CHECK_U64(cluster_actions(c, 0, SW_ACT_WANT_ENTROPY), 1);
    cluster_run(c, SW_HOUR + SW_SEC);
    CHECK_U64(cluster_actions(c, 0, SW_ACT_WANT_ENTROPY), 2);
    cluster_free(c);
}

static void a_zone_that_is_refused_does_not_keep_the_node_from_being_ready(void)
{
    struct cluster *c = pair();
    cluster_zone(c, 0, "example.net", "broken.zone");
    cluster_zone(c, 0, "missing.example", "missing.zone");
    cluster_start(c);
    cluster_run(c, SW_SEC);
    CHECK_U64(sw_node_state(cluster_node(c, 0)), SW_STATE_READY);
    CHECK_U64(cluster_traces(c, 0, SW_TRACE_ZONE_REFUSED), 2);
    CHECK_U64(cluster_traces(c, 0, SW_TRACE_ZONE_LOADED), 1);
    const uint32_t org = cluster_ask(c, 0, "www.example.org", SW_TYPE_A);
    const uint32_t net = cluster_ask(c, 0, "www.example.net", SW_TYPE_A);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, org), SW_RCODE_NOERROR);
    CHECK_I64(cluster_rcode(c, net), SW_RCODE_SERVFAIL);
    CHECK_I64(cluster_ede(c, net), SW_EDE_NOT_READY);
    cluster_free(c);
}

static bool only_control(void *arg, uint32_t from, uint32_t to, enum sw_class class,
                         struct sw_bytes message)
{
    (void)arg;
    (void)from;
    (void)to;
    (void)message;
    return class == SW_CLASS_CONTROL;
}

static void a_zone_that_is_not_loaded_here_is_asked_elsewhere(void)
{
    struct cluster *c = pair();
    cluster_set_tap(c, only_control, NULL); /* nor can it be fetched */
    cluster_zone(c, 1, "example.org", "broken.zone");
    cluster_start(c);
    cluster_run(c, SW_SEC);
    const uint32_t q = cluster_ask(c, 1, "www.example.org", SW_TYPE_A);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    CHECK_U64(cluster_counts(c, 0).queries_for_peers, 1);
    cluster_free(c);
}

static int refused(struct cluster *c, uint32_t node, const char *why)
{
    const int err = cluster_configure(c, node);
    CHECK(strstr(cluster_log(c, node), why) != NULL);
    return err;
}

static void a_bad_configuration_is_refused_with_its_reason(void)
{
    static char nonsense[] = "nonsense";
    struct cluster *c = pair();
    struct sw_config *config = cluster_config(c, 0);
    const struct sw_config good = *config;
    config->policy = nonsense;
    CHECK_I64(refused(c, 0, "no routing policy is called nonsense"), SW_ERR_NOTFOUND);
    *config = good;
    config->n_params = 1;
    config->params[0] = (struct sw_param_config){ nonsense, 1 };
    CHECK_I64(refused(c, 0, "has no parameter nonsense"), SW_ERR_NOTFOUND);
    *config = good;
    config->cores = 0;
    CHECK_I64(refused(c, 0, "cores: 0 is not within 1..1024"), SW_ERR_RANGE);
    *config = good;
    config->query_attempts = 17;
    CHECK_I64(refused(c, 0, "query_attempts: 17"), SW_ERR_RANGE);
    *config = good;
    config->retry_budget = 1.5;
    CHECK_I64(refused(c, 0, "retry_budget"), SW_ERR_RANGE);
    *config = good;
    config->zones[0].name = nonsense;
    cluster_zone(c, 0, "Nonsense.", "org.zone");
    CHECK_I64(refused(c, 0, "zone Nonsense. is there twice"), SW_ERR_RANGE);
    *config = good;
    config->peers[0].name = config->name;
    CHECK_I64(refused(c, 0, "peer a is this node"), SW_ERR_RANGE);
    CHECK_U64(sw_node_state(cluster_node(c, 0)), SW_STATE_SETUP);
    CHECK_U64(sw_node_deadline(cluster_node(c, 0)), SW_TIME_NEVER);
    cluster_free(c);
}

static void a_refused_reload_changes_nothing(void)
{
    struct cluster *c = pair();
    cluster_start(c);
    cluster_run(c, SW_SEC);
    struct sw_config broken = *cluster_config(c, 0);
    broken.n_zones = 0;
    broken.max_waiting = 0;
    struct sw_event ev = { .kind = SW_EV_CONFIGURE, .u.configure = &broken };
    CHECK_I64(cluster_event(c, 0, &ev), SW_ERR_RANGE);
    CHECK_U64(cluster_traces(c, 0, SW_TRACE_CONFIG_REFUSED), 1);
    const uint32_t q = cluster_ask(c, 0, "www.example.org", SW_TYPE_A);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    cluster_free(c);
}

static void a_reload_swaps_a_zone_without_dropping_a_query(void)
{
    struct cluster *c = pair();
    cluster_start(c);
    cluster_run(c, SW_SEC);
    uint32_t q[200];
    for (unsigned i = 0; i < 200; i++) {
        if (i == 100) {
            cluster_file(c, "org.zone", ZONE_ORG_8);
            CHECK_I64(cluster_configure(c, 0), SW_OK);
        }
        q[i] = cluster_ask(c, i % 2, "www.example.org", SW_TYPE_A);
        cluster_run(c, 100 * SW_US);
    }
    cluster_run(c, SW_SEC);
    unsigned changes = 0;
    uint8_t last = 2;
    for (unsigned i = 0; i < 200; i += 2) { /* asked of a, in order */
        REQUIRE(cluster_rcode(c, q[i]) == SW_RCODE_NOERROR);
        REQUIRE(cluster_rcode(c, q[i + 1]) == SW_RCODE_NOERROR);
        const struct sw_bytes answer = cluster_answer(c, q[i]);
        const uint8_t now = answer.data[12 + 21 + 15]; /* header, question, the A's last byte */
        CHECK(now == 2 || now == 4);
        changes += now != last;
        last = now;
    }
    CHECK_U64(changes, 1);
    CHECK_U64(last, 4);
    cluster_free(c);
}

static void a_reload_that_breaks_a_zone_keeps_the_one_that_was_served(void)
{
    struct cluster *c = pair();
    cluster_start(c);
    cluster_run(c, SW_SEC);
    cluster_file(c, "org.zone", ZONE_BROKEN);
    CHECK_I64(cluster_configure(c, 0), SW_OK);
    cluster_run(c, SW_SEC);
    CHECK_U64(cluster_traces(c, 0, SW_TRACE_ZONE_REFUSED), 1);
    const uint32_t q = cluster_ask(c, 0, "www.example.org", SW_TYPE_A);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    cluster_free(c);
}

static void a_reload_adds_and_removes_zones_and_peers_hear_of_it(void)
{
    struct cluster *c = pair();
    cluster_start(c);
    cluster_run(c, SW_SEC);
    cluster_config(c, 0)->n_zones = 0;
    cluster_zone(c, 0, "example.net", "net.zone");
    CHECK_I64(cluster_configure(c, 0), SW_OK);
    cluster_run(c, SW_SEC);
    const uint32_t org = cluster_ask(c, 1, "www.example.org", SW_TYPE_A);
    const uint32_t net = cluster_ask(c, 1, "ns.example.net", SW_TYPE_A);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, org), SW_RCODE_REFUSED);
    CHECK_I64(cluster_rcode(c, net), SW_RCODE_NOERROR);
    cluster_free(c);
}

static void a_reload_that_drops_a_peer_keeps_the_member(void)
{
    struct cluster *c = pair();
    cluster_start(c);
    cluster_run(c, SW_SEC);
    cluster_config(c, 1)->n_peers = 0;
    CHECK_I64(cluster_configure(c, 1), SW_OK);
    CHECK_U64(cluster_actions(c, 1, SW_ACT_HANG_UP), 0);
    cluster_run(c, SW_SEC);
    const uint32_t q = cluster_ask(c, 1, "www.example.org", SW_TYPE_A);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    cluster_free(c);
}

static void a_node_cannot_change_its_name(void)
{
    struct cluster *c = pair();
    cluster_start(c);
    struct sw_config other = *cluster_config(c, 0);
    other.name.s[0] = 'z';
    struct sw_event ev = { .kind = SW_EV_CONFIGURE, .u.configure = &other };
    CHECK_I64(cluster_event(c, 0, &ev), SW_ERR_RANGE);
    cluster_free(c);
}

static void views_are_given_back_in_any_order(void)
{
    struct cluster *c = pair();
    cluster_hold_views(c, true);
    cluster_start(c);
    for (unsigned i = 0; i < 4; i++) {
        cluster_file(c, "org.zone", i % 2 == 0 ? ZONE_ORG_8 : ZONE_ORG);
        CHECK_I64(cluster_configure(c, 0), SW_OK);
        cluster_run(c, SW_SEC);
    }
    CHECK(cluster_views_out(c, 0) > 4);
    cluster_hold_views(c, false); /* newest of the old ones first */
    cluster_run(c, SW_SEC);
    CHECK_U64(cluster_views_out(c, 0), 1);
    const uint32_t q = cluster_ask(c, 0, "www.example.org", SW_TYPE_A);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    cluster_free(c);
}

static void fronts_that_give_no_view_back_do_not_cost_memory_without_bound(void)
{
    struct cluster *c = pair();
    cluster_hold_views(c, true);
    cluster_start(c);
    for (unsigned i = 0; i < 50; i++) {
        cluster_file(c, "org.zone", i % 2 == 0 ? ZONE_ORG_8 : ZONE_ORG);
        CHECK_I64(cluster_configure(c, 0), SW_OK);
        cluster_run(c, SW_SEC);
    }
    CHECK_U64(cluster_views_out(c, 0), 8);
    cluster_file(c, "org.zone", ZONE_ORG_8);
    CHECK_I64(cluster_configure(c, 0), SW_OK);
    cluster_run(c, SW_SEC);
    const uint32_t before = cluster_ask(c, 0, "new.example.org", SW_TYPE_A);
    cluster_hold_views(c, false);
    cluster_run(c, SW_SEC); /* now the change that had to wait goes out */
    const uint32_t after = cluster_ask(c, 0, "new.example.org", SW_TYPE_A);
    (void)before;
    CHECK_I64(cluster_rcode(c, after), SW_RCODE_NOERROR);
    cluster_free(c);
}

static void draining_finishes_what_is_in_flight_and_says_goodbye(void)
{
    struct cluster *c = pair();
    cluster_start(c);
    cluster_run(c, SW_SEC);
    const uint32_t q = cluster_ask(c, 1, "www.example.org", SW_TYPE_A);
    cluster_run(c, SW_MS); /* the query has reached b's node */
    struct sw_event drain = { .kind = SW_EV_DRAIN };
    (void)cluster_event(c, 1, &drain);
    CHECK_U64(cluster_actions(c, 1, SW_ACT_DRAINED), 0);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    CHECK_U64(cluster_actions(c, 1, SW_ACT_DRAINED), 1);
    CHECK_U64(sw_node_state(cluster_node(c, 1)), SW_STATE_DRAINING);
    (void)cluster_event(c, 1, &drain);
    CHECK_U64(cluster_actions(c, 1, SW_ACT_DRAINED), 1);
    CHECK_I64(cluster_configure(c, 1), SW_ERR_STATE);
    cluster_free(c);
}

static void a_draining_node_gets_no_more_queries(void)
{
    struct cluster *c = pair();
    const uint32_t other = cluster_add(c, "c", "eu");
    cluster_zone(c, other, "example.org", "org.zone");
    cluster_start(c);
    cluster_run(c, SW_SEC);
    struct sw_event drain = { .kind = SW_EV_DRAIN };
    (void)cluster_event(c, 0, &drain);
    cluster_run(c, 20 * SW_MS);
    const uint64_t before = cluster_counts(c, 0).queries_for_peers;
    for (unsigned i = 0; i < 50; i++) {
        const uint32_t q = cluster_ask(c, 1, "www.example.org", SW_TYPE_A);
        cluster_run(c, 100 * SW_MS);
        CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    }
    CHECK_U64(cluster_counts(c, 0).queries_for_peers, before);
    CHECK_U64(cluster_counts(c, other).queries_for_peers, 50);
    cluster_free(c);
}

static void draining_before_anything_else_is_possible(void)
{
    struct cluster *c = pair();
    struct sw_event drain = { .kind = SW_EV_DRAIN };
    (void)cluster_event(c, 0, &drain);
    CHECK_STR(cluster_log(c, 0), "1000ms state 0 4\n");
    CHECK_U64(cluster_actions(c, 0, SW_ACT_DRAINED), 1);
    cluster_free(c);
}

extern CU_TestInfo tests_life[];
CU_TestInfo tests_life[] = {
#define T(name)     \
    {               \
#name, name \
    }
    T(a_start_goes_through_every_state_in_order),
    T(nothing_starts_before_there_is_entropy),
    T(entropy_is_renewed_every_hour),
    T(a_zone_that_is_refused_does_not_keep_the_node_from_being_ready),
    T(a_zone_that_is_not_loaded_here_is_asked_elsewhere),
    T(a_bad_configuration_is_refused_with_its_reason),
    T(a_refused_reload_changes_nothing),
    T(a_reload_swaps_a_zone_without_dropping_a_query),
    T(a_reload_that_breaks_a_zone_keeps_the_one_that_was_served),
    T(a_reload_adds_and_removes_zones_and_peers_hear_of_it),
    T(a_reload_that_drops_a_peer_keeps_the_member),
    T(a_node_cannot_change_its_name),
    T(views_are_given_back_in_any_order),
    T(fronts_that_give_no_view_back_do_not_cost_memory_without_bound),
    T(draining_finishes_what_is_in_flight_and_says_goodbye),
    T(a_draining_node_gets_no_more_queries),
    T(draining_before_anything_else_is_possible),
    CU_TEST_INFO_NULL,
};

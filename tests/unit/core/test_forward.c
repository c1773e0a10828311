/* SPDX-License-Identifier: GPL-3.0-or-later
 * Forwarding: a client's query reaches a node that holds the zone, whatever breaks on the way. */
#include "node/core/dns/wire.h"
#include "tests/lib/check.h"
#include "tests/lib/cluster.h"
#include "tests/lib/envelope.h"
#include "tests/lib/swarm_zones.h"

/* a is where clients ask; b (near) and c (farther) hold example.org. */
enum { A, B, C };

static struct cluster *trio(void)
{
    struct cluster *c = cluster_new(1);
    cluster_file(c, "org.zone", ZONE_ORG);
    (void)cluster_add(c, "a", "eu");
    cluster_zone(c, cluster_add(c, "b", "eu"), "example.org", "org.zone");
    cluster_zone(c, cluster_add(c, "c", "us"), "example.org", "org.zone");
    cluster_delay(c, A, B, 5 * SW_MS);
    cluster_delay(c, A, C, 40 * SW_MS);
    return c;
}

/* Nobody is declared dead while a test lasts. */
static void be_patient(struct cluster *c, uint32_t nodes)
{
    for (uint32_t i = 0; i < nodes; i++) {
        cluster_config(c, i)->membership.period = SW_MIN;
    }
}

static uint32_t ask(struct cluster *c)
{
    return cluster_ask(c, A, "www.example.org", SW_TYPE_A);
}

/* A trio in which a knows both round trips well. */
static struct cluster *seasoned(void)
{
    struct cluster *c = trio();
    be_patient(c, 3);
    cluster_start(c);
    cluster_run(c, SW_SEC);
    for (unsigned i = 0; i < 20; i++) {
        const uint32_t q = ask(c);
        cluster_run(c, 200 * SW_MS);
        CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    }
    return c;
}

static struct sw_route_info route(struct cluster *c, const char *peer)
{
    struct sw_route_info info[CLUSTER_NODES];
    const size_t n = sw_node_routes(cluster_node(c, A), info, CLUSTER_NODES);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(info[i].peer.s, peer) == 0) {
            return info[i];
        }
    }
    return (struct sw_route_info){ .srtt = 0 };
}

static void a_query_is_answered_by_a_node_that_holds_the_zone(void)
{
    struct cluster *c = trio();
    cluster_start(c);
    cluster_run(c, SW_SEC);
    const uint32_t q = ask(c);
    CHECK_I64(cluster_rcode(c, q), -1);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    const struct sw_bytes answer = cluster_answer(c, q);
    CHECK_U64(answer.data[7], 1);            /* ANCOUNT */
    CHECK_U64(answer.data[12 + 21 + 15], 2); /* 192.0.2.2 */
    const struct sw_node_counts counts = cluster_counts(c, A);
    CHECK_U64(counts.forwarded, 1);
    CHECK_U64(counts.answered, 1);
    CHECK_U64(counts.waiting, 0);
    CHECK_U64(cluster_counts(c, B).queries_for_peers + cluster_counts(c, C).queries_for_peers, 1);
    cluster_free(c);
}

static void the_router_learns_who_is_near(void)
{
    struct cluster *c = seasoned();
    CHECK(cluster_counts(c, B).queries_for_peers >= 18);
    CHECK_U64(route(c, "b").srtt, 10 * SW_MS);
    CHECK(route(c, "b").connected);
    CHECK_U64(route(c, "b").sent + route(c, "c").sent, 20);
    cluster_free(c);
}

static void a_silent_peer_is_given_up_for_another(void)
{
    struct cluster *c = seasoned();
    cluster_silence(c, B, A, true);
    const sw_time asked = cluster_now(c);
    const uint32_t q = ask(c);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    CHECK_U64(cluster_traces(c, A, SW_TRACE_ROUTE_TIMEOUT), 1);
    CHECK_U64(cluster_counts(c, A).retried, 1);
    CHECK(cluster_answered_at(c, q) - asked < 500 * SW_MS);
    cluster_free(c);
}

static void a_late_answer_teaches_the_router(void)
{
    struct cluster *c = seasoned();
    cluster_delay(c, A, B, 150 * SW_MS);
    const uint32_t q = ask(c);
    cluster_run(c, 200 * SW_MS);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR); /* by c */
    CHECK_U64(route(c, "b").srtt, 10 * SW_MS);
    cluster_run(c, 200 * SW_MS);
    CHECK(route(c, "b").srtt > 40 * SW_MS); /* 7/8 10 ms + 1/8 300 ms */
    CHECK_U64(cluster_counts(c, A).answered, 21);
    cluster_free(c);
}

static void a_late_answer_serves_a_client_that_still_waits(void)
{
    struct cluster *c = seasoned();
    cluster_kill(c, C);
    cluster_run(c, SW_SEC);
    cluster_delay(c, A, B, 300 * SW_MS);
    const sw_time asked = cluster_now(c);
    const uint32_t q = ask(c);
    cluster_run(c, SW_SEC);
    CHECK_U64(cluster_traces(c, A, SW_TRACE_ROUTE_TIMEOUT), 1);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    CHECK((cluster_answered_at(c, q) - asked) / SW_MS == 600);
    cluster_free(c);
}

/* More of them than retries were saved up: these cost none. */
static void when_a_peer_is_lost_its_queries_go_elsewhere_at_once(void)
{
    struct cluster *c = seasoned();
    cluster_silence(c, B, A, true);
    uint32_t q[120];
    for (unsigned i = 0; i < 120; i++) {
        q[i] = ask(c);
    }
    cluster_run(c, 2 * SW_MS);
    cluster_cut(c, A, B, true);
    cluster_run(c, 100 * SW_MS);
    for (unsigned i = 0; i < 120; i++) {
        CHECK_I64(cluster_rcode(c, q[i]), SW_RCODE_NOERROR);
    }
    CHECK_U64(cluster_traces(c, A, SW_TRACE_ROUTE_TIMEOUT), 0);
    CHECK_U64(cluster_counts(c, A).retried, 120);
    cluster_free(c);
}

static void when_all_are_gone_a_query_fails_at_once_and_says_why(void)
{
    struct cluster *c = seasoned();
    cluster_kill(c, B);
    cluster_kill(c, C);
    const uint32_t in_flight = ask(c);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, in_flight), SW_RCODE_SERVFAIL);
    const sw_time asked = cluster_now(c);
    const uint32_t q = ask(c);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_SERVFAIL);
    CHECK_I64(cluster_ede(c, q), SW_EDE_NO_REACHABLE_AUTHORITY);
    CHECK(cluster_answered_at(c, q) - asked < SW_MS);
    CHECK_U64(cluster_counts(c, A).failed, 2);
    cluster_free(c);
}

static void a_query_in_flight_when_the_last_peer_is_lost_names_the_network(void)
{
    struct cluster *c = seasoned();
    cluster_kill(c, C);
    cluster_run(c, SW_SEC);
    const uint32_t q = ask(c);
    cluster_run(c, 2 * SW_MS);
    cluster_cut(c, A, B, true);
    cluster_run(c, SW_MS);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_SERVFAIL);
    CHECK_I64(cluster_ede(c, q), SW_EDE_NETWORK_ERROR);
    cluster_free(c);
}

static void a_query_fails_when_its_time_is_up(void)
{
    struct cluster *c = seasoned();
    cluster_silence(c, B, A, true);
    cluster_silence(c, C, A, true);
    const sw_time asked = cluster_now(c);
    const uint32_t q = ask(c);
    cluster_run(c, 3 * SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_SERVFAIL);
    CHECK_I64(cluster_ede(c, q), SW_EDE_NO_REACHABLE_AUTHORITY);
    CHECK_U64((cluster_answered_at(c, q) - asked) / SW_MS, 1900);
    CHECK_U64(cluster_counts(c, A).waiting, 0);
    cluster_free(c);
}

static void a_query_is_tried_no_more_often_than_allowed(void)
{
    struct cluster *c = trio();
    for (const char *name = "def"; *name != '\0'; name++) {
        const char text[2] = { *name, '\0' };
        cluster_zone(c, cluster_add(c, text, "us"), "example.org", "org.zone");
    }
    cluster_start(c);
    cluster_run(c, SW_SEC);
    for (uint32_t peer = B; peer < 6; peer++) {
        cluster_silence(c, peer, A, true);
    }
    (void)ask(c);
    cluster_run(c, 3 * SW_SEC);
    CHECK_U64(cluster_traces(c, A, SW_TRACE_ROUTED), 3);
    cluster_free(c);
}

static void retries_stay_within_their_budget(void)
{
    struct cluster *c = seasoned();
    cluster_silence(c, B, A, true);
    cluster_silence(c, C, A, true);
    for (unsigned i = 0; i < 500; i++) {
        (void)ask(c);
        cluster_run(c, 50 * SW_MS);
    }
    cluster_run(c, 3 * SW_SEC);
    const struct sw_node_counts counts = cluster_counts(c, A);
    CHECK_U64(counts.failed, 500);
    CHECK(counts.retried <= 50 + 520 / 5); /* the reserve, and a fifth of all queries */
    CHECK(counts.retried >= 500 / 5);
    cluster_free(c);
}

static void with_no_budget_nothing_is_retried(void)
{
    struct cluster *c = trio();
    cluster_config(c, A)->retry_budget = 0;
    cluster_start(c);
    cluster_run(c, SW_SEC);
    cluster_silence(c, B, A, true);
    cluster_silence(c, C, A, true);
    (void)ask(c);
    cluster_run(c, 3 * SW_SEC);
    CHECK_U64(cluster_counts(c, A).retried, 0);
    cluster_free(c);
}

static void a_full_table_fails_early(void)
{
    struct cluster *c = trio();
    cluster_config(c, A)->max_waiting = 4;
    cluster_start(c);
    cluster_run(c, SW_SEC);
    cluster_silence(c, B, A, true);
    cluster_silence(c, C, A, true);
    uint32_t q[10];
    for (unsigned i = 0; i < 10; i++) {
        q[i] = ask(c);
    }
    cluster_run(c, SW_MS);
    for (unsigned i = 0; i < 10; i++) {
        CHECK_I64(cluster_rcode(c, q[i]), i < 4 ? -1 : SW_RCODE_SERVFAIL);
    }
    CHECK_U64(cluster_counts(c, A).waiting, 4);
    cluster_run(c, 3 * SW_SEC);
    CHECK_I64(cluster_rcode(c, q[0]), SW_RCODE_SERVFAIL);
    CHECK_U64(cluster_counts(c, A).waiting, 0);
    cluster_free(c);
}

static void a_busy_peer_refuses_and_another_answers(void)
{
    struct cluster *c = trio();
    cluster_config(c, B)->max_queue = 10;
    cluster_start(c);
    cluster_run(c, SW_SEC);
    cluster_load(c, B, (struct sw_load){ .waiting = 11, .cores = 2, .service = SW_MS });
    for (unsigned i = 0; i < 4; i++) {
        const uint32_t q = ask(c);
        cluster_run(c, 200 * SW_MS);
        CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    }
    CHECK(cluster_traces(c, A, SW_TRACE_ROUTE_REFUSED) > 0);
    CHECK_U64(cluster_traces(c, A, SW_TRACE_ROUTE_TIMEOUT), 0);
    CHECK_U64(cluster_counts(c, B).queries_for_peers, 0);
    cluster_free(c);
}

static void when_all_refuse_a_query_fails_without_waiting(void)
{
    struct cluster *c = trio();
    cluster_config(c, B)->max_queue = 10;
    cluster_config(c, C)->max_queue = 10;
    cluster_start(c);
    cluster_run(c, SW_SEC);
    const struct sw_load busy = { .waiting = 11, .cores = 2, .service = SW_MS };
    cluster_load(c, B, busy);
    cluster_load(c, C, busy);
    const sw_time asked = cluster_now(c);
    const uint32_t q = ask(c);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_SERVFAIL);
    CHECK_U64((cluster_answered_at(c, q) - asked) / SW_MS, 90); /* there and back, twice */
    cluster_free(c);
}

static void a_blocked_connection_gets_no_queries(void)
{
    struct cluster *c = seasoned();
    const uint64_t before = cluster_counts(c, B).queries_for_peers;
    struct sw_event ev = { .kind = SW_EV_PEER_BLOCKED };
    ev.u.peer_blocked = cluster_conn(c, A, B, SW_CLASS_CONTROL);
    (void)cluster_event(c, A, &ev);
    const uint32_t q = ask(c);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    CHECK_U64(cluster_counts(c, B).queries_for_peers, before);
    ev.kind = SW_EV_PEER_WRITABLE;
    ev.u.peer_writable = cluster_conn(c, A, B, SW_CLASS_CONTROL);
    (void)cluster_event(c, A, &ev);
    (void)ask(c);
    cluster_run(c, SW_SEC);
    CHECK_U64(cluster_counts(c, B).queries_for_peers, before + 1);
    cluster_free(c);
}

static void names_outside_every_zone_are_refused(void)
{
    struct cluster *c = trio();
    cluster_start(c);
    cluster_run(c, SW_SEC);
    const uint32_t q = cluster_ask(c, A, "www.example.com", SW_TYPE_A);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_REFUSED);
    CHECK_U64(cluster_counts(c, A).forwarded, 0);
    cluster_free(c);
}

static void the_closest_zone_decides_who_is_asked(void)
{
    static const char sub[] = "@ 300 IN SOA ns.example.org. admin 1 3600 600 86400 300\n"
                              "@ 300 IN NS ns.example.org.\n"
                              "www 300 IN A 192.0.2.9\n";
    struct cluster *c = trio();
    cluster_file(c, "sub.zone", sub);
    cluster_zone(c, C, "sub.example.org", "sub.zone");
    cluster_start(c);
    cluster_run(c, SW_SEC);
    for (unsigned i = 0; i < 10; i++) {
        const uint32_t q = cluster_ask(c, A, "www.sub.example.org", SW_TYPE_A);
        cluster_run(c, SW_SEC);
        CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    }
    CHECK_U64(cluster_counts(c, B).queries_for_peers, 0);
    cluster_free(c);
}

static void another_policy_takes_over_between_a_query_and_its_answer(void)
{
    static char ants[] = "ant_colony";
    struct cluster *c = seasoned();
    const uint32_t q = ask(c);
    cluster_run(c, 2 * SW_MS);
    cluster_config(c, A)->policy = ants;
    CHECK_I64(cluster_configure(c, A), SW_OK);
    cluster_run(c, 30 * SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    CHECK(cluster_counts(c, A).ants > 0);
    const uint32_t next = ask(c);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, next), SW_RCODE_NOERROR);
    cluster_free(c);
}

static void a_suspected_peer_is_trusted_again_after_an_ant_came_back(void)
{
    static char ants[] = "ant_colony";
    struct cluster *c = trio();
    cluster_config(c, A)->policy = ants;
    cluster_start(c);
    cluster_run(c, 3 * SW_SEC);
    cluster_silence(c, B, A, true);
    for (unsigned i = 0; i < 20; i++) {
        const uint32_t q = ask(c);
        cluster_run(c, 500 * SW_MS);
        CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    }
    CHECK_U64(cluster_traces(c, A, SW_TRACE_SUSPECT), 1);
    CHECK(route(c, "b").suspected);
    cluster_silence(c, B, A, false);
    cluster_run(c, 5 * SW_SEC);
    CHECK_U64(cluster_traces(c, A, SW_TRACE_TRUSTED), 1);
    CHECK(!route(c, "b").suspected);
    cluster_free(c);
}

static void a_peer_that_said_goodbye_is_asked_again_after_its_next_hello(void)
{
    static uint8_t org[] = "\7example\3org";
    struct cluster *c = seasoned();
    Swarm__V1__Goodbye goodbye = SWARM__V1__GOODBYE__INIT;
    struct envelope e;
    const uint64_t before = cluster_counts(c, B).queries_for_peers;
    ENVELOPE(&e, GOODBYE, goodbye, &goodbye);
    CHECK(cluster_inject(c, B, A, SW_CLASS_CONTROL, envelope_bytes(&e)));
    (void)ask(c);
    cluster_run(c, SW_SEC);
    CHECK_U64(cluster_counts(c, B).queries_for_peers, before);
    e = envelope_hello_with("b", org, sizeof org);
    CHECK(cluster_inject(c, B, A, SW_CLASS_CONTROL, envelope_bytes(&e)));
    (void)ask(c);
    cluster_run(c, SW_SEC);
    CHECK_U64(cluster_counts(c, B).queries_for_peers, before + 1);
    cluster_free(c);
}

static void query_event(struct cluster *c, uint32_t node, const char *text, uint64_t stream)
{
    uint8_t name[SW_DNAME_MAX];
    uint8_t message[SW_DNS_UDP_MIN];
    struct sw_wr w = { .buf = message, .cap = sizeof message };
    struct sw_event ev = { .kind = SW_EV_QUERY };
    CHECK(sw_dname_from_text(text, name) > 0);
    sw_query_write(
        &w, &(struct sw_query){ .id = 5, .type = SW_TYPE_TXT, .name = name, .udp_size = 4096 });
    ev.u.query.client.stream = stream;
    ev.u.query.client.port = UINT16_MAX; /* no ticket's */
    ev.u.query.message = (struct sw_bytes){ message, w.len };
    (void)cluster_event(c, node, &ev);
}

/* A front's view may be older than what the node knows by now. */
static void a_query_for_a_zone_held_here_is_answered_here(void)
{
    struct cluster *c = seasoned();
    const uint64_t before = cluster_actions(c, B, SW_ACT_ANSWER);
    query_event(c, B, "www.example.org", 99);
    CHECK_U64(cluster_actions(c, B, SW_ACT_ANSWER), before + 1);
    CHECK_U64(cluster_counts(c, B).forwarded, 0);
    cluster_free(c);
}

/* The longest DNS message in an Answer. */
static bool longest_answer(void *arg, uint32_t from, uint32_t to, enum sw_class class,
                           struct sw_bytes message)
{
    (void)from;
    (void)to;
    (void)class;
    size_t *longest = arg;
    Swarm__V1__Envelope *e = swarm__v1__envelope__unpack(NULL, message.len, message.data);
    if (e != NULL && e->body_case == SWARM__V1__ENVELOPE__BODY_ANSWER &&
        e->answer->message.len > *longest) {
        *longest = e->answer->message.len;
    }
    swarm__v1__envelope__free_unpacked(e, NULL);
    return true;
}

static void a_client_on_a_stream_gets_a_whole_answer(void)
{
    static char zone[8192];
    static char text[201];
    size_t used = (size_t)snprintf(zone, sizeof zone, "%s", ZONE_ORG);
    memset(text, 'x', 200);
    for (unsigned i = 0; i < 20; i++) {
        used +=
            (size_t)snprintf(zone + used, sizeof zone - used, "big 300 IN TXT \"%u%s\"\n", i, text);
    }
    size_t longest = 0;
    struct cluster *c = trio();
    cluster_file(c, "org.zone", zone);
    cluster_start(c);
    cluster_run(c, SW_SEC);
    cluster_set_tap(c, longest_answer, &longest);
    query_event(c, A, "big.example.org", 0);
    cluster_run(c, SW_SEC);
    CHECK(longest > 0 && longest <= 1232); /* our own limit, whatever the client takes */
    query_event(c, A, "big.example.org", 99);
    cluster_run(c, SW_SEC);
    CHECK(longest > 4000);
    cluster_free(c);
}

/* Late attempts are kept for what they may teach, but not at the expense of clients. */
static void late_attempts_make_room_for_new_ones(void)
{
    struct cluster *c = trio();
    for (const char *name = "def"; *name != '\0'; name++) {
        const char text[2] = { *name, '\0' };
        cluster_zone(c, cluster_add(c, text, "us"), "example.org", "org.zone");
    }
    cluster_config(c, A)->query_attempts = 5;
    cluster_config(c, A)->retry_budget = 1;
    be_patient(c, 6);
    cluster_config(c, A)->max_waiting = 1000; /* 2 x 1000 attempts in 1.9 s, kept for 5 s */
    cluster_start(c);
    cluster_run(c, SW_SEC);
    for (uint32_t peer = B; peer < 6; peer++) {
        cluster_silence(c, peer, A, true);
    }
    for (unsigned i = 0; i < 4000; i++) {
        (void)ask(c);
        cluster_run(c, 2 * SW_MS);
    }
    CHECK(cluster_traces(c, A, SW_TRACE_ROUTED) > 4000);
    CHECK(cluster_counts(c, A).waiting > 900); /* the table is well used */
    for (uint32_t peer = B; peer < 6; peer++) {
        cluster_silence(c, peer, A, false);
    }
    cluster_run(c, 3 * SW_SEC);
    const uint32_t q = ask(c);
    cluster_run(c, 3 * SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    CHECK_U64(cluster_counts(c, A).waiting, 0);
    cluster_free(c);
}

/* ---- repeatability ---- */

static struct cluster *eventful(uint64_t seed)
{
    static char ants[] = "ant_colony";
    struct cluster *c = cluster_new(seed);
    cluster_file(c, "org.zone", ZONE_ORG);
    (void)cluster_add(c, "a", "eu");
    cluster_zone(c, cluster_add(c, "b", "eu"), "example.org", "org.zone");
    cluster_zone(c, cluster_add(c, "c", "us"), "example.org", "org.zone");
    for (uint32_t i = A; i <= C; i++) {
        cluster_config(c, i)->policy = ants;
    }
    cluster_start(c);
    cluster_run(c, SW_SEC);
    for (unsigned i = 0; i < 300; i++) {
        (void)cluster_ask(c, i % 3, "www.example.org", SW_TYPE_A);
        cluster_run(c, 7 * SW_MS);
        cluster_silence(c, B, A, i % 50 > 40);
        cluster_cut(c, A, C, i % 100 > 70);
    }
    cluster_run(c, 5 * SW_SEC);
    return c;
}

static void the_same_events_give_the_same_actions_to_the_byte(void)
{
    struct cluster *one = eventful(7);
    struct cluster *two = eventful(7);
    struct cluster *other = eventful(8);
    for (uint32_t i = A; i <= C; i++) {
        CHECK_U64(cluster_digest(two, i), cluster_digest(one, i));
    }
    CHECK_STR(cluster_log(two, A), cluster_log(one, A));
    CHECK(cluster_digest(other, A) != cluster_digest(one, A));
    CHECK(cluster_counts(one, A).retried > 0); /* something happened */
    CHECK(cluster_counts(one, A).ants > 0);
    cluster_free(one);
    cluster_free(two);
    cluster_free(other);
}

extern CU_TestInfo tests_forward[];
CU_TestInfo tests_forward[] = {
#define T(name)     \
    {               \
#name, name \
    }
    T(a_query_is_answered_by_a_node_that_holds_the_zone),
    T(the_router_learns_who_is_near),
    T(a_silent_peer_is_given_up_for_another),
    T(a_late_answer_teaches_the_router),
    T(a_late_answer_serves_a_client_that_still_waits),
    T(when_a_peer_is_lost_its_queries_go_elsewhere_at_once),
    T(when_all_are_gone_a_query_fails_at_once_and_says_why),
    T(a_query_in_flight_when_the_last_peer_is_lost_names_the_network),
    T(a_query_fails_when_its_time_is_up),
    T(a_query_is_tried_no_more_often_than_allowed),
    T(retries_stay_within_their_budget),
    T(with_no_budget_nothing_is_retried),
    T(a_full_table_fails_early),
    T(a_busy_peer_refuses_and_another_answers),
    T(when_all_refuse_a_query_fails_without_waiting),
    T(a_blocked_connection_gets_no_queries),
    T(names_outside_every_zone_are_refused),
    T(the_closest_zone_decides_who_is_asked),
    T(another_policy_takes_over_between_a_query_and_its_answer),
    T(a_suspected_peer_is_trusted_again_after_an_ant_came_back),
    T(a_peer_that_said_goodbye_is_asked_again_after_its_next_hello),
    T(a_query_for_a_zone_held_here_is_answered_here),
    T(a_client_on_a_stream_gets_a_whole_answer),
    T(late_attempts_make_room_for_new_ones),
    T(the_same_events_give_the_same_actions_to_the_byte),
    CU_TEST_INFO_NULL,
};

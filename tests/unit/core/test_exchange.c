/* SPDX-License-Identifier: GPL-3.0-or-later
 * What peers may say to a node, what it answers, and on whom it hangs up. */
#include "node/core/swarm/codec.h"
#include "node/core/swarm/router.h"
#include "tests/lib/check.h"
#include "tests/lib/cluster.h"
#include "tests/lib/envelope.h"
#include "tests/lib/swarm_zones.h"

enum { A, B };

/* a and b know each other; b holds example.org. */
static struct cluster *pair(void)
{
    struct cluster *c = cluster_new(1);
    cluster_file(c, "org.zone", ZONE_ORG);
    (void)cluster_add(c, "a", "eu");
    cluster_zone(c, cluster_add(c, "b", "us"), "example.org", "org.zone");
    cluster_start(c);
    cluster_run(c, SW_SEC);
    return c;
}

/* The latest message from b to a. */
struct heard {
    Swarm__V1__Envelope__BodyCase body;
    uint64_t id;
    size_t answer_len;
    uint32_t waiting;
    uint64_t last_query; /* a's id */
};

static bool listen(void *arg, uint32_t from, uint32_t to, enum sw_class class,
                   struct sw_bytes message)
{
    (void)to;
    (void)class;
    struct heard *h = arg;
    Swarm__V1__Envelope *e = swarm__v1__envelope__unpack(NULL, message.len, message.data);
    if (e == NULL) {
        return true;
    }
    if (from == B) {
        h->body = e->body_case;
        if (e->body_case == SWARM__V1__ENVELOPE__BODY_ANSWER) {
            h->id = e->answer->id;
            h->answer_len = e->answer->message.len;
            h->waiting = e->answer->load->waiting;
        } else if (e->body_case == SWARM__V1__ENVELOPE__BODY_ANT_REPLY) {
            h->id = e->ant_reply->nonce;
            h->waiting = e->ant_reply->load->waiting;
        }
    } else if (e->body_case == SWARM__V1__ENVELOPE__BODY_QUERY) {
        h->last_query = e->query->id;
    }
    swarm__v1__envelope__free_unpacked(e, NULL);
    return true;
}

static void say(struct cluster *c, enum sw_class class, struct envelope e)
{
    CHECK(cluster_inject(c, A, B, class, envelope_bytes(&e)));
}

static void a_query_is_answered_with_the_load(void)
{
    struct cluster *c = pair();
    struct heard h = { 0 };
    cluster_set_tap(c, listen, &h);
    cluster_load(c, B, (struct sw_load){ .waiting = 5, .cores = 2, .service = SW_MS });
    say(c, SW_CLASS_CONTROL, envelope_query(42, "z", 1));
    CHECK_U64(h.body, SWARM__V1__ENVELOPE__BODY_ANSWER);
    CHECK_U64(h.id, 42);
    CHECK(h.answer_len > 12);
    CHECK_U64(h.waiting, 5);
    cluster_free(c);
}

static void an_ant_is_answered_with_the_load(void)
{
    struct cluster *c = pair();
    struct heard h = { 0 };
    cluster_set_tap(c, listen, &h);
    cluster_load(c, B, (struct sw_load){ .waiting = 6, .cores = 2, .service = SW_MS });
    say(c, SW_CLASS_CONTROL, envelope_ant(UINT64_MAX));
    CHECK_U64(h.body, SWARM__V1__ENVELOPE__BODY_ANT_REPLY);
    CHECK_U64(h.id, UINT64_MAX);
    CHECK_U64(h.waiting, 6);
    cluster_free(c);
}

static void a_query_that_goes_in_circles_is_refused(void)
{
    struct cluster *c = pair();
    struct heard h = { 0 };
    cluster_set_tap(c, listen, &h);
    say(c, SW_CLASS_CONTROL, envelope_query(1, "b", 1)); /* b began it */
    CHECK_U64(h.id, 1);
    CHECK_U64(h.answer_len, 0);
    say(c, SW_CLASS_CONTROL, envelope_query(2, "z", 5));
    CHECK_U64(h.id, 2);
    CHECK_U64(h.answer_len, 0);
    say(c, SW_CLASS_CONTROL, envelope_query(3, "z", 4));
    CHECK_U64(h.id, 3);
    CHECK(h.answer_len > 0);
    CHECK_U64(cluster_traces(c, B, SW_TRACE_BAD_MESSAGE), 0);
    cluster_free(c);
}

static void a_draining_node_refuses_at_once(void)
{
    struct cluster *c = pair();
    struct heard h = { 0 };
    struct sw_event drain = { .kind = SW_EV_DRAIN };
    cluster_set_tap(c, listen, &h);
    (void)cluster_event(c, B, &drain);
    CHECK_U64(h.body, SWARM__V1__ENVELOPE__BODY_GOODBYE);
    say(c, SW_CLASS_CONTROL, envelope_query(9, "z", 1));
    CHECK_U64(h.id, 9);
    CHECK_U64(h.answer_len, 0);
    cluster_free(c);
}

/* Does b hang up when a says @e by @class, and does everything else go on? */
static void check_hangs_up(enum sw_class class, struct envelope e)
{
    struct cluster *c = pair();
    say(c, class, e);
    CHECK_U64(cluster_traces(c, B, SW_TRACE_BAD_MESSAGE), 1);
    CHECK_U64(cluster_actions(c, B, SW_ACT_HANG_UP), 1);
    CHECK_U64(cluster_conn(c, B, A, class), 0);
    CHECK(cluster_conn(c, B, A, class == SW_CLASS_BULK ? SW_CLASS_CONTROL : SW_CLASS_BULK) != 0);
    cluster_run(c, 2 * SW_SEC); /* a dials again */
    CHECK(cluster_conn(c, B, A, class) != 0);
    const uint32_t q = cluster_ask(c, A, "www.example.org", SW_TYPE_A);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    cluster_free(c);
}

static void nonsense_is_hung_up_on(void)
{
    struct envelope e = { .data = "\377\377\377", .len = 3 };
    check_hangs_up(SW_CLASS_CONTROL, e);
    check_hangs_up(SW_CLASS_BULK, e);
}

static void bulk_by_control_and_control_by_bulk_are_hung_up_on(void)
{
    check_hangs_up(SW_CLASS_CONTROL, envelope_heads_get());
    check_hangs_up(SW_CLASS_BULK, envelope_query(1, "a", 1));
}

static void a_hello_in_another_name_is_hung_up_on(void)
{
    check_hangs_up(SW_CLASS_CONTROL, envelope_hello("z"));
    check_hangs_up(SW_CLASS_BULK, envelope_hello("z"));
}

static void a_query_that_is_no_dns_query_is_hung_up_on(void)
{
    Swarm__V1__Query m = SWARM__V1__QUERY__INIT;
    uint8_t noise[] = { 1, 2, 3 };
    m.message = (ProtobufCBinaryData){ sizeof noise, noise };
    struct envelope e;
    ENVELOPE(&e, QUERY, query, &m);
    check_hangs_up(SW_CLASS_CONTROL, e);
}

/* Last of several bodies wins in protocol buffers, but the first decides how hosts queue it. */
static void an_envelope_that_changes_its_mind_is_hung_up_on(void)
{
    struct envelope e = envelope_ant(1);
    const struct envelope query = envelope_query(1, "a", 1);
    memcpy(e.data + e.len, query.data, query.len);
    e.len += query.len;
    check_hangs_up(SW_CLASS_CONTROL, e);
}

static void a_hello_with_a_name_that_is_none_is_hung_up_on(void)
{
    static uint8_t bad[4][8] = { "\3org", "\3ORG", "\3or", "\300\014" };
    static const size_t len[4] = { 4, 5, 3, 2 }; /* no root, upper case, cut, compressed */
    for (unsigned i = 0; i < 4; i++) {
        check_hangs_up(SW_CLASS_CONTROL, envelope_hello_with("a", bad[i], len[i]));
    }
}

static void an_answer_to_another_question_is_hung_up_on_and_asked_again(void)
{
    struct cluster *c = pair();
    struct heard h = { 0 };
    cluster_set_tap(c, listen, &h);
    cluster_silence(c, B, A, true);
    const uint32_t q = cluster_ask(c, A, "www.example.org", SW_TYPE_A);
    cluster_run(c, 20 * SW_MS);
    REQUIRE(h.last_query != 0);
    uint8_t wrong[17] = { 0, 0, 0x80, 0, 0, 1 };
    wrong[14] = 1;
    wrong[16] = 1;
    const struct envelope e = envelope_answer(h.last_query, (struct sw_bytes){ wrong, 17 });
    CHECK(cluster_inject(c, B, A, SW_CLASS_CONTROL, envelope_bytes(&e)));
    CHECK_U64(cluster_traces(c, A, SW_TRACE_BAD_MESSAGE), 1);
    cluster_run(c, SW_MS);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_SERVFAIL); /* b was the only one */
    CHECK_I64(cluster_ede(c, q), SW_EDE_NETWORK_ERROR);
    cluster_free(c);
}

static void answers_to_nothing_are_ignored(void)
{
    struct cluster *c = pair();
    const struct envelope answer = envelope_answer(7, (struct sw_bytes){ NULL, 0 });
    say(c, SW_CLASS_CONTROL, answer);
    say(c, SW_CLASS_CONTROL, envelope_ant_reply(8));
    CHECK_U64(cluster_traces(c, B, SW_TRACE_BAD_MESSAGE), 0);
    cluster_free(c);
}

static void an_answer_from_the_wrong_peer_is_hung_up_on(void)
{
    struct cluster *c = cluster_new(1);
    struct heard h = { 0 };
    cluster_file(c, "org.zone", ZONE_ORG);
    (void)cluster_add(c, "a", "eu");
    cluster_zone(c, cluster_add(c, "b", "us"), "example.org", "org.zone");
    const uint32_t evil = cluster_add(c, "evil", "us");
    cluster_start(c);
    cluster_run(c, SW_SEC);
    cluster_set_tap(c, listen, &h);
    const uint32_t q = cluster_ask(c, A, "www.example.org", SW_TYPE_A);
    cluster_run(c, SW_MS);
    const struct envelope e = envelope_answer(h.last_query, (struct sw_bytes){ NULL, 0 });
    CHECK(cluster_inject(c, evil, A, SW_CLASS_CONTROL, envelope_bytes(&e)));
    CHECK_U64(cluster_traces(c, A, SW_TRACE_BAD_MESSAGE), 1);
    CHECK_U64(cluster_conn(c, A, evil, SW_CLASS_CONTROL), 0);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    cluster_free(c);
}

static void a_message_of_a_newer_version_is_ignored(void)
{
    struct cluster *c = pair();
    const struct envelope e = { .data = "\372\1\2hi", .len = 5 }; /* field 31, two bytes */
    say(c, SW_CLASS_CONTROL, e);
    CHECK_U64(cluster_traces(c, B, SW_TRACE_BAD_MESSAGE), 0);
    cluster_free(c);
}

static void nobody_speaks_before_his_hello(void)
{
    struct cluster *c = pair();
    struct sw_event up = { .kind = SW_EV_PEER_UP };
    up.u.peer_up.conn = 1001;
    up.u.peer_up.peer.s[0] = 'a';
    (void)cluster_event(c, B, &up);
    struct envelope e = envelope_query(1, "a", 1);
    struct sw_event message = { .kind = SW_EV_PEER_MESSAGE };
    message.u.peer_message.conn = 1001;
    message.u.peer_message.message = envelope_bytes(&e);
    (void)cluster_event(c, B, &message);
    CHECK_U64(cluster_traces(c, B, SW_TRACE_BAD_MESSAGE), 1);
    cluster_free(c);
}

static void a_peer_that_never_says_hello_is_hung_up_on(void)
{
    struct cluster *c = cluster_new(1);
    cluster_file(c, "org.zone", ZONE_ORG);
    (void)cluster_add(c, "a", "eu");
    cluster_zone(c, cluster_add(c, "b", "us"), "example.org", "org.zone");
    cluster_silence(c, A, B, true);
    cluster_silence(c, B, A, true);
    cluster_start(c);
    cluster_run(c, 10 * SW_SEC);
    CHECK_U64(cluster_actions(c, A, SW_ACT_HANG_UP) + cluster_actions(c, B, SW_ACT_HANG_UP), 0);
    cluster_run(c, 2 * SW_SEC);
    CHECK(cluster_actions(c, A, SW_ACT_HANG_UP) + cluster_actions(c, B, SW_ACT_HANG_UP) >= 2);
    cluster_silence(c, A, B, false);
    cluster_silence(c, B, A, false);
    cluster_run(c, 20 * SW_SEC);
    CHECK(cluster_conn(c, A, B, SW_CLASS_CONTROL) != 0);
    const uint32_t q = cluster_ask(c, A, "www.example.org", SW_TYPE_A);
    cluster_run(c, SW_SEC);
    CHECK_I64(cluster_rcode(c, q), SW_RCODE_NOERROR);
    cluster_free(c);
}

static void a_stranger_who_says_nothing_is_forgotten(void)
{
    struct cluster *c = pair();
    struct sw_event up = { .kind = SW_EV_PEER_UP };
    up.u.peer_up.conn = 1001;
    up.u.peer_up.peer.s[0] = 'z';
    (void)cluster_event(c, B, &up);
    CHECK_U64(cluster_actions(c, B, SW_ACT_HANG_UP), 0);
    CHECK_U64(sw_node_members(cluster_node(c, B), NULL, 0), 2);
    cluster_run(c, 12 * SW_SEC);
    CHECK_U64(cluster_actions(c, B, SW_ACT_HANG_UP), 1);
    CHECK_U64(sw_node_members(cluster_node(c, B), NULL, 0), 1);
    cluster_free(c);
}

static void a_stranger_in_our_own_name_is_hung_up_on(void)
{
    struct cluster *c = pair();
    struct sw_event up = { .kind = SW_EV_PEER_UP };
    up.u.peer_up.conn = 1001;
    up.u.peer_up.peer.s[0] = 'b';
    (void)cluster_event(c, B, &up);
    CHECK_U64(cluster_actions(c, B, SW_ACT_HANG_UP), 1);
    CHECK_U64(cluster_traces(c, B, SW_TRACE_PEER_UP), 2); /* a's two */
    cluster_free(c);
}

static void a_second_connection_replaces_the_first(void)
{
    struct cluster *c = pair();
    struct sw_event up = { .kind = SW_EV_PEER_UP };
    up.u.peer_up.conn = 1001;
    up.u.peer_up.peer.s[0] = 'a';
    (void)cluster_event(c, B, &up);
    CHECK_U64(cluster_actions(c, B, SW_ACT_HANG_UP), 1);
    CHECK_U64(cluster_conn(c, B, A, SW_CLASS_CONTROL), 0);
    const struct envelope hello = envelope_hello("a");
    struct sw_event message = { .kind = SW_EV_PEER_MESSAGE };
    message.u.peer_message.conn = 1001;
    message.u.peer_message.message = envelope_bytes(&hello);
    (void)cluster_event(c, B, &message);
    CHECK_U64(cluster_traces(c, B, SW_TRACE_BAD_MESSAGE), 0);
    CHECK_U64(cluster_traces(c, B, SW_TRACE_PEER_DOWN), 1);
    CHECK_U64(cluster_traces(c, B, SW_TRACE_PEER_UP), 3);
    cluster_free(c);
}

static void dials_back_off_and_come_back(void)
{
    struct cluster *c = pair();
    const uint64_t before = cluster_actions(c, A, SW_ACT_DIAL);
    cluster_cut(c, A, B, true);
    cluster_run(c, 60 * SW_SEC);
    const uint64_t dials = cluster_actions(c, A, SW_ACT_DIAL) - before;
    CHECK(dials >= 2 * 60 / 6); /* 5 s and the failed dial, for each class */
    CHECK(dials <= 2 * (6 + 60 / 2));
    cluster_cut(c, A, B, false);
    cluster_run(c, 6 * SW_SEC);
    CHECK(cluster_conn(c, A, B, SW_CLASS_CONTROL) != 0);
    CHECK(cluster_conn(c, A, B, SW_CLASS_BULK) != 0);
    CHECK(cluster_actions(c, B, SW_ACT_DIAL) < 20); /* the greater name only looks for somebody */
    cluster_free(c);
}

static void impossible_loads_are_not_believed(void)
{
    static const struct {
        uint32_t waiting, cores;
        uint64_t service;
        sw_dur sojourn;
        bool known;
    } rows[] = {
        { 3, 2, SW_MS, 5 * SW_MS, true },
        { 3, 2, SW_MS, 11 * SW_MS, false }, /* longer than the round trip */
        { 3, 0, SW_MS, 0, false },
        { 3, 5000, SW_MS, 0, false },
        { 2000000, 2, SW_MS, 0, false },
        { 3, 2, 0, 0, false }, /* it does not know itself */
        { 3, 2, 11 * SW_SEC, 0, false },
    };
    for (size_t i = 0; i < SW_LEN(rows); i++) {
        Swarm__V1__Load load = SWARM__V1__LOAD__INIT;
        load.waiting = rows[i].waiting;
        load.cores = rows[i].cores;
        load.service = rows[i].service;
        const struct sw_telemetry t = sw_router_telemetry(&load, rows[i].sojourn, true, 10 * SW_MS);
        CHECK_U64(t.known, rows[i].known);
        CHECK(t.hit);
    }
    CHECK(!sw_router_telemetry(NULL, 0, false, 10 * SW_MS).known);
}

extern CU_TestInfo tests_exchange[];
CU_TestInfo tests_exchange[] = {
#define T(name)     \
    {               \
#name, name \
    }
    T(a_query_is_answered_with_the_load),
    T(an_ant_is_answered_with_the_load),
    T(a_query_that_goes_in_circles_is_refused),
    T(a_draining_node_refuses_at_once),
    T(nonsense_is_hung_up_on),
    T(bulk_by_control_and_control_by_bulk_are_hung_up_on),
    T(a_hello_in_another_name_is_hung_up_on),
    T(a_query_that_is_no_dns_query_is_hung_up_on),
    T(an_envelope_that_changes_its_mind_is_hung_up_on),
    T(a_hello_with_a_name_that_is_none_is_hung_up_on),
    T(an_answer_to_another_question_is_hung_up_on_and_asked_again),
    T(answers_to_nothing_are_ignored),
    T(an_answer_from_the_wrong_peer_is_hung_up_on),
    T(a_message_of_a_newer_version_is_ignored),
    T(nobody_speaks_before_his_hello),
    T(a_peer_that_never_says_hello_is_hung_up_on),
    T(a_stranger_who_says_nothing_is_forgotten),
    T(a_stranger_in_our_own_name_is_hung_up_on),
    T(a_second_connection_replaces_the_first),
    T(dials_back_off_and_come_back),
    T(impossible_loads_are_not_believed),
    CU_TEST_INFO_NULL,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Fronts: datagrams and streams in, replies and forwarded queries out. */
#include "node/core/front.h"

#include "tests/lib/check.h"
#include "tests/lib/dns_text.h"
#include "tests/lib/fail_alloc.h"

extern CU_TestInfo tests_front[];

/* A front with one zone, "test", and one zone elsewhere, "away". */
struct rig {
    struct sw_front *front;
    struct sw_actions out;
    struct sw_zone *zone;
    const struct sw_zone *zones[1];
    uint8_t away[SW_DNAME_MAX];
    const uint8_t *elsewhere[1];
    struct sw_view view;
    sw_time now;
};

static bool rig_up(struct rig *r, const struct sw_front_options *options)
{
    *r = (struct rig){ .now = 1000 * SW_SEC };
    r->front = sw_front_new(options);
    char text[1024];
    (void)snprintf(text, sizeof text,
                   "$TTL 60\n@ SOA a b 1 1 1 1 60\n@ NS a.other.\na A 192.0.2.1\n"
                   "big TXT \"%0120d\" \"%0120d\" \"%0120d\" \"%0120d\" \"%0120d\"\n",
                   0, 0, 0, 0, 0);
    r->zone = dns_zone("test", text);
    (void)sw_dname_from_text("away", r->away);
    r->zones[0] = r->zone;
    r->elsewhere[0] = r->away;
    r->view = (struct sw_view){ r->zones, 1, r->elsewhere, 1, 1232, NULL, 0 };
    if (r->front == NULL || r->zone == NULL) {
        return false;
    }
    const struct sw_event ev = { .kind = SW_EV_VIEW, .now = r->now, .u.view = &r->view };
    return sw_front_step(r->front, &ev, &r->out) == SW_OK;
}

static void rig_down(struct rig *r)
{
    sw_front_free(r->front);
    sw_actions_fini(&r->out);
    sw_zone_free(r->zone);
}

static int step(struct rig *r, struct sw_event ev)
{
    ev.now = r->now;
    sw_actions_clear(&r->out);
    return sw_front_step(r->front, &ev, &r->out);
}

static struct sw_event datagram(struct sw_bytes message)
{
    struct sw_event ev = { .kind = SW_EV_DATAGRAM };
    ev.u.datagram.client = (struct sw_client){ .port = 4711, .socket = 3, .front = 2 };
    ev.u.datagram.message = message;
    return ev;
}

static struct sw_event opened(uint64_t stream)
{
    struct sw_event ev = { .kind = SW_EV_STREAM_OPEN };
    ev.u.stream_open = (struct sw_client){ .stream = stream, .port = 4712 };
    return ev;
}

static struct sw_event data(uint64_t stream, const uint8_t *bytes, size_t len)
{
    struct sw_event ev = { .kind = SW_EV_STREAM_DATA };
    ev.u.stream_data.stream = stream;
    ev.u.stream_data.data = (struct sw_bytes){ bytes, len };
    return ev;
}

static struct sw_event answer(struct sw_client client, struct sw_bytes message)
{
    struct sw_event ev = { .kind = SW_EV_ANSWER };
    ev.u.answer.client = client;
    ev.u.answer.message = message;
    return ev;
}

/* Append a framed query to @w. */
static void put_framed(struct sw_wr *w, const char *name, uint16_t type)
{
    const size_t at = w->len;
    sw_wr_u16(w, 0);
    dns_query(w, name, type, 0);
    const size_t len = w->len - at - 2;
    w->buf[at] = (uint8_t)(len >> 8);
    w->buf[at + 1] = (uint8_t)len;
}

static size_t count(const struct rig *r, enum sw_action_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < r->out.n; i++) {
        n += r->out.v[i].kind == kind;
    }
    return n;
}

static void datagrams_are_answered_forwarded_or_ignored(void)
{
    struct rig r;
    REQUIRE(rig_up(&r, &(struct sw_front_options){ 0 }));
    uint8_t query[300];
    char text[512];
    struct sw_wr q = { .buf = query, .cap = sizeof query };

    dns_query(&q, "a.test", SW_TYPE_A, 1232);
    CHECK_I64(step(&r, datagram((struct sw_bytes){ query, q.len })), SW_OK);
    CHECK_U64(r.out.n, 1);
    CHECK_U64(r.out.v[0].kind, SW_ACT_REPLY);
    CHECK_U64(r.out.v[0].u.reply.client.port, 4711);
    CHECK_U64(r.out.v[0].u.reply.client.socket, 3);
    dns_text(r.out.v[0].u.reply.message, text, sizeof text);
    CHECK_STR(text, "NOERROR aa\nan a.test. 60 A 192.0.2.1\nopt 1232\n");

    q.len = 0;
    dns_query(&q, "www.away", SW_TYPE_A, 1232);
    CHECK_I64(step(&r, datagram((struct sw_bytes){ query, q.len })), SW_OK);
    CHECK_U64(r.out.n, 1);
    CHECK_U64(r.out.v[0].kind, SW_ACT_FORWARD);
    CHECK_U64(r.out.v[0].u.forward.message.len, q.len);
    CHECK(memcmp(r.out.v[0].u.forward.message.data, query, q.len) == 0);
    CHECK_U64(r.out.v[0].u.forward.client.front, 2);

    q.len = 0;
    dns_query(&q, "www.nowhere", SW_TYPE_A, 0);
    CHECK_I64(step(&r, datagram((struct sw_bytes){ query, q.len })), SW_OK);
    dns_text(r.out.v[0].u.reply.message, text, sizeof text);
    CHECK_STR(text, "REFUSED\n");

    q.len = 0;
    dns_query(&q, "big.test", SW_TYPE_TXT, 0);
    CHECK_I64(step(&r, datagram((struct sw_bytes){ query, q.len })), SW_OK);
    dns_text(r.out.v[0].u.reply.message, text, sizeof text);
    CHECK_STR(text, "NOERROR aa tc\n");

    CHECK_I64(step(&r, datagram((struct sw_bytes){ query, q.len - 1 })), SW_OK);
    dns_text(r.out.v[0].u.reply.message, text, sizeof text);
    CHECK_STR(text, "FORMERR no question\n");

    query[2] |= SW_DNS_QR;
    CHECK_I64(step(&r, datagram((struct sw_bytes){ query, q.len })), SW_OK);
    CHECK_U64(r.out.n, 0);
    CHECK_I64(step(&r, datagram((struct sw_bytes){ query, 5 })), SW_OK);
    CHECK_U64(r.out.n, 0);

    struct sw_front_counts c;
    sw_front_counts(r.front, &c);
    CHECK_U64(c.queries, 4);
    CHECK_U64(c.answered, 3);
    CHECK_U64(c.forwarded, 1);
    CHECK_U64(c.malformed, 3);
    CHECK_U64(c.refused, 1);
    CHECK_U64(c.truncated, 1);
    CHECK_U64(c.by_rcode[SW_RCODE_NOERROR], 2);
    CHECK_U64(c.by_rcode[SW_RCODE_FORMERR], 1);
    CHECK_U64(c.by_rcode[SW_RCODE_REFUSED], 1);
    rig_down(&r);
}

static void without_a_view_everything_is_refused(void)
{
    struct sw_front *f = sw_front_new(&(struct sw_front_options){ 0 });
    REQUIRE(f != NULL);
    struct sw_actions out = { 0 };
    uint8_t query[300];
    char text[512];
    struct sw_wr q = { .buf = query, .cap = sizeof query };
    dns_query(&q, "a.test", SW_TYPE_A, 1232);
    const struct sw_event ev = datagram((struct sw_bytes){ query, q.len });
    CHECK_I64(sw_front_step(f, &ev, &out), SW_OK);
    dns_text(out.v[0].u.reply.message, text, sizeof text);
    CHECK_STR(text, "REFUSED\nopt 512 ede 14\n");
    sw_actions_fini(&out);
    sw_front_free(f);
}

static void streams_are_read_however_their_bytes_are_cut(void)
{
    uint8_t bytes[600];
    struct sw_wr w = { .buf = bytes, .cap = sizeof bytes };
    put_framed(&w, "a.test", SW_TYPE_A);
    put_framed(&w, "big.test", SW_TYPE_TXT);
    sw_wr_u16(&w, 0); /* an empty message is none, and no reason to stop */
    put_framed(&w, "www.away", SW_TYPE_A);
    for (size_t cut = 1; cut <= w.len; cut++) {
        struct rig r;
        REQUIRE(rig_up(&r, &(struct sw_front_options){ 0 }));
        CHECK_I64(step(&r, opened(9)), SW_OK);
        size_t writes = 0;
        size_t forwards = 0;
        for (size_t at = 0; at < w.len; at += cut) {
            const size_t len = w.len - at < cut ? w.len - at : cut;
            CHECK_I64(step(&r, data(9, bytes + at, len)), SW_OK);
            for (size_t i = 0; i < r.out.n; i++) {
                const struct sw_action *a = &r.out.v[i];
                if (a->kind == SW_ACT_FORWARD) {
                    forwards++;
                    CHECK_U64(a->u.forward.client.stream, 9);
                    continue;
                }
                CHECK_U64(a->kind, SW_ACT_WRITE);
                CHECK_U64(a->u.write.stream, 9);
                const struct sw_bytes d = a->u.write.data;
                CHECK_U64((size_t)d.data[0] << 8 | d.data[1], d.len - 2);
                char text[1024];
                dns_text((struct sw_bytes){ d.data + 2, d.len - 2 }, text, sizeof text);
                CHECK(strncmp(text,
                              writes == 0 ? "NOERROR aa\nan a.test. 60 A 192.0.2.1\n"
                                          : "NOERROR aa\nan big.test. 60 TXT \"0000",
                              35) == 0);
                writes++;
            }
        }
        CHECK_U64(writes, 2);
        CHECK_U64(forwards, 1);
        rig_down(&r);
    }
}

static void answers_from_the_node_reach_their_clients(void)
{
    struct rig r;
    REQUIRE(rig_up(&r, &(struct sw_front_options){ 0 }));
    uint8_t query[300];
    static uint8_t large[65535];
    struct sw_wr q = { .buf = query, .cap = sizeof query };
    struct sw_wr a = { .buf = large, .cap = sizeof large };
    dns_query(&q, "big.test", SW_TYPE_TXT, 4096);
    const struct sw_view wide = { r.zones, 1, NULL, 0, 4096, NULL, 0 };
    CHECK_U64(sw_answer(&wide, (struct sw_bytes){ query, q.len }, true, &a), SW_VERDICT_REPLY);
    const struct sw_bytes message = { large, a.len };

    const struct sw_client by_datagram = { .port = 99, .socket = 1 };
    CHECK_I64(step(&r, answer(by_datagram, message)), SW_OK);
    CHECK_U64(r.out.n, 1);
    CHECK_U64(r.out.v[0].kind, SW_ACT_REPLY);
    CHECK_U64(r.out.v[0].u.reply.client.port, 99);
    CHECK_U64(r.out.v[0].u.reply.message.len, message.len);

    const struct sw_view narrow = { r.zones, 1, r.elsewhere, 1, 600, /* a holder was too generous */
                                    NULL,    0 };
    CHECK_I64(step(&r, (struct sw_event){ .kind = SW_EV_VIEW, .u.view = &narrow }), SW_OK);
    CHECK_I64(step(&r, answer(by_datagram, message)), SW_OK);
    char text[256];
    dns_text(r.out.v[0].u.reply.message, text, sizeof text);
    CHECK_STR(text, "NOERROR aa tc\nopt 4096\n");

    const struct sw_client by_stream = { .stream = 5 };
    CHECK_I64(step(&r, answer(by_stream, message)), SW_OK); /* never opened, or gone */
    CHECK_U64(r.out.n, 0);
    CHECK_I64(step(&r, opened(5)), SW_OK);
    CHECK_I64(step(&r, answer(by_stream, message)), SW_OK);
    CHECK_U64(r.out.v[0].kind, SW_ACT_WRITE);
    CHECK_U64(r.out.v[0].u.write.data.len, 2 + message.len);
    CHECK(memcmp(r.out.v[0].u.write.data.data + 2, large, message.len) == 0);

    CHECK_I64(step(&r, answer(by_datagram, (struct sw_bytes){ large, 11 })), SW_OK);
    CHECK_U64(r.out.n, 0);
    rig_down(&r);
}

static void a_client_that_takes_nothing_is_read_no_further(void)
{
    struct rig r;
    REQUIRE(rig_up(&r, &(struct sw_front_options){ 0 }));
    enum { QUERIES = 400 };
    static uint8_t bytes[QUERIES * 32];
    struct sw_wr w = { .buf = bytes, .cap = sizeof bytes };
    for (int i = 0; i < QUERIES; i++) {
        put_framed(&w, "big.test", SW_TYPE_TXT); /* 641 bytes of answer each */
    }
    CHECK_I64(step(&r, opened(1)), SW_OK);
    CHECK_I64(step(&r, data(1, bytes, w.len)), SW_OK);
    size_t answered = count(&r, SW_ACT_WRITE);
    CHECK(answered > 90 && answered < 110); /* 64 KiB of them */
    CHECK_I64(step(&r, data(1, bytes, 0)), SW_OK);
    CHECK_U64(r.out.n, 0);
    while (answered < QUERIES) {
        CHECK_I64(
            step(&r, (struct sw_event){ .kind = SW_EV_STREAM_WRITABLE, .u.stream_writable = 1 }),
            SW_OK);
        REQUIRE(count(&r, SW_ACT_WRITE) > 0);
        answered += count(&r, SW_ACT_WRITE);
    }
    CHECK_U64(answered, QUERIES);
    /* and when it goes on asking without ever listening, it is cut off */
    size_t closed = 0;
    for (int i = 0; i < 100 && closed == 0; i++) {
        CHECK_I64(step(&r, data(1, bytes, w.len)), SW_OK);
        closed = count(&r, SW_ACT_CLOSE);
    }
    CHECK_U64(closed, 1);
    CHECK_U64(r.out.v[r.out.n - 1].u.close, 1);
    CHECK_I64(step(&r, data(1, bytes, w.len)), SW_OK);
    CHECK_U64(r.out.n, 0);
    rig_down(&r);
}

static void too_many_waiting_queries_hold_the_rest_back(void)
{
    struct rig r;
    REQUIRE(rig_up(&r, &(struct sw_front_options){ 0 }));
    enum { QUERIES = 300 };
    static uint8_t bytes[QUERIES * 32];
    struct sw_wr w = { .buf = bytes, .cap = sizeof bytes };
    for (int i = 0; i < QUERIES; i++) {
        put_framed(&w, "www.away", SW_TYPE_A);
    }
    CHECK_I64(step(&r, opened(1)), SW_OK);
    CHECK_I64(step(&r, data(1, bytes, w.len)), SW_OK);
    size_t forwarded = count(&r, SW_ACT_FORWARD);
    CHECK_U64(forwarded, 256);
    uint8_t reply[64] = { 0x12, 0x34, 0x80 };
    for (int i = 0; i < QUERIES - 256; i++) {
        const struct sw_client client = { .stream = 1 };
        CHECK_I64(step(&r, answer(client, (struct sw_bytes){ reply, 12 })), SW_OK);
        CHECK_U64(count(&r, SW_ACT_WRITE), 1);
        CHECK_U64(count(&r, SW_ACT_FORWARD), 1); /* one out, one in */
    }
    rig_down(&r);
}

static void silent_streams_are_closed(void)
{
    struct rig r;
    REQUIRE(rig_up(&r, &(struct sw_front_options){ .stream_idle = 10 * SW_SEC }));
    const sw_time start = r.now;
    CHECK_U64(sw_front_deadline(r.front), SW_TIME_NEVER);
    CHECK_I64(step(&r, opened(1)), SW_OK);
    r.now += SW_SEC;
    CHECK_I64(step(&r, opened(2)), SW_OK);
    CHECK_U64(sw_front_deadline(r.front), start + 10 * SW_SEC);

    uint8_t bytes[64];
    struct sw_wr w = { .buf = bytes, .cap = sizeof bytes };
    put_framed(&w, "a.test", SW_TYPE_A);
    r.now += SW_SEC;
    CHECK_I64(step(&r, data(1, bytes, w.len)), SW_OK); /* a query counts */
    CHECK_U64(sw_front_deadline(r.front), start + 11 * SW_SEC);
    CHECK_I64(step(&r, data(2, bytes, 3)), SW_OK); /* a dribble does not */
    CHECK_U64(sw_front_deadline(r.front), start + 11 * SW_SEC);

    const struct sw_event tick = { .kind = SW_EV_TICK };
    r.now = start + 11 * SW_SEC - 1;
    CHECK_I64(step(&r, tick), SW_OK);
    CHECK_U64(r.out.n, 0);
    r.now++;
    CHECK_I64(step(&r, tick), SW_OK);
    CHECK_U64(r.out.n, 1);
    CHECK_U64(r.out.v[0].kind, SW_ACT_CLOSE);
    CHECK_U64(r.out.v[0].u.close, 2);
    CHECK_I64(step(&r, (struct sw_event){ .kind = SW_EV_STREAM_CLOSED, .u.stream_closed = 1 }),
              SW_OK);
    CHECK_U64(r.out.n, 0);
    CHECK_U64(sw_front_deadline(r.front), SW_TIME_NEVER);
    rig_down(&r);
}

static void a_client_that_ended_its_side_gets_its_answers_before_the_stream_closes(void)
{
    struct rig r;
    REQUIRE(rig_up(&r, &(struct sw_front_options){ 0 }));
    uint8_t bytes[64];
    uint8_t message[64];
    struct sw_wr w = { .buf = bytes, .cap = sizeof bytes };
    put_framed(&w, "x.away", SW_TYPE_A);
    memcpy(message, bytes + 2, w.len - 2);
    message[2] |= SW_DNS_QR;
    CHECK_I64(step(&r, opened(1)), SW_OK);
    CHECK_I64(step(&r, data(1, bytes, w.len)), SW_OK);
    CHECK_U64(count(&r, SW_ACT_FORWARD), 1);
    const struct sw_event over = { .kind = SW_EV_STREAM_END, .u.stream_end = 1 };
    CHECK_I64(step(&r, over), SW_OK);
    CHECK_U64(r.out.n, 0); /* the node has not answered yet */
    CHECK_I64(step(&r, answer((struct sw_client){ .stream = 1 },
                              (struct sw_bytes){ message, w.len - 2 })),
              SW_OK);
    CHECK_U64(count(&r, SW_ACT_WRITE), 1);
    CHECK_U64(count(&r, SW_ACT_CLOSE), 0); /* nor has that left */
    CHECK_I64(step(&r, (struct sw_event){ .kind = SW_EV_STREAM_WRITABLE, .u.stream_writable = 1 }),
              SW_OK);
    CHECK_U64(count(&r, SW_ACT_CLOSE), 1);
    CHECK_U64(sw_front_deadline(r.front), SW_TIME_NEVER);
    CHECK_I64(step(&r, opened(2)), SW_OK);
    CHECK_I64(step(&r, (struct sw_event){ .kind = SW_EV_STREAM_END, .u.stream_end = 2 }), SW_OK);
    CHECK_U64(count(&r, SW_ACT_CLOSE), 1); /* nothing is owed */
    rig_down(&r);
}

static void one_stream_too_many_costs_the_one_silent_for_longest(void)
{
    struct rig r;
    REQUIRE(rig_up(&r, &(struct sw_front_options){ .max_streams = 3 }));
    uint8_t bytes[64];
    struct sw_wr w = { .buf = bytes, .cap = sizeof bytes };
    put_framed(&w, "a.test", SW_TYPE_A);
    for (uint64_t s = 1; s <= 3; s++) {
        r.now += SW_SEC;
        CHECK_I64(step(&r, opened(s)), SW_OK);
        CHECK_U64(r.out.n, 0);
    }
    r.now += SW_SEC;
    CHECK_I64(step(&r, data(1, bytes, w.len)), SW_OK);
    CHECK_I64(step(&r, opened(4)), SW_OK);
    CHECK_U64(r.out.n, 1);
    CHECK_U64(r.out.v[0].kind, SW_ACT_CLOSE);
    CHECK_U64(r.out.v[0].u.close, 2);
    rig_down(&r);
}

static void answering_allocates_nothing_once_warm(void)
{
    struct rig r;
    REQUIRE(rig_up(&r, &(struct sw_front_options){ 0 }));
    uint8_t query[300];
    uint8_t bytes[300];
    struct sw_wr q = { .buf = query, .cap = sizeof query };
    struct sw_wr w = { .buf = bytes, .cap = sizeof bytes };
    dns_query(&q, "a.test", SW_TYPE_A, 1232);
    put_framed(&w, "a.test", SW_TYPE_A);
    put_framed(&w, "www.away", SW_TYPE_A);
    CHECK_I64(step(&r, opened(1)), SW_OK);
    for (int round = 0; round < 100; round++) {
        if (round == 2) {
            fail_alloc_from(0);
        }
        CHECK_I64(step(&r, datagram((struct sw_bytes){ query, q.len })), SW_OK);
        CHECK_U64(r.out.n, 1);
        CHECK_I64(step(&r, data(1, bytes, w.len)), SW_OK);
        CHECK_U64(r.out.n, 2);
        CHECK_I64(
            step(&r, (struct sw_event){ .kind = SW_EV_STREAM_WRITABLE, .u.stream_writable = 1 }),
            SW_OK);
    }
    CHECK_U64(fail_alloc_stop(), 0);
    rig_down(&r);
}

static void without_memory_an_event_is_dropped_and_nothing_breaks(void)
{
    uint8_t query[300];
    uint8_t bytes[300];
    struct sw_wr q = { .buf = query, .cap = sizeof query };
    struct sw_wr w = { .buf = bytes, .cap = sizeof bytes };
    dns_query(&q, "a.test", SW_TYPE_A, 1232);
    put_framed(&w, "a.test", SW_TYPE_A);
    put_framed(&w, "www.away", SW_TYPE_A);
    for (uint64_t i = 0;; i++) {
        struct rig r;
        REQUIRE(rig_up(&r, &(struct sw_front_options){ .max_streams = 1 }));
        fail_alloc_only(i);
        (void)step(&r, datagram((struct sw_bytes){ query, q.len }));
        (void)step(&r, opened(1));
        (void)step(&r, data(1, bytes, w.len - 3));
        (void)step(&r, data(1, bytes + w.len - 3, 3));
        (void)step(&r, answer((struct sw_client){ .stream = 1 }, (struct sw_bytes){ query, 40 }));
        (void)step(&r, opened(2));
        const uint64_t asked = fail_alloc_stop();
        CHECK_I64(step(&r, datagram((struct sw_bytes){ query, q.len })), SW_OK);
        CHECK_U64(r.out.n, 1);
        rig_down(&r);
        if (asked <= i) {
            CHECK(i > 3);
            return;
        }
    }
}

CU_TestInfo tests_front[] = {
    { "datagrams are answered, forwarded or ignored", datagrams_are_answered_forwarded_or_ignored },
    { "without a view everything is refused", without_a_view_everything_is_refused },
    { "streams are read however their bytes are cut",
      streams_are_read_however_their_bytes_are_cut },
    { "answers from the node reach their clients", answers_from_the_node_reach_their_clients },
    { "a client that takes nothing is read no further",
      a_client_that_takes_nothing_is_read_no_further },
    { "too many waiting queries hold the rest back", too_many_waiting_queries_hold_the_rest_back },
    { "silent streams are closed", silent_streams_are_closed },
    { "a client that ended its side gets its answers before the stream closes",
      a_client_that_ended_its_side_gets_its_answers_before_the_stream_closes },
    { "one stream too many costs the one silent for longest",
      one_stream_too_many_costs_the_one_silent_for_longest },
    { "answering allocates nothing once warm", answering_allocates_nothing_once_warm },
    { "without memory an event is dropped and nothing breaks",
      without_memory_an_event_is_dropped_and_nothing_breaks },
    CU_TEST_INFO_NULL,
};

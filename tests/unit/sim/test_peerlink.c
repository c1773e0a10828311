/* SPDX-License-Identifier: GPL-3.0-or-later
 * Ordered connections: set-up, order, stalls, breaks, and what they carry a second. */
#include "sim/world/peerlink.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

#define RTT (20 * SW_MS)
#define KEEP_ALIVE (10 * SW_SEC)
#define CONNECT_TIMEOUT (5 * SW_SEC)

struct rig;

/* One end, and what it heard. */
struct end {
    struct rig *rig;
    unsigned ups, downs, messages, blocks, releases;
    sw_conn conn, down_conn;
    sw_time up_at, down_at, last_at, flow_at;
    uint32_t next; /* number expected in the next message */
    bool disordered;
    uint64_t bytes;
};

struct rig {
    struct small_scenario *x;
    double rtt[9];
    struct sim_engine *engine;
    struct sim_network *net;
    struct sim_conns *conns;
    struct end dialer, acceptor;
};

static void up(void *self, sw_conn conn, enum sw_class class, uint32_t peer, bool dialled)
{
    (void)dialled;
    struct end *e = self;
    (void)class;
    (void)peer;
    e->ups++;
    e->conn = conn;
    e->up_at = sim_now(e->rig->engine);
}

static void message(void *self, struct sim_mail *mail)
{
    struct end *e = self;
    uint32_t number = 0;
    memcpy(&number, mail->message.data, sizeof number);
    e->disordered = e->disordered || number != e->next;
    e->next = number + 1;
    e->messages++;
    e->bytes += mail->message.len;
    e->last_at = sim_now(e->rig->engine);
    sim_mail_free(e->rig->conns, mail);
}

static void flow(void *self, sw_conn conn, bool blocked)
{
    struct end *e = self;
    (void)conn;
    e->blocks += blocked;
    e->releases += !blocked;
    e->flow_at = sim_now(e->rig->engine);
}

static void down(void *self, sw_conn conn, enum sw_class class, uint32_t peer)
{
    struct end *e = self;
    (void)class;
    (void)peer;
    e->downs++;
    e->down_conn = conn;
    e->down_at = sim_now(e->rig->engine);
}

static const struct sim_conn_user user = { up, message, flow, down };

/* Node 0 and node 1, 20 ms of round trip apart; @bandwidth of their uplinks. */
static void rig_init(struct rig *r, double loss, uint64_t bandwidth, sw_dur jitter)
{
    const struct small_world o = {
        .nodes_a_region = 1, .holders = 3, .rate = 1, .duration = SW_SEC, .service = SW_US
    };
    const struct sim_conn_options options = { CONNECT_TIMEOUT, KEEP_ALIVE };
    *r = (struct rig){ .x = small_scenario(&o) };
    for (unsigned i = 0; i < 9; i++) {
        r->rtt[i] = i % 4 == 0 ? 0 : (double)RTT;
    }
    r->x->s.rtt = r->rtt;
    r->x->s.wide = (struct sim_link){
        .jitter = jitter, .loss = loss, .bandwidth = bandwidth, .queue = 256 * SW_KIB
    };
    r->engine = sim_engine_new();
    r->net = sim_network_new(&r->x->s, 1);
    r->conns = sim_conns_new(r->engine, r->net, &r->x->s, &options);
    r->dialer.rig = r;
    r->acceptor.rig = r;
    const struct sim_conn_end end = { &user, &r->acceptor };
    sim_conns_listen(r->conns, 1, &end);
}

static void rig_fini(struct rig *r)
{
    sim_conns_free(r->conns);
    sim_network_free(r->net);
    sim_engine_free(r->engine);
    free(r->x);
}

static void dial(struct rig *r, enum sw_class class)
{
    const struct sim_conn_end end = { &user, &r->dialer };
    sim_conn_dial(r->conns, 0, end, 1, NULL, class);
}

static void connect_now(struct rig *r, enum sw_class class)
{
    dial(r, class);
    sim_run(r->engine, sim_now(r->engine) + 3 * RTT);
    CHECK_U64(r->dialer.ups, 1);
    CHECK_U64(r->acceptor.ups, 1);
}

static void send_number(struct rig *r, uint32_t number, size_t len)
{
    uint8_t *bytes = calloc(1, len);
    memcpy(bytes, &number, sizeof number);
    sim_conn_send(r->conns, 0, r->dialer.conn, (struct sw_bytes){ bytes, len },
                  (struct sim_luck){ 99, number });
    free(bytes);
}

static void isolate(struct rig *r, bool begins)
{
    sim_network_isolate(r->net, 1, begins);
    sim_conns_paths_changed(r->conns);
}

static void dialling_takes_three_round_trips(void)
{
    struct rig r;
    rig_init(&r, 0, 0, 0);
    dial(&r, SW_CLASS_CONTROL);
    sim_run(r.engine, SW_SEC);
    CHECK_U64(r.acceptor.up_at, RTT * 5 / 2);
    CHECK_U64(r.dialer.up_at, 3 * RTT);
    CHECK_U64(sim_conns_open(r.conns), 2);
    send_number(&r, 0, 100);
    sim_run(r.engine, 2 * SW_SEC);
    CHECK_U64(r.acceptor.messages, 1);
    CHECK_U64(r.acceptor.last_at, SW_SEC + RTT / 2);
    rig_fini(&r);
}

static void nobody_there_fails_at_once_and_silence_after_the_time_out(void)
{
    struct rig r;
    rig_init(&r, 0, 0, 0);
    sim_conns_listen(r.conns, 1, NULL); /* the machine lives, the process does not */
    dial(&r, SW_CLASS_CONTROL);
    sim_run(r.engine, SW_SEC);
    CHECK_U64(r.dialer.downs, 1);
    CHECK_U64(r.dialer.down_conn, 0);
    CHECK(r.dialer.down_at <= 3 * RTT);

    isolate(&r, true);
    dial(&r, SW_CLASS_CONTROL);
    sim_run(r.engine, 20 * SW_SEC);
    CHECK_U64(r.dialer.downs, 2);
    CHECK_U64(r.dialer.down_conn, 0);
    CHECK_U64(r.dialer.down_at, SW_SEC + CONNECT_TIMEOUT);
    CHECK_U64(r.dialer.ups, 0);
    CHECK_U64(sim_conns_open(r.conns), 0);
    rig_fini(&r);
}

static void messages_arrive_in_order_under_jitter_and_loss(void)
{
    for (unsigned class = 0; class < 2; class ++) {
        struct rig r;
        rig_init(&r, 0.05, 100000000, 5 * SW_MS);
        dial(&r, (enum sw_class) class);
        sim_run(r.engine, 10 * SW_SEC);
        CHECK_U64(r.dialer.ups, 1);
        for (uint32_t i = 0; i < 500; i++) {
            send_number(&r, i, 64 + i);
            sim_run(r.engine, sim_now(r.engine) + SW_MS);
        }
        sim_run(r.engine, sim_now(r.engine) + 60 * SW_SEC);
        CHECK_U64(r.acceptor.messages, 500);
        CHECK(!r.acceptor.disordered);
        rig_fini(&r);
    }
}

static void bursts_late_packets_and_doubles_break_neither_order_nor_connection(void)
{
    for (unsigned class = 0; class < 2; class ++) {
        struct rig r;
        rig_init(&r, 0.01, 100000000, 5 * SW_MS);
        struct sim_link *l = &r.x->s.wide;
        l->burst = (struct sim_burst){ .p = 0.01, .r = 0.05, .bad = 1, .slot = 2 * SW_MS };
        l->reordering = 0.2;
        l->reordered_by = 40 * SW_MS;
        l->duplication = 0.2;
        l->corruption = 0.1;
        dial(&r, (enum sw_class) class);
        sim_run(r.engine, 20 * SW_SEC);
        CHECK_U64(r.dialer.ups, 1);
        for (uint32_t i = 0; i < 2000; i++) {
            send_number(&r, i, 64 + i);
            sim_run(r.engine, sim_now(r.engine) + SW_MS);
        }
        sim_run(r.engine, sim_now(r.engine) + 600 * SW_SEC);
        CHECK_U64(r.acceptor.messages, 2000); /* each once */
        CHECK(!r.acceptor.disordered);
        CHECK_U64(r.dialer.downs + r.acceptor.downs, 0);
        rig_fini(&r);
    }
}

/* What is lost in a burst is sent again until one of the probes falls outside: after 2, 6, 14, ...
 * round trips. */
static void a_message_in_a_burst_waits_for_its_end(void)
{
    struct rig r;
    rig_init(&r, 0, 0, 0);
    connect_now(&r, SW_CLASS_CONTROL);
    r.x->s.wide.burst =
        (struct sim_burst){ .p = 0.05, .r = 0.1, .bad = 1, .slot = SW_MS }; /* 10 ms on average */
    unsigned late = 0;
    sw_dur most = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        const sw_time sent = sim_now(r.engine);
        send_number(&r, i, 100);
        sim_run(r.engine, sent + 10 * SW_SEC);
        const sw_dur took = r.acceptor.last_at - sent;
        const sw_dur extra = took - RTT / 2;
        late += extra > 0;
        most = extra > most ? extra : most;
        /* 40, 120, 280, ... ms: sums of doubling probes */
        CHECK(extra % (2 * RTT) == 0 && ((extra / (2 * RTT) + 1) & (extra / (2 * RTT))) == 0);
    }
    CHECK_U64(r.acceptor.messages, 1000);
    CHECK(late > 273 && late < 393); /* a third of the time is bad; four standard errors */
    CHECK(most > 2 * RTT);           /* some probes fall into the next burst */
    rig_fini(&r);
}

static void a_path_that_breaks_ends_a_bulk_transfer_and_frees_the_line_for_others(void)
{
    struct rig r;
    rig_init(&r, 0, 80000000, 0); /* 10 MB/s */
    connect_now(&r, SW_CLASS_BULK);
    struct end to[2] = { { .rig = &r }, { .rig = &r } };
    const struct sim_conn_end from_end = { &user, &to[0] };
    const struct sim_conn_end to_end = { &user, &to[1] };
    sim_conn_dial(r.conns, 0, from_end, 2, &to_end, SW_CLASS_BULK);
    sim_run(r.engine, sim_now(r.engine) + 3 * RTT);
    const sw_time begin = sim_now(r.engine);
    uint8_t *bytes = calloc(1, 100000);
    for (uint32_t i = 0; i < 400; i++) {
        send_number(&r, i, 100000); /* 40 MB to host 1, 40 MB to host 2 */
        memcpy(bytes, &i, sizeof i);
        sim_conn_send(r.conns, 0, to[0].conn, (struct sw_bytes){ bytes, 100000 },
                      (struct sim_luck){ 98, i });
    }
    free(bytes);
    sim_run(r.engine, begin + 2 * SW_SEC);
    isolate(&r, true); /* host 1 */
    const unsigned arrived = r.acceptor.messages;
    CHECK(arrived > 90 && arrived < 100); /* half of 10 MB/s for two seconds, less slow start */
    sim_run(r.engine, begin + 60 * SW_SEC);
    CHECK_U64(r.dialer.downs, 1);
    CHECK_U64(r.dialer.down_at, begin + 2 * SW_SEC + KEEP_ALIVE);
    CHECK(r.acceptor.messages <= arrived + 1); /* what was in the air */
    CHECK_U64(to[1].messages, 400);
    CHECK(!to[1].disordered);
    /* 10 MB by then, the other 30 at the whole rate: 3 s */
    const double took = (double)(to[1].last_at - begin) / 1e9;
    CHECK(took > 5 && took < 5.2);
    rig_fini(&r);
}

static void a_lost_packet_costs_two_round_trips_and_holds_up_the_rest(void)
{
    struct rig r;
    rig_init(&r, 0, 0, 0);
    connect_now(&r, SW_CLASS_CONTROL);
    r.x->s.wide.loss = 0.999999; /* one loss of the message, then of every repair but the last */
    send_number(&r, 0, 100);
    r.x->s.wide.loss = 0;
    send_number(&r, 1, 100);
    sim_run(r.engine, 3600 * SW_SEC);
    CHECK_U64(r.acceptor.messages, 2);
    CHECK(!r.acceptor.disordered);
    /* 10 repairs, each waiting twice as long as the one before: (2^10 - 1) * 2 RTT */
    CHECK_U64(r.acceptor.last_at, 3 * RTT + UINT64_C(2046) * RTT + RTT / 2 + 1);
    rig_fini(&r);
}

static void a_cut_stalls_and_what_was_sent_comes_after_it_heals(void)
{
    struct rig r;
    rig_init(&r, 0, 0, 0);
    connect_now(&r, SW_CLASS_CONTROL);
    const sw_time cut = sim_now(r.engine);
    isolate(&r, true);
    for (uint32_t i = 0; i < 3; i++) {
        send_number(&r, i, 100);
    }
    sim_run(r.engine, cut + 4 * SW_SEC);
    CHECK_U64(r.acceptor.messages, 0);
    isolate(&r, false);
    sim_run(r.engine, cut + 60 * SW_SEC);
    CHECK_U64(r.acceptor.messages, 3);
    CHECK(!r.acceptor.disordered);
    /* retransmissions at 0.2, 0.6, 1.4, 3.0, 6.2 s: the first after 4 s */
    CHECK(r.acceptor.last_at >= cut + 6200 * SW_MS + RTT / 2);
    CHECK(r.acceptor.last_at < cut + 6200 * SW_MS + RTT);
    CHECK_U64(r.dialer.downs + r.acceptor.downs, 0);
    rig_fini(&r);
}

static void a_cut_that_lasts_breaks_both_ends_after_the_keep_alive_time(void)
{
    struct rig r;
    rig_init(&r, 0, 0, 0);
    connect_now(&r, SW_CLASS_BULK);
    const sw_time cut = sim_now(r.engine);
    sim_network_cut(r.net, 1, 0, true); /* one direction is enough */
    sim_conns_paths_changed(r.conns);
    sim_run(r.engine, cut + 60 * SW_SEC);
    CHECK_U64(r.dialer.downs, 1);
    CHECK_U64(r.acceptor.downs, 1);
    CHECK_U64(r.dialer.down_at, cut + KEEP_ALIVE);
    CHECK_U64(r.acceptor.down_at, cut + KEEP_ALIVE);
    CHECK_U64(r.dialer.down_conn, r.dialer.conn);
    CHECK_U64(sim_conns_open(r.conns), 0);
    rig_fini(&r);
}

static void a_dead_process_is_noticed_at_once_and_a_dead_machine_late(void)
{
    struct rig r;
    rig_init(&r, 0, 0, 0);
    connect_now(&r, SW_CLASS_CONTROL);
    const sw_time died = sim_now(r.engine);
    sim_conns_host_gone(r.conns, 1, false);
    sim_run(r.engine, died + SW_SEC);
    CHECK_U64(r.dialer.downs, 1);
    CHECK_U64(r.dialer.down_at, died + RTT / 2);
    CHECK_U64(r.acceptor.downs, 0); /* it is dead */
    rig_fini(&r);

    rig_init(&r, 0, 0, 0);
    connect_now(&r, SW_CLASS_CONTROL);
    sim_conns_host_gone(r.conns, 1, true);
    sim_run(r.engine, died + 60 * SW_SEC);
    CHECK_U64(r.dialer.downs, 1);
    CHECK_U64(r.dialer.down_at, died + KEEP_ALIVE);
    rig_fini(&r);

    rig_init(&r, 0, 0, 0);
    connect_now(&r, SW_CLASS_CONTROL);
    sim_conns_host_gone(r.conns, 1, true);
    sim_run(r.engine, died + 3 * SW_SEC);
    CHECK_U64(r.dialer.downs, 0);
    sim_conns_host_back(r.conns, 1); /* its kernel answers with a reset */
    sim_run(r.engine, died + 60 * SW_SEC);
    CHECK_U64(r.dialer.downs, 1);
    CHECK_U64(r.dialer.down_at, died + 3 * SW_SEC + RTT);
    rig_fini(&r);
}

static void hanging_up_delivers_what_was_sent_and_then_tells(void)
{
    struct rig r;
    rig_init(&r, 0, 8000000, 0); /* a byte a microsecond */
    connect_now(&r, SW_CLASS_CONTROL);
    const sw_time now = sim_now(r.engine);
    for (uint32_t i = 0; i < 5; i++) {
        send_number(&r, i, 10000);
    }
    sim_conn_hang_up(r.conns, 0, r.dialer.conn);
    send_number(&r, 5, 10); /* too late */
    sim_run(r.engine, now + SW_SEC);
    CHECK_U64(r.acceptor.messages, 5);
    CHECK_U64(r.dialer.downs, 1);
    CHECK_U64(r.dialer.down_at, now);
    CHECK_U64(r.acceptor.downs, 1);
    CHECK(r.acceptor.down_at > r.acceptor.last_at);
    CHECK_U64(sim_conns_open(r.conns), 0);
    rig_fini(&r);
}

static void bulk_fills_the_uplink_and_holds_its_sender_back(void)
{
    struct rig r;
    rig_init(&r, 0, 80000000, 0); /* 10 MB/s */
    connect_now(&r, SW_CLASS_BULK);
    const sw_time begin = sim_now(r.engine);
    uint32_t number = 0;
    while (r.dialer.blocks == 0 && number < 1000) {
        send_number(&r, number++, 100000);
        sim_run(r.engine, begin);
    }
    CHECK(number >= 10 && number < 14); /* a megabyte waits */
    while (number < 200) {
        const unsigned released = r.dialer.releases;
        while (r.dialer.releases == released && sim_step(r.engine, begin + 60 * SW_SEC)) {
        }
        for (unsigned i = 0; i < 10 && number < 200; i++) {
            send_number(&r, number++, 100000);
        }
    }
    sim_run(r.engine, begin + 60 * SW_SEC);
    CHECK_U64(r.acceptor.messages, 200);
    CHECK(!r.acceptor.disordered);
    /* 20 MB at 10 MB/s, plus slow start and framing */
    const double took = (double)(r.acceptor.last_at - begin) / 1e9;
    CHECK(took > 2.0 && took < 2.2);
    rig_fini(&r);
}

static void the_window_limits_bulk_over_a_long_way(void)
{
    struct rig r;
    rig_init(&r, 0, 0, 0); /* no limit but the window */
    for (unsigned i = 0; i < 9; i++) {
        r.rtt[i] = i % 4 == 0 ? 0 : 200e6;
    }
    sim_network_free(r.net);
    sim_conns_free(r.conns);
    r.net = sim_network_new(&r.x->s, 1);
    const struct sim_conn_options options = { CONNECT_TIMEOUT, KEEP_ALIVE };
    r.conns = sim_conns_new(r.engine, r.net, &r.x->s, &options);
    const struct sim_conn_end end = { &user, &r.acceptor };
    sim_conns_listen(r.conns, 1, &end);
    dial(&r, SW_CLASS_BULK);
    sim_run(r.engine, SW_SEC);
    const sw_time begin = sim_now(r.engine);
    for (uint32_t i = 0; i < 400; i++) {
        send_number(&r, i, 100000);
    }
    sim_run(r.engine, begin + 60 * SW_SEC);
    CHECK_U64(r.acceptor.messages, 400);
    /* 14 kB doubles each 200 ms: 8.2 round trips to 4 MiB (8.3 MB sent), then 21 MB/s: 3.3 s */
    const double took = (double)(r.acceptor.last_at - begin) / 1e9;
    CHECK(took > 2.6 && took < 3.8);
    rig_fini(&r);
}

static void bulk_over_a_lossy_long_way_is_as_fast_as_cubic(void)
{
    struct rig r;
    rig_init(&r, 0.0001, 0, 0);
    for (unsigned i = 0; i < 9; i++) {
        r.rtt[i] = i % 4 == 0 ? 0 : 240e6;
    }
    sim_network_free(r.net);
    sim_conns_free(r.conns);
    r.net = sim_network_new(&r.x->s, 1);
    const struct sim_conn_options options = { CONNECT_TIMEOUT, KEEP_ALIVE };
    r.conns = sim_conns_new(r.engine, r.net, &r.x->s, &options);
    const struct sim_conn_end end = { &user, &r.acceptor };
    sim_conns_listen(r.conns, 1, &end);
    dial(&r, SW_CLASS_BULK);
    sim_run(r.engine, 10 * SW_SEC);
    const sw_time begin = sim_now(r.engine);
    const uint32_t n = 2000; /* 200 MB */
    const uint64_t events = sim_events(r.engine);
    for (uint32_t i = 0; i < n; i++) {
        send_number(&r, i, 100000);
    }
    sim_run(r.engine, begin + 7200 * SW_SEC);
    CHECK_U64(r.acceptor.messages, n);
    CHECK(!r.acceptor.disordered);
    /* RFC 9438, 5.1: the mean window is (C (3 + beta) / (4 (1 - beta)))^(1/4) (RTT / p)^(3/4)
     * = 1.054 * 2400^0.75 = 361 packets: 2.1 MB/s.  Reno would reach 0.7. */
    const double rate = n * 0.1 / ((double)(r.acceptor.last_at - begin) / 1e9);
    CHECK_NEAR(rate, 2.1, 0.05);
    /* a message leaves and arrives; slow start has five rounds of two steps, each shared out */
    CHECK(sim_events(r.engine) - events < 2 * n + 40);
    rig_fini(&r);
}

static void quick_messages_pass_a_bulk_transfer(void)
{
    struct rig r;
    rig_init(&r, 0, 80000000, 0);
    connect_now(&r, SW_CLASS_BULK);
    for (uint32_t i = 0; i < 50; i++) {
        send_number(&r, i, 100000);
    }
    sim_run(r.engine, sim_now(r.engine) + 100 * SW_MS);
    const struct sim_place from = { 0, 0 };
    const struct sim_place to = { 1, 1 };
    const sw_time now = sim_now(r.engine);
    /* a fair queue lets them pass: 100 bytes take 10 us at 10 MB/s, and then 10 ms of way */
    CHECK_U64(sim_network_carry(r.net, now, from, to, 100, (struct sim_luck){ 1, 1 }, NULL),
              now + 10 * SW_US + RTT / 2);
    rig_fini(&r);
}

extern CU_TestInfo tests_peerlink[];
CU_TestInfo tests_peerlink[] = {
    { "dialling takes three round trips", dialling_takes_three_round_trips },
    { "nobody there fails at once and silence after the time-out",
      nobody_there_fails_at_once_and_silence_after_the_time_out },
    { "messages arrive in order under jitter and loss",
      messages_arrive_in_order_under_jitter_and_loss },
    { "bursts, late packets and doubles break neither order nor connection",
      bursts_late_packets_and_doubles_break_neither_order_nor_connection },
    { "a message in a burst waits for its end", a_message_in_a_burst_waits_for_its_end },
    { "a path that breaks ends a bulk transfer and frees the line for others",
      a_path_that_breaks_ends_a_bulk_transfer_and_frees_the_line_for_others },
    { "a lost packet costs two round trips and holds up the rest",
      a_lost_packet_costs_two_round_trips_and_holds_up_the_rest },
    { "a cut stalls and what was sent comes after it heals",
      a_cut_stalls_and_what_was_sent_comes_after_it_heals },
    { "a cut that lasts breaks both ends after the keep-alive time",
      a_cut_that_lasts_breaks_both_ends_after_the_keep_alive_time },
    { "a dead process is noticed at once and a dead machine late",
      a_dead_process_is_noticed_at_once_and_a_dead_machine_late },
    { "hanging up delivers what was sent and then tells",
      hanging_up_delivers_what_was_sent_and_then_tells },
    { "bulk fills the uplink and holds its sender back",
      bulk_fills_the_uplink_and_holds_its_sender_back },
    { "the window limits bulk over a long way", the_window_limits_bulk_over_a_long_way },
    { "bulk over a lossy long way is as fast as CUBIC",
      bulk_over_a_lossy_long_way_is_as_fast_as_cubic },
    { "quick messages pass a bulk transfer", quick_messages_pass_a_bulk_transfer },
    CU_TEST_INFO_NULL,
};

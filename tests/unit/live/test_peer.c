/* SPDX-License-Identifier: GPL-3.0-or-later
 * Connections between two hosts, as their nodes would see them: up, messages in order, blocked,
 * writable, down.  The host's steps are replaced here by notes of what would have been stepped. */
#define _GNU_SOURCE /* what uv.h needs */
#include "node/live/address.h"
#include "node/live/clock.h"
#include "node/live/commands.h"
#include "node/live/log.h"
#include "node/live/peer.h"
#include "tests/lib/check.h"
#include "tests/lib/pki.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define PATIENCE (20 * SW_SEC)

/* A host and what its node was told. */
struct site {
    struct live_host host; /* first */
    sw_conn up, down;      /* the latest */
    unsigned ups, downs, blocked, writable, queued;
    enum sw_class class;
    char peer[SW_NAME_MAX + 1];
    unsigned messages; /* each carries its number: they must count up from 0 */
    unsigned out_of_order;
};

static void note(struct site *s, const struct sw_event *ev)
{
    switch (ev->kind) {
    case SW_EV_PEER_UP:
        s->ups++;
        s->up = ev->u.peer_up.conn;
        s->class = ev->u.peer_up.class;
        memcpy(s->peer, ev->u.peer_up.peer.s, sizeof s->peer);
        break;
    case SW_EV_PEER_DOWN:
        s->downs++;
        s->down = ev->u.peer_down.conn;
        s->class = ev->u.peer_down.class;
        memcpy(s->peer, ev->u.peer_down.peer.s, sizeof s->peer);
        break;
    case SW_EV_PEER_BLOCKED:
        s->blocked++;
        CHECK_U64(ev->u.peer_blocked, s->up);
        break;
    case SW_EV_PEER_WRITABLE:
        s->writable++;
        CHECK_U64(ev->u.peer_writable, s->up);
        break;
    case SW_EV_PEER_MESSAGE: {
        uint64_t number = 0;
        memcpy(&number, ev->u.peer_message.message.data + 2, sizeof number);
        s->out_of_order += number != s->messages++ ? 1 : 0;
        break;
    }
    default:
        break;
    }
}

int live_host_step(struct live_host *h, struct sw_event *ev, sw_time arrived_at)
{
    (void)arrived_at;
    note((struct site *)(void *)h, ev);
    return 0;
}

bool live_host_is_full(const struct live_host *h)
{
    (void)h;
    return false;
}

void live_host_later(struct live_host *h, const struct sw_event *ev)
{
    note((struct site *)(void *)h, ev);
}

void live_host_queue(struct live_host *h, const struct live_mail *mail)
{
    struct site *s = (struct site *)(void *)h;
    CHECK(mail->kind == LIVE_MAIL_ENVELOPE && mail->conn == s->up);
    s->queued++;
}

struct world {
    struct pki pki;
    struct site a, b;
    char address[LIVE_ADDRESS_MAX];
};

static bool open_site(struct site *s, const struct pki *pki, const char *name)
{
    s->host.tls = pki_new(pki, SW_ROLE_NODE, name);
    if (s->host.tls == NULL || uv_loop_init(&s->host.loop) != 0) {
        return false;
    }
    s->host.peers = live_peers_new(&s->host);
    s->host.commands = live_commands_new(&s->host);
    return s->host.peers != NULL && s->host.commands != NULL;
}

static bool listen_somewhere(struct world *w)
{
    for (int i = 0; i < 200; i++) {
        const unsigned port = 10000 + ((unsigned)getpid() * 31U + (unsigned)i * 97U) % 20000;
        (void)snprintf(w->address, sizeof w->address, "127.0.0.1:%u", port);
        if (live_peers_listen(w->b.host.peers, w->address, NULL) == 0) {
            return true;
        }
        live_peers_abort(w->b.host.peers); /* give the handle back */
        (void)uv_run(&w->b.host.loop, UV_RUN_DEFAULT);
    }
    return false;
}

static bool open_world(struct world *w)
{
    memset(w, 0, sizeof *w);
    (void)signal(SIGPIPE, SIG_IGN);
    live_log_set(SW_LOG_ERROR, SW_LOG_LOGFMT);
    return pki_init(&w->pki) == 0 && open_site(&w->a, &w->pki, "a") &&
           open_site(&w->b, &w->pki, "b") && listen_somewhere(w);
}

static void turn(struct site *s)
{
    live_peers_flush(s->host.peers);
    (void)uv_run(&s->host.loop, UV_RUN_NOWAIT);
    live_peers_flush(s->host.peers);
}

/* Until @counter reaches @value; false: not within PATIENCE. */
static bool run_until(struct world *w, const unsigned *counter, unsigned value)
{
    const sw_time until = live_now() + PATIENCE;
    while (*counter < value && live_now() < until) {
        turn(&w->a);
        turn(&w->b);
        (void)sched_yield();
    }
    return *counter >= value;
}

static void close_site(struct site *s)
{
    live_peers_abort(s->host.peers);
    (void)uv_run(&s->host.loop, UV_RUN_DEFAULT);
    CHECK_I64(uv_loop_close(&s->host.loop), 0);
    live_peers_free(s->host.peers);
    live_commands_free(s->host.commands);
    sw_tls_context_free(s->host.tls);
}

static void close_world(struct world *w)
{
    close_site(&w->a);
    close_site(&w->b);
    pki_fini(&w->pki);
}

static void dial(struct world *w, const char *who, enum sw_class class)
{
    struct sw_name name = { "" };
    (void)snprintf(name.s, sizeof name.s, "%s", who);
    live_peers_dial(w->a.host.peers, &name, class, w->address);
}

/* An Envelope of the field @field (one byte), numbered, of @len bytes in all; lent until the next.
 */
static struct sw_bytes envelope(uint8_t field, uint64_t number, size_t len)
{
    static uint8_t bytes[1 << 20];
    bytes[0] = (uint8_t)(field << 3 | 2);
    bytes[1] = 0;
    memcpy(bytes + 2, &number, sizeof number);
    return (struct sw_bytes){ bytes, len };
}

#define ANT 2   /* urgent */
#define QUERY 4 /* work */

static void both_nodes_learn_of_a_connection_and_of_its_end(void)
{
    struct world w;
    REQUIRE(open_world(&w));
    dial(&w, "b", SW_CLASS_BULK);
    CHECK(run_until(&w, &w.b.ups, 1));
    CHECK_STR(w.a.peer, "b");
    CHECK_STR(w.b.peer, "a");
    CHECK(w.a.class == SW_CLASS_BULK && w.b.class == SW_CLASS_BULK);
    CHECK(live_peers_has(w.a.host.peers, w.a.up));
    live_peers_hang_up(w.b.host.peers, w.b.up);
    CHECK(run_until(&w, &w.a.downs, 1));
    CHECK_U64(w.a.down, w.a.up);
    CHECK(!live_peers_has(w.a.host.peers, w.a.up));
    CHECK(run_until(&w, &w.b.downs, 1));
    dial(&w, "b", SW_CLASS_CONTROL);
    CHECK(run_until(&w, &w.b.ups, 2));
    CHECK(w.b.class == SW_CLASS_CONTROL && w.a.up > w.a.down); /* numbers are never used twice */
    close_world(&w);
}

static void messages_arrive_in_order_and_work_waits_its_turn(void)
{
    struct world w;
    REQUIRE(open_world(&w));
    dial(&w, "b", SW_CLASS_CONTROL);
    REQUIRE(run_until(&w, &w.b.ups, 1));
    for (uint64_t i = 0; i < 500; i++) {
        live_peers_send(w.a.host.peers, w.a.up, envelope(ANT, i, 10 + i % 90));
        live_peers_send(w.a.host.peers, w.a.up, envelope(QUERY, i, 60));
    }
    CHECK(run_until(&w, &w.b.queued, 500));
    CHECK_U64(w.b.messages, 500);
    CHECK_U64(w.b.out_of_order, 0);
    CHECK_U64(w.a.blocked, 0);
    close_world(&w);
}

static void a_node_that_sends_much_is_blocked_and_then_writable(void)
{
    struct world w;
    REQUIRE(open_world(&w));
    dial(&w, "b", SW_CLASS_BULK);
    REQUIRE(run_until(&w, &w.b.ups, 1));
    uint64_t sent = 0;
    for (unsigned round = 1; round <= 3; round++) {
        while (w.a.blocked < round) { /* as a node that heeds the hint */
            live_peers_send(w.a.host.peers, w.a.up, envelope(ANT, sent++, 100000));
        }
        CHECK(run_until(&w, &w.a.writable, round));
    }
    CHECK(run_until(&w, &w.b.messages, (unsigned)sent));
    CHECK_U64(w.b.out_of_order, 0);
    CHECK(sent >= 3 * (LIVE_PEER_HIGH - LIVE_PEER_LOW) / 100000);
    CHECK_U64(w.a.downs, 0);
    close_world(&w);
}

static void a_peer_that_takes_nothing_is_given_up(void)
{
    struct world w;
    REQUIRE(open_world(&w));
    dial(&w, "b", SW_CLASS_BULK);
    REQUIRE(run_until(&w, &w.b.ups, 1));
    for (uint64_t sent = 0; sent < 2000 && w.a.downs == 0; sent++) {
        live_peers_send(w.a.host.peers, w.a.up, envelope(ANT, sent, 100000));
        turn(&w.a); /* B's loop stands still */
    }
    CHECK_U64(w.a.downs, 1);
    CHECK_U64(w.a.blocked, 1);
    CHECK(run_until(&w, &w.b.downs, 1));
    close_world(&w);
}

static void a_dial_that_fails_is_told(void)
{
    struct world w;
    REQUIRE(open_world(&w));
    dial(&w, "c", SW_CLASS_CONTROL); /* B answers there */
    CHECK(run_until(&w, &w.a.downs, 1));
    CHECK_U64(w.a.down, 0);
    CHECK_U64(w.a.ups, 0);
    CHECK_STR(w.a.peer, "c");
    CHECK_U64(w.b.ups, 0);
    (void)snprintf(w.address, sizeof w.address, "nowhere");
    dial(&w, "b", SW_CLASS_BULK);
    CHECK(run_until(&w, &w.a.downs, 2));
    CHECK_STR(w.a.peer, "b");
    CHECK_I64(w.a.class, SW_CLASS_BULK);
    close_world(&w);
}

static void new_certificates_end_what_they_do_not_trust(void)
{
    struct world w;
    struct pki other;
    REQUIRE(open_world(&w) && pki_init(&other) == 0);
    dial(&w, "b", SW_CLASS_CONTROL);
    REQUIRE(run_until(&w, &w.b.ups, 1));
    live_peers_recheck(w.b.host.peers); /* nothing has changed */
    struct sw_tls_context *old = w.b.host.tls;
    w.b.host.tls = pki_new(&other, SW_ROLE_NODE, "b");
    for (int i = 0; i < 10; i++) {
        turn(&w.a);
        turn(&w.b);
    }
    CHECK_U64(w.b.downs, 0);
    live_peers_recheck(w.b.host.peers);
    CHECK(run_until(&w, &w.b.downs, 1));
    CHECK(run_until(&w, &w.a.downs, 1));
    dial(&w, "b", SW_CLASS_CONTROL); /* and A, whom B's new authority does not know, stays out */
    CHECK(run_until(&w, &w.a.downs, 2));
    CHECK_U64(w.b.ups, 1);
    sw_tls_context_free(old);
    pki_fini(&other);
    close_world(&w);
}

extern CU_TestInfo tests_peer[];
CU_TestInfo tests_peer[] = {
    { "both_nodes_learn_of_a_connection_and_of_its_end",
      both_nodes_learn_of_a_connection_and_of_its_end },
    { "messages_arrive_in_order_and_work_waits_its_turn",
      messages_arrive_in_order_and_work_waits_its_turn },
    { "a_node_that_sends_much_is_blocked_and_then_writable",
      a_node_that_sends_much_is_blocked_and_then_writable },
    { "a_peer_that_takes_nothing_is_given_up", a_peer_that_takes_nothing_is_given_up },
    { "a_dial_that_fails_is_told", a_dial_that_fails_is_told },
    { "new_certificates_end_what_they_do_not_trust", new_certificates_end_what_they_do_not_trust },
    CU_TEST_INFO_NULL,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Channels over loopback TCP: whom they let in, what they do when the other side is slow, silent or
 * gone. */
#define _GNU_SOURCE /* what uv.h needs */
#include "node/live/channel.h"
#include "node/live/clock.h"
#include "tests/lib/check.h"
#include "tests/lib/pki.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>

#define CHUNK 65536u
#define AHEAD (1u << 20)

/* One side: "client" or "server"; both share the loop. */
struct side {
    struct live_channels *all;
    struct live_channel *channel;
    unsigned ready, closed;
    char reason[128];
    uint64_t received;
};

struct world {
    uv_loop_t loop;
    uv_check_t check;
    uv_prepare_t prepare;
    uv_tcp_t listener;
    struct sw_tls_context *tls; /* the server's */
    struct pki pki;
    struct side client, server;
    char address[LIVE_ADDRESS_MAX];
    uint64_t left; /* chunks to stream */
    size_t most;   /* bytes ever queued */
    enum grpc_status outcome;
    bool silent; /* accept TCP and say nothing */
    bool stop_at_ready;
};

static void flush(struct world *w)
{
    live_channels_flush(w->client.all);
    live_channels_flush(w->server.all);
}

static void on_check(uv_check_t *h)
{
    flush(h->data);
}

static void on_prepare(uv_prepare_t *h)
{
    flush(h->data);
}

static void stop_listening(struct world *w)
{
    if (uv_is_closing((uv_handle_t *)&w->listener) == 0) {
        uv_close((uv_handle_t *)&w->listener, NULL);
    }
}

static struct side *side_of(struct world *w, struct live_channel *c)
{
    return live_channel_dialled(c) ? &w->client : &w->server;
}

static void feed(struct world *w, struct grpc_call *call)
{
    static const uint8_t chunk[CHUNK];
    while (w->left > 0 && grpc_call_queued(call) < AHEAD) {
        CHECK_I64(grpc_call_send(call, (struct sw_bytes){ chunk, sizeof chunk }), 0);
        w->most = grpc_call_queued(call) > w->most ? grpc_call_queued(call) : w->most;
        if (--w->left == 0) {
            CHECK_I64(grpc_call_end(call, GRPC_OK, NULL), 0);
        }
    }
    live_channel_touch(w->client.channel);
}

static void on_ready(void *self, struct live_channel *c)
{
    struct world *w = self;
    struct side *s = side_of(w, c);
    s->ready++;
    s->channel = c;
    if (w->stop_at_ready) {
        live_channel_close(c, "seen enough");
    } else if (live_channel_dialled(c)) {
        struct grpc_call *call =
            grpc_call_new(live_channel_session(c), "/x/y", "b.swarm.internal", NULL, 0, live_now());
        REQUIRE(call != NULL);
        feed(w, call);
    }
}

static void on_closed(void *self, struct live_channel *c)
{
    struct world *w = self;
    struct side *s = side_of(w, c);
    s->closed++;
    (void)snprintf(s->reason, sizeof s->reason, "%s", live_channel_reason(c));
    stop_listening(w);
}

static void on_flushed(void *self, struct live_channel *c)
{
    (void)self;
    (void)c;
}

static void on_call(void *self, struct grpc_call *call, const char *path)
{
    (void)self;
    (void)call;
    (void)path;
}

static void on_message(void *self, struct grpc_call *call, struct sw_bytes message)
{
    struct world *w = live_channel_owner_self(self);
    (void)call;
    w->server.received += message.len;
}

static void on_end(void *self, struct grpc_call *call, enum grpc_status status, const char *reason)
{
    struct world *w = live_channel_owner_self(self);
    (void)reason;
    if (live_channel_dialled(self)) {
        w->outcome = status;
        live_channels_shutdown(w->client.all);
    } else {
        (void)grpc_call_end(call, GRPC_OK, NULL);
    }
}

static void on_drained(void *self, struct grpc_call *call)
{
    if (live_channel_dialled(self)) {
        feed(live_channel_owner_self(self), call);
    }
}

static const struct grpc_handler handler = { on_call, on_message, on_end, NULL, on_drained };

static void on_connection(uv_stream_t *server, int status)
{
    struct world *w = server->data;
    if (status == 0 && !w->silent) {
        CHECK(live_channel_accept(w->server.all, server, w->tls));
    }
}

static bool listen_on(struct world *w)
{
    union live_address a;
    int len = sizeof a;
    w->listener.data = w;
    if (live_address_parse("127.0.0.1:0", &a) != 0 || uv_tcp_init(&w->loop, &w->listener) != 0 ||
        uv_tcp_bind(&w->listener, &a.any, 0) != 0 ||
        uv_listen((uv_stream_t *)&w->listener, 16, on_connection) != 0 ||
        uv_tcp_getsockname(&w->listener, &a.any, &len) != 0) {
        return false;
    }
    live_address_format(&a, w->address);
    return true;
}

static bool open_world(struct world *w)
{
    memset(w, 0, sizeof *w);
    (void)signal(SIGPIPE, SIG_IGN); /* as swarmnode does */
    const struct live_channel_owner owner = {
        .on_ready = on_ready,
        .on_closed = on_closed,
        .on_flushed = on_flushed,
        .handler = &handler,
        .set_up_ms = 300,
        .self = w,
    };
    if (uv_loop_init(&w->loop) != 0 || pki_init(&w->pki) != 0 || !listen_on(w)) {
        return false;
    }
    w->client.all = live_channels_new(&w->loop, &owner);
    w->server.all = live_channels_new(&w->loop, &owner);
    w->tls = pki_new(&w->pki, SW_ROLE_NODE, "b");
    (void)uv_check_init(&w->loop, &w->check);
    (void)uv_prepare_init(&w->loop, &w->prepare);
    w->check.data = w;
    w->prepare.data = w;
    (void)uv_check_start(&w->check, on_check);
    (void)uv_prepare_start(&w->prepare, on_prepare);
    uv_unref((uv_handle_t *)&w->check);
    uv_unref((uv_handle_t *)&w->prepare);
    return w->tls != NULL && w->client.all != NULL && w->server.all != NULL;
}

/* Dial @address expecting @who, until all is closed. */
static void run(struct world *w, const char *address, const char *who)
{
    struct sw_tls_context *tls = pki_new(&w->pki, SW_ROLE_NODE, "a");
    const struct sw_identity id = pki_id(SW_ROLE_NODE, who);
    CHECK(live_channel_dial(w->client.all, address, tls, &id) != NULL);
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
    sw_tls_context_free(tls);
}

static void close_world(struct world *w)
{
    CHECK_U64(live_channels_count(w->client.all), 0);
    CHECK_U64(live_channels_count(w->server.all), 0);
    uv_close((uv_handle_t *)&w->check, NULL);
    uv_close((uv_handle_t *)&w->prepare, NULL);
    stop_listening(w);
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
    CHECK_I64(uv_loop_close(&w->loop), 0);
    live_channels_free(w->client.all);
    live_channels_free(w->server.all);
    sw_tls_context_free(w->tls);
    pki_fini(&w->pki);
}

static void a_stream_crosses_with_bounded_memory(void)
{
    struct world w;
    REQUIRE(open_world(&w));
    w.left = 800;
    run(&w, w.address, "b");
    CHECK_U64(w.server.received, 800 * CHUNK);
    CHECK(w.most <= AHEAD + CHUNK + 1024);
    CHECK_I64(w.outcome, GRPC_OK);
    CHECK_U64(w.client.ready + w.server.ready, 2);
    CHECK_U64(w.client.closed + w.server.closed, 2);
    CHECK_STR(w.client.reason, "closed in order");
    close_world(&w);
}

static void the_wrong_node_is_not_spoken_to(void)
{
    struct world w;
    REQUIRE(open_world(&w));
    w.left = 1;
    run(&w, w.address, "c");
    CHECK_U64(w.client.ready, 0);
    CHECK_U64(w.server.received, 0);
    CHECK_STR(w.client.reason, "hostname mismatch");
    close_world(&w);
}

static void nobody_there_is_told(void)
{
    struct world w;
    REQUIRE(open_world(&w));
    uv_close((uv_handle_t *)&w.listener, NULL);
    (void)uv_run(&w.loop, UV_RUN_DEFAULT);
    run(&w, w.address, "b");
    CHECK_U64(w.client.closed, 1);
    CHECK_STR(w.client.reason, "connection refused");
    run(&w, "no address at all", "b");
    CHECK_U64(w.client.closed, 2);
    CHECK_STR(w.client.reason, "no address like host:port");
    run(&w, "host.invalid:1", "b"); /* RFC 6761: never a name */
    CHECK_U64(w.client.closed, 3);
    CHECK(w.client.reason[0] != '\0');
    close_world(&w);
}

static void a_silent_server_is_given_up(void)
{
    struct world w;
    REQUIRE(open_world(&w));
    w.silent = true;
    run(&w, w.address, "b");
    CHECK_U64(w.client.closed, 1);
    CHECK_STR(w.client.reason, "timed out");
    close_world(&w);
}

static void closing_from_within_is_safe(void)
{
    struct world w;
    REQUIRE(open_world(&w));
    w.stop_at_ready = true;
    w.left = 10;
    run(&w, w.address, "b");
    CHECK_U64(w.client.closed, 1);
    CHECK_STR(w.client.reason, "seen enough");
    close_world(&w);
}

/* ---- a peer that is not ours ---- */

static void throw_noise(uv_connect_t *req, int status)
{
    struct world *w = req->data;
    static char noise[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const uv_buf_t buf = uv_buf_init(noise, sizeof noise - 1);
    CHECK_I64(status, 0);
    CHECK(uv_try_write(req->handle, &buf, 1) > 0);
    (void)w;
}

static void noise_is_closed_on(void)
{
    struct world w;
    uv_tcp_t tcp;
    uv_connect_t req = { .data = &w };
    union live_address a;
    REQUIRE(open_world(&w));
    REQUIRE(live_address_parse(w.address, &a) == 0 && uv_tcp_init(&w.loop, &tcp) == 0);
    REQUIRE(uv_tcp_connect(&req, &tcp, &a.any, throw_noise) == 0);
    while (w.server.closed == 0 && uv_run(&w.loop, UV_RUN_ONCE) != 0) {
    }
    CHECK_U64(w.server.ready, 0);
    CHECK(w.server.reason[0] != '\0');
    uv_close((uv_handle_t *)&tcp, NULL);
    (void)uv_run(&w.loop, UV_RUN_DEFAULT);
    close_world(&w);
}

extern CU_TestInfo tests_channel[];
CU_TestInfo tests_channel[] = {
    { "a_stream_crosses_with_bounded_memory", a_stream_crosses_with_bounded_memory },
    { "the_wrong_node_is_not_spoken_to", the_wrong_node_is_not_spoken_to },
    { "nobody_there_is_told", nobody_there_is_told },
    { "a_silent_server_is_given_up", a_silent_server_is_given_up },
    { "closing_from_within_is_safe", closing_from_within_is_safe },
    { "noise_is_closed_on", noise_is_closed_on },
    CU_TEST_INFO_NULL,
};

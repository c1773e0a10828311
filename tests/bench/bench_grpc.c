/* SPDX-License-Identifier: GPL-3.0-or-later
 * gRPC between two nodes' transports: loopback TCP, mutual TLS, server and client on a thread and
 * loop each, as in swarmnode.  Unary calls of 100 bytes, alone and 32 at a time, and one stream of
 * 64 KiB messages. */
#define _GNU_SOURCE /* what uv.h needs */
#include "node/live/channel.h"
#include "node/live/clock.h"
#include "tests/bench/bench.h"
#include "tests/lib/pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNARY_BYTES 100
#define STREAM_BYTES 65536
#define UNARY_CALLS 200000u
#define ALONE_CALLS 20000u
#define STREAM_MESSAGES 40000u
#define STREAM_AHEAD (1u << 20) /* bytes the sender keeps queued */

/* One side: its loop and what keeps it going. */
struct end {
    uv_loop_t loop;
    uv_check_t check;
    uv_prepare_t prepare;
    struct live_channels *channels;
};

struct server {
    struct end end;
    uv_tcp_t listener;
    uv_async_t stop;
    uv_thread_t thread;
    struct sw_tls_context *tls;
};

struct client {
    struct end end;
    struct live_channel *channel;
    bool stream;
    unsigned in_flight; /* calls at a time */
    uint64_t left;      /* calls to begin, or messages to send */
    uint64_t done;
    uint64_t bytes;
    double *times; /* of each call, seconds */
    sw_time began, ended;
};

static uint8_t payload[STREAM_BYTES];

static void flush_check(uv_check_t *h)
{
    live_channels_flush(((struct end *)h->data)->channels);
}

static void flush_prepare(uv_prepare_t *h)
{
    live_channels_flush(((struct end *)h->data)->channels);
}

static void open_end(struct end *e, const struct live_channel_owner *owner)
{
    (void)uv_loop_init(&e->loop);
    (void)uv_check_init(&e->loop, &e->check);
    (void)uv_prepare_init(&e->loop, &e->prepare);
    e->check.data = e;
    e->prepare.data = e;
    (void)uv_check_start(&e->check, flush_check);
    (void)uv_prepare_start(&e->prepare, flush_prepare);
    uv_unref((uv_handle_t *)&e->check);
    uv_unref((uv_handle_t *)&e->prepare);
    e->channels = live_channels_new(&e->loop, owner);
}

static void close_end(struct end *e)
{
    uv_close((uv_handle_t *)&e->check, NULL);
    uv_close((uv_handle_t *)&e->prepare, NULL);
    (void)uv_run(&e->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&e->loop);
    live_channels_free(e->channels);
}

static void ignore(void *self, struct live_channel *c)
{
    (void)self;
    (void)c;
}

/* ---- server: sends back what is short, counts what is long ---- */

static void serve_call(void *self, struct grpc_call *call, const char *path)
{
    (void)self;
    (void)call;
    (void)path;
}

static void serve_message(void *self, struct grpc_call *call, struct sw_bytes message)
{
    (void)self;
    if (message.len <= UNARY_BYTES) {
        (void)grpc_call_send(call, message);
    }
}

static void serve_end(void *self, struct grpc_call *call, enum grpc_status status,
                      const char *reason)
{
    (void)self;
    (void)grpc_call_end(call, status, reason);
}

static const struct grpc_handler serving = { serve_call, serve_message, serve_end, NULL, NULL };

static void on_connection(uv_stream_t *listener, int status)
{
    struct server *s = listener->data;
    if (status == 0) {
        (void)live_channel_accept(s->end.channels, listener, s->tls);
    }
}

static void on_stop(uv_async_t *a)
{
    struct server *s = a->data;
    live_channels_abort(s->end.channels);
    uv_close((uv_handle_t *)&s->listener, NULL);
    uv_close((uv_handle_t *)a, NULL);
}

static void run_server(void *arg)
{
    struct server *s = arg;
    (void)uv_run(&s->end.loop, UV_RUN_DEFAULT);
}

static uint16_t start_server(struct server *s)
{
    static struct live_channel_owner owner;
    union live_address a;
    int len = sizeof a;
    owner = (struct live_channel_owner){ .on_ready = ignore,
                                         .on_closed = ignore,
                                         .on_flushed = ignore,
                                         .handler = &serving,
                                         .self = s };
    open_end(&s->end, &owner);
    s->listener.data = s;
    s->stop.data = s;
    (void)live_address_parse("127.0.0.1:0", &a);
    if (uv_tcp_init(&s->end.loop, &s->listener) != 0 || uv_tcp_bind(&s->listener, &a.any, 0) != 0 ||
        uv_listen((uv_stream_t *)&s->listener, 16, on_connection) != 0 ||
        uv_async_init(&s->end.loop, &s->stop, on_stop) != 0 ||
        uv_tcp_getsockname(&s->listener, &a.any, &len) != 0 ||
        uv_thread_create(&s->thread, run_server, s) != 0) {
        abort();
    }
    return (uint16_t)(a.v4.sin_port >> 8 | a.v4.sin_port << 8);
}

/* ---- client ---- */

static void begin_unary(struct client *c)
{
    const sw_time now = live_now();
    struct grpc_call *call = grpc_call_new(live_channel_session(c->channel), "/bench.Echo/Unary",
                                           "b.swarm.internal", NULL, 10 * SW_SEC, now);
    if (call == NULL) {
        abort();
    }
    c->left--;
    grpc_call_set(call, (void *)(uintptr_t)now);
    (void)grpc_call_send(call, (struct sw_bytes){ payload, UNARY_BYTES });
    (void)grpc_call_end(call, GRPC_OK, NULL);
    live_channel_touch(c->channel);
}

static struct client *client_of(void *channel)
{
    return live_channel_owner_self(channel);
}

static void asked_end(void *self, struct grpc_call *call, enum grpc_status status,
                      const char *reason)
{
    struct client *c = client_of(self);
    if (status != GRPC_OK) {
        (void)fprintf(stderr, "%s %s\n", grpc_status_name(status), reason);
        abort();
    }
    if (!c->stream) {
        c->times[c->done] = (double)(live_now() - (sw_time)(uintptr_t)grpc_call_get(call)) / 1e9;
    }
    c->done++;
}

static void asked_close(void *self, struct grpc_call *call)
{
    struct client *c = client_of(self);
    (void)call;
    if (c->left > 0 && !c->stream) {
        begin_unary(c);
    } else if (c->stream || c->done == UNARY_CALLS || c->done == ALONE_CALLS) {
        c->ended = live_now();
        live_channel_close(c->channel, "done");
    }
}

static void feed_stream(struct client *c, struct grpc_call *call)
{
    while (c->left > 0 && grpc_call_queued(call) < STREAM_AHEAD) {
        (void)grpc_call_send(call, (struct sw_bytes){ payload, STREAM_BYTES });
        c->bytes += STREAM_BYTES;
        if (--c->left == 0) {
            (void)grpc_call_end(call, GRPC_OK, NULL);
        }
    }
    live_channel_touch(c->channel);
}

static void asked_drained(void *self, struct grpc_call *call)
{
    feed_stream(client_of(self), call);
}

static const struct grpc_handler asking = { NULL, NULL, asked_end, asked_close, asked_drained };

static void on_ready(void *self, struct live_channel *channel)
{
    struct client *c = self;
    c->channel = channel;
    c->began = live_now();
    if (!c->stream) {
        for (unsigned i = 0; i < c->in_flight; i++) {
            begin_unary(c);
        }
        return;
    }
    struct grpc_call *call = grpc_call_new(live_channel_session(channel), "/bench.Sink/Stream",
                                           "b.swarm.internal", NULL, 0, live_now());
    if (call == NULL) {
        abort();
    }
    feed_stream(c, call);
}

static void ask(struct client *c, uint16_t port, struct sw_tls_context *tls)
{
    const struct live_channel_owner owner = { .on_ready = on_ready,
                                              .on_closed = ignore,
                                              .on_flushed = ignore,
                                              .handler = &asking,
                                              .self = c };
    const struct sw_identity who = pki_id(SW_ROLE_NODE, "b");
    char address[LIVE_ADDRESS_MAX];
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", port);
    open_end(&c->end, &owner);
    if (live_channel_dial(c->end.channels, address, tls, &who) == NULL) {
        abort();
    }
    (void)uv_run(&c->end.loop, UV_RUN_DEFAULT);
    close_end(&c->end);
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return x < y ? -1 : (x > y ? 1 : 0);
}

static void bench_unary(unsigned in_flight, uint64_t calls, uint16_t port,
                        struct sw_tls_context *tls)
{
    struct client c = { .in_flight = in_flight, .left = calls };
    c.times = calloc(calls, sizeof *c.times);
    if (c.times == NULL) {
        abort();
    }
    const double cpu = bench_cpu();
    ask(&c, port, tls);
    const double spent = bench_cpu() - cpu;
    qsort(c.times, calls, sizeof *c.times, by_size);
    const double seconds = (double)(c.ended - c.began) / 1e9;
    (void)printf("unary, %2u in flight: %8.0f calls/s, p50 %4.0f us, p99 %4.0f us, processor %.1f "
                 "us a call\n",
                 in_flight, (double)calls / seconds, c.times[calls / 2] * 1e6,
                 c.times[calls * 99 / 100] * 1e6, spent / (double)calls * 1e6);
    free(c.times);
}

int main(void)
{
    static struct server server;
    struct pki pki;
    if (pki_init(&pki) != 0) {
        return 1;
    }
    struct sw_tls_context *a = pki_new(&pki, SW_ROLE_NODE, "a");
    server.tls = pki_new(&pki, SW_ROLE_NODE, "b");
    if (a == NULL || server.tls == NULL) {
        return 1;
    }
    const uint16_t port = start_server(&server);
    bench_unary(1, ALONE_CALLS, port, a);
    bench_unary(32, UNARY_CALLS, port, a);
    struct client c = { .stream = true, .left = STREAM_MESSAGES };
    const double cpu = bench_cpu();
    ask(&c, port, a);
    const double spent = bench_cpu() - cpu;
    (void)printf("stream, 64 KiB messages: %.0f MB/s, processor %.2f ns a byte\n",
                 (double)c.bytes / 1e6 / ((double)(c.ended - c.began) / 1e9),
                 spent / (double)c.bytes * 1e9);
    (void)uv_async_send(&server.stop);
    (void)uv_thread_join(&server.thread);
    close_end(&server.end);
    sw_tls_context_free(a);
    sw_tls_context_free(server.tls);
    pki_fini(&pki);
    return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Sockets to upstreams. */
#define _GNU_SOURCE /* what uv.h needs */
#include "node/live/upstream.h"

#include "node/base/map.h"
#include "node/core/dns/bytes.h"
#include "node/live/address.h"
#include "node/live/clock.h"
#include "node/live/host.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define MESSAGE_MAX 65535U
#define FRAME 2U

struct asking {
    struct live_upstreams *u;
    uint64_t id;
    bool stream;
    union {
        uv_handle_t any;
        uv_udp_t udp;
        uv_tcp_t tcp;
    } handle;
    uv_connect_t connect;
    uv_write_t write;
    size_t got; /* of a stream's answer, its frame included */
    uint8_t *answer;
    size_t len;
    uint8_t message[]; /* framed */
};

struct live_upstreams {
    struct live_host *h;
    struct sw_map asking; /* by id, big-endian */
    uint8_t datagram[MESSAGE_MAX];
};

struct key {
    uint8_t b[8];
};

static struct key key_of(uint64_t id)
{
    struct key k;
    sw_put_be32(k.b, (uint32_t)(id >> 32));
    sw_put_be32(k.b + 4, (uint32_t)id);
    return k;
}

struct live_upstreams *live_upstreams_new(struct live_host *h)
{
    struct live_upstreams *u = calloc(1, sizeof *u);
    if (u != NULL) {
        u->h = h;
    }
    return u;
}

void live_upstreams_free(struct live_upstreams *u)
{
    if (u != NULL) {
        sw_map_fini(&u->asking);
        free(u);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct asking *a = handle->data;
    free(a->answer);
    free(a);
}

static void close_asking(struct asking *a)
{
    const struct key k = key_of(a->id);
    (void)sw_map_del(&a->u->asking, (struct sw_bytes){ k.b, sizeof k.b });
    if (uv_is_closing(&a->handle.any) == 0) {
        uv_close(&a->handle.any, on_closed);
    }
}

/* The node learns; @message is empty where nobody is there.  @a may be gone afterwards. */
static void tell(struct live_upstreams *u, uint64_t id, struct sw_bytes message)
{
    struct sw_event ev = { .kind = SW_EV_UPSTREAM };
    ev.u.upstream.id = id;
    ev.u.upstream.message = message;
    (void)live_host_step(u->h, &ev, live_now());
}

static void fail(struct asking *a)
{
    struct live_upstreams *u = a->u;
    const uint64_t id = a->id;
    close_asking(a);
    tell(u, id, (struct sw_bytes){ NULL, 0 });
}

/* ---- datagrams ---- */

static void give_datagram(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    const struct asking *a = handle->data;
    (void)suggested;
    *buf = uv_buf_init((char *)a->u->datagram, MESSAGE_MAX);
}

static void on_datagram(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from,
                        unsigned flags)
{
    struct asking *a = udp->data;
    if (n < 0) {
        fail(a); /* a port that nobody listens on, a route that is gone */
    } else if (from != NULL && (flags & UV_UDP_PARTIAL) == 0) {
        tell(a->u, a->id, (struct sw_bytes){ (const uint8_t *)buf->base, (size_t)n });
    }
}

static int start_udp(struct asking *a, const union live_address *to)
{
    uv_buf_t buf = uv_buf_init((char *)a->message + FRAME, (unsigned)(a->len - FRAME));
    int rv = uv_udp_connect(&a->handle.udp, &to->any);
    rv = rv != 0 ? rv : uv_udp_recv_start(&a->handle.udp, give_datagram, on_datagram);
    if (rv == 0) {
        rv = uv_udp_try_send(&a->handle.udp, &buf, 1, NULL);
    }
    return rv == UV_EAGAIN ? 0 : rv < 0 ? rv : 0; /* lost like any other datagram */
}

/* ---- streams ---- */

static void give_stream(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct asking *a = handle->data;
    (void)suggested;
    if (a->answer == NULL) {
        a->answer = malloc(FRAME + MESSAGE_MAX);
    }
    *buf = a->answer == NULL
               ? uv_buf_init(NULL, 0)
               : uv_buf_init((char *)a->answer + a->got, (unsigned)(FRAME + MESSAGE_MAX - a->got));
}

static void on_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct asking *a = stream->data;
    (void)buf;
    if (n < 0) {
        fail(a);
        return;
    }
    a->got += (size_t)n;
    if (a->got < FRAME || a->got - FRAME < sw_be16(a->answer)) {
        return;
    }
    (void)uv_read_stop(stream);
    tell(a->u, a->id, (struct sw_bytes){ a->answer + FRAME, sw_be16(a->answer) });
}

static void on_written(uv_write_t *write, int status)
{
    struct asking *a = write->data;
    if (status != 0 && uv_is_closing(&a->handle.any) == 0) {
        fail(a);
    }
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct asking *a = connect->data;
    uv_stream_t *stream = (uv_stream_t *)&a->handle.tcp;
    uv_buf_t buf = uv_buf_init((char *)a->message, (unsigned)a->len);
    if (uv_is_closing(&a->handle.any) != 0) {
        return;
    }
    a->write.data = a;
    if (status != 0 || uv_read_start(stream, give_stream, on_bytes) != 0 ||
        uv_write(&a->write, stream, &buf, 1, on_written) != 0) {
        fail(a);
    }
}

static int start_tcp(struct asking *a, const union live_address *to)
{
    a->connect.data = a;
    return uv_tcp_connect(&a->connect, &a->handle.tcp, &to->any, on_connected);
}

/* ---- asking ---- */

static struct asking *add(struct live_upstreams *u, const struct sw_action *ask)
{
    const struct key k = key_of(ask->u.ask.id);
    const struct sw_bytes m = ask->u.ask.message;
    struct asking *a = m.len <= MESSAGE_MAX ? calloc(1, sizeof *a + FRAME + m.len) : NULL;
    if (a == NULL) {
        return NULL;
    }
    a->u = u;
    a->id = ask->u.ask.id;
    a->stream = ask->u.ask.stream;
    a->len = FRAME + m.len;
    sw_put_be16(a->message, (unsigned)m.len);
    memcpy(a->message + FRAME, m.data, m.len);
    const int rv = a->stream ? uv_tcp_init(&u->h->loop, &a->handle.tcp)
                             : uv_udp_init(&u->h->loop, &a->handle.udp);
    if (rv != 0) {
        free(a);
        return NULL;
    }
    a->handle.any.data = a;
    if (sw_map_put(&u->asking, (struct sw_bytes){ k.b, sizeof k.b }, a, NULL) != 0) {
        uv_close(&a->handle.any, on_closed);
        return NULL;
    }
    return a;
}

void live_upstreams_ask(struct live_upstreams *u, const struct sw_action *ask)
{
    union live_address to;
    struct asking *a = live_address_parse(ask->u.ask.address, &to) == 0 ? add(u, ask) : NULL;
    const int rv = a == NULL ? -1 : a->stream ? start_tcp(a, &to) : start_udp(a, &to);
    if (rv != 0) {
        struct sw_event ev = { .kind = SW_EV_UPSTREAM };
        ev.u.upstream.id = ask->u.ask.id;
        if (a != NULL) {
            close_asking(a);
        }
        live_host_later(u->h, &ev); /* this is a step */
    }
}

void live_upstreams_unask(struct live_upstreams *u, uint64_t id)
{
    const struct key k = key_of(id);
    struct asking *a = sw_map_get(&u->asking, (struct sw_bytes){ k.b, sizeof k.b });
    if (a != NULL) {
        close_asking(a);
    }
}

void live_upstreams_shutdown(struct live_upstreams *u)
{
    struct sw_bytes key;
    struct asking *a;
    while (u != NULL && (a = sw_map_next(&u->asking, NULL, &key)) != NULL) {
        close_asking(a);
    }
}

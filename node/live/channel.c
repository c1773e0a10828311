/* SPDX-License-Identifier: GPL-3.0-or-later
 * Connections that carry gRPC. */
#define _GNU_SOURCE /* what uv.h needs */
#include "node/live/channel.h"

#include "node/base/buf.h"
#include "node/base/bug.h"
#include "node/live/clock.h"
#include "node/live/tcp.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDLE (10 * SW_SEC)
#define PATIENCE (5 * SW_SEC)
#define READ_BUFFER 65536u
#define LINGER_MS 1000          /* for the other side to close first */
#define FLUSH_MOST (256u << 10) /* bytes encrypted before the kernel has taken them */

struct live_channels {
    uv_loop_t *loop;
    struct live_channel_owner owner;
    struct live_channel *first;
    size_t count;
    uint8_t cipher[READ_BUFFER], plain[READ_BUFFER];
};

struct live_channel {
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_connect_t connect;
    uv_getaddrinfo_t lookup;
    uv_write_t write;
    struct live_channels *all;
    struct live_channel *next, *prev;
    unsigned open; /* handles and requests that must end before it can be freed */
    bool dialled, connected, dirty, closing;
    bool finishing; /* to be closed when all is written ... */
    bool lingering; /* ... which it is: the other side may close now */
    bool inside;    /* the session is at work: it must not be called */
    sw_time timer_at;
    struct sw_tls *tls;
    struct grpc_session *rpc; /* once ready */
    struct sw_blob writing;   /* the kernel's, until on_written */
    char reason[128];
    char address[128];
    max_align_t attachment[];
};

static void free_channel(struct live_channel *c)
{
    struct live_channels *all = c->all;
    grpc_session_free(c->rpc);
    c->rpc = NULL;
    all->owner.on_closed(all->owner.self, c);
    if (c->prev != NULL) {
        c->prev->next = c->next;
    } else {
        all->first = c->next;
    }
    if (c->next != NULL) {
        c->next->prev = c->prev;
    }
    all->count--;
    sw_tls_free(c->tls);
    sw_blob_fini(&c->writing);
    free(c);
}

static void release(struct live_channel *c)
{
    SW_ASSERT(c->open > 0);
    if (--c->open == 0) {
        free_channel(c);
    }
}

static void on_handle_closed(uv_handle_t *h)
{
    release(h->data);
}

/* What can still be said at once: an alert, a GOAWAY. */
static void last_words(struct live_channel *c)
{
    struct sw_bytes out = { NULL, 0 };
    if (!c->connected) {
        return;
    }
    if (c->rpc != NULL && !c->inside) {
        c->inside = true;
        if (grpc_send(c->rpc, &out) == 0 && out.len > 0) {
            (void)sw_tls_write(c->tls, out);
        }
        c->inside = false;
    }
    sw_tls_close(c->tls);
    out = sw_tls_send(c->tls);
    if (out.len > 0 && c->writing.len == 0) {
        const uv_buf_t buf = uv_buf_init((char *)(uintptr_t)out.data, (unsigned)out.len);
        (void)uv_try_write((uv_stream_t *)&c->tcp, &buf, 1);
    }
}

void live_channel_close(struct live_channel *c, const char *reason)
{
    if (c->closing) {
        return;
    }
    if (!c->finishing) {
        (void)snprintf(c->reason, sizeof c->reason, "%s", reason);
    }
    c->closing = true; /* first: the last words end calls, whose owners come back here */
    last_words(c);
    (void)uv_cancel((uv_req_t *)&c->lookup); /* fails when it is done or never began */
    uv_close((uv_handle_t *)&c->timer, on_handle_closed);
    uv_close((uv_handle_t *)&c->tcp, on_handle_closed);
}

void live_channel_finish(struct live_channel *c, const char *reason)
{
    if (!c->closing && !c->finishing) {
        (void)snprintf(c->reason, sizeof c->reason, "%s", reason);
        c->finishing = true;
        c->dirty = true;
    }
}

/* ---- writing ---- */

void live_channel_touch(struct live_channel *c)
{
    c->dirty = true;
}

static void on_written(uv_write_t *w, int status)
{
    struct live_channel *c = w->data;
    c->writing.len = 0;
    if (status != 0) {
        live_channel_close(c, uv_strerror(status));
    } else {
        live_channel_touch(c);
    }
    release(c);
}

static void on_timer(uv_timer_t *timer)
{
    struct live_channel *c = timer->data;
    c->timer_at = SW_TIME_NEVER;
    if (c->rpc == NULL || c->lingering) {
        live_channel_close(c, "timed out");
        return;
    }
    c->inside = true;
    const int err = grpc_tick(c->rpc, live_now());
    c->inside = false;
    if (err != 0) {
        live_channel_close(c, "no sign of life");
    }
    live_channel_touch(c);
}

static void set_timer(struct live_channel *c)
{
    const sw_time at = grpc_deadline(c->rpc);
    if (at != c->timer_at) {
        c->timer_at = at;
        uv_update_time(c->all->loop);
        (void)uv_timer_start(&c->timer, on_timer, live_timer_ms(live_now(), at), 0);
    }
}

/* Encrypt what the session has to say, up to a bound.  True: there is more. */
static bool gather(struct live_channel *c)
{
    size_t n = 0;
    while (c->rpc != NULL && n < FLUSH_MOST) {
        struct sw_bytes out;
        c->inside = true;
        const int err = grpc_send(c->rpc, &out);
        c->inside = false;
        if (err != 0) {
            live_channel_close(c, "out of memory");
        }
        if (c->closing || out.len == 0) {
            return false;
        }
        if (sw_tls_write(c->tls, out) != 0) {
            live_channel_close(c, sw_tls_reason(c->tls));
            return false;
        }
        n += out.len;
    }
    return c->rpc != NULL;
}

/* Write @out; @later: hand all of it to the loop, so that its turn comes again. */
static void put(struct live_channel *c, struct sw_bytes out, bool later)
{
    size_t sent = 0;
    if (!later) {
        const uv_buf_t all = uv_buf_init((char *)(uintptr_t)out.data, (unsigned)out.len);
        const int n = uv_try_write((uv_stream_t *)&c->tcp, &all, 1);
        if (n < 0 && n != UV_EAGAIN) {
            live_channel_close(c, uv_strerror(n));
            return;
        }
        sent = n > 0 ? (size_t)n : 0;
    }
    if (sent == out.len) {
        return;
    }
    if (sw_blob_append(&c->writing, out.data + sent, out.len - sent) != 0) {
        live_channel_close(c, "out of memory");
        return;
    }
    const uv_buf_t rest = uv_buf_init((char *)c->writing.data, (unsigned)c->writing.len);
    c->write.data = c;
    if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &rest, 1, on_written) == 0) {
        c->open++;
    } else {
        live_channel_close(c, "write failed");
    }
}

/* All is said.  The other side closes when it has read it; to close first, with something unread
 * from it, would take back what is still on its way. */
static void linger(struct live_channel *c)
{
    if (!c->lingering) {
        c->lingering = true;
        uv_update_time(c->all->loop);
        (void)uv_timer_start(&c->timer, on_timer, LINGER_MS, 0);
    }
}

static void flush(struct live_channel *c)
{
    if (c->writing.len > 0) {
        return; /* on_written comes back */
    }
    c->dirty = false;
    const bool more = gather(c);
    if (c->closing) {
        return;
    }
    const struct sw_bytes out = sw_tls_send(c->tls);
    if (out.len > 0) {
        put(c, out, more);
    }
    if (c->closing || c->rpc == NULL) {
        return;
    }
    if (c->finishing) {
        if (c->writing.len == 0) {
            linger(c);
        }
        return;
    }
    set_timer(c);
    c->all->owner.on_flushed(c->all->owner.self, c);
    if (!c->closing && c->writing.len == 0 && grpc_session_over(c->rpc)) {
        live_channel_close(c, "closed in order");
    }
}

void live_channels_flush(struct live_channels *all)
{
    for (struct live_channel *c = all->first; c != NULL; c = c->next) {
        for (int i = 0; i < 8 && c->dirty && !c->closing; i++) {
            flush(c);
        }
    }
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    const struct live_channel *c = h->data;
    *buf = uv_buf_init((char *)c->all->cipher, READ_BUFFER);
}

/* The handshake is done: from here on it is gRPC. */
static void get_ready(struct live_channel *c)
{
    c->rpc = grpc_session_new(!c->dialled, c->all->owner.handler, c);
    if (c->rpc == NULL) {
        live_channel_close(c, "out of memory");
        return;
    }
    (void)uv_timer_stop(&c->timer);
    c->timer_at = SW_TIME_NEVER;
    grpc_keepalive(c->rpc, IDLE, PATIENCE, live_now());
    c->all->owner.on_ready(c->all->owner.self, c);
}

static void take(struct live_channel *c, struct sw_bytes in)
{
    if (sw_tls_receive(c->tls, in) != 0) {
        live_channel_close(c, sw_tls_reason(c->tls));
        return;
    }
    live_channel_touch(c);
    if (c->rpc == NULL && sw_tls_ready(c->tls)) {
        get_ready(c);
    }
    while (!c->closing && c->rpc != NULL) {
        const int n = sw_tls_read(c->tls, c->all->plain, READ_BUFFER);
        if (n == 0) {
            return;
        }
        if (n < 0) {
            live_channel_close(c, n == SW_ERR_STATE ? "closed by the other side"
                                                    : sw_tls_reason(c->tls));
            return;
        }
        const struct sw_bytes plain = { c->all->plain, (size_t)n };
        c->inside = true;
        const int err = grpc_receive(c->rpc, plain, live_now());
        c->inside = false;
        sodium_memzero(c->all->plain, (size_t)n); /* an operator's may hold a key */
        if (err != 0 && !c->closing) {
            live_channel_close(c, err == SW_ERR_NOMEM ? "out of memory"
                                                      : "not HTTP/2, or too much of it");
        }
    }
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct live_channel *c = stream->data;
    if (c->closing) {
        return;
    }
    if (n < 0) {
        live_channel_close(c, n == UV_EOF ? "closed by the other side" : uv_strerror((int)n));
    } else if (n > 0) {
        take(c, (struct sw_bytes){ (const uint8_t *)buf->base, (size_t)n });
    }
}

/* ---- beginning ---- */

static struct live_channel *new_channel(struct live_channels *all, struct sw_tls_context *tls,
                                        const struct sw_identity *who)
{
    struct live_channel *c = calloc(1, sizeof *c + all->owner.attachment);
    struct sw_tls *t = c == NULL ? NULL : sw_tls_new(tls, who == NULL, who);
    if (t == NULL || uv_tcp_init(all->loop, &c->tcp) != 0) {
        sw_tls_free(t);
        free(c);
        return NULL;
    }
    (void)uv_timer_init(all->loop, &c->timer); /* can't fail */
    c->tls = t;
    c->all = all;
    c->dialled = who != NULL;
    c->open = 2;
    c->tcp.data = c;
    c->timer.data = c;
    c->timer_at = SW_TIME_NEVER;
    c->next = all->first;
    if (all->first != NULL) {
        all->first->prev = c;
    }
    all->first = c;
    all->count++;
    uv_update_time(all->loop);
    (void)uv_timer_start(&c->timer, on_timer, all->owner.set_up_ms, 0);
    return c;
}

static void begin(struct live_channel *c)
{
    c->connected = true;
    (void)uv_tcp_nodelay(&c->tcp, 1);
    const int rv = uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
    if (rv != 0) {
        live_channel_close(c, uv_strerror(rv));
    }
    live_channel_touch(c); /* a client speaks first */
}

bool live_channel_accept(struct live_channels *all, uv_stream_t *server, struct sw_tls_context *tls)
{
    struct live_channel *c = new_channel(all, tls, NULL);
    union live_address a;
    int len = sizeof a;
    if (c == NULL) {
        live_tcp_refuse(server);
        return false;
    }
    if (uv_accept(server, (uv_stream_t *)&c->tcp) != 0 ||
        uv_tcp_getpeername(&c->tcp, &a.any, &len) != 0) {
        live_channel_close(c, "gone before it was accepted");
        return true;
    }
    live_address_format(&a, c->address);
    begin(c);
    return true;
}

static void on_connected(uv_connect_t *req, int status)
{
    struct live_channel *c = req->data;
    if (status != 0) {
        live_channel_close(c, uv_strerror(status));
    } else if (!c->closing) {
        begin(c);
    }
    release(c);
}

static void connect_to(struct live_channel *c, const struct sockaddr *to)
{
    c->connect.data = c;
    const int rv = uv_tcp_connect(&c->connect, &c->tcp, to, on_connected);
    if (rv == 0) {
        c->open++;
    } else {
        live_channel_close(c, uv_strerror(rv));
    }
}

static void on_looked_up(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
    struct live_channel *c = req->data;
    if (status != 0) {
        live_channel_close(c, uv_strerror(status));
    } else if (!c->closing) {
        connect_to(c, found->ai_addr);
    }
    uv_freeaddrinfo(found);
    release(c);
}

static void look_up(struct live_channel *c, const char *address)
{
    char host[256];
    char port[16];
    const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    c->lookup.data = c;
    if (live_address_split(address, host, sizeof host, port, sizeof port) != 0) {
        live_channel_close(c, "no address like host:port");
    } else if (uv_getaddrinfo(c->all->loop, &c->lookup, on_looked_up, host, port, &hints) == 0) {
        c->open++;
    } else {
        live_channel_close(c, "can not look up the address");
    }
}

struct live_channel *live_channel_dial(struct live_channels *all, const char *address,
                                       struct sw_tls_context *tls, const struct sw_identity *who)
{
    struct live_channel *c = new_channel(all, tls, who);
    union live_address a;
    if (c == NULL) {
        return NULL;
    }
    (void)snprintf(c->address, sizeof c->address, "%s", address);
    if (live_address_parse(address, &a) == 0) {
        connect_to(c, &a.any);
    } else {
        look_up(c, address);
    }
    return c;
}

/* ---- all of them ---- */

struct live_channels *live_channels_new(uv_loop_t *loop, const struct live_channel_owner *owner)
{
    struct live_channels *all = calloc(1, sizeof *all);
    if (all != NULL) {
        all->loop = loop;
        all->owner = *owner;
        if (owner->set_up_ms == 0) {
            all->owner.set_up_ms = LIVE_CHANNEL_SET_UP_MS;
        }
    }
    return all;
}

void live_channels_recheck(struct live_channels *all, struct sw_tls_context *tls)
{
    for (struct live_channel *c = all->first; c != NULL; c = c->next) {
        if (c->rpc != NULL && !sw_tls_still_trusted(c->tls, tls)) {
            live_channel_close(c, "its certificate is no longer trusted");
        }
    }
}

void live_channels_shutdown(struct live_channels *all)
{
    for (struct live_channel *c = all->first; c != NULL; c = c->next) {
        if (c->rpc == NULL) {
            live_channel_close(c, "shutting down");
        } else {
            grpc_shutdown(c->rpc);
            live_channel_touch(c);
        }
    }
}

void live_channels_abort(struct live_channels *all)
{
    for (struct live_channel *c = all->first; c != NULL; c = c->next) {
        live_channel_close(c, "shutting down");
    }
}

size_t live_channels_count(const struct live_channels *all)
{
    return all->count;
}

void live_channels_free(struct live_channels *all)
{
    SW_ASSERT(all == NULL || all->count == 0);
    free(all);
}

/* ---- looking ---- */

void *live_channel_get(struct live_channel *c)
{
    return c->attachment;
}

void *live_channel_owner_self(const struct live_channel *c)
{
    return c->all->owner.self;
}

struct grpc_session *live_channel_session(const struct live_channel *c)
{
    return c->rpc;
}

const struct sw_identity *live_channel_peer(const struct live_channel *c)
{
    return sw_tls_peer(c->tls);
}

bool live_channel_dialled(const struct live_channel *c)
{
    return c->dialled;
}

bool live_channel_ready(const struct live_channel *c)
{
    return c->rpc != NULL && !c->closing;
}

const char *live_channel_reason(const struct live_channel *c)
{
    return c->reason;
}

const char *live_channel_address(const struct live_channel *c)
{
    return c->address;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * DNS over TCP: the core frames and times, this moves bytes.  A client that does not read is not
 * read from, and one that lets too much pile up is closed. */
#define _GNU_SOURCE /* SO_REUSEPORT */
#include "node/live/front.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "node/live/clock.h"
#include "node/live/fs_posix.h"
#include "node/live/tcp.h"

#define BACKLOG 256
#define READ_BUFFER 65536u
#define PAUSE_ABOVE (64u << 10) /* bytes unsent: read no further */
#define CLOSE_ABOVE (4u << 20)

struct live_stream {
    uv_tcp_t tcp;
    uv_write_t write;
    struct live_front *front;
    uint64_t number;
    struct sw_blob out;     /* to be written */
    struct sw_blob writing; /* the kernel's, until on_written */
    struct live_stream *next_dirty;
    bool dirty;
    bool drained; /* tell the core */
    bool paused;
    bool ended;   /* the client says no more */
    bool ending;  /* close, with what the kernel takes at once as the last */
    bool closing; /* uv_close was called */
    bool gone;    /* the core knows it is no more, or said so itself */
};

static struct live_stream *find(const struct live_front *f, uint64_t number)
{
    struct live_stream *s = f->n_streams > 0 ? f->streams[number % f->n_streams] : NULL;
    return s != NULL && s->number == number && !s->closing ? s : NULL;
}

static void mark(struct live_stream *s)
{
    if (!s->dirty) {
        s->dirty = true;
        s->next_dirty = s->front->dirty;
        s->front->dirty = s;
    }
}

static void on_closed(uv_handle_t *h)
{
    struct live_stream *s = h->data;
    struct live_front *f = s->front;
    for (struct live_stream **p = &f->dirty; *p != NULL; p = &(*p)->next_dirty) {
        if (*p == s) {
            *p = s->next_dirty;
            break;
        }
    }
    f->streams[s->number % f->n_streams] = NULL;
    sw_blob_fini(&s->out);
    sw_blob_fini(&s->writing);
    free(s);
}

static void close_now(struct live_stream *s)
{
    if (!s->closing) {
        s->closing = true;
        uv_close((uv_handle_t *)&s->tcp, on_closed);
    }
}

/* The other side ended it, or broke it, or abused it. */
static void lose(struct live_stream *s)
{
    if (!s->gone) {
        s->gone = true;
        struct sw_event ev = { .kind = SW_EV_STREAM_CLOSED, .u.stream_closed = s->number };
        live_front_step(s->front, &ev, live_now());
    }
    close_now(s);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    const struct live_stream *s = h->data;
    *buf = uv_buf_init((char *)s->front->read_buffer, READ_BUFFER);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct live_stream *s = stream->data;
    struct live_front *f = s->front;
    if (n == UV_EOF && !s->gone) { /* it may read on */
        struct sw_event ev = { .kind = SW_EV_STREAM_END, .u.stream_end = s->number };
        s->ended = true;
        (void)uv_read_stop(stream);
        live_front_step(f, &ev, live_now());
    } else if (n < 0) {
        lose(s);
    } else if (n > 0) {
        struct sw_event ev = { .kind = SW_EV_STREAM_DATA };
        ev.u.stream_data.stream = s->number;
        ev.u.stream_data.data = (struct sw_bytes){ (const uint8_t *)buf->base, (size_t)n };
        live_front_step(f, &ev, live_now());
    }
    live_front_flush(f);
}

/* ---- new ones ---- */

/* A number whose slot is free: unique for ever, and its place is the remainder. */
static uint64_t next_number(struct live_front *f)
{
    for (size_t tries = 0; tries < f->n_streams; tries++) {
        const uint64_t number = ++f->streams_made;
        if (f->streams[number % f->n_streams] == NULL) {
            return number;
        }
    }
    return 0;
}

static bool peer_of(const uv_tcp_t *tcp, struct sw_client *client)
{
    union live_address a;
    int len = sizeof a;
    memset(&a, 0, sizeof a);
    if (uv_tcp_getpeername(tcp, &a.any, &len) != 0) {
        return false;
    }
    live_address_to_client(&a, client);
    return true;
}

static struct live_stream *new_stream(struct live_front *f)
{
    const uint64_t number = next_number(f);
    struct live_stream *s = number != 0 ? calloc(1, sizeof *s) : NULL;
    if (s == NULL || uv_tcp_init(&f->loop, &s->tcp) != 0) {
        free(s);
        return NULL;
    }
    s->front = f;
    s->tcp.data = s;
    s->number = number;
    f->streams[number % f->n_streams] = s;
    return s;
}

static void on_connection(uv_stream_t *server, int status)
{
    const struct live_listener *l = server->data;
    struct live_front *f = l->front;
    if (status != 0) {
        return;
    }
    struct live_stream *s = new_stream(f);
    if (s == NULL) {
        live_tcp_refuse(server);
        return;
    }
    struct sw_event ev = { .kind = SW_EV_STREAM_OPEN };
    struct sw_client *client = &ev.u.stream_open;
    *client = (struct sw_client){ .stream = s->number, .socket = l->socket, .front = f->number };
    s->gone = true;
    if (uv_accept(server, (uv_stream_t *)&s->tcp) != 0 || !peer_of(&s->tcp, client)) {
        close_now(s);
        return;
    }
    (void)uv_tcp_nodelay(&s->tcp, 1);
    s->gone = false;
    live_front_step(f, &ev, live_now());
    if (uv_read_start((uv_stream_t *)&s->tcp, on_alloc, on_read) != 0) {
        lose(s);
    }
    live_front_flush(f);
}

int live_listener_open(struct live_listener *l, const union live_address *a, struct sw_diag *d)
{
    const int on = 1;
    uv_os_fd_t fd = -1;
    char text[LIVE_ADDRESS_MAX];
    l->tcp.data = l;
    int rv = uv_tcp_init_ex(&l->front->loop, &l->tcp, a->any.sa_family);
    l->opened = rv == 0;
    rv = rv != 0 ? rv : uv_fileno((uv_handle_t *)&l->tcp, &fd);
    if (rv == 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
        rv = -errno;
    }
    const unsigned flags = a->any.sa_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0;
    rv = rv != 0 ? rv : uv_tcp_bind(&l->tcp, &a->any, flags);
    rv = rv != 0 ? rv : uv_listen((uv_stream_t *)&l->tcp, BACKLOG, on_connection);
    live_address_format(a, text);
    return rv == 0 ? 0
                   : sw_diag_set(d, rv == UV_EADDRINUSE ? SW_ERR_BUSY : live_fs_error(-rv),
                                 "%s (TCP): %s", text, uv_strerror(rv));
}

/* ---- writing ---- */

static void on_written(uv_write_t *w, int status)
{
    struct live_stream *s = w->data;
    s->writing.len = 0;
    if (status != 0) {
        lose(s);
    } else if (!s->closing) {
        mark(s);
    }
    if (status != UV_ECANCELED) {
        live_front_flush(s->front);
    }
}

/* What the kernel takes at once; the rest is handed over whole.  A stream that is ending waits for
 * nobody: its client may never read, and would keep its place for ever. */
static void push(struct live_stream *s)
{
    if (s->writing.len > 0 && s->ending) {
        close_now(s);
    }
    if (s->writing.len > 0 || s->closing) {
        return;
    }
    if (s->out.len > 0) {
        uv_buf_t buf = uv_buf_init((char *)s->out.data, (unsigned)s->out.len);
        const int n = uv_try_write((uv_stream_t *)&s->tcp, &buf, 1);
        if (n < 0 && n != UV_EAGAIN) {
            lose(s);
            return;
        }
        const size_t sent = n > 0 ? (size_t)n : 0;
        if (sent < s->out.len && !s->ending) {
            const struct sw_blob rest = s->out;
            s->out = s->writing;
            s->writing = rest;
            s->write.data = s;
            buf = uv_buf_init((char *)rest.data + sent, (unsigned)(rest.len - sent));
            if (uv_write(&s->write, (uv_stream_t *)&s->tcp, &buf, 1, on_written) != 0) {
                lose(s);
            }
            return;
        }
        s->out.len = 0;
    }
    if (s->ending) {
        close_now(s);
        return;
    }
    s->drained = true;
    if (s->paused) {
        s->paused = false;
        (void)uv_read_start((uv_stream_t *)&s->tcp, on_alloc, on_read);
    }
}

bool live_streams_flush(struct live_front *f)
{
    struct live_stream *list = f->dirty;
    bool told = false;
    f->dirty = NULL;
    while (list != NULL) {
        struct live_stream *s = list;
        list = s->next_dirty;
        s->dirty = false;
        push(s);
        if (s->drained && !s->gone) {
            s->drained = false;
            told = true;
            struct sw_event ev = { .kind = SW_EV_STREAM_WRITABLE, .u.stream_writable = s->number };
            live_front_step(f, &ev, live_now());
        }
    }
    return told;
}

void live_stream_write(struct live_front *f, uint64_t number, struct sw_bytes data)
{
    struct live_stream *s = find(f, number);
    if (s == NULL) {
        return;
    }
    if (s->out.len + s->writing.len + data.len > CLOSE_ABOVE ||
        sw_blob_append(&s->out, data.data, data.len) != 0) {
        lose(s);
        return;
    }
    mark(s);
    if (!s->paused && !s->ended && s->out.len + s->writing.len > PAUSE_ABOVE) {
        s->paused = true;
        (void)uv_read_stop((uv_stream_t *)&s->tcp);
    }
}

void live_stream_close(struct live_front *f, uint64_t number)
{
    struct live_stream *s = find(f, number);
    if (s != NULL) {
        s->gone = true;
        s->ending = true;
        (void)uv_read_stop((uv_stream_t *)&s->tcp);
        mark(s);
    }
}

void live_streams_abort(struct live_front *f)
{
    for (size_t i = 0; i < f->n_streams; i++) {
        if (f->streams[i] != NULL) {
            f->streams[i]->gone = true;
            close_now(f->streams[i]);
        }
    }
}

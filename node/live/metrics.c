/* SPDX-License-Identifier: GPL-3.0-or-later
 * As much of HTTP/1.1 as one page needs (RFC 9112): one request a connection. */
#define _GNU_SOURCE /* what uv.h needs */
#include "node/live/metrics.h"

#include "node/base/bug.h"
#include "node/live/address.h"
#include "node/live/fs_posix.h"
#include "node/live/tcp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_MAX 4096u
#define PATIENCE_MS 5000

struct visit {
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_write_t write;
    struct live_metrics *all;
    struct visit *next;
    unsigned open; /* handles */
    bool closing, answered;
    char request[REQUEST_MAX];
    size_t n;
    struct sw_blob page;
};

struct live_metrics {
    struct live_host *host;
    uv_tcp_t listener;
    bool listening;
    struct visit *first;
    unsigned n;
};

static void on_closed(uv_handle_t *h)
{
    struct visit *v = h->data;
    if (--v->open > 0) {
        return;
    }
    struct visit **p = &v->all->first;
    while (*p != v) {
        p = &(*p)->next;
    }
    *p = v->next;
    v->all->n--;
    sw_blob_fini(&v->page);
    free(v);
}

static void leave(struct visit *v)
{
    if (!v->closing) {
        v->closing = true;
        uv_close((uv_handle_t *)&v->timer, on_closed);
        uv_close((uv_handle_t *)&v->tcp, on_closed);
    }
}

static void on_timer(uv_timer_t *t)
{
    leave(t->data);
}

static void on_written(uv_write_t *w, int status)
{
    (void)status;
    leave(w->data);
}

/* @status like "200 OK"; the body is in @body, which may be empty. */
static int write_answer(struct visit *v, const char *status, const struct sw_blob *body)
{
    char head[256];
    const int n = snprintf(head, sizeof head,
                           "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4\r\n"
                           "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                           status, body->len);
    const int err = sw_blob_append(&v->page, head, (size_t)n);
    return err != 0 || body->len == 0 ? err : sw_blob_append(&v->page, body->data, body->len);
}

static void answer(struct visit *v)
{
    struct sw_blob body = { 0 };
    int err = 0;
    v->answered = true;
    if (strncmp(v->request, "GET ", 4) != 0) {
        err = write_answer(v, "405 Method Not Allowed", &body);
    } else if (strncmp(v->request + 4, "/metrics ", 9) != 0) {
        err = write_answer(v, "404 Not Found", &body);
    } else {
        err = live_metrics_write(v->all->host, &body);
        err = err != 0 ? err : write_answer(v, "200 OK", &body);
    }
    sw_blob_fini(&body);
    const uv_buf_t buf = uv_buf_init((char *)v->page.data, (unsigned)v->page.len);
    v->write.data = v;
    if (err != 0 || uv_write(&v->write, (uv_stream_t *)&v->tcp, &buf, 1, on_written) != 0) {
        leave(v);
    }
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct visit *v = h->data;
    *buf = uv_buf_init(v->request + v->n, (unsigned)(REQUEST_MAX - 1 - v->n));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
    struct visit *v = s->data;
    (void)buf;
    if (n < 0) { /* also: no room for more of a request */
        leave(v);
        return;
    }
    v->n += (size_t)n;
    v->request[v->n] = '\0';
    if (strstr(v->request, "\r\n\r\n") != NULL && !v->answered) {
        (void)uv_read_stop(s);
        answer(v);
    }
}

static void on_connection(uv_stream_t *server, int status)
{
    struct live_metrics *m = server->data;
    if (status != 0) {
        return;
    }
    struct visit *v = m->n < LIVE_METRICS_MAX ? calloc(1, sizeof *v) : NULL;
    if (v == NULL || uv_tcp_init(&m->host->loop, &v->tcp) != 0) {
        free(v);
        live_tcp_refuse(server);
        return;
    }
    (void)uv_timer_init(&m->host->loop, &v->timer); /* can't fail */
    v->all = m;
    v->open = 2;
    v->tcp.data = v;
    v->timer.data = v;
    v->next = m->first;
    m->first = v;
    m->n++;
    if (uv_accept(server, (uv_stream_t *)&v->tcp) != 0 ||
        uv_timer_start(&v->timer, on_timer, PATIENCE_MS, 0) != 0 ||
        uv_read_start((uv_stream_t *)&v->tcp, on_alloc, on_read) != 0) {
        leave(v);
    }
}

int live_metrics_start(struct live_host *h, const char *address, struct live_metrics **out,
                       struct sw_diag *d)
{
    union live_address a;
    if (live_address_parse(address, &a) != 0) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "%s: not a numeric address and port", address);
    }
    struct live_metrics *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
    }
    *out = m;
    m->host = h;
    m->listener.data = m;
    int rv = uv_tcp_init(&h->loop, &m->listener);
    m->listening = rv == 0;
    rv = rv != 0 ? rv : uv_tcp_bind(&m->listener, &a.any, 0);
    rv = rv != 0 ? rv : uv_listen((uv_stream_t *)&m->listener, 16, on_connection);
    return rv == 0 ? 0
                   : sw_diag_set(d, rv == UV_EADDRINUSE ? SW_ERR_BUSY : live_fs_error(-rv),
                                 "%s: %s", address, uv_strerror(rv));
}

void live_metrics_stop(struct live_metrics *m)
{
    if (m == NULL) {
        return;
    }
    if (m->listening) {
        m->listening = false;
        uv_close((uv_handle_t *)&m->listener, NULL);
    }
    for (struct visit *v = m->first; v != NULL; v = v->next) {
        leave(v);
    }
}

void live_metrics_free(struct live_metrics *m)
{
    SW_ASSERT(m == NULL || m->n == 0);
    free(m);
}

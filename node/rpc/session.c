/* SPDX-License-Identifier: GPL-3.0-or-later
 * A gRPC session: an HTTP/2 connection without a transport. */
#include "node/rpc/session.h"

#include "node/base/bug.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t shutdown_ping[8] = { 's', 'w', 'a', 'r', 'm', 'b', 'y', 'e' };

bool grpc_churn(struct grpc_session *s)
{
    const uint64_t paid = (s->now - s->churn_at) / GRPC_CHURN_EVERY;
    s->churn_at += paid * GRPC_CHURN_EVERY;
    s->churn = paid >= s->churn ? 0 : s->churn - (uint32_t)paid;
    if (++s->churn <= GRPC_CHURN_BURST) {
        return true;
    }
    (void)nghttp2_session_terminate_session(s->h2, NGHTTP2_ENHANCE_YOUR_CALM);
    s->error = SW_ERR_MALFORMED;
    return false;
}

static int set_up(struct grpc_session *s)
{
    nghttp2_session_callbacks *callbacks = grpc_callbacks();
    nghttp2_option *option = NULL;
    int err = callbacks == NULL ? NGHTTP2_ERR_NOMEM : nghttp2_option_new(&option);
    if (err == 0) {
        nghttp2_option_set_no_closed_streams(option, 1);
        nghttp2_option_set_stream_reset_rate_limit(option, UINT64_MAX, UINT64_MAX);
        err = s->server ? nghttp2_session_server_new2(&s->h2, callbacks, s, option)
                        : nghttp2_session_client_new2(&s->h2, callbacks, s, option);
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, GRPC_MAX_CALLS },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, GRPC_STREAM_WINDOW },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, GRPC_MAX_HEADERS },
        { NGHTTP2_SETTINGS_ENABLE_PUSH,
          0 }, /* a client's to say: last, so a server leaves it out */
    };
    const size_t n = SW_LEN(settings) - (s->server ? 1 : 0);
    err = err != 0 ? err : nghttp2_submit_settings(s->h2, NGHTTP2_FLAG_NONE, settings, n);
    return err != 0 ? err : nghttp2_session_set_local_window_size(s->h2, 0, 0, GRPC_SESSION_WINDOW);
}

struct grpc_session *grpc_session_new(bool server, const struct grpc_handler *handler, void *self)
{
    struct grpc_session *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return NULL;
    }
    s->server = server;
    s->handler = handler;
    s->self = self;
    s->pinged_at = SW_TIME_NEVER;
    if (set_up(s) != 0) {
        nghttp2_session_del(s->h2);
        free(s);
        return NULL;
    }
    return s;
}

void grpc_session_free(struct grpc_session *s)
{
    if (s == NULL) {
        return;
    }
    s->freeing = true;
    while (s->first != NULL) { /* nghttp2_session_del forgets its streams' data in silence */
        grpc_call_gone(s->first, NGHTTP2_REFUSED_STREAM);
    }
    nghttp2_session_del(s->h2);
    sw_heap_fini(&s->deadlines);
    sw_blob_fini(&s->out);
    free(s);
}

void *grpc_session_self(const struct grpc_session *s)
{
    return s->self;
}

void grpc_keepalive(struct grpc_session *s, sw_dur idle, sw_dur patience, sw_time now)
{
    s->idle = idle;
    s->patience = patience;
    s->now = now;
    s->heard_at = now;
}

int grpc_receive(struct grpc_session *s, struct sw_bytes in, sw_time now)
{
    SW_ASSERT(now >= s->now);
    s->now = now;
    s->heard_at = now;
    s->pinged_at = SW_TIME_NEVER;
    if (s->error != 0) {
        return s->error;
    }
    if (in.len == 0) {
        return 0;
    }
    const ssize_t n = nghttp2_session_mem_recv(s->h2, in.data, in.len);
    if (s->error == 0 && n < 0) {
        s->error = n == NGHTTP2_ERR_NOMEM ? SW_ERR_NOMEM : SW_ERR_MALFORMED;
    }
    return s->error;
}

/* The owner queues more from here: not while nghttp2 is at work. */
static void tell_drained(struct grpc_session *s)
{
    for (struct grpc_call *c = s->first; c != NULL && s->n_drained > 0; c = c->next) {
        if (!c->drained) {
            continue;
        }
        c->drained = false;
        s->n_drained--;
        if (!c->ending && !c->deaf && s->handler->on_drained != NULL) {
            s->handler->on_drained(s->self, c);
        }
    }
}

int grpc_send(struct grpc_session *s, struct sw_bytes *out)
{
    *out = (struct sw_bytes){ NULL, 0 };
    s->out.len = 0;
    while (s->out.len < GRPC_GATHER) {
        const uint8_t *data = NULL;
        const ssize_t n = nghttp2_session_mem_send(s->h2, &data);
        if (n < 0) {
            s->error = SW_ERR_NOMEM;
            return s->error;
        }
        if (n == 0) {
            if (s->n_drained == 0) {
                break;
            }
            tell_drained(s);
            continue;
        }
        if (sw_blob_append(&s->out, data, (size_t)n) != 0) {
            s->error = SW_ERR_NOMEM;
            return s->error;
        }
    }
    *out = sw_blob_bytes(&s->out);
    return 0;
}

bool grpc_session_over(const struct grpc_session *s)
{
    return s->error != 0 ||
           (nghttp2_session_want_read(s->h2) == 0 && nghttp2_session_want_write(s->h2) == 0);
}

static sw_time keepalive_deadline(const struct grpc_session *s)
{
    if (s->idle == 0) {
        return SW_TIME_NEVER;
    }
    return s->pinged_at == SW_TIME_NEVER ? s->heard_at + s->idle : s->pinged_at + s->patience;
}

sw_time grpc_deadline(const struct grpc_session *s)
{
    const struct sw_timer *t = sw_heap_first(&s->deadlines);
    const sw_time keepalive = keepalive_deadline(s);
    return t != NULL && t->at < keepalive ? t->at : keepalive;
}

int grpc_tick(struct grpc_session *s, sw_time now)
{
    SW_ASSERT(now >= s->now);
    s->now = now;
    for (struct sw_timer *t; (t = sw_heap_due(&s->deadlines, now)) != NULL;) {
        grpc_call_fail((struct grpc_call *)(void *)t, GRPC_DEADLINE_EXCEEDED, "deadline exceeded");
    }
    if (now < keepalive_deadline(s)) {
        return 0;
    }
    if (s->pinged_at != SW_TIME_NEVER) {
        s->error = SW_ERR_TIMEOUT;
        return s->error;
    }
    s->pinged_at = now;
    return nghttp2_submit_ping(s->h2, NGHTTP2_FLAG_NONE, NULL) == 0 ? 0 : SW_ERR_NOMEM;
}

/* A server first announces the end, and only after a round trip names its last call, so that calls
 * on their way are still served (RFC 9113, 6.8). */
void grpc_shutdown(struct grpc_session *s)
{
    if (s->closing) {
        return;
    }
    s->closing = true;
    if (s->server) {
        (void)nghttp2_submit_shutdown_notice(s->h2);
        (void)nghttp2_submit_ping(s->h2, NGHTTP2_FLAG_NONE, shutdown_ping);
    } else {
        (void)nghttp2_submit_goaway(s->h2, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, NULL, 0);
    }
}

/* ---- what nghttp2 tells us ---- */

static struct grpc_call *call_of(nghttp2_session *h2, int32_t id)
{
    return id == 0 ? NULL : nghttp2_session_get_stream_user_data(h2, id);
}

static int on_begin_headers(nghttp2_session *h2, const nghttp2_frame *frame, void *self)
{
    struct grpc_session *s = self;
    if (frame->hd.type != NGHTTP2_HEADERS) {
        return 0;
    }
    if (s->server && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        struct grpc_call *c = grpc_call_add(s, frame->hd.stream_id);
        if (c == NULL) {
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        }
        (void)nghttp2_session_set_stream_user_data(h2, frame->hd.stream_id, c);
    }
    if (!s->server && frame->headers.cat == NGHTTP2_HCAT_RESPONSE) {
        struct grpc_call *c = call_of(h2, frame->hd.stream_id);
        if (c != NULL) {
            c->headers.len = 0; /* forget a 1xx */
        }
    }
    return 0;
}

static int on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *self)
{
    (void)flags;
    (void)self;
    struct grpc_call *c = call_of(h2, frame->hd.stream_id);
    return c == NULL || grpc_call_add_header(c, name, name_len, value, value_len) == 0
               ? 0
               : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static void on_ping(struct grpc_session *s, const nghttp2_frame *frame)
{
    if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) {
        (void)grpc_churn(s);
    } else if (s->server && s->closing &&
               memcmp(frame->ping.opaque_data, shutdown_ping, sizeof shutdown_ping) == 0) {
        (void)nghttp2_submit_goaway(s->h2, NGHTTP2_FLAG_NONE,
                                    nghttp2_session_get_last_proc_stream_id(s->h2),
                                    NGHTTP2_NO_ERROR, NULL, 0);
    }
}

static int on_frame(nghttp2_session *h2, const nghttp2_frame *frame, void *self)
{
    struct grpc_session *s = self;
    struct grpc_call *c = call_of(h2, frame->hd.stream_id);
    const bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        if (c != NULL) {
            grpc_call_heard_headers(c);
        }
        break;
    case NGHTTP2_DATA:
        if (frame->hd.length == 0 && !end) {
            (void)grpc_churn(s);
        }
        break;
    case NGHTTP2_PING:
        on_ping(s, frame);
        return 0;
    case NGHTTP2_GOAWAY:
        s->closing = true;
        return 0;
    case NGHTTP2_SETTINGS:
    case NGHTTP2_PRIORITY:
    case NGHTTP2_RST_STREAM:
        (void)grpc_churn(s);
        return 0;
    default:
        return 0;
    }
    if (c != NULL && end) {
        grpc_call_heard_end(c);
    }
    return 0;
}

static int on_data(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
                   void *self)
{
    (void)flags;
    (void)self;
    struct grpc_call *c = call_of(h2, id);
    if (c != NULL) {
        grpc_call_heard_data(c, (struct sw_bytes){ data, len });
    }
    return 0;
}

static int on_close(nghttp2_session *h2, int32_t id, uint32_t code, void *self)
{
    (void)self;
    struct grpc_call *c = call_of(h2, id);
    if (c != NULL) {
        (void)nghttp2_session_set_stream_user_data(h2, id, NULL);
        grpc_call_gone(c, code);
    }
    return 0;
}

/* The answer is complete: the rest of the request is of no use to anybody (RFC 9113, 8.1). */
static int on_frame_sent(nghttp2_session *h2, const nghttp2_frame *frame, void *self)
{
    const struct grpc_session *s = self;
    if (s->server && frame->hd.type == NGHTTP2_HEADERS &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
        nghttp2_session_get_stream_remote_close(h2, frame->hd.stream_id) == 0) {
        return nghttp2_submit_rst_stream(h2, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                         NGHTTP2_NO_ERROR);
    }
    return 0;
}

nghttp2_session_callbacks *grpc_callbacks(void)
{
    nghttp2_session_callbacks *cb = NULL;
    if (nghttp2_session_callbacks_new(&cb) != 0) {
        return NULL;
    }
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_sent);
    return cb;
}

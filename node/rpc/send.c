/* SPDX-License-Identifier: GPL-3.0-or-later
 * What we say on a call: requests, responses, messages, trailers. */
#include "node/rpc/session.h"

#include <stdio.h>
#include <string.h>

#define MAX_EXTRA_HEADERS 16

static nghttp2_nv pair(const char *name, const char *value)
{
    return (nghttp2_nv){ (uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
                         strlen(value), NGHTTP2_NV_FLAG_NONE };
}

/* grpc-status and, when there is one, grpc-message. */
struct outcome {
    char status[4];
    char reason[GRPC_REASON_ENCODED];
};

static size_t add_outcome(const struct grpc_call *c, struct outcome *o, nghttp2_nv *nv)
{
    (void)snprintf(o->status, sizeof o->status, "%u", (unsigned)c->status % 100);
    nv[0] = pair("grpc-status", o->status);
    if (c->reason[0] == '\0') {
        return 1;
    }
    grpc_reason_encode(c->reason, o->reason);
    nv[1] = pair("grpc-message", o->reason);
    return 2;
}

static ssize_t read_queue(nghttp2_session *h2, int32_t id, uint8_t *buf, size_t cap,
                          uint32_t *flags, nghttp2_data_source *source, void *self)
{
    (void)self;
    struct grpc_call *c = source->ptr;
    const size_t n = grpc_queue_take(&c->out, buf, cap);
    const bool empty = grpc_queue_len(&c->out) == 0;
    if (n > 0 && empty && !c->drained) {
        c->drained = true;
        c->session->n_drained++;
    }
    if (!empty) {
        return (ssize_t)n;
    }
    if (c->ending) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (c->session->server) {
            struct outcome o;
            nghttp2_nv nv[2];
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            if (nghttp2_submit_trailer(h2, id, nv, add_outcome(c, &o, nv)) != 0) {
                return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
            }
        }
        return (ssize_t)n;
    }
    if (n == 0) {
        c->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    return (ssize_t)n;
}

static int resume(struct grpc_call *c)
{
    if (!c->deferred) {
        return 0;
    }
    c->deferred = false;
    return nghttp2_session_resume_data(c->session->h2, c->id) == NGHTTP2_ERR_NOMEM ? SW_ERR_NOMEM
                                                                                   : 0;
}

static int answer(struct grpc_call *c)
{
    if (!c->session->server || c->answering) {
        return 0;
    }
    const nghttp2_nv nv[] = { pair(":status", "200"), pair("content-type", "application/grpc") };
    const nghttp2_data_provider data = { .source.ptr = c, .read_callback = read_queue };
    c->answering = true;
    return nghttp2_submit_response(c->session->h2, c->id, nv, SW_LEN(nv), &data) == 0
               ? 0
               : SW_ERR_NOMEM;
}

int grpc_call_send(struct grpc_call *c, struct sw_bytes message)
{
    if (c->ending || c->deaf || c->session->freeing || (!c->session->server && c->told_end)) {
        return SW_ERR_STATE;
    }
    if (message.len > GRPC_MAX_MESSAGE) {
        return SW_ERR_RANGE;
    }
    if (grpc_queue_len(&c->out) + message.len > GRPC_MAX_QUEUED) {
        return SW_ERR_FULL;
    }
    int err = grpc_queue_put(&c->out, message);
    err = err != 0 ? err : answer(c);
    return err != 0 ? err : resume(c);
}

/* Nothing was said yet: headers and trailers in one. */
static int answer_outcome_only(struct grpc_call *c)
{
    struct outcome o;
    nghttp2_nv nv[5] = { pair(":status", "200"), pair("content-type", "application/grpc") };
    size_t n = 2 + add_outcome(c, &o, nv + 2);
    if (c->status == GRPC_UNIMPLEMENTED) {
        nv[n++] = pair("grpc-accept-encoding", "identity");
    }
    c->answering = true;
    return nghttp2_submit_response(c->session->h2, c->id, nv, n, NULL) == 0 ? 0 : SW_ERR_NOMEM;
}

int grpc_call_end(struct grpc_call *c, enum grpc_status status, const char *reason)
{
    if (c->ending || c->session->freeing) {
        return SW_ERR_STATE;
    }
    c->ending = true;
    if (!c->session->server) {
        return resume(c);
    }
    c->status = status;
    (void)snprintf(c->reason, sizeof c->reason, "%s", reason != NULL ? reason : "");
    return c->answering ? resume(c) : answer_outcome_only(c);
}

int grpc_call_refuse_http(struct grpc_call *c, const char *http_status)
{
    const nghttp2_nv nv = pair(":status", http_status);
    c->ending = true;
    c->deaf = true;
    return nghttp2_submit_response(c->session->h2, c->id, &nv, 1, NULL) == 0 ? 0 : SW_ERR_NOMEM;
}

struct grpc_call *grpc_call_new(struct grpc_session *s, const char *path, const char *authority,
                                const char *const *headers, sw_dur timeout, sw_time now)
{
    if (s->server || s->closing || s->freeing || s->error != 0 || s->n_calls >= GRPC_MAX_CALLS) {
        return NULL;
    }
    s->now = now > s->now ? now : s->now;
    char text[GRPC_TIMEOUT_MAX];
    nghttp2_nv nv[8 + MAX_EXTRA_HEADERS] = {
        pair(":method", "POST"),
        pair(":scheme", "https"),
        pair(":path", path),
        pair(":authority", authority),
        pair("content-type", "application/grpc"),
        pair("te", "trailers"),
        pair("user-agent", "grpc-c-swarm/0.1.0"),
    };
    size_t n = 7;
    if (timeout != 0) {
        grpc_timeout_format(timeout, text);
        nv[n++] = pair("grpc-timeout", text);
    }
    for (size_t i = 0; headers != NULL && headers[i] != NULL && i < (size_t)2 * MAX_EXTRA_HEADERS;
         i += 2) {
        nv[n++] = pair(headers[i], headers[i + 1]);
    }
    struct grpc_call *c = grpc_call_add(s, 0);
    if (c == NULL) {
        return NULL;
    }
    const nghttp2_data_provider data = { .source.ptr = c, .read_callback = read_queue };
    const int32_t id = nghttp2_submit_request(s->h2, NULL, nv, n, &data, c);
    if (id < 0) {
        c->told_end = true; /* the caller learns it by our return */
        grpc_call_drop(c);
        return NULL;
    }
    c->id = id;
    if (timeout != 0) {
        grpc_call_set_deadline(c, timeout);
    }
    return c;
}

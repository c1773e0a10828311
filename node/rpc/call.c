/* SPDX-License-Identifier: GPL-3.0-or-later
 * A call's life: begun, failed, cancelled, gone. */
#include "node/rpc/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct grpc_call *grpc_call_add(struct grpc_session *s, int32_t id)
{
    struct grpc_call *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return NULL;
    }
    c->session = s;
    c->id = id;
    c->prev = s->last;
    if (s->last != NULL) {
        s->last->next = c;
    } else {
        s->first = c;
    }
    s->last = c;
    s->n_calls++;
    return c;
}

void grpc_call_drop(struct grpc_call *c)
{
    struct grpc_session *s = c->session;
    if (c->prev != NULL) {
        c->prev->next = c->next;
    } else {
        s->first = c->next;
    }
    if (c->next != NULL) {
        c->next->prev = c->prev;
    } else {
        s->last = c->prev;
    }
    s->n_calls--;
    s->n_drained -= c->drained ? 1 : 0;
    s->assembling -= c->in.body.cap;
    sw_heap_cancel(&s->deadlines, &c->deadline);
    sw_blob_fini(&c->headers);
    grpc_reader_fini(&c->in);
    grpc_queue_fini(&c->out);
    free(c);
}

void grpc_call_gone(struct grpc_call *c, uint32_t code)
{
    struct grpc_session *s = c->session;
    if (!s->server && !c->told_end) {
        if (c->deaf && c->status != GRPC_OK) {
            grpc_call_tell(c, c->status, c->reason);
        } else if (s->freeing) {
            grpc_call_tell(c, GRPC_UNAVAILABLE, "connection lost");
        } else {
            grpc_call_tell(c, grpc_status_of_reset(code), nghttp2_http2_strerror(code));
        }
    }
    if ((!s->server || c->begun) && s->handler->on_close != NULL) {
        s->handler->on_close(s->self, c);
    }
    grpc_call_drop(c);
}

void grpc_call_tell(struct grpc_call *c, enum grpc_status status, const char *reason)
{
    if (!c->told_end) {
        c->told_end = true;
        if (c->session->handler->on_end != NULL) {
            c->session->handler->on_end(c->session->self, c, status, reason);
        }
    }
}

void grpc_call_set_deadline(struct grpc_call *c, sw_dur timeout)
{
    struct grpc_session *s = c->session;
    if (timeout < SW_TIME_NEVER - s->now) {
        /* Without memory the call merely lives as long as its owner lets it. */
        (void)sw_heap_set(&s->deadlines, &c->deadline, s->now + timeout);
    }
}

static void reset(struct grpc_call *c)
{
    grpc_queue_fini(&c->out);
    c->deaf = true;
    c->ending = true;
    sw_heap_cancel(&c->session->deadlines, &c->deadline);
    if (nghttp2_submit_rst_stream(c->session->h2, NGHTTP2_FLAG_NONE, c->id, NGHTTP2_CANCEL) != 0) {
        c->session->error = SW_ERR_NOMEM;
    }
}

void grpc_call_fail(struct grpc_call *c, enum grpc_status status, const char *reason)
{
    if (!c->session->server) {
        reset(c);
        grpc_call_tell(c, status, reason);
    } else if (c->ending) {
        reset(c); /* its end is stuck behind a peer that does not read */
    } else {
        c->deaf = true;
        grpc_queue_fini(&c->out);
        (void)grpc_call_end(c, status, reason);
    }
}

void grpc_call_cancel(struct grpc_call *c)
{
    if (!c->session->freeing && !(c->deaf && c->status == GRPC_CANCELLED)) {
        c->status = GRPC_CANCELLED;
        (void)snprintf(c->reason, sizeof c->reason, "cancelled");
        reset(c);
    }
}

void grpc_call_set(struct grpc_call *c, void *data)
{
    c->data = data;
}

void *grpc_call_get(const struct grpc_call *c)
{
    return c->data;
}

struct grpc_session *grpc_call_session(const struct grpc_call *c)
{
    return c->session;
}

size_t grpc_call_queued(const struct grpc_call *c)
{
    return grpc_queue_len(&c->out);
}

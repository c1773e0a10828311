/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the peer says on a call: headers checked, messages put together, outcomes read. */
#include "node/rpc/session.h"

#include <stdlib.h>
#include <string.h>

int grpc_call_add_header(struct grpc_call *c, const uint8_t *name, size_t name_len,
                         const uint8_t *value, size_t value_len)
{
    if (c->session->server && c->begun) {
        return 0; /* trailers of a request say nothing in gRPC */
    }
    if (c->headers.len + name_len + value_len + 2 > GRPC_MAX_HEADERS) {
        c->headers_full = true;
        return 0;
    }
    const int err = sw_blob_reserve(&c->headers, c->headers.len + name_len + value_len + 2);
    if (err != 0) {
        return err;
    }
    (void)sw_blob_append(&c->headers, name, name_len);
    (void)sw_blob_append(&c->headers, "", 1);
    (void)sw_blob_append(&c->headers, value, value_len);
    return sw_blob_append(&c->headers, "", 1);
}

const char *grpc_call_header(const struct grpc_call *c, const char *name)
{
    const char *p = (const char *)c->headers.data;
    for (size_t off = 0; off < c->headers.len;) {
        const char *value = p + off + strlen(p + off) + 1;
        if (strcmp(p + off, name) == 0) {
            return value;
        }
        off = (size_t)(value - p) + strlen(value) + 1;
    }
    return NULL;
}

/* "application/grpc", also "+proto" and parameters; other encodings of messages are not ours. */
static bool is_grpc(const char *type)
{
    static const char plain[] = "application/grpc";
    if (type == NULL || strncmp(type, plain, sizeof plain - 1) != 0) {
        return false;
    }
    const char *rest = type + sizeof plain - 1;
    rest += strncmp(rest, "+proto", 6) == 0 ? 6 : 0;
    return *rest == '\0' || *rest == ';' || *rest == ' ';
}

static bool is_plain_encoding(const char *encoding)
{
    return encoding == NULL || strcmp(encoding, "identity") == 0;
}

static void begin(struct grpc_call *c)
{
    struct grpc_session *s = c->session;
    const char *method = grpc_call_header(c, ":method");
    const char *path = grpc_call_header(c, ":path");
    const char *timeout = grpc_call_header(c, "grpc-timeout");
    sw_dur patience = 0;
    if (c->headers_full) {
        grpc_call_fail(c, GRPC_RESOURCE_EXHAUSTED, "too many headers");
    } else if (method == NULL || strcmp(method, "POST") != 0) {
        (void)grpc_call_refuse_http(c, "405");
    } else if (!is_grpc(grpc_call_header(c, "content-type"))) {
        (void)grpc_call_refuse_http(c, "415");
    } else if (!is_plain_encoding(grpc_call_header(c, "grpc-encoding"))) {
        grpc_call_fail(c, GRPC_UNIMPLEMENTED, "messages are not compressed here");
    } else if (timeout != NULL && grpc_timeout_parse(timeout, &patience) != 0) {
        grpc_call_fail(c, GRPC_INTERNAL, "malformed grpc-timeout");
    } else {
        c->begun = true;
        if (timeout != NULL) {
            grpc_call_set_deadline(c, patience);
        }
        s->handler->on_call(s->self, c, path != NULL ? path : "");
    }
}

static unsigned http_status(const struct grpc_call *c)
{
    const char *text = grpc_call_header(c, ":status");
    return text == NULL ? 0 : (unsigned)strtoul(text, NULL, 10);
}

void grpc_call_heard_headers(struct grpc_call *c)
{
    if (c->session->server) {
        if (!c->begun && !c->ending) {
            begin(c);
        }
        return;
    }
    const unsigned code = http_status(c);
    if (code >= 200 && (code != 200 || !is_grpc(grpc_call_header(c, "content-type")))) {
        c->deaf = true; /* what follows are no messages; the outcome is told at the end */
    }
}

static void fail_message(struct grpc_call *c, int err)
{
    switch (err) {
    case SW_ERR_UNSUPPORTED:
        grpc_call_fail(c, GRPC_INTERNAL, "a compressed message without a grpc-encoding we accept");
        break;
    case SW_ERR_RANGE:
        grpc_call_fail(c, GRPC_RESOURCE_EXHAUSTED, "message longer than 4 MiB");
        break;
    case SW_ERR_NOMEM:
    case SW_ERR_FULL:
        grpc_call_fail(c, GRPC_RESOURCE_EXHAUSTED, "too many unfinished messages");
        break;
    default:
        grpc_call_fail(c, GRPC_INTERNAL, "malformed message prefix");
        break;
    }
}

void grpc_call_heard_data(struct grpc_call *c, struct sw_bytes data)
{
    struct grpc_session *s = c->session;
    while (data.len > 0 && !c->deaf && (s->server ? c->begun && !c->ending : !c->told_end)) {
        struct sw_bytes message;
        const size_t held = c->in.body.cap;
        int err = grpc_reader_next(&c->in, &data, &message);
        s->assembling = s->assembling - held + c->in.body.cap;
        if (err == 0 && s->assembling > GRPC_MAX_ASSEMBLING) {
            err = SW_ERR_FULL;
        }
        if (err != 0) {
            fail_message(c, err);
        } else if (message.data != NULL && s->handler->on_message != NULL) {
            s->handler->on_message(s->self, c, message);
        }
    }
}

/* The outcome a server's headers and trailers tell. */
static void tell_outcome(struct grpc_call *c)
{
    const char *status = grpc_call_header(c, "grpc-status");
    const char *message = grpc_call_header(c, "grpc-message");
    const unsigned code = http_status(c);
    if (c->headers_full) {
        grpc_call_tell(c, GRPC_RESOURCE_EXHAUSTED, "too many headers in the answer");
    } else if (status != NULL) {
        char reason[GRPC_REASON_MAX];
        grpc_reason_decode(message != NULL ? message : "", reason);
        const enum grpc_status outcome = grpc_status_parse(status);
        if (outcome == GRPC_OK && grpc_reader_partial(&c->in)) {
            grpc_call_tell(c, GRPC_INTERNAL, "the answer ends within a message");
        } else {
            grpc_call_tell(c, outcome, reason);
        }
    } else if (code != 200) {
        grpc_call_tell(c, grpc_status_of_http(code), "the answer is an HTTP error");
    } else {
        grpc_call_tell(c, GRPC_UNKNOWN, "the answer has no grpc-status");
    }
}

void grpc_call_heard_end(struct grpc_call *c)
{
    struct grpc_session *s = c->session;
    c->heard_end = true;
    if (!s->server) {
        tell_outcome(c);
        if (nghttp2_session_get_stream_local_close(s->h2, c->id) == 0) {
            (void)nghttp2_submit_rst_stream(s->h2, NGHTTP2_FLAG_NONE, c->id, NGHTTP2_NO_ERROR);
        }
    } else if (c->begun && !c->ending && !c->deaf) {
        if (grpc_reader_partial(&c->in)) {
            grpc_call_fail(c, GRPC_INTERNAL, "the request ends within a message");
        } else {
            grpc_call_tell(c, GRPC_OK, "");
        }
    }
}

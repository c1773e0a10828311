/* SPDX-License-Identifier: GPL-3.0-or-later
 * A gRPC client and server session joined by buffers: bytes move when the test says so, in
 * pieces of the size it says, and time is what it says. */
#ifndef SW_TESTS_LIB_GRPC_PAIR_H
#define SW_TESTS_LIB_GRPC_PAIR_H

#include "node/base/buf.h"
#include "node/rpc/grpc.h"
#include "tests/lib/check.h"

#include <stdlib.h>

/* What one side saw, in order: "call /x", "msg 3", "end OK ", "close", "drained". */
struct side {
    struct grpc_session *session;
    struct pair *pair;
    char log[4096];
    struct sw_blob in;       /* bytes on their way to it */
    struct sw_blob received; /* payload of all messages */
    struct grpc_call *call;  /* the latest */
    int error;
};

struct pair {
    struct side client, server;
    sw_time now;
    bool echo;        /* the server sends back what it gets, and ends OK at the end */
    size_t max_piece; /* bytes delivered at once; 0: all */
};

static inline void side_log(struct side *s, const char *what, const char *text)
{
    const size_t n = strlen(s->log);
    (void)snprintf(s->log + n, sizeof s->log - n, "%s%s%s;", what, text[0] != '\0' ? " " : "",
                   text);
}

static inline void pair_on_call(void *self, struct grpc_call *call, const char *path)
{
    struct side *s = self;
    s->call = call;
    side_log(s, "call", path);
}

static inline void pair_on_message(void *self, struct grpc_call *call, struct sw_bytes message)
{
    struct side *s = self;
    char text[32];
    (void)snprintf(text, sizeof text, "%zu", message.len);
    side_log(s, "msg", text);
    (void)sw_blob_append(&s->received, message.data, message.len);
    if (s->pair->echo && s == &s->pair->server) {
        CHECK_I64(grpc_call_send(call, message), 0);
    }
}

static inline void pair_on_end(void *self, struct grpc_call *call, enum grpc_status status,
                               const char *reason)
{
    struct side *s = self;
    char text[600];
    (void)snprintf(text, sizeof text, "%s%s%s", grpc_status_name(status),
                   reason[0] != '\0' ? " " : "", reason);
    side_log(s, "end", text);
    if (s->pair->echo && s == &s->pair->server) {
        CHECK_I64(grpc_call_end(call, GRPC_OK, NULL), 0);
    }
}

static inline void pair_on_close(void *self, struct grpc_call *call)
{
    struct side *s = self;
    side_log(s, "close", "");
    s->call = s->call == call ? NULL : s->call;
}

static inline void pair_on_drained(void *self, struct grpc_call *call)
{
    (void)call;
    side_log(self, "drained", "");
}

static const struct grpc_handler pair_handler = { pair_on_call, pair_on_message, pair_on_end,
                                                  pair_on_close, pair_on_drained };

static inline void pair_init(struct pair *p, bool echo, size_t max_piece)
{
    memset(p, 0, sizeof *p);
    p->echo = echo;
    p->max_piece = max_piece;
    p->now = 1000 * SW_SEC;
    p->client.pair = p;
    p->server.pair = p;
    p->client.session = grpc_session_new(false, &pair_handler, &p->client);
    p->server.session = grpc_session_new(true, &pair_handler, &p->server);
}

static inline void pair_fini(struct pair *p)
{
    grpc_session_free(p->client.session);
    grpc_session_free(p->server.session);
    sw_blob_fini(&p->client.in);
    sw_blob_fini(&p->server.in);
    sw_blob_fini(&p->client.received);
    sw_blob_fini(&p->server.received);
}

/* Take what @from has to send and put it on its way to @to; false when there was nothing. */
static inline bool pair_collect(struct side *from, struct side *to)
{
    bool any = false;
    for (struct sw_bytes out; grpc_send(from->session, &out) == 0 && out.len > 0;) {
        (void)sw_blob_append(&to->in, out.data, out.len);
        any = true;
    }
    return any;
}

/* Deliver what is on its way to @to, in pieces copied to exact size so that a read too far is seen.
 */
static inline void pair_deliver(struct pair *p, struct side *to)
{
    size_t off = 0;
    while (off < to->in.len && to->error == 0) {
        size_t n = to->in.len - off;
        n = p->max_piece > 0 && n > p->max_piece ? p->max_piece : n;
        uint8_t *piece = malloc(n);
        memcpy(piece, to->in.data + off, n);
        to->error = grpc_receive(to->session, (struct sw_bytes){ piece, n }, p->now);
        free(piece);
        off += n;
    }
    to->in.len = 0;
}

/* Until neither side has anything to say. */
static inline void pair_run(struct pair *p)
{
    bool any = true;
    while (any) {
        any = pair_collect(&p->client, &p->server);
        pair_deliver(p, &p->server);
        any = pair_collect(&p->server, &p->client) || any;
        pair_deliver(p, &p->client);
    }
}

static inline struct grpc_call *pair_call(struct pair *p, const char *path, sw_dur timeout)
{
    p->client.call =
        grpc_call_new(p->client.session, path, "b.swarm.internal", NULL, timeout, p->now);
    return p->client.call;
}

static inline struct sw_bytes pair_text(const char *text)
{
    return (struct sw_bytes){ (const uint8_t *)text, strlen(text) };
}

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the files of the gRPC layer share: a session, its calls, and their steps.  Private. */
#ifndef SW_RPC_SESSION_H
#define SW_RPC_SESSION_H

#include "node/base/heap.h"
#include "node/rpc/frame.h"
#include "node/rpc/status.h"

#include <nghttp2/nghttp2.h>

#define GRPC_MAX_HEADERS 8192u          /* bytes of names and values of one call */
#define GRPC_MAX_ASSEMBLING (32u << 20) /* bytes of unfinished messages of one session */
#define GRPC_STREAM_WINDOW (4 << 20)
#define GRPC_SESSION_WINDOW (16 << 20)
#define GRPC_GATHER 65536u /* bytes lent to the transport at once, about */

/* Resets, pings and the like that cost the peer nothing: a burst, then a rate.  (HTTP/2 "rapid
 * reset", CVE-2023-44487; nghttp2's own limit reads a clock and is lifted.) */
#define GRPC_CHURN_BURST 1000u
#define GRPC_CHURN_EVERY (30 * SW_MS)

struct grpc_session {
    nghttp2_session *h2;
    const struct grpc_handler *handler;
    void *self;
    bool server;
    bool closing; /* takes no new calls */
    bool freeing;
    int error; /* of a callback: what grpc_receive or grpc_send returns */
    sw_time now;

    struct grpc_call *first, *last; /* open calls, oldest first */
    size_t n_calls;
    size_t n_drained;  /* calls with @drained set */
    size_t assembling; /* memory that unfinished messages hold */
    struct sw_heap deadlines;
    struct sw_blob out; /* what grpc_send lent */

    sw_dur idle, patience; /* keep-alive */
    sw_time heard_at, pinged_at;
    uint32_t churn;
    sw_time churn_at;
};

struct grpc_call {
    struct sw_timer deadline; /* first: the heap hands it back */
    struct grpc_session *session;
    struct grpc_call *next, *prev;
    void *data;
    int32_t id;

    struct sw_blob headers; /* name NUL value NUL ... */
    bool headers_full;
    struct grpc_reader in;
    struct grpc_queue out;

    bool begun;              /* server: the owner knows it */
    bool heard_end;          /* the peer sends no more */
    bool told_end;           /* on_end was called */
    bool deaf;               /* failed or cancelled: hear no more messages */
    bool answering;          /* server: a response was submitted */
    bool ending;             /* nothing is queued after this */
    bool deferred;           /* nghttp2 waits for resume */
    bool drained;            /* tell the owner */
    enum grpc_status status; /* what it ends with */
    char reason[GRPC_REASON_MAX];
};

/* session.c */
nghttp2_session_callbacks *grpc_callbacks(void); /* NULL when memory is out */
/* Count one event that costs the peer nothing; false: it overdoes it, the session is ending. */
bool grpc_churn(struct grpc_session *s);

/* call.c */
struct grpc_call *grpc_call_add(struct grpc_session *s, int32_t id);
/* Unlink and free, without a word. */
void grpc_call_drop(struct grpc_call *c);
/* The stream is gone with HTTP/2 error @code: say so, unlink, free. */
void grpc_call_gone(struct grpc_call *c, uint32_t code);
void grpc_call_set_deadline(struct grpc_call *c, sw_dur timeout);
/* End it from our side: server with that status, client with a reset and that outcome. */
void grpc_call_fail(struct grpc_call *c, enum grpc_status status, const char *reason);
/* Tell the owner the outcome, once. */
void grpc_call_tell(struct grpc_call *c, enum grpc_status status, const char *reason);

/* receive.c */
int grpc_call_add_header(struct grpc_call *c, const uint8_t *name, size_t name_len,
                         const uint8_t *value, size_t value_len);
/* All headers of a request, or the headers or trailers of a response, are here. */
void grpc_call_heard_headers(struct grpc_call *c);
void grpc_call_heard_data(struct grpc_call *c, struct sw_bytes data);
void grpc_call_heard_end(struct grpc_call *c);

/* send.c */
/* Submit a response that is only headers, before any other. */
int grpc_call_refuse_http(struct grpc_call *c, const char *http_status);

#endif

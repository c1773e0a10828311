/* SPDX-License-Identifier: GPL-3.0-or-later
 * gRPC over HTTP/2, without input or output of its own: bytes in, bytes out, calls as events.
 * The transport below (TLS, TCP, or a test's buffer) is the caller's. */
#ifndef SW_RPC_GRPC_H
#define SW_RPC_GRPC_H

#include "node/base/err.h"
#include "node/base/types.h"

/* Status codes of the gRPC specification (doc/statuscodes.md). */
enum grpc_status {
    GRPC_OK = 0, GRPC_CANCELLED = 1, GRPC_UNKNOWN = 2, GRPC_INVALID_ARGUMENT = 3,
    GRPC_DEADLINE_EXCEEDED = 4, GRPC_NOT_FOUND = 5, GRPC_ALREADY_EXISTS = 6,
    GRPC_PERMISSION_DENIED = 7, GRPC_RESOURCE_EXHAUSTED = 8, GRPC_FAILED_PRECONDITION = 9,
    GRPC_ABORTED = 10, GRPC_OUT_OF_RANGE = 11, GRPC_UNIMPLEMENTED = 12, GRPC_INTERNAL = 13,
    GRPC_UNAVAILABLE = 14, GRPC_DATA_LOSS = 15, GRPC_UNAUTHENTICATED = 16,
};

#define GRPC_MAX_MESSAGE (4u << 20) /* bytes; a larger one ends its call RESOURCE_EXHAUSTED */

struct grpc_session;
struct grpc_call;

/* What a session tells its owner.  None may free the session. */
struct grpc_handler {
    /* Server: a call began.  @path "/package.Service/Method"; @header(call, name) is usable. */
    void (*on_call)(void *self, struct grpc_call *call, const char *path);
    /* A whole message came.  @message is borrowed. */
    void (*on_message)(void *self, struct grpc_call *call, struct sw_bytes message);
    /* The peer sends no more.  Server: now answer; client: @status and @reason are the outcome. */
    void (*on_end)(void *self, struct grpc_call *call, enum grpc_status status, const char *reason);
    /* The call is gone, however it ended; @call is invalid afterwards.  Always the last one. */
    void (*on_close)(void *self, struct grpc_call *call);
    /* All that was queued on @call has left the session's own buffers. */
    void (*on_drained)(void *self, struct grpc_call *call);
};

struct grpc_session *grpc_session_new(bool server, const struct grpc_handler *handler, void *self);
void grpc_session_free(struct grpc_session *s);

/* Take bytes from the transport.  Errors: SW_ERR_MALFORMED: close the transport. */
int grpc_receive(struct grpc_session *s, struct sw_bytes in, sw_time now);
/* Lend bytes for the transport, valid until the next call on @s; empty when there are none. */
int grpc_send(struct grpc_session *s, struct sw_bytes *out);
/* The session has nothing more to say or hear. */
bool grpc_session_over(const struct grpc_session *s);
/* Keep-alive and call deadlines: when to call tick. */
sw_time grpc_deadline(const struct grpc_session *s);
int grpc_tick(struct grpc_session *s, sw_time now);
/* Refuse new calls, finish the rest (GOAWAY). */
void grpc_shutdown(struct grpc_session *s);

/* Client: begin a call.  @headers: name, value, name, value, ..., NULL.  @timeout 0: none. */
struct grpc_call *grpc_call_new(struct grpc_session *s, const char *path, const char *authority,
                                const char *const *headers, sw_dur timeout, sw_time now);
void grpc_call_set(struct grpc_call *c, void *data);
void *grpc_call_get(const struct grpc_call *c);
struct grpc_session *grpc_call_session(const struct grpc_call *c);
/* A request header's value, or NULL. */
const char *grpc_call_header(const struct grpc_call *c, const char *name);
/* Queue one message.  Errors: SW_ERR_NOMEM, SW_ERR_STATE: the call has ended. */
int grpc_call_send(struct grpc_call *c, struct sw_bytes message);
size_t grpc_call_queued(const struct grpc_call *c); /* bytes */
/* Client: no more messages.  Server: end with @status; @reason may be NULL. */
int grpc_call_end(struct grpc_call *c, enum grpc_status status, const char *reason);
void grpc_call_cancel(struct grpc_call *c);

#endif

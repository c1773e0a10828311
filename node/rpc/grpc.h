/* SPDX-License-Identifier: GPL-3.0-or-later
 * gRPC over HTTP/2, without input or output of its own: bytes in, bytes out, calls as events.
 * The transport below (TLS, TCP, or a test's buffer) is the caller's. */
#ifndef SW_RPC_GRPC_H
#define SW_RPC_GRPC_H

#include "node/base/err.h"
#include "node/base/types.h"

/* Status codes of the gRPC specification (doc/statuscodes.md). */
enum grpc_status {
    GRPC_OK = 0,
    GRPC_CANCELLED = 1,
    GRPC_UNKNOWN = 2,
    GRPC_INVALID_ARGUMENT = 3,
    GRPC_DEADLINE_EXCEEDED = 4,
    GRPC_NOT_FOUND = 5,
    GRPC_ALREADY_EXISTS = 6,
    GRPC_PERMISSION_DENIED = 7,
    GRPC_RESOURCE_EXHAUSTED = 8,
    GRPC_FAILED_PRECONDITION = 9,
    GRPC_ABORTED = 10,
    GRPC_OUT_OF_RANGE = 11,
    GRPC_UNIMPLEMENTED = 12,
    GRPC_INTERNAL = 13,
    GRPC_UNAVAILABLE = 14,
    GRPC_DATA_LOSS = 15,
    GRPC_UNAUTHENTICATED = 16,
};

#define GRPC_MAX_MESSAGE (4u << 20) /* bytes; a larger one ends its call RESOURCE_EXHAUSTED */
#define GRPC_MAX_QUEUED (64u << 20) /* bytes waiting on one call; more is refused */
#define GRPC_MAX_CALLS 256          /* calls at once on one session, either way */

/* "RESOURCE_EXHAUSTED"; "UNKNOWN" for what is no status. */
const char *grpc_status_name(enum grpc_status status);

struct grpc_session;
struct grpc_call;

/* What a session tells its owner, from within grpc_receive, grpc_send, grpc_tick and
 * grpc_session_free.  None may call those; all may use the grpc_call functions.  Entries the owner
 * has no use for may be NULL. */
struct grpc_handler {
    /* Server: a call began.  @path "/package.Service/Method"; @header(call, name) is usable. */
    void (*on_call)(void *self, struct grpc_call *call, const char *path);
    /* A whole message came.  @message is borrowed. */
    void (*on_message)(void *self, struct grpc_call *call, struct sw_bytes message);
    /* The peer sends no more.  Server: now answer; client: @status and @reason (never NULL) are the
     * outcome, once for every call. */
    void (*on_end)(void *self, struct grpc_call *call, enum grpc_status status, const char *reason);
    /* The call is gone, however it ended; @call is invalid afterwards.  Always the last one. */
    void (*on_close)(void *self, struct grpc_call *call);
    /* All that was queued on @call has left the session's own buffers. */
    void (*on_drained)(void *self, struct grpc_call *call);
};

/* NULL when memory is out. */
struct grpc_session *grpc_session_new(bool server, const struct grpc_handler *handler, void *self);
/* Calls still open end first: on_end (client, UNAVAILABLE), on_close. */
void grpc_session_free(struct grpc_session *s);
/* Ask for a sign of life when the peer was silent for @idle, and give it @patience to come; 0:
 * never ask (the default: servers elsewhere punish pings). */
void grpc_keepalive(struct grpc_session *s, sw_dur idle, sw_dur patience, sw_time now);

/* Take bytes from the transport.  @now never decreases.
 * Errors: SW_ERR_MALFORMED, SW_ERR_NOMEM: send what grpc_send still has and close the transport. */
int grpc_receive(struct grpc_session *s, struct sw_bytes in, sw_time now);
/* Lend bytes for the transport, valid until the next call on @s; empty when there are none.
 * Errors: SW_ERR_NOMEM: close the transport. */
int grpc_send(struct grpc_session *s, struct sw_bytes *out);
/* The session has nothing more to say or hear. */
bool grpc_session_over(const struct grpc_session *s);
/* Keep-alive and call deadlines: when to call tick; SW_TIME_NEVER when there are none. */
sw_time grpc_deadline(const struct grpc_session *s);
/* Errors: SW_ERR_TIMEOUT: the peer gave no sign of life: close the transport. */
int grpc_tick(struct grpc_session *s, sw_time now);
/* Refuse new calls, finish the rest (GOAWAY). */
void grpc_shutdown(struct grpc_session *s);

/* Client: begin a call.  @headers: name, value, name, value, ..., NULL; may be NULL.  @timeout 0:
 * none; otherwise the call ends DEADLINE_EXCEEDED after it.  NULL when memory is out, the session
 * takes no calls any longer, or GRPC_MAX_CALLS are open. */
struct grpc_call *grpc_call_new(struct grpc_session *s, const char *path, const char *authority,
                                const char *const *headers, sw_dur timeout, sw_time now);
/* What grpc_session_new was given. */
void *grpc_session_self(const struct grpc_session *s);
void grpc_call_set(struct grpc_call *c, void *data);
void *grpc_call_get(const struct grpc_call *c);
struct grpc_session *grpc_call_session(const struct grpc_call *c);
/* Server: a request header's value.  Client: that of a response header or trailer.  NULL when it is
 * not there (yet). */
const char *grpc_call_header(const struct grpc_call *c, const char *name);
/* Queue one message.  Errors: SW_ERR_NOMEM; SW_ERR_STATE: the call has ended; SW_ERR_RANGE: longer
 * than GRPC_MAX_MESSAGE; SW_ERR_FULL: more than GRPC_MAX_QUEUED would wait. */
int grpc_call_send(struct grpc_call *c, struct sw_bytes message);
size_t grpc_call_queued(const struct grpc_call *c); /* bytes */
/* Client: no more messages.  Server: end with @status after what is queued; @reason may be NULL.
 * Errors: SW_ERR_NOMEM, SW_ERR_STATE. */
int grpc_call_end(struct grpc_call *c, enum grpc_status status, const char *reason);
/* Drop what is queued and reset the stream; on_close follows (client: after on_end CANCELLED). */
void grpc_call_cancel(struct grpc_call *c);

#endif

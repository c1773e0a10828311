/* SPDX-License-Identifier: GPL-3.0-or-later
 * A connection that carries gRPC: TCP, TLS and a session on the loop.  Small writes are gathered:
 * what a round of the loop produced leaves in one write. */
#ifndef SW_LIVE_CHANNEL_H
#define SW_LIVE_CHANNEL_H

#include "node/live/address.h"
#include "node/rpc/grpc.h"
#include "node/rpc/tls.h"

#include <uv.h>

struct live_channel;
struct live_channels;

#define LIVE_CHANNEL_SET_UP_MS 5000

struct live_channel_owner {
    /* The other side is known, calls may be made. */
    void (*on_ready)(void *self, struct live_channel *c);
    /* It is gone; all its calls are closed; freed after this. */
    void (*on_closed)(void *self, struct live_channel *c);
    /* Some of what was queued has left. */
    void (*on_flushed)(void *self, struct live_channel *c);
    /* Of the calls; its self is the channel. */
    const struct grpc_handler *handler;
    uint64_t set_up_ms; /* for name, connection and handshake; 0: LIVE_CHANNEL_SET_UP_MS */
    size_t attachment;  /* bytes of the owner's, zeroed, that every channel carries */
    void *self;
};

/* All channels of one loop.  SIGPIPE must be ignored in the process. */
struct live_channels *live_channels_new(uv_loop_t *loop, const struct live_channel_owner *owner);
/* Write what has gathered. */
void live_channels_flush(struct live_channels *all);
/* Close those whose identity @tls no longer trusts. */
void live_channels_recheck(struct live_channels *all, struct sw_tls_context *tls);
/* Take no more calls, finish, close. */
void live_channels_shutdown(struct live_channels *all);
/* Close all now. */
void live_channels_abort(struct live_channels *all);
size_t live_channels_count(const struct live_channels *all);
/* Only when no channel is left.  NULL is fine. */
void live_channels_free(struct live_channels *all);

/* Accept from @server.  False: refused, for want of memory. */
bool live_channel_accept(struct live_channels *all, uv_stream_t *server,
                         struct sw_tls_context *tls);
/* Connect to @address ("host:port"; a name is looked up) and expect @who there.  NULL when memory
 * is out; any other failure is told by on_closed. */
struct live_channel *live_channel_dial(struct live_channels *all, const char *address,
                                       struct sw_tls_context *tls, const struct sw_identity *who);
/* Close soon; @reason is for the log. */
void live_channel_close(struct live_channel *c, const char *reason);
/* Close when all that was queued is written and the other side has closed, or takes its time. */
void live_channel_finish(struct live_channel *c, const char *reason);
/* Something was queued on a call: flush at the end of this round. */
void live_channel_touch(struct live_channel *c);

/* The owner's bytes. */
void *live_channel_get(struct live_channel *c);
void *live_channel_owner_self(const struct live_channel *c);
struct grpc_session *live_channel_session(const struct live_channel *c);
/* Once ready. */
const struct sw_identity *live_channel_peer(const struct live_channel *c);
bool live_channel_dialled(const struct live_channel *c);
bool live_channel_ready(const struct live_channel *c);
const char *live_channel_reason(const struct live_channel *c);
/* "192.0.2.1:4711", or what was dialled. */
const char *live_channel_address(const struct live_channel *c);

#endif

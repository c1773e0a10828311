/* SPDX-License-Identifier: GPL-3.0-or-later
 * What operators and health checkers ask: unary calls of swarm.v1.Control become COMMAND events,
 * grpc.health.v1.Health is answered here. */
#ifndef SW_LIVE_COMMANDS_H
#define SW_LIVE_COMMANDS_H

#include "node/live/host.h"
#include "node/rpc/grpc.h"

/* What a call on a server's connection is for; its owner's struct begins with it. */
struct live_call {
    const struct grpc_handler *handler; /* on_message, on_end, on_close; self is the host */
};

#define LIVE_COMMANDS_MAX 64 /* that the node has not answered */

struct live_commands *live_commands_new(struct live_host *h);
/* Take the call @path by @who, or end it: UNIMPLEMENTED, PERMISSION_DENIED, RESOURCE_EXHAUSTED. */
void live_commands_begin(struct live_commands *c, struct grpc_call *call, const char *path,
                         const struct sw_identity *who);
/* COMMAND_REPLY; nobody waits for it any longer: nothing happens. */
void live_commands_reply(struct live_commands *c, const struct sw_action *a);
/* When no call is left.  NULL is fine. */
void live_commands_free(struct live_commands *c);

#endif

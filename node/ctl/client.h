/* SPDX-License-Identifier: GPL-3.0-or-later
 * A node, as swarmctl talks to it: one connection, one call at a time. */
#ifndef SW_CTL_CLIENT_H
#define SW_CTL_CLIENT_H

#include "node/ctl/ctl.h"
#include "node/rpc/grpc.h"
#include "node/rpc/tls.h"

#include <protobuf-c/protobuf-c.h>

/* What the options say about whom to ask and who asks. */
struct ctl_target {
    const char *node;    /* "NAME", "NAME@host:port", "host:port" */
    const char *context; /* file with nodes and certificates; NULL: the usual place */
    const char *certificate, *key, *ca;
    const char *timeout;
    bool json;
};

/* The options that every verb asking a node has; CTL_TARGET_OPTIONS(t) for a table. */
#define CTL_TARGET_OPTIONS(t)                                                                           \
    { "node",    "NODE", "NAME of the context (its first), NAME@host:port, or host:port",               \
      &(t).node, NULL,   false },                                                                       \
        { "cert", "FILE", "operator's certificate", &(t).certificate, NULL, false },                    \
        { "key", "FILE", "its key", &(t).key, NULL, false },                                            \
        { "ca", "FILE", "the swarm's authority", &(t).ca, NULL, false },                                \
        { "context", "FILE", "nodes and certificates ($SWARMCTL_CONTEXT)", &(t).context, NULL, false }, \
        { "timeout", "TIME", "how long to wait, like 30s", &(t).timeout, NULL, false },                 \
    {                                                                                                   \
        "json", NULL, "one JSON object instead of text", NULL, &(t).json, false                         \
    }

struct ctl_client;

/* Connect and prove who both are.  @pinned: refuse a node that the target does not name.
 * Errors: SW_ERR_RANGE, SW_ERR_MALFORMED: options; SW_ERR_UNREACHABLE, SW_ERR_TIMEOUT,
 * SW_ERR_DENIED: the node; @d explains. */
int ctl_connect(const struct ctl_target *t, bool pinned, struct ctl_client **out,
                struct sw_diag *d);
void ctl_disconnect(struct ctl_client *c);
/* Who answers. */
const char *ctl_client_node(const struct ctl_client *c);

/* One unary call.  @what: shown with the time on a terminal while it takes long.  *@reply gets the
 * packed answer.  Errors: SW_ERR_TIMEOUT, SW_ERR_UNREACHABLE, and what a status means: NOTFOUND,
 * MALFORMED, DENIED, STATE, ...; @d has the node's words. */
int ctl_call(struct ctl_client *c, const char *path, const ProtobufCMessage *request,
             const char *what, struct sw_blob *reply, struct sw_diag *d);

/* Connect, call @method of service Control, disconnect: the unpacked answer of type @reply, which
 * the caller frees.  Errors: those of ctl_connect and ctl_call; SW_ERR_MALFORMED. */
int ctl_ask(const struct ctl_target *t, const char *method, const ProtobufCMessage *request,
            const ProtobufCMessageDescriptor *reply, ProtobufCMessage **out, struct sw_diag *d);

#endif

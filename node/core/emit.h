/* SPDX-License-Identifier: GPL-3.0-or-later
 * Appending actions in a step.  When memory is out, the step is marked and ends with
 * SW_ERR_NOMEM; callers whose state depends on the action look at the result. */
#ifndef SW_CORE_EMIT_H
#define SW_CORE_EMIT_H

#include "node/core/event.h"
#include "node/core/proto/swarm.pb-c.h"

struct sw_node;

/* A zeroed action, or NULL. */
struct sw_action *sw_emit(struct sw_node *n, enum sw_action_kind kind);
/* Memory that lives as long as the step's actions, or NULL. */
void *sw_emit_bytes(struct sw_node *n, size_t len);
const char *sw_emit_text(struct sw_node *n, const char *text);

/* One Envelope to a connection.  False: it was not sent. */
bool sw_emit_envelope(struct sw_node *n, sw_conn conn, const Swarm__V1__Envelope *e);

/* @peer and @text may be NULL. */
void sw_emit_trace(struct sw_node *n, enum sw_trace_kind kind, const struct sw_name *peer,
                   uint64_t a, uint64_t b, const char *text);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Appending actions in a step. */
#include "node/core/emit.h"

#include "node/core/node_state.h"
#include "node/core/swarm/codec.h"

#include <string.h>

struct sw_action *sw_emit(struct sw_node *n, enum sw_action_kind kind)
{
    struct sw_action *act = sw_actions_add(n->out, kind);
    n->out_of_memory = n->out_of_memory || act == NULL;
    return act;
}

void *sw_emit_bytes(struct sw_node *n, size_t len)
{
    void *bytes = sw_arena_alloc(&n->out->bytes, len);
    n->out_of_memory = n->out_of_memory || bytes == NULL;
    return bytes;
}

const char *sw_emit_text(struct sw_node *n, const char *text)
{
    const size_t len = strlen(text) + 1;
    char *copy = sw_emit_bytes(n, len);
    if (copy != NULL) {
        memcpy(copy, text, len);
    }
    return copy;
}

bool sw_emit_envelope(struct sw_node *n, sw_conn conn, const Swarm__V1__Envelope *e)
{
    struct sw_bytes packed;
    if (sw_envelope_pack(&n->out->bytes, e, &packed) != SW_OK) {
        n->out_of_memory = true;
        return false;
    }
    struct sw_action *act = sw_emit(n, SW_ACT_SEND);
    if (act == NULL) {
        return false;
    }
    act->u.send.conn = conn;
    act->u.send.message = packed;
    return true;
}

void sw_emit_trace(struct sw_node *n, enum sw_trace_kind kind, const struct sw_name *peer,
                   uint64_t a, uint64_t b, const char *text)
{
    const char *kept = text != NULL && text[0] != '\0' ? sw_emit_text(n, text) : "";
    struct sw_action *act = kept != NULL ? sw_emit(n, SW_ACT_TRACE) : NULL;
    if (act == NULL) {
        return;
    }
    act->u.trace.kind = kind;
    if (peer != NULL) {
        act->u.trace.peer = *peer;
    }
    act->u.trace.a = a;
    act->u.trace.b = b;
    act->u.trace.text = kept;
}

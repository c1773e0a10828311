/* SPDX-License-Identifier: GPL-3.0-or-later
 * The list that a step appends to. */
#include "node/core/event.h"

#include <stdlib.h>
#include <string.h>

struct sw_action *sw_actions_add(struct sw_actions *a, enum sw_action_kind kind)
{
    if (a->n == a->cap) {
        const size_t cap = a->cap == 0 ? 16 : 2 * a->cap;
        struct sw_action *v = realloc(a->v, cap * sizeof *v);
        if (v == NULL) {
            return NULL;
        }
        a->v = v;
        a->cap = cap;
    }
    struct sw_action *act = &a->v[a->n++];
    memset(act, 0, sizeof *act);
    act->kind = kind;
    return act;
}

void sw_actions_clear(struct sw_actions *a)
{
    a->n = 0;
    sw_arena_reset(&a->bytes);
}

void sw_actions_fini(struct sw_actions *a)
{
    free(a->v);
    sw_arena_fini(&a->bytes);
    *a = (struct sw_actions){ 0 };
}

const char *sw_trace_text(enum sw_trace_kind kind)
{
    switch (kind) {
#define X(name, text, a, b) \
    case name:              \
        return text;
        SW_TRACE_LIST(X)
#undef X
    case SW_TRACE_KIND_COUNT:
        break;
    }
    return "unknown";
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * The lifecycle as a table. */
#include "node/core/life.h"

#include "node/core/emit.h"
#include "node/core/node_state.h"

/* Rows: where we are; columns: why.  A zero (Setup, where nothing leads) means "stay". */
static const unsigned char next[SW_STATE_COUNT][SW_CAUSE_COUNT] = {
    [SW_STATE_SETUP] = { [SW_CAUSE_CONFIGURED] = SW_STATE_CONFIGURE,
                         [SW_CAUSE_DRAIN] = SW_STATE_DRAINING },
    [SW_STATE_CONFIGURE] = { [SW_CAUSE_SEEDED] = SW_STATE_INITIALIZE,
                             [SW_CAUSE_DRAIN] = SW_STATE_DRAINING },
    [SW_STATE_INITIALIZE] = { [SW_CAUSE_SETTLED] = SW_STATE_READY,
                              [SW_CAUSE_DRAIN] = SW_STATE_DRAINING },
    [SW_STATE_READY] = { [SW_CAUSE_DRAIN] = SW_STATE_DRAINING },
};

bool sw_life_move(struct sw_node *n, enum sw_cause cause)
{
    const enum sw_state from = n->state;
    const enum sw_state to = (enum sw_state)next[from][cause];
    if (to == SW_STATE_SETUP) {
        return false;
    }
    n->state = to;
    sw_emit_trace(n, SW_TRACE_STATE, NULL, from, to, NULL);
    return true;
}

const char *sw_state_name(enum sw_state state)
{
    switch (state) {
    case SW_STATE_SETUP:
        return "setup";
    case SW_STATE_CONFIGURE:
        return "configure";
    case SW_STATE_INITIALIZE:
        return "initialize";
    case SW_STATE_READY:
        return "ready";
    case SW_STATE_DRAINING:
        return "draining";
    case SW_STATE_COUNT:
        break;
    }
    return "unknown";
}

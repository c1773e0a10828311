/* SPDX-License-Identifier: GPL-3.0-or-later
 * The lifecycle as a table: state and cause give the next state, every transition is traced, and
 * what the table does not hold cannot happen. */
#ifndef SW_CORE_LIFE_H
#define SW_CORE_LIFE_H

#include "node/core/node.h"

/* What moves a node on. */
enum sw_cause {
    SW_CAUSE_CONFIGURED, /* a configuration was accepted */
    SW_CAUSE_SEEDED,     /* the key generator has entropy */
    SW_CAUSE_SETTLED,    /* every zone held here is loaded or refused */
    SW_CAUSE_DRAIN,      /* the host or an operator asked */
    SW_CAUSE_COUNT
};

/* True when @cause moved the node to another state. */
bool sw_life_move(struct sw_node *n, enum sw_cause cause);

#endif

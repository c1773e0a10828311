/* SPDX-License-Identifier: GPL-3.0-or-later
 * Small steps that several routing policies take. */
#ifndef SW_ROUTE_CANDIDATES_H
#define SW_ROUTE_CANDIDATES_H

#include "algorithms/route/policy.h"

/* Candidate @i was asked for this query already. */
static inline bool sw_was_tried(const struct sw_choice *c, size_t i)
{
    for (size_t t = 0; t < c->n_tried; t++) {
        if (c->tried[t] == c->candidates[i].peer) {
            return true;
        }
    }
    return false;
}

/* Every candidate was asked already: then being tried no longer counts. */
static inline bool sw_all_tried(const struct sw_choice *c)
{
    for (size_t i = 0; i < c->n; i++) {
        if (!sw_was_tried(c, i)) {
            return false;
        }
    }
    return true;
}

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Hedging: a query that its first peer has not answered in the time that 95 of 100 of its answers
 * take is asked of another one as well, and whoever answers first answers the client.  Each query
 * saves config.hedge_budget of a hedge, and each hedge spends one, so that slow answers, of which
 * an overload has many, never add more work than that share; saved up are those of 10 s at most.
 *
 * The time, q, is kept for each peer, without a history: after an answer that took T
 *   q += q (19/320)  where T > q,    q -= q/320  otherwise
 * is at rest where one answer in twenty is slower.  An attempt that timed out counts as slower.
 *
 * Sources: Dean and Barroso 2013 (hedged requests after the 95th percentile); Ma, Muthukrishnan
 * and Sandler 2013 (quantiles from a stream in one word). */
#ifndef SW_SWARM_HEDGE_H
#define SW_SWARM_HEDGE_H

#include "node/base/types.h"

struct sw_attempt;
struct sw_node;

/* A peer's q, from what its answers took; never above SW_PATIENCE_MOST. */
void sw_hedge_learn(struct sw_node *n, uint32_t peer, sw_dur took, bool answered);
/* How long to wait for @a's answer before hedging; 0: not before its patience ends. */
sw_dur sw_hedge_after(const struct sw_node *n, const struct sw_attempt *a);
/* A query came. */
void sw_hedge_save(struct sw_node *n);
#endif

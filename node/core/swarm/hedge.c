/* SPDX-License-Identifier: GPL-3.0-or-later
 * When to hedge, and how often at most. */
#include "node/core/swarm/hedge.h"

#include "node/core/node_state.h"

void sw_hedge_learn(struct sw_node *n, uint32_t peer, sw_dur took, bool answered)
{
    sw_dur *q = &n->peers.v[peer]->slow;
    if (n->config->hedge_budget == 0) {
        *q = 0;
    } else if (*q == 0) {
        *q = 2 * took; /* too long rather than too short: it falls by a third in 128 answers */
    } else if (took > *q || !answered) {
        *q += *q * 19 / 320;
    } else {
        *q -= *q / 320;
    }
    *q = *q < SW_PATIENCE_MOST ? *q : SW_PATIENCE_MOST;
}

sw_dur sw_hedge_after(const struct sw_node *n, const struct sw_attempt *a)
{
    const sw_dur q = n->config->hedge_budget > 0 ? n->peers.v[a->peer]->slow : 0;
    return q < a->patience ? q : 0;
}

void sw_hedge_save(struct sw_node *n)
{
    struct sw_forward *f = &n->forward;
    const double share = n->config->hedge_budget;
    const double most = 1 + share * f->recent;
    const double saved = f->hedges + share;
    f->hedges = saved < most ? saved : most;
}

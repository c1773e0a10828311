/* SPDX-License-Identifier: GPL-3.0-or-later
 * pso_weights: regional shares found by a particle swarm, and nothing else.
 *
 * Once a second each node lets a particle swarm look for the shares of demand that make the mean
 * latency predicted from demand, capacity and round trips the least (sw_balance_swarm), believing
 * theta of the capacities.  A query goes to a region drawn by these shares, and there to the
 * member with the cheapest reported queue (regional.h).  `control` 1 lets coordinate descent find
 * them instead: what is then different is due to the swarm.
 *
 * Source: this project, as a control; Clerc and Kennedy 2002 for the swarm. */
#include "algorithms/route/regional.h"

struct params {
    double theta, control;
};

static void on_regions(struct sw_route *r, const struct sw_regions *g)
{
    const struct params *k = r->params;
    struct sw_regions believed = *g;
    struct sw_balance b;
    for (uint32_t i = 0; i < g->n; i++) {
        believed.v[i].capacity *= k->theta;
    }
    (void)(k->control < 0.5 ? sw_balance_swarm(&believed, &b) : sw_balance_descent(&believed, &b));
    sw_shares_take(r->state, g, &b);
}

static const struct sw_param parameters[] = {
    { "theta", offsetof(struct params, theta), "1", 0.3, 1, 0.9, false,
      "share of the reported capacity that is believed" },
    { "control", offsetof(struct params, control), "1", 0, 1, 0, false,
      "1/2 and more: coordinate descent instead of the swarm" },
};

const struct sw_policy sw_policy_pso_weights = {
    .name = "pso_weights",
    .help = "regional shares found by a particle swarm",
    .source = "this project, as a control",
    .params_size = sizeof(struct params),
    .params = parameters,
    .n_params = SW_LEN(parameters),
    .state_size = sizeof(struct sw_shares),
    .peer_size = sizeof(struct sw_regional_peer),
    .choose = sw_regional_choose,
    .on_send = sw_usual_on_send,
    .on_reply = sw_regional_on_reply,
    .on_timeout = sw_usual_on_timeout,
    .wants_regions = sw_regional_wants_regions,
    .on_regions = on_regions,
    .patience = sw_usual_patience,
};

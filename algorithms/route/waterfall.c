/* SPDX-License-Identifier: GPL-3.0-or-later
 * waterfall: the nearest region until it is full, then the next one.
 *
 * Once a second demand and capacity of all regions are known (struct sw_regions).  Pairs of a
 * region that asks and one that answers are taken in ascending order of round trip, and each gets
 * as much of the demand as theta of the capacity leaves room for (sw_balance_fill); that gives the
 * share of this region's queries that each region gets.  A query goes to a region drawn by these
 * shares, and there to the member with the cheapest reported queue (regional.h).
 *
 * Source: the load balancing of large front ends: Google's Waterfall by Region (Cloud Load
 * Balancing), Saokar et al. 2023 (ServiceRouter, locality rings that spill by load). */
#include "algorithms/route/regional.h"

struct params {
    double theta;
};

static void on_regions(struct sw_route *r, const struct sw_regions *g)
{
    const struct params *k = r->params;
    struct sw_balance b;
    sw_balance_fill(g, k->theta, &b);
    sw_shares_take(r->state, g, &b);
}

static const struct sw_param parameters[] = {
    { "theta", offsetof(struct params, theta), "1", 0.3, 1, 0.7, false,
      "share of a region's capacity that is filled before the next one" },
};

const struct sw_policy sw_policy_waterfall = {
    .name = "waterfall",
    .help = "the nearest region until it is full, then the next",
    .source = "Google Cloud, waterfall by region",
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

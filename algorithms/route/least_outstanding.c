/* SPDX-License-Identifier: GPL-3.0-or-later
 * least_outstanding: whoever has the fewest of our queries in flight.
 *
 * Rule: the open candidate with the fewest queries in flight from this node; among equals the one
 * with the shortest smoothed round trip, and the first of those.
 *
 * Source: dnsdist 1.7, policy `leastOutstanding` (in flight, then the configured order, which
 * all share here, then latency). */
#include "algorithms/route/candidates.h"
#include "algorithms/route/usual.h"

static size_t choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    (void)rng;
    return sw_least(r, c, sw_usual_outstanding);
}

const struct sw_policy sw_policy_least_outstanding = {
    .name = "least_outstanding",
    .help = "the fewest queries in flight, then the shortest round trip",
    .source = "dnsdist, policy leastOutstanding",
    .peer_size = sizeof(struct sw_usual),
    .choose = choose,
    .on_send = sw_usual_on_send,
    .on_reply = sw_usual_on_reply,
    .on_timeout = sw_usual_on_timeout,
    .patience = sw_usual_patience,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * region_first: the own region while anybody in it is left, then the rest.
 *
 * Rule: of the open candidates in this node's region, the one with the fewest of our queries in
 * flight; where there is none, or `after` time-outs in a row were seen from each of them, the
 * same rule over the others.  A time-out is forgotten after `hold`, so that the region is tried
 * again by a client.
 *
 * Source: locality failover as in Envoy's priority levels (load is never spilled, only failures
 * are), with least_outstanding inside a level. */
#include "algorithms/route/candidates.h"
#include "algorithms/route/usual.h"

struct params {
    double after, hold;
};

/* Far levels count as so many queries in flight that load never makes up for it. */
#define LEVEL 1e12

static double score(const struct sw_route *r, const struct sw_choice *c, size_t i)
{
    const struct params *k = r->params;
    const bool down = sw_usual_failing(sw_usual_of(r, c, i), c->now, k->after, k->hold);
    return LEVEL * (2 * down + !c->candidates[i].same_region) + sw_usual_outstanding(r, c, i);
}

static size_t choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    (void)rng;
    return sw_least(r, c, score);
}

static const struct sw_param parameters[] = {
    { "after", offsetof(struct params, after), "1", 1, 10, 2, false,
      "time-outs in a row that put a peer last" },
    { "hold", offsetof(struct params, hold), "ns", 1e9, 600e9, 30e9, true,
      "how long they are remembered" },
};

const struct sw_policy sw_policy_region_first = {
    .name = "region_first",
    .help = "the own region while anybody in it answers, then the rest",
    .source = "Envoy, priority levels",
    .params_size = sizeof(struct params),
    .params = parameters,
    .n_params = SW_LEN(parameters),
    .peer_size = sizeof(struct sw_usual),
    .choose = choose,
    .on_send = sw_usual_on_send,
    .on_reply = sw_usual_on_reply,
    .on_timeout = sw_usual_on_timeout,
    .patience = sw_usual_patience,
};

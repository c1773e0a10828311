/* SPDX-License-Identifier: GPL-3.0-or-later
 * lowest_rtt: ask whoever has the shortest smoothed round trip, as resolvers pick name servers.
 *
 *   score(d) = srtt(d) + failure(d) e^(-(now - failed_at)/hold)
 *
 * srtt as in RFC 6298.  A time-out adds `penalty` to what is left of failure(d), an answer sets
 * it to 0, so that a dead peer is left alone for a while and then tried again by a client.  A
 * peer never measured scores 0: each is tried once.  The lowest score among the peers not tried
 * for this query wins, the first of equals.
 *
 * Source: the rule common to BIND 9 and Knot Resolver; the decaying penalty is hickory-dns's
 * idea.  Known weakness: all entry nodes herd on the same near peer and overload it. */
#include "algorithms/route/candidates.h"
#include "algorithms/route/usual.h"
#include "node/base/fmath.h"

struct params {
    double penalty, hold;
};

struct peer {
    struct sw_usual usual;
    double failure;
    sw_time failed_at;
};

static double failure_at(const struct sw_route *r, const struct peer *p, sw_time now)
{
    const struct params *params = r->params;
    return p->failure == 0 ? 0 : p->failure * sw_exp(-(double)(now - p->failed_at) / params->hold);
}

static double cost(const struct sw_route *r, uint32_t peer, sw_time now)
{
    const struct peer *p = sw_route_peer(r, peer);
    return p->usual.rtt.srtt + failure_at(r, p, now);
}

static double score(const struct sw_route *r, const struct sw_choice *c, size_t i)
{
    return cost(r, c->candidates[i].peer, c->now);
}

static size_t choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    (void)rng;
    return sw_least(r, c, score);
}

static void on_reply(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                     const struct sw_telemetry *t, bool probe, bool late)
{
    struct peer *p = sw_route_peer(r, peer);
    sw_usual_on_reply(r, peer, now, rtt, t, probe, late);
    if (!late) {
        p->failure = 0;
    }
}

static void on_timeout(struct sw_route *r, uint32_t peer, sw_time now, bool probe)
{
    const struct params *params = r->params;
    struct peer *p = sw_route_peer(r, peer);
    p->failure = failure_at(r, p, now) + params->penalty;
    p->failed_at = now;
    sw_usual_on_timeout(r, peer, now, probe);
}

static const struct sw_param parameters[] = {
    { "penalty", offsetof(struct params, penalty), "ns", 10e6, 10e9, 1e9, true,
      "added to the score by a time-out" },
    { "hold", offsetof(struct params, hold), "ns", 1e9, 600e9, 30e9, true,
      "time in which a penalty shrinks to 1/e" },
};

const struct sw_policy sw_policy_lowest_rtt = {
    .name = "lowest_rtt",
    .help = "the peer with the shortest smoothed round trip",
    .source = "BIND 9, Knot Resolver; RFC 6298",
    .params_size = sizeof(struct params),
    .params = parameters,
    .n_params = SW_LEN(parameters),
    .peer_size = sizeof(struct peer),
    .choose = choose,
    .on_reply = on_reply,
    .on_timeout = on_timeout,
    .patience = sw_usual_patience,
    .cost = cost,
};

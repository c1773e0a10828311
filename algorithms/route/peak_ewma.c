/* SPDX-License-Identifier: GPL-3.0-or-later
 * peak_ewma: round-trip time, quick to rise and slow to fall, times the queries in flight.
 *
 *   observe(rtt): w = e^(-(now - stamp)/tau)
 *                 cost = rtt                     when rtt > cost
 *                 cost = cost w + rtt (1 - w)    otherwise;  stamp = now
 *   load:         observe(0), then
 *                 penalty + pending   when cost = 0 and pending > 0 (never heard, already asked)
 *                 cost (pending + 1)  otherwise
 *
 * penalty = (2^63 - 1) >> 16 ns.  An attempt that timed out is observed with the time waited.  A
 * late answer is not observed: its attempt has ended before.  The lowest load among all peers
 * not tried for this query wins (full scan), the first of equals.
 *
 * Source: Finagle, finagle-core/.../loadbalancer/PeakEwma.scala (Twitter, 2015), whose default
 * decay time is 10 s.  Known weakness: by Little's law a distant peer always has more in flight,
 * so multiplying by it counts distance twice. */
#include "algorithms/route/candidates.h"
#include "algorithms/route/rtt.h"
#include "node/base/fmath.h"

#define PENALTY ((double)(INT64_MAX >> 16))

struct params {
    double tau;
};

struct peer {
    struct sw_rtt rtt; /* for patience alone */
    double cost;
    sw_time stamp;
    uint32_t pending;
};

static double decayed(const struct sw_route *r, const struct peer *p, sw_time now, double rtt)
{
    const struct params *params = r->params;
    if (rtt > p->cost) {
        return rtt;
    }
    const double w = p->cost == 0 ? 0 : sw_exp(-(double)(now - p->stamp) / params->tau);
    return p->cost * w + rtt * (1 - w);
}

static void observe(struct sw_route *r, struct peer *p, sw_time now, double rtt)
{
    p->cost = decayed(r, p, now, rtt);
    p->stamp = now;
}

static double load(double cost, uint32_t pending)
{
    return cost == 0 && pending > 0 ? PENALTY + pending : cost * (pending + 1.0);
}

static double cost(const struct sw_route *r, uint32_t peer, sw_time now)
{
    const struct peer *p = sw_route_peer(r, peer);
    return load(decayed(r, p, now, 0), p->pending);
}

static size_t choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    (void)rng;
    const bool any = sw_all_tried(c);
    size_t best = c->n;
    double least = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (any || !sw_was_tried(c, i)) {
            struct peer *p = sw_route_peer(r, c->candidates[i].peer);
            observe(r, p, c->now, 0);
            const double score = load(p->cost, p->pending);
            if (best == c->n || score < least) {
                best = i;
                least = score;
            }
        }
    }
    return best;
}

static void on_send(struct sw_route *r, uint32_t peer, sw_time now)
{
    (void)now;
    struct peer *p = sw_route_peer(r, peer);
    p->pending++;
}

static void on_reply(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                     const struct sw_telemetry *t, bool probe, bool late)
{
    (void)t;
    struct peer *p = sw_route_peer(r, peer);
    sw_rtt_sample(&p->rtt, (double)rtt);
    if (!probe && !late) {
        p->pending -= p->pending > 0;
        observe(r, p, now, (double)rtt);
    }
}

static void on_timeout(struct sw_route *r, uint32_t peer, sw_time now, bool probe)
{
    struct peer *p = sw_route_peer(r, peer);
    if (!probe) {
        p->pending -= p->pending > 0;
        observe(r, p, now, (double)sw_rtt_patience(&p->rtt));
    }
    sw_rtt_back_off(&p->rtt);
}

static sw_dur patience(const struct sw_route *r, uint32_t peer)
{
    const struct peer *p = sw_route_peer(r, peer);
    return sw_rtt_patience(&p->rtt);
}

static const struct sw_param parameters[] = {
    { "tau", offsetof(struct params, tau), "ns", 1e9, 1000e9, 10e9, true,
      "time in which an old peak shrinks to 1/e" },
};

const struct sw_policy sw_policy_peak_ewma = {
    .name = "peak_ewma",
    .help = "peak-sensitive average round trip times queries in flight",
    .source = "Finagle, PeakEwma.scala",
    .params_size = sizeof(struct params),
    .params = parameters,
    .n_params = SW_LEN(parameters),
    .peer_size = sizeof(struct peer),
    .choose = choose,
    .on_send = on_send,
    .on_reply = on_reply,
    .on_timeout = on_timeout,
    .patience = patience,
    .cost = cost,
};

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
 * not tried for this query wins (full scan), the first of equals; with `d` > 0 the lowest among so
 * many drawn at random, as Finagle's aperture of two does.
 *
 * Source: Finagle, finagle-core/.../loadbalancer/PeakEwma.scala (Twitter, 2015), whose default
 * decay time is 10 s.  Known weakness: by Little's law a distant peer always has more in flight,
 * so multiplying by it counts distance twice. */
#include "algorithms/route/candidates.h"
#include "algorithms/route/usual.h"
#include "node/base/fmath.h"

#define PENALTY ((double)(INT64_MAX >> 16))

struct params {
    double tau, d;
};

struct peer {
    struct sw_usual usual;
    double cost;
    sw_time stamp;
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

static void observe(const struct sw_route *r, struct peer *p, sw_time now, double rtt)
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
    return load(decayed(r, p, now, 0), p->usual.pending);
}

static double score(const struct sw_route *r, const struct sw_choice *c, size_t i)
{
    struct peer *p = sw_route_peer(r, c->candidates[i].peer);
    observe(r, p, c->now, 0);
    return load(p->cost, p->usual.pending);
}

static size_t choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    const struct params *params = r->params;
    if (params->d < 1) {
        return sw_least(r, c, score);
    }
    size_t best = sw_any(c, rng);
    for (int draws = (int)params->d - 1; draws > 0; draws--) {
        const size_t i = sw_any(c, rng);
        best = score(r, c, i) < score(r, c, best) ? i : best;
    }
    return best;
}

static void on_reply(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                     const struct sw_telemetry *t, bool probe, bool late)
{
    sw_usual_on_reply(r, peer, now, rtt, t, probe, late);
    if (!probe && !late) {
        observe(r, sw_route_peer(r, peer), now, (double)rtt);
    }
}

static void on_timeout(struct sw_route *r, uint32_t peer, sw_time now, bool probe)
{
    if (!probe) {
        observe(r, sw_route_peer(r, peer), now, (double)sw_usual_patience(r, peer));
    }
    sw_usual_on_timeout(r, peer, now, probe);
}

static const struct sw_param parameters[] = {
    { "tau", offsetof(struct params, tau), "ns", 1e9, 1000e9, 10e9, true,
      "time in which an old peak shrinks to 1/e" },
    { "d", offsetof(struct params, d), "1", 0, 8, 0, false,
      "candidates drawn, of which the best is taken; 0: all are looked at" },
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
    .on_send = sw_usual_on_send,
    .on_reply = on_reply,
    .on_timeout = on_timeout,
    .patience = sw_usual_patience,
    .cost = cost,
};

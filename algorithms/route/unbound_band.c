/* SPDX-License-Identifier: GPL-3.0-or-later
 * unbound_band: Unbound's choice: any server that is not much slower than the best.
 *
 *   never asked:  srtt = 0, var = 94 ms, so rto = 376 ms
 *   answer:       srtt += delta/8, var += (|delta| - var)/4, delta = rtt - srtt
 *                 rto = srtt + 4 var, within 50 ms and 120 s
 *   time-out:     rto = max(rto, min(2 rto as it was when the query left, 120 s))
 *
 * Uniform among the open candidates whose rto is at most `band` above the best one's.
 *
 * Source: Unbound 1.17, util/rtt.c and iterator/iter_utils.c (RTT_BAND 400 ms).  Its probing of
 * blacklisted servers is left out: they come back when all open ones are as bad. */
#include "algorithms/route/candidates.h"
#include "algorithms/route/usual.h"

#define MS ((double)SW_MS)
#define RTO_LEAST (50 * MS)
#define RTO_MOST (120 * (double)SW_SEC)
#define VAR_UNKNOWN (94 * MS)

struct params {
    double band;
};

struct state {
    double best; /* rto, of the present choice */
};

struct peer {
    struct sw_usual usual;
    double srtt, var, rto; /* ns; rto 0: never asked */
    double asked;          /* rto when the latest query left */
};

static double rto_of(const struct peer *p)
{
    return p->rto > 0 ? p->rto : 4 * VAR_UNKNOWN;
}

static double rto(const struct sw_route *r, const struct sw_choice *c, size_t i)
{
    return rto_of(sw_route_peer(r, c->candidates[i].peer));
}

static double in_band(const struct sw_route *r, const struct sw_choice *c, size_t i)
{
    const struct params *k = r->params;
    const struct state *s = r->state;
    return rto(r, c, i) <= s->best + k->band;
}

static size_t choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    struct state *s = r->state;
    s->best = rto(r, c, sw_least(r, c, rto));
    return sw_drawn(r, c, in_band, rng);
}

static void on_send(struct sw_route *r, uint32_t peer, sw_time now)
{
    (void)now;
    struct peer *p = sw_route_peer(r, peer);
    p->asked = rto_of(p);
}

static void on_reply(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                     const struct sw_telemetry *t, bool probe, bool late)
{
    struct peer *p = sw_route_peer(r, peer);
    sw_usual_on_reply(r, peer, now, rtt, t, probe, late);
    if (p->rto == 0) {
        p->var = VAR_UNKNOWN;
    }
    const double delta = (double)rtt - p->srtt;
    p->srtt += delta / 8;
    p->var += ((delta < 0 ? -delta : delta) - p->var) / 4;
    p->rto = p->srtt + 4 * p->var;
    p->rto = p->rto < RTO_LEAST ? RTO_LEAST : p->rto > RTO_MOST ? RTO_MOST : p->rto;
}

static void on_timeout(struct sw_route *r, uint32_t peer, sw_time now, bool probe)
{
    struct peer *p = sw_route_peer(r, peer);
    sw_usual_on_timeout(r, peer, now, probe);
    if (p->rto == 0) {
        p->var = VAR_UNKNOWN;
        p->rto = 4 * VAR_UNKNOWN;
    }
    const double doubled = 2 * (p->asked > 0 ? p->asked : p->rto);
    const double bounded = doubled < RTO_MOST ? doubled : RTO_MOST;
    p->rto = bounded > p->rto ? bounded : p->rto;
}

static double cost(const struct sw_route *r, uint32_t peer, sw_time now)
{
    (void)now;
    return rto_of(sw_route_peer(r, peer));
}

static const struct sw_param parameters[] = {
    { "band", offsetof(struct params, band), "ns", 1e6, 1e9, 400e6, true,
      "how much slower than the best one may be" },
};

const struct sw_policy sw_policy_unbound_band = {
    .name = "unbound_band",
    .help = "any that is not much slower than the best",
    .source = "Unbound, util/rtt.c, RTT_BAND",
    .params_size = sizeof(struct params),
    .params = parameters,
    .n_params = SW_LEN(parameters),
    .state_size = sizeof(struct state),
    .peer_size = sizeof(struct peer),
    .choose = choose,
    .on_send = on_send,
    .on_reply = on_reply,
    .on_timeout = on_timeout,
    .patience = sw_usual_patience,
    .cost = cost,
};

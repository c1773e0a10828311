/* SPDX-License-Identifier: GPL-3.0-or-later
 * epsilon_greedy: Knot Resolver's choice: the best one, now and then any.
 *
 *   wait(d) = min((srtt + max(4 var, 20 ms)) 2^min(k, 5), 10 s)    k: time-outs in a row
 *
 * With probability epsilon any open candidate, each as likely; otherwise one that was never
 * asked, if there is one, else the one with the shortest wait, the first of equals.  An explored
 * peer is given at most twice the best one's wait, and is not punished for missing that.
 *
 * srtt and var as in RFC 6298.  Source: Knot Resolver 5, lib/selection.c (EPSILON 1/20,
 * MINIMAL_TIMEOUT_ADDITION, MAX_BACKOFF, EXPLORE_TIMEOUT_COEFFICIENT); it breaks ties by a
 * shuffle, and leaves a server alone for a while after many time-outs, which is not done here. */
#include "algorithms/route/candidates.h"
#include "algorithms/route/usual.h"

#define ADDITION_LEAST (20 * (double)SW_MS)
#define BACKOFF_MOST 5U
#define WAIT_MOST (10 * (double)SW_SEC)

struct params {
    double epsilon;
};

struct state {
    uint32_t explored; /* peer + 1 of the present choice when it explores; 0: it does not */
    sw_dur cap;
};

struct peer {
    struct sw_usual usual;
    double srtt, var;  /* without the milder back-off of rtt.h */
    uint32_t timeouts; /* in a row */
    uint32_t capped;   /* explorations in flight whose wait was cut */
};

static bool unknown(const struct peer *p)
{
    return p->srtt == 0 && p->timeouts == 0;
}

static double wait(const struct peer *p)
{
    const double spread = 4 * p->var > ADDITION_LEAST ? 4 * p->var : ADDITION_LEAST;
    const uint32_t k = p->timeouts < BACKOFF_MOST ? p->timeouts : BACKOFF_MOST;
    const double w =
        (p->srtt == 0 ? (double)SW_RTT_PATIENCE_UNKNOWN : p->srtt + spread) * (double)(1U << k);
    return w < WAIT_MOST ? w : WAIT_MOST;
}

static double score(const struct sw_route *r, const struct sw_choice *c, size_t i)
{
    const struct peer *p = sw_route_peer(r, c->candidates[i].peer);
    return unknown(p) ? 0 : wait(p);
}

static size_t choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    const struct params *k = r->params;
    struct state *s = r->state;
    const size_t best = sw_least(r, c, score);
    s->explored = 0;
    if (sw_unit(sw_rng_next(rng)) >= k->epsilon) {
        return best;
    }
    const size_t i = sw_any(c, rng);
    s->explored = c->candidates[i].peer + 1;
    s->cap = 2 * sw_usual_patience(r, c->candidates[best].peer);
    return i;
}

static bool is_capped(const struct sw_route *r, uint32_t peer)
{
    const struct state *s = r->state;
    return s->explored == peer + 1 && sw_usual_patience(r, peer) > s->cap;
}

static sw_dur patience(const struct sw_route *r, uint32_t peer)
{
    const struct state *s = r->state;
    return is_capped(r, peer) ? s->cap : sw_usual_patience(r, peer);
}

static void on_send(struct sw_route *r, uint32_t peer, sw_time now)
{
    (void)now;
    struct peer *p = sw_route_peer(r, peer);
    p->capped += is_capped(r, peer);
}

static void on_reply(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                     const struct sw_telemetry *t, bool probe, bool late)
{
    struct peer *p = sw_route_peer(r, peer);
    struct sw_rtt own = { p->srtt, p->var };
    sw_usual_on_reply(r, peer, now, rtt, t, probe, late);
    sw_rtt_sample(&own, (double)rtt);
    p->srtt = own.srtt;
    p->var = own.rttvar;
    p->timeouts = 0;
    p->capped -= p->capped > 0 && !late;
}

static void on_timeout(struct sw_route *r, uint32_t peer, sw_time now, bool probe)
{
    struct peer *p = sw_route_peer(r, peer);
    sw_usual_on_timeout(r, peer, now, probe);
    if (p->capped > 0) {
        p->capped--;
    } else {
        p->timeouts += p->timeouts < UINT32_MAX;
    }
}

static double cost(const struct sw_route *r, uint32_t peer, sw_time now)
{
    (void)now;
    return wait(sw_route_peer(r, peer));
}

static const struct sw_param parameters[] = {
    { "epsilon", offsetof(struct params, epsilon), "1", 0, 1, 0.05, false,
      "share of queries that explore" },
};

const struct sw_policy sw_policy_epsilon_greedy = {
    .name = "epsilon_greedy",
    .help = "the shortest wait, one query in twenty anywhere",
    .source = "Knot Resolver, lib/selection.c",
    .params_size = sizeof(struct params),
    .params = parameters,
    .n_params = SW_LEN(parameters),
    .state_size = sizeof(struct state),
    .peer_size = sizeof(struct peer),
    .choose = choose,
    .on_send = on_send,
    .on_reply = on_reply,
    .on_timeout = on_timeout,
    .patience = patience,
    .cost = cost,
};

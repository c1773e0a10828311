/* SPDX-License-Identifier: GPL-3.0-or-later
 * textbook_aco: Ant System, as the textbook has it, with queries for ants.
 *
 *   P(d) ~ tau(d)^alpha eta(d)^beta,    eta(d) = 1/(srtt(d) + 1 ms)
 *   an answer after T deposits (best + 1 ms)/(T + 1 ms) on d, best: the shortest T seen
 *   after every m answers and time-outs: tau = (1 - rho) tau + the deposits since, all d
 *
 * tau starts at 1; a lower bound of 1e-6 keeps the sum of weights positive.  A peer never
 * measured has the best one's eta.
 *
 * Source: Dorigo, Maniezzo and Colorni 1996: alpha = 1, beta = 5, rho = 0.5; m = 10 as in Dorigo
 * and Gambardella 1997. */
#include "algorithms/route/candidates.h"
#include "algorithms/route/usual.h"
#include "node/base/fmath.h"

#define MS ((double)SW_MS)
#define TAU_LEAST 1e-6

struct params {
    double alpha, beta, rho, m;
};

struct state {
    double best;    /* shortest round trip, ns; 0: none */
    uint32_t since; /* answers and time-outs in this iteration */
};

struct peer {
    struct sw_usual usual;
    double lost;    /* 1 - tau, so that a new peer is all zero */
    double deposit; /* of this iteration */
};

static double tau(const struct peer *p)
{
    return 1 - p->lost;
}

static double weight(const struct sw_route *r, const struct sw_choice *c, size_t i)
{
    const struct params *k = r->params;
    const struct state *s = r->state;
    const struct peer *p = sw_route_peer(r, c->candidates[i].peer);
    const double srtt = p->usual.rtt.srtt > 0 ? p->usual.rtt.srtt : s->best;
    return sw_pow(tau(p), k->alpha) * sw_pow((s->best + MS) / (srtt + MS), k->beta);
}

static size_t choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    return sw_drawn(r, c, weight, rng);
}

static void count(struct sw_route *r)
{
    const struct params *k = r->params;
    struct state *s = r->state;
    if (++s->since < k->m) {
        return;
    }
    s->since = 0;
    for (uint32_t i = 0; i < r->n_peers; i++) {
        struct peer *p = sw_route_peer(r, i);
        const double next = (1 - k->rho) * tau(p) + p->deposit;
        p->lost = 1 - (next > TAU_LEAST ? next : TAU_LEAST);
        p->deposit = 0;
    }
}

static void on_reply(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                     const struct sw_telemetry *t, bool probe, bool late)
{
    struct state *s = r->state;
    struct peer *p = sw_route_peer(r, peer);
    sw_usual_on_reply(r, peer, now, rtt, t, probe, late);
    if (probe || late) {
        return;
    }
    const double trip = (double)(rtt > 0 ? rtt : 1);
    s->best = s->best == 0 || trip < s->best ? trip : s->best;
    p->deposit += (s->best + MS) / (trip + MS);
    count(r);
}

static void on_timeout(struct sw_route *r, uint32_t peer, sw_time now, bool probe)
{
    sw_usual_on_timeout(r, peer, now, probe);
    if (!probe) {
        count(r);
    }
}

static const struct sw_param parameters[] = {
    { "alpha", offsetof(struct params, alpha), "1", 0, 5, 1, false, "exponent of the trail" },
    { "beta", offsetof(struct params, beta), "1", 0, 10, 5, false, "exponent of nearness" },
    { "rho", offsetof(struct params, rho), "1", 0.01, 1, 0.5, true, "evaporation an iteration" },
    { "m", offsetof(struct params, m), "1", 1, 500, 10, true, "ants an iteration" },
};

const struct sw_policy sw_policy_textbook_aco = {
    .name = "textbook_aco",
    .help = "Ant System as the textbook has it",
    .source = "Dorigo, Maniezzo and Colorni 1996",
    .params_size = sizeof(struct params),
    .params = parameters,
    .n_params = SW_LEN(parameters),
    .state_size = sizeof(struct state),
    .peer_size = sizeof(struct peer),
    .choose = choose,
    .on_reply = on_reply,
    .on_timeout = on_timeout,
    .patience = sw_usual_patience,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * c3: the response time to be expected, with queues counted by their cube.
 *
 *   score(d) = R - 1/mu + q_hat^3 / mu,    q_hat = 1 + w os + q
 *
 * R, q, 1/mu: moving averages (weight alpha of the new value) of the round trip, of the reported
 * queue, and of the reported service time over the reported cores; os: our queries in flight
 * there; w: how many nodes choose as we do.  A peer that has not answered scores w os, so that it
 * is tried before all others but not by everybody at once.  The lowest score among the open
 * candidates wins, the first of equals.
 *
 * Source: Suresh, Canini, Schmid and Feldmann 2015 (NSDI), 3.1; alpha as in Elasticsearch's
 * ResponseCollectorService.  Their rate control by CUBIC is left out: what a peer must not take
 * its queue refuses. */
#include "algorithms/route/candidates.h"
#include "algorithms/route/usual.h"

struct params {
    double w, alpha;
};

struct peer {
    struct sw_usual usual;
    double response; /* R; 0: has not answered */
    double queue, service;
};

static double cost(const struct sw_route *r, uint32_t peer, sw_time now)
{
    (void)now;
    const struct params *k = r->params;
    const struct peer *p = sw_route_peer(r, peer);
    const double others = k->w * p->usual.pending;
    if (p->response == 0) {
        return others;
    }
    const double q = 1 + others + p->queue;
    return p->response - p->service + q * q * q * p->service;
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

static void average(double *mean, double x, double alpha)
{
    *mean = *mean == 0 ? x : *mean + alpha * (x - *mean);
}

static void on_reply(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                     const struct sw_telemetry *t, bool probe, bool late)
{
    const struct params *k = r->params;
    struct peer *p = sw_route_peer(r, peer);
    sw_usual_on_reply(r, peer, now, rtt, t, probe, late);
    if (probe) {
        return;
    }
    if (t->known && t->cores > 0) {
        const double queue = t->waiting;
        p->queue = p->response == 0 ? queue : p->queue + k->alpha * (queue - p->queue);
        average(&p->service, (double)t->service / t->cores, k->alpha);
    }
    average(&p->response, (double)(rtt > 0 ? rtt : 1), k->alpha);
}

static const struct sw_param parameters[] = {
    { "w", offsetof(struct params, w), "1", 0.5, 64, 4, true,
      "nodes that choose as this one does" },
    { "alpha", offsetof(struct params, alpha), "1", 0.01, 1, 0.3, true,
      "weight of a new value in the averages" },
};

const struct sw_policy sw_policy_c3 = {
    .name = "c3",
    .help = "expected response time, queues cubed",
    .source = "Suresh et al. 2015",
    .params_size = sizeof(struct params),
    .params = parameters,
    .n_params = SW_LEN(parameters),
    .peer_size = sizeof(struct peer),
    .choose = choose,
    .on_send = sw_usual_on_send,
    .on_reply = on_reply,
    .on_timeout = sw_usual_on_timeout,
    .patience = sw_usual_patience,
    .cost = cost,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * full_information: greedy on the true queues, which only a simulator can show: what would be left
 * to gain if nothing had to be learned or guessed about load.
 *
 *   cost(d) = net + s (1 + x + B x^2),   x = max(0, q + 1 - c)/c
 *
 * q, s, c: requests at d or on their way to it from anybody, its mean service time, its cores, all
 * as they are at this moment.  net: round trip without the stay, a moving average (weight 0.1) of
 * what answers took; 1 ms in this region and 100 ms elsewhere before the first.  The cheapest open
 * candidate that is up is asked, the first of equals.  With B = 0 it is selfish.
 *
 * Source: this project, as a reference; ant_colony.h for the price. */
#include "algorithms/route/candidates.h"
#include "algorithms/route/usual.h"

#define NET_NEAR (1.0 * (double)SW_MS)
#define NET_FAR (100.0 * (double)SW_MS)
#define DOWN 1e18 /* ns: more than any cost */

struct params {
    double price;
};

struct peer {
    struct sw_usual usual;
    double net; /* 0: has not answered */
};

static double score(const struct sw_route *r, const struct sw_choice *c, size_t i)
{
    const struct params *k = r->params;
    const struct sw_candidate *d = &c->candidates[i];
    const struct peer *p = sw_route_peer(r, d->peer);
    const double guess = d->same_region ? NET_NEAR : NET_FAR;
    const double net = d->self ? 0 : p->net > 0 ? p->net : guess;
    if (c->truth == NULL) {
        return net;
    }
    const struct sw_telemetry *t = &c->truth[i];
    if (!t->known || t->cores == 0) {
        return DOWN;
    }
    const double beyond = (double)t->waiting + 1 - t->cores;
    const double x = beyond > 0 ? beyond / t->cores : 0;
    return net + (double)t->service * (1 + x + k->price * x * x);
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
    const double net = t->known && t->sojourn < rtt ? (double)(rtt - t->sojourn) : (double)rtt;
    if (!late) {
        p->net = p->net == 0 ? net : p->net + 0.1 * (net - p->net);
    }
}

static const struct sw_param parameters[] = {
    { "price", offsetof(struct params, price), "1", 0, 8, 2, false,
      "congestion price B: what queueing costs beyond waiting" },
};

const struct sw_policy sw_policy_full_information = {
    .name = "full_information",
    .help = "greedy on the true queues",
    .source = "this project, as a reference",
    .reference = true,
    .params_size = sizeof(struct params),
    .params = parameters,
    .n_params = SW_LEN(parameters),
    .peer_size = sizeof(struct peer),
    .choose = choose,
    .on_send = sw_usual_on_send,
    .on_reply = on_reply,
    .on_timeout = sw_usual_on_timeout,
    .patience = sw_usual_patience,
};

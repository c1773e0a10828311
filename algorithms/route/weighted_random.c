/* SPDX-License-Identifier: GPL-3.0-or-later
 * weighted_random: at random, in proportion to how much a peer can do.
 *
 *   P(d) ~ cores(d) / service(d), as d last reported them
 *
 * A peer that has reported nothing is taken for as able as the ablest that did, so that it is
 * asked; when none has reported, all are equal.
 *
 * Source: dnsdist 1.7, policy `wrandom`, with reported instead of configured weights. */
#include "algorithms/route/candidates.h"
#include "algorithms/route/usual.h"

struct state {
    double ablest; /* requests/ns */
};

struct peer {
    struct sw_usual usual;
    double able; /* requests/ns; 0: not reported */
};

static double weight(const struct sw_route *r, const struct sw_choice *c, size_t i)
{
    const struct state *s = r->state;
    const struct peer *p = sw_route_peer(r, c->candidates[i].peer);
    if (p->able > 0) {
        return p->able;
    }
    return s->ablest > 0 ? s->ablest : 1;
}

static size_t choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    struct state *s = r->state;
    s->ablest = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct peer *p = sw_route_peer(r, c->candidates[i].peer);
        s->ablest = p->able > s->ablest ? p->able : s->ablest;
    }
    return sw_drawn(r, c, weight, rng);
}

static void on_reply(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                     const struct sw_telemetry *t, bool probe, bool late)
{
    struct peer *p = sw_route_peer(r, peer);
    sw_usual_on_reply(r, peer, now, rtt, t, probe, late);
    if (t->known && t->service > 0) {
        p->able = (double)t->cores / (double)t->service;
    }
}

const struct sw_policy sw_policy_weighted_random = {
    .name = "weighted_random",
    .help = "at random, in proportion to reported capacity",
    .source = "dnsdist, policy wrandom",
    .state_size = sizeof(struct state),
    .peer_size = sizeof(struct peer),
    .choose = choose,
    .on_reply = on_reply,
    .on_timeout = sw_usual_on_timeout,
    .patience = sw_usual_patience,
};

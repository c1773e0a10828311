/* SPDX-License-Identifier: GPL-3.0-or-later
 * ant_colony: trails, and the ants that refresh them.  Formulas: ant_colony.h. */
#include "algorithms/route/ant_colony.h"
#include "node/base/bug.h"
#include "node/base/fmath.h"

#define MS ((double)SW_MS)
#define DRIFT (5.0 * (double)SW_SEC)
#define BEST_RISES (60.0 * (double)SW_SEC)
#define SILENCE SW_SEC
#define EARNED_MOST 16 /* ants saved up, of either kind */
#define WEIGHT_MOST 0.2

double sw_aco_trail(const struct sw_aco_peer *p, sw_time now)
{
    const double age = (double)(now - p->trail_at) / DRIFT;
    return p->trail == 0 || age > 40 ? 0.5 : 0.5 + p->trail * sw_exp_near(-age);
}

static void set_trail(const struct sw_route *r, struct sw_aco_peer *p, sw_time now, double tau)
{
    const struct sw_aco_params *k = r->params;
    const double bounded = tau < k->tau_min ? k->tau_min : tau > 1 ? 1 : tau;
    p->trail = bounded - 0.5;
    p->trail_at = now;
}

/* The best answer's round trip as it counts now; 0 before the first. */
static double risen(const struct sw_aco_state *s, sw_time now)
{
    return s->best == 0 ? 0 : s->best * sw_exp((double)(now - s->best_at) / BEST_RISES);
}

void sw_aco_trail_reply(struct sw_route *r, struct sw_aco_peer *p, sw_time now, double rtt,
                        bool probe)
{
    const struct sw_aco_params *k = r->params;
    struct sw_aco_state *s = r->state;
    const double before = risen(s, now);
    s->best = !probe && (before == 0 || rtt < before) ? rtt : before;
    s->best_at = now;
    if (s->best == 0) {
        return; /* nothing to compare with yet */
    }
    const double tau = sw_aco_trail(p, now);
    const double g = s->best < rtt ? sw_pow((s->best + MS) / (rtt + MS), k->gamma) : 1;
    set_trail(r, p, now, tau + k->rho * (g - tau));
}

void sw_aco_trail_timeout(struct sw_route *r, struct sw_aco_peer *p, sw_time now)
{
    const struct sw_aco_params *k = r->params;
    set_trail(r, p, now, sw_aco_trail(p, now) * (1 - k->forget));
}

/* At most WEIGHT_MOST. */
static double ant_weight(const struct sw_aco_peer *p, sw_time now)
{
    return sw_aco_trail(p, now) / (p->net / MS + 5);
}

static const struct sw_aco_peer *at(const struct sw_route *r, const struct sw_candidate *c)
{
    SW_ASSERT(c->peer < r->n_peers);
    return (const struct sw_aco_peer *)(const void *)r->peers + c->peer;
}

/* Drawn in proportion to the weights, by weighing all. */
static uint32_t weigh_all(const struct sw_route *r, sw_time now, const struct sw_candidate *peers,
                          size_t n, struct sw_rng *rng)
{
    double total = 0;
    for (size_t i = 0; i < n; i++) {
        total += peers[i].self ? 0 : ant_weight(at(r, &peers[i]), now);
    }
    double left = sw_unit(sw_rng_next(rng)) * total;
    uint32_t drawn = SW_NO_PEER;
    for (size_t i = 0; i < n && left >= 0; i++) {
        if (!peers[i].self) {
            drawn = peers[i].peer;
            left -= ant_weight(at(r, &peers[i]), now);
        }
    }
    return drawn;
}

/* A drawn peer: uniform with probability epsilon, else by trail and nearness.  The weights are
 * looked at one by one first, of peers drawn at random, and one is taken in proportion to its
 * weight (stochastic acceptance: Lipowski and Lipowska 2012): the outcome is distributed alike,
 * after a few peers instead of all. */
static uint32_t wander(const struct sw_route *r, sw_time now, const struct sw_candidate *peers,
                       size_t n, struct sw_rng *rng)
{
    const struct sw_aco_params *k = r->params;
    const bool anywhere = sw_unit(sw_rng_next(rng)) < k->epsilon;
    for (size_t looks = 2 + n / 4; looks > 0; looks--) {
        const uint64_t bits = sw_rng_next(rng);
        const struct sw_candidate *c = &peers[(bits >> 32) * n >> 32];
        const double accept = (double)(uint32_t)bits * (WEIGHT_MOST * 0x1p-32);
        if (!c->self && (anywhere || accept < ant_weight(at(r, c), now))) {
            return c->peer;
        }
    }
    return weigh_all(r, now, peers, n, rng);
}

/* The peer that was neither heard nor probed for the longest time, and for SILENCE at least. */
static uint32_t longest_silent(const struct sw_route *r, sw_time now,
                               const struct sw_candidate *peers, size_t n)
{
    uint32_t found = SW_NO_PEER;
    sw_time oldest = now;
    for (size_t i = 0; i < n; i++) {
        const struct sw_aco_peer *p = at(r, &peers[i]);
        const sw_time last = p->heard_at > p->probed_at ? p->heard_at : p->probed_at;
        const bool never = last == 0;
        if (!peers[i].self && last < oldest && (never || now - last >= SILENCE)) {
            found = peers[i].peer;
            oldest = last;
        }
    }
    return found;
}

uint32_t sw_aco_next_probe(struct sw_route *r, sw_time now, const struct sw_candidate *peers,
                           size_t n, struct sw_rng *rng)
{
    const struct sw_aco_params *k = r->params;
    struct sw_aco_state *s = r->state;
    uint32_t peer = SW_NO_PEER;
    s->beating += k->beat * ((double)(now - s->beat_at) / (double)SW_SEC);
    s->beating = s->beating < EARNED_MOST ? s->beating : EARNED_MOST;
    s->beat_at = now;
    s->earned = s->earned < EARNED_MOST ? s->earned : EARNED_MOST;
    if (s->earned >= 1) {
        s->earned -= 1;
        peer = wander(r, now, peers, n, rng);
    } else if (s->beating >= 1) {
        peer = longest_silent(r, now, peers, n);
        s->beating -= peer != SW_NO_PEER;
    }
    if (peer != SW_NO_PEER) {
        struct sw_aco_peer *p = sw_route_peer(r, peer);
        p->probed_at = now;
    }
    return peer;
}

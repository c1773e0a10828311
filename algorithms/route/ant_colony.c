/* SPDX-License-Identifier: GPL-3.0-or-later
 * ant_colony: what a destination costs and who is chosen.  Formulas: ant_colony.h. */
#include "algorithms/route/ant_colony.h"

#include "algorithms/route/candidates.h"
#include "node/base/fmath.h"

#include <math.h>

#define MS ((double)SW_MS)
#define NET_NEAR (1 * MS)  /* assumed before anything was heard: same region */
#define NET_FAR (100 * MS) /* ... and elsewhere */
#define BLIND_FADES ((double)SW_SEC)
#define BLIND_PRICE 0.3

static double priced(double service, double x, double price)
{
    return service * (1 + x + price * x * x);
}

static double rounds(double q, double cores)
{
    const double beyond = q + 1 - cores;
    return beyond > 0 ? beyond / cores : 0;
}

/* e^(-@age/@span); 0 where it no longer matters. */
static double fading(sw_time now, sw_time then, double span)
{
    const double age = (double)(now - then) / span;
    return age > 40 ? 0 : sw_exp(-age);
}

static double cost_informed(const struct sw_aco_params *k, const struct sw_aco_peer *p, sw_time now)
{
    const double swing = p->q - p->q_avg;
    const double excess = p->os - k->kappa * p->os_avg;
    double q = p->q_avg;
    if (swing != 0) {
        q += swing * fading(now, p->heard_at, k->evaporation);
    }
    if (excess > 0) {
        q += k->excess * excess;
    }
    return p->net + priced(p->service, rounds(q, p->cores), k->price);
}

static double cost_blind(const struct sw_aco_peer *p, sw_time now, double own_service)
{
    const double slower = p->t_avg - p->base;
    const double x =
        (slower > 0 ? slower * fading(now, p->heard_at, BLIND_FADES) / own_service : 0) + p->os;
    return p->base + own_service * (x + BLIND_PRICE * x * x);
}

static double own_service(const struct sw_route *r)
{
    const struct sw_aco_state *s = r->state;
    return s->own_service > 0 ? s->own_service : SW_ACO_SERVICE_UNKNOWN;
}

/* Of a peer that was heard. */
static double cost_heard(const struct sw_route *r, const struct sw_aco_peer *p, sw_time now)
{
    return p->informed ? cost_informed(r->params, p, now) : cost_blind(p, now, own_service(r));
}

static double cost_of(const struct sw_route *r, const struct sw_choice *c, size_t i)
{
    const struct sw_aco_params *k = r->params;
    const struct sw_candidate *d = &c->candidates[i];
    const struct sw_aco_peer *p = sw_route_peer(r, d->peer);
    if (d->self) {
        const double cores = c->own.cores > 0 ? c->own.cores : 1;
        return priced(own_service(r), rounds(c->own.waiting, cores), k->price);
    }
    if (p->rtt.srtt > 0) {
        return cost_heard(r, p, c->now);
    }
    return (d->same_region ? NET_NEAR : NET_FAR) + priced(own_service(r), p->os, k->price);
}

/* x^n for the small whole numbers that exponents usually are; sw_pow for the rest. */
static double power(double x, double n)
{
    if (n != (double)(int)n || n < 0 || n > 16) {
        return sw_pow(x, n);
    }
    double y = 1;
    for (unsigned e = (unsigned)n; e > 0; e >>= 1, x *= x) {
        if ((e & 1) != 0) {
            y *= x;
        }
    }
    return y;
}

/* Who may be chosen: the strictest of the three rules that leaves anybody. */
enum rule { UNTRIED_AND_TRUSTED, UNTRIED, ANYBODY };

static bool eligible(const struct sw_route *r, const struct sw_choice *c, size_t i, enum rule rule)
{
    if (rule == ANYBODY) {
        return true;
    }
    return !sw_was_tried(c, i) && (rule == UNTRIED || c->candidates[i].self ||
                                   !sw_aco_suspected(r, c->candidates[i].peer));
}

static enum rule strictest(const struct sw_route *r, const struct sw_choice *c)
{
    enum rule rule = UNTRIED_AND_TRUSTED;
    for (; rule < ANYBODY; rule++) {
        for (size_t i = 0; i < c->n; i++) {
            if (eligible(r, c, i, rule)) {
                return rule;
            }
        }
    }
    return rule;
}

static size_t cheapest(const struct sw_route *r, const struct sw_choice *c, enum rule rule)
{
    size_t best = c->n;
    double least = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (eligible(r, c, i, rule)) {
            const double cost = cost_of(r, c, i);
            if (best == c->n || cost < least) {
                best = i;
                least = cost;
            }
        }
    }
    return best;
}

/* tau^alpha (1 + cost)^-beta */
static double attraction(const struct sw_aco_params *k, const struct sw_aco_peer *p, double cost,
                         sw_time now)
{
    const double near = 1 / power(1 + cost / MS, k->beta);
    return k->alpha == 0 ? near : near * sw_pow(sw_aco_trail(p, now), k->alpha);
}

/* One candidate drawn in proportion to its weight, which is then 0; c->n when none has any. */
static size_t draw(const struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    double total = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct sw_aco_peer *p = sw_route_peer(r, c->candidates[i].peer);
        total += p->weight;
    }
    double left = sw_unit(sw_rng_next(rng)) * total;
    size_t drawn = c->n;
    for (size_t i = 0; i < c->n; i++) {
        const struct sw_aco_peer *p = sw_route_peer(r, c->candidates[i].peer);
        if (p->weight > 0) {
            drawn = i; /* stays the last one, should rounding leave a rest */
            left -= p->weight;
            if (left < 0) {
                break;
            }
        }
    }
    if (drawn < c->n) {
        struct sw_aco_peer *p = sw_route_peer(r, c->candidates[drawn].peer);
        p->weight = 0;
    }
    return drawn;
}

static size_t explore(struct sw_route *r, const struct sw_choice *c, enum rule rule,
                      struct sw_rng *rng)
{
    const struct sw_aco_params *k = r->params;
    for (size_t i = 0; i < c->n; i++) {
        struct sw_aco_peer *p = sw_route_peer(r, c->candidates[i].peer);
        p->weight = eligible(r, c, i, rule) ? attraction(k, p, cost_of(r, c, i), c->now) : 0;
    }
    size_t best = c->n;
    double least = 0;
    for (int draws = (int)k->m; draws > 0; draws--) {
        const size_t i = draw(r, c, rng);
        if (i == c->n) {
            break;
        }
        const double cost = cost_of(r, c, i);
        if (best == c->n || cost < least || (cost == least && i < best)) {
            best = i;
            least = cost;
        }
    }
    return best < c->n ? best : cheapest(r, c, rule);
}

static size_t choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    const struct sw_aco_params *k = r->params;
    struct sw_aco_state *s = r->state;
    if (c->own.known && c->own.service > 0) {
        s->own_service = (double)c->own.service;
    }
    const enum rule rule = strictest(r, c);
    if (sw_unit(sw_rng_next(rng)) < k->q0) {
        return cheapest(r, c, rule);
    }
    return explore(r, c, rule, rng);
}

static sw_dur patience(const struct sw_route *r, uint32_t peer)
{
    const struct sw_aco_peer *p = sw_route_peer(r, peer);
    return sw_rtt_patience(&p->rtt);
}

static double cost(const struct sw_route *r, uint32_t peer, sw_time now)
{
    const struct sw_aco_peer *p = sw_route_peer(r, peer);
    const double unknown = (double)NAN;
    return p->rtt.srtt > 0 ? cost_heard(r, p, now) : unknown;
}

static double trail(const struct sw_route *r, uint32_t peer, sw_time now)
{
    return sw_aco_trail(sw_route_peer(r, peer), now);
}

#define PARAM(name, unit, low, high, fallback, log, help)                                 \
    {                                                                                     \
#name, offsetof(struct sw_aco_params, name), unit, low, high, fallback, log, help \
    }
static const struct sw_param parameters[] = {
    PARAM(price, "1", 0.01, 8, 2, true, "congestion price B: what queueing costs beyond waiting"),
    PARAM(excess, "1", 0.1, 6, 2, true, "weight w of queries in flight beyond the usual"),
    PARAM(kappa, "1", 0, 1, 1, false, "share of the usual in-flight that is no excess"),
    PARAM(evaporation, "ns", 50e6, 3e9, 300e6, true, "TQ: how long a reported queue is believed"),
    PARAM(q0, "1", 0, 1, 0.8, false, "probability of taking the cheapest outright"),
    PARAM(m, "1", 1, 4, 2, false, "candidates drawn otherwise (whole part)"),
    PARAM(beta, "1", 1, 10, 6, false, "steepness of the draw in cost"),
    PARAM(alpha, "1", 0, 1.5, 0, false, "weight of the trail in the draw"),
    PARAM(ants, "1/query", 0, 1, 0.3, false, "ants sent a query"),
    PARAM(epsilon, "1", 0, 0.5, 0.1, false, "share of ants that go anywhere"),
    PARAM(beat, "1/s", 0, 100, 4, false, "ants a second for peers silent for a second"),
    PARAM(suspect_after, "1", 1, 10, 2, false, "time-outs in a row that make a suspect"),
    PARAM(rho, "1", 0.01, 0.5, 0.1, true, "how fast a trail learns"),
    PARAM(gamma, "1", 0.25, 4, 1, true, "steepness of a trail in round-trip time"),
    PARAM(tau_min, "1", 0.001, 0.2, 0.01, true, "a trail never gets weaker"),
    PARAM(forget, "1", 0, 0.95, 0.7, false, "share of a trail that a time-out wipes"),
};
#undef PARAM

const struct sw_policy sw_policy_ant_colony = {
    .name = "ant_colony",
    .help = "congestion-priced predicted latency, probed by ants",
    .source = "this project; Dorigo and Gambardella 1997 for the choice",
    .params_size = sizeof(struct sw_aco_params),
    .params = parameters,
    .n_params = SW_LEN(parameters),
    .state_size = sizeof(struct sw_aco_state),
    .peer_size = sizeof(struct sw_aco_peer),
    .choose = choose,
    .on_send = sw_aco_on_send,
    .on_reply = sw_aco_on_reply,
    .on_timeout = sw_aco_on_timeout,
    .next_probe = sw_aco_next_probe,
    .patience = patience,
    .cost = cost,
    .trail = trail,
    .suspected = sw_aco_suspected,
};

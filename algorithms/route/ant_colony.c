/* SPDX-License-Identifier: GPL-3.0-or-later
 * ant_colony: what a destination costs and who is chosen.  Formulas: ant_colony.h. */
#include "algorithms/route/ant_colony.h"

#include "algorithms/route/balance.h"
#include "algorithms/route/candidates.h"
#include "node/base/bug.h"
#include "node/base/fmath.h"

#include <math.h>

#define MS ((double)SW_MS)
#define PER_MS 1e-6
#define NET_NEAR (1 * MS)  /* assumed before anything was heard: same region */
#define NET_FAR (100 * MS) /* ... and elsewhere */
#define BLIND_FADES (1 / (double)SW_SEC)
#define STAY_LEAST (0.1 * MS)
#define PRIOR_LEAST 1e-4

/* What every cost of one choice has in common. */
struct view {
    const struct sw_aco_params *k;
    const struct sw_aco_state *s;
    struct sw_aco_peer *peers;
    size_t n_peers;
    sw_time now;
    double own_service;
    double per_evaporation; /* 1/TQ */
    int whole_beta;         /* beta when it is a whole number, at most 10; else -1 */
};

static struct view look(const struct sw_route *r, sw_time now)
{
    const struct sw_aco_params *k = r->params;
    const struct sw_aco_state *s = r->state;
    return (struct view){
        .k = k,
        .s = s,
        .peers = (struct sw_aco_peer *)(void *)r->peers,
        .n_peers = r->n_peers,
        .now = now,
        .own_service = s->own_service > 0 ? s->own_service : SW_ACO_SERVICE_UNKNOWN,
        .per_evaporation = 1 / k->evaporation,
        .whole_beta = k->beta == (double)(int)k->beta ? (int)k->beta : -1,
    };
}

static inline struct sw_aco_peer *at(const struct view *v, const struct sw_candidate *d)
{
    SW_ASSERT(d->peer < v->n_peers);
    return &v->peers[d->peer];
}

static inline double priced(double service, double x, double price)
{
    return service * (1 + x + price * x * x);
}

/* Here and below, what can be said without a branch is: loads decide which way it goes, and no
 * processor guesses those. */
static inline double positive(double x)
{
    return x > 0 ? x : 0;
}

static inline double rounds(double q, double cores)
{
    return positive(q + 1 - cores) / cores;
}

/* e^(-age @per_span); 0 where it no longer matters. */
static inline double fading(const struct view *v, sw_time then, double per_span)
{
    const double age = (double)(v->now - then) * per_span;
    return age > 40 ? 0 : sw_exp_near(-age);
}

/* How much of the last reading is left. */
static inline double unevaporated(const struct view *v, const struct sw_aco_peer *p)
{
    return fading(v, p->heard_at, v->per_evaporation);
}

/* Every reply of late reported a load. */
static inline bool informed(const struct sw_aco_peer *p)
{
    return p->trust == SW_ACO_TRUSTED;
}

static inline double reading(const struct sw_aco_peer *p, double left)
{
    return p->q_avg + (p->q - p->q_avg) * left;
}

static inline double cost_loaded(const struct view *v, const struct sw_aco_peer *p, double waiting)
{
    const double excess = p->os - v->k->kappa * p->os_avg;
    const double q = waiting + v->k->excess * positive(excess);
    return p->net + priced(p->service, rounds(q, p->cores), v->k->price);
}

/* What an informed peer costs at least: no reading is believed to be below both the last one and
 * the average. */
static inline double cost_least(const struct view *v, const struct sw_aco_peer *p)
{
    const double q = p->q < p->q_avg ? p->q : p->q_avg;
    return p->net + priced(p->service, rounds(q, p->cores), v->k->price);
}

static double cost_blind(const struct view *v, const struct sw_aco_peer *p)
{
    const double slower = p->t_avg > 0 ? p->t_avg - p->base : v->own_service;
    const double stay = slower > STAY_LEAST ? slower : STAY_LEAST;
    return p->base + stay * fading(v, p->sent_at, BLIND_FADES) * (1 + p->os);
}

/* Of one that was heard: by its reports, as far as they are trusted, and by its round trips. */
static double cost_heard(const struct view *v, const struct sw_aco_peer *p)
{
    if (p->trust == 0) {
        return cost_blind(v, p);
    }
    const double trust = (double)p->trust / SW_ACO_TRUSTED;
    const double told = cost_loaded(v, p, trust * reading(p, unevaporated(v, p)));
    return informed(p) ? told : trust * told + (1 - trust) * cost_blind(v, p);
}

static double cost_self(const struct view *v, const struct sw_telemetry *own)
{
    const double cores = own->cores > 0 ? own->cores : 1;
    return priced(v->own_service, rounds(own->waiting, cores), v->k->price);
}

static double cost_unheard(const struct view *v, const struct sw_aco_peer *p, bool near)
{
    return (near ? NET_NEAR : NET_FAR) + priced(v->own_service, p->os, v->k->price);
}

static double cost_uninformed(const struct view *v, const struct sw_choice *c,
                              const struct sw_candidate *d, const struct sw_aco_peer *p)
{
    if (d->self) {
        return cost_self(v, &c->own);
    }
    return p->base > 0 ? cost_heard(v, p) : cost_unheard(v, p, d->same_region);
}

/* @left: what unevaporated says of @p. */
static inline double cost_of(const struct view *v, const struct sw_choice *c,
                             const struct sw_candidate *d, const struct sw_aco_peer *p, double left)
{
    return informed(p) && !d->self ? cost_loaded(v, p, reading(p, left))
                                   : cost_uninformed(v, c, d, p);
}

/* @x^beta; by multiplying where beta is whole, as it usually is. */
static inline double steepened(const struct view *v, double x)
{
    if (v->whole_beta < 0) {
        return sw_pow(x, v->k->beta);
    }
    const double x2 = x * x;
    const double x4 = x2 * x2;
    double y = (v->whole_beta & 1) != 0 ? x : 1;
    y *= (v->whole_beta & 2) != 0 ? x2 : 1;
    y *= (v->whole_beta & 4) != 0 ? x4 : 1;
    return (v->whole_beta & 8) != 0 ? y * (x4 * x4) : y;
}

/* Who may be chosen: the strictest of the three rules that leaves anybody. */
enum rule { UNTRIED_AND_TRUSTED, UNTRIED, ANYBODY };

static inline bool eligible(const struct view *v, const struct sw_choice *c, size_t i,
                            const struct sw_aco_peer *p, enum rule rule)
{
    if (rule == ANYBODY) {
        return true;
    }
    const bool trusted = p->suspicion < v->k->suspect_after || c->candidates[i].self;
    return (rule == UNTRIED || trusted) && !sw_was_tried(c, i);
}

static enum rule strictest(const struct view *v, const struct sw_choice *c)
{
    enum rule rule = UNTRIED_AND_TRUSTED;
    for (; rule < ANYBODY; rule++) {
        for (size_t i = 0; i < c->n; i++) {
            if (eligible(v, c, i, at(v, &c->candidates[i]), rule)) {
                return rule;
            }
        }
    }
    return rule;
}

static size_t cheapest(const struct view *v, const struct sw_choice *c, enum rule rule)
{
    size_t best = c->n;
    double least = (double)INFINITY;
    for (size_t i = 0; i < c->n; i++) {
        const struct sw_candidate *d = &c->candidates[i];
        const struct sw_aco_peer *p = at(v, d);
        if (informed(p) && !d->self &&
            (p->net + p->service >= least || cost_least(v, p) >= least)) {
            continue; /* too dear even with nothing waiting there; or with the least believable */
        }
        if (eligible(v, c, i, p, rule)) {
            const double cost = cost_of(v, c, d, p, unevaporated(v, p));
            if (best == c->n || cost < least) {
                best = i;
                least = cost;
            }
        }
    }
    return best;
}

/* tau^alpha (1 + cost)^-beta */
static inline double attraction(const struct view *v, const struct sw_aco_peer *p, double cost)
{
    const double near = 1 / steepened(v, 1 + cost * PER_MS);
    return v->k->alpha == 0 ? near : near * sw_pow(sw_aco_trail(p, v->now), v->k->alpha);
}

/* One candidate drawn in proportion to its weight, which is then 0; c->n when none has any.
 * @total: of all weights; made smaller by the one drawn. */
static size_t draw(const struct view *v, const struct sw_choice *c, double *total,
                   struct sw_rng *rng)
{
    double left = sw_unit(sw_rng_next(rng)) * *total;
    size_t drawn = c->n;
    for (size_t i = 0; i < c->n && left >= 0; i++) {
        const double weight = at(v, &c->candidates[i])->weight;
        if (weight > 0) {
            drawn = i; /* stays the last one, should rounding leave a rest */
            left -= weight;
        }
    }
    if (drawn < c->n) {
        struct sw_aco_peer *p = at(v, &c->candidates[drawn]);
        *total -= p->weight;
        p->weight = 0;
    }
    return drawn;
}

/* Weigh what was drawn up by the prior; the new total. */
static double advise(const struct view *v, const struct sw_choice *c)
{
    const struct sw_aco_state *s = v->s;
    double total = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct sw_candidate *d = &c->candidates[i];
        struct sw_aco_peer *p = at(v, d);
        p->weight *= d->region < s->n_regions ? s->prior[d->region] : 1;
        total += p->weight;
    }
    return total;
}

static bool wants_regions(const struct sw_route *r)
{
    const struct sw_aco_params *k = r->params;
    return k->omega > 0;
}

static void on_regions(struct sw_route *r, const struct sw_regions *g)
{
    const struct sw_aco_params *k = r->params;
    struct sw_aco_state *s = r->state;
    struct sw_balance b;
    (void)sw_balance_swarm(g, &b);
    s->n_regions = g->n;
    for (uint32_t i = 0; i < g->n; i++) {
        const double w = b.w[g->own][i];
        s->prior[i] = sw_pow(w > PRIOR_LEAST ? w : PRIOR_LEAST, k->omega);
    }
}

static size_t explore(const struct view *v, const struct sw_choice *c, enum rule rule,
                      struct sw_rng *rng)
{
    double total = 0;
    for (size_t i = 0; i < c->n; i++) { /* by itself: short loops overlap in the processor */
        struct sw_aco_peer *p = at(v, &c->candidates[i]);
        p->weight = unevaporated(v, p);
    }
    for (size_t i = 0; i < c->n; i++) {
        const struct sw_candidate *d = &c->candidates[i];
        struct sw_aco_peer *p = at(v, d);
        const double cost = cost_of(v, c, d, p, p->weight);
        p->weight = eligible(v, c, i, p, rule) ? attraction(v, p, cost) : 0;
        total += p->weight;
    }
    if (v->k->omega > 0) {
        total = advise(v, c);
    }
    size_t best = c->n;
    double least = 0;
    for (int draws = (int)v->k->m; draws > 0; draws--) {
        const size_t i = draw(v, c, &total, rng);
        if (i == c->n) {
            break;
        }
        const struct sw_candidate *d = &c->candidates[i];
        const struct sw_aco_peer *p = at(v, d);
        const double cost = cost_of(v, c, d, p, unevaporated(v, p));
        if (best == c->n || cost < least || (cost == least && i < best)) {
            best = i;
            least = cost;
        }
    }
    return best < c->n ? best : cheapest(v, c, rule);
}

static struct view look_around(struct sw_route *r, const struct sw_choice *c)
{
    struct sw_aco_state *s = r->state;
    if (c->own.known && c->own.service > 0) {
        s->own_service = (double)c->own.service;
    }
    return look(r, c->now);
}

size_t sw_aco_cheapest(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    (void)rng;
    const struct view v = look_around(r, c);
    return cheapest(&v, c, strictest(&v, c));
}

static size_t choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    const struct view v = look_around(r, c);
    const enum rule rule = strictest(&v, c);
    if (sw_unit(sw_rng_next(rng)) < v.k->q0) {
        return cheapest(&v, c, rule);
    }
    return explore(&v, c, rule, rng);
}

static bool wants_classes(const struct sw_route *r)
{
    const struct sw_aco_params *k = r->params;
    return k->classes > 0;
}

/* What asking candidate @i costs, a miss there included; infinity where that can't be less than
 * @least, or it is a suspect. */
static inline double cost_of_class(const struct view *v, const struct sw_choice *c, size_t i,
                                   double h, double miss, double least)
{
    const struct sw_candidate *d = &c->candidates[i];
    if (d->self) {
        return cost_self(v, &c->own) + miss;
    }
    const struct sw_aco_peer *p = at(v, d);
    const double missing = (1 - h) * miss;
    if ((informed(p) &&
         (p->net + p->service + missing >= least || cost_least(v, p) + missing >= least)) ||
        !eligible(v, c, i, p, UNTRIED_AND_TRUSTED)) {
        return (double)INFINITY;
    }
    return cost_of(v, c, d, p, unevaporated(v, p)) + missing;
}

static size_t choose_class(struct sw_route *r, const struct sw_choice *c)
{
    const struct view v = look_around(r, c);
    struct sw_aco_state *s = r->state;
    const struct sw_class_trail *row = sw_class_row(&s->classes, c->query_class);
    const double miss = sw_class_miss(&s->classes);
    const size_t seeded = sw_class_seed(c);
    const uint32_t winner = c->candidates[seeded].peer;
    const double seed = (double)SW_CLASS_SEED;
    size_t best = seeded;
    double least = cost_of_class(&v, c, seeded, sw_class_strength(row, winner, seed, c->now), miss,
                                 (double)INFINITY);
    for (size_t i = 0; i < c->n; i++) {
        const struct sw_candidate *d = &c->candidates[i];
        const bool known = sw_class_known(row, d->peer);
        if (!known && !d->self && informed(at(&v, d)) && at(&v, d)->net + miss >= least) {
            continue; /* too dear even if it took no time */
        }
        const double h = known ? sw_class_strength(row, d->peer, 0, c->now) : 0;
        const double cost = i != seeded ? cost_of_class(&v, c, i, h, miss, least) : least;
        if (cost < least) {
            best = i;
            least = cost;
        }
    }
    if (!c->candidates[best].self) {
        sw_class_enter(&s->classes, c->query_class, c->candidates[best].peer,
                       best == seeded ? seed : 0, c->now);
    }
    return best;
}

static void on_class(struct sw_route *r, uint32_t peer, uint64_t query_class, sw_time now,
                     sw_dur rtt, bool hit)
{
    struct sw_aco_state *s = r->state;
    sw_class_learn(&s->classes, query_class, peer, now, rtt, hit);
}

sw_dur sw_aco_patience(const struct sw_route *r, uint32_t peer)
{
    const struct sw_aco_peer *p = sw_route_peer(r, peer);
    return sw_rtt_patience(&p->rtt);
}

double sw_aco_cost(const struct sw_route *r, uint32_t peer, sw_time now)
{
    const struct view v = look(r, now);
    const struct sw_aco_peer *p = sw_route_peer(r, peer);
    return p->base > 0 ? cost_heard(&v, p) : (double)NAN;
}

static double trail(const struct sw_route *r, uint32_t peer, sw_time now)
{
    return sw_aco_trail(sw_route_peer(r, peer), now);
}

static const struct sw_param parameters[] = {
    SW_ACO_COST_PARAMS,
    SW_ACO_PARAM(q0, "1", 0, 1, 0.8, false, "probability of taking the cheapest outright"),
    SW_ACO_PARAM(m, "1", 1, 4, 2, false, "candidates drawn otherwise (whole part)"),
    SW_ACO_PARAM(beta, "1", 1, 10, 6, false, "steepness of the draw in cost"),
    SW_ACO_PARAM(alpha, "1", 0, 1.5, 0, false, "weight of the trail in the draw"),
    SW_ACO_PARAM(omega, "1", 0, 1, 0, false, "weight of the regional prior in the draw"),
    SW_ACO_PARAM(classes, "1", 0, 1, 0, false,
                 "class trails say whose cache is asked, instead of a hash"),
    SW_ACO_PARAM(ants, "1/query", 0, 1, 0.3, false, "ants sent a query"),
    SW_ACO_PARAM(epsilon, "1", 0, 0.5, 0.1, false, "share of ants that go anywhere"),
    SW_ACO_PARAM(beat, "1/s", 0, 100, 4, false, "ants a second for peers silent for a second"),
    SW_ACO_PARAM(suspect_after, "1", 1, 10, 2, false, "time-outs in a row that make a suspect"),
    SW_ACO_PARAM(rho, "1", 0.01, 0.5, 0.1, true, "how fast a trail learns"),
    SW_ACO_PARAM(gamma, "1", 0.25, 4, 1, true, "steepness of a trail in round-trip time"),
    SW_ACO_PARAM(tau_min, "1", 0.001, 0.2, 0.01, true, "a trail never gets weaker"),
    SW_ACO_PARAM(forget, "1", 0, 0.95, 0.7, false, "share of a trail that a time-out wipes"),
};

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
    .on_refused = sw_aco_on_refused,
    .next_probe = sw_aco_next_probe,
    .wants_regions = wants_regions,
    .on_regions = on_regions,
    .wants_classes = wants_classes,
    .choose_class = choose_class,
    .on_class = on_class,
    .patience = sw_aco_patience,
    .cost = sw_aco_cost,
    .trail = trail,
    .suspected = sw_aco_suspected,
};

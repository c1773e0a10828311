/* SPDX-License-Identifier: GPL-3.0-or-later
 * antnet: AntNet on a network of one hop, where the next hop is the destination.
 *
 * The destination is an answer, whoever gives it; P(d) is the routing table's entry for neighbour
 * d, and all of them sum to 1.  A round trip T by d, of an ant or of a query, is rewarded by
 *
 *   r = c1 W/T + c2 (I - W)/((I - W) + (T - W)),     I = mu + z sigma/sqrt(w)
 *   r = min(0.9, s(r)/s(1)),  s(x) = 1/(1 + e^(a/(x N)))       N: peers known
 *   P(d) += r (1 - P(d)),  P(e) -= r P(e) for the others
 *
 * with the mean mu and variance sigma^2 of T (moving averages, weight eta), and the best W of the
 * last w <= w_max = 5 x 0.3/eta of them, whichever way they went.  An ant leaves every `interval`
 * towards d drawn by P(d), a query by P(d)^1.2.  Nothing is learned from a time-out: a dead peer
 * fades as others are rewarded.
 *
 * Source: Di Caro and Dorigo 1998, 4.1 and 4.2: c1 = 0.7, c2 = 0.3, z = 1.7, eta = 0.005.  The
 * correction of P by the length of one's own output queues is left out: there is one hop, and the
 * queue is not here; the bound of 0.9, which lets no neighbour vanish at once, is common in later
 * implementations.  Its ants measure paths in queues; ours are answered ahead of them, which is
 * why queries teach as well. */
#include "algorithms/route/candidates.h"
#include "algorithms/route/usual.h"
#include "node/base/fmath.h"

#include <math.h>

#define C1 0.7
#define C2 0.3
#define Z 1.7
#define W_SHARE 0.3 /* c in w_max = 5 c/eta */
#define REWARD_MOST 0.9
#define P_LEAST 1e-12

struct params {
    double a, eta, interval, power;
};

/* The model of the way to an answer is the node's; of a neighbour there is only P. */
struct state {
    uint32_t known;       /* peers that have an entry */
    uint32_t seen;        /* round trips in the present window: w */
    double mu, var, best; /* ns, ns^2, ns */
    sw_time ant_at;       /* the next ant leaves */
};

struct peer {
    struct sw_usual usual;
    double p; /* P; 0: no entry */
};

static struct peer *peer_at(const struct sw_route *r, uint32_t i)
{
    return sw_route_peer(r, i);
}

/* Give everybody in @list an entry: a newcomer gets an equal share, at the others' expense. */
static void welcome(struct sw_route *r, const struct sw_candidate *list, size_t n)
{
    struct state *s = r->state;
    for (size_t i = 0; i < n; i++) {
        struct peer *fresh = peer_at(r, list[i].peer);
        if (fresh->p > 0) {
            continue;
        }
        const double share = 1.0 / ++s->known;
        for (uint32_t j = 0; j < r->n_peers; j++) {
            peer_at(r, j)->p *= 1 - share;
        }
        fresh->p = share;
    }
}

static double weight(const struct sw_route *r, const struct sw_choice *c, size_t i)
{
    const struct params *k = r->params;
    return sw_pow(peer_at(r, c->candidates[i].peer)->p, k->power);
}

static size_t choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    welcome(r, c->candidates, c->n);
    return sw_drawn(r, c, weight, rng);
}

static double squashed(double x, double a, double n)
{
    return 1 / (1 + sw_exp(a / (x * n)));
}

static double reward(const struct params *k, const struct state *s, double t)
{
    const double sup = s->mu + Z * sqrt(s->var) / sqrt(s->seen);
    const double range = sup > s->best ? sup - s->best : 0;
    const double over = t - s->best;
    double x = C1 * s->best / t;
    x += range + over > 0 ? C2 * range / (range + over) : C2;
    x = squashed(x, k->a, s->known) / squashed(1, k->a, s->known);
    return x < REWARD_MOST ? x : REWARD_MOST;
}

static void measure(const struct params *k, struct state *s, double t)
{
    if (s->mu == 0) {
        s->mu = t;
    }
    if (s->seen == 0 || s->seen >= 5 * W_SHARE / k->eta) {
        s->seen = 0;
        s->best = t;
    }
    s->seen++;
    s->best = t < s->best ? t : s->best;
    const double error = t - s->mu;
    s->mu += k->eta * error;
    s->var += k->eta * (error * error - s->var);
}

static void on_reply(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                     const struct sw_telemetry *t, bool probe, bool late)
{
    struct state *s = r->state;
    struct peer *p = peer_at(r, peer);
    const double trip = (double)(rtt > 0 ? rtt : 1);
    sw_usual_on_reply(r, peer, now, rtt, t, probe, late);
    if (late || p->p == 0) {
        return;
    }
    measure(r->params, s, trip);
    const double x = reward(r->params, s, trip);
    for (uint32_t i = 0; i < r->n_peers; i++) {
        struct peer *other = peer_at(r, i);
        const double less = other->p * (1 - x);
        other->p = other->p > 0 && less < P_LEAST ? P_LEAST : less;
    }
    p->p += x;
}

static uint32_t next_probe(struct sw_route *r, sw_time now, const struct sw_candidate *peers,
                           size_t n, struct sw_rng *rng)
{
    const struct params *k = r->params;
    struct state *s = r->state;
    if (now < s->ant_at || n == 0) {
        return SW_NO_PEER;
    }
    s->ant_at = now + (sw_dur)k->interval;
    welcome(r, peers, n);
    double total = 0;
    for (size_t i = 0; i < n; i++) {
        total += peers[i].self ? 0 : peer_at(r, peers[i].peer)->p;
    }
    double left = sw_unit(sw_rng_next(rng)) * total;
    uint32_t drawn = SW_NO_PEER;
    for (size_t i = 0; i < n && left >= 0; i++) {
        if (!peers[i].self) {
            drawn = peers[i].peer;
            left -= peer_at(r, drawn)->p;
        }
    }
    return drawn;
}

static double trail(const struct sw_route *r, uint32_t peer, sw_time now)
{
    (void)now;
    const double p = peer_at(r, peer)->p;
    return p > P_LEAST ? p : P_LEAST;
}

static const struct sw_param parameters[] = {
    { "a", offsetof(struct params, a), "1", 1, 10, 10, true, "how sharply rewards are told apart" },
    { "eta", offsetof(struct params, eta), "1", 0.001, 0.1, 0.005, true,
      "weight of a round trip in its mean and variance" },
    { "interval", offsetof(struct params, interval), "ns", 10e6, 5e9, 300e6, true,
      "between two ants" },
    { "power", offsetof(struct params, power), "1", 1, 4, 1.2, true,
      "exponent of P when a query is sent" },
};

const struct sw_policy sw_policy_antnet = {
    .name = "antnet",
    .help = "AntNet's routing table, reinforced by round trips",
    .source = "Di Caro and Dorigo 1998",
    .params_size = sizeof(struct params),
    .params = parameters,
    .n_params = SW_LEN(parameters),
    .state_size = sizeof(struct state),
    .peer_size = sizeof(struct peer),
    .choose = choose,
    .on_reply = on_reply,
    .on_timeout = sw_usual_on_timeout,
    .next_probe = next_probe,
    .patience = sw_usual_patience,
    .trail = trail,
};

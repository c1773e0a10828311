/* SPDX-License-Identifier: GPL-3.0-or-later
 * prequal: probes sent ahead, reused a few times; hot peers avoided, then the quickest.
 *
 * A pool keeps the latest probe replies, one a peer, 16 at most and each for a second at most:
 * peer, requests in flight there (RIF), and the latency it may be expected to have,
 *
 *   latency = rtt of the probe + s (1 + max(0, RIF + 1 - c)/c)
 *
 * A reply is hot when its RIF is above the q_rif quantile of the last 64 RIFs seen.  Among the
 * pool's replies from open candidates, the cold one with the lowest latency is taken, or, when
 * all are hot, the one with the lowest RIF; with fewer than two of them any open candidate, at
 * random.  The reply taken has its RIF raised by one and goes after its last use; a reply may be
 * used
 *
 *   b = max(1, (1 + delta)/((1 - m/n) probes - removals))     m = min(16, n)
 *
 * times (16 where that is no positive number; n: candidates), rounded up or down at random.  Each
 * query earns `probes` probes, to peers drawn at random, and removes `removals` replies: in turn
 * the oldest, and the worst (the hot one with the highest RIF, else the one with the highest
 * latency).
 *
 * Source: Wydrowski, Kleinberg, Rumble and Archer 2024 (NSDI), 4.  There the peer estimates its
 * latency from recent requests at such a RIF; here it follows from what it reports. */
#include "algorithms/route/candidates.h"
#include "algorithms/route/usual.h"

#include <math.h>
#include <string.h>

enum { POOL = 16, RIFS = 64 };
#define AGE SW_SEC
#define EARNED_MOST 32.0

struct params {
    double probes, removals, q_rif, delta;
};

struct reply {
    uint32_t peer;
    uint32_t uses; /* left */
    double rif, latency;
    sw_time at;
};

struct state {
    struct reply pool[POOL]; /* oldest first */
    uint32_t n;
    uint32_t rifs[RIFS]; /* the last ones seen, a ring */
    uint32_t seen;       /* how many RIFs came */
    double earned;       /* probes */
    double removing;     /* removals owed */
    bool oldest_next;    /* which kind of removal it is now */
    double uses;         /* b, as of the latest choice */
};

static void drop(struct state *s, uint32_t i)
{
    s->n--;
    memmove(&s->pool[i], &s->pool[i + 1], (s->n - i) * sizeof s->pool[0]);
}

/* The q_rif quantile of the RIFs seen lately; infinite before the first. */
static double hot_above(const struct sw_route *r)
{
    const struct params *k = r->params;
    const struct state *s = r->state;
    const uint32_t n = s->seen < RIFS ? s->seen : RIFS;
    double least = (double)INFINITY; /* the smallest RIF that enough others do not exceed */
    for (uint32_t i = 0; i < n; i++) {
        uint32_t below = 0;
        for (uint32_t j = 0; j < n; j++) {
            below += s->rifs[j] <= s->rifs[i];
        }
        if (below >= k->q_rif * n && s->rifs[i] < least) {
            least = s->rifs[i];
        }
    }
    return least;
}

static void expire(struct state *s, sw_time now)
{
    while (s->n > 0 && now - s->pool[0].at > AGE) {
        drop(s, 0);
    }
}

/* Is @a worse than @b? */
static bool worse(const struct reply *a, const struct reply *b, double hot)
{
    const bool a_hot = a->rif > hot;
    const bool b_hot = b->rif > hot;
    if (a_hot != b_hot) {
        return a_hot;
    }
    return a_hot ? a->rif > b->rif : a->latency > b->latency;
}

static void remove_some(struct sw_route *r, double hot)
{
    const struct params *k = r->params;
    struct state *s = r->state;
    s->removing += k->removals;
    while (s->removing >= 1 && s->n > 0) {
        uint32_t worst = 0;
        for (uint32_t i = 1; i < s->n && !s->oldest_next; i++) {
            worst = worse(&s->pool[i], &s->pool[worst], hot) ? i : worst;
        }
        drop(s, worst);
        s->oldest_next = !s->oldest_next;
        s->removing -= 1;
    }
    s->removing = s->removing < 1 ? s->removing : 0;
}

/* Index of the open candidate that @reply is about; c->n when there is none. */
static size_t candidate(const struct sw_choice *c, const struct reply *reply, bool all)
{
    for (size_t i = 0; i < c->n; i++) {
        if (c->candidates[i].peer == reply->peer) {
            return all || !sw_was_tried(c, i) ? i : c->n;
        }
    }
    return c->n;
}

/* The best reply about an open candidate; false when there are fewer than two. */
static bool best_reply(const struct state *s, const struct sw_choice *c, double hot, uint32_t *best,
                       size_t *chosen)
{
    const bool all = sw_all_tried(c);
    uint32_t usable = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        const size_t at = candidate(c, &s->pool[i], all);
        if (at < c->n) {
            if (usable == 0 || worse(&s->pool[*best], &s->pool[i], hot)) {
                *best = i;
                *chosen = at;
            }
            usable++;
        }
    }
    return usable >= 2;
}

static size_t choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    const struct params *k = r->params;
    struct state *s = r->state;
    const double pool = c->n < POOL ? (double)c->n : POOL;
    const double net = (1 - pool / (double)c->n) * k->probes - k->removals;
    const double uses = net > 0 ? (1 + k->delta) / net : POOL;
    s->uses = uses < 1 ? 1 : uses > POOL ? POOL : uses;
    s->earned = s->earned + k->probes < EARNED_MOST ? s->earned + k->probes : EARNED_MOST;
    expire(s, c->now);
    const double hot = hot_above(r);
    uint32_t best = 0;
    size_t chosen = 0;
    if (best_reply(s, c, hot, &best, &chosen)) {
        s->pool[best].rif += 1;
        if (--s->pool[best].uses == 0) {
            drop(s, best);
        }
    } else {
        chosen = sw_any(c, rng);
    }
    remove_some(r, hot);
    return chosen;
}

static void add(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                const struct sw_telemetry *t)
{
    struct state *s = r->state;
    const double cores = t->cores > 0 ? t->cores : 1;
    const double beyond = (double)t->waiting + 1 - cores;
    for (uint32_t i = s->n; i > 0; i--) {
        if (s->pool[i - 1].peer == peer) {
            drop(s, i - 1);
        }
    }
    if (s->n == POOL) {
        drop(s, 0);
    }
    const double whole = floor(s->uses);
    const bool up = sw_unit((s->seen + 1) * UINT64_C(0x9e3779b97f4a7c15)) < s->uses - whole;
    s->pool[s->n++] = (struct reply){
        .peer = peer,
        .uses = (uint32_t)whole + up + (s->uses < 1),
        .rif = t->waiting,
        .latency = (double)rtt + (double)t->service * (1 + (beyond > 0 ? beyond / cores : 0)),
        .at = now,
    };
    s->rifs[s->seen % RIFS] = t->waiting;
    s->seen++;
}

static void on_reply(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                     const struct sw_telemetry *t, bool probe, bool late)
{
    sw_usual_on_reply(r, peer, now, rtt, t, probe, late);
    if (probe && !late && t->known) {
        add(r, peer, now, rtt, t);
    }
}

static uint32_t next_probe(struct sw_route *r, sw_time now, const struct sw_candidate *peers,
                           size_t n, struct sw_rng *rng)
{
    (void)now;
    struct state *s = r->state;
    if (s->earned < 1 || n == 0) {
        return SW_NO_PEER;
    }
    s->earned -= 1;
    const struct sw_candidate *d = &peers[sw_rng_below(rng, n)];
    return d->self ? SW_NO_PEER : d->peer;
}

static const struct sw_param parameters[] = {
    { "probes", offsetof(struct params, probes), "1/query", 0.1, 5, 3, true,
      "probes sent a query" },
    { "removals", offsetof(struct params, removals), "1/query", 0, 3, 1, false,
      "replies removed a query, besides those used up" },
    { "q_rif", offsetof(struct params, q_rif), "1", 0.5, 1, 0.8408964152537145, false,
      "quantile of requests in flight above which a peer is hot; 2^-0.25" },
    { "delta", offsetof(struct params, delta), "1", 0.1, 4, 1, true,
      "how much faster replies are used than they come" },
};

const struct sw_policy sw_policy_prequal = {
    .name = "prequal",
    .help = "probes ahead of need; hot peers avoided, then the quickest",
    .source = "Wydrowski et al. 2024",
    .params_size = sizeof(struct params),
    .params = parameters,
    .n_params = SW_LEN(parameters),
    .state_size = sizeof(struct state),
    .peer_size = sizeof(struct sw_usual),
    .choose = choose,
    .on_send = sw_usual_on_send,
    .on_reply = on_reply,
    .on_timeout = sw_usual_on_timeout,
    .next_probe = next_probe,
    .patience = sw_usual_patience,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * hickory_decay: hickory-dns's choice: smoothed round trips that fade towards nothing.
 *
 *   never asked:  srtt = 1 to 32 us at random
 *   answer:       w = e^(-(now - updated)/write), srtt = w srtt + (1 - w) rtt
 *   time-out:     srtt = min(srtt + 150 ms, 5 s)
 *   read:         srtt e^(-(now - updated)/read)
 *
 * The lowest value read among the open candidates is asked, the first of equals.
 *
 * Source: hickory-dns, hickory-resolver/src/name_server/name_server_stats.rs (weights 3 s and
 * 180 s). */
#include "algorithms/route/candidates.h"
#include "algorithms/route/usual.h"
#include "node/base/fmath.h"

#define PENALTY (150 * (double)SW_MS)
#define WORST (5 * (double)SW_SEC)

struct params {
    double write, read;
};

struct peer {
    struct sw_usual usual;
    double srtt; /* ns; 0: never looked at */
    sw_time updated_at;
};

static double fading(sw_time then, sw_time now, double span)
{
    return sw_exp(-(double)(now - then) / span);
}

static double cost(const struct sw_route *r, uint32_t peer, sw_time now)
{
    const struct params *k = r->params;
    const struct peer *p = sw_route_peer(r, peer);
    return p->srtt * fading(p->updated_at, now, k->read);
}

static double score(const struct sw_route *r, const struct sw_choice *c, size_t i)
{
    return cost(r, c->candidates[i].peer, c->now);
}

static size_t choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    for (size_t i = 0; i < c->n; i++) {
        struct peer *p = sw_route_peer(r, c->candidates[i].peer);
        if (p->srtt == 0) {
            p->srtt = (double)(SW_US * (1 + sw_rng_below(rng, 32)));
            p->updated_at = c->now;
        }
    }
    return sw_least(r, c, score);
}

static void on_reply(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                     const struct sw_telemetry *t, bool probe, bool late)
{
    const struct params *k = r->params;
    struct peer *p = sw_route_peer(r, peer);
    sw_usual_on_reply(r, peer, now, rtt, t, probe, late);
    if (!late) {
        const double w = fading(p->updated_at, now, k->write);
        p->srtt = w * p->srtt + (1 - w) * (double)rtt;
        p->updated_at = now;
    }
}

static void on_timeout(struct sw_route *r, uint32_t peer, sw_time now, bool probe)
{
    struct peer *p = sw_route_peer(r, peer);
    sw_usual_on_timeout(r, peer, now, probe);
    p->srtt = p->srtt + PENALTY < WORST ? p->srtt + PENALTY : WORST;
    p->updated_at = now;
}

static const struct sw_param parameters[] = {
    { "write", offsetof(struct params, write), "ns", 0.1e9, 60e9, 3e9, true,
      "time in which an old value counts 1/e against a new one" },
    { "read", offsetof(struct params, read), "ns", 5e9, 3600e9, 180e9, true,
      "time in which a value nobody renews shrinks to 1/e" },
};

const struct sw_policy sw_policy_hickory_decay = {
    .name = "hickory_decay",
    .help = "the shortest smoothed round trip, fading while unused",
    .source = "hickory-dns, name_server_stats.rs",
    .params_size = sizeof(struct params),
    .params = parameters,
    .n_params = SW_LEN(parameters),
    .peer_size = sizeof(struct peer),
    .choose = choose,
    .on_reply = on_reply,
    .on_timeout = on_timeout,
    .patience = sw_usual_patience,
    .cost = cost,
};

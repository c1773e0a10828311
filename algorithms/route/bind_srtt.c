/* SPDX-License-Identifier: GPL-3.0-or-later
 * bind_srtt: BIND 9's choice of name servers.
 *
 *   never asked:  srtt = 1 to 32 us at random, so that each is tried early
 *   answer:       srtt = 0.7 srtt + 0.3 rtt
 *   time-out:     srtt = min(srtt + 200 ms, 10 s)
 *   not chosen:   srtt = 0.98 srtt, once a second at most
 *
 * The lowest srtt among the open candidates is asked, the first of equals.  Ageing is what brings
 * a slow or dead server back into play, at a client's expense.
 *
 * Source: BIND 9, lib/dns/adb.c (dns_adb_adjustsrtt, DNS_ADB_RTTADJDEFAULT = 7; ageing by 98/100,
 * 511/512 in some versions) and lib/dns/resolver.c (fctx_cancelquery). */
#include "algorithms/route/candidates.h"
#include "algorithms/route/usual.h"

#define PENALTY (200 * (double)SW_MS)
#define WORST (10 * (double)SW_SEC)

struct params {
    double keep, age;
};

struct peer {
    struct sw_usual usual;
    double srtt; /* ns; 0: never looked at */
    sw_time aged_at;
};

static double score(const struct sw_route *r, const struct sw_choice *c, size_t i)
{
    const struct peer *p = sw_route_peer(r, c->candidates[i].peer);
    return p->srtt;
}

static void age(struct sw_route *r, const struct sw_choice *c, size_t chosen)
{
    const struct params *k = r->params;
    for (size_t i = 0; i < c->n; i++) {
        struct peer *p = sw_route_peer(r, c->candidates[i].peer);
        if (i != chosen && c->now - p->aged_at >= SW_SEC) {
            p->srtt *= k->age;
            p->aged_at = c->now;
        }
    }
}

static size_t choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    for (size_t i = 0; i < c->n; i++) {
        struct peer *p = sw_route_peer(r, c->candidates[i].peer);
        if (p->srtt == 0) {
            p->srtt = (double)(SW_US * (1 + sw_rng_below(rng, 32)));
            p->aged_at = c->now;
        }
    }
    const size_t chosen = sw_least(r, c, score);
    age(r, c, chosen);
    return chosen;
}

static void on_reply(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                     const struct sw_telemetry *t, bool probe, bool late)
{
    const struct params *k = r->params;
    struct peer *p = sw_route_peer(r, peer);
    sw_usual_on_reply(r, peer, now, rtt, t, probe, late);
    if (!late) {
        p->srtt = k->keep * p->srtt + (1 - k->keep) * (double)rtt;
    }
}

static void on_timeout(struct sw_route *r, uint32_t peer, sw_time now, bool probe)
{
    struct peer *p = sw_route_peer(r, peer);
    sw_usual_on_timeout(r, peer, now, probe);
    p->srtt = p->srtt + PENALTY < WORST ? p->srtt + PENALTY : WORST;
}

static double cost(const struct sw_route *r, uint32_t peer, sw_time now)
{
    (void)now;
    const struct peer *p = sw_route_peer(r, peer);
    return p->srtt;
}

static const struct sw_param parameters[] = {
    { "keep", offsetof(struct params, keep), "1", 0, 0.99, 0.7, false,
      "share of the old value that an answer leaves" },
    { "age", offsetof(struct params, age), "1", 0.5, 1, 0.98, false,
      "factor a second on those not chosen" },
};

const struct sw_policy sw_policy_bind_srtt = {
    .name = "bind_srtt",
    .help = "the shortest smoothed round trip, others ageing towards a try",
    .source = "BIND 9, lib/dns/adb.c",
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

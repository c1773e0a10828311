/* SPDX-License-Identifier: GPL-3.0-or-later
 * A region, then a member of it. */
#include "algorithms/route/regional.h"

#include "algorithms/route/candidates.h"

#include <string.h>

static const struct sw_regional_peer *peer_of(const struct sw_route *r, const struct sw_choice *c,
                                              size_t i)
{
    return sw_route_peer(r, c->candidates[i].peer);
}

/* Of which kind is a candidate, from best to worst? */
enum standing { WELL, ILL, TRIED };

static enum standing standing(const struct sw_route *r, const struct sw_choice *c, size_t i)
{
    if (sw_was_tried(c, i)) {
        return TRIED;
    }
    const struct sw_usual *u = &peer_of(r, c, i)->usual;
    return sw_usual_failing(u, c->now, SW_REGIONAL_FAILURES, SW_REGIONAL_HOLD) ? ILL : WELL;
}

static enum standing best_standing(const struct sw_route *r, const struct sw_choice *c)
{
    enum standing best = TRIED;
    for (size_t i = 0; i < c->n; i++) {
        const enum standing s = standing(r, c, i);
        best = s < best ? s : best;
    }
    return best;
}

static double share_of(const struct sw_shares *shares, const struct sw_candidate *d)
{
    if (shares->n == 0) {
        return 1;
    }
    return d->region < shares->n ? shares->w[d->region] : 0;
}

static bool is_first_of_region(const struct sw_route *r, const struct sw_choice *c, size_t i,
                               enum standing best)
{
    for (size_t k = 0; k < i; k++) {
        if (c->candidates[k].region == c->candidates[i].region && standing(r, c, k) == best) {
            return false;
        }
    }
    return true;
}

/* Index of a candidate in the region drawn; c->n: no share is left. */
static size_t draw_region(const struct sw_route *r, const struct sw_choice *c,
                          const struct sw_shares *shares, enum standing best, struct sw_rng *rng)
{
    double total = 0;
    double share[SW_REGIONS_MOST];
    size_t of[SW_REGIONS_MOST];
    uint32_t n = 0;
    for (size_t i = 0; i < c->n && n < SW_REGIONS_MOST; i++) {
        const double w = share_of(shares, &c->candidates[i]);
        if (w > 0 && standing(r, c, i) == best && is_first_of_region(r, c, i, best)) {
            share[n] = w;
            of[n++] = i;
            total += w;
        }
    }
    if (n <= 1) {
        return n == 1 ? of[0] : c->n;
    }
    double left = sw_unit(sw_rng_next(rng)) * total;
    uint32_t drawn = 0;
    while (drawn < n - 1 && left >= share[drawn]) {
        left -= share[drawn++];
    }
    return of[drawn];
}

static double stay(const struct sw_regional_peer *p, sw_time now)
{
    if (p->service == 0) {
        return (double)SW_MS * p->usual.pending;
    }
    const double served = (double)(now - p->said_at) * p->cores / p->service;
    const double left = (double)p->waiting - served;
    const double beyond = (left > 0 ? left : 0) + p->usual.pending + 1 - p->cores;
    return p->service * (1 + (beyond > 0 ? beyond / p->cores : 0));
}

size_t sw_regional_choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng)
{
    const enum standing best = best_standing(r, c);
    const size_t in = draw_region(r, c, r->state, best, rng);
    size_t chosen = c->n;
    double least = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (standing(r, c, i) != best ||
            (in < c->n && c->candidates[i].region != c->candidates[in].region)) {
            continue;
        }
        const struct sw_regional_peer *p = peer_of(r, c, i);
        const double cost = stay(p, c->now) + (in < c->n ? 0 : p->usual.rtt.srtt);
        if (chosen == c->n || cost < least) {
            chosen = i;
            least = cost;
        }
    }
    return chosen;
}

void sw_regional_on_reply(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                          const struct sw_telemetry *t, bool probe, bool late)
{
    struct sw_regional_peer *p = sw_route_peer(r, peer);
    sw_usual_on_reply(r, peer, now, rtt, t, probe, late);
    if (t->known && t->service > 0 && t->cores > 0) {
        p->service = (double)t->service;
        p->waiting = t->waiting;
        p->cores = t->cores;
        p->said_at = now;
    }
}

bool sw_regional_wants_regions(const struct sw_route *r)
{
    (void)r;
    return true;
}

void sw_shares_take(struct sw_shares *shares, const struct sw_regions *g,
                    const struct sw_balance *b)
{
    shares->n = g->n;
    memcpy(shares->w, b->w[g->own], sizeof shares->w);
}

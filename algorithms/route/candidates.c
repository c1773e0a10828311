/* SPDX-License-Identifier: GPL-3.0-or-later
 * Least, any, and drawn by weight. */
#include "algorithms/route/candidates.h"

size_t sw_least(const struct sw_route *r, const struct sw_choice *c, sw_score_fn *score)
{
    const bool all = sw_all_tried(c);
    size_t best = c->n;
    double least = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (all || !sw_was_tried(c, i)) {
            const double s = score(r, c, i);
            if (best == c->n || s < least) {
                best = i;
                least = s;
            }
        }
    }
    return best;
}

size_t sw_any(const struct sw_choice *c, struct sw_rng *rng)
{
    const bool all = sw_all_tried(c);
    uint64_t open = 0;
    for (size_t i = 0; i < c->n; i++) {
        open += all || !sw_was_tried(c, i);
    }
    uint64_t skip = sw_rng_below(rng, open);
    size_t i = 0;
    for (;; i++) {
        if (all || !sw_was_tried(c, i)) {
            if (skip == 0) {
                return i;
            }
            skip--;
        }
    }
}

size_t sw_drawn(const struct sw_route *r, const struct sw_choice *c, sw_score_fn *weight,
                struct sw_rng *rng)
{
    const bool all = sw_all_tried(c);
    double total = 0;
    for (size_t i = 0; i < c->n; i++) {
        total += all || !sw_was_tried(c, i) ? weight(r, c, i) : 0;
    }
    if (!(total > 0)) {
        return sw_any(c, rng);
    }
    double left = sw_unit(sw_rng_next(rng)) * total;
    size_t drawn = c->n;
    for (size_t i = 0; i < c->n && left >= 0; i++) {
        const double w = all || !sw_was_tried(c, i) ? weight(r, c, i) : 0;
        if (w > 0) {
            drawn = i; /* stays the last one, should rounding leave a rest */
            left -= w;
        }
    }
    return drawn;
}

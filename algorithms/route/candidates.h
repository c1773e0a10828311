/* SPDX-License-Identifier: GPL-3.0-or-later
 * Small steps that several routing policies take.  A candidate is *open* when it was not asked
 * for this query yet; when all were asked, all are open again. */
#ifndef SW_ROUTE_CANDIDATES_H
#define SW_ROUTE_CANDIDATES_H

#include "algorithms/route/policy.h"

/* Candidate @i was asked for this query already. */
static inline bool sw_was_tried(const struct sw_choice *c, size_t i)
{
    for (size_t t = 0; t < c->n_tried; t++) {
        if (c->tried[t] == c->candidates[i].peer) {
            return true;
        }
    }
    return false;
}

/* Every candidate was asked already: then being tried no longer counts. */
static inline bool sw_all_tried(const struct sw_choice *c)
{
    for (size_t i = 0; i < c->n; i++) {
        if (!sw_was_tried(c, i)) {
            return false;
        }
    }
    return true;
}

/* How well @id suits @key, the least best: for each key another order, the same at every node that
 * knows the same ids, and the loss of one moves only its own keys.  (Rendezvous hashing: Thaler and
 * Ravishankar, Using Name-Based Mappings to Increase Hit Rates, 1998.  Mixed by splitmix64's
 * finaliser, Steele, Lea, Flood 2014.) */
static inline uint64_t sw_rendezvous(uint64_t key, uint64_t id)
{
    uint64_t x = key ^ id * UINT64_C(0x9e3779b97f4a7c15);
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* A number that a policy gives candidate @i. */
typedef double sw_score_fn(const struct sw_route *r, const struct sw_choice *c, size_t i);

/* The open candidate with the least score, the first of equals.  Scores are numbers, never NaN. */
size_t sw_least(const struct sw_route *r, const struct sw_choice *c, sw_score_fn *score);
/* One open candidate, each as likely as the other. */
size_t sw_any(const struct sw_choice *c, struct sw_rng *rng);
/* One open candidate, drawn in proportion to its weight (finite, >= 0); any where all are 0. */
size_t sw_drawn(const struct sw_route *r, const struct sw_choice *c, sw_score_fn *weight,
                struct sw_rng *rng);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Class trails: who answers which names from its cache?  Names fall into SW_CLASSES classes by
 * their hash; of each, the strongest few trails are kept, whatever the number of peers.
 *
 *   seed:   the member that suits the class best by rendezvous hashing, 1/2; all others, 0
 *   answer: h += rho (hit - h), hit: 1 where the peer had the answer, 0 where it asked somebody
 *   always: h drifts to its seed with a time constant of 60 s
 *
 * Asking d costs cost(d) + (1 - h) M, where M is what a miss takes longer than a hit.  This node,
 * which does not have the answer or would not ask, costs cost(self) + M.
 *
 * Sources: the hyper-cube update of ant_colony.h, for hits; candidates.h for the hash. */
#ifndef SW_ROUTE_CLASS_TRAIL_H
#define SW_ROUTE_CLASS_TRAIL_H

#include "algorithms/route/policy.h"

#define SW_CLASSES 32U
#define SW_CLASS_PEERS 3U
#define SW_CLASS_SEED 0.5F

/* All zero: nothing is known. */
struct sw_class_trails {
    struct sw_class_trail {
        sw_time at; /* when strength was brought up to date; 0: none */
        uint32_t peer;
        float strength; /* h, 0 to 1 */
        float seed;
    } v[SW_CLASSES][SW_CLASS_PEERS];
    double hit, miss; /* ns, moving averages of what both took; 0: none yet */
};

/* The SW_CLASS_PEERS trails of a class. */
const struct sw_class_trail *sw_class_row(const struct sw_class_trails *t, uint64_t query_class);
/* False: no trail of @row is @peer's.  Without a branch, for loops over all. */
static inline bool sw_class_known(const struct sw_class_trail *row, uint32_t peer)
{
    return (row[0].peer == peer) | (row[1].peer == peer) | (row[2].peer == peer);
}
_Static_assert(SW_CLASS_PEERS == 3, "sw_class_known looks at three");
/* Which of @row is @peer's; SW_CLASS_PEERS: none. */
static inline size_t sw_class_find(const struct sw_class_trail *row, uint32_t peer)
{
    size_t i = 0;
    while (i < SW_CLASS_PEERS && (row[i].peer != peer || row[i].at == 0)) {
        i++;
    }
    return i;
}
/* h of a trail. */
double sw_class_drifted(const struct sw_class_trail *e, sw_time now);
/* h of @peer in the class of @row, whose seed is @seed if it has no trail. */
static inline double sw_class_strength(const struct sw_class_trail *row, uint32_t peer, double seed,
                                       sw_time now)
{
    const size_t i = sw_class_find(row, peer);
    return i < SW_CLASS_PEERS ? sw_class_drifted(&row[i], now) : seed;
}
/* @peer will be asked: keep a trail of it from @seed on, instead of the weakest of too many. */
void sw_class_enter(struct sw_class_trails *t, uint64_t query_class, uint32_t peer, double seed,
                    sw_time now);
/* It answered after @rtt; nothing, where no trail of it is kept. */
void sw_class_learn(struct sw_class_trails *t, uint64_t query_class, uint32_t peer, sw_time now,
                    sw_dur rtt, bool hit);
/* M, ns. */
double sw_class_miss(const struct sw_class_trails *t);
/* The candidate that the hash gives the class to, an index. */
size_t sw_class_seed(const struct sw_choice *c);

#endif

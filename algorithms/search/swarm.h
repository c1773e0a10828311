/* SPDX-License-Identifier: GPL-3.0-or-later
 * What particle swarms share: positions, velocities, and the best that each particle saw. */
#ifndef SW_SEARCH_SWARM_H
#define SW_SEARCH_SWARM_H

#include "algorithms/search/search.h"

struct sw_swarm {
    size_t n;          /* particles */
    double *x, *v, *p; /* n rows: position, velocity, own best */
    double *value;     /* of own bests; infinite before the first */
    size_t best;       /* particle with the best own best */
    bool improved;     /* the last tell improved that */
    void *extra;       /* the kind's own: freed with the swarm */
};

/* @n particles at uniform positions, their velocities (u - x)/2 (SPSO-2011, 3.2).
 * NULL when memory is out. */
struct sw_swarm *sw_swarm_new(struct sw_search *s, size_t n);
void sw_swarm_stop(struct sw_search *s);
/* Copy the positions out as the batch. */
size_t sw_swarm_ask(struct sw_search *s);
/* Keep what is better than a particle's own best. */
void sw_swarm_tell(struct sw_search *s, const double *values);
/* Move particle @i by its velocity; a wall stops it and throws it back with half its speed
 * (SPSO-2011, 3.6). */
void sw_swarm_move(struct sw_search *s, size_t i);

#endif

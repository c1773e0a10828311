/* SPDX-License-Identifier: GPL-3.0-or-later
 * Max-min fair shares: every flow gets as much as possible without taking from one that has less.
 *
 * Progressive filling (Bertsekas and Gallager, Data Networks, 2nd ed. 1992, 6.5.2): all rates grow
 * alike until a link is full or a flow has all it can use; those flows keep their rate, the others
 * grow on.  Links fill in the order of their fair share, which only grows while others are settled,
 * so that a heap of them is looked through once: O(F log F) for F flows of at most three links.
 * Uses + - * / only: the same bits everywhere. */
#ifndef SIM_MAXMIN_H
#define SIM_MAXMIN_H

#include "node/base/types.h"

#define SIM_FLOW_LINKS 3 /* that one flow crosses, at most */

/* What a flow crosses, and what it gets. */
struct sim_share {
    uint32_t link[SIM_FLOW_LINKS];
    uint32_t links;
    double cap;  /* what it can use: > 0, INFINITY when there is no limit */
    double rate; /* what it gets, in the unit of capacities; INFINITY without any limit */
};

/* Working memory, kept between calls.  Zero-initialised is valid. */
struct sim_maxmin {
    struct sim_filling *link; /* all unused between calls */
    size_t n_links;
    uint32_t *next; /* per flow and link it crosses: the next flow of that link */
    bool *settled;
    size_t n_flows;
    struct sim_level *level; /* a heap */
    size_t levels;
};

/* Fill in the rates of @n flows.  @capacity (of a link, > 0) is called once for each link that is
 * crossed; link numbers are below @n_links.  Ends the process when memory is out. */
void sim_maxmin(struct sim_maxmin *m, size_t n_links, double (*capacity)(void *self, uint32_t link),
                void *self, struct sim_share *const *flows, size_t n);
void sim_maxmin_fini(struct sim_maxmin *m);

#endif

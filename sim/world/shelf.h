/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bytes that never change, kept once for all simulated nodes that have the same: their zones. */
#ifndef SIM_SHELF_H
#define SIM_SHELF_H

#include "node/base/map.h"
#include "node/base/shelf.h"

struct sim_shelf {
    struct sw_shelf shelf; /* what nodes are lent */
    struct sw_map books;   /* by hash */
};

void sim_shelf_init(struct sim_shelf *s);
/* All that was taken has been given back. */
void sim_shelf_fini(struct sim_shelf *s);

#endif

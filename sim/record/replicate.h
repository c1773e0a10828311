/* SPDX-License-Identifier: GPL-3.0-or-later
 * One replication: a world made, watched by every metric, run to its end, measured. */
#ifndef SIM_REPLICATE_H
#define SIM_REPLICATE_H

#include "sim/record/rows.h"

/* Told now and then how far a run is. */
struct sim_progress {
    void *self;
    void (*tell)(void *self, sw_time now, uint64_t events);
};

/* Run @s with @seed and append its rows; @progress may be NULL.
 * Errors: those of sim_world_new and sim_world_run, SW_ERR_NOMEM; the rows are of no use then. */
int sim_replicate(const struct sim_scenario *s, uint64_t seed, const struct sim_progress *progress,
                  struct sim_rows *rows, struct sw_diag *d);

#endif

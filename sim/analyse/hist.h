/* SPDX-License-Identifier: GPL-3.0-or-later
 * A histogram of durations with buckets of constant relative width (after HdrHistogram, Tene
 * 2012): cheap to add to, exact to merge, and every quantile is within half a bucket of the
 * sample's: 0.4 % of the value, or 0.5 us below 131 us. */
#ifndef SIM_HIST_H
#define SIM_HIST_H

#include "node/base/types.h"

#define SIM_HIST_ERROR (1.0 / 256) /* of a quantile, relative; from 131 us on */
#define SIM_HIST_BUCKETS 3584U     /* up to 4.8 hours; longer values count as that */

/* Zero-initialised is valid and empty. */
struct sim_hist {
    uint32_t *buckets; /* SIM_HIST_BUCKETS, or NULL while empty */
    uint64_t count;
    double sum;       /* ns */
    sw_dur low, high; /* smallest and largest value added */
};

/* Errors: SW_ERR_NOMEM. */
int sim_hist_add(struct sim_hist *h, sw_dur value);
/* Errors: SW_ERR_NOMEM: @into unchanged. */
int sim_hist_merge(struct sim_hist *into, const struct sim_hist *h);
/* The value below or at which a share @q (0..1) of all values lies: the ceil(@q count)-th
 * smallest.  NaN when empty; ns. */
double sim_hist_quantile(const struct sim_hist *h, double q);
double sim_hist_mean(const struct sim_hist *h); /* NaN when empty; ns */
/* How many values lie above @value, to a bucket's width. */
uint64_t sim_hist_above(const struct sim_hist *h, sw_dur value);
void sim_hist_fini(struct sim_hist *h);

/* Where bucket @i begins, and where it ends (not included); ns. */
sw_dur sim_hist_low(uint32_t i);
sw_dur sim_hist_high(uint32_t i);

#endif

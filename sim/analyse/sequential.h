/* SPDX-License-Identifier: GPL-3.0-or-later
 * Sequential stopping: more runs until a mean's interval is as short as asked, or a cap is reached.
 *
 * Looking after every run and stopping at the first short interval (Chow and Robbins 1965; Law and
 * Kelton 2000, 9.4.1) stops too early whenever chance makes the spread look small, and the interval
 * that it stops with covers less often than it says; only for ever shorter intervals does that
 * vanish.  So there are few looks, at 10, 20, 40 ... runs and at the cap, all fixed beforehand, and
 * with K of them each interval is taken at confidence 1 - (1 - level) / K: by Bonferroni's
 * inequality all K cover at once with the confidence @level, hence so does the one that it stops
 * with, whatever made it stop.  That costs up to twice the runs for the same width. */
#ifndef SIM_SEQUENTIAL_H
#define SIM_SEQUENTIAL_H

#include "sim/analyse/stats.h"

#include <stdbool.h>

#define SIM_LEAST_RUNS 10 /* before the first look: fewer say too little about their spread */

struct sim_sequential {
    double within; /* half the interval's width over the mean: 0.05 for 5 % */
    double level;  /* 0.95 */
    uint64_t most; /* the cap; >= 2 */
};

/* How many looks there may be. */
unsigned sim_sequential_looks(const struct sim_sequential *s);
/* After how many runs look @k is, k < looks; the last one: at the cap. */
uint64_t sim_sequential_runs(const struct sim_sequential *s, unsigned k);
/* Look at all @n values so far, each read to a relative @error: fewer than runs when some did not
 * have what is measured.  True: stop, the interval is short enough and there are as many values as
 * the first look has runs.  @out gets it, NaN when a value isn't finite. */
bool sim_sequential_look(const struct sim_sequential *s, const double *x, size_t n, double error,
                         struct sim_interval *out);

#endif

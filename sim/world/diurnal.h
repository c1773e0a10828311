/* SPDX-License-Identifier: GPL-3.0-or-later
 * A rate that changes over the day.  Arrivals are found by inversion of the cumulated rate
 * (Cinlar 1975, "Introduction to Stochastic Processes", 4.7): what is drawn for a query, an
 * exponential gap, stays the same whatever the curve, so that load curves share their chances. */
#ifndef SIM_DIURNAL_H
#define SIM_DIURNAL_H

#include "sim/scenario/scenario.h"

struct sim_day;

/* NULL when @u does not change the rate.  The cosine is joined by straight lines 288 times a
 * period (5 min of a day), 0.006 % from the curve at most. */
struct sim_day *sim_day_new(const struct sim_diurnal *u);
void sim_day_free(struct sim_day *day);

/* Longer than any run (36 years): what would take longer takes as long. */
#define SIM_LONG (UINT64_C(1) << 60)

/* @ns, which is not negative, rounded; SIM_LONG at most. */
static inline sw_dur sim_rounded(double ns)
{
    return ns < (double)SIM_LONG ? (sw_dur)(ns + 0.5) : SIM_LONG;
}

/* When the next query comes that at the mean rate would come @gap after @now. */
sw_time sim_day_after(const struct sim_day *day, sw_time now, sw_dur gap);

#endif

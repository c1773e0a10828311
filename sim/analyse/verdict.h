/* SPDX-License-Identifier: GPL-3.0-or-later
 * Whether expectations held, over the replications of one configuration. */
#ifndef SIM_VERDICT_H
#define SIM_VERDICT_H

#include "sim/record/db.h"

/* Judge @e from its metric's values in the @n runs that have one (sim_db_values): value is their
 * mean, low and high its 95 % confidence interval (Student's t, widened by the error of reading;
 * equal to value with one run), margin the distance from the threshold, negative when missed.  It
 * holds when the mean meets the threshold and no run lacked the value. */
struct sim_verdict sim_judge(const struct sim_expectation *e, const double *values, size_t n);

/* "23.4 ms", "99.97 %", "1.2 GiB", "never": a value as people read it; @unit as in struct
 * sim_metric. */
void sim_show_value(char *out, size_t cap, const char *unit, double v);

/* A difference of two such values; of shares in points: "-2.4 points", not a share of a share. */
void sim_show_difference(char *out, size_t cap, const char *unit, double v);

#endif

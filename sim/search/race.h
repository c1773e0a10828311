/* SPDX-License-Identifier: GPL-3.0-or-later
 * Spending trials on what may still win: successive halving, and racing. */
#ifndef SIM_RACE_H
#define SIM_RACE_H

#include <stdbool.h>
#include <stddef.h>

/* ---- successive halving (Jamieson and Talwalkar 2016) ---- */

#define SIM_RUNGS 16
struct sim_rung {
    size_t candidates, blocks; /* so many candidates, each tried on the first so many blocks */
};
struct sim_halving {
    size_t eta;         /* of the candidates one in @eta goes on, with @eta times the blocks */
    size_t first, most; /* blocks on the first rung, and at most */
    size_t least;       /* candidates that are left at the end */
};
/* The rungs that @n candidates climb; returns how many, >= 1. */
size_t sim_halving_rungs(const struct sim_halving *h, size_t n, struct sim_rung out[SIM_RUNGS]);
/* How many trials that takes: a block is tried once. */
size_t sim_halving_cost(const struct sim_halving *h, size_t n);

/* ---- racing (F-race: Birattari, Stuetzle, Paquete and Varrentrapp 2002), by paired t tests ----
 */

#define SIM_RACE_LEAST 5 /* blocks before anybody may be dropped */

/* @values: a row of @stride for each of @n candidates, of which the first @blocks are known,
 * smaller is better.  Finds the alive candidate with the lowest mean, and drops (from @alive) those
 * that a paired test over the blocks says are worse, at 5 % after Holm's correction over all that
 * race; one with a value that is not finite is dropped when the best has none such.  Values that
 * are logarithms make this a test on paired log-ratios.  Returns the best. */
size_t sim_race_step(const double *values, size_t n, size_t stride, size_t blocks, bool *alive);

#endif

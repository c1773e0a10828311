/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a point changes, from runs with the same scenarios and seeds, and by which parameter. */
#ifndef SIM_PAIRED_H
#define SIM_PAIRED_H

#include "sim/analyse/stats.h"

/* The mean over scenarios, each counting alike, of the mean over seeds of @a - @b.  Scenarios are
 * given, seeds are drawn: the error is that of a stratified sample, sum s_k^2 / n / S^2, with
 * Satterthwaite's (1946) degrees of freedom. */
struct sim_paired {
    struct sim_interval change; /* 95 %; low and high NaN with one seed */
    double p;                   /* two-sided t; NaN likewise, and where every difference is equal */
};

/* @a and @b: scenario by scenario, @seeds values each. */
struct sim_paired sim_paired(const double *a, const double *b, size_t scenarios, size_t seeds);

/* How much of @y's variance over @n points parameter @u explains by itself: u in [0, 1] cut into
 * @bins equal parts, the correlation ratio between them, corrected for their number (epsilon^2,
 * Kelley 1935): 1 - (SSW / (n - bins)) / (SST / (n - 1)), at least 0; NaN with too few points. */
#define SIM_BINS 16
struct sim_effect {
    double share;
    size_t bins;
    double mean[SIM_BINS]; /* of y in each; NaN where there is no point */
    size_t n[SIM_BINS];
};
struct sim_effect sim_effect(const double *u, const double *y, size_t n, size_t bins);

#endif

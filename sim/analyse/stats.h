/* SPDX-License-Identifier: GPL-3.0-or-later
 * Statistics of finished runs: intervals of means, differences, shares and quantiles.  They come
 * after the trace, so libm and GSL are welcome here. */
#ifndef SIM_STATS_H
#define SIM_STATS_H

#include <stddef.h>
#include <stdint.h>

#define SIM_CONFIDENCE 0.95 /* of what is printed and stored */

/* An estimate and the interval that covers the truth with the stated confidence. */
struct sim_interval {
    double mean; /* or share, or quantile: the estimate */
    double low, high;
};

/* Values were read to @by: that much further on either side. */
static inline void sim_stats_widen(struct sim_interval *i, double by)
{
    i->low -= by;
    i->high += by;
}

/* All: @level in (0, 1), 0.95 say.  Errors: SW_ERR_RANGE: too few values for such an interval;
 * @out untouched. */

/* Mean of @n >= 2 independent values, about normal: Student's t. */
int sim_stats_mean(const double *x, size_t n, double level, struct sim_interval *out);
/* Mean of @a[i] - @b[i], @n >= 2 pairs run with common random numbers. */
int sim_stats_paired(const double *a, const double *b, size_t n, double level,
                     struct sim_interval *out);

/* An estimate that is about normal, or Student's t with @df degrees of freedom. */
struct sim_estimate {
    double mean, error; /* error: standard, of the mean */
    double df;
};
/* The interval of an estimate. */
struct sim_interval sim_stats_interval(const struct sim_estimate *e, double level);
/* A variable measured beside another, whose true mean is known. */
struct sim_control {
    const double *x;
    double mean;
};
/* The mean of @n independent values @y, with the part taken off that @k <= SIM_CONTROLS controls
 * explain by chance: linear regression of y on their deviations from their known means (Lavenberg
 * and Welch 1981).  About unbiased for joint normals, which batch means nearly are; a control that
 * never varies is left out.  Errors: SW_ERR_RANGE: n < k + 3. */
enum { SIM_CONTROLS = 8 };
int sim_stats_controlled(const double *y, size_t n, const struct sim_control *controls, size_t k,
                         struct sim_estimate *out);
/* Equivalence: how likely an estimate so well inside [@low, @high] is when the truth lies outside;
 * the larger p of two one-sided t tests (Schuirmann 1987).  At most alpha exactly when the
 * (1 - 2 alpha) interval lies inside. */
double sim_stats_equivalent_p(const struct sim_estimate *e, double low, double high);
/* How likely a mean difference at least as far from 0 is when there is none: two-sided paired t
 * test (Student 1908), @n >= 2 pairs.  The spread of the differences is taken to be at least
 * @least, which is how exactly they were read.  Where it is 0 nevertheless t has nothing to go by:
 * the sign test's 2^(1 - n) then (Dixon and Mood 1946), or 1 when all are 0. */
int sim_stats_paired_p(const double *a, const double *b, size_t n, double least, double *p);
/* Holm (1979): @p of @n tests made at once, adjusted so that acting on every adjusted value below
 * alpha makes even one false claim with a probability of at most alpha.  NaN stays, and counts as
 * no test.  @out may not be @p. */
void sim_stats_holm(const double *p, size_t n, double *out);
/* The @q-quantile, 0 < q < 1, of independent values of any continuous distribution: the smallest
 * interval between order statistics, about symmetric in rank, whose coverage is at least @level
 * (binomial; David and Nagaraja 2003, 7.1).  Sorts @x. */
int sim_stats_quantile(double *x, size_t n, double q, double level, struct sim_interval *out);
/* The share @hits / @n, @n >= 1, of independent trials (Clopper and Pearson 1934).  No hits in n:
 * the 95 % upper end is about 3.7/n, since the interval is two-sided. */
int sim_stats_share(uint64_t hits, uint64_t n, double level, struct sim_interval *out);

/* The mean of @n values of any distribution, by bootstrap (Efron 1979): means of resamples drawn
 * with @seed, and the quantiles between which they lie.  The tails are widened for small n to
 * Hesterberg's expanded percentile interval ("What Teachers Should Know About the Bootstrap", The
 * American Statistician 69, 2015), so that for normal values it is about as long as Student's.
 * Errors: SW_ERR_RANGE: fewer than SIM_BOOTSTRAP_LEAST values, whose whole range covers their
 * median less often than 95 times in 100 (1 - 2^(1-n)). */
#define SIM_BOOTSTRAP_LEAST 6
int sim_stats_bootstrap(const double *x, size_t n, double level, uint64_t seed,
                        struct sim_interval *out);

/* One-sided 95 % upper bound of the probability of something that never happened in @n >= 1
 * independent trials: 3/n, at most 1 (Hanley and Lippman-Hand 1983; exact is 1 - 0.05^(1/n)). */
double sim_stats_never(uint64_t n);

/* MSER-5 (White, Cobb and Spratt 2000): how many values at the beginning of a series to leave out
 * so that the mean of the rest is known best; a multiple of 5.  Only for series with a steady
 * state: never across a fault.  Errors: SW_ERR_RANGE: fewer than SIM_MSER5_LEAST values, or the
 * best cut lies in the second half: the series is too short to show where it settles. */
#define SIM_MSER5_LEAST 50
int sim_stats_mser5(const double *x, size_t n, size_t *skip);

#endif

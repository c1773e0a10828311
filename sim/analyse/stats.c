/* SPDX-License-Identifier: GPL-3.0-or-later
 * Intervals, on GSL's distributions. */
#include "sim/analyse/stats.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_multifit.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "node/base/bug.h"
#include "node/base/err.h"
#include "node/base/rng.h"

static bool is_level(double level)
{
    return level > 0 && level < 1;
}

/* The t interval from a mean and the sum of squared deviations. */
static void student(double mean, double squares, size_t n, double level, struct sim_interval *out)
{
    const double df = (double)n - 1;
    const double t = gsl_cdf_tdist_Pinv(0.5 + level / 2, df);
    const double half = t * sqrt(squares / df / (double)n);
    *out = (struct sim_interval){ mean, mean - half, mean + half };
}

/* Mean of @a[i] - @b[i] (@b NULL: of @a[i]) and the sum of squared deviations from it; Welford
 * (1962): no cancellation. */
static void gather(const double *a, const double *b, size_t n, double *mean, double *squares)
{
    *mean = 0;
    *squares = 0;
    for (size_t i = 0; i < n; i++) {
        const double x = b != NULL ? a[i] - b[i] : a[i];
        const double d = x - *mean;
        *mean += d / (double)(i + 1);
        *squares += d * (x - *mean);
    }
}

int sim_stats_mean(const double *x, size_t n, double level, struct sim_interval *out)
{
    return sim_stats_paired(x, NULL, n, level, out);
}

int sim_stats_paired(const double *a, const double *b, size_t n, double level,
                     struct sim_interval *out)
{
    if (n < 2 || !is_level(level)) {
        return SW_ERR_RANGE;
    }
    double mean;
    double squares;
    gather(a, b, n, &mean, &squares);
    student(mean, squares, n, level, out);
    return SW_OK;
}

struct sim_interval sim_stats_interval(const struct sim_estimate *e, double level)
{
    const double half = gsl_cdf_tdist_Pinv(0.5 + level / 2, e->df) * e->error;
    return (struct sim_interval){ e->mean, e->mean - half, e->mean + half };
}

static bool varies(const double *x, size_t n)
{
    size_t i = 1;
    while (i < n && x[i] == x[0]) {
        i++;
    }
    return i < n;
}

/* Fit y = column 0 of the coefficients + the others times the rest of @x's columns; the first is
 * the mean of y where every control has its own. */
static void fit(const double *y, gsl_matrix *x, struct sim_estimate *out)
{
    const size_t n = x->size1;
    const size_t columns = x->size2;
    gsl_multifit_linear_workspace *work = gsl_multifit_linear_alloc(n, columns);
    gsl_vector *c = gsl_vector_alloc(columns);
    gsl_matrix *covariance = gsl_matrix_alloc(columns, columns);
    const gsl_vector_const_view values = gsl_vector_const_view_array(y, n);
    double squares;
    SW_ASSERT(work != NULL && c != NULL && covariance != NULL);
    (void)gsl_multifit_linear(x, &values.vector, c, covariance, &squares, work);
    *out = (struct sim_estimate){ .mean = gsl_vector_get(c, 0),
                                  .error = sqrt(gsl_matrix_get(covariance, 0, 0)),
                                  .df = (double)(n - columns) };
    gsl_matrix_free(covariance);
    gsl_vector_free(c);
    gsl_multifit_linear_free(work);
}

int sim_stats_controlled(const double *y, size_t n, const struct sim_control *controls, size_t k,
                         struct sim_estimate *out)
{
    const double *use[SIM_CONTROLS];
    double means[SIM_CONTROLS];
    size_t used = 0;
    if (k > SIM_CONTROLS || n < k + 3) {
        return SW_ERR_RANGE;
    }
    for (size_t i = 0; i < k; i++) {
        if (varies(controls[i].x, n)) {
            means[used] = controls[i].mean;
            use[used++] = controls[i].x;
        }
    }
    gsl_matrix *x = gsl_matrix_alloc(n, used + 1);
    SW_ASSERT(x != NULL);
    for (size_t row = 0; row < n; row++) {
        gsl_matrix_set(x, row, 0, 1);
        for (size_t i = 0; i < used; i++) {
            /* relative, so that all columns are of a size */
            const double scale = means[i] != 0 ? means[i] : 1;
            gsl_matrix_set(x, row, i + 1, (use[i][row] - means[i]) / scale);
        }
    }
    fit(y, x, out);
    gsl_matrix_free(x);
    return SW_OK;
}

double sim_stats_equivalent_p(const struct sim_estimate *e, double low, double high)
{
    if (!(e->error > 0)) {
        return e->mean >= low && e->mean <= high ? 0 : 1;
    }
    return fmax(gsl_cdf_tdist_Q((e->mean - low) / e->error, e->df),
                gsl_cdf_tdist_Q((high - e->mean) / e->error, e->df));
}

int sim_stats_paired_p(const double *a, const double *b, size_t n, double least, double *p)
{
    if (n < 2) {
        return SW_ERR_RANGE;
    }
    double mean;
    double squares;
    gather(a, b, n, &mean, &squares);
    const double df = (double)n - 1;
    const double spread = fmax(sqrt(squares / df), least);
    const double error = spread / sqrt((double)n);
    if (error > 0) {
        *p = 2 * gsl_cdf_tdist_Q(fabs(mean) / error, df);
    } else {
        *p = mean == 0 ? 1 : ldexp(2, -(int)(n < 1000 ? n : 1000));
    }
    return SW_OK;
}

void sim_stats_holm(const double *p, size_t n, double *out)
{
    size_t left = 0;
    for (size_t i = 0; i < n; i++) {
        out[i] = NAN;
        left += isnan(p[i]) ? 0 : 1;
    }
    double reached = 0; /* adjusted values never fall as p rises */
    for (; left > 0; left--) {
        size_t least = n;
        for (size_t i = 0; i < n; i++) {
            const bool open = isnan(out[i]) && !isnan(p[i]);
            least = open && (least == n || p[i] < p[least]) ? i : least;
        }
        reached = fmax(reached, fmin(1, (double)left * p[least]));
        out[least] = reached;
    }
}

double sim_stats_never(uint64_t n)
{
    return n > 3 ? 3 / (double)n : 1;
}

#define BATCH 5U
#define NO_CANDIDATES 5U /* at the end: so few can look steady by chance */

int sim_stats_mser5(const double *x, size_t n, size_t *skip)
{
    const size_t batches = n / BATCH;
    if (n < SIM_MSER5_LEAST) {
        return SW_ERR_RANGE;
    }
    /* From the last batch backwards: each adds itself to the mean and the squares of those behind
     * it. */
    double mean = 0;
    double squares = 0;
    double least = INFINITY;
    size_t best = 0;
    for (size_t i = batches; i-- > 0;) {
        double z = 0;
        for (size_t k = 0; k < BATCH; k++) {
            z += x[i * BATCH + k] / BATCH;
        }
        const double count = (double)(batches - i);
        const double d = z - mean;
        mean += d / count;
        squares += d * (z - mean);
        if (batches - i > NO_CANDIDATES && squares / (count * count) <= least) {
            least = squares / (count * count);
            best = i;
        }
    }
    if (best > batches / 2) {
        return SW_ERR_RANGE;
    }
    *skip = best * BATCH;
    return SW_OK;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Probability that the quantile lies in [x_low, x_high), ranks from 1: that at least @low and fewer
 * than @high of @n values fall below it. */
static double coverage(unsigned n, double q, unsigned low, unsigned high)
{
    return gsl_cdf_binomial_P(high - 1, q, n) - (low > 0 ? gsl_cdf_binomial_P(low - 1, q, n) : 0);
}

int sim_stats_quantile(double *x, size_t n, double q, double level, struct sim_interval *out)
{
    if (n < 2 || n > UINT32_MAX / 2 || !(q > 0 && q < 1) || !is_level(level)) {
        return SW_ERR_RANGE;
    }
    const unsigned count = (unsigned)n;
    const unsigned middle = (unsigned)ceil(q * (double)n);
    unsigned low = middle > 0 ? middle : 1;
    unsigned high = low < count ? low + 1 : count;
    while (high == low || coverage(count, q, low, high) < level) {
        if (low == 1 && high == count) {
            return SW_ERR_RANGE;
        }
        /* Widen where less is left out on the way to symmetry; at the end of one side, the other.
         */
        const bool down = low > 1 && (high == count || middle - low < high - middle);
        if (down) {
            low--;
        } else {
            high++;
        }
    }
    qsort(x, n, sizeof *x, ascending);
    *out = (struct sim_interval){ x[middle - 1], x[low - 1], x[high - 1] };
    return SW_OK;
}

int sim_stats_share(uint64_t hits, uint64_t n, double level, struct sim_interval *out)
{
    if (n == 0 || hits > n || !is_level(level)) {
        return SW_ERR_RANGE;
    }
    const double tail = (1 - level) / 2;
    const double h = (double)hits;
    const double m = (double)(n - hits);
    *out = (struct sim_interval){
        .mean = h / (double)n,
        .low = hits == 0 ? 0 : gsl_cdf_beta_Pinv(tail, h, m + 1),
        .high = hits == n ? 1 : gsl_cdf_beta_Qinv(tail, h + 1, m),
    };
    return SW_OK;
}

/* ---- bootstrap ---- */

#define RESAMPLES 9999U /* an odd number of nines: (RESAMPLES + 1) times a tail is whole */

int sim_stats_bootstrap(const double *x, size_t n, double level, uint64_t seed,
                        struct sim_interval *out)
{
    if (n < SIM_BOOTSTRAP_LEAST || !is_level(level)) {
        return SW_ERR_RANGE;
    }
    double *means = malloc(RESAMPLES * sizeof *means);
    SW_ASSERT(means != NULL);
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(seed, "bootstrap", ""));
    for (size_t r = 0; r < RESAMPLES; r++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++) {
            sum += x[(size_t)(sw_unit(sw_rng_next(&rng)) * (double)n)];
        }
        means[r] = sum / (double)n;
    }
    qsort(means, RESAMPLES, sizeof *means, ascending);
    const double size = (double)n;
    const double t = gsl_cdf_tdist_Pinv(0.5 + level / 2, size - 1);
    const double tail = gsl_cdf_ugaussian_Q(sqrt(size / (size - 1)) * t);
    const double rank = floor(tail * (RESAMPLES + 1.0));
    const size_t low = rank < 1 ? 0 : (size_t)rank - 1;
    double mean;
    double squares;
    gather(x, NULL, n, &mean, &squares);
    *out = (struct sim_interval){ mean, means[low], means[RESAMPLES - 1 - low] };
    free(means);
    return SW_OK;
}

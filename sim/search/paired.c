/* SPDX-License-Identifier: GPL-3.0-or-later
 * Paired differences over a family, and main effects. */
#include "sim/search/paired.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

/* Mean and variance of the mean of @n differences. */
static void difference(const double *a, const double *b, size_t n, double *mean, double *variance)
{
    *mean = 0;
    *variance = 0;
    for (size_t i = 0; i < n; i++) {
        *mean += (a[i] - b[i]) / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        const double off = a[i] - b[i] - *mean;
        *variance += off * off / (double)(n - 1) / (double)n;
    }
}

struct sim_paired sim_paired(const double *a, const double *b, size_t scenarios, size_t seeds)
{
    struct sim_estimate e = { 0, 0, 0 };
    double sum = 0;
    double squares = 0;
    for (size_t k = 0; k < scenarios; k++) {
        double mean;
        double variance;
        difference(a + k * seeds, b + k * seeds, seeds, &mean, &variance);
        e.mean += mean / (double)scenarios;
        sum += variance;
        squares += variance * variance / (double)(seeds - 1);
    }
    struct sim_paired out = { { e.mean, NAN, NAN }, NAN };
    if (seeds > 1 && isfinite(e.mean)) {
        e.error = sqrt(sum) / (double)scenarios;
        e.df = squares > 0 ? sum * sum / squares : (double)(seeds - 1);
        out.change = sim_stats_interval(&e, 0.95);
        out.p = e.error > 0 ? 2 * gsl_cdf_tdist_Q(fabs(e.mean) / e.error, e.df) : NAN;
    }
    return out;
}

struct sim_effect sim_effect(const double *u, const double *y, size_t n, size_t bins)
{
    struct sim_effect e = { .share = NAN, .bins = bins < SIM_BINS ? bins : SIM_BINS };
    double sum[SIM_BINS] = { 0 };
    double all = 0;
    size_t count = 0;
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t k = (size_t)(u[i] * (double)e.bins);
        if (isfinite(y[i]) && isfinite(u[i])) {
            sum[k < e.bins ? k : e.bins - 1] += y[i];
            e.n[k < e.bins ? k : e.bins - 1]++;
            all += y[i];
            count++;
        }
    }
    for (size_t k = 0; k < e.bins; k++) {
        e.mean[k] = e.n[k] > 0 ? sum[k] / (double)e.n[k] : NAN;
        used += e.n[k] > 0 ? 1 : 0;
    }
    double within = 0;
    double total = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t k = (size_t)(u[i] * (double)e.bins);
        if (isfinite(y[i]) && isfinite(u[i])) {
            within += pow(y[i] - e.mean[k < e.bins ? k : e.bins - 1], 2);
            total += pow(y[i] - all / (double)count, 2);
        }
    }
    if (count > used && used > 1 && total > 0) {
        e.share = fmax(0, 1 - within / (double)(count - used) / (total / (double)(count - 1)));
    }
    return e;
}

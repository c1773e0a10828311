/* SPDX-License-Identifier: GPL-3.0-or-later
 * Functions that optimisers are tried on, over the unit cube; all have the minimum 0. */
#ifndef SW_TESTS_LIB_FUNCTIONS_H
#define SW_TESTS_LIB_FUNCTIONS_H

#include "algorithms/search/search.h"

#include <math.h>

#define FUNCTIONS_PI 3.14159265358979323846

struct test_function {
    const char *name;
    double half; /* the cube's edge stands for -half .. half */
    double (*at)(const double *z, size_t n);
};

static inline double f_sphere(const double *z, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += z[i] * z[i];
    }
    return sum;
}

static inline double f_rosenbrock(const double *z, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        const double a = z[i + 1] - z[i] * z[i];
        sum += 100 * a * a + (1 - z[i]) * (1 - z[i]);
    }
    return sum;
}

static inline double f_rastrigin(const double *z, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += z[i] * z[i] - 10 * cos(2 * FUNCTIONS_PI * z[i]) + 10;
    }
    return sum;
}

static inline double f_griewank(const double *z, size_t n)
{
    double product = 1;
    for (size_t i = 0; i < n; i++) {
        product *= cos(z[i] / sqrt((double)i + 1));
    }
    return f_sphere(z, n) / 4000 - product + 1;
}

static inline double f_ackley(const double *z, size_t n)
{
    double waves = 0;
    for (size_t i = 0; i < n; i++) {
        waves += cos(2 * FUNCTIONS_PI * z[i]) / (double)n;
    }
    return 20 + exp(1) - 20 * exp(-0.2 * sqrt(f_sphere(z, n) / (double)n)) - exp(waves);
}

static const struct test_function test_functions[] = {
    { "sphere", 100, f_sphere },        { "rosenbrock", 30, f_rosenbrock },
    { "rastrigin", 5.12, f_rastrigin }, { "griewank", 600, f_griewank },
    { "ackley", 32, f_ackley },
};

/* Spend @s's budget on @f; the best value found. */
static inline double minimise(struct sw_search *s, const struct test_function *f)
{
    double z[SW_SEARCH_DIMENSIONS];
    double values[1024];
    while (s->spent < s->budget) {
        const double *x;
        const size_t n = sw_search_ask(s, &x);
        if (n == 0 || n > SW_LEN(values)) {
            return (double)NAN;
        }
        for (size_t i = 0; i < n; i++) {
            for (size_t d = 0; d < s->dim; d++) {
                z[d] = f->half * (2 * x[i * s->dim + d] - 1);
            }
            values[i] = f->at(z, s->dim);
        }
        sw_search_tell(s, values);
    }
    return s->best_value;
}

#endif

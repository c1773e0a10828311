/* SPDX-License-Identifier: GPL-3.0-or-later
 * Designs: where in the unit cube to look when nothing is known yet. */
#include "node/base/rng.h"
#include "sim/search/space.h"

#include <gsl/gsl_qrng.h>
#include <stdlib.h>

static size_t levels_of(const struct sim_dimension *x, size_t levels)
{
    return x->n_values > 0 ? x->n_values : levels;
}

size_t sim_design_grid(const struct sim_dimension *x, size_t dim, size_t levels, double **out)
{
    size_t n = 1;
    *out = NULL;
    for (size_t d = 0; d < dim; d++) {
        n *= levels_of(&x[d], levels);
        if (n == 0 || n > SIM_DESIGN_MOST) {
            return 0;
        }
    }
    *out = calloc(n * dim + 1, sizeof **out);
    for (size_t i = 0; *out != NULL && i < n; i++) {
        size_t rest = i;
        for (size_t d = dim; d-- > 0;) {
            const size_t k = levels_of(&x[d], levels);
            (*out)[i * dim + d] = sim_dimension_level(&x[d], rest % k, k);
            rest /= k;
        }
    }
    return *out != NULL ? n : 0;
}

double *sim_design_latin(size_t dim, size_t n, uint64_t seed)
{
    struct sw_rng rng;
    double *out = calloc(n * dim + 1, sizeof *out);
    size_t *order = calloc(n + 1, sizeof *order);
    sw_rng_init(&rng, sw_rng_key(seed, "design", "latin_hypercube"));
    for (size_t d = 0; out != NULL && order != NULL && d < dim; d++) {
        for (size_t i = 0; i < n; i++) { /* a permutation, "inside out" (Durstenfeld 1964) */
            const size_t k = (size_t)sw_rng_below(&rng, i + 1);
            order[i] = order[k];
            order[k] = i;
        }
        for (size_t i = 0; i < n; i++) {
            out[i * dim + d] = ((double)order[i] + sw_unit(sw_rng_next(&rng))) / (double)n;
        }
    }
    if (order == NULL) {
        free(out);
        out = NULL;
    }
    free(order);
    return out;
}

double *sim_design_sobol(size_t dim, size_t n, uint64_t shift)
{
    struct sw_rng rng;
    gsl_qrng *sequence =
        dim >= 1 && dim <= 40 ? gsl_qrng_alloc(gsl_qrng_sobol, (unsigned)dim) : NULL;
    double *out = sequence != NULL ? calloc(n * dim + dim, sizeof *out) : NULL;
    double *by = out != NULL ? &out[n * dim] : NULL;
    sw_rng_init(&rng, sw_rng_key(shift, "design", "sobol"));
    for (size_t d = 0; out != NULL && d < dim; d++) {
        by[d] = shift != 0 ? sw_unit(sw_rng_next(&rng)) : 0;
    }
    for (size_t i = 0; out != NULL && i < n * dim; i++) {
        if (i % dim == 0) {
            (void)gsl_qrng_get(sequence, &out[i]);
        }
        out[i] += by[i % dim];
        out[i] -= out[i] >= 1 ? 1 : 0;
    }
    if (sequence != NULL) {
        gsl_qrng_free(sequence);
    }
    return out;
}

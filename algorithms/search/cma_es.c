/* SPDX-License-Identifier: GPL-3.0-or-later
 * cma_es: evolution strategy that learns the covariance of good steps.
 *
 *   x_i = m + sigma y_i,  y_i ~ N(0, C)                 i = 1 .. lambda
 *   y_w = sum w_i y_(i:lambda)                          the best mu, logarithmic weights
 *   m  += sigma y_w
 *   p_sigma = (1 - c_sigma) p_sigma + sqrt(c_sigma (2 - c_sigma) mu_w) C^-1/2 y_w
 *   sigma  *= exp(c_sigma/d_sigma (|p_sigma|/chi_n - 1))
 *   p_c = (1 - c_c) p_c + h sqrt(c_c (2 - c_c) mu_w) y_w
 *   C   = (1 - c_1 - c_mu + (1 - h) c_1 c_c (2 - c_c)) C + c_1 p_c p_c' + c_mu sum w_i y_i y_i'
 *
 * Constants as in the source, figure 6 and table 1 with positive weights only.  Points beyond
 * the walls are drawn again, ten times at most, then moved onto them.  Begins in the middle with
 * sigma = `sigma`.
 *
 * Source: Hansen, "The CMA Evolution Strategy: A Tutorial", 2016. */
#include "algorithms/search/search.h"
#include "node/base/err.h"

#include <gsl/gsl_eigen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LAMBDA, SIGMA };
static const struct sw_search_param params[] = {
    [LAMBDA] = { "lambda", 0, 1000, 0, "points at once; fewer than 4: 4 + 3 ln n" },
    [SIGMA] = { "sigma", 0.01, 1, 0.3, "first step size" },
};

#define DRAWS_MOST 10
#define SPREAD_MOST 1e14 /* ratio of the largest to the smallest variance */

struct state {
    size_t lambda, mu;
    double mu_w, c_sigma, d_sigma, c_c, c_1, c_mu, chi;
    double sigma;
    double *weight;      /* mu */
    double *m, *pc, *ps; /* n */
    double *y_w, *tmp;   /* n */
    double *y;           /* lambda rows of n: steps */
    size_t *rank;        /* lambda: indices, best first */
    gsl_matrix *c, *b;   /* covariance; eigenvectors in columns */
    gsl_matrix *copy;
    gsl_vector *d2; /* eigenvalues */
    gsl_eigen_symmv_workspace *work;
    uint64_t rounds;
};

static void stop(struct sw_search *s)
{
    struct state *st = s->state;
    free(st->weight);
    free(st->rank);
    gsl_matrix_free(st->c);
    gsl_matrix_free(st->b);
    gsl_matrix_free(st->copy);
    gsl_vector_free(st->d2);
    gsl_eigen_symmv_free(st->work);
    free(st);
    s->state = NULL;
}

static void set_constants(struct state *st, double n)
{
    double sum = 0;
    double squares = 0;
    for (size_t i = 0; i < st->mu; i++) {
        st->weight[i] = log(((double)st->lambda + 1) / 2) - log((double)i + 1);
        sum += st->weight[i];
    }
    for (size_t i = 0; i < st->mu; i++) {
        st->weight[i] /= sum;
        squares += st->weight[i] * st->weight[i];
    }
    const double w = st->mu_w = 1 / squares;
    st->c_sigma = (w + 2) / (n + w + 5);
    st->d_sigma = 1 + 2 * fmax(0, sqrt((w - 1) / (n + 1)) - 1) + st->c_sigma;
    st->c_c = (4 + w / n) / (n + 4 + 2 * w / n);
    st->c_1 = 2 / ((n + 1.3) * (n + 1.3) + w);
    st->c_mu = fmin(1 - st->c_1, 2 * (w - 2 + 1 / w) / ((n + 2) * (n + 2) + w));
    st->chi = sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));
}

static int start(struct sw_search *s)
{
    const size_t n = s->dim;
    struct state *st = calloc(1, sizeof *st);
    s->state = st;
    if (st == NULL) {
        return SW_ERR_NOMEM;
    }
    const double usual = 4 + floor(3 * log((double)n));
    st->lambda = (size_t)(s->params[LAMBDA] < 4 ? usual : s->params[LAMBDA]);
    st->mu = st->lambda / 2;
    st->sigma = s->params[SIGMA];
    st->weight = calloc(st->mu + 5 * n + st->lambda * n, sizeof *st->weight);
    st->rank = calloc(st->lambda, sizeof *st->rank);
    st->c = gsl_matrix_alloc(n, n);
    st->b = gsl_matrix_alloc(n, n);
    st->copy = gsl_matrix_alloc(n, n);
    st->d2 = gsl_vector_alloc(n);
    st->work = gsl_eigen_symmv_alloc(n);
    if (st->weight == NULL || st->rank == NULL || st->c == NULL || st->b == NULL ||
        st->copy == NULL || st->d2 == NULL || st->work == NULL) {
        stop(s);
        return SW_ERR_NOMEM;
    }
    st->m = st->weight + st->mu;
    st->pc = st->m + n;
    st->ps = st->pc + n;
    st->y_w = st->ps + n;
    st->tmp = st->y_w + n;
    st->y = st->tmp + n;
    set_constants(st, (double)n);
    gsl_matrix_set_identity(st->c);
    gsl_matrix_set_identity(st->b);
    gsl_vector_set_all(st->d2, 1);
    for (size_t d = 0; d < n; d++) {
        st->m[d] = 0.5;
    }
    return SW_OK;
}

/* One step y ~ N(0, C) into @y; whether the point it leads to lies in the cube. */
static bool draw(struct sw_search *s, double *y)
{
    struct state *st = s->state;
    bool inside = true;
    for (size_t d = 0; d < s->dim; d++) {
        st->tmp[d] = sqrt(gsl_vector_get(st->d2, d)) * sw_search_normal(s);
    }
    for (size_t d = 0; d < s->dim; d++) {
        y[d] = 0;
        for (size_t e = 0; e < s->dim; e++) {
            y[d] += gsl_matrix_get(st->b, d, e) * st->tmp[e];
        }
        const double x = st->m[d] + st->sigma * y[d];
        inside = inside && x >= 0 && x <= 1;
    }
    return inside;
}

static size_t ask(struct sw_search *s)
{
    struct state *st = s->state;
    double *points = sw_search_room(s, st->lambda);
    for (size_t i = 0; points != NULL && i < st->lambda; i++) {
        double *y = &st->y[i * s->dim];
        for (int tries = 1; !draw(s, y) && tries < DRAWS_MOST; tries++) {
        }
        for (size_t d = 0; d < s->dim; d++) {
            const double x = sw_clamp01(st->m[d] + st->sigma * y[d]);
            points[i * s->dim + d] = x;
            y[d] = (x - st->m[d]) / st->sigma;
        }
    }
    return points == NULL ? 0 : st->lambda;
}

static void sort(struct state *st, const double *values)
{
    for (size_t i = 0; i < st->lambda; i++) {
        size_t j = i;
        for (; j > 0 && values[i] < values[st->rank[j - 1]]; j--) {
            st->rank[j] = st->rank[j - 1];
        }
        st->rank[j] = i;
    }
}

/* C^-1/2 @y into st->tmp. */
static void whiten(struct sw_search *s, const double *y)
{
    struct state *st = s->state;
    const size_t n = s->dim;
    memset(st->tmp, 0, n * sizeof *st->tmp);
    for (size_t e = 0; e < n; e++) {
        double along = 0;
        for (size_t d = 0; d < n; d++) {
            along += gsl_matrix_get(st->b, d, e) * y[d];
        }
        along /= sqrt(gsl_vector_get(st->d2, e));
        for (size_t d = 0; d < n; d++) {
            st->tmp[d] += gsl_matrix_get(st->b, d, e) * along;
        }
    }
}

/* Move the mean, the paths and the step size; whether p_sigma is short enough for p_c to grow. */
static bool follow(struct sw_search *s)
{
    struct state *st = s->state;
    const size_t n = s->dim;
    for (size_t d = 0; d < n; d++) {
        st->y_w[d] = 0;
        for (size_t i = 0; i < st->mu; i++) {
            st->y_w[d] += st->weight[i] * st->y[st->rank[i] * n + d];
        }
        st->m[d] = sw_clamp01(st->m[d] + st->sigma * st->y_w[d]);
    }
    whiten(s, st->y_w);
    const double keep = 1 - st->c_sigma;
    const double gain = sqrt(st->c_sigma * (2 - st->c_sigma) * st->mu_w);
    double length = 0;
    for (size_t d = 0; d < n; d++) {
        st->ps[d] = keep * st->ps[d] + gain * st->tmp[d];
        length += st->ps[d] * st->ps[d];
    }
    length = sqrt(length);
    const double step = st->c_sigma / st->d_sigma * (length / st->chi - 1);
    st->sigma = fmin(st->sigma * exp(fmin(1, step)), 1);
    const double settled = sqrt(1 - pow(keep, 2 * (double)(st->rounds + 1)));
    return length / settled < (1.4 + 2 / ((double)n + 1)) * st->chi;
}

static void adapt(struct sw_search *s, bool h)
{
    struct state *st = s->state;
    const size_t n = s->dim;
    const double lost = h ? 0 : st->c_1 * st->c_c * (2 - st->c_c);
    const double gain = h ? sqrt(st->c_c * (2 - st->c_c) * st->mu_w) : 0;
    for (size_t d = 0; d < n; d++) {
        st->pc[d] = (1 - st->c_c) * st->pc[d] + gain * st->y_w[d];
    }
    for (size_t d = 0; d < n; d++) {
        for (size_t e = 0; e <= d; e++) {
            double ranks = 0;
            for (size_t i = 0; i < st->mu; i++) {
                const double *y = &st->y[st->rank[i] * n];
                ranks += st->weight[i] * y[d] * y[e];
            }
            const double c = (1 - st->c_1 - st->c_mu + lost) * gsl_matrix_get(st->c, d, e) +
                             st->c_1 * st->pc[d] * st->pc[e] + st->c_mu * ranks;
            gsl_matrix_set(st->c, d, e, c);
            gsl_matrix_set(st->c, e, d, c);
        }
    }
}

/* Eigenvalues and vectors of C; a C that has degenerated begins anew. */
static void decompose(struct state *st)
{
    (void)gsl_matrix_memcpy(st->copy, st->c);
    (void)gsl_eigen_symmv(st->copy, st->d2, st->b, st->work);
    const double most = gsl_vector_max(st->d2);
    const double least = gsl_vector_min(st->d2);
    if (!(least > 0) || !(most / least < SPREAD_MOST)) {
        gsl_matrix_set_identity(st->c);
        gsl_matrix_set_identity(st->b);
        gsl_vector_set_all(st->d2, 1);
    }
}

static void tell(struct sw_search *s, const double *values)
{
    struct state *st = s->state;
    const double n = (double)s->dim;
    sort(st, values);
    adapt(s, follow(s));
    st->rounds++;
    /* The decomposition is the costly part: often enough by the source's B.2. */
    const double every = fmax(1, 1 / (10 * n * (st->c_1 + st->c_mu)));
    if (fmod((double)st->rounds, floor(every)) == 0) {
        decompose(st);
    }
}

const struct sw_optimiser sw_optimiser_cma_es = {
    .name = "cma_es",
    .help = "covariance matrix adaptation evolution strategy",
    .source = "Hansen 2016",
    .params = params,
    .n_params = SW_LEN(params),
    .start = start,
    .stop = stop,
    .ask = ask,
    .tell = tell,
};

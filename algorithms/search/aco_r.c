/* SPDX-License-Identifier: GPL-3.0-or-later
 * aco_r: ant colony for continuous domains: pheromone is an archive of good solutions.
 *
 *   omega_l = 1/(q k sqrt(2 pi)) e^(-(l - 1)^2/(2 q^2 k^2))      of the solution of rank l
 *   an ant draws l with P ~ omega_l, then each coordinate from a normal distribution with
 *     mean s_l  and  sigma = xi sum_e |s_e - s_l|/(k - 1)
 *   the best k of archive and ants are the next archive
 *
 * Begins with k uniform points.
 *
 * Source: Socha and Dorigo 2008: k = 50, m = 2, q = 0.1 (theirs is 10^-4 for smooth functions),
 * xi = 0.85. */
#include "algorithms/search/search.h"
#include "node/base/err.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ARCHIVE, ANTS, Q, XI };
static const struct sw_search_param params[] = {
    [ARCHIVE] = { "archive", 4, 500, 50, "solutions kept" },
    [ANTS] = { "ants", 1, 100, 2, "solutions drawn at once" },
    [Q] = { "q", 1e-5, 1, 0.1, "how much the best are preferred: less is greedier" },
    [XI] = { "xi", 0.1, 2, 0.85, "how slowly the search narrows" },
};

struct state {
    size_t k, full; /* archive's size; how many are in it */
    double *x;      /* k rows, best first */
    double *value;
    double *chance; /* cumulative, of ranks */
};

static void stop(struct sw_search *s)
{
    struct state *st = s->state;
    free(st->x);
    free(st->value);
    free(st->chance);
    free(st);
    s->state = NULL;
}

static int start(struct sw_search *s)
{
    struct state *st = calloc(1, sizeof *st);
    s->state = st;
    if (st == NULL) {
        return SW_ERR_NOMEM;
    }
    st->k = (size_t)s->params[ARCHIVE];
    st->x = calloc(st->k * s->dim, sizeof *st->x);
    st->value = calloc(st->k, sizeof *st->value);
    st->chance = calloc(st->k, sizeof *st->chance);
    if (st->x == NULL || st->value == NULL || st->chance == NULL) {
        stop(s);
        return SW_ERR_NOMEM;
    }
    const double width = s->params[Q] * (double)st->k;
    double sum = 0;
    for (size_t l = 0; l < st->k; l++) {
        const double rank = (double)l / width;
        sum += exp(-rank * rank / 2); /* the constant factor cancels */
        st->chance[l] = sum;
    }
    return SW_OK;
}

static void walk(struct sw_search *s, double *ant)
{
    const struct state *st = s->state;
    const double u = sw_search_unit(s) * st->chance[st->k - 1];
    size_t l = 0;
    while (l + 1 < st->k && st->chance[l] <= u) {
        l++;
    }
    for (size_t d = 0; d < s->dim; d++) {
        const double mean = st->x[l * s->dim + d];
        double spread = 0;
        for (size_t e = 0; e < st->k; e++) {
            spread += fabs(st->x[e * s->dim + d] - mean);
        }
        const double sigma = s->params[XI] * spread / (double)(st->k - 1);
        ant[d] = sw_clamp01(mean + sigma * sw_search_normal(s));
    }
}

static size_t ask(struct sw_search *s)
{
    const struct state *st = s->state;
    const size_t n = st->full < st->k ? st->k : (size_t)s->params[ANTS];
    double *points = sw_search_room(s, n);
    for (size_t i = 0; points != NULL && i < n; i++) {
        double *ant = &points[i * s->dim];
        if (st->full == st->k) {
            walk(s, ant);
            continue;
        }
        for (size_t d = 0; d < s->dim; d++) {
            ant[d] = sw_search_unit(s);
        }
    }
    return points == NULL ? 0 : n;
}

/* Put one solution where its rank is, if it has one. */
static void keep(struct sw_search *s, const double *x, double value)
{
    struct state *st = s->state;
    size_t rank = st->full;
    while (rank > 0 && value < st->value[rank - 1]) {
        rank--;
    }
    if (rank == st->k) {
        return;
    }
    const size_t after = (st->full < st->k ? st->full : st->k - 1) - rank;
    memmove(&st->x[(rank + 1) * s->dim], &st->x[rank * s->dim], after * s->dim * sizeof *st->x);
    memmove(&st->value[rank + 1], &st->value[rank], after * sizeof *st->value);
    memcpy(&st->x[rank * s->dim], x, s->dim * sizeof *st->x);
    st->value[rank] = value;
    st->full += st->full < st->k;
}

static void tell(struct sw_search *s, const double *values)
{
    for (size_t i = 0; i < s->asked; i++) {
        keep(s, &s->points[i * s->dim], values[i]);
    }
}

const struct sw_optimiser sw_optimiser_aco_r = {
    .name = "aco_r",
    .help = "ant colony for continuous domains",
    .source = "Socha and Dorigo 2008",
    .params = params,
    .n_params = SW_LEN(params),
    .start = start,
    .stop = stop,
    .ask = ask,
    .tell = tell,
};

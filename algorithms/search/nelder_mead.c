/* SPDX-License-Identifier: GPL-3.0-or-later
 * nelder_mead: the downhill simplex, begun again elsewhere when it has shrunk to a point.
 *
 *   reflection 1, expansion 2, contraction 1/2, shrinkage 1/2
 *
 * Points beyond the cube's walls are moved onto them.  A simplex begins at a uniform point and
 * reaches `size` along each axis, towards the middle.
 *
 * Source: Nelder and Mead 1965; contraction on both sides as in Lagarias et al. 1998. */
#include "algorithms/search/search.h"
#include "node/base/err.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE, SMALL };
static const struct sw_search_param params[] = {
    [SIZE] = { "size", 0.01, 0.5, 0.2, "edge of a new simplex" },
    [SMALL] = { "small", 1e-12, 0.1, 1e-6, "diameter at which another is begun" },
};

struct state {
    enum { FRESH, REFLECTED, EXPANDED, CONTRACTED, SHRUNK } step; /* what was asked */
    double *x; /* dim + 1 corners, best first once told */
    double *value;
    double *reflected; /* the reflection, while another point is tried */
    double reflected_value;
};

static void stop(struct sw_search *s)
{
    struct state *st = s->state;
    free(st->x);
    free(st->value);
    free(st->reflected);
    free(st);
    s->state = NULL;
}

static void begin(struct sw_search *s)
{
    struct state *st = s->state;
    const size_t n = s->dim;
    for (size_t d = 0; d < n; d++) {
        st->x[d] = sw_search_unit(s);
    }
    for (size_t i = 1; i <= n; i++) {
        memcpy(&st->x[i * n], st->x, n * sizeof *st->x);
        double *moved = &st->x[i * n + i - 1];
        *moved += *moved < 0.5 ? s->params[SIZE] : -s->params[SIZE];
    }
    st->step = FRESH;
}

static int start(struct sw_search *s)
{
    struct state *st = calloc(1, sizeof *st);
    s->state = st;
    if (st == NULL) {
        return SW_ERR_NOMEM;
    }
    st->x = calloc((s->dim + 1) * s->dim, sizeof *st->x);
    st->value = calloc(s->dim + 1, sizeof *st->value);
    st->reflected = calloc(s->dim, sizeof *st->reflected);
    if (st->x == NULL || st->value == NULL || st->reflected == NULL) {
        stop(s);
        return SW_ERR_NOMEM;
    }
    begin(s);
    return SW_OK;
}

/* The point @t times as far from the centre of all but the worst corner as @from is. */
static void along(const struct sw_search *s, const double *from, double t, double *out)
{
    const struct state *st = s->state;
    for (size_t d = 0; d < s->dim; d++) {
        double centre = 0;
        for (size_t i = 0; i < s->dim; i++) {
            centre += st->x[i * s->dim + d] / (double)s->dim;
        }
        out[d] = sw_clamp01(centre + t * (from[d] - centre));
    }
}

static size_t ask(struct sw_search *s)
{
    const struct state *st = s->state;
    const size_t n = s->dim;
    double *points = sw_search_room(s, n + 1);
    if (points == NULL) {
        return 0;
    }
    const double *worst = &st->x[n * n];
    const bool outside = st->reflected_value < st->value[n];
    switch (st->step) {
    case FRESH:
        memcpy(points, st->x, (n + 1) * n * sizeof *points);
        return n + 1;
    case SHRUNK: /* the best corner stays and is known */
        memcpy(points, &st->x[n], n * n * sizeof *points);
        return n;
    case REFLECTED:
        along(s, worst, -1, points);
        return 1;
    case EXPANDED:
        along(s, st->reflected, 2, points);
        return 1;
    case CONTRACTED:
        along(s, outside ? st->reflected : worst, 0.5, points);
        return 1;
    }
    return 0;
}

/* Sort corners, best first; a new simplex when this one is a point. */
static void settle(struct sw_search *s)
{
    struct state *st = s->state;
    const size_t n = s->dim;
    double diameter = 0;
    for (size_t i = 1; i <= n; i++) {
        for (size_t j = i; j > 0 && st->value[j] < st->value[j - 1]; j--) {
            const double v = st->value[j];
            st->value[j] = st->value[j - 1];
            st->value[j - 1] = v;
            for (size_t d = 0; d < n; d++) {
                const double x = st->x[j * n + d];
                st->x[j * n + d] = st->x[(j - 1) * n + d];
                st->x[(j - 1) * n + d] = x;
            }
        }
    }
    for (size_t i = 1; i <= n; i++) {
        for (size_t d = 0; d < n; d++) {
            const double edge = fabs(st->x[i * n + d] - st->x[d]);
            diameter = edge > diameter ? edge : diameter;
        }
    }
    st->step = REFLECTED;
    if (diameter < s->params[SMALL]) {
        begin(s);
    }
}

static void replace_worst(struct sw_search *s, const double *x, double value)
{
    struct state *st = s->state;
    memcpy(&st->x[s->dim * s->dim], x, s->dim * sizeof *x);
    st->value[s->dim] = value;
    settle(s);
}

static void shrink(struct sw_search *s)
{
    struct state *st = s->state;
    for (size_t i = 1; i <= s->dim; i++) {
        for (size_t d = 0; d < s->dim; d++) {
            double *x = &st->x[i * s->dim + d];
            *x = st->x[d] + (*x - st->x[d]) / 2;
        }
    }
    st->step = SHRUNK;
}

static void tell_reflected(struct sw_search *s, double value)
{
    struct state *st = s->state;
    memcpy(st->reflected, s->points, s->dim * sizeof *st->reflected);
    st->reflected_value = value;
    if (value < st->value[0]) {
        st->step = EXPANDED;
    } else if (s->dim > 1 && value < st->value[s->dim - 1]) {
        replace_worst(s, st->reflected, value);
    } else {
        st->step = CONTRACTED;
    }
}

static void tell(struct sw_search *s, const double *values)
{
    struct state *st = s->state;
    const size_t n = s->dim;
    switch (st->step) {
    case FRESH:
        memcpy(st->value, values, (n + 1) * sizeof *values);
        settle(s);
        break;
    case SHRUNK:
        memcpy(&st->value[1], values, n * sizeof *values);
        settle(s);
        break;
    case REFLECTED:
        tell_reflected(s, values[0]);
        break;
    case EXPANDED:
        if (values[0] < st->reflected_value) {
            replace_worst(s, s->points, values[0]);
        } else {
            replace_worst(s, st->reflected, st->reflected_value);
        }
        break;
    case CONTRACTED:
        if (values[0] < st->reflected_value && values[0] < st->value[n]) {
            replace_worst(s, s->points, values[0]);
        } else {
            shrink(s);
        }
        break;
    }
}

const struct sw_optimiser sw_optimiser_nelder_mead = {
    .name = "nelder_mead",
    .help = "downhill simplex with restarts",
    .source = "Nelder and Mead 1965",
    .params = params,
    .n_params = SW_LEN(params),
    .start = start,
    .stop = stop,
    .ask = ask,
    .tell = tell,
};

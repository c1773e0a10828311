/* SPDX-License-Identifier: GPL-3.0-or-later
 * sobol: a low-discrepancy sequence, shifted at random (Cranley and Patterson 1976), so that
 * seeds differ.  At most 40 dimensions.
 *
 * Source: Sobol 1967; Antonov and Saleev 1979, by GSL. */
#include "algorithms/search/search.h"
#include "node/base/err.h"

#include <gsl/gsl_qrng.h>
#include <stdlib.h>

enum { BATCH };
static const struct sw_search_param params[] = {
    [BATCH] = { "batch", 1, 1024, 16, "points at once" },
};

#define DIMENSIONS_MOST 40

struct state {
    gsl_qrng *sequence;
    double shift[DIMENSIONS_MOST];
};

static void stop(struct sw_search *s)
{
    struct state *st = s->state;
    gsl_qrng_free(st->sequence);
    free(st);
    s->state = NULL;
}

static int start(struct sw_search *s)
{
    if (s->dim > DIMENSIONS_MOST) {
        return SW_ERR_RANGE;
    }
    struct state *st = calloc(1, sizeof *st);
    if (st == NULL) {
        return SW_ERR_NOMEM;
    }
    st->sequence = gsl_qrng_alloc(gsl_qrng_sobol, (unsigned)s->dim);
    if (st->sequence == NULL) {
        free(st);
        return SW_ERR_NOMEM;
    }
    for (size_t d = 0; d < s->dim; d++) {
        st->shift[d] = sw_search_unit(s);
    }
    s->state = st;
    return SW_OK;
}

static size_t ask(struct sw_search *s)
{
    struct state *st = s->state;
    const size_t n = (size_t)s->params[BATCH];
    double *points = sw_search_room(s, n);
    for (size_t i = 0; points != NULL && i < n; i++) {
        double *x = &points[i * s->dim];
        (void)gsl_qrng_get(st->sequence, x);
        for (size_t d = 0; d < s->dim; d++) {
            x[d] += st->shift[d];
            x[d] -= x[d] >= 1 ? 1 : 0;
        }
    }
    return points == NULL ? 0 : n;
}

static void tell(struct sw_search *s, const double *values)
{
    (void)s, (void)values;
}

const struct sw_optimiser sw_optimiser_sobol = {
    .name = "sobol",
    .help = "low-discrepancy points, shifted at random",
    .source = "Sobol 1967; Cranley and Patterson 1976",
    .params = params,
    .n_params = SW_LEN(params),
    .start = start,
    .stop = stop,
    .ask = ask,
    .tell = tell,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * random_search: uniform points.  What every other optimiser must beat.
 *
 * Source: Bergstra and Bengio 2012. */
#include "algorithms/search/search.h"
#include "node/base/err.h"

enum { BATCH };
static const struct sw_search_param params[] = {
    [BATCH] = { "batch", 1, 1000, 16, "points at once" },
};

static int start(struct sw_search *s)
{
    s->state = s; /* nothing to keep */
    return SW_OK;
}

static void stop(struct sw_search *s)
{
    s->state = NULL;
}

static size_t ask(struct sw_search *s)
{
    const size_t n = (size_t)s->params[BATCH];
    double *points = sw_search_room(s, n);
    for (size_t i = 0; points != NULL && i < n * s->dim; i++) {
        points[i] = sw_search_unit(s);
    }
    return points == NULL ? 0 : n;
}

static void tell(struct sw_search *s, const double *values)
{
    (void)s, (void)values;
}

const struct sw_optimiser sw_optimiser_random_search = {
    .name = "random_search",
    .help = "uniform points",
    .source = "Bergstra and Bengio 2012",
    .params = params,
    .n_params = SW_LEN(params),
    .start = start,
    .stop = stop,
    .ask = ask,
    .tell = tell,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * qpso: particles without velocities, drawn around attractors.
 *
 *   q = f p + (1 - f) g                    f uniform, for each coordinate
 *   x = q +- alpha |m - x| ln(1/u)         the sign is a coin, u uniform in (0, 1)
 *
 * p: the particle's own best; g: the best of all; m: the mean of all own bests.  alpha falls from
 * `from` to `to` as the budget is spent.
 *
 * Source: Sun, Feng and Xu 2004. */
#include "algorithms/search/swarm.h"
#include "node/base/err.h"
#include "node/base/fmath.h"

#include <math.h>
#include <stdlib.h>

enum { PARTICLES, FROM, TO };
static const struct sw_search_param params[] = {
    [PARTICLES] = { "particles", 4, 1000, 40, "size of the swarm" },
    [FROM] = { "from", 0.2, 1.7, 1, "alpha at the beginning" },
    [TO] = { "to", 0.2, 1.7, 0.5, "alpha at the end" },
};

static int start(struct sw_search *s)
{
    struct sw_swarm *w = sw_swarm_new(s, (size_t)s->params[PARTICLES]);
    s->state = w;
    if (w == NULL) {
        return SW_ERR_NOMEM;
    }
    w->extra = calloc(s->dim, sizeof(double)); /* m */
    if (w->extra == NULL) {
        sw_swarm_stop(s);
        return SW_ERR_NOMEM;
    }
    return SW_OK;
}

static void mean_of_bests(const struct sw_search *s)
{
    const struct sw_swarm *w = s->state;
    double *m = w->extra;
    for (size_t d = 0; d < s->dim; d++) {
        m[d] = 0;
        for (size_t i = 0; i < w->n; i++) {
            m[d] += w->p[i * s->dim + d] / (double)w->n;
        }
    }
}

static void tell(struct sw_search *s, const double *values)
{
    struct sw_swarm *w = s->state;
    const double *m = w->extra;
    const double progress = (double)s->spent / (double)s->budget;
    const double alpha =
        s->params[FROM] + (s->params[TO] - s->params[FROM]) * (progress < 1 ? progress : 1);
    sw_swarm_tell(s, values);
    mean_of_bests(s);
    for (size_t i = 0; i < w->n; i++) {
        for (size_t d = 0; d < s->dim; d++) {
            const size_t at = i * s->dim + d;
            const double f = sw_search_unit(s);
            const double q = f * w->p[at] + (1 - f) * w->p[w->best * s->dim + d];
            const double u = sw_unit_open(sw_rng_next(&s->rng));
            const double step = alpha * fabs(m[d] - w->x[at]) * -sw_log(u);
            w->x[at] = sw_clamp01(sw_rng_next(&s->rng) % 2 == 0 ? q + step : q - step);
        }
    }
}

const struct sw_optimiser sw_optimiser_qpso = {
    .name = "qpso",
    .help = "particle swarm without velocities",
    .source = "Sun, Feng and Xu 2004",
    .params = params,
    .n_params = SW_LEN(params),
    .start = start,
    .stop = sw_swarm_stop,
    .ask = sw_swarm_ask,
    .tell = tell,
};

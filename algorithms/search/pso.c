/* SPDX-License-Identifier: GPL-3.0-or-later
 * pso: particle swarm with constriction.
 *
 *   v = chi (v + phi/2 u1 (p - x) + phi/2 u2 (l - x)),  x = x + v
 *   chi = 2/|2 - phi - sqrt(phi^2 - 4 phi)|     phi = 4.1: chi = 0.72984
 *
 * p: the particle's own best; l: the best among itself and `neighbours` on either side in a ring,
 * or of all when `neighbours` is 0.  u1, u2: uniform, for each coordinate.
 *
 * Source: Clerc and Kennedy 2002; Bratton and Kennedy 2007 (ring, swarm size). */
#include "algorithms/search/swarm.h"
#include "node/base/err.h"

#include <math.h>

enum { PARTICLES, PHI, NEIGHBOURS };
static const struct sw_search_param params[] = {
    [PARTICLES] = { "particles", 4, 1000, 40, "size of the swarm" },
    [PHI] = { "phi", 4.01, 6, 4.1, "sum of the two accelerations" },
    [NEIGHBOURS] = { "neighbours", 0, 100, 1, "on either side in the ring; 0: all particles" },
};

static int start(struct sw_search *s)
{
    s->state = sw_swarm_new(s, (size_t)s->params[PARTICLES]);
    return s->state == NULL ? SW_ERR_NOMEM : SW_OK;
}

static size_t leader(const struct sw_search *s, size_t i)
{
    const struct sw_swarm *w = s->state;
    const size_t k = (size_t)s->params[NEIGHBOURS];
    if (k == 0 || 2 * k + 1 >= w->n) {
        return w->best;
    }
    size_t best = i;
    for (size_t step = 0; step <= 2 * k; step++) {
        const size_t j = (i + w->n - k + step) % w->n;
        best = w->value[j] < w->value[best] ? j : best;
    }
    return best;
}

static void tell(struct sw_search *s, const double *values)
{
    struct sw_swarm *w = s->state;
    const double phi = s->params[PHI];
    const double chi = 2 / fabs(2 - phi - sqrt(phi * phi - 4 * phi));
    sw_swarm_tell(s, values);
    for (size_t i = 0; i < w->n; i++) {
        const size_t l = leader(s, i) * s->dim;
        for (size_t d = 0; d < s->dim; d++) {
            const size_t at = i * s->dim + d;
            const double own = sw_search_unit(s) * (w->p[at] - w->x[at]);
            const double best = sw_search_unit(s) * (w->p[l + d] - w->x[at]);
            w->v[at] = chi * (w->v[at] + phi / 2 * (own + best));
        }
        sw_swarm_move(s, i);
    }
}

const struct sw_optimiser sw_optimiser_pso = {
    .name = "pso",
    .help = "particle swarm with constriction",
    .source = "Clerc and Kennedy 2002",
    .params = params,
    .n_params = SW_LEN(params),
    .start = start,
    .stop = sw_swarm_stop,
    .ask = sw_swarm_ask,
    .tell = tell,
};

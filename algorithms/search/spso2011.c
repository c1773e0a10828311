/* SPDX-License-Identifier: GPL-3.0-or-later
 * spso2011: the standard particle swarm of 2011, which does not depend on the axes.
 *
 *   G  = centre of x, x + c (p - x), x + c (l - x); of the first two when l is p
 *   x' = a point of the ball around G through x: a uniform direction, a uniform radius
 *   v  = w v + x' - x,  x = x + v
 *   w  = 1/(2 ln 2),  c = 1/2 + ln 2
 *
 * l: the best among the particles that inform this one; each informs itself and K others drawn at
 * random, anew after every iteration that did not improve the best.
 *
 * Source: Clerc 2012, "Standard Particle Swarm Optimisation" (S = 40, K = 3). */
#include "algorithms/search/swarm.h"
#include "node/base/err.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define W 0.72134752044448170 /* 1/(2 ln 2) */
#define C 1.1931471805599453  /* 1/2 + ln 2 */

enum { PARTICLES, INFORMED };
static const struct sw_search_param params[] = {
    [PARTICLES] = { "particles", 4, 1000, 40, "size of the swarm" },
    [INFORMED] = { "informed", 1, 100, 3, "others that each particle informs" },
};

/* What a swarm of this kind needs besides. */
struct extra {
    bool linked;
    double *towards; /* dim numbers of scratch */
    bool *informs;   /* n x n: row informs column */
};

static int start(struct sw_search *s)
{
    const size_t n = (size_t)s->params[PARTICLES];
    struct sw_swarm *w = sw_swarm_new(s, n);
    const size_t scratch = s->dim * sizeof(double);
    struct extra *x = w == NULL ? NULL : calloc(1, sizeof *x + scratch + n * n);
    s->state = w;
    if (x == NULL) {
        if (w != NULL) {
            sw_swarm_stop(s);
        }
        return SW_ERR_NOMEM;
    }
    x->towards = (double *)(void *)(x + 1);
    x->informs = (bool *)(void *)((char *)(x + 1) + scratch);
    w->extra = x;
    return SW_OK;
}

static void link_up(struct sw_search *s)
{
    const struct sw_swarm *w = s->state;
    struct extra *x = w->extra;
    memset(x->informs, 0, w->n * w->n);
    for (size_t i = 0; i < w->n; i++) {
        x->informs[i * w->n + i] = true;
        for (int k = 0; k < (int)s->params[INFORMED]; k++) {
            x->informs[i * w->n + (size_t)sw_rng_below(&s->rng, w->n)] = true;
        }
    }
    x->linked = true;
}

static size_t leader(const struct sw_swarm *w, size_t i)
{
    const struct extra *x = w->extra;
    size_t best = i;
    for (size_t j = 0; j < w->n; j++) {
        if (x->informs[j * w->n + i] && w->value[j] < w->value[best]) {
            best = j;
        }
    }
    return best;
}

/* Towards @x->towards, the difference from x to a point of the ball. */
static void aim(struct sw_search *s, size_t i)
{
    const struct sw_swarm *w = s->state;
    struct extra *extra = w->extra;
    const size_t l = leader(w, i);
    const double *x = &w->x[i * s->dim];
    double radius = 0;
    double length = 0;
    double *g = extra->towards; /* G - x */
    for (size_t d = 0; d < s->dim; d++) {
        const double own = C * (w->p[i * s->dim + d] - x[d]);
        const double best = C * (w->p[l * s->dim + d] - x[d]);
        g[d] = l == i ? own / 2 : (own + best) / 3;
        radius += g[d] * g[d];
    }
    radius = sqrt(radius) * sw_search_unit(s);
    double *direction = &s->points[i * s->dim]; /* told already: free to use */
    for (size_t d = 0; d < s->dim; d++) {
        direction[d] = sw_search_normal(s);
        length += direction[d] * direction[d];
    }
    length = sqrt(length);
    for (size_t d = 0; d < s->dim; d++) {
        g[d] += length > 0 ? radius * direction[d] / length : 0;
    }
}

static void tell(struct sw_search *s, const double *values)
{
    struct sw_swarm *w = s->state;
    struct extra *x = w->extra;
    sw_swarm_tell(s, values);
    if (!x->linked || !w->improved) {
        link_up(s);
    }
    for (size_t i = 0; i < w->n; i++) {
        aim(s, i);
        for (size_t d = 0; d < s->dim; d++) {
            const size_t at = i * s->dim + d;
            w->v[at] = W * w->v[at] + x->towards[d];
        }
        sw_swarm_move(s, i);
    }
}

const struct sw_optimiser sw_optimiser_spso2011 = {
    .name = "spso2011",
    .help = "standard particle swarm of 2011",
    .source = "Clerc 2012",
    .params = params,
    .n_params = SW_LEN(params),
    .start = start,
    .stop = sw_swarm_stop,
    .ask = sw_swarm_ask,
    .tell = tell,
};

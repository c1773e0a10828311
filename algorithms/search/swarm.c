/* SPDX-License-Identifier: GPL-3.0-or-later
 * Particles and their memories. */
#include "algorithms/search/swarm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void release(struct sw_swarm *w)
{
    free(w->x);
    free(w->v);
    free(w->p);
    free(w->value);
    free(w->extra);
    free(w);
}

struct sw_swarm *sw_swarm_new(struct sw_search *s, size_t n)
{
    struct sw_swarm *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return NULL;
    }
    w->n = n;
    w->x = calloc(n * s->dim, sizeof *w->x);
    w->v = calloc(n * s->dim, sizeof *w->v);
    w->p = calloc(n * s->dim, sizeof *w->p);
    w->value = calloc(n, sizeof *w->value);
    if (w->x == NULL || w->v == NULL || w->p == NULL || w->value == NULL) {
        release(w);
        return NULL;
    }
    for (size_t i = 0; i < n * s->dim; i++) {
        w->x[i] = sw_search_unit(s);
        w->v[i] = (sw_search_unit(s) - w->x[i]) / 2;
        w->p[i] = w->x[i];
    }
    for (size_t i = 0; i < n; i++) {
        w->value[i] = (double)INFINITY;
    }
    return w;
}

void sw_swarm_stop(struct sw_search *s)
{
    release(s->state);
    s->state = NULL;
}

size_t sw_swarm_ask(struct sw_search *s)
{
    const struct sw_swarm *w = s->state;
    double *points = sw_search_room(s, w->n);
    if (points == NULL) {
        return 0;
    }
    memcpy(points, w->x, w->n * s->dim * sizeof *points);
    return w->n;
}

void sw_swarm_tell(struct sw_search *s, const double *values)
{
    struct sw_swarm *w = s->state;
    const double before = w->value[w->best];
    for (size_t i = 0; i < w->n; i++) {
        if (values[i] < w->value[i]) {
            w->value[i] = values[i];
            memcpy(&w->p[i * s->dim], &w->x[i * s->dim], s->dim * sizeof *w->p);
        }
        w->best = w->value[i] < w->value[w->best] ? i : w->best;
    }
    w->improved = w->value[w->best] < before;
}

void sw_swarm_move(struct sw_search *s, size_t i)
{
    struct sw_swarm *w = s->state;
    for (size_t d = i * s->dim; d < (i + 1) * s->dim; d++) {
        w->x[d] += w->v[d];
        if (w->x[d] < 0 || w->x[d] > 1) {
            w->x[d] = sw_clamp01(w->x[d]);
            w->v[d] *= -0.5;
        }
    }
}

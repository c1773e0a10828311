/* SPDX-License-Identifier: GPL-3.0-or-later
 * What all optimisers share: the registry, settings, the batch, the best so far. */
#include "algorithms/search/search.h"

#include "node/base/bug.h"
#include "node/base/err.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WORST 1e300 /* what is no number counts as */

#define SW_OPTIMISER(name) extern const struct sw_optimiser sw_optimiser_##name;
#include "algorithms/search/optimisers.def"
#undef SW_OPTIMISER

static const struct sw_optimiser *const registry[] = {
#define SW_OPTIMISER(name) &sw_optimiser_##name,
#include "algorithms/search/optimisers.def"
#undef SW_OPTIMISER
};

const struct sw_optimiser *sw_optimiser_at(size_t i)
{
    return i < SW_LEN(registry) ? registry[i] : NULL;
}

const struct sw_optimiser *sw_optimiser_find(const char *name)
{
    for (size_t i = 0; i < SW_LEN(registry); i++) {
        if (strcmp(registry[i]->name, name) == 0) {
            return registry[i];
        }
    }
    return NULL;
}

int sw_search_init(struct sw_search *s, const struct sw_optimiser *kind, size_t dim,
                   uint64_t budget, uint64_t seed)
{
    *s = (struct sw_search){ .kind = kind, .dim = dim, .budget = budget };
    if (dim < 1 || dim > SW_SEARCH_DIMENSIONS || budget < 1) {
        return SW_ERR_RANGE;
    }
    SW_ASSERT(kind->n_params <= SW_SEARCH_PARAMS);
    for (size_t i = 0; i < kind->n_params; i++) {
        s->params[i] = kind->params[i].fallback;
    }
    sw_rng_init(&s->rng, sw_rng_key(seed, "search", kind->name));
    s->best_value = (double)INFINITY;
    s->best = calloc(dim, sizeof *s->best);
    return s->best == NULL ? SW_ERR_NOMEM : SW_OK;
}

int sw_search_set(struct sw_search *s, const char *param, double value)
{
    for (size_t i = 0; i < s->kind->n_params; i++) {
        const struct sw_search_param *p = &s->kind->params[i];
        if (strcmp(p->name, param) == 0) {
            if (!(value >= p->low && value <= p->high)) {
                return SW_ERR_RANGE;
            }
            s->params[i] = value;
            return SW_OK;
        }
    }
    return SW_ERR_NOTFOUND;
}

void sw_search_fini(struct sw_search *s)
{
    if (s->state != NULL) {
        s->kind->stop(s);
    }
    free(s->points);
    free(s->values);
    free(s->best);
    *s = (struct sw_search){ 0 };
}

double *sw_search_room(struct sw_search *s, size_t n)
{
    if (n > s->cap) {
        double *points = realloc(s->points, n * s->dim * sizeof *points);
        s->points = points != NULL ? points : s->points;
        double *values = realloc(s->values, n * sizeof *values);
        s->values = values != NULL ? values : s->values;
        if (points == NULL || values == NULL) {
            return NULL;
        }
        s->cap = n;
    }
    return s->points;
}

size_t sw_search_ask(struct sw_search *s, const double **points)
{
    if (s->state == NULL && s->kind->start(s) != SW_OK) {
        return 0;
    }
    s->asked = s->kind->ask(s);
    *points = s->points;
    return s->asked;
}

void sw_search_tell(struct sw_search *s, const double *values)
{
    for (size_t i = 0; i < s->asked; i++) {
        s->values[i] = isfinite(values[i]) ? values[i] : WORST;
        if (s->values[i] < s->best_value) {
            s->best_value = s->values[i];
            memcpy(s->best, &s->points[i * s->dim], s->dim * sizeof *s->best);
        }
    }
    s->spent += s->asked;
    s->kind->tell(s, s->values);
    s->asked = 0;
}

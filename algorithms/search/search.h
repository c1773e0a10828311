/* SPDX-License-Identifier: GPL-3.0-or-later
 * Optimisers by asking and telling: ask for a batch of points, evaluate them however you like,
 * tell their values, again and again.  They serve the simulator's tuner, never the node.
 *
 * Points lie in the unit cube [0, 1]^dim: the caller maps them to what it tunes, logarithms
 * included.  Values are minimised.  An optimiser is one file beside this one, and one line in
 * optimisers.def.  Some use GSL, which ends the process when
 * memory is out, as the simulator does. */
#ifndef SW_SEARCH_H
#define SW_SEARCH_H

#include "node/base/rng.h"
#include "node/base/types.h"

/* A setting of an optimiser. */
struct sw_search_param {
    const char *name;
    double low, high, fallback;
    const char *help;
};
#define SW_SEARCH_PARAMS 8 /* more than any optimiser has */
#define SW_SEARCH_DIMENSIONS 256

struct sw_search;

struct sw_optimiser {
    const char *name;
    const char *help;   /* one line */
    const char *source; /* paper */
    const struct sw_search_param *params;
    size_t n_params;
    /* Make s->state.  Errors: SW_ERR_NOMEM, SW_ERR_RANGE (a dimension it can't serve). */
    int (*start)(struct sw_search *s);
    void (*stop)(struct sw_search *s);
    /* Write the next batch to s->points by sw_search_room, and say how many there are, >= 1; 0
     * when memory is out. */
    size_t (*ask)(struct sw_search *s);
    /* Learn their values, all finite. */
    void (*tell)(struct sw_search *s, const double *values);
};

struct sw_search {
    const struct sw_optimiser *kind;
    size_t dim;
    double params[SW_SEARCH_PARAMS];
    struct sw_rng rng;
    void *state;
    double *points; /* the batch asked for: @asked rows of @dim */
    double *values; /* told: @asked numbers */
    size_t asked, cap;
    uint64_t budget; /* evaluations that the caller means to spend: for schedules */
    uint64_t spent;
    double *best; /* best point told so far: @dim numbers */
    double best_value;
};

/* Begin with default settings.  @dim: 1 to SW_SEARCH_DIMENSIONS; @budget >= 1.  The same seed
 * and values give the same points.
 * Errors: SW_ERR_NOMEM, SW_ERR_RANGE. */
int sw_search_init(struct sw_search *s, const struct sw_optimiser *kind, size_t dim,
                   uint64_t budget, uint64_t seed);
/* Change a setting, before the first ask.  Errors: SW_ERR_NOTFOUND, SW_ERR_RANGE. */
int sw_search_set(struct sw_search *s, const char *param, double value);
void sw_search_fini(struct sw_search *s);

/* The next batch: rows of @dim coordinates, lent until tell.  0: memory is out, or the optimiser
 * can't serve this dimension. */
size_t sw_search_ask(struct sw_search *s, const double **points);
/* Their values, one a row.  NaN and infinities count as worse than everything seen. */
void sw_search_tell(struct sw_search *s, const double *values);

/* Registered optimisers; NULL past the end, and for an unknown name. */
const struct sw_optimiser *sw_optimiser_at(size_t i);
const struct sw_optimiser *sw_optimiser_find(const char *name);

/* ---- for optimisers ---- */

/* Room for @n points; NULL when memory is out. */
double *sw_search_room(struct sw_search *s, size_t n);
static inline double sw_search_unit(struct sw_search *s)
{
    return sw_unit(sw_rng_next(&s->rng));
}
static inline double sw_search_normal(struct sw_search *s)
{
    const uint64_t a = sw_rng_next(&s->rng);
    return sw_normal(a, sw_rng_next(&s->rng));
}
static inline double sw_clamp01(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

#endif

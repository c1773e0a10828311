/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a study varies: parameters with ranges, mapped from the unit cube; and designs, which say
 * where in the cube to look. */
#ifndef SIM_SPACE_H
#define SIM_SPACE_H

#include "sim/search/point.h"

#define SIM_DESIGN_MOST 100000U /* points */

/* One parameter: a range, or a list of values. */
struct sim_dimension {
    char *key;
    char *low, *high; /* as written; of a policy's parameter NULL: the policy's own range */
    char *scale;      /* "linear", "log"; NULL: the policy's hint, or linear */
    bool whole;       /* whole numbers only */
    char **values;    /* instead of a range */
    size_t n_values;
    size_t line;
    /* Made of these by sim_dimension_settle: */
    double from, until;
    char unit[16]; /* follows the number: "ms", "%", "/s", "" */
    bool log;
};

/* Make the range.  @policy: whose parameter it may be; "" none.
 * Errors: SW_ERR_NOTFOUND, SW_ERR_MALFORMED, SW_ERR_RANGE. */
int sim_dimension_settle(struct sim_dimension *x, const char *policy, struct sw_diag *d);
/* The value at @u in [0, 1] as text: four significant digits, never outside the range. */
void sim_dimension_value(const struct sim_dimension *x, double u, char out[SIM_VALUE]);
/* How many different values there are; 0: a continuum. */
size_t sim_dimension_levels(const struct sim_dimension *x);
/* Where the middle of the @k-th of @n levels lies: the ends of a range belong to it. */
double sim_dimension_level(const struct sim_dimension *x, size_t k, size_t n);

/* Set @n dimensions @x at the coordinates @u in @p.  Errors: those of sim_point_set. */
int sim_space_place(const struct sim_dimension *x, size_t n, const double *u, struct sim_point *p,
                    struct sw_diag *d);

/* ---- designs: rows of @dim coordinates ---- */

/* Every combination of @levels of each dimension (a list has as many as it has values); the last
 * varies fastest.  Returns how many rows, 0 when they are more than SIM_DESIGN_MOST or memory is
 * out; *@out is freed by the caller. */
size_t sim_design_grid(const struct sim_dimension *x, size_t dim, size_t levels, double **out);
/* Each dimension cut into @n equal parts, each part used once, in an order and at a place drawn
 * with @seed (McKay, Beckman and Conover 1979).  NULL when memory is out. */
double *sim_design_latin(size_t dim, size_t n, uint64_t seed);
/* The first @n points of Sobol's sequence (Sobol 1967; Antonov and Saleev 1979; by GSL), all
 * shifted round the cube by one vector drawn with @shift (Cranley and Patterson 1976) unless it is
 * 0. NULL when memory is out or @dim is more than 40. */
double *sim_design_sobol(size_t dim, size_t n, uint64_t shift);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a search minimises: a weighted sum of a run's metrics, or of their logarithms. */
#ifndef SIM_OBJECTIVE_H
#define SIM_OBJECTIVE_H

#include "sim/analyse/compare.h"

#define SIM_TERMS 16

struct sim_term {
    struct sim_measure measure;
    double weight; /* negative: more is better */
    bool log;      /* of its natural logarithm: then only ratios count */
};

/* Zero-initialised is valid: nothing counts. */
struct sim_objective {
    struct sim_term terms[SIM_TERMS];
    size_t n;
};

/* The usual one of routing, of which differences are about relative ones of a blended latency:
 *
 *   J = 1/4 ln p50 + 1/4 ln mean + 0.35 ln p99 + 0.15 ln p99.9 + 20 (1 - availability)
 *       + 0.01 messages a query
 *
 * latencies in s; a constant, 20, is left out. */
void sim_objective_usual(struct sim_objective *o);
/* Its value for @values, one a term in order; NaN when one is not measured. */
double sim_objective_value(const struct sim_objective *o, const double *values);

#endif

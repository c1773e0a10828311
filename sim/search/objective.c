/* SPDX-License-Identifier: GPL-3.0-or-later
 * Objectives. */
#include "sim/search/objective.h"
#include "node/base/bug.h"

#include <math.h>

#define LEAST 1e-9 /* what has no logarithm counts as this: a nanosecond */

void sim_objective_usual(struct sim_objective *o)
{
    static const struct {
        const char *measure;
        double weight;
        bool log;
    } usual[] = {
        { "dns.latency.p50", 0.25, true }, { "dns.latency.mean", 0.25, true },
        { "dns.latency.p99", 0.35, true }, { "dns.latency.p99.9", 0.15, true },
        { "availability", -20, false },    { "route.per_query", 0.01, false },
    };
    struct sw_diag d;
    *o = (struct sim_objective){ .n = SW_LEN(usual) };
    for (size_t i = 0; i < SW_LEN(usual); i++) {
        o->terms[i].weight = usual[i].weight;
        o->terms[i].log = usual[i].log;
        SW_ASSERT(sim_measure_parse(&o->terms[i].measure, usual[i].measure, &d) == SW_OK);
    }
}

double sim_objective_value(const struct sim_objective *o, const double *values)
{
    double sum = 0;
    for (size_t i = 0; i < o->n; i++) {
        const double v = o->terms[i].log ? log(fmax(values[i], LEAST)) : values[i];
        sum += isnan(values[i]) ? values[i] : o->terms[i].weight * v;
    }
    return sum;
}

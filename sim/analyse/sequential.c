/* SPDX-License-Identifier: GPL-3.0-or-later
 * When to look, and whether to stop. */
#include "sim/analyse/sequential.h"

#include "node/base/err.h"

#include <math.h>

unsigned sim_sequential_looks(const struct sim_sequential *s)
{
    unsigned k = 1;
    for (uint64_t n = SIM_LEAST_RUNS; n < s->most && k < 64; n *= 2) {
        k++;
    }
    return k;
}

uint64_t sim_sequential_runs(const struct sim_sequential *s, unsigned k)
{
    uint64_t n = SIM_LEAST_RUNS;
    while (k > 0 && n < s->most) {
        n *= 2;
        k--;
    }
    return n < s->most ? n : s->most;
}

bool sim_sequential_look(const struct sim_sequential *s, const double *x, size_t n, double error,
                         struct sim_interval *out)
{
    const double level = 1 - (1 - s->level) / sim_sequential_looks(s);
    *out = (struct sim_interval){ NAN, NAN, NAN };
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) {
            return false;
        }
    }
    if (sim_stats_mean(x, n, level, out) != SW_OK) {
        return false;
    }
    sim_stats_widen(out, error * fabs(out->mean));
    return n >= sim_sequential_runs(s, 0) &&
           (out->high - out->low) / 2 <= s->within * fabs(out->mean);
}

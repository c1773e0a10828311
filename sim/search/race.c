/* SPDX-License-Identifier: GPL-3.0-or-later
 * Halving's rungs, and who leaves a race. */
#include "sim/search/race.h"
#include "node/base/err.h"
#include "sim/analyse/stats.h"

#include <math.h>

#define ALPHA 0.05
#define RACERS 256

size_t sim_halving_rungs(const struct sim_halving *h, size_t n, struct sim_rung out[SIM_RUNGS])
{
    size_t rungs = 0;
    struct sim_rung now = { n, h->first < h->most ? h->first : h->most };
    while (rungs < SIM_RUNGS) {
        out[rungs++] = now;
        const size_t next = (now.candidates + h->eta - 1) / h->eta;
        if (now.candidates <= h->least) {
            break;
        }
        now.candidates = next > h->least ? next : h->least;
        now.blocks = now.blocks * h->eta < h->most ? now.blocks * h->eta : h->most;
    }
    return rungs;
}

size_t sim_halving_cost(const struct sim_halving *h, size_t n)
{
    struct sim_rung rungs[SIM_RUNGS];
    const size_t count = sim_halving_rungs(h, n, rungs);
    size_t cost = 0;
    for (size_t i = 0; i < count; i++) {
        cost += rungs[i].candidates * (rungs[i].blocks - (i > 0 ? rungs[i - 1].blocks : 0));
    }
    return cost;
}

/* NaN when one of them is not finite. */
static double mean(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += x[i];
    }
    return isfinite(sum) ? sum / (double)n : (double)NAN;
}

static size_t find_best(const double *values, size_t n, size_t stride, size_t blocks,
                        const bool *alive)
{
    size_t best = n;
    double least = INFINITY;
    for (size_t i = 0; i < n; i++) {
        const double m = mean(&values[i * stride], blocks);
        if (alive[i] && (best == n || m < least)) {
            best = i;
            least = isnan(m) ? (double)INFINITY : m;
        }
    }
    return best;
}

size_t sim_race_step(const double *values, size_t n, size_t stride, size_t blocks, bool *alive)
{
    double p[RACERS] = { 0 };
    double holm[RACERS] = { 0 };
    const size_t best = find_best(values, n, stride, blocks, alive);
    const double *winner = &values[best * stride];
    if (blocks < SIM_RACE_LEAST || n > RACERS || isnan(mean(winner, blocks))) {
        return best;
    }
    for (size_t i = 0; i < n; i++) {
        p[i] = (double)NAN;
        if (alive[i] && i != best && !isnan(mean(&values[i * stride], blocks))) {
            (void)sim_stats_paired_p(&values[i * stride], winner, blocks, 0, &p[i]);
        }
    }
    sim_stats_holm(p, n, holm);
    for (size_t i = 0; i < n; i++) {
        const bool worse = isnan(p[i]) ? i != best : holm[i] < ALPHA;
        alive[i] = alive[i] && !worse;
    }
    return best;
}

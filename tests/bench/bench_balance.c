/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the balancer costs and finds: microseconds a call, and the mean latency J that each way to
 * share demand among regions predicts, relative to the particle swarm's, over regions drawn at
 * random (loads of 0.3 to 0.9, round trips of 2 to 200 ms).
 * usage: bench_balance [INSTANCES, default 50] */
#define _POSIX_C_SOURCE 200809L
#include "algorithms/route/balance.h"
#include "node/base/fmath.h"
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

static double between(struct sw_rng *rng, double low, double high)
{
    return low + (high - low) * sw_unit(sw_rng_next(rng));
}

static struct sw_regions draw(struct sw_rng *rng, uint32_t n)
{
    struct sw_regions g = { .n = n, .epoch = sw_rng_next(rng) };
    double capacity = 0;
    double demand = 0;
    for (uint32_t r = 0; r < n; r++) {
        struct sw_region *v = &g.v[r];
        v->id = r + 1;
        v->cores = 1 + (double)sw_rng_below(rng, 16);
        v->capacity = v->cores * between(rng, 50, 500);
        v->demand = between(rng, 0, 1);
        v->demand *= v->demand * v->demand; /* a few ask for most */
        capacity += v->capacity;
        demand += v->demand;
        for (uint32_t k = 0; k < r; k++) {
            v->rtt[k] = g.v[k].rtt[r] = between(rng, 2, 200) * (double)SW_MS;
        }
    }
    const double load = between(rng, 0.3, 0.9) * capacity / demand;
    for (uint32_t r = 0; r < n; r++) {
        g.v[r].demand *= load;
    }
    return g;
}

int main(int argc, char **argv)
{
    static const uint32_t sizes[] = { 2, 5, 10, 16 };
    const uint64_t instances = argc > 1 ? strtoull(argv[1], NULL, 10) : 50;
    if (instances == 0) {
        (void)fprintf(stderr, "usage: bench_balance [INSTANCES]\n");
        return 2;
    }
    printf("%-8s %12s %12s %12s %16s %16s %12s\n", "regions", "fill, us", "swarm, us",
           "descent, us", "J fill/swarm", "J descent/swarm", "swarm wins");
    for (size_t i = 0; i < SW_LEN(sizes); i++) {
        struct sw_rng rng;
        double spent[3] = { 0 };
        double ratio[2] = { 0 };
        uint64_t wins = 0;
        sw_rng_init(&rng, sw_rng_key(1, "bench balance", ""));
        for (uint64_t k = 0; k < instances; k++) {
            const struct sw_regions g = draw(&rng, sizes[i]);
            struct sw_balance b;
            const double t0 = bench_cpu();
            sw_balance_fill(&g, 0.9, &b);
            const double t1 = bench_cpu();
            const double filled = sw_balance_cost(&g, &b);
            const double t2 = bench_cpu();
            const double swarm = sw_balance_swarm(&g, &b);
            const double t3 = bench_cpu();
            const double descent = sw_balance_descent(&g, &b);
            const double t4 = bench_cpu();
            spent[0] += t1 - t0;
            spent[1] += t3 - t2;
            spent[2] += t4 - t3;
            ratio[0] += sw_log(filled / swarm); /* geometric means */
            ratio[1] += sw_log(descent / swarm);
            wins += swarm < descent;
        }
        const double n = (double)instances;
        printf("%-8u %12.1f %12.0f %12.0f %16.4f %16.4f %11.0f%%\n", sizes[i], spent[0] * 1e6 / n,
               spent[1] * 1e6 / n, spent[2] * 1e6 / n, sw_exp(ratio[0] / n), sw_exp(ratio[1] / n),
               100 * (double)wins / n);
    }
    return 0;
}

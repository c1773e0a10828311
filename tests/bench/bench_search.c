/* SPDX-License-Identifier: GPL-3.0-or-later
 * What optimisers reach on the usual functions, beside published means: 30 dimensions, 200,000
 * evaluations, the mean of several seeds.
 * usage: bench_search [RUNS, default 5]
 *
 * Published: a particle swarm with constriction (ring) and one without velocities, S = 40, 30 runs,
 * symmetric initialisation, as measured for this project's design; SPSO-2011's reference code, at
 * 75,000 to 200,000 evaluations. */
#define _POSIX_C_SOURCE 200809L
#include "tests/bench/bench.h"
#include "tests/lib/functions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct published {
    const char *optimiser;
    double means[5]; /* in the order of test_functions */
};
static const struct published published[] = {
    { "pso", { 5e-46, 13.0, 66.3, 0.0007, 1.6e-14 } },
    { "spso2011", { 1.6e-28, 39.3, 29.4, 0.0069, 0.65 } },
    { "qpso", { 2e-63, 38.2, 16.4, 0.0075, 1.1e-14 } },
};

static double published_mean(const char *optimiser, size_t function)
{
    for (size_t i = 0; i < SW_LEN(published); i++) {
        if (strcmp(published[i].optimiser, optimiser) == 0) {
            return published[i].means[function];
        }
    }
    return (double)NAN;
}

int main(int argc, char **argv)
{
    const long runs = argc > 1 ? strtol(argv[1], NULL, 10) : 5;
    if (runs < 1) {
        (void)fprintf(stderr, "usage: bench_search [RUNS >= 1]\n");
        return 2;
    }
    printf("optimisers, mean of %ld runs, 30 dimensions, 200,000 evaluations\n", runs);
    printf("%-14s %-11s %10s %10s %8s\n", "optimiser", "function", "reached", "published", "CPU s");
    for (size_t o = 0; sw_optimiser_at(o) != NULL; o++) {
        for (size_t f = 0; f < SW_LEN(test_functions); f++) {
            double sum = 0;
            const double begin = bench_cpu();
            for (long seed = 1; seed <= runs; seed++) {
                struct sw_search s;
                if (sw_search_init(&s, sw_optimiser_at(o), 30, 200000, (uint64_t)seed) != 0) {
                    return 3;
                }
                sum += minimise(&s, &test_functions[f]);
                sw_search_fini(&s);
            }
            printf("%-14s %-11s %10.3g %10.3g %8.2f\n", sw_optimiser_at(o)->name,
                   test_functions[f].name, sum / (double)runs,
                   published_mean(sw_optimiser_at(o)->name, f),
                   (bench_cpu() - begin) / (double)runs);
            (void)fflush(stdout);
        }
    }
    return 0;
}

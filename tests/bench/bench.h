/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the engine's benchmarks share: a processor clock and quick draws. */
#ifndef SW_TESTS_BENCH_H
#define SW_TESTS_BENCH_H

#include <math.h>
#include <stdint.h>
#include <time.h>

/* Processor seconds of this process. */
static inline double bench_cpu(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* xorshift64 (Marsaglia 2003): cheap, so that the queue is what is measured. */
static inline uint64_t bench_draw(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

/* Exponential with @mean ns, at least 1. */
static inline uint64_t bench_exponential(uint64_t *x, double mean)
{
    const double u = ((double)(bench_draw(x) >> 11) + 0.5) * 0x1p-53;
    return 1 + (uint64_t)(-log(u) * mean);
}

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * The hold model: N pending events, each of which schedules its successor after an exponential
 * time.  Prints million events per processor second for each queue and N; where ns-3 is installed,
 * the same on each of its schedulers, and how many times as fast ours are.
 * usage: bench_hold [EVENTS, default 10000000] */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/engine/engine.h"
#include "tests/bench/bench.h"
#ifdef SW_NS3
#include "tests/bench/ns3_hold.h"
#endif

static const double mean = 1e6; /* ns */

struct hold {
    struct sim_engine *e;
    uint64_t draws;
    uint64_t left;
};

static void hold(void *self, uint64_t arg)
{
    struct hold *h = self;
    if (--h->left == 0) {
        sim_stop(h->e);
    }
    (void)sim_at(h->e, sim_now(h->e) + bench_exponential(&h->draws, mean), hold, h, arg);
}

/* Million events per processor second. */
static double rate(enum sim_queue queue, uint64_t pending, uint64_t events)
{
    struct hold h = { .e = sim_engine_new_on(queue), .draws = UINT64_C(88172645463325252) };
    if (h.e == NULL) {
        sim_out_of_memory("an engine");
    }
    for (uint64_t i = 0; i < pending; i++) {
        (void)sim_at(h.e, bench_exponential(&h.draws, mean), hold, &h, i);
    }
    h.left = 2 * pending + 100000; /* until the queue is in its steady state */
    sim_run(h.e, SW_TIME_NEVER);
    h.left = events;
    const double begin = bench_cpu();
    sim_run(h.e, SW_TIME_NEVER);
    const double took = bench_cpu() - begin;
    sim_engine_free(h.e);
    return (double)events / took / 1e6;
}

static void print_names(void)
{
    printf("hold model, million events per CPU-second\n%10s", "pending");
    for (int q = 0; q < SIM_QUEUE_COUNT; q++) {
        printf(" %8s", sim_queue_name((enum sim_queue)q));
    }
#ifdef SW_NS3
    for (size_t i = 0; ns3_hold_scheduler(i) != NULL; i++) {
        printf(" ns-3 %s", ns3_hold_scheduler(i));
    }
    printf("  wheel / ns-3's default, best");
#endif
    printf("\n");
}

/* The same on ns-3, and what our faster queue's @ours is to that. */
static void compare(double ours, uint64_t pending, uint64_t events)
{
#ifdef SW_NS3
    double best = 0;
    double first = 0;
    for (size_t i = 0; ns3_hold_scheduler(i) != NULL; i++) {
        const double r = ns3_hold_rate(i, pending, events / 4);
        printf(" %*.2f", (int)(5 + strlen(ns3_hold_scheduler(i))), r);
        (void)fflush(stdout);
        first = i == 0 ? r : first;
        best = r > best ? r : best;
    }
    printf("  %9.1f %.1f", ours / first, ours / best);
#else
    (void)ours;
    (void)pending;
    (void)events;
#endif
}

int main(int argc, char **argv)
{
    const uint64_t events = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    if (events == 0) {
        (void)fprintf(stderr, "usage: bench_hold [EVENTS]\n");
        return 2;
    }
    print_names();
    for (uint64_t pending = 1000; pending <= 1000000; pending *= 10) {
        double ours = 0;
        printf("%10llu", (unsigned long long)pending);
        for (int q = 0; q < SIM_QUEUE_COUNT; q++) {
            ours = rate((enum sim_queue)q, pending, events);
            printf(" %8.2f", ours);
            (void)fflush(stdout);
        }
        compare(ours, pending, events);
        printf("\n");
    }
    return 0;
}

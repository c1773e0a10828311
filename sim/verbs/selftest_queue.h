/* SPDX-License-Identifier: GPL-3.0-or-later
 * One queueing system of the self test: Poisson customers before the processor of sim/world. */
#ifndef SIM_SELFTEST_QUEUE_H
#define SIM_SELFTEST_QUEUE_H

#include "sim/analyse/stats.h"
#include "sim/scenario/scenario.h"

struct sim_queue_system {
    const char *name; /* "M/M/1 rho=.8" */
    uint32_t cores;
    enum sim_distribution distribution; /* of service, mean 1 */
    double rho;                         /* arrivals x mean service / cores */
    uint32_t room;                      /* that may wait; SIM_QUEUE_UNLIMITED */
};

/* Estimates with 99 % intervals by batch means, in units of the mean service time. */
struct sim_queue_result {
    struct sim_interval sojourn; /* mean time in the system */
    struct sim_interval p99;     /* of it */
    struct sim_interval wait;    /* mean time before service */
    struct sim_interval waits;   /* share of the accepted that wait at all */
    struct sim_interval loss;    /* share of all that are turned away */
    uint64_t customers;          /* counted, after warm-up */
    uint64_t events;
};

/* Simulate about @customers >= SIM_BATCHES arrivals, after a warm-up of one batch. */
void sim_queue_simulate(const struct sim_queue_system *s, uint64_t customers, uint64_t seed,
                        struct sim_queue_result *out);

#endif

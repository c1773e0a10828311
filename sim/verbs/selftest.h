/* SPDX-License-Identifier: GPL-3.0-or-later
 * The self test: systems that theory knows, one file a kind of system (selftest_NAME.c) with a row
 * for each, and one line in selftest.def.
 *
 * A system is simulated in SIM_BATCHES parts, nearly independent of each other: consecutive
 * batches of one long run after a warm-up of one more (batch means: Law and Kelton 2000, 9.5.3), or
 * runs of their own.  What was drawn in a batch, gaps and service times, has known means and
 * explains much of how far its result is off by chance; regression takes that part off
 * (sim_stats_controlled).  For M/M/1 that halves the variance. */
#ifndef SIM_SELFTEST_H
#define SIM_SELFTEST_H

#include "node/base/bug.h"
#include "sim/analyse/stats.h"
#include "sim/analyse/theory.h"

enum { SIM_BATCHES = 64 };

/* Something measured, and what theory says of it. */
struct sim_claim_of_theory {
    const char *quantity;
    double theory;
    double tolerance; /* relative */
    struct sim_estimate simulated;
};

enum { SIM_SELFTEST_CLAIMS = 4 };
struct sim_selftest_result {
    struct sim_claim_of_theory claims[SIM_SELFTEST_CLAIMS];
    size_t n;
    uint64_t events;
};

struct sim_selftest {
    const char *name;
    uint64_t size; /* customers, requests, ...: enough for the tolerance, with something to spare */
    const void *system; /* its kind's parameters */
};

/* Where so many come in a batch on average, none comes with a probability of e^-50. */
#define SIM_SELFTEST_RANDOM (50 * (uint64_t)SIM_BATCHES)

struct sim_selftest_kind {
    const char *counts; /* what @size counts: "customers" */
    uint64_t least;     /* of them: SIM_BATCHES, or more where their number is random */
    const struct sim_selftest *systems;
    size_t n;
    /* Simulate about @size >= @least of what is counted, and say what comes out; @out is zero. */
    void (*simulate)(const struct sim_selftest *t, uint64_t size, uint64_t seed,
                     struct sim_selftest_result *out);
};

/* Claim that the mean of @y over batches is @theory. */
static inline void sim_selftest_claim(struct sim_selftest_result *out, const char *quantity,
                                      double theory, double tolerance, const double *y,
                                      const struct sim_control *controls, size_t k)
{
    SW_ASSERT(out->n < SIM_SELFTEST_CLAIMS);
    struct sim_claim_of_theory *c = &out->claims[out->n++];
    *c = (struct sim_claim_of_theory){ quantity, theory, tolerance, { 0, 0, 1 } };
    const int err = sim_stats_controlled(y, SIM_BATCHES, controls, k, &c->simulated);
    SW_ASSERT(err == 0);
}

#endif

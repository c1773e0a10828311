/* SPDX-License-Identifier: GPL-3.0-or-later
 * Poisson customers before a processor, measured batch by batch.  A batch is a number of
 * arrivals; what leaves while it lasts counts in it. */
#include "sim/verbs/selftest_queue.h"

#include <stdlib.h>
#include <string.h>

#include "node/base/bug.h"
#include "node/base/rng.h"
#include "sim/engine/engine.h"
#include "sim/world/processor.h"

/* Virtual time of a mean service: fine enough that rounding to ns is nothing. */
#define UNIT SW_SEC

static const double level = 0.99;

/* Times in the system, counted in steps of 1/64 service. */
enum { STEPS = 64, BINS = 1 << 15 };

struct station {
    struct sim_engine *engine;
    struct sim_processor_state *processor;
    struct sw_rng arrivals;
    double gap; /* mean, ns */
    uint32_t cores;
    uint64_t next; /* customer */

    /* The present batch. */
    uint64_t size, arrived, lost, waited, left;
    double sojourns; /* in units */
    sw_dur busy;     /* of the processor when it began */
    uint64_t served; /* the same */
    uint32_t bins[BINS];

    /* The batches before; one more than counted: the first is the warm-up. */
    size_t n;
    double sojourn[SIM_BATCHES + 1], p99[SIM_BATCHES + 1], wait[SIM_BATCHES + 1];
    double waits[SIM_BATCHES + 1], loss[SIM_BATCHES + 1];
};

/* The 99 % quantile of the present batch, linear within a step. */
static double quantile(const struct station *s)
{
    const double want = 0.99 * (double)s->left;
    double below = 0;
    for (size_t i = 0; i < BINS; i++) {
        if (below + s->bins[i] >= want && s->bins[i] > 0) {
            return ((double)i + (want - below) / s->bins[i]) / STEPS;
        }
        below += s->bins[i];
    }
    return (double)BINS / STEPS;
}

static void close_batch(struct station *s)
{
    const double left = s->left > 0 ? (double)s->left : 1;
    const uint64_t served = sim_processor_served(s->processor);
    const sw_dur busy = sim_processor_busy(s->processor);
    const double service = (double)(busy - s->busy) / (double)UNIT /
                           (double)(served > s->served ? served - s->served : 1);
    s->sojourn[s->n] = s->sojourns / left;
    s->p99[s->n] = quantile(s);
    s->wait[s->n] = s->sojourns / left - service;
    s->waits[s->n] = (double)s->waited / (double)(s->arrived - s->lost);
    s->loss[s->n] = (double)s->lost / (double)s->arrived;
    s->arrived = 0;
    s->lost = 0;
    s->waited = 0;
    s->left = 0;
    s->sojourns = 0;
    s->busy = busy;
    s->served = served;
    memset(s->bins, 0, sizeof s->bins);
    if (++s->n == SIM_BATCHES + 1) {
        sim_stop(s->engine);
    }
}

static void leave(void *self, uint64_t arrived_at)
{
    struct station *s = self;
    const sw_dur took = sim_now(s->engine) - arrived_at;
    s->left++;
    s->sojourns += (double)took / (double)UNIT;
    const uint64_t bin = took / (UNIT / STEPS);
    s->bins[bin < BINS ? bin : BINS - 1]++;
}

static void arrive(void *self, uint64_t arg)
{
    (void)arg;
    struct station *s = self;
    const sw_time now = sim_now(s->engine);
    const bool waits = sim_processor_serving(s->processor) == s->cores;
    s->arrived++;
    if (sim_processor_submit(s->processor, s->next++, leave, s, now)) {
        s->waited += waits;
    } else {
        s->lost++;
    }
    const double gap = sw_exponential(sw_rng_next(&s->arrivals), s->gap);
    (void)sim_at(s->engine, now + (sw_dur)(gap + 0.5), arrive, s, 0);
    if (s->arrived == s->size) {
        close_batch(s);
    }
}

/* Over all batches but the warm-up. */
static struct sim_interval over_batches(const double *batch)
{
    struct sim_interval out = { 0, 0, 0 };
    (void)sim_stats_mean(batch + 1, SIM_BATCHES, level, &out);
    return out;
}

void sim_queue_simulate(const struct sim_queue_system *system, uint64_t customers, uint64_t seed,
                        struct sim_queue_result *out)
{
    SW_ASSERT(customers >= SIM_BATCHES);
    const struct sim_processor model = {
        .cores = system->cores,
        .distribution = system->distribution,
        .service = UNIT,
        .queue = system->room,
    };
    struct station *s = calloc(1, sizeof *s);
    if (s == NULL) {
        sim_out_of_memory("the self test");
    }
    s->engine = sim_engine_new();
    s->processor =
        s->engine == NULL ? NULL : sim_processor_new(s->engine, &model, seed, system->name);
    if (s->processor == NULL) {
        sim_out_of_memory("the self test");
    }
    sw_rng_init(&s->arrivals, sw_rng_key(seed, "arrivals", system->name));
    s->gap = (double)UNIT / (system->rho * (double)system->cores);
    s->cores = system->cores;
    s->size = customers / SIM_BATCHES;
    (void)sim_at(s->engine, 0, arrive, s, 0);
    sim_run(s->engine, SW_TIME_NEVER);
    *out = (struct sim_queue_result){
        .sojourn = over_batches(s->sojourn),
        .p99 = over_batches(s->p99),
        .wait = over_batches(s->wait),
        .waits = over_batches(s->waits),
        .loss = over_batches(s->loss),
        .customers = s->size * SIM_BATCHES,
        .events = sim_events(s->engine),
    };
    sim_processor_free(s->processor);
    sim_engine_free(s->engine);
    free(s);
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Self test: Poisson customers before the processor of sim/world.  A batch is a number of
 * arrivals; what leaves while it lasts counts in it.  Times are in mean service times. */
#include "node/base/rng.h"
#include "sim/engine/engine.h"
#include "sim/verbs/selftest.h"
#include "sim/world/processor.h"

#include <stdlib.h>
#include <string.h>

struct queue_system {
    uint32_t cores;
    enum sim_distribution distribution; /* of service, mean 1 */
    double rho;                         /* arrivals x mean service / cores */
    uint32_t room;                      /* that may wait */
    enum { SOJOURN_AND_P99, WAIT, WAITS_AND_WAIT, LOSS } claims;
};

/* Virtual time of a mean service: fine enough that rounding to ns is nothing. */
#define UNIT SW_SEC

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
    sw_time began;
    sw_dur busy;     /* of the processor then */
    uint64_t served; /* the same */
    uint32_t bins[BINS];

    /* The batches before; one more than counted: the first is the warm-up. */
    size_t n;
    double sojourn[SIM_BATCHES + 1], p99[SIM_BATCHES + 1], wait[SIM_BATCHES + 1];
    double waits[SIM_BATCHES + 1], loss[SIM_BATCHES + 1];
    double gaps[SIM_BATCHES + 1], services[SIM_BATCHES + 1]; /* means, in units */
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
    s->gaps[s->n] = (double)(sim_now(s->engine) - s->began) / (double)UNIT / (double)s->arrived;
    s->services[s->n] = service;
    s->began = sim_now(s->engine);
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

/* Means: 1 %, 2 % above rho = .9; 99 % quantiles: 4 %. */
static void claim(const struct station *s, const struct queue_system *q,
                  struct sim_selftest_result *out)
{
    const double mean = q->rho > .9 ? .02 : .01;
    const struct sim_control drawn[] = {
        { s->gaps + 1, 1 / (q->rho * (double)q->cores) },
        { s->services + 1, 1 },
    };
    const size_t k = SW_LEN(drawn);
    switch (q->claims) {
    case SOJOURN_AND_P99:
        sim_selftest_claim(out, "W", 1 + sim_theory_mmc_wait(q->cores, q->rho), mean,
                           s->sojourn + 1, drawn, k);
        sim_selftest_claim(out, "W p99", sim_theory_mm1_sojourn(q->rho, .99), .04, s->p99 + 1,
                           drawn, k);
        return;
    case WAIT:
        sim_selftest_claim(out, "Wq", sim_theory_md1_wait(q->rho), mean, s->wait + 1, drawn, k);
        return;
    case WAITS_AND_WAIT:
        sim_selftest_claim(out, "P(wait)", sim_theory_erlang_c(q->cores, q->rho), mean,
                           s->waits + 1, drawn, k);
        sim_selftest_claim(out, "Wq", sim_theory_mmc_wait(q->cores, q->rho), mean, s->wait + 1,
                           drawn, k);
        return;
    case LOSS:
        sim_selftest_claim(out, "loss", sim_theory_mm1k_loss(q->rho, q->room + 1), mean,
                           s->loss + 1, drawn, k);
        return;
    }
}

static void simulate(const struct sim_selftest *t, uint64_t size, uint64_t seed,
                     struct sim_selftest_result *out)
{
    const struct queue_system *q = t->system;
    const struct sim_processor model = {
        .cores = q->cores, .distribution = q->distribution, .service = UNIT, .queue = q->room
    };
    struct station *s = calloc(1, sizeof *s);
    if (s == NULL) {
        sim_out_of_memory("the self test");
    }
    s->engine = sim_engine_new();
    s->processor = s->engine == NULL ? NULL : sim_processor_new(s->engine, &model, seed, t->name);
    if (s->processor == NULL) {
        sim_out_of_memory("the self test");
    }
    sw_rng_init(&s->arrivals, sw_rng_key(seed, "arrivals", t->name));
    s->gap = (double)UNIT / (q->rho * (double)q->cores);
    s->cores = q->cores;
    s->size = size / SIM_BATCHES;
    (void)sim_at(s->engine, 0, arrive, s, 0);
    sim_run(s->engine, SW_TIME_NEVER);
    out->events = sim_events(s->engine);
    claim(s, q, out);
    sim_processor_free(s->processor);
    sim_engine_free(s->engine);
    free(s);
}

#define FREE SIM_QUEUE_UNLIMITED
#define M SIM_EXPONENTIAL
#define D SIM_CONSTANT
#define SYSTEM(...) (&(const struct queue_system){ __VA_ARGS__ })
static const struct sim_selftest systems[] = {
    { "M/M/1 rho=.8", 30000000, SYSTEM(1, M, .8, FREE, SOJOURN_AND_P99) },
    { "M/M/1 rho=.9", 60000000, SYSTEM(1, M, .9, FREE, SOJOURN_AND_P99) },
    { "M/M/1 rho=.95", 100000000, SYSTEM(1, M, .95, FREE, SOJOURN_AND_P99) },
    { "M/D/1 rho=.8", 20000000, SYSTEM(1, D, .8, FREE, WAIT) },
    { "M/D/1 rho=.9", 30000000, SYSTEM(1, D, .9, FREE, WAIT) },
    { "M/D/1 rho=.95", 50000000, SYSTEM(1, D, .95, FREE, WAIT) },
    { "M/M/2 rho=.8", 30000000, SYSTEM(2, M, .8, FREE, WAITS_AND_WAIT) },
    { "M/M/4 rho=.8", 30000000, SYSTEM(4, M, .8, FREE, WAITS_AND_WAIT) },
    { "M/M/8 rho=.9", 100000000, SYSTEM(8, M, .9, FREE, WAITS_AND_WAIT) },
    { "M/M/32 rho=.95", 100000000, SYSTEM(32, M, .95, FREE, WAITS_AND_WAIT) },
    { "M/M/1/10 rho=.8", 40000000, SYSTEM(1, M, .8, 9, LOSS) },
    { "M/M/1/20 rho=.95", 20000000, SYSTEM(1, M, .95, 19, LOSS) },
};

extern const struct sim_selftest_kind sim_selftest_queue;
const struct sim_selftest_kind sim_selftest_queue = {
    .counts = "customers",
    .least = SIM_BATCHES,
    .systems = systems,
    .n = SW_LEN(systems),
    .simulate = simulate,
};

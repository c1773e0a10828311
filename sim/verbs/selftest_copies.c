/* SPDX-License-Identifier: GPL-3.0-or-later
 * Self test: two copies of the same data, each lost at random times, the other repaired from the
 * one that is left by a processor whose service is the repair.  When both are gone the data is, and
 * it begins anew with two: every loss is one independent value. */
#include "node/base/rng.h"
#include "sim/engine/engine.h"
#include "sim/verbs/selftest.h"
#include "sim/world/processor.h"

#include <stdlib.h>

#define UNIT SW_MS /* of virtual time: a run of all losses has to fit into its clock */

struct copies_system {
    double lambda; /* losses of a copy, a unit */
    double mu;     /* repairs a unit */
};

enum { COPIES = 2 };
struct copies {
    const struct copies_system *system;
    struct sim_engine *engine;
    struct sim_processor_state *repairs;
    struct sw_rng failures;
    sim_event_id fails[COPIES]; /* 0: this copy is lost already */
    uint64_t number;            /* of repairs */
    sw_time began;              /* both copies were there */

    uint64_t size, losses;
    double times; /* ns, of the present batch */
    size_t n;
    double mttdl[SIM_BATCHES]; /* units */
};

static void fail(void *self, uint64_t copy);

static void live(struct copies *c, uint64_t copy)
{
    const double life = sw_exponential(sw_rng_next(&c->failures), (double)UNIT / c->system->lambda);
    c->fails[copy] = sim_at(c->engine, sim_now(c->engine) + (sw_dur)(life + 0.5), fail, c, copy);
}

static void repaired(void *self, uint64_t copy)
{
    live(self, copy);
}

static void lose_all(struct copies *c)
{
    const sw_time now = sim_now(c->engine);
    c->times += (double)(now - c->began);
    if (++c->losses == c->size) {
        c->mttdl[c->n++] = c->times / (double)UNIT / (double)c->losses;
        c->losses = 0;
        c->times = 0;
        if (c->n == SIM_BATCHES) {
            sim_stop(c->engine);
        }
    }
    sim_processor_reset(c->repairs);
    c->began = now;
    for (uint64_t i = 0; i < COPIES; i++) {
        live(c, i);
    }
}

static void fail(void *self, uint64_t copy)
{
    struct copies *c = self;
    c->fails[copy] = 0;
    if (c->fails[1 - copy] == 0) {
        lose_all(c);
    } else {
        (void)sim_processor_submit(c->repairs, c->number++, repaired, c, copy);
    }
}

static void simulate(const struct sim_selftest *t, uint64_t size, uint64_t seed,
                     struct sim_selftest_result *out)
{
    const struct copies_system *y = t->system;
    const struct sim_processor model = { .cores = 1,
                                         .distribution = SIM_EXPONENTIAL,
                                         .service = (sw_dur)((double)UNIT / y->mu),
                                         .queue = 0 };
    struct copies *c = calloc(1, sizeof *c);
    if (c == NULL || (c->engine = sim_engine_new()) == NULL ||
        (c->repairs = sim_processor_new(c->engine, &model, seed, "repairs")) == NULL) {
        sim_out_of_memory("the self test");
    }
    c->system = y;
    c->size = size / SIM_BATCHES;
    sw_rng_init(&c->failures, sw_rng_key(seed, "failures", t->name));
    for (uint64_t i = 0; i < COPIES; i++) {
        live(c, i);
    }
    sim_run(c->engine, SW_TIME_NEVER);
    out->events = sim_events(c->engine);
    sim_selftest_claim(out, "MTTDL", sim_theory_two_copies(y->lambda, y->mu), .01, c->mttdl, NULL,
                       0);
    sim_processor_free(c->repairs);
    sim_engine_free(c->engine);
    free(c);
}

static const struct copies_system slow_repair = { .lambda = .01, .mu = .1 };
static const struct copies_system quick_repair = { .lambda = .001, .mu = .1 };
static const struct sim_selftest systems[] = {
    { "two copies mu=10", 600000, &slow_repair },
    { "two copies mu=100", 320000, &quick_repair },
};

extern const struct sim_selftest_kind sim_selftest_copies;
const struct sim_selftest_kind sim_selftest_copies = {
    .counts = "losses",
    .least = SIM_BATCHES,
    .systems = systems,
    .n = SW_LEN(systems),
    .simulate = simulate,
};

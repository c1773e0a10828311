/* SPDX-License-Identifier: GPL-3.0-or-later
 * Self test: a name that expires from a cache a fixed time after it was fetched.  Nothing in the
 * swarm caches yet, so the cache is the engine's clock alone: a fetch sets a timer. */
#include "node/base/rng.h"
#include "sim/engine/engine.h"
#include "sim/verbs/selftest.h"

#include <stdlib.h>

struct cache_system {
    double lambda; /* requests/s */
    double ttl;    /* s */
};

struct cache {
    const struct cache_system *system;
    struct sim_engine *engine;
    struct sw_rng arrivals;
    bool holds;

    /* The present batch. */
    uint64_t size, asked, hits;
    sw_time began;

    size_t n; /* batches before; the first is the warm-up */
    double share[SIM_BATCHES + 1], gaps[SIM_BATCHES + 1];
};

static void expire(void *self, uint64_t arg)
{
    (void)arg;
    ((struct cache *)self)->holds = false;
}

static void close_batch(struct cache *c)
{
    const sw_time now = sim_now(c->engine);
    c->share[c->n] = (double)c->hits / (double)c->asked;
    c->gaps[c->n] = (double)(now - c->began) / (double)SW_SEC / (double)c->asked;
    c->began = now;
    c->asked = 0;
    c->hits = 0;
    if (++c->n == SIM_BATCHES + 1) {
        sim_stop(c->engine);
    }
}

static void ask(void *self, uint64_t arg)
{
    (void)arg;
    struct cache *c = self;
    const sw_time now = sim_now(c->engine);
    c->asked++;
    if (c->holds) {
        c->hits++;
    } else {
        c->holds = true;
        (void)sim_at(c->engine, now + (sw_dur)(c->system->ttl * (double)SW_SEC), expire, c, 0);
    }
    const double gap =
        sw_exponential(sw_rng_next(&c->arrivals), (double)SW_SEC / c->system->lambda);
    (void)sim_at(c->engine, now + (sw_dur)(gap + 0.5), ask, c, 0);
    if (c->asked == c->size) {
        close_batch(c);
    }
}

static void simulate(const struct sim_selftest *t, uint64_t size, uint64_t seed,
                     struct sim_selftest_result *out)
{
    struct cache *c = calloc(1, sizeof *c);
    if (c == NULL || (c->engine = sim_engine_new()) == NULL) {
        sim_out_of_memory("the self test");
    }
    c->system = t->system;
    c->size = size / SIM_BATCHES;
    sw_rng_init(&c->arrivals, sw_rng_key(seed, "arrivals", t->name));
    (void)sim_at(c->engine, 0, ask, c, 0);
    sim_run(c->engine, SW_TIME_NEVER);
    out->events = sim_events(c->engine);
    const struct sim_control drawn = { c->gaps + 1, 1 / c->system->lambda };
    sim_selftest_claim(out, "hit ratio", sim_theory_cache_hits(c->system->lambda, c->system->ttl),
                       .01, c->share + 1, &drawn, 1);
    sim_engine_free(c->engine);
    free(c);
}

static const struct cache_system tenth_a_second = { .lambda = .1, .ttl = 60 };
static const struct sim_selftest systems[] = {
    { "TTL cache", 2000000, &tenth_a_second },
};

extern const struct sim_selftest_kind sim_selftest_cache;
const struct sim_selftest_kind sim_selftest_cache = {
    .counts = "requests", .systems = systems, .n = SW_LEN(systems), .simulate = simulate
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Self test: a stub resolver's cache that keeps a name for its TTL from when it was answered.  One
 * client like systemd-resolved asks a node for its zone's only name.  Each batch is a world of its
 * own, with its own seed. */
#include "node/base/rng.h"
#include "sim/verbs/one_node.h"
#include "sim/verbs/selftest.h"

#include <stdlib.h>

#define WARM_UP (600 * SW_SEC) /* ten TTLs: the cache has forgotten that it began empty */
#define TYPE_A 1

struct cache_system {
    double lambda; /* requests/s */
    double ttl;    /* s; the zone's */
};

/* TTL 60: a miss lasts .0004 s, whose share in a cycle would be 1e-6 of the hit ratio. */
static char zone[] = "$ORIGIN example.org.\n"
                     "$TTL 60\n"
                     "@ SOA ns.example.net. hostmaster 1 7200 900 1209600 60\n"
                     "@ NS ns.example.net.\n"
                     "@ A 192.0.2.1\n";

struct tally {
    uint64_t hits, misses;
};

static int count_start(struct sim_world *w, void **self)
{
    (void)w;
    *self = calloc(1, sizeof(struct tally));
    return *self == NULL ? SW_ERR_NOMEM : 0;
}

static void count_hit(void *self, struct sim_world *w, uint32_t group)
{
    (void)group;
    ((struct tally *)self)->hits += sim_world_now(w) >= WARM_UP ? 1 : 0;
}

static void count_miss(void *self, struct sim_world *w, const struct sim_query_done *q)
{
    (void)w;
    if (q->sent_at >= WARM_UP) { /* a node that starts refuses */
        SW_ASSERT(q->answered);
        ((struct tally *)self)->misses++;
    }
}

static const struct sim_watcher counter = { .name = "tally",
                                            .start = count_start,
                                            .on_query = count_miss,
                                            .on_cached = count_hit,
                                            .stop = free };

static void simulate(const struct sim_selftest *t, uint64_t size, uint64_t seed,
                     struct sim_selftest_result *out)
{
    const struct cache_system *y = t->system;
    const struct sw_rng_key key = sw_rng_key(seed, "worlds", t->name);
    const double length = (double)size / SIM_BATCHES / y->lambda; /* s */
    struct sim_type_share type = { TYPE_A, 1 };
    double share[SIM_BATCHES];
    double rate[SIM_BATCHES];
    struct sim_one_node *x = calloc(1, sizeof *x);
    if (x == NULL) {
        sim_out_of_memory("the self test");
    }
    sim_one_node_init(x, zone);
    x->clients.stub = SIM_STUB_RESOLVED;
    x->clients.count = 1;
    x->clients.rate = y->lambda;
    x->clients.timeout = 5 * SW_SEC;
    x->clients.attempts = 24;
    x->clients.types = &type;
    x->clients.n_types = 1;
    x->s.duration = WARM_UP + (sw_dur)(length * (double)SW_SEC);
    for (size_t i = 0; i < SIM_BATCHES; i++) {
        struct tally sum;
        sim_one_node_run(x, sw_rng_at(key, i, 0), &counter, &sum, sizeof sum, &out->events);
        SW_ASSERT(sum.hits + sum.misses > 0);
        share[i] = (double)sum.hits / (double)(sum.hits + sum.misses);
        rate[i] = (double)(sum.hits + sum.misses) / length;
    }
    const struct sim_control drawn = { rate, y->lambda };
    sim_selftest_claim(out, "hit ratio", sim_theory_cache_hits(y->lambda, y->ttl), .01, share,
                       &drawn, 1);
    free(x);
}

static const struct cache_system six_a_ttl = { .lambda = .1, .ttl = 60 };
static const struct sim_selftest systems[] = {
    { "TTL cache", 40000, &six_a_ttl },
};

extern const struct sim_selftest_kind sim_selftest_cache;
const struct sim_selftest_kind sim_selftest_cache = {
    .counts = "requests",
    .least = SIM_SELFTEST_RANDOM,
    .systems = systems,
    .n = SW_LEN(systems),
    .simulate = simulate,
};

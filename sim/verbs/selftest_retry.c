/* SPDX-License-Identifier: GPL-3.0-or-later
 * Self test: stub resolvers that ask one node over a network that loses packets each way.  All of
 * it is the scenarios' own: clients, network, host, processor and the node's code.  Each batch is a
 * world of its own, with its own seed. */
#include "node/base/rng.h"
#include "sim/verbs/one_node.h"
#include "sim/verbs/selftest.h"

#include <stdlib.h>

#define CLIENTS 1000
#define LENGTH (10 * SW_SEC)

struct retry_system {
    double loss; /* each way */
    uint32_t tries;
};

static char zone[] = "$ORIGIN example.org.\n"
                     "$TTL 300\n"
                     "@ SOA ns1 hostmaster 1 7200 900 1209600 60\n"
                     "@ NS ns1\n"
                     "ns1 A 192.0.2.1\n"
                     "www A 192.0.2.2\n";

/* What became of the queries sent while it counts. */
struct tally {
    uint64_t queries, failed, transmissions;
};

static int count_start(struct sim_world *w, void **self)
{
    (void)w;
    *self = calloc(1, sizeof(struct tally));
    return *self == NULL ? SW_ERR_NOMEM : 0;
}

static void count(void *self, struct sim_world *w, const struct sim_query_done *q)
{
    (void)w;
    struct tally *t = self;
    if (q->sent_at >= SIM_ONE_NODE_START && q->sent_at < SIM_ONE_NODE_START + LENGTH) {
        t->queries++;
        t->failed += q->answered ? 0 : 1;
        t->transmissions += q->transmissions;
    }
}

static const struct sim_watcher counter = {
    .name = "tally", .start = count_start, .on_query = count, .stop = free
};

static void simulate(const struct sim_selftest *t, uint64_t size, uint64_t seed,
                     struct sim_selftest_result *out)
{
    const struct retry_system *y = t->system;
    const struct sw_rng_key key = sw_rng_key(seed, "worlds", t->name);
    const double batch = (double)size / SIM_BATCHES;
    double failed[SIM_BATCHES];
    double transmissions[SIM_BATCHES];
    struct sim_one_node *x = calloc(1, sizeof *x);
    if (x == NULL) {
        sim_out_of_memory("the self test");
    }
    sim_one_node_init(x, zone);
    x->s.local.loss = y->loss;
    x->clients.count = CLIENTS;
    x->clients.rate = batch / ((double)LENGTH / (double)SW_SEC) / CLIENTS;
    x->clients.timeout = 100 * SW_MS;
    x->clients.attempts = y->tries;
    /* the last queries have time to give up */
    x->s.duration = SIM_ONE_NODE_START + LENGTH + (y->tries + 1) * x->clients.timeout;
    for (size_t i = 0; i < SIM_BATCHES; i++) {
        struct tally sum;
        sim_one_node_run(x, sw_rng_at(key, i, 0), &counter, &sum, sizeof sum, &out->events);
        SW_ASSERT(sum.queries > 0);
        failed[i] = (double)sum.failed / (double)sum.queries;
        transmissions[i] = (double)sum.transmissions / (double)sum.queries;
    }
    sim_selftest_claim(out, "P(fail)", sim_theory_retry_fails(y->loss, y->tries), .01, failed, NULL,
                       0);
    sim_selftest_claim(out, "tries", sim_theory_retry_transmissions(y->loss, y->tries), .01,
                       transmissions, NULL, 0);
    free(x);
}

static const struct retry_system three_tries = { .loss = .1, .tries = 3 };
static const struct sim_selftest systems[] = {
    { "retries, 10 % loss", 36000000, &three_tries },
};

extern const struct sim_selftest_kind sim_selftest_retry;
const struct sim_selftest_kind sim_selftest_retry = {
    .counts = "queries",
    .least = SIM_SELFTEST_RANDOM,
    .systems = systems,
    .n = SW_LEN(systems),
    .simulate = simulate,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Self test: stub resolvers that ask one node over a network that loses packets each way.  All of
 * it is the scenarios' own: clients, network, host, processor and the node's code.  Each batch is a
 * world of its own, with its own seed. */
#include "node/base/rng.h"
#include "sim/scenario/keys.h"
#include "sim/verbs/selftest.h"
#include "sim/world/world.h"

#include <stdlib.h>
#include <string.h>

#define CLIENTS 1000
#define START (500 * SW_MS) /* until then the node may still be starting */
#define LENGTH (10 * SW_SEC)

struct retry_system {
    double loss; /* each way */
    uint32_t tries;
};

static char zone_name[] = "example.org";
static char zone_file[] = "example.org.zone";
static char zone_text[] = "$ORIGIN example.org.\n"
                          "$TTL 300\n"
                          "@ SOA ns1 hostmaster 1 7200 900 1209600 60\n"
                          "@ NS ns1\n"
                          "ns1 A 192.0.2.1\n"
                          "www A 192.0.2.2\n";
static char policy[] = "random";
static char store[] = "store";
static char oracle[] = "answers";

/* One node, one region, one group of clients. */
struct retry_world {
    struct sim_scenario s;
    struct sim_region region;
    struct sim_zone zone;
    struct sw_zone_config zone_config;
    struct sim_node node;
    struct sim_clients clients;
    char *oracles[1];
};

static void set_node(struct retry_world *w)
{
    struct sw_config *c = &w->node.config;
    c->name = (struct sw_name){ "n0" };
    c->region = w->region.name;
    c->cores = 1;
    c->policy = policy;
    c->query_deadline = SW_SEC;
    c->query_attempts = 1;
    c->max_waiting = 1000;
    c->udp_size = 1232;
    c->copies = 1;
    c->membership = (struct sw_membership_config){ .period = SW_SEC, .timeout = 500 * SW_MS };
    c->store = store;
    c->zones = &w->zone_config;
    c->n_zones = 1;
    sim_identity_seed(c->name.s, c->identity);
    w->node.processor = (struct sim_processor){
        .cores = 1, .distribution = SIM_CONSTANT, .service = 10 * SW_US, .queue = 100000
    };
    w->node.disk = (struct sim_disk){ .latency = 100 * SW_US,
                                      .bandwidth = UINT64_C(200000000),
                                      .fsync = 2 * SW_MS,
                                      .capacity = SW_GIB };
}

/* @rate: queries/s */
static void set_world(struct retry_world *w, const struct retry_system *y, double rate)
{
    w->region = (struct sim_region){ .name = { "here" } };
    w->zone = (struct sim_zone){
        .name = zone_name, .file = zone_file, .text = zone_text, .len = sizeof zone_text - 1
    };
    w->zone_config = (struct sw_zone_config){ .name = zone_name, .file = zone_file };
    set_node(w);
    w->clients = (struct sim_clients){ .region = w->region.name,
                                       .count = CLIENTS,
                                       .rate = rate / CLIENTS,
                                       .servers = &w->node.config.name,
                                       .n_servers = 1,
                                       .timeout = 100 * SW_MS,
                                       .attempts = y->tries,
                                       .zone = zone_name,
                                       .zipf = 1 };
    w->oracles[0] = oracle;
    w->s = (struct sim_scenario){ .name = zone_name,
                                  .replications = 1,
                                  .interval = SW_SEC,
                                  .regions = &w->region,
                                  .n_regions = 1,
                                  .stretch = 1,
                                  .local = { .latency = 200 * SW_US, .loss = y->loss },
                                  .zones = &w->zone,
                                  .n_zones = 1,
                                  .nodes = &w->node,
                                  .n_nodes = 1,
                                  .clients = &w->clients,
                                  .n_clients = 1,
                                  .oracles = w->oracles,
                                  .n_oracles = 1 };
}

/* What became of the queries sent from @from until @until. */
struct tally {
    sw_time from, until;
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
    if (q->sent_at >= t->from && q->sent_at < t->until) {
        t->queries++;
        t->failed += q->answered ? 0 : 1;
        t->transmissions += q->transmissions;
    }
}

static const struct sim_watcher counter = {
    .name = "tally", .start = count_start, .on_query = count, .stop = free
};

/* One batch: queries once the node is up, and time for the last of them to give up. */
static struct tally run_batch(struct retry_world *x, uint64_t seed, uint64_t *events)
{
    struct sim_world *w = NULL;
    struct sim_result r = { 0 };
    struct sw_diag d = { 0 };
    void *self = NULL;
    x->s.duration = START + LENGTH + (x->clients.attempts + 1) * x->clients.timeout;
    if (sim_world_new(&x->s, seed, &w, &d) != 0 || sim_world_watch(w, &counter, &self) != 0) {
        sim_out_of_memory("the self test");
    }
    struct tally *t = self;
    t->from = START;
    t->until = START + LENGTH;
    const int err = sim_world_run(w, SW_TIME_NEVER, &r);
    SW_ASSERT(err == 0 && r.complaint[0] == '\0' && t->queries > 0);
    const struct tally sum = *t;
    *events += r.events;
    sim_world_free(w);
    return sum;
}

static void simulate(const struct sim_selftest *t, uint64_t size, uint64_t seed,
                     struct sim_selftest_result *out)
{
    const struct retry_system *y = t->system;
    const struct sw_rng_key key = sw_rng_key(seed, "worlds", t->name);
    const double batch = (double)size / SIM_BATCHES;
    double failed[SIM_BATCHES];
    double transmissions[SIM_BATCHES];
    struct retry_world *x = calloc(1, sizeof *x);
    if (x == NULL) {
        sim_out_of_memory("the self test");
    }
    set_world(x, y, batch / ((double)LENGTH / (double)SW_SEC));
    for (size_t i = 0; i < SIM_BATCHES; i++) {
        const struct tally sum = run_batch(x, sw_rng_at(key, i, 0), &out->events);
        failed[i] = (double)sum.failed / (double)sum.queries;
        transmissions[i] = (double)sum.transmissions / (double)sum.queries;
    }
    sim_selftest_claim(out, "P(fail)", sim_theory_retry_fails(y->loss, y->tries), .02, failed, NULL,
                       0);
    sim_selftest_claim(out, "tries", sim_theory_retry_transmissions(y->loss, y->tries), .01,
                       transmissions, NULL, 0);
    free(x);
}

static const struct retry_system three_tries = { .loss = .1, .tries = 3 };
static const struct sim_selftest systems[] = {
    { "retries, 10 % loss", 16000000, &three_tries },
};

extern const struct sim_selftest_kind sim_selftest_retry;
const struct sim_selftest_kind sim_selftest_retry = {
    .counts = "queries", .systems = systems, .n = SW_LEN(systems), .simulate = simulate
};

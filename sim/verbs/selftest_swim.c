/* SPDX-License-Identifier: GPL-3.0-or-later
 * Self test: how long it takes until one of a swarm's members first probes a member that has just
 * failed, with the scenarios' own network, hosts, connections and the node's code.
 *
 * Among 8, failures are acted out: the member's ACKs are lost until somebody takes it for suspect,
 * one period after that probe began; then it answers again and refutes, so that the swarm stays as
 * it was.  Each refutation has every member verify a signature, which larger swarms make dear:
 * there the first ACK counts that the member would have failed to send, and it is sent.
 *
 * Lifeguard is off, which changes nothing until a probe has failed, and keeps periods alike after
 * that, so that members may fail beside each other.  Before the first of them, each node is started
 * anew at a random moment of the time that a round takes: rounds' and periods' phases are
 * independent, as the formula has them. */
#define _POSIX_C_SOURCE 200809L
#include "node/base/rng.h"
#include "node/core/proto/swarm.pb-c.h"
#include "sim/verbs/selftest.h"
#include "sim/world/pool.h"
#include "sim/world/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PERIOD SW_SEC
#define MOST_NODES 128U
#define START (2 * SW_SEC)
#define SHORT (50 * SW_MS) /* how long a node is away that is started anew */
#define SETTLE (10 * SW_SEC)
#define CYCLE 12U /* periods; hardly any failure is found later */
#define LONGEST (24 * SW_HOUR)

struct swim_system {
    uint32_t nodes;
    uint32_t at_once; /* members that fail in a cycle, at most */
    uint32_t worlds;  /* divides SIM_BATCHES; a batch is a part of a world's time */
    bool suspected;   /* failures are acted out: found is who is suspect */
    double tolerance;
};

struct member {
    sw_time failed_at;
    bool failed;
};

/* The watcher, and what the hook knows. */
struct watch {
    struct sim_world *w;
    struct member members[MOST_NODES];
    bool suspected;
    double sum; /* periods */
    uint64_t n;
};

static void found(struct watch *t, struct member *m)
{
    m->failed = false;
    t->sum += (double)(sim_world_now(t->w) - m->failed_at) / (double)PERIOD - t->suspected;
    t->n++;
}

/* ---- failing ---- */

/* A failed member's ACKs are lost, where that is acted out; what else it sends arrives. */
static unsigned on_send(void *self, uint32_t node, uint8_t *message, size_t len)
{
    struct watch *t = self;
    if (!t->members[node].failed) {
        return 1;
    }
    Swarm__V1__Envelope *e = swarm__v1__envelope__unpack(NULL, len, message);
    if (e == NULL) {
        sim_out_of_memory("the self test");
    }
    const bool ack = e->body_case == SWARM__V1__ENVELOPE__BODY_PROBE &&
                     e->probe->kind == SWARM__V1__PROBE_KIND__PROBE_ACK;
    swarm__v1__envelope__free_unpacked(e, NULL);
    if (ack && !t->suspected) {
        found(t, &t->members[node]);
    }
    return ack && t->suspected ? 0 : 1;
}

static int start(struct sim_world *w, void **self)
{
    struct watch *t = sim_calloc(1, sizeof *t);
    t->w = w;
    *self = t;
    return 0;
}

static void on_trace(void *self, struct sim_world *w, uint32_t node, const struct sw_trace *trace)
{
    struct watch *t = self;
    const struct sim_scenario *s = sim_world_scenario(w);
    if (trace->kind != SW_TRACE_MEMBER_SUSPECT ||
        strcmp(trace->text, s->nodes[node].config.name.s) != 0) {
        return; /* heard of others */
    }
    struct member *m = &t->members[sim_node_index(s, trace->peer.s)];
    if (m->failed && t->suspected) {
        found(t, m);
    }
}

static const struct sim_watcher watcher = {
    .name = "swim", .start = start, .on_trace = on_trace, .stop = free
};

/* ---- the world ---- */

static struct sim_scenario *make_scenario(const struct swim_system *y, uint64_t seed)
{
    const struct sw_rng_key key = sw_rng_key(seed, "start anew", "");
    char *text = NULL;
    size_t len = 0;
    struct sim_scenario *s = NULL;
    struct sw_diag d = { "" };
    FILE *to = open_memstream(&text, &len);
    if (to == NULL) {
        sim_out_of_memory("the self test");
    }
    (void)fprintf(to,
                  "name: swim\nquestion: When is a failed member first probed?\nduration: %llus\n"
                  "regions: [{name: r, latitude: 0, longitude: 0}]\n"
                  "defaults: {node: {membership: {period: 1s, timeout: 100ms, lifeguard: false}}}\n"
                  "nodes: [{region: r, count: %u}]\noracles: []\nfaults:\n",
                  (unsigned long long)(LONGEST / SW_SEC), y->nodes);
    for (uint32_t i = 0; i < y->nodes; i++) {
        const sw_time at = START + sw_rng_at(key, i, 0) % ((y->nodes - 1) * PERIOD);
        (void)fprintf(to, "  - {kind: crash, node: r-%u, at: %lluns, for: %lluns}\n", i + 1,
                      (unsigned long long)at, (unsigned long long)SHORT);
    }
    if (fclose(to) != 0) {
        sim_out_of_memory("the self test");
    }
    const int err = sim_scenario_parse("selftest", text, len, NULL, &s, &d);
    if (err != 0) {
        (void)fprintf(stderr, "the self test's scenario: %s\n", d.text);
    }
    SW_ASSERT(err == 0);
    free(text);
    return s;
}

static void run_until(struct watch *t, sw_time until)
{
    struct sim_result r = { 0 };
    const int err = sim_world_run(t->w, until, &r);
    SW_ASSERT(err == 0);
}

/* @n different members fail at a random moment of a period; the rest of the cycle is for them to be
 * found, and to refute. */
static void fail_some(struct watch *t, uint32_t n, struct sw_rng *rng, sw_time at)
{
    const uint32_t nodes = (uint32_t)sim_world_scenario(t->w)->n_nodes;
    const sw_time moment = at + sw_rng_below(rng, PERIOD);
    run_until(t, moment);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t who = (uint32_t)sw_rng_below(rng, nodes);
        while (t->members[who].failed) {
            who = (uint32_t)sw_rng_below(rng, nodes);
        }
        t->members[who] = (struct member){ .failed_at = moment, .failed = true };
    }
}

/* Each batch's mean over @wanted failures; all that are wanted are found before the next begins. */
static void run_batches(struct watch *t, const struct swim_system *y, uint64_t wanted,
                        struct sw_rng *rng, double *mean, size_t n_batches)
{
    sw_time at = START + y->nodes * PERIOD + SETTLE;
    for (size_t i = 0; i < n_batches; i++) {
        t->sum = 0;
        t->n = 0;
        for (uint64_t left = wanted; left > 0; at += CYCLE * PERIOD) {
            const uint32_t n = left < y->at_once ? (uint32_t)left : y->at_once;
            fail_some(t, n, rng, at);
            left -= n;
        }
        for (; t->n < wanted; at += PERIOD) {
            run_until(t, at);
        }
        mean[i] = t->sum / (double)t->n;
    }
}

static void run_world(const struct swim_system *y, uint64_t wanted, uint64_t seed, double *mean,
                      uint64_t *events)
{
    struct sim_scenario *s = make_scenario(y, seed);
    struct sim_world *w = NULL;
    void *self = NULL;
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(seed, "failures", ""));
    if (sim_world_new(s, seed, &w, NULL) != 0 || sim_world_watch(w, &watcher, &self) != 0) {
        sim_out_of_memory("the self test");
    }
    struct watch *t = self;
    const struct sim_hooks hooks = { .self = t, .on_send = on_send };
    t->suspected = y->suspected;
    sim_world_hook(w, &hooks);
    run_batches(t, y, wanted, &rng, mean, SIM_BATCHES / y->worlds);
    *events += sim_world_events(w);
    sim_world_free(w);
    sim_scenario_free(s);
}

static void simulate(const struct sim_selftest *t, uint64_t size, uint64_t seed,
                     struct sim_selftest_result *out)
{
    const struct swim_system *y = t->system;
    const struct sw_rng_key key = sw_rng_key(seed, "worlds", t->name);
    double mean[SIM_BATCHES];
    const size_t part = SIM_BATCHES / y->worlds;
    for (uint32_t i = 0; i < y->worlds; i++) {
        run_world(y, size / SIM_BATCHES, sw_rng_at(key, i, 0), &mean[i * part], &out->events);
    }
    sim_selftest_claim(out, "probed", sim_theory_swim_probed(y->nodes), y->tolerance, mean, NULL,
                       0);
}

static const struct swim_system swim_8 = {
    .nodes = 8, .at_once = 2, .worlds = SIM_BATCHES, .suspected = true, .tolerance = .03
};
static const struct swim_system swim_32 = {
    .nodes = 32, .at_once = 32, .worlds = 16, .tolerance = .03
};
static const struct swim_system swim_128 = {
    .nodes = 128, .at_once = 128, .worlds = 4, .tolerance = .03
};
static const struct sim_selftest systems[] = {
    { "SWIM n=128", 25600, &swim_128 },
    { "SWIM n=32", 25600, &swim_32 },
    { "SWIM n=8", 19200, &swim_8 },
};

extern const struct sim_selftest_kind sim_selftest_swim;
const struct sim_selftest_kind sim_selftest_swim = {
    .counts = "failures", .systems = systems, .n = SW_LEN(systems), .simulate = simulate
};

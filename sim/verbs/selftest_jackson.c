/* SPDX-License-Identifier: GPL-3.0-or-later
 * Self test: an open network of processors, each customer sent on by chance (Jackson 1957).  A
 * batch is a number of customers that enter; what leaves while it lasts counts in it. */
#include "node/base/rng.h"
#include "sim/engine/engine.h"
#include "sim/verbs/selftest.h"
#include "sim/world/processor.h"

#include <stdlib.h>
#include <string.h>

#define UNIT SW_SEC

/* Customers enter at station 0. */
struct jackson_system {
    size_t n;
    double mu[SIM_STATIONS];
    double gamma[SIM_STATIONS]; /* only the first isn't 0 */
    double p[SIM_STATIONS][SIM_STATIONS];
};

struct network;

struct station {
    struct network *net;
    struct sim_processor_state *processor;
    size_t index;
    uint64_t visits;
    uint32_t present;
    sw_time changed_at; /* what @present counts */

    /* The present batch. */
    double area; /* customers x ns */
    uint64_t left, onward;
    sw_dur busy;     /* of the processor when it began */
    uint64_t served; /* the same */

    double l[SIM_BATCHES + 1], service[SIM_BATCHES + 1], share[SIM_BATCHES + 1];
};

struct network {
    const struct jackson_system *system;
    struct sim_engine *engine;
    struct station stations[SIM_STATIONS];
    struct sw_rng arrivals, routes;

    /* The present batch. */
    uint64_t size, entered, left;
    double sojourns; /* ns */
    sw_time began;

    size_t n; /* batches before; the first is the warm-up */
    double sojourn[SIM_BATCHES + 1], gaps[SIM_BATCHES + 1];
};

static void count(struct station *s, int change)
{
    const sw_time now = sim_now(s->net->engine);
    s->area += (double)s->present * (double)(now - s->changed_at);
    s->changed_at = now;
    s->present = (uint32_t)((int)s->present + change);
}

static void close_batch(struct network *net)
{
    const sw_time now = sim_now(net->engine);
    for (size_t i = 0; i < net->system->n; i++) {
        struct station *s = &net->stations[i];
        const uint64_t served = sim_processor_served(s->processor);
        const sw_dur busy = sim_processor_busy(s->processor);
        const double left = s->left > 0 ? (double)s->left : 1;
        count(s, 0);
        s->l[net->n] = s->area / (double)(now - net->began);
        s->service[net->n] = (double)(busy - s->busy) / (double)UNIT /
                             (double)(served > s->served ? served - s->served : 1);
        s->share[net->n] = (double)s->onward / left;
        s->area = 0;
        s->left = 0;
        s->onward = 0;
        s->busy = busy;
        s->served = served;
    }
    net->gaps[net->n] = (double)(now - net->began) / (double)UNIT / (double)net->entered;
    net->sojourn[net->n] = net->sojourns / (double)UNIT / (double)(net->left > 0 ? net->left : 1);
    net->began = now;
    net->entered = 0;
    net->left = 0;
    net->sojourns = 0;
    if (++net->n == SIM_BATCHES + 1) {
        sim_stop(net->engine);
    }
}

static void served(void *self, uint64_t entered_at);

static void come(struct station *s, uint64_t entered_at)
{
    count(s, 1);
    (void)sim_processor_submit(s->processor, s->visits++, served, s, entered_at);
}

/* The first station that a draw sends the customer to; what remains leaves. */
static void served(void *self, uint64_t entered_at)
{
    struct station *s = self;
    struct network *net = s->net;
    double u = sw_unit(sw_rng_next(&net->routes));
    count(s, -1);
    s->left++;
    bool first = true;
    for (size_t j = 0; j < net->system->n; j++) {
        const double p = net->system->p[s->index][j];
        if (p > 0 && u < p) {
            s->onward += first ? 1 : 0;
            come(&net->stations[j], entered_at);
            return;
        }
        first = first && p == 0;
        u -= p;
    }
    net->left++;
    net->sojourns += (double)(sim_now(net->engine) - entered_at);
}

static void enter(void *self, uint64_t arg)
{
    (void)arg;
    struct network *net = self;
    const sw_time now = sim_now(net->engine);
    net->entered++;
    come(&net->stations[0], now);
    const double gap =
        sw_exponential(sw_rng_next(&net->arrivals), (double)UNIT / net->system->gamma[0]);
    (void)sim_at(net->engine, now + (sw_dur)(gap + 0.5), enter, net, 0);
    if (net->entered == net->size) {
        close_batch(net);
    }
}

/* The controls: gaps, service times, and how often the first way out of a station was taken. */
static void claim(const struct network *net, struct sim_selftest_result *out)
{
    static const char *const names[SIM_STATIONS] = { "L1", "L2", "L3" };
    const struct jackson_system *y = net->system;
    struct sim_control drawn[SIM_CONTROLS] = { { net->gaps + 1, 1 / y->gamma[0] } };
    size_t k = 1;
    double p[SIM_STATIONS][SIM_STATIONS];
    double l[SIM_STATIONS];
    memcpy(p, y->p, sizeof p);
    const double w = sim_theory_jackson(y->n, y->mu, y->gamma, p, l);
    for (size_t i = 0; i < y->n; i++) {
        size_t j = 0;
        while (j + 1 < y->n && y->p[i][j] == 0) {
            j++;
        }
        drawn[k++] = (struct sim_control){ net->stations[i].service + 1, 1 / y->mu[i] };
        drawn[k++] = (struct sim_control){ net->stations[i].share + 1, y->p[i][j] };
    }
    for (size_t i = 0; i < y->n; i++) {
        sim_selftest_claim(out, names[i], l[i], .01, net->stations[i].l + 1, drawn, k);
    }
    sim_selftest_claim(out, "W", w, .01, net->sojourn + 1, drawn, k);
}

static void make(struct network *net, const struct sim_selftest *t, uint64_t seed)
{
    static const char *const names[SIM_STATIONS] = { "station 1", "station 2", "station 3" };
    net->system = t->system;
    net->engine = sim_engine_new();
    for (size_t i = 0; i < net->system->n; i++) {
        const struct sim_processor model = { .cores = 1,
                                             .distribution = SIM_EXPONENTIAL,
                                             .service = (sw_dur)((double)UNIT / net->system->mu[i]),
                                             .queue = SIM_QUEUE_UNLIMITED };
        struct station *s = &net->stations[i];
        s->net = net;
        s->index = i;
        s->processor =
            net->engine == NULL ? NULL : sim_processor_new(net->engine, &model, seed, names[i]);
        if (s->processor == NULL) {
            sim_out_of_memory("the self test");
        }
    }
    sw_rng_init(&net->arrivals, sw_rng_key(seed, "arrivals", t->name));
    sw_rng_init(&net->routes, sw_rng_key(seed, "routes", t->name));
}

static void simulate(const struct sim_selftest *t, uint64_t size, uint64_t seed,
                     struct sim_selftest_result *out)
{
    struct network *net = calloc(1, sizeof *net);
    if (net == NULL) {
        sim_out_of_memory("the self test");
    }
    make(net, t, seed);
    net->size = size / SIM_BATCHES;
    (void)sim_at(net->engine, 0, enter, net, 0);
    sim_run(net->engine, SW_TIME_NEVER);
    out->events = sim_events(net->engine);
    claim(net, out);
    for (size_t i = 0; i < net->system->n; i++) {
        sim_processor_free(net->stations[i].processor);
    }
    sim_engine_free(net->engine);
    free(net);
}

static const struct jackson_system three_queues = {
    .n = 3,
    .mu = { 2, 2, 1 },
    .gamma = { 1, 0, 0 },
    .p = { { 0, .6, .4 }, { .2, 0, 0 }, { 0, .3, 0 } },
};
static const struct sim_selftest systems[] = {
    { "Jackson, 3 queues", 10000000, &three_queues },
};

extern const struct sim_selftest_kind sim_selftest_jackson;
const struct sim_selftest_kind sim_selftest_jackson = {
    .counts = "customers",
    .least = SIM_BATCHES,
    .systems = systems,
    .n = SW_LEN(systems),
    .simulate = simulate,
};

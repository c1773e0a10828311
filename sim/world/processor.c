/* SPDX-License-Identifier: GPL-3.0-or-later
 * The processor: a ring of waiting requests, one slot a core, one event a service. */
#include "sim/world/processor.h"

#include <stdlib.h>

#include "node/base/bug.h"
#include "node/base/fmath.h"
#include "node/base/rng.h"

struct task {
    sim_fn fn;
    void *self;
    uint64_t arg;
    sw_dur service; /* healthy */
};

struct core {
    struct task task;
    sim_event_id end; /* 0: idle */
    sw_time began, ends_at;
    uint32_t next_idle; /* 1 + index; 0 none */
};

/* One urgent piece of work on its way. */
struct urgent {
    struct sim_processor_state *owner;
    sim_event_id end;
    sim_fn fn;
    void *self;
    uint64_t arg;
    struct urgent *next, *previous; /* newer first; @next links the unused as well */
};

struct sim_processor_state {
    struct sim_engine *engine;
    struct sim_processor model;
    struct sw_rng_key key;
    double location; /* log-normal: of the underlying normal, of ns, of a client's query */
    double slow;
    sw_time paused_at;          /* SW_TIME_NEVER: it is not */
    double cost[SW_WORK_COUNT]; /* ns a unit */

    struct core *cores;
    uint32_t idle; /* 1 + index of an idle core; 0 none */
    uint32_t serving;
    uint32_t computing; /* jobs */
    struct task *ring;  /* power of two */
    uint32_t head, waiting, room;

    struct urgent *urgent, *unused;

    uint64_t served, dropped;
    sw_dur busy, asked;
    double mean; /* ns */
};

double sim_work_cost(enum sw_work work)
{
    /* CPU seconds of the first backup of 2,246 MB by stage (hash 2.8, cut 1.0, compress 9.2),
     * unpacking the same tree 1.2, XChaCha20-Poly1305 at 1,265 MB/s; zone text by libzscanner
     * at about 100 MB/s. */
    static const double ns_per_byte[SW_WORK_COUNT] = {
        [SW_WORK_HASH] = 1.23,       [SW_WORK_CUT] = 0.45,  [SW_WORK_COMPRESS] = 4.55,
        [SW_WORK_DECOMPRESS] = 0.53, [SW_WORK_SEAL] = 0.79, [SW_WORK_PARSE] = 10.0,
    };
    SW_ASSERT(work < SW_WORK_COUNT);
    return ns_per_byte[work];
}

static void idle_all(struct sim_processor_state *p)
{
    for (uint32_t i = 0; i < p->model.cores; i++) {
        p->cores[i].end = 0;
        p->cores[i].next_idle = i + 1 < p->model.cores ? i + 2 : 0;
    }
    p->idle = 1;
    p->serving = 0;
}

struct sim_processor_state *sim_processor_new(struct sim_engine *e,
                                              const struct sim_processor *model, uint64_t seed,
                                              const char *name)
{
    SW_ASSERT(model->cores >= 1 && model->service > 0);
    struct sim_processor_state *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return NULL;
    }
    p->cores = calloc(model->cores, sizeof *p->cores);
    if (p->cores == NULL) {
        free(p);
        return NULL;
    }
    p->engine = e;
    p->model = *model;
    p->key = sw_rng_key(seed, "processor", name);
    p->mean = (double)model->service;
    p->location = sw_log(p->mean) - model->sigma * model->sigma / 2; /* the mean is as stated */
    p->slow = 1;
    p->paused_at = SW_TIME_NEVER;
    for (unsigned i = 0; i < SW_WORK_COUNT; i++) {
        p->cost[i] = model->cost[i] > 0 ? model->cost[i] : sim_work_cost((enum sw_work)i);
    }
    idle_all(p);
    return p;
}

void sim_processor_free(struct sim_processor_state *p)
{
    if (p == NULL) {
        return;
    }
    sim_processor_reset(p);
    while (p->unused != NULL) {
        struct urgent *u = p->unused;
        p->unused = u->next;
        free(u);
    }
    free(p->ring);
    free(p->cores);
    free(p);
}

/* To whole ns, at least one: work that takes no time would let nothing else in between. */
static sw_dur round_ns(double ns)
{
    return ns < 1 ? 1 : ns > 9e18 ? (sw_dur)9e18 : (sw_dur)(ns + 0.5);
}

static sw_dur mean_of(const struct sim_processor_state *p, enum sim_request as)
{
    switch (as) {
    case SIM_REQUEST_FORWARD:
        return p->model.forward;
    case SIM_REQUEST_PEER:
        return p->model.peer > 0 ? p->model.peer : p->model.service;
    case SIM_REQUEST_QUERY:
        break;
    }
    return p->model.service;
}

/* All kinds of one request draw the same luck: it is the same question. */
static sw_dur draw_service(const struct sim_processor_state *p, enum sim_request as,
                           uint64_t request)
{
    const double mean = (double)mean_of(p, as);
    switch (p->model.distribution) {
    case SIM_EXPONENTIAL:
        return round_ns(sw_exponential(sw_rng_at(p->key, request, 0), mean));
    case SIM_LOGNORMAL: {
        const double z = sw_normal(sw_rng_at(p->key, request, 0), sw_rng_at(p->key, request, 1));
        const double query = sw_exp(p->location + p->model.sigma * z);
        return round_ns(as == SIM_REQUEST_QUERY ? query
                                                : query * (mean / (double)p->model.service));
    }
    case SIM_BIMODAL: {
        const double share = p->model.long_share;
        const double factor = p->model.long_factor;
        const bool is_long = sw_unit(sw_rng_at(p->key, request, 0)) < share;
        return round_ns(mean * (is_long ? factor : 1) / (1 + share * (factor - 1)));
    }
    case SIM_CONSTANT:
        break;
    }
    return mean_of(p, as);
}

/* By what work takes longer because threads outnumber cores. */
static double crowding(const struct sim_processor_state *p)
{
    const uint32_t threads = p->serving + p->computing;
    return p->model.jobs != 0 || p->computing == 0 || threads <= p->model.cores
               ? 1
               : (double)threads / p->model.cores;
}

static sw_dur slowed(const struct sim_processor_state *p, sw_dur work)
{
    const double factor = p->slow * crowding(p);
    return factor == 1 ? work : round_ns((double)work * factor);
}

static sw_dur urgent_cost(const struct sim_processor_state *p)
{
    const sw_dur cost = p->model.urgent > 0 ? p->model.urgent : SIM_URGENT_COST;
    return p->slow == 1 ? cost : round_ns((double)cost * p->slow);
}

static void end_service(void *self, uint64_t index);

static void begin_service(struct sim_processor_state *p, const struct task *t)
{
    const uint32_t index = p->idle - 1;
    struct core *c = &p->cores[index];
    p->idle = c->next_idle;
    p->serving++;
    c->task = *t;
    c->began = sim_now(p->engine);
    c->ends_at = c->began + slowed(p, t->service);
    c->end = sim_at(p->engine, c->ends_at, end_service, p, index);
}

static void serve_next(struct sim_processor_state *p)
{
    if (p->waiting > 0) {
        const struct task next = p->ring[p->head];
        p->head = (p->head + 1) & (p->room - 1);
        p->waiting--;
        begin_service(p, &next);
    }
}

static void end_service(void *self, uint64_t index)
{
    struct sim_processor_state *p = self;
    struct core *c = &p->cores[index];
    const struct task done = c->task;
    const sw_dur took = sim_now(p->engine) - c->began;
    c->end = 0;
    c->next_idle = p->idle;
    p->idle = (uint32_t)index + 1;
    p->serving--;
    p->served++;
    p->busy += took;
    p->mean += ((double)took - p->mean) / 16;
    serve_next(p);
    done.fn(done.self, done.arg);
}

/* Double the ring, the oldest first in the new one. */
static void grow(struct sim_processor_state *p)
{
    const uint32_t room = p->room == 0 ? 16 : 2 * p->room;
    SW_ASSERT(room > p->room);
    struct task *ring = malloc(room * sizeof *ring);
    if (ring == NULL) {
        sim_out_of_memory("a processor's queue");
    }
    for (uint32_t i = 0; i < p->waiting; i++) {
        ring[i] = p->ring[(p->head + i) & (p->room - 1)];
    }
    free(p->ring);
    p->ring = ring;
    p->room = room;
    p->head = 0;
}

static bool submit(struct sim_processor_state *p, const struct task *t)
{
    p->asked += t->service;
    if (p->idle != 0 && p->paused_at == SW_TIME_NEVER) {
        begin_service(p, t);
        return true;
    }
    if (p->model.queue != SIM_QUEUE_UNLIMITED && p->waiting >= p->model.queue) {
        p->dropped++;
        return false;
    }
    if (p->waiting == p->room) {
        grow(p);
    }
    p->ring[(p->head + p->waiting) & (p->room - 1)] = *t;
    p->waiting++;
    return true;
}

bool sim_processor_submit_as(struct sim_processor_state *p, enum sim_request as, uint64_t request,
                             sim_fn fn, void *self, uint64_t arg)
{
    return submit(p, &(struct task){ fn, self, arg, draw_service(p, as, request) });
}

bool sim_processor_submit(struct sim_processor_state *p, uint64_t request, sim_fn fn, void *self,
                          uint64_t arg)
{
    return sim_processor_submit_as(p, SIM_REQUEST_QUERY, request, fn, self, arg);
}

bool sim_processor_submit_for(struct sim_processor_state *p, sw_dur service, sim_fn fn, void *self,
                              uint64_t arg)
{
    return submit(p, &(struct task){ fn, self, arg, service });
}

static void urgent_remove(struct urgent *u)
{
    struct sim_processor_state *p = u->owner;
    *(u->previous != NULL ? &u->previous->next : &p->urgent) = u->next;
    if (u->next != NULL) {
        u->next->previous = u->previous;
    }
    u->next = p->unused;
    p->unused = u;
}

static void end_urgent(void *self, uint64_t arg)
{
    (void)arg;
    struct urgent *u = self;
    const struct urgent done = *u;
    urgent_remove(u);
    done.fn(done.self, done.arg);
}

void sim_processor_urgent(struct sim_processor_state *p, sim_fn fn, void *self, uint64_t arg)
{
    struct urgent *u = p->unused;
    if (u != NULL) {
        p->unused = u->next;
    } else {
        u = malloc(sizeof *u);
        if (u == NULL) {
            sim_out_of_memory("urgent work");
        }
    }
    *u = (struct urgent){ .owner = p, .fn = fn, .self = self, .arg = arg, .next = p->urgent };
    if (p->urgent != NULL) {
        p->urgent->previous = u;
    }
    p->urgent = u;
    if (p->paused_at != SW_TIME_NEVER) {
        return; /* begins when the process goes on */
    }
    u->end = sim_at(p->engine, sim_now(p->engine) + urgent_cost(p), end_urgent, u, 0);
}

void sim_processor_reset(struct sim_processor_state *p)
{
    const sw_time now = p->paused_at != SW_TIME_NEVER ? p->paused_at : sim_now(p->engine);
    p->paused_at = SW_TIME_NEVER;
    for (uint32_t i = 0; i < p->model.cores; i++) {
        if (p->cores[i].end != 0) {
            p->busy += now - p->cores[i].began;
            sim_cancel(p->engine, p->cores[i].end);
        }
    }
    idle_all(p);
    p->computing = 0;
    p->head = 0;
    p->waiting = 0;
    while (p->urgent != NULL) {
        sim_cancel(p->engine, p->urgent->end);
        urgent_remove(p->urgent);
    }
}

static void pause_now(struct sim_processor_state *p)
{
    p->paused_at = sim_now(p->engine);
    for (uint32_t i = 0; i < p->model.cores; i++) {
        sim_cancel(p->engine, p->cores[i].end);
    }
    for (struct urgent *u = p->urgent; u != NULL; u = u->next) {
        sim_cancel(p->engine, u->end);
        u->end = 0;
    }
}

static void go_on(struct sim_processor_state *p)
{
    const sw_time now = sim_now(p->engine);
    const sw_dur paused = now - p->paused_at;
    struct urgent *oldest = p->urgent;
    p->paused_at = SW_TIME_NEVER;
    for (uint32_t i = 0; i < p->model.cores; i++) {
        struct core *c = &p->cores[i];
        if (c->end != 0) {
            c->began += paused;
            c->ends_at += paused;
            c->end = sim_at(p->engine, c->ends_at, end_service, p, i);
        }
    }
    while (p->idle != 0 && p->waiting > 0) {
        serve_next(p);
    }
    while (oldest != NULL && oldest->next != NULL) {
        oldest = oldest->next;
    }
    for (struct urgent *u = oldest; u != NULL; u = u->previous) {
        u->end = sim_at(p->engine, now + urgent_cost(p), end_urgent, u, 0);
    }
}

void sim_processor_pause(struct sim_processor_state *p, bool paused)
{
    if (paused && p->paused_at == SW_TIME_NEVER) {
        pause_now(p);
    } else if (!paused && p->paused_at != SW_TIME_NEVER) {
        go_on(p);
    }
}

void sim_processor_slow(struct sim_processor_state *p, double factor)
{
    SW_ASSERT(factor > 0);
    p->slow = factor;
}

void sim_processor_job(struct sim_processor_state *p, bool begins)
{
    SW_ASSERT(begins || p->computing > 0);
    p->computing += begins ? 1 : UINT32_MAX;
}

sw_dur sim_processor_work(const struct sim_processor_state *p, enum sw_work work, uint64_t units)
{
    SW_ASSERT(work < SW_WORK_COUNT);
    return units == 0 ? 0 : round_ns((double)units * p->cost[work] * p->slow * crowding(p));
}

void sim_processor_calibrate(struct sim_processor_state *p, enum sw_work work, double cost)
{
    SW_ASSERT(work < SW_WORK_COUNT && cost >= 0);
    p->cost[work] = cost;
}

uint32_t sim_processor_waiting(const struct sim_processor_state *p)
{
    return p->waiting;
}

uint32_t sim_processor_serving(const struct sim_processor_state *p)
{
    return p->serving;
}

struct sw_load sim_processor_load(const struct sim_processor_state *p)
{
    return (struct sw_load){ .waiting = p->waiting + p->serving,
                             .cores = p->model.cores,
                             .service = (sw_dur)p->mean };
}

sw_dur sim_processor_service(const struct sim_processor_state *p)
{
    return (sw_dur)p->mean;
}

uint64_t sim_processor_served(const struct sim_processor_state *p)
{
    return p->served;
}

uint64_t sim_processor_dropped(const struct sim_processor_state *p)
{
    return p->dropped;
}

sw_dur sim_processor_busy(const struct sim_processor_state *p)
{
    return p->busy;
}

sw_dur sim_processor_asked(const struct sim_processor_state *p)
{
    return p->asked;
}

double sim_processor_speed(const struct sim_processor_state *p)
{
    return p->paused_at == SW_TIME_NEVER ? p->model.cores / p->slow : 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * A node's processor: c cores behind one FIFO queue of finite length.  Requests wait, are served
 * for a time drawn from the model, and are then handed on; job work is charged in bytes. */
#ifndef SIM_PROCESSOR_H
#define SIM_PROCESSOR_H

#include "node/core/event.h"
#include "sim/engine/engine.h"
#include "sim/scenario/scenario.h"

/* What urgent work costs unless the model says otherwise (timers, acknowledgements, gossip): it
 * does not queue. */
#define SIM_URGENT_COST (2 * SW_US)
/* A model's queue that never drops. */
#define SIM_QUEUE_UNLIMITED UINT32_MAX

struct sim_processor_state;

/* What a request is: each has a mean of its own. */
enum sim_request {
    SIM_REQUEST_QUERY,   /* a client's */
    SIM_REQUEST_FORWARD, /* what forwarding it adds */
    SIM_REQUEST_PEER,    /* a peer's */
};

/* @model is copied: cores >= 1, service > 0.  Service times are drawn by (@seed, @name, request),
 * never by order of use, so that the same request costs the same whatever else happens.
 * NULL when memory is out. */
struct sim_processor_state *sim_processor_new(struct sim_engine *e,
                                              const struct sim_processor *model, uint64_t seed,
                                              const char *name);
/* Cancels what is pending; no function is called. */
void sim_processor_free(struct sim_processor_state *p);

/* Queue @request; when it has been served, call @fn(@self, @arg).  False when the queue is full:
 * the request is dropped and counted, @fn is never called. */
bool sim_processor_submit(struct sim_processor_state *p, uint64_t request, sim_fn fn, void *self,
                          uint64_t arg);
/* The same for a request of another kind than a client's query. */
bool sim_processor_submit_as(struct sim_processor_state *p, enum sim_request as, uint64_t request,
                             sim_fn fn, void *self, uint64_t arg);
/* The same with @service instead of a drawn service time, for kinds of work with costs of their
 * own; the slow-down factor applies. */
bool sim_processor_submit_for(struct sim_processor_state *p, sw_dur service, sim_fn fn, void *self,
                              uint64_t arg);
/* Work that must not wait behind queries: @fn after SIM_URGENT_COST (slow-down applies), whatever
 * the queue.  It occupies no core. */
void sim_processor_urgent(struct sim_processor_state *p, sim_fn fn, void *self, uint64_t arg);

/* The node crashed: everything waiting, in service or urgent is forgotten, no function is called;
 * counters and the slow-down stay, a pause does not. */
void sim_processor_reset(struct sim_processor_state *p);
/* The process stops (SIGSTOP), or goes on: nothing is served meanwhile, urgent work neither, and
 * what was in service goes on where it was. */
void sim_processor_pause(struct sim_processor_state *p, bool paused);
/* A grey failure: work begun from now on takes @factor times as long (> 0; 1 is healthy). */
void sim_processor_slow(struct sim_processor_state *p, double factor);

/* A job's thread begins to compute, or ceases to.  Unless the model sets jobs apart, cores are
 * shared evenly: with n requests in service and k jobs computing on c cores, each gets min(1, c /
 * (n + k)) of one.  The share of a request, or of a job's stretch of work, is what it is when that
 * begins; who comes and goes meanwhile does not change it. */
void sim_processor_job(struct sim_processor_state *p, bool begins);
/* Processor time of job work, slow-down and share included, in ns: what a job's fibre waits for,
 * between the two calls above. */
sw_dur sim_processor_work(const struct sim_processor_state *p, enum sw_work work, uint64_t units);
/* Replace the cost of @work, ns a unit (>= 0).  The defaults are sim_work_cost's. */
void sim_processor_calibrate(struct sim_processor_state *p, enum sw_work work, double cost);
/* Default cost, ns a byte: what one core of a 2.5 GHz Xeon needed when the backup pipeline was
 * measured. */
double sim_work_cost(enum sw_work work);

uint32_t sim_processor_waiting(const struct sim_processor_state *p); /* not yet in service */
uint32_t sim_processor_serving(const struct sim_processor_state *p); /* <= cores */
/* Exponentially weighted mean of service times as they ended, weight 1/16; the model's mean before
 * the first. */
sw_dur sim_processor_service(const struct sim_processor_state *p);
/* All of it, as a node is told. */
struct sw_load sim_processor_load(const struct sim_processor_state *p);
uint64_t sim_processor_served(const struct sim_processor_state *p);
uint64_t sim_processor_dropped(const struct sim_processor_state *p);
/* Core time spent in service since the start; over (cores * time) it is the utilisation. */
sw_dur sim_processor_busy(const struct sim_processor_state *p);
/* Core time that all requests so far ask for on a healthy node, dropped ones too. */
sw_dur sim_processor_asked(const struct sim_processor_state *p);
/* What it can give now, in healthy cores: fewer while it is slow, none while it is paused. */
double sim_processor_speed(const struct sim_processor_state *p);

#endif

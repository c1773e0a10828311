/* SPDX-License-Identifier: GPL-3.0-or-later
 * The discrete-event engine: pooled events in (time, sequence) order, a virtual clock, a running
 * trace hash.  One engine a run, one thread. */
#ifndef SIM_ENGINE_H
#define SIM_ENGINE_H

#include "node/base/types.h"

struct sim_engine;

/* What fires.  @self and @arg are the scheduler's; nothing is freed by the engine. */
typedef void (*sim_fn)(void *self, uint64_t arg);

/* Names a scheduled event; never reused within a run; 0 is none. */
typedef uint64_t sim_event_id;

struct sim_engine *sim_engine_new(void); /* NULL when memory is out */
void sim_engine_free(struct sim_engine *e);
sw_time sim_now(const struct sim_engine *e);
uint64_t sim_events(const struct sim_engine *e); /* fired so far */
size_t sim_pending(const struct sim_engine *e);

/* Fire @fn(@self, @arg) at @at (>= now; an earlier one is a bug and traps).  Equal times fire in
 * the order scheduled.  Ends the process when memory is out: a simulator has no other choice. */
sim_event_id sim_at(struct sim_engine *e, sw_time at, sim_fn fn, void *self, uint64_t arg);
/* Nothing happens when it has fired already. */
void sim_cancel(struct sim_engine *e, sim_event_id id);

/* Fire the next event if it is due at or before @until: true when one fired.  The clock stands
 * at the event's time, or at @until when nothing more was due. */
bool sim_step(struct sim_engine *e, sw_time until);
/* sim_step until false or sim_stop. */
void sim_run(struct sim_engine *e, sw_time until);
void sim_stop(struct sim_engine *e);

/* Fold into the trace hash: the time is added by the engine. */
void sim_trace(struct sim_engine *e, uint32_t entity, uint32_t kind, const void *payload, size_t len);
uint64_t sim_trace_hash(const struct sim_engine *e);

#endif

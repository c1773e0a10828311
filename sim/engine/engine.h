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

/* Which structure holds pending events.  Both give the same order and trace hash; the heap is
 * the reference, the wheel is faster. */
enum sim_queue { SIM_QUEUE_HEAP, SIM_QUEUE_WHEEL, SIM_QUEUE_COUNT };

/* An engine on the faster queue; NULL when memory is out.  At most 2^24 - 1 events may be
 * pending at once and 2^40 - 1 be scheduled in a run: more is a bug and traps. */
struct sim_engine *sim_engine_new(void);
struct sim_engine *sim_engine_new_on(enum sim_queue queue);
const char *sim_queue_name(enum sim_queue queue);
/* Frees pending events without firing them.  Fibres must have ended (sim_fibre_unwind). */
void sim_engine_free(struct sim_engine *e);
sw_time sim_now(const struct sim_engine *e);
uint64_t sim_events(const struct sim_engine *e); /* fired so far */
size_t sim_pending(const struct sim_engine *e);

/* Fire @fn(@self, @arg) at @at (>= now; an earlier one is a bug and traps).  Equal times fire in
 * the order scheduled.  Ends the process when memory is out: a simulator has no other choice. */
sim_event_id sim_at(struct sim_engine *e, sw_time at, sim_fn fn, void *self, uint64_t arg);
/* Nothing happens when it has fired already, was cancelled, or is 0. */
void sim_cancel(struct sim_engine *e, sim_event_id id);
/* From now on, equal times fire in an order drawn from @seed instead of the order scheduled: a
 * hunt finds code that leans on it.  Call it before anything is scheduled. */
void sim_shuffle_ties(struct sim_engine *e, uint64_t seed);

/* Fire the next event if it is due at or before @until: true when one fired.  The clock stands
 * at the event's time, or at @until when nothing more was due (SW_TIME_NEVER leaves it). */
bool sim_step(struct sim_engine *e, sw_time until);
/* sim_step until false or sim_stop. */
void sim_run(struct sim_engine *e, sw_time until);
/* The running sim_run returns after the present event; the next one starts afresh. */
void sim_stop(struct sim_engine *e);

/* Fold into the trace hash: the time is added by the engine.  Only what is traced counts, so
 * that an observer's own events leave the hash as it was.  The hash is 64 bits, made for telling
 * runs apart and not against an adversary; equal on all processors and compilers. */
void sim_trace(struct sim_engine *e, uint32_t entity, uint32_t kind, const void *payload,
               size_t len);
uint64_t sim_trace_hash(const struct sim_engine *e);
/* Call @fn(@self, ...) after everything that is traced from now on, with the hash that came of it:
 * to find where two runs part.  NULL: no more. */
typedef void (*sim_trace_fn)(void *self, uint32_t entity, uint32_t kind, uint64_t hash);
void sim_trace_tell(struct sim_engine *e, sim_trace_fn fn, void *self);

/* For every part of the simulator that cannot go on without memory: print what it was for and
 * end the process with exit code 3 (the environment's fault). */
_Noreturn void sim_out_of_memory(const char *what);

#endif

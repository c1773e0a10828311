/* SPDX-License-Identifier: GPL-3.0-or-later
 * Fibres: a job's blocking code on its own stack, so that virtual time can pass inside it. */
#ifndef SIM_FIBRE_H
#define SIM_FIBRE_H

#include "sim/engine/engine.h"

struct sim_fibre;

/* Run @body(@arg) on a new stack, beginning now, inside the engine's event.  Returns when the
 * body first waits or ends: the fibre may be gone by then, so look at what @body left behind and
 * not through the pointer.  NULL when memory is out (@body did not run). */
struct sim_fibre *sim_fibre_start(struct sim_engine *e, void (*body)(void *arg), void *arg);
/* From inside fibre @f: let @delay of virtual time pass; others run meanwhile.  A delay of 0 still
 * lets whatever is due now run first.  Returns at once while sim_fibre_unwind runs. */
void sim_fibre_wait(struct sim_fibre *f, sw_dur delay);
/* From inside fibre @f: from now on it goes on after a wait only while *@held is 0.  What was
 * due meanwhile waits for sim_fibre_release.  @held must outlive the fibre. */
void sim_fibre_hold(struct sim_fibre *f, const uint32_t *held);
/* *@held is 0 again: what waited for that goes on now, oldest fibre first. */
void sim_fibre_release(struct sim_engine *e, const uint32_t *held);
/* The fibre that runs now, or NULL on the engine's own stack. */
struct sim_fibre *sim_fibre_current(const struct sim_engine *e);
/* A fibre frees itself when its body returns; until then the engine must live. */

/* Fibres that have not ended. */
size_t sim_fibre_count(const struct sim_engine *e);
/* The end of a run, from the engine's own stack: resume every fibre now, oldest first, its waits
 * returning at once, until none is left.  Make its file calls fail before (sim_disk_crash), so that
 * it has a reason to return. */
void sim_fibre_unwind(struct sim_engine *e);

#endif

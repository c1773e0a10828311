/* SPDX-License-Identifier: GPL-3.0-or-later
 * Fibres: a job's blocking code on its own stack, so that virtual time can pass inside it. */
#ifndef SIM_FIBRE_H
#define SIM_FIBRE_H

#include "sim/engine/engine.h"

struct sim_fibre;

/* Run @body(@arg) on a new stack, beginning now, inside the engine's event.  Returns when the
 * body first waits or ends.  NULL when memory is out. */
struct sim_fibre *sim_fibre_start(struct sim_engine *e, void (*body)(void *arg), void *arg);
/* From inside a fibre: let @delay of virtual time pass; others run meanwhile. */
void sim_fibre_wait(struct sim_fibre *f, sw_dur delay);
/* The fibre that runs now, or NULL on the engine's own stack. */
struct sim_fibre *sim_fibre_current(const struct sim_engine *e);
/* A fibre frees itself when its body returns; until then the engine must live. */

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Many runs at once: each in a process of its own, which sends its rows to the parent over a pipe
 * and ends.  A run can't disturb another, and one that dies is reported with its seed. */
#ifndef SIM_CREW_H
#define SIM_CREW_H

#include "sim/record/rows.h"

struct sim_task {
    const struct sim_scenario *s; /* outlives the crew */
    uint64_t seed;
};

struct sim_crew_progress {
    size_t done, tasks;
    double simulated, to_simulate; /* s, of all tasks */
    uint64_t events;               /* fired so far, by all */
};

struct sim_crew {
    const struct sim_task *tasks;
    size_t n;
    uint32_t jobs; /* processes at once; >= 1 */
    void *self;
    /* A run ended: @rows are lent for the call.  Anything but 0 stops all others. */
    int (*on_done)(void *self, size_t task, struct sw_bytes rows, struct sw_diag *d);
    /* Called several times a second; may be NULL. */
    void (*on_progress)(void *self, const struct sim_crew_progress *p);
};

/* Run all tasks.  Errors: what on_done returned; SW_ERR_CRASHED: a run's process died (the diag
 * says which seed, and how); SW_ERR_STATE: a run could not be made (the diag says why); SW_ERR_IO:
 * no process or pipe could be made; SW_ERR_NOMEM. */
int sim_crew_run(const struct sim_crew *crew, struct sw_diag *d);

#endif

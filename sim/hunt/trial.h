/* SPDX-License-Identifier: GPL-3.0-or-later
 * Trying one scenario with one seed in a process of its own, so that a node that dies is a finding
 * like any other. */
#ifndef SIM_TRIAL_H
#define SIM_TRIAL_H

#include "sim/world/world.h"

#include <sys/types.h>

/* The oracle's name when a run's process died, or used more processor time than it may. */
#define SIM_TRIAL_DIED "process"

struct sim_trial {
    const char *path; /* where the scenario lies, or would: other files are looked for beside it */
    const char *text;
    size_t len;
    uint64_t seed;
    struct sim_world_options how;
    bool quiet;                    /* what the run's process says on stderr is dropped */
    const struct sim_hooks *hooks; /* planted errors; NULL: none */
};

struct sim_finding {
    bool unusable;       /* the scenario can't be read or made: @r.complaint says why */
    struct sim_result r; /* r.complaint is "" when nothing was found */
    uint32_t judged;     /* sim_world_judged */
    struct sw_site_count sites[SW_SITE_COUNT]; /* of the core; none without how.buggify */
};

/* One that runs.  Zero-initialised is none. */
struct sim_trying {
    pid_t pid; /* 0: none */
    int fd;    /* readable when it has ended */
    struct sim_finding *shared;
};

/* Start; borrowed things are needed only for the call.  Errors: SW_ERR_IO (no process, no pipe). */
int sim_trial_start(const struct sim_trial *t, struct sim_trying *out, struct sw_diag *d);
/* It has ended: what it found. */
void sim_trial_finish(struct sim_trying *t, struct sim_finding *out);
/* End it, whatever it is at. */
void sim_trial_abandon(struct sim_trying *t);
/* Start, wait, finish.  Errors as start. */
int sim_trial_run(const struct sim_trial *t, struct sim_finding *out, struct sw_diag *d);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * From a scenario that fails to a small one that fails in the same way. */
#ifndef SIM_SHRINK_H
#define SIM_SHRINK_H

#include "node/base/buf.h"
#include "sim/hunt/sketch.h"
#include "sim/hunt/trial.h"

struct sim_shrink {
    struct sim_trial trial;     /* the failing one; its text is valid */
    const char *configuration;  /* of the text; NULL: none */
    struct sim_finding finding; /* what it found */
    uint32_t most_trials;       /* give up shrinking further after so many runs */
    /* Called after every run; may be NULL. */
    void (*on_trial)(void *self, uint32_t trials, size_t faults, size_t nodes);
    void *self;
};

struct sim_shrunk {
    struct sw_blob text; /* the smallest scenario that still fails by the same oracle: yours */
    struct sim_world_options how; /* what it needs of the failing one's */
    struct sim_finding finding;
    size_t before[SIM_PART_KINDS], after[SIM_PART_KINDS]; /* parts */
    uint32_t trials;
};

/* Take away faults, operations, clients, regions and nodes by ddmin, time from the end, and copies
 * of what is protected, until nothing more can go; where more than two faults or three nodes are
 * left, with other seeds as well (@out->finding.r.seed).  Errors: those of sim_trial_start and
 * sim_sketch_parse; SW_ERR_STATE: the scenario as written again does not fail.  Free @out->text
 * with sw_blob_fini in any case. */
int sim_shrink(const struct sim_shrink *in, struct sim_shrunk *out, struct sw_diag *d);

#endif

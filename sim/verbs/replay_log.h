/* SPDX-License-Identifier: GPL-3.0-or-later
 * A watcher that writes down what happens in a run around a time, for people or as JSON. */
#ifndef SIM_REPLAY_LOG_H
#define SIM_REPLAY_LOG_H

#include "sim/world/world.h"

#include <stdio.h>

/* What can be written down; a set of 1 << kind. */
enum sim_log_kind {
    SIM_LOG_TRACE,   /* what a node says of itself */
    SIM_LOG_PEER,    /* its connections coming and going, and whom it suspects */
    SIM_LOG_JOB,     /* work on its disk */
    SIM_LOG_QUERY,   /* a client accepted an answer or gave up */
    SIM_LOG_FAULT,   /* a fault begins or ends */
    SIM_LOG_RESTORE, /* files came back, or did not */
    SIM_LOG_ORACLE,  /* a violation */
    SIM_LOG_KINDS
};
const char *sim_log_kind_name(enum sim_log_kind kind);

struct sim_log {
    FILE *to;
    bool json; /* objects separated by commas, for the inside of a list */
    sw_time from, until;
    uint32_t kinds; /* set of 1 << enum sim_log_kind */
    uint32_t node;  /* only what concerns this one, faults apart; UINT32_MAX: all */
    uint64_t lines; /* written so far */
};

/* Watch @w from now on, as @settings say, writing as it happens.  @log belongs to the world.
 * Errors: those of sim_world_watch. */
int sim_log_watch(struct sim_world *w, const struct sim_log *settings, struct sim_log **log);
/* A run stopped as @r says: write the complaint, when there is one and it lies in the window. */
void sim_log_result(struct sim_log *log, const struct sim_result *r);

#endif

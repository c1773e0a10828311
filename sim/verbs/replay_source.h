/* SPDX-License-Identifier: GPL-3.0-or-later
 * The scenario to replay: from a scenario file, or from a study's database that keeps its text and
 * what each configuration sets. */
#ifndef SIM_REPLAY_SOURCE_H
#define SIM_REPLAY_SOURCE_H

#include "sim/scenario/scenario.h"

/* What is to be replayed. */
struct sim_replay_wanted {
    const char *path;          /* a scenario file, or a study's database */
    const char *scenario;      /* of those in a database, by name; NULL: the only one */
    const char *configuration; /* NULL: the only one there is, or that ran the seed */
    uint64_t seed;
};

struct sim_replay_source {
    struct sim_scenario *s; /* the caller's to free */
    bool stored;            /* it comes from a database, where its run left this hash */
    uint64_t trace_hash;
};

/* Errors: those of sim_scenario_load and sim_db_read; SW_ERR_NOTFOUND: several, one must be named,
 * or there is no such run.  @out->s is NULL then. */
int sim_replay_source(const struct sim_replay_wanted *w, struct sim_replay_source *out,
                      struct sw_diag *d);

#endif

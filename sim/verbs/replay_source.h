/* SPDX-License-Identifier: GPL-3.0-or-later
 * The scenario to replay: from a scenario file, or from a study's database that keeps its text. */
#ifndef SIM_REPLAY_SOURCE_H
#define SIM_REPLAY_SOURCE_H

#include "sim/scenario/scenario.h"

/* Read @path in configuration @name; NULL: the only one there is, or of a study the only one that
 * ran @seed.  Errors: those of sim_scenario_load; SW_ERR_NOTFOUND: several, one must be named, or
 * the database has no such run. */
int sim_replay_source(const char *path, const char *name, uint64_t seed, struct sim_scenario **out,
                      struct sw_diag *d);

#endif

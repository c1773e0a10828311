/* SPDX-License-Identifier: GPL-3.0-or-later
 * What swarmsim tune says: the tuned set as a file, the search as CSV, a summary, JSON. */
#ifndef SIM_VERBS_TUNE_H
#define SIM_VERBS_TUNE_H

#include "sim/search/tune.h"

#include <stdio.h>

/* @command: as it would be typed again. */
void sim_tune_write(const struct sim_tune *t, const char *command, FILE *to);
/* Every candidate: where it came from, its parameters, the trials it got and their mean. */
void sim_tune_write_search(const struct sim_tune *t, const char *command, FILE *to);
void sim_tune_print(const struct sim_tune *t, FILE *to);
void sim_tune_print_json(const struct sim_tune *t, const char *command, FILE *to);

#endif

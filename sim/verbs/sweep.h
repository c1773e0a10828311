/* SPDX-License-Identifier: GPL-3.0-or-later
 * What swarmsim sweep says: tables in files, for people and as JSON. */
#ifndef SIM_VERBS_SWEEP_H
#define SIM_VERBS_SWEEP_H

#include "sim/search/sweep.h"

#include <stdio.h>

/* Write points.csv and effects.csv into @folder.  Errors: SW_ERR_IO. */
int sim_sweep_tables(const struct sim_sweep *s, const char *folder, struct sw_diag *d);
void sim_sweep_print(const struct sim_sweep *s, FILE *to);
void sim_sweep_print_json(const struct sim_sweep *s, FILE *to);
/* What oracles found, a line each, and how many runs measured too little; returns how many runs
 * that is together. */
size_t sim_sweep_print_complaints(const struct sim_sweep *s, FILE *to);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmsim run --until: seeds as long as a metric's interval is too wide. */
#ifndef SIM_UNTIL_H
#define SIM_UNTIL_H

#include "sim/analyse/compare.h"
#include "sim/analyse/sequential.h"

#include <stdio.h>

struct sim_until {
    struct sim_measure measure;
    struct sim_sequential rule;
    struct sim_interval found[SIM_COMPARE_ARMS]; /* one a configuration, of the latest look */
    const char *arms[SIM_COMPARE_ARMS];          /* their names; the study's */
    size_t n_arms;
    uint64_t runs;                     /* of each, at that look */
    uint64_t values[SIM_COMPARE_ARMS]; /* of those, how many had the fault that is asked about */
    bool reached;                      /* by all of them */
};

/* Read @text, "METRIC [during FAULT] +- P %", and allow @most runs of each configuration.
 * Errors: those of sim_measure_parse; SW_ERR_MALFORMED, SW_ERR_RANGE. */
int sim_until_parse(struct sim_until *u, const char *text, uint64_t most, struct sw_diag *d);
void sim_until_print(const struct sim_until *u, FILE *to);
/* The member "until" and a comma. */
void sim_until_print_json(const struct sim_until *u, FILE *to);

#endif

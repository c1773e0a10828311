/* SPDX-License-Identifier: GPL-3.0-or-later
 * A comparison at work: the study, what is compared, what is claimed. */
#ifndef SIM_VERB_COMPARE_H
#define SIM_VERB_COMPARE_H

#include "sim/analyse/compare.h"
#include "sim/verbs/study.h"

#define SIM_CLAIMS 16
#define SIM_FAMILIES 64

struct sim_compare_study {
    struct sim_study study;
    struct sim_comparison comparison;
    struct sim_claim claims[SIM_CLAIMS];
    size_t n_claims;
    double settled[SIM_COMPARE_ARMS]; /* s from the beginning, by MSER-5; NaN: can't say */
};

/* compare_print.c */
void sim_compare_print(const struct sim_compare_study *cs, FILE *to);
void sim_compare_print_json(const struct sim_compare_study *cs, FILE *to);

/* compare_families.c */
/* Whether two studies may stand beside each other as families: the same systems, two scenarios, two
 * folders.  Returns an exit code; says on stderr what is wrong. */
int sim_families_check(const struct sim_study *a, const struct sim_study *b);
/* What holds over @n scenarios in which the same systems were compared by the
 * same measures. */
void sim_families_print(const struct sim_comparison *const *c, size_t n, FILE *to);
/* The end of an object that began with the families. */
void sim_families_print_json(const struct sim_comparison *const *c, size_t n, FILE *to);

#endif

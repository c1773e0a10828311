/* SPDX-License-Identifier: GPL-3.0-or-later
 * A study at work: a scenario's configurations, seeds, runs and verdicts. */
#ifndef SIM_STUDY_H
#define SIM_STUDY_H

#include "sim/analyse/verdict.h"
#include "sim/record/crew.h"
#include "sim/verbs/until.h"

#include <stdio.h>

#define SIM_POLICIES 32

struct sim_study_options {
    const char *scenario;      /* path */
    const char *configuration; /* NULL: all */
    /* Routing policies, each a configuration of its own over that one; none: the scenario's own */
    const char *policies[SIM_POLICIES];
    size_t n_policies;
    bool seeds_given;
    uint64_t first_seed, n_seeds; /* when given; otherwise the scenario's */
    struct sim_until *until; /* NULL: exactly those; otherwise from the first as far as it says */
    uint32_t jobs;
    const char *out; /* folder; NULL: results/runs/NAME[-FAMILY]-DATE */
    unsigned family; /* from 1 on, of several that begin at once; 0: the only one */
    bool json;       /* nothing on stdout but the result */
};

/* One configuration of the study. */
struct sim_arm {
    struct sim_scenario *s;
    struct sim_verdict *verdicts; /* one an expectation, once judged */
};

struct sim_study {
    struct sim_study_options options;
    struct sim_arm *arms;
    size_t n_arms;
    struct sim_task *tasks;     /* seed by seed, each with every arm: common random numbers */
    struct sim_run_info *infos; /* one a task */
    size_t n_tasks;
    size_t *missing; /* tasks that the database doesn't hold yet, n_missing of them */
    size_t n_missing;
    size_t n_begun;     /* of the missing */
    double elapsed;     /* s, of all runs, as the clock on the wall saw it */
    char out[512];      /* folder */
    char database[600]; /* in it */
    struct sim_db *db;
};

/* Read the scenario, in all its configurations.  Errors: those of sim_scenario_load. */
int sim_study_load(struct sim_study *st, struct sw_diag *d);
/* Make the folder and the database, or find the runs that an earlier call left in it.
 * Errors: those of sim_db_open and sim_db_study; SW_ERR_IO. */
int sim_study_open(struct sim_study *st, struct sw_diag *d);
/* Run every task that is missing, and judge.  Errors: those of sim_crew_run and sim_db_run. */
int sim_study_run(struct sim_study *st, struct sw_diag *d);
void sim_study_fini(struct sim_study *st);

/* Make the folder @out, or results/runs/NAME-DATE when it is NULL, with all above it.
 * Errors: SW_ERR_RANGE (too long), SW_ERR_IO. */
int sim_study_folder(const char *out, const char *name, char folder[512], struct sw_diag *d);

/* Whether a fault of that kind happens in every configuration, or may. */
bool sim_study_has_fault(const struct sim_study *st, const char *kind);
/* Whether an oracle complained, an expectation failed, or the cap came before the interval. */
bool sim_study_failed(const struct sim_study *st);

/* interrupted.c: once the folder is known: SIGINT and SIGTERM end the process as ever, and before
 * that say how to go on. */
void sim_study_on_interrupt(const struct sim_study *st);

/* warnings.c: what the scenarios say and hardly mean, a line each; and which part of a run was
 * measured, when that is not nearly all of it. */
void sim_study_warn(const struct sim_study *st, FILE *to);
void sim_study_print_measured(const struct sim_study *st, FILE *to);

/* summary.c: what came out, for people or as JSON (contracts: field names are stable). */
void sim_study_print(const struct sim_study *st, FILE *to);
void sim_study_print_complaints(const struct sim_study *st, FILE *to);
void sim_study_print_json(const struct sim_study *st, FILE *to);

/* progress.c: a line that is rewritten on a terminal, a line now and then elsewhere; on stderr. */
struct sim_progress_line {
    bool terminal;
    double began, told; /* s */
    size_t done;
};
void sim_progress_begin(struct sim_progress_line *p);
void sim_progress_tell(struct sim_progress_line *p, const struct sim_crew_progress *now);
double sim_progress_end(struct sim_progress_line *p); /* how long it took, s */

#endif

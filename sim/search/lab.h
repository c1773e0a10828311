/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where points are tried: runs them over scenarios and seeds, and never the same twice. */
#ifndef SIM_LAB_H
#define SIM_LAB_H

#include "sim/record/db.h"
#include "sim/search/objective.h"
#include "sim/search/point.h"

#define SIM_MEASURES 32 /* terms included */
#define SIM_FAMILY 64   /* scenarios at most */

/* One run: asked for, and what came of it. */
struct sim_trial {
    const struct sim_point *point;
    size_t number;   /* of the point, for people who read the database */
    size_t scenario; /* index */
    uint64_t seed;
    double values[SIM_MEASURES]; /* of the lab's measures; NaN: not measured */
    double objective;            /* NaN: not measured, or an oracle stopped it */
    char complaint[160];         /* what an oracle found; "" nothing */
};

struct sim_lab {
    /* The caller's, set before sim_lab_open. */
    const char *scenarios[SIM_FAMILY]; /* paths */
    size_t n_scenarios;
    struct sim_objective objective; /* its terms are the first measures */
    struct sim_measure measures[SIM_MEASURES];
    size_t n_measures;
    uint32_t jobs;
    size_t shard, shards; /* this one of so many, from 0: only its share is run; 0: no shards */
    const char *database; /* path; NULL: nothing is kept */
    uint64_t first_seed,
        seeds; /* what the database says is wanted of each; 0: nothing in particular */

    /* The lab's own. */
    struct sw_name names[SIM_FAMILY]; /* of the scenarios */
    int64_t studies[SIM_FAMILY];
    struct sim_db *db;
    uint64_t tried, reused; /* trials; those of them found in the database */
    bool incomplete;        /* a trial of another shard is missing */
    uint64_t stopped;       /* by an oracle */
    char first[200];        /* what it found in the first of those */
    double elapsed;         /* s that they took */
};

/* Add the measure @text unless it is among them.  Errors: those of sim_measure_parse, and
 * SW_ERR_RANGE (too many). */
int sim_lab_measure(struct sim_lab *lab, const char *text, size_t *index, struct sw_diag *d);
/* Take the objective's terms as the first measures. */
void sim_lab_aim(struct sim_lab *lab, const struct sim_objective *o);
/* Read every scenario once, and open the database.
 * Errors: those of sim_scenario_load, sim_db_open and sim_db_family; SW_ERR_EXISTS: two scenarios
 * have one name. */
int sim_lab_open(struct sim_lab *lab, struct sw_diag *d);
/* Fill in all @n trials: from the database where they are stored, otherwise by running them.  What
 * comes out depends neither on the number of processes nor on what was stored.
 * Errors: those of sim_crew_run, sim_db_run and sim_point_load; SW_ERR_BUSY with @lab->incomplete:
 * this shard's share is done, others' are not stored here. */
int sim_lab_try(struct sim_lab *lab, struct sim_trial *t, size_t n, struct sw_diag *d);
/* Write where the runs come from: version, core, program. */
void sim_lab_build(char out[300]);
void sim_lab_fini(struct sim_lab *lab);

/* "A..B" or "A".  Errors: SW_ERR_MALFORMED. */
int sim_lab_seeds(const char *text, uint64_t *first, uint64_t *n, struct sw_diag *d);

#endif

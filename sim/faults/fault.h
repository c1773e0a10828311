/* SPDX-License-Identifier: GPL-3.0-or-later
 * A kind of failure: one file beside this one, and one line in faults.def. */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include "node/base/rng.h"
#include "sim/world/world.h"

#include <stdio.h>

/* A parameter as a scenario writes it. */
struct sim_fault_param {
    const char *key;
    enum {
        SIM_PARAM_NODE,
        SIM_PARAM_NODES, /* names with spaces between them */
        SIM_PARAM_REGION,
        SIM_PARAM_DURATION,
        SIM_PARAM_NUMBER,
        SIM_PARAM_FLAG,  /* true or false */
        SIM_PARAM_CHOICE /* one of @choices */
    } type;
    bool required;
    double low, high, fallback; /* numbers, flags, choices (which one); durations in ns */
    const char *unit, *help;
    const char *choices; /* "kept|lost" */
    bool tame;           /* hunts leave it alone: other than by default, oracles rightly complain */
};

/* A node or region that was not given. */
#define SIM_PARAM_ABSENT UINT32_MAX
/* More parameters than any kind has. */
#define SIM_FAULT_PARAMS_MAX 8

/* Parsed parameters, in the order of the kind's table. */
union sim_fault_value {
    uint32_t index;    /* of node, region or choice */
    const char *nodes; /* as written, NULL when not given; lent by the scenario's fault */
    double number;
    sw_dur duration;
    bool flag;
};

struct sim_fault_kind {
    const char *name, *help;
    const struct sim_fault_param *params;
    size_t n_params;
    /* What is wrong with values that are each for themselves right, "" when nothing is; such a
     * fault would do nothing, or something else than its kind says.  NULL: all fit together. */
    const char *(*check)(const struct sim_scenario *s, const union sim_fault_value *values);
    /* Begin it, once more where sim_world_again asked for that, or end it, with the same values. */
    void (*apply)(struct sim_world *w, const union sim_fault_value *values, bool begins);
};

/* Is @name among the names of SIM_PARAM_NODES? */
bool sim_fault_names(const char *nodes, const char *name);

/* Registered kinds; NULL past the end, and for an unknown name. */
const struct sim_fault_kind *sim_fault_kind_at(size_t i);
const struct sim_fault_kind *sim_fault_kind_find(const char *name);
/* Check @f's parameters against its kind and the scenario's names; @cap >= the kind's n_params.
 * Errors: SW_ERR_MALFORMED, SW_ERR_RANGE, SW_ERR_NOTFOUND; the diag reads
 * "line:column: key: what is wrong (what is expected)". */
int sim_fault_bind(const struct sim_scenario *s, const struct sim_fault *f,
                   const struct sim_fault_kind **kind, union sim_fault_value *values, size_t cap,
                   struct sw_diag *d);

/* The same for a fault whose other parameters are drawn later: none is required, and those that are
 * there need not fit together before all are. */
int sim_fault_check(const struct sim_scenario *s, const struct sim_fault *f, struct sw_diag *d);

/* ---- draw.c ---- */

/* As likely between 1 and 10 as between 10 and 100; 0 < @low <= @high. */
double sim_draw_log_uniform(struct sw_rng *rng, double low, double high);
/* Add to @f, of kind @kind, what its table asks for and it has not: what is required, and half of
 * the rest, tame parameters excepted; again until they fit together.  Keys are the table's, values
 * the caller's to free, as is the list.  False: nothing fits in 64 draws, none was added. */
bool sim_fault_draw(struct sim_fault *f, const struct sim_fault_kind *kind,
                    const struct sim_scenario *s, struct sw_rng *rng);

/* ---- storm.c ---- */

/* The faults of a run with @seed: @s's own, then those that its storm draws.  Each kind draws from
 * streams of its own, and so does each fault: without one kind, the others stay as they are.
 * sim_storm_free frees the list and what was drawn; the rest stays @s's. */
struct sim_fault *sim_storm_draw(const struct sim_scenario *s, uint64_t seed, size_t *n);
void sim_storm_free(struct sim_fault *faults, size_t n);

/* ---- describe.c ---- */

/* What a parameter is when it is not given, as a scenario would write it; "" for none. */
#define SIM_PARAM_TEXT_MAX 64
void sim_fault_param_default(const struct sim_fault_param *p, char out[SIM_PARAM_TEXT_MAX]);
/* In a person's words: "duration". */
const char *sim_fault_param_type(const struct sim_fault_param *p);
/* Its bounds, as "1 to 1000" or "1ms to 1h"; "" when it has none. */
void sim_fault_param_range(const struct sim_fault_param *p, char out[SIM_PARAM_TEXT_MAX]);
/* All parameters of @f, defaults included, as a JSON object: numbers in the table's unit, durations
 * in seconds, names of nodes and regions, null where none was given.  The text becomes the
 * caller's; NULL when memory is out or @f does not bind. */
char *sim_fault_json(const struct sim_scenario *s, const struct sim_fault *f);
/* The registry as JSON, and as Markdown for the documentation of scenarios. */
void sim_faults_print_json(FILE *to);
void sim_faults_print_markdown(FILE *to);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which differences between systems hold, when all of them ran with the same seeds. */
#ifndef SIM_COMPARE_H
#define SIM_COMPARE_H

#include "sim/analyse/metric.h"
#include "sim/analyse/stats.h"

#include <stddef.h>

struct sqlite3;

#define SIM_COMPARE_ARMS 32
#define SIM_COMPARE_METRICS 32

/* A measure: "dns.latency.p99", "availability during crash". */
struct sim_measure {
    const struct sim_metric *metric;
    char during[64]; /* kind of fault; "" the whole run after warm-up */
    double error;    /* of reading it, relative: sim_metric_error */
};

/* Read @text, "METRIC [during FAULT]".  Errors: SW_ERR_NOTFOUND (no such metric, or one that has no
 * value during faults; the diag says so). */
int sim_measure_parse(struct sim_measure *m, const char *text, struct sw_diag *d);

/* What the paired difference to the baseline says. */
enum sim_change {
    SIM_IS_BASELINE,
    SIM_LOWER,
    SIM_HIGHER,
    SIM_NOT_APART, /* may be chance, or less than the error of reading */
    SIM_TOO_FEW,   /* the same difference in every run, and too few runs to rule out chance */
    SIM_ALIKE,     /* no difference in any run */
    SIM_NO_VERDICT /* one run only, or a run that did not measure it */
};

struct sim_cell {
    struct sim_interval value;  /* mean over runs and its 95 % interval */
    struct sim_interval change; /* mean paired difference to the baseline, likewise */
    double p, holm;             /* of the difference; adjusted for all that is compared */
    enum sim_change verdict;
    size_t measured; /* runs, of those that count, that gave a finite value */
};

/* Zero-initialised is valid and empty. */
struct sim_comparison {
    struct sim_measure measures[SIM_COMPARE_METRICS];
    size_t n_measures;
    const char *arms[SIM_COMPARE_ARMS]; /* configurations; the caller's */
    size_t n_arms, baseline;
    uint64_t first_seed;
    size_t runs; /* of each arm */
    /* Of those, in how many the measure's fault happened, in every arm: only they count. */
    size_t counted[SIM_COMPARE_METRICS];
    double *values;         /* measure x arm x run, those that count first; NaN: not measured */
    struct sim_cell *cells; /* measure x arm */
    size_t tests;           /* how many differences Holm's correction takes together */
};

/* Add the measure @text, "METRIC [during FAULT]", unless it is there, and say which it is.
 * Errors: SW_ERR_NOTFOUND (no such metric, or one that has no value during faults; the diag says
 * so), SW_ERR_RANGE (too many). */
int sim_comparison_add(struct sim_comparison *c, const char *text, size_t *index,
                       struct sw_diag *d);
/* Add those of @names, separated by commas; NULL: what one usually asks.  Errors: the same, and
 * SW_ERR_MALFORMED (none, or too many), SW_ERR_NOMEM. */
int sim_comparison_add_list(struct sim_comparison *c, const char *names, struct sw_diag *d);
/* Compare with the arm @name; NULL: with random where it takes part, otherwise with the first.
 * Errors: SW_ERR_NOTFOUND. */
int sim_comparison_base(struct sim_comparison *c, const char *name, struct sw_diag *d);
/* Read the values of the latest study in @sq.  Errors: SW_ERR_NOMEM, SW_ERR_MALFORMED. */
int sim_comparison_read(struct sim_comparison *c, struct sqlite3 *sq, struct sw_diag *d);
/* Fill the cells from the values.
 *
 * Intervals are Student's t over runs, widened by the error of reading.  A difference holds when
 * its widened interval leaves 0 out, and its p is below 5 % after Holm's correction over all
 * differences of all measures. */
void sim_comparison_judge(struct sim_comparison *c);
void sim_comparison_fini(struct sim_comparison *c);

const struct sim_cell *sim_comparison_cell(const struct sim_comparison *c, size_t measure,
                                           size_t arm);
const double *sim_comparison_values(const struct sim_comparison *c, size_t measure, size_t arm);
/* "lower", "not told apart": a word for a cell. */
const char *sim_change_word(enum sim_change change);
/* "dns.latency.p99 during crash" */
void sim_measure_name(const struct sim_measure *m, char *out, size_t cap);

/* ---- claims ---- */

/* "dns.latency.p99: ant_colony < random": left's whole interval lies on that side of right's, and
 * so does the whole interval of their paired difference from 0. */
struct sim_claim {
    const char *text;
    size_t measure, left, right;
    char op;                        /* '<' or '>' */
    struct sim_interval difference; /* left - right; NaN while unjudged */
    bool holds;
};
/* Parse @text, which must outlive the claim; its measure is added to @c, whose arms are known.
 * Errors: SW_ERR_MALFORMED, SW_ERR_NOTFOUND, and those of sim_comparison_add. */
int sim_claim_parse(struct sim_claim *claim, const char *text, struct sim_comparison *c,
                    struct sw_diag *d);
/* After sim_comparison_judge. */
void sim_claim_judge(struct sim_claim *claim, const struct sim_comparison *c);

#endif

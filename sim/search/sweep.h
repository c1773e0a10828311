/* SPDX-License-Identifier: GPL-3.0-or-later
 * A sweep: a design's points, each over every scenario and seed of a study, and what that shows. */
#ifndef SIM_SWEEP_H
#define SIM_SWEEP_H

#include "sim/search/file.h"
#include "sim/search/lab.h"
#include "sim/search/paired.h"

/* One point by one measure. */
struct sim_sweep_cell {
    double mean;             /* over scenarios and seeds */
    struct sim_paired other; /* paired difference to point 0 */
    double holm;             /* its p, adjusted for all differences of the sweep */
};

struct sim_sweep {
    struct sim_search_file file;
    struct sim_lab lab;
    struct sim_point *points; /* number 0: the defaults; then the design's */
    double *coordinates;      /* @n_points rows of file.n_dims; NaN in that of the defaults */
    size_t n_points;
    struct sim_trial *trials; /* point by point, scenario by scenario, seed by seed */
    size_t n_trials;

    /* Once run: */
    size_t n_measures;            /* the objective, then the lab's */
    struct sim_sweep_cell *cells; /* measure x point */
    struct sim_effect *effects;   /* measure x dimension */
};

/* Read the study @path, with @policy unless it is NULL, and lay out its points.  Zero-initialise
 * @s; free with sim_sweep_fini in any case.  Errors: those of sim_search_file_read; SW_ERR_RANGE:
 * too many points. */
int sim_sweep_read(struct sim_sweep *s, const char *path, const char *policy, struct sw_diag *d);
/* Try every trial, or of @shards shards number @shard (from 0).  Call sim_lab_open before.
 * Errors: those of sim_lab_try. */
int sim_sweep_run(struct sim_sweep *s, size_t shard, size_t shards, struct sw_diag *d);
/* After all trials: fill cells and effects.  Errors: SW_ERR_NOMEM. */
int sim_sweep_judge(struct sim_sweep *s, struct sw_diag *d);
void sim_sweep_fini(struct sim_sweep *s);

const struct sim_sweep_cell *sim_sweep_cell(const struct sim_sweep *s, size_t measure,
                                            size_t point);
const struct sim_effect *sim_sweep_effect(const struct sim_sweep *s, size_t measure, size_t dim);
/* "objective", or the metric's; and its unit. */
void sim_sweep_measure(const struct sim_sweep *s, size_t measure, char name[160],
                       const char **unit);

/* plot_response.c: OUT/response-MEASURE.svg and .png, a panel a parameter.  Returns how many, or an
 * error as of sim_report. */
int sim_sweep_plot(const struct sim_sweep *s, const char *out, struct sw_diag *d);

#endif

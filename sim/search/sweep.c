/* SPDX-License-Identifier: GPL-3.0-or-later
 * Sweeps, from the design to the main effects. */
#include "sim/search/sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_TRIALS 2000000U

static int no_memory(struct sw_diag *d)
{
    return sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
}

/* ---- laying out ---- */

static size_t make_design(const struct sim_search_file *f, double **u)
{
    switch ((enum sim_design)f->design) {
    case SIM_GRID:
        return sim_design_grid(f->dims, f->n_dims, f->points, u);
    case SIM_LATIN:
        *u = sim_design_latin(f->n_dims, f->points, f->seed);
        return *u != NULL ? f->points : 0;
    default:
        *u = sim_design_sobol(f->n_dims, f->points, 0);
        return *u != NULL ? f->points : 0;
    }
}

static int make_points(struct sim_sweep *s, struct sw_diag *d)
{
    const size_t dim = s->file.n_dims;
    double *u = NULL;
    const size_t n = make_design(&s->file, &u);
    if (n == 0) {
        return sw_diag_set(d, SW_ERR_RANGE, "points: more than %u, or out of memory",
                           SIM_DESIGN_MOST);
    }
    s->n_points = n + 1;
    s->points = calloc(s->n_points, sizeof *s->points);
    s->coordinates = calloc(s->n_points * dim, sizeof *s->coordinates);
    int err = s->points == NULL || s->coordinates == NULL ? no_memory(d) : 0;
    for (size_t i = 0; i < s->n_points && err == 0; i++) {
        double *at = &s->coordinates[i * dim];
        s->points[i] = s->file.defaults;
        for (size_t k = 0; k < dim; k++) {
            at[k] = i == 0 ? (double)NAN : u[(i - 1) * dim + k];
        }
        err = i == 0 ? 0 : sim_space_place(s->file.dims, dim, at, &s->points[i], d);
    }
    free(u);
    return err;
}

static int make_trials(struct sim_sweep *s, struct sw_diag *d)
{
    const size_t seeds = s->file.replications;
    const size_t blocks = s->file.n_scenarios * seeds;
    s->n_trials = s->n_points * blocks;
    if (s->n_trials > MOST_TRIALS) {
        return sw_diag_set(d, SW_ERR_RANGE, "more than %u runs", MOST_TRIALS);
    }
    s->trials = calloc(s->n_trials, sizeof *s->trials);
    for (size_t i = 0; s->trials != NULL && i < s->n_trials; i++) {
        s->trials[i] = (struct sim_trial){ .point = &s->points[i / blocks],
                                           .number = i / blocks,
                                           .scenario = i % blocks / seeds,
                                           .seed = s->file.seed + i % seeds };
    }
    return s->trials != NULL ? 0 : no_memory(d);
}

static int aim(struct sim_sweep *s, struct sw_diag *d)
{
    const struct sim_search_file *f = &s->file;
    struct sim_lab *lab = &s->lab;
    if (f->n_scenarios < 1 || f->n_scenarios > SIM_FAMILY) {
        return sw_diag_set(d, SW_ERR_RANGE, "scenarios: expected 1 to %d", SIM_FAMILY);
    }
    sim_lab_aim(lab, &f->objective);
    int err = 0;
    for (size_t i = 0; i < f->n_metrics && err == 0; i++) {
        size_t index;
        err = sim_lab_measure(lab, f->metrics[i], &index, d);
    }
    for (size_t i = 0; i < f->n_scenarios; i++) {
        lab->scenarios[i] = f->scenarios[i];
    }
    lab->n_scenarios = f->n_scenarios;
    lab->first_seed = f->seed;
    lab->seeds = f->replications;
    s->n_measures = lab->n_measures + 1;
    return err;
}

int sim_sweep_read(struct sim_sweep *s, const char *path, const char *policy, struct sw_diag *d)
{
    int err = sim_search_file_read(path, policy, &s->file, d);
    if (err == 0) {
        err = aim(s, d);
    }
    if (err == 0) {
        err = make_points(s, d);
    }
    return err == 0 ? make_trials(s, d) : err;
}

/* ---- running ---- */

int sim_sweep_run(struct sim_sweep *s, size_t shard, size_t shards, struct sw_diag *d)
{
    if (shards <= 1) {
        return sim_lab_try(&s->lab, s->trials, s->n_trials, d);
    }
    struct sim_trial *own = calloc(s->n_trials / shards + 1, sizeof *own);
    size_t n = 0;
    for (size_t i = shard; own != NULL && i < s->n_trials; i += shards) {
        own[n++] = s->trials[i];
    }
    const int err = own != NULL ? sim_lab_try(&s->lab, own, n, d) : no_memory(d);
    free(own);
    return err;
}

/* ---- judging ---- */

static double value_of(const struct sim_trial *t, size_t measure)
{
    return measure == 0 ? t->objective : t->values[measure - 1];
}

/* Every trial's value of one measure, in order. */
static void gather(const struct sim_sweep *s, size_t measure, double *out)
{
    for (size_t i = 0; i < s->n_trials; i++) {
        out[i] = value_of(&s->trials[i], measure);
    }
}

static void judge_points(struct sim_sweep *s, size_t measure, const double *values)
{
    const size_t seeds = s->file.replications;
    const size_t blocks = s->file.n_scenarios * seeds;
    for (size_t i = 0; i < s->n_points; i++) {
        struct sim_sweep_cell *c = &s->cells[measure * s->n_points + i];
        const double *x = &values[i * blocks];
        for (size_t k = 0; k < blocks; k++) {
            c->mean += x[k] / (double)blocks;
        }
        c->other = sim_paired(x, values, s->file.n_scenarios, seeds);
        c->other.p = i == 0 ? (double)NAN : c->other.p;
    }
}

static void judge_dims(struct sim_sweep *s, size_t measure, double *u, double *y)
{
    const size_t dim = s->file.n_dims;
    for (size_t k = 0; k < dim; k++) {
        const struct sim_dimension *x = &s->file.dims[k];
        const size_t own = x->n_values > 0              ? x->n_values
                           : s->file.design == SIM_GRID ? s->file.points
                           : s->n_points > 32           ? 8
                                                        : 4;
        for (size_t i = 0; i < s->n_points; i++) {
            u[i] = s->coordinates[i * dim + k];
            y[i] = s->cells[measure * s->n_points + i].mean;
        }
        s->effects[measure * dim + k] = sim_effect(u, y, s->n_points, own);
    }
}

static void correct(struct sim_sweep *s, double *p, double *holm)
{
    const size_t n = s->n_measures * s->n_points;
    for (size_t i = 0; i < n; i++) {
        p[i] = s->cells[i].other.p;
    }
    sim_stats_holm(p, n, holm);
    for (size_t i = 0; i < n; i++) {
        s->cells[i].holm = holm[i];
    }
}

int sim_sweep_judge(struct sim_sweep *s, struct sw_diag *d)
{
    const size_t cells = s->n_measures * s->n_points;
    s->cells = calloc(cells, sizeof *s->cells);
    s->effects = calloc(s->n_measures * s->file.n_dims, sizeof *s->effects);
    double *values = calloc(s->n_trials, sizeof *values);
    double *scratch = calloc(2 * cells, sizeof *scratch);
    const bool made = s->cells != NULL && s->effects != NULL && values != NULL && scratch != NULL;
    for (size_t i = 0; made && i < s->n_measures; i++) {
        gather(s, i, values);
        judge_points(s, i, values);
        judge_dims(s, i, scratch, scratch + cells);
    }
    if (made) {
        correct(s, scratch, scratch + cells);
    }
    free(values);
    free(scratch);
    return made ? 0 : no_memory(d);
}

const struct sim_sweep_cell *sim_sweep_cell(const struct sim_sweep *s, size_t measure, size_t point)
{
    return &s->cells[measure * s->n_points + point];
}

const struct sim_effect *sim_sweep_effect(const struct sim_sweep *s, size_t measure, size_t dim)
{
    return &s->effects[measure * s->file.n_dims + dim];
}

void sim_sweep_measure(const struct sim_sweep *s, size_t measure, char name[160], const char **unit)
{
    if (measure == 0) {
        (void)snprintf(name, 160, "objective");
        *unit = "";
        return;
    }
    sim_measure_name(&s->lab.measures[measure - 1], name, 160);
    *unit = s->lab.measures[measure - 1].metric->unit;
}

void sim_sweep_fini(struct sim_sweep *s)
{
    sim_lab_fini(&s->lab);
    sim_search_file_fini(&s->file);
    free(s->points);
    free(s->coordinates);
    free(s->trials);
    free(s->cells);
    free(s->effects);
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * The tuner's beginning and end: the study, and the winner on seeds and scenarios that it never
 * saw. */
#include "sim/search/tune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_BUDGET 50U /* trials a training scenario */

static int no_memory(struct sw_diag *d)
{
    return sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
}

/* ---- the study ---- */

static int check(const struct sim_tune *t, struct sw_diag *d)
{
    const struct sim_search_file *f = &t->file;
    const struct sim_held_out *h = &f->held_out;
    const size_t all = f->n_scenarios + h->n_scenarios;
    if (f->n_scenarios < 1 || all > SIM_FAMILY) {
        return sw_diag_set(d, SW_ERR_RANGE, "scenarios: expected 1 to %d, held-out ones included",
                           SIM_FAMILY);
    }
    if (f->n_dims > 40) {
        return sw_diag_set(d, SW_ERR_RANGE, "parameters: more than 40");
    }
    if (t->budget < LEAST_BUDGET * f->n_scenarios) {
        return sw_diag_set(d, SW_ERR_RANGE, "--budget: at least %zu trials, %u for each scenario",
                           LEAST_BUDGET * f->n_scenarios, LEAST_BUDGET);
    }
    /* a search meets fewer seeds than it makes trials */
    if (h->seed < f->seed + t->budget && f->seed < h->seed + h->replications) {
        return sw_diag_set(
            d, SW_ERR_RANGE, "held_out: seeds %llu..%llu are among those that the search may meet",
            (unsigned long long)h->seed, (unsigned long long)(h->seed + h->replications - 1));
    }
    return 0;
}

int sim_tune_read(struct sim_tune *t, const char *path, const char *policy, struct sw_diag *d)
{
    struct sim_search_file *f = &t->file;
    int err = sim_search_file_read(path, policy, f, d);
    err = err == 0 ? check(t, d) : err;
    if (err != 0) {
        return err;
    }
    sim_lab_aim(&t->lab, &f->objective);
    for (size_t i = 0; i < f->n_metrics && err == 0; i++) {
        size_t index;
        err = sim_lab_measure(&t->lab, f->metrics[i], &index, d);
    }
    for (size_t i = 0; i < f->n_scenarios; i++) {
        t->lab.scenarios[t->lab.n_scenarios++] = f->scenarios[i];
    }
    for (size_t i = 0; i < f->held_out.n_scenarios; i++) {
        t->lab.scenarios[t->lab.n_scenarios++] = f->held_out.scenarios[i];
    }
    t->share = calloc(f->n_dims, sizeof *t->share);
    t->searched = calloc(f->n_dims, sizeof *t->searched);
    return err != 0 ? err : t->share != NULL && t->searched != NULL ? 0 : no_memory(d);
}

/* ---- the judgement ---- */

static void name_rows(struct sim_tune *t, struct sim_tuned_table *table)
{
    struct sim_tuned_row *r = table->rows;
    r[0] = (struct sim_tuned_row){ .name = "tuned", .point = &t->candidates[t->winner].point };
    r[1] = (struct sim_tuned_row){ .name = "defaults", .point = &t->file.defaults };
    table->n_rows = 2;
    for (size_t i = 0; i < t->file.n_baselines; i++) {
        struct sim_tuned_row *row = &r[table->n_rows++];
        *row = (struct sim_tuned_row){ .point = &t->file.others[i] };
        (void)snprintf(row->name, sizeof row->name, "%s%s", t->file.others[i].policy,
                       t->file.others[i].n > 0 ? " (set)" : "");
    }
}

/* Means of a row's trials, and its differences to the defaults' @base. */
static void judge_row(const struct sim_tune *t, const struct sim_tuned_table *table,
                      struct sim_tuned_row *r, const struct sim_trial *own, double *x,
                      const double *base)
{
    const size_t n = table->n * table->seeds;
    double change[SIM_FAMILY];
    for (size_t i = 0; i < n; i++) {
        x[i] = own[i].objective;
        r->objective += x[i] / (double)n;
        for (size_t m = 0; m < t->lab.n_measures; m++) {
            r->values[m] += own[i].values[m] / (double)n;
        }
    }
    r->change = sim_paired(x, base, table->n, table->seeds);
    for (size_t k = 0; k < table->n; k++) {
        change[k] = 0;
        for (size_t i = k * table->seeds; i < (k + 1) * table->seeds; i++) {
            change[k] += (x[i] - base[i]) / (double)table->seeds;
        }
    }
    r->families = (struct sim_interval){ r->change.change.mean, NAN, NAN };
    (void)sim_stats_bootstrap(change, table->n, 0.95, 1, &r->families);
}

static int judge(struct sim_tune *t, struct sim_tuned_table *table, struct sw_diag *d)
{
    const size_t each = table->n * table->seeds;
    const size_t n = table->n_rows * each;
    struct sim_trial *trials = calloc(n, sizeof *trials);
    double *x = calloc(2 * each, sizeof *x);
    int err = trials == NULL || x == NULL ? no_memory(d) : 0;
    for (size_t i = 0; i < n && err == 0; i++) {
        trials[i] = (struct sim_trial){ .point = table->rows[i / each].point,
                                        .number = i / each,
                                        .scenario = table->first + i % each / table->seeds,
                                        .seed = table->seed + i % table->seeds };
    }
    err = err == 0 ? sim_lab_try(&t->lab, trials, n, d) : err;
    double p[SW_LEN(table->rows)] = { 0 };
    double holm[SW_LEN(table->rows)] = { 0 };
    for (size_t i = 0; i < each && err == 0; i++) {
        x[each + i] = trials[each + i].objective; /* row 1: the defaults */
    }
    for (size_t i = 0; i < table->n_rows && err == 0; i++) {
        judge_row(t, table, &table->rows[i], &trials[i * each], x, x + each);
        p[i] = i == 1 ? (double)NAN : table->rows[i].change.p;
    }
    sim_stats_holm(p, table->n_rows, holm);
    for (size_t i = 0; i < table->n_rows; i++) {
        table->rows[i].holm = holm[i];
    }
    free(trials);
    free(x);
    return err;
}

int sim_tune_judge(struct sim_tune *t, struct sw_diag *d)
{
    const struct sim_held_out *h = &t->file.held_out;
    t->training = (struct sim_tuned_table){
        .first = 0, .n = t->file.n_scenarios, .seed = h->seed, .seeds = h->replications
    };
    t->held_out = (struct sim_tuned_table){
        .first = t->file.n_scenarios, .n = h->n_scenarios, .seed = h->seed, .seeds = h->replications
    };
    name_rows(t, &t->training);
    name_rows(t, &t->held_out);
    const int err = judge(t, &t->training, d);
    return err == 0 && h->n_scenarios > 0 ? judge(t, &t->held_out, d) : err;
}

void sim_tune_fini(struct sim_tune *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free(t->candidates[i].u);
        free(t->candidates[i].known);
    }
    free(t->candidates);
    free(t->share);
    free(t->searched);
    sim_lab_fini(&t->lab);
    sim_search_file_fini(&t->file);
}

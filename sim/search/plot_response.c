/* SPDX-License-Identifier: GPL-3.0-or-later
 * A sweep as pictures: each measure over each parameter. */
#define _POSIX_C_SOURCE 200809L
#include "embedded/sim_response_gp.h"
#include "sim/analyse/plot.h"
#include "sim/search/sweep.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

/* A tic at @u, whose label is a format: "5%" must read "5%%". */
static void write_tic(FILE *f, const struct sim_dimension *x, double u, const char *before)
{
    char value[SIM_VALUE];
    sim_dimension_value(x, u, value);
    (void)fprintf(f, "%s'", before);
    for (const char *c = value; *c != '\0'; c++) {
        (void)fprintf(f, *c == '%' ? "%%%%" : "%c", *c);
    }
    (void)fprintf(f, "' %.6g", u);
}

/* Where a point is drawn: values of a list are columns. */
static double place(const struct sim_dimension *x, double u)
{
    const double n = (double)x->n_values;
    return n > 0 ? (floor(fmin(u * n, n - 1)) + 0.5) / n : u;
}

/* The points, and a line through the means of each part of the range. */
static int write_panel(struct sim_plots *p, const struct sim_sweep *s, size_t measure, size_t dim)
{
    const struct sim_effect *e = sim_sweep_effect(s, measure, dim);
    char file[64];
    (void)snprintf(file, sizeof file, "response-%zu-%zu.tsv", measure, dim + 1);
    FILE *f = sim_plot_open(p, file);
    if (f == NULL) {
        return SW_ERR_IO;
    }
    for (size_t i = 1; i < s->n_points; i++) {
        (void)fprintf(f, "%.6g\t%.9g\n",
                      place(&s->file.dims[dim], s->coordinates[i * s->file.n_dims + dim]),
                      sim_sweep_cell(s, measure, i)->mean);
    }
    (void)fputs("\n\n", f);
    for (size_t k = 0; k < e->bins; k++) {
        (void)fprintf(f, "%.6g\t%.9g\n", ((double)k + 0.5) / (double)e->bins, e->mean[k]);
    }
    return sim_plot_close(p, f, file);
}

static void write_axis(FILE *f, const struct sim_sweep *s, size_t measure, size_t dim)
{
    const struct sim_dimension *x = &s->file.dims[dim];
    const struct sim_effect *e = sim_sweep_effect(s, measure, dim);
    char text[200];
    (void)snprintf(text, sizeof text, "%s (explains %.0f %%)", x->key,
                   isnan(e->share) ? 0 : 100 * e->share);
    (void)fprintf(f, "panel_title[%zu] = ", dim + 1);
    sim_plot_text(f, text);
    const size_t n = x->n_values > 0 ? x->n_values : 3;
    (void)fprintf(f, "\npanel_tics[%zu] = \"", dim + 1);
    for (size_t k = 0; k < n; k++) {
        write_tic(f, x, sim_dimension_level(x, k, n), k > 0 ? ", " : "");
    }
    (void)fputs("\"\n", f);
}

/* The range of an axis that all points fit in. */
static void write_range(FILE *f, const struct sim_sweep *s, size_t measure)
{
    double low = INFINITY;
    double high = -INFINITY;
    for (size_t i = 0; i < s->n_points; i++) {
        const double v = sim_sweep_cell(s, measure, i)->mean;
        low = isfinite(v) ? fmin(low, v) : low;
        high = isfinite(v) ? fmax(high, v) : high;
    }
    low = high < low ? 0 : low;
    high = fmax(high, low);
    const double pad = high > low ? 0.06 * (high - low) : 0.05 * fabs(high) + 1e-9;
    (void)fprintf(f, "set yrange [%.9g:%.9g]\n", low - pad, high + pad);
}

static int draw(struct sim_plots *p, const struct sim_sweep *s, size_t measure)
{
    char name[160];
    char kind[200];
    char text[400];
    const char *unit;
    sim_sweep_measure(s, measure, name, &unit);
    (void)snprintf(kind, sizeof kind, "response-%s", name);
    for (char *c = kind; *c != '\0'; c++) {
        *c = *c == ' ' ? '-' : *c;
    }
    (void)snprintf(text, sizeof text,
                   "%s: %zu points, each the mean over %zu scenarios and %u seeds; lines: means of "
                   "equal parts; dashed: the defaults",
                   s->file.name.s, s->n_points - 1, s->file.n_scenarios, s->file.replications);
    const struct sim_plot_head head = {
        .kind = kind, .arm = "", .title = name, .subtitle = text, .faults_of = ""
    };
    FILE *f = sim_plot_begin(p, &head);
    if (f == NULL) {
        return SW_ERR_IO;
    }
    const size_t n = s->file.n_dims;
    const double defaults = sim_sweep_cell(s, measure, 0)->mean;
    char level[32] = "NaN";
    (void)(isfinite(defaults) ? snprintf(level, sizeof level, "%.9g", defaults) : 0);
    (void)fprintf(f, "panels = %zu\nmeasure = %zu\ndefaults = %s\nunit = '%s'\n", n, measure, level,
                  unit);
    (void)fprintf(f, "array panel_title[%zu]; array panel_tics[%zu]\n", n, n);
    write_range(f, s, measure);
    int err = 0;
    for (size_t i = 0; i < n && err == 0; i++) {
        write_axis(f, s, measure, i);
        err = write_panel(p, s, measure, i);
    }
    if (err != 0) {
        (void)fclose(f);
        return err;
    }
    return sim_plot_finish(p, &head, f, sim_response_gp);
}

int sim_sweep_plot(const struct sim_sweep *s, const char *out, struct sw_diag *d)
{
    struct sim_plots p = { .d = d, .duration = 1, .interval = 1, .end = 1 };
    int err = sim_db_read(s->lab.database, &p.sq, d);
    (void)snprintf(p.folder, sizeof p.folder, "%s/plots", out);
    if (err == 0 && mkdir(p.folder, 0777) != 0 && errno != EEXIST) {
        err = sw_diag_set(d, SW_ERR_IO, "%.150s: %s", p.folder, strerror(errno));
    }
    for (size_t i = 0; i < s->n_measures && err == 0; i++) {
        err = draw(&p, s, i);
    }
    (void)sqlite3_close(p.sq);
    return err == 0 ? p.drawn : err;
}

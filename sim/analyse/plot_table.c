/* SPDX-License-Identifier: GPL-3.0-or-later
 * Series of a study as columns of a table, and the plot of one. */
#include "sim/analyse/plot_table.h"
#include "embedded/sim_series_sql.h"
#include "node/base/types.h"

#include <math.h>
#include <stdlib.h>

int sim_plot_table_init(struct sim_plots *p, struct sim_plot_table *t, size_t columns)
{
    t->columns = columns;
    t->rows = (size_t)(p->duration / p->interval) + 1;
    t->v = malloc(t->rows * columns * sizeof *t->v);
    if (t->v == NULL) {
        return sw_diag_set(p->d, SW_ERR_NOMEM, "out of memory for a plot");
    }
    for (size_t i = 0; i < t->rows * columns; i++) {
        t->v[i] = NAN;
    }
    return 0;
}

int sim_plot_series(struct sim_plots *p, struct sim_plot_table *t, size_t column, const char *arm,
                    const char *metric, const char *entity)
{
    sqlite3_stmt *st = sim_plot_query(p, sim_series_sql, arm, metric, entity);
    if (st == NULL) {
        return SW_ERR_MALFORMED;
    }
    while (sqlite3_step(st) == SQLITE_ROW) {
        const size_t row = (size_t)(sqlite3_column_double(st, 0) / p->interval + 0.5);
        if (row < t->rows) {
            t->v[row * t->columns + column] = sqlite3_column_double(st, 1);
        }
    }
    (void)sqlite3_finalize(st);
    return 0;
}

/* Rows after warm-up that have any value; says how many. */
static size_t print_table(const struct sim_plots *p, const struct sim_plot_table *t, FILE *f)
{
    size_t n = 0;
    for (size_t i = 0; i < t->rows; i++) {
        const double *row = &t->v[i * t->columns];
        bool any = false;
        for (size_t k = 0; k < t->columns; k++) {
            any = any || !isnan(row[k]);
        }
        if (!any || (double)i * p->interval < p->warmup) {
            continue;
        }
        (void)fprintf(f, "%.9g", (double)i * p->interval);
        for (size_t k = 0; k < t->columns; k++) {
            (void)fprintf(f, isnan(row[k]) ? "\tNaN" : "\t%.9g", row[k]);
        }
        (void)fputc('\n', f);
        n++;
    }
    return n;
}

static int write_table(struct sim_plots *p, const struct sim_plot_head *head,
                       const struct sim_plot_table *t, size_t *rows)
{
    char image[2 * SIM_PLOT_NAME];
    char file[2 * SIM_PLOT_NAME + 8];
    sim_plot_image(head, image);
    (void)snprintf(file, sizeof file, "%s.tsv", image);
    FILE *f = sim_plot_open(p, file);
    if (f == NULL) {
        return SW_ERR_IO;
    }
    *rows = print_table(p, t, f);
    return sim_plot_close(p, f, file);
}

void sim_plot_subtitle(const struct sim_plots *p, size_t arm, const char *what, char *out,
                       size_t cap)
{
    char runs[48] = "one run";
    if (p->runs[arm] > 1) {
        (void)snprintf(runs, sizeof runs, "mean of %lld runs", (long long)p->runs[arm]);
    }
    const char *arm_name = p->arms[arm][0] != '\0' ? p->arms[arm] : p->name;
    const int len = snprintf(out, cap, "%s: %s; %s", arm_name, what, runs);
    if (len > 0 && (size_t)len < cap && p->end < 0.95 * p->duration) {
        (void)snprintf(out + len, cap - (size_t)len, "; last %.6g s left out",
                       p->duration - p->end);
    }
}

int sim_plot_table_draw(struct sim_plots *p, const struct sim_plot_head *head,
                        const struct sim_plot_table *t, const char *special, const char *script)
{
    size_t rows = 0;
    const int err = write_table(p, head, t, &rows);
    if (err != 0 || rows == 0) {
        return err; /* nobody asked: nothing to draw */
    }
    FILE *f = sim_plot_begin(p, head);
    if (f == NULL) {
        return SW_ERR_IO;
    }
    (void)fputs(special, f);
    return sim_plot_finish(p, head, f, script);
}

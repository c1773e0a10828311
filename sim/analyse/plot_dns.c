/* SPDX-License-Identifier: GPL-3.0-or-later
 * Plots of DNS service over time. */
#include "embedded/sim_answered_gp.h"
#include "embedded/sim_availability_gp.h"
#include "embedded/sim_entities_sql.h"
#include "embedded/sim_latency_gp.h"
#include "embedded/sim_series_sql.h"
#include "sim/analyse/plot.h"
#include "sim/record/db.h"

#include "node/base/types.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A table with one row an interval: a column a series, NaN where it has no value. */
struct table {
    size_t rows, columns;
    double *v;
};

static int table_init(struct sim_plots *p, struct table *t, size_t columns)
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

static int add_series(struct sim_plots *p, struct table *t, size_t column, const char *arm,
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
static size_t print_table(const struct sim_plots *p, const struct table *t, FILE *f)
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

static int write_table(struct sim_plots *p, const struct sim_plot_head *head, const struct table *t,
                       size_t *rows)
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

static void subtitle(const struct sim_plots *p, size_t arm, const char *what, char *out, size_t cap)
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

/* The data, the script around @script, and what @special appends to it. */
static int draw(struct sim_plots *p, const struct sim_plot_head *head, const struct table *t,
                const char *special, const char *script)
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

int sim_plot_latency(struct sim_plots *p, size_t arm)
{
    static const char *const metrics[] = { "dns.latency.p50", "dns.latency.p99",
                                           "dns.latency.p99.9" };
    struct table t;
    int err = table_init(p, &t, SW_LEN(metrics));
    for (size_t i = 0; i < SW_LEN(metrics) && err == 0; i++) {
        err = add_series(p, &t, i, p->arms[arm], metrics[i], "");
    }
    char text[256];
    subtitle(p, arm, "by the time of asking, failures counted as the wait", text, sizeof text);
    const struct sim_plot_head head = { .kind = "latency",
                                        .arm = p->arms[arm],
                                        .title = "How long DNS clients wait",
                                        .subtitle = text,
                                        .labels = true };
    err = err == 0 ? draw(p, &head, &t, "", sim_latency_gp) : err;
    free(t.v);
    return err;
}

/* Share answered within a second: 1 - share of slow ones. */
static void invert(struct table *t, size_t column)
{
    for (size_t i = 0; i < t->rows; i++) {
        t->v[i * t->columns + column] = 1 - t->v[i * t->columns + column];
    }
}

int sim_plot_availability(struct sim_plots *p, size_t arm)
{
    static const char *const metrics[] = { "availability", "dns.slow", "availability.dark" };
    struct table t;
    int err = table_init(p, &t, SW_LEN(metrics));
    for (size_t i = 0; i < SW_LEN(metrics) && err == 0; i++) {
        err = add_series(p, &t, i, p->arms[arm], metrics[i], "");
    }
    if (err == 0) {
        invert(&t, 1);
    }
    char text[256];
    subtitle(p, arm, "answered correctly, by the time of asking", text, sizeof text);
    const struct sim_plot_head head = { .kind = "availability",
                                        .arm = p->arms[arm],
                                        .title = "DNS queries that get their answer",
                                        .subtitle = text,
                                        .labels = true };
    err = err == 0 ? draw(p, &head, &t, "", sim_availability_gp) : err;
    free(t.v);
    return err;
}

#define MAX_REGIONS 16

/* Regions that answered anything, in the order of their names. */
static int read_regions(struct sim_plots *p, const char *arm,
                        char names[MAX_REGIONS][SIM_PLOT_NAME], size_t *n)
{
    sqlite3_stmt *st = sim_plot_query(p, sim_entities_sql, arm, "dns.answered", NULL);
    *n = 0;
    if (st == NULL) {
        return SW_ERR_MALFORMED;
    }
    while (*n < MAX_REGIONS && sqlite3_step(st) == SQLITE_ROW) {
        (void)snprintf(names[(*n)++], SIM_PLOT_NAME, "%s", sim_db_text(st, 0));
    }
    (void)sqlite3_finalize(st);
    return 0;
}

/* Columns become sums of themselves and those before: edges of a stack. */
static void stack(struct table *t)
{
    for (size_t i = 0; i < t->rows; i++) {
        for (size_t k = 1; k < t->columns; k++) {
            t->v[i * t->columns + k] += t->v[i * t->columns + k - 1];
        }
    }
}

int sim_plot_answered(struct sim_plots *p, size_t arm)
{
    char names[MAX_REGIONS][SIM_PLOT_NAME];
    char special[MAX_REGIONS * (SIM_PLOT_NAME + 1) + 32];
    size_t n = 0;
    int err = read_regions(p, p->arms[arm], names, &n);
    if (err != 0 || n == 0) {
        return err;
    }
    struct table t;
    err = table_init(p, &t, n);
    size_t len = (size_t)snprintf(special, sizeof special, "regions = '");
    for (size_t i = 0; i < n && err == 0; i++) {
        err = add_series(p, &t, i, p->arms[arm], "dns.answered", names[i]);
        len += (size_t)snprintf(special + len, sizeof special - len, "%s%s", i > 0 ? " " : "",
                                names[i]);
    }
    (void)snprintf(special + len, sizeof special - len, "'\n");
    if (err == 0) {
        stack(&t);
    }
    char text[256];
    subtitle(p, arm, "answers by the region that had them, stacked", text, sizeof text);
    const struct sim_plot_head head = { .kind = "answered",
                                        .arm = p->arms[arm],
                                        .title = "Which region answers",
                                        .subtitle = text,
                                        .labels = true };
    err = err == 0 ? draw(p, &head, &t, special, sim_answered_gp) : err;
    free(t.v);
    return err;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * The configurations of a study side by side. */
#include "embedded/sim_comparison_gp.h"
#include "embedded/sim_series_sql.h"
#include "embedded/sim_value_sql.h"
#include "node/base/types.h"
#include "sim/analyse/plot.h"
#include "sim/analyse/verdict.h"

#include <math.h>

/* Availability and share of answers within a second, of one configuration. */
static int write_arm(struct sim_plots *p, const char *arm)
{
    char file[2 * SIM_PLOT_NAME];
    (void)snprintf(file, sizeof file, "comparison.tsv-%s.tsv", arm);
    sqlite3_stmt *all = sim_plot_query(p, sim_series_sql, arm, "availability", "");
    sqlite3_stmt *slow = sim_plot_query(p, sim_series_sql, arm, "dns.slow", "");
    FILE *f = all != NULL && slow != NULL ? sim_plot_open(p, file) : NULL;
    /* both have a row for every interval with queries */
    while (f != NULL && sqlite3_step(all) == SQLITE_ROW && sqlite3_step(slow) == SQLITE_ROW) {
        if (sqlite3_column_double(all, 0) >= p->warmup) {
            (void)fprintf(f, "%.9g\t%.9g\t%.9g\n", sqlite3_column_double(all, 0),
                          sqlite3_column_double(all, 1), 1 - sqlite3_column_double(slow, 1));
        }
    }
    (void)sqlite3_finalize(all);
    (void)sqlite3_finalize(slow);
    return f != NULL ? sim_plot_close(p, f, file) : SW_ERR_IO;
}

struct bar {
    int64_t runs;
    double value;
};

static int read_bar(struct sim_plots *p, const char *arm, const char *metric, struct bar *out)
{
    sqlite3_stmt *st = sim_plot_query(p, sim_value_sql, arm, metric, "");
    *out = (struct bar){ 0, NAN };
    if (st == NULL) {
        return SW_ERR_MALFORMED;
    }
    if (sqlite3_step(st) == SQLITE_ROW && sqlite3_column_int64(st, 0) > 0) {
        *out = (struct bar){ sqlite3_column_int64(st, 0), sqlite3_column_double(st, 1) };
    }
    (void)sqlite3_finalize(st);
    return 0;
}

/* Bars of a metric: number, name, length in s, what is written beside it.  @most is the longest;
 * NaN when no system measured it. */
static int write_bars(struct sim_plots *p, const char *metric, const char *file, double *most)
{
    FILE *f = sim_plot_open(p, file);
    int err = f == NULL ? SW_ERR_IO : 0;
    *most = NAN;
    for (size_t i = 0; i < p->n_arms && err == 0; i++) {
        struct bar bar;
        char text[40];
        err = read_bar(p, p->arms[i], metric, &bar);
        sim_show_value(text, sizeof text, "s", bar.value);
        const double length = isfinite(bar.value) ? bar.value : 0;
        (void)fprintf(f, "%zu\t%s\t%.9g\t\"%s\"\n", i + 1, p->arms[i], length, text);
        *most = isnan(bar.value) ? *most : fmax(*most, length);
    }
    if (f == NULL) {
        return err;
    }
    const int closed = sim_plot_close(p, f, file);
    return err != 0 ? err : closed;
}

static void write_scale(FILE *f, const char *name, double most)
{
    const double unit = most > 7200 ? 3600 : most > 90 ? 60 : 1;
    (void)fprintf(f, "%s_there = %d\n%s_unit = %g\n%s_most = %.9g\n%s_label = '%s'\n", name,
                  isnan(most) ? 0 : 1, name, unit, name, most > 0 ? most / unit : 1, name,
                  unit == 3600 ? "h"
                  : unit == 60 ? "min"
                               : "s");
}

static void write_special(const struct sim_plots *p, FILE *f)
{
    (void)fputs("arms = '", f);
    for (size_t i = 0; i < p->n_arms; i++) {
        (void)fprintf(f, "%s%s", i > 0 ? " " : "", p->arms[i]);
    }
    (void)fputs("'\n", f);
}

int sim_plot_comparison(struct sim_plots *p)
{
    double rto = 0;
    double rpo = 0;
    int err = 0;
    for (size_t i = 0; i < p->n_arms && err == 0; i++) {
        err = write_arm(p, p->arms[i]);
    }
    if (err == 0) {
        err = write_bars(p, "backup.rto", "comparison-rto.tsv", &rto);
    }
    if (err == 0) {
        err = write_bars(p, "backup.rpo", "comparison-rpo.tsv", &rpo);
    }
    if (err != 0) {
        return err;
    }
    char text[200];
    (void)snprintf(text, sizeof text,
                   "%s: the same clients, machines and listed faults; %lld run%s each", p->name,
                   (long long)p->runs[0], p->runs[0] == 1 ? "" : "s");
    const struct sim_plot_head head = { .kind = "comparison",
                                        .arm = "",
                                        .title = "The systems side by side",
                                        .subtitle = text,
                                        .labels = true,
                                        .faults_of = p->arms[0] }; /* all have the same */
    FILE *f = sim_plot_begin(p, &head);
    if (f == NULL) {
        return SW_ERR_IO;
    }
    write_special(p, f);
    write_scale(f, "rto", rto);
    write_scale(f, "rpo", rpo);
    return sim_plot_finish(p, &head, f, sim_comparison_gp);
}

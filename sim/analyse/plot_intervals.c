/* SPDX-License-Identifier: GPL-3.0-or-later
 * A comparison as a picture: every measure's interval of every system. */
#include "embedded/sim_compared_sql.h"
#include "embedded/sim_intervals_gp.h"
#include "node/base/types.h"
#include "sim/analyse/compare.h"
#include "sim/analyse/plot.h"
#include "sim/analyse/verdict.h"
#include "sim/record/db.h"

#include <math.h>
#include <string.h>

/* How a measure's axis is drawn; values are multiplied by @scale. */
struct axis {
    double from, until, scale;
    bool log;
    const char *unit;
};

static void bounds(const struct sim_comparison *c, size_t measure, double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t i = 0; i < c->n_arms; i++) {
        const struct sim_interval *v = &sim_comparison_cell(c, measure, i)->value;
        if (isfinite(v->mean)) {
            *low = fmin(*low, isfinite(v->low) ? v->low : v->mean);
            *high = fmax(*high, isfinite(v->high) ? v->high : v->mean);
        }
    }
    if (*low > *high) {
        *low = 0;
        *high = 1;
    }
}

/* What differs by a factor of 10 needs a logarithmic axis, what differs by half one from 0; what
 * is almost alike is not torn apart, except shares, where the last digits are what matters. */
static struct axis choose_axis(const struct sim_comparison *c, size_t measure)
{
    const char *unit = c->measures[measure].metric->unit;
    const bool share = strcmp(unit, "1") == 0;
    double low;
    double high;
    bounds(c, measure, &low, &high);
    struct axis a = { .scale = 1, .unit = unit, .log = low > 0 && high > 10 * low };
    if (a.log) {
        a.from = low / 1.5;
        a.until = high * 1.5;
    } else {
        const double least = share ? 2e-4 : 0.05 * high;
        const double pad = fmax(0.12 * (high - low), (least - (high - low)) / 2);
        a.from = low < 0.5 * high || low <= pad ? 0 : low - pad;
        a.until = high > 0 ? high + pad : 1;
        a.until = share ? fmin(a.until, 1) : a.until;
    }
    if (share) {
        a.scale = 100;
        a.unit = "%";
    } else if (strcmp(unit, "s") == 0 && high < 1) {
        a.scale = 1e3;
        a.unit = "ms";
    }
    return a;
}

static void write_row(FILE *f, const struct sim_comparison *c, size_t measure, size_t arm,
                      double scale)
{
    const struct sim_cell *cell = sim_comparison_cell(c, measure, arm);
    const double mean = cell->value.mean * scale;
    char text[40];
    sim_show_value(text, sizeof text, c->measures[measure].metric->unit, cell->value.mean);
    (void)fprintf(f, "%zu\t%s\t", arm + 1, c->arms[arm]);
    if (isfinite(mean)) {
        const bool range = isfinite(cell->value.low);
        (void)fprintf(f, "%.9g\t%.9g\t%.9g", mean, range ? cell->value.low * scale : mean,
                      range ? cell->value.high * scale : mean);
    } else {
        (void)fputs("NaN\tNaN\tNaN", f);
    }
    const bool holds = cell->verdict == SIM_LOWER || cell->verdict == SIM_HIGHER;
    const int mark = cell->verdict == SIM_IS_BASELINE ? 0 : holds ? 2 : 1;
    (void)fprintf(f, "\t%d\t\"%s\"\t\"%s\"\n", mark, text, sim_change_word(cell->verdict));
}

static int write_panel(struct sim_plots *p, const struct sim_comparison *c, size_t measure,
                       double scale)
{
    char file[64];
    (void)snprintf(file, sizeof file, "intervals-%zu.tsv", measure + 1);
    FILE *f = sim_plot_open(p, file);
    if (f == NULL) {
        return SW_ERR_IO;
    }
    for (size_t i = 0; i < c->n_arms; i++) {
        write_row(f, c, measure, i, scale);
    }
    return sim_plot_close(p, f, file);
}

/* Where the panels' script finds the axes. */
static int write_axes(struct sim_plots *p, const struct sim_comparison *c, FILE *f)
{
    size_t longest = 0;
    for (size_t i = 0; i < c->n_arms; i++) {
        const size_t len = strlen(c->arms[i]);
        longest = len > longest ? len : longest;
    }
    (void)fprintf(f, "panels = %zu\narms = %zu\nlongest_name = %zu\n", c->n_measures, c->n_arms,
                  longest);
    (void)fprintf(f, "array panel_title[%zu]; array panel_unit[%zu]; array panel_log[%zu]\n",
                  c->n_measures, c->n_measures, c->n_measures);
    (void)fprintf(f, "array panel_from[%zu]; array panel_until[%zu]\n", c->n_measures,
                  c->n_measures);
    int err = 0;
    for (size_t i = 0; i < c->n_measures && err == 0; i++) {
        const struct axis a = choose_axis(c, i);
        char name[160];
        sim_measure_name(&c->measures[i], name, sizeof name);
        (void)fprintf(f, "panel_title[%zu] = ", i + 1);
        sim_plot_text(f, name);
        (void)fprintf(f,
                      "\npanel_unit[%zu] = '%s'; panel_log[%zu] = %d; panel_from[%zu] = %.9g; "
                      "panel_until[%zu] = %.9g\n",
                      i + 1, a.unit, i + 1, a.log ? 1 : 0, i + 1, a.from * a.scale, i + 1,
                      a.until * a.scale);
        err = write_panel(p, c, i, a.scale);
    }
    return err;
}

int sim_plot_intervals(struct sim_plots *p, const struct sim_comparison *c)
{
    char text[300];
    (void)snprintf(text, sizeof text,
                   "%s: mean of %zu run%s and its 95 %% interval; the same seeds for all, "
                   "differences to %s",
                   p->name, c->runs, c->runs == 1 ? "" : "s", c->arms[c->baseline]);
    const struct sim_plot_head head = { .kind = "intervals",
                                        .arm = "",
                                        .title = "Which differences hold",
                                        .subtitle = text,
                                        .faults_of = p->arms[0] };
    FILE *f = sim_plot_begin(p, &head);
    if (f == NULL) {
        return SW_ERR_IO;
    }
    const int err = write_axes(p, c, f);
    if (err != 0) {
        (void)fclose(f);
        return err;
    }
    return sim_plot_finish(p, &head, f, sim_intervals_gp);
}

/* Who was compared, and over which seeds; false when that is no comparison. */
static bool read_compared(struct sim_plots *p, struct sim_comparison *c,
                          char names[SIM_COMPARE_ARMS][SIM_PLOT_NAME])
{
    sqlite3_stmt *st = sim_plot_query(p, sim_compared_sql, NULL, NULL, NULL);
    bool same = st != NULL;
    while (same && sqlite3_step(st) == SQLITE_ROW) {
        const uint64_t first = (uint64_t)sqlite3_column_int64(st, 1);
        const size_t runs = (size_t)sqlite3_column_int64(st, 2);
        same = c->n_arms < SIM_COMPARE_ARMS &&
               (c->n_arms == 0 || (first == c->first_seed && runs == c->runs));
        c->first_seed = first;
        c->runs = runs;
        if (same) {
            (void)snprintf(names[c->n_arms], SIM_PLOT_NAME, "%s", sim_db_text(st, 0));
            c->arms[c->n_arms] = names[c->n_arms];
            c->n_arms++;
        }
    }
    (void)sqlite3_finalize(st);
    return same && c->n_arms > 1 && c->runs > 1;
}

static bool measured_any(const struct sim_comparison *c)
{
    for (size_t i = 0; i < c->n_measures * c->n_arms; i++) {
        if (c->cells[i].measured > 0) {
            return true;
        }
    }
    return false;
}

int sim_plot_stored_intervals(struct sim_plots *p, const struct sim_report_options *o)
{
    struct sim_comparison c = { 0 };
    char names[SIM_COMPARE_ARMS][SIM_PLOT_NAME];
    if (!read_compared(p, &c, names)) {
        return o->metrics == NULL && o->baseline == NULL
                   ? 0
                   : sw_diag_set(p->d, SW_ERR_NOTFOUND,
                                 "nothing is compared: that takes several configurations with the "
                                 "same seeds, two at least");
    }
    int err = sim_comparison_base(&c, o->baseline, p->d);
    if (err == 0) {
        err = sim_comparison_add_list(&c, o->metrics, p->d);
    }
    if (err == 0) {
        err = sim_comparison_read(&c, p->sq, p->d);
    }
    if (err == 0) {
        sim_comparison_judge(&c);
        err = measured_any(&c) ? sim_plot_intervals(p, &c) : 0;
    }
    sim_comparison_fini(&c);
    return err;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * A sweep's results: CSV (RFC 4180), a summary, JSON. */
#include "node/conf/version.h"
#include "sim/analyse/verdict.h"
#include "sim/verbs/json.h"
#include "sim/verbs/sweep.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 10U /* points, of the summary */
#define BEST 0.05 /* corrected p below which a difference holds */

/* ---- files ---- */

static void csv_number(FILE *to, double v)
{
    (void)fputc(',', to);
    if (isfinite(v)) {
        (void)fprintf(to, "%.9g", v);
    }
}

static void put_points(const struct sim_sweep *s, FILE *to)
{
    (void)fputs("point,configuration", to);
    for (size_t k = 0; k < s->file.n_dims; k++) {
        (void)fprintf(to, ",%s", s->file.dims[k].key);
    }
    (void)fputs(",measure,unit,mean,difference,low,high,p,p_holm\r\n", to);
    for (size_t i = 0; i < s->n_points * s->n_measures; i++) {
        const size_t point = i / s->n_measures;
        const size_t measure = i % s->n_measures;
        const struct sim_sweep_cell *c = sim_sweep_cell(s, measure, point);
        char name[160];
        const char *unit;
        sim_sweep_measure(s, measure, name, &unit);
        (void)fprintf(to, "%zu,%s", point, sim_point_name(&s->points[point]).s);
        for (size_t k = 0; k < s->file.n_dims; k++) {
            char value[SIM_VALUE] = "";
            if (point > 0) {
                sim_dimension_value(&s->file.dims[k], s->coordinates[point * s->file.n_dims + k],
                                    value);
            }
            (void)fprintf(to, ",%s", value);
        }
        (void)fprintf(to, ",%s,%s", name, unit);
        const double numbers[] = {
            c->mean, c->other.change.mean, c->other.change.low, c->other.change.high, c->other.p,
            c->holm
        };
        for (size_t k = 0; k < SW_LEN(numbers); k++) {
            csv_number(to, numbers[k]);
        }
        (void)fputs("\r\n", to);
    }
}

static void put_effects(const struct sim_sweep *s, FILE *to)
{
    (void)fputs("measure,parameter,share,from,until,points,mean\r\n", to);
    for (size_t i = 0; i < s->n_measures * s->file.n_dims; i++) {
        const struct sim_dimension *x = &s->file.dims[i % s->file.n_dims];
        const struct sim_effect *e = &s->effects[i];
        char name[160];
        const char *unit;
        sim_sweep_measure(s, i / s->file.n_dims, name, &unit);
        for (size_t k = 0; k < e->bins; k++) {
            char from[SIM_VALUE];
            char until[SIM_VALUE];
            sim_dimension_value(x, (double)k / (double)e->bins, from);
            sim_dimension_value(x, ((double)k + (x->n_values > 0 ? 0 : 1)) / (double)e->bins,
                                until);
            (void)fprintf(to, "%s,%s", name, x->key);
            csv_number(to, e->share);
            (void)fprintf(to, ",%s,%s,%zu", from, until, e->n[k]);
            csv_number(to, e->mean[k]);
            (void)fputs("\r\n", to);
        }
    }
}

static int write_table(const struct sim_sweep *s, const char *folder, const char *name,
                       void (*put)(const struct sim_sweep *, FILE *), struct sw_diag *d)
{
    char path[700];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        return sw_diag_set(d, SW_ERR_IO, "%.150s: %s", path, strerror(errno));
    }
    put(s, f);
    const bool bad = ferror(f) != 0;
    return fclose(f) == 0 && !bad ? 0 : sw_diag_set(d, SW_ERR_IO, "%.150s: can't be written", path);
}

int sim_sweep_tables(const struct sim_sweep *s, const char *folder, struct sw_diag *d)
{
    const int err = write_table(s, folder, "points.csv", put_points, d);
    return err == 0 ? write_table(s, folder, "effects.csv", put_effects, d) : err;
}

/* ---- for people ---- */

static void print_point(const struct sim_sweep *s, size_t i, FILE *to)
{
    const struct sim_sweep_cell *c = sim_sweep_cell(s, 0, i);
    (void)fprintf(to, "%5zu ", i);
    (void)(isfinite(c->mean) ? fprintf(to, "%12.4f", c->mean) : fprintf(to, "not measured"));
    if (i > 0 && isfinite(c->other.change.mean)) {
        (void)fprintf(to, " %+9.4f", c->other.change.mean);
    }
    if (i > 0 && isfinite(c->other.change.low)) {
        (void)fprintf(to, " [%+.4f, %+.4f] %s", c->other.change.low, c->other.change.high,
                      c->holm < BEST ? "holds        " : "may be chance");
    }
    (void)fputs("  ", to);
    sim_point_print(&s->points[i], to);
    (void)fputc('\n', to);
}

/* Number of the @rank-th best point; ties by number. */
static size_t ranked(const struct sim_sweep *s, size_t rank)
{
    for (size_t i = 0; i < s->n_points; i++) {
        size_t before = 0;
        const double own = sim_sweep_cell(s, 0, i)->mean;
        for (size_t k = 0; k < s->n_points; k++) {
            const double other = sim_sweep_cell(s, 0, k)->mean;
            before += other < own || (isnan(own) && !isnan(other)) ||
                              ((other == own || (isnan(own) && isnan(other))) && k < i)
                          ? 1
                          : 0;
        }
        if (before == rank) {
            return i;
        }
    }
    return 0;
}

static void print_effects(const struct sim_sweep *s, FILE *to)
{
    (void)fprintf(to, "\n%-24s %9s  %s\n", "parameter", "explains",
                  "mean objective in equal parts of its range");
    for (size_t k = 0; k < s->file.n_dims; k++) {
        const struct sim_effect *e = sim_sweep_effect(s, 0, k);
        (void)fprintf(to, "%-24s ", s->file.dims[k].key);
        (void)(isnan(e->share) ? fprintf(to, "%9s", "?") : fprintf(to, "%7.1f %%", 100 * e->share));
        for (size_t b = 0; b < e->bins; b++) {
            (void)(isnan(e->mean[b]) ? fprintf(to, " %9s", "-")
                                     : fprintf(to, " %9.4f", e->mean[b]));
        }
        (void)fputc('\n', to);
    }
}

void sim_sweep_print(const struct sim_sweep *s, FILE *to)
{
    (void)fprintf(to,
                  "%s: %s\n%zu points in %zu scenario%s with %u seed%s: %llu runs, %llu of them "
                  "stored already\n\n",
                  s->file.name.s, s->file.question != NULL ? s->file.question : "", s->n_points,
                  s->file.n_scenarios, s->file.n_scenarios == 1 ? "" : "s", s->file.replications,
                  s->file.replications == 1 ? "" : "s", (unsigned long long)s->lab.tried,
                  (unsigned long long)s->lab.reused);
    (void)fprintf(to, "%5s %12s  difference to the defaults, 95 %% interval\n", "point",
                  "objective");
    bool defaults = false;
    for (size_t i = 0; i < SHOWN && i < s->n_points; i++) {
        const size_t point = ranked(s, i);
        defaults = defaults || point == 0;
        print_point(s, point, to);
    }
    if (!defaults) {
        (void)fputs("  ...\n", to);
        print_point(s, 0, to);
    }
    print_effects(s, to);
}

size_t sim_sweep_print_complaints(const struct sim_sweep *s, FILE *to)
{
    size_t complaints = 0;
    size_t unmeasured = 0;
    for (size_t i = 0; i < s->n_trials; i++) {
        const struct sim_trial *t = &s->trials[i];
        if (t->complaint[0] != '\0') {
            (void)fprintf(to, "swarmsim: point %zu, %s, seed %llu: %s\n", t->number,
                          s->lab.names[t->scenario].s, (unsigned long long)t->seed, t->complaint);
            complaints++;
        } else if (isnan(t->objective)) {
            unmeasured++;
        }
    }
    if (unmeasured > 0) {
        (void)fprintf(to, "swarmsim: %zu runs did not measure all of the objective\n", unmeasured);
    }
    return complaints + unmeasured;
}

/* ---- for programs ---- */

static void json_member(FILE *to, const char *name, double v)
{
    (void)fprintf(to, ",\"%s\":", name);
    sim_json_number(to, v);
}

static void json_point(const struct sim_sweep *s, size_t i, FILE *to)
{
    (void)fprintf(to, "{\"point\":%zu,\"configuration\":\"%s\",\"parameters\":", i,
                  sim_point_name(&s->points[i]).s);
    sim_point_print_json(&s->points[i], to);
    (void)fputs(",\"measures\":[", to);
    for (size_t m = 0; m < s->n_measures; m++) {
        const struct sim_sweep_cell *c = sim_sweep_cell(s, m, i);
        char name[160];
        const char *unit;
        sim_sweep_measure(s, m, name, &unit);
        (void)fprintf(to, "%s{\"measure\":", m > 0 ? "," : "");
        sim_json_string(to, name);
        json_member(to, "mean", c->mean);
        if (i > 0) {
            json_member(to, "difference", c->other.change.mean);
            json_member(to, "low", c->other.change.low);
            json_member(to, "high", c->other.change.high);
            json_member(to, "p_holm", c->holm);
        }
        (void)fputc('}', to);
    }
    (void)fputs("]}", to);
}

void sim_sweep_print_json(const struct sim_sweep *s, FILE *to)
{
    char build[300];
    sim_lab_build(build);
    (void)fprintf(to, "{\"study\":\"%s\",\"build\":", s->file.name.s);
    sim_json_string(to, build);
    (void)fprintf(to, ",\"database\":");
    sim_json_string(to, s->lab.database);
    (void)fprintf(to, ",\"runs\":%llu,\"reused\":%llu,\n\"points\":[",
                  (unsigned long long)s->lab.tried, (unsigned long long)s->lab.reused);
    for (size_t i = 0; i < s->n_points; i++) {
        (void)fputs(i > 0 ? ",\n" : "\n", to);
        json_point(s, i, to);
    }
    (void)fputs("],\n\"effects\":[", to);
    for (size_t i = 0; i < s->n_measures * s->file.n_dims; i++) {
        char name[160];
        const char *unit;
        sim_sweep_measure(s, i / s->file.n_dims, name, &unit);
        (void)fprintf(to, "%s\n{\"measure\":", i > 0 ? "," : "");
        sim_json_string(to, name);
        (void)fputs(",\"parameter\":", to);
        sim_json_string(to, s->file.dims[i % s->file.n_dims].key);
        json_member(to, "share", s->effects[i].share);
        (void)fputc('}', to);
    }
    (void)fputs("]}\n", to);
}

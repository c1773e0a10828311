/* SPDX-License-Identifier: GPL-3.0-or-later
 * A tuning's results. */
#include "sim/analyse/verdict.h"
#include "sim/verbs/json.h"
#include "sim/verbs/tune.h"

#include <math.h>
#include <string.h>

#define ALPHA 0.05

static const char *verdict(const struct sim_tuned_table *table, size_t row)
{
    const struct sim_tuned_row *r = &table->rows[row];
    if (row == 1) {
        return "baseline";
    }
    if (isnan(r->holm) || r->holm >= ALPHA) {
        return "not told apart";
    }
    return r->change.change.mean < 0 ? "lower" : "higher";
}

/* ---- the tuned set: YAML ---- */

static void yaml_number(FILE *to, const char *key, double v)
{
    (void)(isfinite(v) ? fprintf(to, "%s: %.6g", key, v) : fprintf(to, "%s: null", key));
}

static void yaml_table(const struct sim_tune *t, const struct sim_tuned_table *table,
                       const char *name, FILE *to)
{
    (void)fprintf(to, "%s:\n  scenarios: [", name);
    for (size_t i = 0; i < table->n; i++) {
        (void)fprintf(to, "%s%s", i > 0 ? ", " : "", t->lab.names[table->first + i].s);
    }
    (void)fprintf(to, "]\n  seeds: %llu..%llu\n  systems:\n", (unsigned long long)table->seed,
                  (unsigned long long)(table->seed + table->seeds - 1));
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct sim_tuned_row *r = &table->rows[i];
        (void)fprintf(to, "    - system: %s\n      ", r->name);
        yaml_number(to, "objective", r->objective);
        yaml_number(to, "\n      difference", r->change.change.mean);
        yaml_number(to, "\n      low", r->change.change.low);
        yaml_number(to, "\n      high", r->change.change.high);
        yaml_number(to, "\n      p_holm", r->holm);
        (void)fputs("\n      metrics: {", to);
        for (size_t m = 0; m < t->lab.n_measures; m++) {
            char measure[160];
            sim_measure_name(&t->lab.measures[m], measure, sizeof measure);
            yaml_number(to, measure, r->values[m]);
            (void)fputs(m + 1 < t->lab.n_measures ? ", " : "}\n", to);
        }
    }
}

void sim_tune_write(const struct sim_tune *t, const char *command, FILE *to)
{
    char build[300];
    sim_lab_build(build);
    (void)fprintf(
        to,
        "# Written by: %s\n# Paste `routing` into a scenario or a node's configuration; or "
        "swarmsim evaluate ... --params THIS.\n",
        command);
    sim_point_write(&t->candidates[t->winner].point, to);
    (void)fprintf(to, "study: %s\noptimiser: %s\nbudget: %llu\nspent: %llu\nsearch_seed: %llu\n",
                  t->file.name.s, t->optimiser->name, (unsigned long long)t->budget,
                  (unsigned long long)t->spent, (unsigned long long)t->search_seed);
    (void)fprintf(to, "training_seeds: %llu..%llu\nbuild: \"%s\"\n",
                  (unsigned long long)t->file.seed,
                  (unsigned long long)(t->file.seed + t->next_seed - 1), build);
    (void)fputs("searched: [", to);
    bool first = true;
    for (size_t i = 0; i < t->file.n_dims; i++) {
        if (t->searched[i]) {
            (void)fprintf(to, "%s%s", first ? "" : ", ", t->file.dims[i].key);
            first = false;
        }
    }
    (void)fputs("]\nrace: {", to);
    yaml_number(to, "objective", t->trained);
    (void)fprintf(to, ", racers: %zu, left: %zu}\n", t->racers, t->left);
    yaml_table(t, &t->training, "training_unseen_seeds", to);
    if (t->held_out.n > 0) {
        yaml_table(t, &t->held_out, "held_out", to);
    }
}

/* ---- the search: CSV ---- */

void sim_tune_write_search(const struct sim_tune *t, const char *command, FILE *to)
{
    static const char *const origins[] = { "defaults", "screening", "optimiser" };
    (void)command;
    (void)fputs("candidate,origin", to);
    for (size_t k = 0; k < t->file.n_dims; k++) {
        (void)fprintf(to, ",%s", t->file.dims[k].key);
    }
    (void)fputs(",trials,mean_objective,told\r\n", to);
    for (size_t i = 0; i < t->n; i++) {
        const struct sim_candidate *c = &t->candidates[i];
        double sum = 0;
        (void)fprintf(to, "%zu,%s", i, origins[c->origin]);
        for (size_t k = 0; k < t->file.n_dims; k++) {
            char value[SIM_VALUE] = "";
            if (c->u != NULL) {
                sim_dimension_value(&t->file.dims[k], c->u[k], value);
            }
            (void)fprintf(to, ",%s", value);
        }
        for (size_t k = 0; k < c->n; k++) {
            sum += c->known[k].objective;
        }
        (void)fprintf(to, ",%zu,", c->n);
        (void)(isfinite(sum) && c->n > 0 ? fprintf(to, "%.9g,", sum / (double)c->n)
                                         : fprintf(to, ","));
        (void)(isfinite(c->told) ? fprintf(to, "%.9g", c->told) : 0);
        (void)fputs("\r\n", to);
    }
}

/* ---- for people ---- */

static void print_table(const struct sim_tune *t, const struct sim_tuned_table *table,
                        const char *title, FILE *to)
{
    (void)fprintf(to, "\n%s: %zu scenario%s, seeds %llu..%llu\n  %-24s %12s  %-44s\n", title,
                  table->n, table->n == 1 ? "" : "s", (unsigned long long)table->seed,
                  (unsigned long long)(table->seed + table->seeds - 1), "", "objective",
                  "difference to the defaults, 95 % interval");
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct sim_tuned_row *r = &table->rows[i];
        (void)fprintf(to, "  %-24s ", r->name);
        (void)(isfinite(r->objective) ? fprintf(to, "%12.4f", r->objective)
                                      : fprintf(to, "not measured"));
        if (i != 1 && isfinite(r->change.change.low)) {
            (void)fprintf(to, "  %+.4f [%+.4f, %+.4f] %s", r->change.change.mean,
                          r->change.change.low, r->change.change.high, verdict(table, i));
        } else if (i != 1) {
            (void)fprintf(to, "  %+.4f", r->change.change.mean);
        }
        if (i != 1 && isfinite(r->families.low)) {
            (void)fprintf(to, "; over families [%+.4f, %+.4f]", r->families.low, r->families.high);
        }
        (void)fputc('\n', to);
    }
    (void)fprintf(to, "  %-24s", "");
    for (size_t m = 0; m < t->lab.n_measures; m++) {
        char name[160];
        sim_measure_name(&t->lab.measures[m], name, sizeof name);
        (void)fprintf(to, " %17s", name);
    }
    for (size_t i = 0; i < table->n_rows; i++) {
        (void)fprintf(to, "\n  %-24s", table->rows[i].name);
        for (size_t m = 0; m < t->lab.n_measures; m++) {
            char value[40];
            sim_show_value(value, sizeof value, t->lab.measures[m].metric->unit,
                           table->rows[i].values[m]);
            (void)fprintf(to, " %17s", value);
        }
    }
    (void)fputc('\n', to);
}

void sim_tune_print(const struct sim_tune *t, FILE *to)
{
    (void)fprintf(to,
                  "%s: %s\n%llu trials of %llu (%llu of all runs stored already), %zu candidates, "
                  "%zu generations of %s; %zu of %zu left in the race\n\n",
                  t->file.name.s, t->file.question != NULL ? t->file.question : "",
                  (unsigned long long)t->spent, (unsigned long long)t->budget,
                  (unsigned long long)t->lab.reused, t->n, t->generations, t->optimiser->name,
                  t->left, t->racers);
    (void)fprintf(to, "%-24s %9s\n", "parameter", "explains");
    for (size_t k = 0; k < t->file.n_dims; k++) {
        (void)fprintf(to, "%-24s ", t->file.dims[k].key);
        (void)(isnan(t->share[k]) ? fprintf(to, "%9s", "?")
                                  : fprintf(to, "%7.1f %%", 100 * t->share[k]));
        (void)fputs(t->searched[k] ? "  searched\n" : "\n", to);
    }
    (void)fputs("\nwinner: ", to);
    sim_point_print(&t->candidates[t->winner].point, to);
    (void)fputc('\n', to);
    print_table(t, &t->training, "training scenarios, unseen seeds", to);
    if (t->held_out.n > 0) {
        print_table(t, &t->held_out, "held-out scenarios", to);
    }
}

/* ---- for programs ---- */

static void json_member(FILE *to, const char *name, double v)
{
    (void)fprintf(to, ",\"%s\":", name);
    sim_json_number(to, v);
}

static void json_table(const struct sim_tune *t, const struct sim_tuned_table *table,
                       const char *name, FILE *to)
{
    (void)fprintf(to, ",\n\"%s\":[", name);
    for (size_t i = 0; i < table->n_rows && table->n > 0; i++) {
        const struct sim_tuned_row *r = &table->rows[i];
        (void)fprintf(to, "%s\n{\"system\":", i > 0 ? "," : "");
        sim_json_string(to, r->name);
        json_member(to, "objective", r->objective);
        json_member(to, "difference", r->change.change.mean);
        json_member(to, "low", r->change.change.low);
        json_member(to, "high", r->change.change.high);
        json_member(to, "p_holm", r->holm);
        json_member(to, "families_low", r->families.low);
        json_member(to, "families_high", r->families.high);
        (void)fprintf(to, ",\"verdict\":\"%s\",\"metrics\":{", verdict(table, i));
        for (size_t m = 0; m < t->lab.n_measures; m++) {
            char measure[160];
            sim_measure_name(&t->lab.measures[m], measure, sizeof measure);
            (void)fputs(m > 0 ? "," : "", to);
            sim_json_string(to, measure);
            (void)fputc(':', to);
            sim_json_number(to, r->values[m]);
        }
        (void)fputs("}}", to);
    }
    (void)fputs("]", to);
}

void sim_tune_print_json(const struct sim_tune *t, const char *command, FILE *to)
{
    char build[300];
    sim_lab_build(build);
    (void)fprintf(to, "{\"study\":\"%s\",\"command\":", t->file.name.s);
    sim_json_string(to, command);
    (void)fputs(",\"build\":", to);
    sim_json_string(to, build);
    (void)fputs(",\n\"policy\":", to);
    sim_json_string(to, t->candidates[t->winner].point.policy);
    (void)fputs(",\"parameters\":", to);
    sim_point_print_json(&t->candidates[t->winner].point, to);
    (void)fprintf(
        to, ",\"spent\":%llu,\"candidates\":%zu,\"generations\":%zu,\"racers\":%zu,\"left\":%zu",
        (unsigned long long)t->spent, t->n, t->generations, t->racers, t->left);
    (void)fputs(",\n\"effects\":{", to);
    for (size_t k = 0; k < t->file.n_dims; k++) {
        (void)fputs(k > 0 ? "," : "", to);
        sim_json_string(to, t->file.dims[k].key);
        (void)fputc(':', to);
        sim_json_number(to, t->share[k]);
    }
    (void)fputc('}', to);
    json_table(t, &t->training, "training", to);
    json_table(t, &t->held_out, "held_out", to);
    (void)fputs("}\n", to);
}

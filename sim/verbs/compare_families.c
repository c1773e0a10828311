/* SPDX-License-Identifier: GPL-3.0-or-later
 * What holds over families of scenarios.  A family's value is its mean over seeds; families are
 * what is resampled, since seeds say nothing about other scenarios. */
#include "sim/analyse/verdict.h"
#include "sim/verbs/compare.h"
#include "sim/verbs/json.h"
#include "sim/verbs/verb.h"

#include <math.h>
#include <string.h>

int sim_families_check(const struct sim_study *a, const struct sim_study *b)
{
    const struct sim_scenario *s = a->arms[0].s;
    const struct sim_scenario *t = b->arms[0].s;
    const char *path = a->options.scenario;
    bool alike = a->n_arms == b->n_arms;
    for (size_t i = 0; alike && i < a->n_arms; i++) {
        alike = strcmp(a->arms[i].s->configuration.s, b->arms[i].s->configuration.s) == 0;
    }
    if (!alike) {
        return sim_quit(SIM_EXIT_USAGE, "%s and %s compare different systems (give --policies)",
                        path, b->options.scenario);
    }
    if (s->inputs == t->inputs && s->text.len == t->text.len &&
        memcmp(s->text.data, t->text.data, s->text.len) == 0) {
        return sim_quit(SIM_EXIT_USAGE, "%s and %s are the same scenario: one family, not two",
                        path, b->options.scenario);
    }
    if (a->options.out != NULL && strcmp(a->options.out, b->options.out) == 0) {
        return sim_quit(SIM_EXIT_USAGE, "%s and %s would both be stored in %s (rename a file)",
                        path, b->options.scenario, a->options.out);
    }
    return SIM_EXIT_OK;
}

/* One system by one measure, over families. */
struct over {
    struct sim_interval value, change; /* mean, and bootstrap interval: NaN with few families */
    double least, most;                /* change of any family */
    size_t n;                          /* families with a finite value of both systems */
    size_t lower, higher;              /* families where that difference holds */
};

static struct sim_interval resample(const double *x, size_t n)
{
    struct sim_interval out = { NAN, NAN, NAN };
    if (n > 0 && sim_stats_bootstrap(x, n, SIM_CONFIDENCE, 1, &out) != SW_OK) {
        double sum = 0;
        for (size_t i = 0; i < n; i++) {
            sum += x[i];
        }
        out.mean = sum / (double)n;
    }
    return out;
}

static struct over gather(const struct sim_comparison *const *c, size_t n, size_t measure,
                          size_t arm)
{
    double value[SIM_FAMILIES];
    double change[SIM_FAMILIES];
    struct over o = { .least = INFINITY, .most = -INFINITY };
    for (size_t i = 0; i < n; i++) {
        const struct sim_cell *cell = sim_comparison_cell(c[i], measure, arm);
        const struct sim_cell *base = sim_comparison_cell(c[i], measure, c[i]->baseline);
        if (!isfinite(cell->value.mean) || !isfinite(base->value.mean)) {
            continue;
        }
        value[o.n] = cell->value.mean;
        change[o.n] = cell->value.mean - base->value.mean;
        o.least = fmin(o.least, change[o.n]);
        o.most = fmax(o.most, change[o.n]);
        o.n++;
        o.lower += cell->verdict == SIM_LOWER ? 1 : 0;
        o.higher += cell->verdict == SIM_HIGHER ? 1 : 0;
    }
    o.value = resample(value, o.n);
    o.change = resample(change, o.n);
    return o;
}

static void print_row(const struct sim_comparison *const *c, size_t n, size_t measure, size_t arm,
                      FILE *to)
{
    const struct over o = gather(c, n, measure, arm);
    const char *unit = c[0]->measures[measure].metric->unit;
    const bool bootstrapped = isfinite(o.change.low);
    const bool few = o.n < SIM_BOOTSTRAP_LEAST && n >= SIM_BOOTSTRAP_LEAST;
    char mean[40];
    char change[40];
    char low[40];
    char high[40];
    sim_show_value(mean, sizeof mean, unit, o.value.mean);
    (void)fprintf(to, "  %-16s %12s", c[0]->arms[arm], mean);
    if (arm != c[0]->baseline && o.n > 0) {
        sim_show_value(change, sizeof change, unit, o.change.mean);
        sim_show_value(low, sizeof low, unit, bootstrapped ? o.change.low : o.least);
        sim_show_value(high, sizeof high, unit, bootstrapped ? o.change.high : o.most);
        (void)fprintf(to, " %12s  %12s to %-12s %3zu lower, %zu higher of %zu%s", change, low, high,
                      o.lower, o.higher, o.n, few ? ": least to most, no interval" : "");
    }
    (void)fputc('\n', to);
}

void sim_families_print(const struct sim_comparison *const *c, size_t n, FILE *to)
{
    const bool few = n < SIM_BOOTSTRAP_LEAST;
    (void)fprintf(to, "\n\nover %zu families; baseline %s\n", n, c[0]->arms[c[0]->baseline]);
    for (size_t i = 0; i < c[0]->n_measures; i++) {
        char name[160];
        sim_measure_name(&c[0]->measures[i], name, sizeof name);
        (void)fprintf(to, "\n%s\n  %-16s %12s %12s  %-28s %s\n", name, "", "mean", "difference",
                      few ? "least to most of any family" : "95 % interval",
                      "families in which it holds");
        for (size_t k = 0; k < c[0]->n_arms; k++) {
            print_row(c, n, i, k, to);
        }
    }
    if (few) {
        (void)fprintf(to,
                      "\nNo intervals over fewer than %d families: the range of all of them would "
                      "not do.\n",
                      SIM_BOOTSTRAP_LEAST);
    } else {
        (void)fputs("\nIntervals by bootstrap: families are resampled, not seeds.\n", to);
    }
}

static void json_interval(FILE *to, const char *name, const struct sim_interval *i)
{
    (void)fprintf(to, ",\"%s\":", name);
    sim_json_number(to, i->mean);
    (void)fprintf(to, ",\"%s_low\":", name);
    sim_json_number(to, i->low);
    (void)fprintf(to, ",\"%s_high\":", name);
    sim_json_number(to, i->high);
}

void sim_families_print_json(const struct sim_comparison *const *c, size_t n, FILE *to)
{
    (void)fputs("],\n\"over_families\":[", to);
    for (size_t i = 0; i < c[0]->n_measures * c[0]->n_arms; i++) {
        const size_t measure = i / c[0]->n_arms;
        const size_t arm = i % c[0]->n_arms;
        const struct over o = gather(c, n, measure, arm);
        (void)fprintf(to, "%s\n{\"metric\":", i > 0 ? "," : "");
        sim_json_string(to, c[0]->measures[measure].metric->name);
        (void)fputs(",\"during\":", to);
        sim_json_string(to, c[0]->measures[measure].during);
        (void)fputs(",\"configuration\":", to);
        sim_json_string(to, c[0]->arms[arm]);
        json_interval(to, "value", &o.value);
        json_interval(to, "difference", &o.change);
        (void)fprintf(to, ",\"families\":%zu,\"lower\":%zu,\"higher\":%zu}", o.n, o.lower,
                      o.higher);
    }
    (void)fputs("]}\n", to);
}

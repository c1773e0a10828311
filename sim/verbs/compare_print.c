/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a comparison found, for people and as JSON. */
#include "node/conf/version.h"
#include "sim/verbs/compare.h"
#include "sim/verbs/json.h"

#include <math.h>
#include <string.h>

#define LEAST_P 0.0001

/* ---- for people ---- */

/* "248 ms to 250 ms", or nothing. */
static void show_interval(char *out, size_t cap, const char *unit, const struct sim_interval *i)
{
    char low[40];
    char high[40];
    out[0] = '\0';
    if (isfinite(i->low) && isfinite(i->high)) {
        sim_show_value(low, sizeof low, unit, i->low);
        sim_show_value(high, sizeof high, unit, i->high);
        (void)snprintf(out, cap, "%s to %s", low, high);
    }
}

/* The same of a difference. */
static void show_change(char *out, size_t cap, const char *unit, const struct sim_interval *i)
{
    char low[40];
    char high[40];
    out[0] = '\0';
    if (isfinite(i->low) && isfinite(i->high)) {
        sim_show_difference(low, sizeof low, unit, i->low);
        sim_show_difference(high, sizeof high, unit, i->high);
        char *points = strstr(low, " points"); /* once is enough */
        if (points != NULL) {
            *points = '\0';
        }
        (void)snprintf(out, cap, "%s to %s", low, high);
    }
}

static void show_p(char *out, size_t cap, double p)
{
    if (isnan(p)) {
        out[0] = '\0';
    } else if (p < LEAST_P) {
        (void)snprintf(out, cap, "< %g", LEAST_P);
    } else {
        (void)snprintf(out, cap, "%.2g", p);
    }
}

/* Of the column of names. */
static int name_width(const struct sim_comparison *c)
{
    size_t width = 12;
    for (size_t i = 0; i < c->n_arms; i++) {
        const size_t len = strlen(c->arms[i]);
        width = len > width ? len : width;
    }
    return (int)width;
}

static void print_cell(const struct sim_comparison *c, size_t measure, size_t arm, FILE *to)
{
    const struct sim_cell *cell = sim_comparison_cell(c, measure, arm);
    const char *unit = c->measures[measure].metric->unit;
    char mean[40];
    char interval[96];
    char change[50] = "";
    char change_interval[96];
    char p[24];
    sim_show_value(mean, sizeof mean, unit, cell->value.mean);
    show_interval(interval, sizeof interval, unit, &cell->value);
    if (!isnan(cell->change.mean)) {
        change[0] = cell->change.mean > 0 ? '+' : '\0';
        sim_show_difference(change + (cell->change.mean > 0 ? 1 : 0), 48, unit, cell->change.mean);
    }
    show_change(change_interval, sizeof change_interval, unit, &cell->change);
    show_p(p, sizeof p, cell->holm);
    (void)fprintf(to, "  %-*s %12s  %-24s %12s  %-26s %8s  %s\n", name_width(c), c->arms[arm], mean,
                  interval, change, change_interval, p, sim_change_word(cell->verdict));
}

static void print_measure(const struct sim_comparison *c, size_t measure, FILE *to)
{
    char name[160];
    sim_measure_name(&c->measures[measure], name, sizeof name);
    (void)fprintf(to, "\n%s\n  %-*s %12s  %-24s %12s  %-26s %8s\n", name, name_width(c), "", "mean",
                  c->runs > 1 ? "95 % interval" : "", c->runs > 1 ? "difference" : "",
                  c->runs > 1 ? "95 % interval" : "", c->runs > 1 ? "p (Holm)" : "");
    for (size_t i = 0; i < c->n_arms; i++) {
        print_cell(c, measure, i, to);
    }
}

static bool is_perfect(const struct sim_comparison *c, size_t measure, size_t arm, double share)
{
    const struct sim_interval *v = &sim_comparison_cell(c, measure, arm)->value;
    return v->mean == share && v->low == v->high;
}

/* A share that was @share, 0 or 1, in every run has no interval: what n runs say about it. */
static void note_perfect(const struct sim_comparison *c, size_t measure, double share, FILE *to)
{
    char name[160];
    size_t n = 0;
    sim_measure_name(&c->measures[measure], name, sizeof name);
    for (size_t i = 0; i < c->n_arms; i++) {
        if (!is_perfect(c, measure, i, share)) {
            continue;
        }
        if (n++ == 0) {
            (void)fprintf(to, "  %s is %s in all %zu runs of ", name, share > 0 ? "100 %" : "0 %",
                          c->counted[measure]);
        }
        (void)fprintf(to, "%s%s", n > 1 ? ", " : "", c->arms[i]);
    }
    if (n > 0) {
        (void)fprintf(to,
                      ":\n    at 95 %% confidence that fails in at most %.3g %% of runs (3/n)\n",
                      100 * sim_stats_never(c->counted[measure]));
    }
}

static void note_missing(const struct sim_comparison *c, size_t measure, FILE *to)
{
    const size_t counted = c->counted[measure];
    char name[160];
    sim_measure_name(&c->measures[measure], name, sizeof name);
    if (counted < c->runs) {
        (void)fprintf(to, "  %s: that fault happened in %zu of %zu runs: of those only\n", name,
                      counted, c->runs);
    }
    for (size_t i = 0; i < c->n_arms; i++) {
        const size_t measured = sim_comparison_cell(c, measure, i)->measured;
        if (measured < counted) {
            (void)fprintf(to, "  %s of %s: no finite value in %zu of %zu runs, so no verdict\n",
                          name, c->arms[i], counted - measured, counted);
        }
    }
}

static void note_windows(const struct sim_comparison *c, FILE *to)
{
    bool any = false;
    for (size_t i = 0; i < c->n_measures; i++) {
        any = any || c->measures[i].during[0] != '\0';
    }
    if (any) {
        (void)fputs("  `during FAULT` lasts until service has recovered, by each system's own\n"
                    "    standard from before the fault: these windows may differ in length\n",
                    to);
    }
}

static void note_warmup(const struct sim_compare_study *cs, FILE *to)
{
    const double warmup = (double)cs->study.arms[0].s->warmup * 1e-9;
    for (size_t i = 0; i < cs->study.n_arms; i++) {
        if (isinf(cs->settled[i])) {
            (void)fprintf(to,
                          "  dns.latency.p99 of %s does not settle before the first fault, or the "
                          "end\n    (MSER-5): means are of a beginning as well\n",
                          cs->comparison.arms[i]);
        } else if (cs->settled[i] > warmup) {
            (void)fprintf(
                to,
                "  dns.latency.p99 of %s settles after %g s (MSER-5); the warm-up that is\n"
                "    left out is only %g s\n",
                cs->comparison.arms[i], cs->settled[i], warmup);
        }
    }
}

static void print_notes(const struct sim_compare_study *cs, FILE *to)
{
    const struct sim_comparison *c = &cs->comparison;
    if (c->runs > 1 && c->n_arms > 1) {
        (void)fprintf(to,
                      "\nDifferences are to %s, seed by seed: paired t tests, Holm-corrected over "
                      "%zu differences.\n",
                      c->arms[c->baseline], c->tests);
    } else if (c->n_arms == 1) {
        (void)fputs("\nOne system alone: nothing to compare it with.\n", to);
    } else {
        (void)fputs("\nOne run of each says nothing about differences (give --seeds A..B).\n", to);
    }
    for (size_t i = 0; i < c->n_measures; i++) {
        if (c->runs >= 10 && strcmp(c->measures[i].metric->unit, "1") == 0) {
            note_perfect(c, i, 0, to);
            note_perfect(c, i, 1, to);
        }
        note_missing(c, i, to);
    }
    note_windows(c, to);
    note_warmup(cs, to);
}

static void print_claim(const struct sim_claim *claim, const struct sim_comparison *c, FILE *to)
{
    const char *unit = c->measures[claim->measure].metric->unit;
    char left[96];
    char right[96];
    char difference[96];
    show_interval(left, sizeof left, unit,
                  &sim_comparison_cell(c, claim->measure, claim->left)->value);
    show_interval(right, sizeof right, unit,
                  &sim_comparison_cell(c, claim->measure, claim->right)->value);
    show_change(difference, sizeof difference, unit, &claim->difference);
    (void)fprintf(to, "  %-4s  %s\n        %s against %s; difference %s\n",
                  claim->holds ? "ok" : "FAIL", claim->text, left[0] != '\0' ? left : "no interval",
                  right[0] != '\0' ? right : "no interval",
                  difference[0] != '\0' ? difference : "unknown");
    if (!claim->holds && difference[0] != '\0') {
        const bool less = claim->op == '<';
        const struct sim_interval *l = &sim_comparison_cell(c, claim->measure, claim->left)->value;
        const struct sim_interval *r = &sim_comparison_cell(c, claim->measure, claim->right)->value;
        const bool apart = less ? l->high < r->low : l->low > r->high;
        const bool paired = less ? claim->difference.high < 0 : claim->difference.low > 0;
        (void)fprintf(to, "        failed: %s%s%s\n",
                      apart ? "" : "the one interval is not wholly on that side of the other",
                      apart || paired ? "" : ", and ",
                      paired ? ""
                             : "the difference, seed by seed, is not wholly on that side of 0");
    }
}

void sim_compare_print(const struct sim_compare_study *cs, FILE *to)
{
    const struct sim_study *st = &cs->study;
    const struct sim_comparison *c = &cs->comparison;
    (void)fprintf(to, "%s: %s\n", st->arms[0].s->name, st->arms[0].s->question);
    (void)fprintf(to, "%zu %s, each with the same %zu seed%s (%llu..%llu); baseline %s\n",
                  c->n_arms,
                  st->options.n_policies > 0 ? (c->n_arms == 1 ? "policy" : "policies")
                  : c->n_arms == 1           ? "configuration"
                                             : "configurations",
                  c->runs, c->runs == 1 ? "" : "s", (unsigned long long)c->first_seed,
                  (unsigned long long)(c->first_seed + c->runs - 1), c->arms[c->baseline]);
    for (size_t i = 0; i < c->n_measures; i++) {
        print_measure(c, i, to);
    }
    print_notes(cs, to);
    if (cs->n_claims > 0) {
        (void)fputs("\nclaims\n", to);
    }
    for (size_t i = 0; i < cs->n_claims; i++) {
        print_claim(&cs->claims[i], c, to);
    }
    sim_study_print_complaints(st, to);
    (void)fprintf(to, "\ndatabase  %s\n", st->database);
}

/* ---- for programs ---- */

static void json_field(FILE *to, const char *key, double v)
{
    (void)fprintf(to, ",\"%s\":", key);
    sim_json_number(to, v);
}

static void json_text(FILE *to, const char *key, const char *text)
{
    (void)fprintf(to, "\"%s\":", key);
    sim_json_string(to, text);
}

static void json_cell(const struct sim_comparison *c, size_t measure, size_t arm, FILE *to)
{
    const struct sim_cell *cell = sim_comparison_cell(c, measure, arm);
    (void)fputs(arm > 0 ? ",\n  {" : "\n  {", to);
    json_text(to, "configuration", c->arms[arm]);
    (void)fprintf(to, ",\"runs\":%zu", cell->measured);
    json_field(to, "value", cell->value.mean);
    json_field(to, "low", cell->value.low);
    json_field(to, "high", cell->value.high);
    json_field(to, "difference", cell->change.mean);
    json_field(to, "difference_low", cell->change.low);
    json_field(to, "difference_high", cell->change.high);
    json_field(to, "p", cell->p);
    json_field(to, "p_holm", cell->holm);
    (void)fputc(',', to);
    json_text(to, "verdict", sim_change_word(cell->verdict));
    (void)fputc('}', to);
}

static void json_metrics(const struct sim_comparison *c, FILE *to)
{
    (void)fputs("\"metrics\":[", to);
    for (size_t i = 0; i < c->n_measures; i++) {
        (void)fputs(i > 0 ? ",\n{" : "\n{", to);
        json_text(to, "metric", c->measures[i].metric->name);
        (void)fputc(',', to);
        json_text(to, "during", c->measures[i].during);
        (void)fputc(',', to);
        json_text(to, "unit", c->measures[i].metric->unit);
        (void)fputs(",\"of\":[", to);
        for (size_t k = 0; k < c->n_arms; k++) {
            json_cell(c, i, k, to);
        }
        (void)fputs("]}", to);
    }
    (void)fputs("],\n", to);
}

static void json_claims(const struct sim_compare_study *cs, FILE *to)
{
    (void)fputs("\"claims\":[", to);
    for (size_t i = 0; i < cs->n_claims; i++) {
        const struct sim_claim *claim = &cs->claims[i];
        (void)fputs(i > 0 ? ",\n{" : "\n{", to);
        json_text(to, "text", claim->text);
        (void)fprintf(to, ",\"holds\":%s", claim->holds ? "true" : "false");
        json_field(to, "difference", claim->difference.mean);
        json_field(to, "difference_low", claim->difference.low);
        json_field(to, "difference_high", claim->difference.high);
        (void)fputc('}', to);
    }
    (void)fputs("],\n", to);
}

static void json_complaints(const struct sim_study *st, FILE *to)
{
    bool first = true;
    (void)fputs("\"complaints\":[", to);
    for (size_t i = 0; i < st->n_tasks; i++) {
        const struct sim_result *r = &st->infos[i].result;
        if (r->complaint[0] != '\0') {
            (void)fprintf(to, "%s\n{\"seed\":%llu,", first ? "" : ",", (unsigned long long)r->seed);
            json_text(to, "configuration", st->tasks[i].s->configuration.s);
            (void)fputc(',', to);
            json_text(to, "oracle", r->oracle);
            (void)fputc(',', to);
            json_text(to, "complaint", r->complaint);
            (void)fputc('}', to);
            first = false;
        }
    }
    (void)fputs("],\n", to);
}

void sim_compare_print_json(const struct sim_compare_study *cs, FILE *to)
{
    const struct sim_comparison *c = &cs->comparison;
    (void)fputc('{', to);
    json_text(to, "scenario", cs->study.arms[0].s->name);
    (void)fputc(',', to);
    json_text(to, "core_digest", sw_core_digest());
    (void)fprintf(to, ",\n\"first_seed\":%llu,\"runs\":%zu,\"reused\":%zu,",
                  (unsigned long long)c->first_seed, c->runs,
                  cs->study.n_tasks - cs->study.n_missing);
    json_text(to, "baseline", c->arms[c->baseline]);
    (void)fprintf(to, ",\"differences\":%zu,\n", c->tests);
    json_metrics(c, to);
    json_claims(cs, to);
    json_complaints(&cs->study, to);
    json_text(to, "database", cs->study.database);
    (void)fputs("}\n", to);
}

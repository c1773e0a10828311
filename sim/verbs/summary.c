/* SPDX-License-Identifier: GPL-3.0-or-later
 * What came out of a study, for people and for programs. */
#include "node/conf/version.h"
#include "sim/analyse/stats.h"
#include "sim/scenario/replay.h"
#include "sim/verbs/json.h"
#include "sim/verbs/study.h"

#include <math.h>
#include <string.h>

/* ---- for people ---- */

void sim_study_print_complaints(const struct sim_study *st, FILE *to)
{
    const bool policies = st->options.n_policies > 0;
    const char *under = policies ? st->options.configuration : NULL;
    for (size_t i = 0; i < st->n_tasks; i++) {
        const struct sim_result *r = &st->infos[i].result;
        if (r->complaint[0] == '\0') {
            continue;
        }
        const char *configuration = st->tasks[i].s->configuration.s;
        (void)fprintf(
            to,
            "\nOracle '%s' stopped seed %llu%s%s at %.6f s: %s\n"
            "  reproduce: swarmsim %s %s %s %llu%s%s%s%s\n",
            r->oracle, (unsigned long long)r->seed, configuration[0] != '\0' ? " of " : "",
            configuration, (double)r->complained_at * 1e-9, r->complaint,
            policies ? "compare" : "run", st->options.scenario, policies ? "--seeds" : "--seed",
            (unsigned long long)r->seed,
            configuration[0] == '\0' ? ""
            : policies               ? " --policies "
                                     : " --configuration ",
            configuration, under != NULL ? " --configuration " : "", under != NULL ? under : "");
    }
}

static void print_verdict(const struct sim_verdict *v, FILE *to)
{
    char value[40];
    char low[40];
    char high[40];
    char interval[96] = "";
    char margin[40];
    sim_show_value(value, sizeof value, v->unit, v->value);
    sim_show_value(low, sizeof low, v->unit, v->low);
    sim_show_value(high, sizeof high, v->unit, v->high);
    sim_show_value(margin, sizeof margin, v->unit, fabs(v->margin));
    if (v->runs > 1) {
        (void)snprintf(interval, sizeof interval, "%s to %s", low, high);
    }
    const bool apart = isfinite(v->margin) && v->margin != 0;
    (void)fprintf(to, "  %-4s  %-52s %12s  %-24s %s%s\n", v->holds ? "ok" : "FAIL",
                  v->expectation->text, value, interval, apart ? margin : "",
                  !apart          ? ""
                  : v->margin < 0 ? " short"
                                  : " to spare");
}

/* What was the same in every run, nothing or everything, has no interval: what n runs say. */
static void note_never(const struct sim_verdict *v, FILE *to)
{
    const bool share = strcmp(v->unit, "1") == 0;
    const bool count = v->unit[0] == '\0';
    const bool extreme = (v->value == 0 && (share || count)) || (v->value == 1 && share);
    /* fewer runs bound nothing worth saying */
    if (v->runs >= 10 && extreme && v->low == v->high) {
        (void)fprintf(to,
                      "        in all %llu runs: at 95 %% confidence it is otherwise in at most "
                      "%.3g %% of runs (3/n)\n",
                      (unsigned long long)v->runs, 100 * sim_stats_never(v->runs));
    }
}

/* A mean over fewer runs than there are: why. */
static void note_runs(const struct sim_verdict *v, size_t runs, FILE *to)
{
    if (v->of < runs && v->expectation->during != NULL) {
        (void)fprintf(to, "        '%s' happened in %llu of %zu runs: of those only\n",
                      v->expectation->during, (unsigned long long)v->of, runs);
    }
    if (v->runs < v->of) {
        (void)fprintf(to, "        no value in %llu of %llu runs, so it fails\n",
                      (unsigned long long)(v->of - v->runs), (unsigned long long)v->of);
    }
}

/* How often it never came, and what it was else. */
static void note_infinite(const struct sim_verdict *v, FILE *to)
{
    char text[40];
    if (v->never > 0 && v->never < v->runs) {
        sim_show_value(text, sizeof text, v->unit, v->otherwise);
        (void)fprintf(to, "        never in %llu of %llu runs, else %s\n",
                      (unsigned long long)v->never, (unsigned long long)v->runs, text);
    }
}

/* How many runs met it each by itself, and what that says of others.  Their median where the mean
 * is infinite. */
static void note_each(const struct sim_verdict *v, FILE *to)
{
    char median[40];
    char low[40];
    char high[40];
    if (v->of < 2 || v->met.mean == 1) {
        return;
    }
    sim_show_value(low, sizeof low, "1", v->met.low);
    sim_show_value(high, sizeof high, "1", v->met.high);
    (void)fprintf(to, "        %.0f of %llu runs meet it, each by itself: %s to %s of such runs\n",
                  v->met.mean * (double)v->of, (unsigned long long)v->of, low, high);
    if (v->never > 0 && !isnan(v->median.mean)) {
        sim_show_value(median, sizeof median, v->unit, v->median.mean);
        sim_show_value(low, sizeof low, v->unit, v->median.low);
        sim_show_value(high, sizeof high, v->unit, v->median.high);
        (void)fprintf(to, "        median %s, 95 %% interval %s to %s\n", median, low, high);
    }
}

/* What to look at: around a fault, or else what went wrong and what was restored in the whole run.
 */
static void print_window(const struct sim_scenario *s, const char *during, FILE *to)
{
    for (size_t i = 0; during != NULL && i < s->n_faults; i++) {
        if (strcmp(s->faults[i].kind, during) == 0 && !s->faults[i].drawn) {
            (void)fprintf(to, "--at %gs\n", (double)s->faults[i].at / 1e9);
            return;
        }
    }
    const double half = (double)s->duration / 2e9;
    (void)fprintf(to, "--at %gs --window %gs --kind fault,restore\n", half, half);
}

/* Where to look first when it failed. */
static void note_worst(const struct sim_study *st, const struct sim_scenario *s,
                       const struct sim_verdict *v, FILE *to)
{
    if (v->holds || v->runs == 0) {
        return;
    }
    const char *configuration = s->configuration.s;
    (void)fprintf(to, "        %sseed %llu: swarmsim replay %s --seed %llu%s%s ",
                  v->of > 1 ? "worst: " : "", (unsigned long long)v->worst_seed, st->database,
                  (unsigned long long)v->worst_seed,
                  configuration[0] != '\0' ? " --configuration " : "", configuration);
    print_window(s, v->expectation->during, to);
}

static void print_arm(const struct sim_study *st, const struct sim_arm *a, FILE *to)
{
    const size_t runs = st->n_tasks / st->n_arms;
    if (a->s->n_expectations == 0 || a->verdicts == NULL) {
        return;
    }
    if (a->s->configuration.s[0] != '\0') {
        (void)fprintf(to, "\n%s\n", a->s->configuration.s);
    } else {
        (void)fputc('\n', to);
    }
    (void)fprintf(to, "  %-4s  %-52s %12s  %-24s %s\n", "", "expectation", "mean",
                  a->verdicts[0].runs > 1 ? "95 % interval" : "", "margin");
    for (size_t i = 0; i < a->s->n_expectations; i++) {
        print_verdict(&a->verdicts[i], to);
        note_never(&a->verdicts[i], to);
        note_infinite(&a->verdicts[i], to);
        note_each(&a->verdicts[i], to);
        note_runs(&a->verdicts[i], runs, to);
        note_worst(st, a->s, &a->verdicts[i], to);
    }
}

/* What groups of clients replay. */
static void print_replays(const struct sim_scenario *s, FILE *to)
{
    for (size_t i = 0; i < s->n_clients; i++) {
        if (s->clients[i].replay != NULL) {
            (void)fprintf(to, "replayed  %s\n", s->clients[i].replay->summary);
        }
    }
}

void sim_study_print(const struct sim_study *st, FILE *to)
{
    double simulated = 0;
    double wall = 0;
    double events = 0;
    for (size_t k = 0; k < st->n_missing; k++) {
        const struct sim_run_info *info = &st->infos[st->missing[k]];
        simulated += info->sim_seconds;
        wall += info->wall_seconds;
        events += (double)info->result.events;
    }
    const size_t reused = st->n_tasks - st->n_missing;
    (void)fprintf(to, "%s: %s\n", st->arms[0].s->name, st->arms[0].s->question);
    print_replays(st->arms[0].s, to);
    sim_study_print_measured(st, to);
    if (reused > 0) {
        (void)fprintf(to, "%zu run%s, %zu of them reused\n", st->n_tasks,
                      st->n_tasks == 1 ? "" : "s", reused);
    }
    if (st->n_missing > 0) {
        (void)fprintf(to,
                      "%zu run%s, %.0f s simulated in %.1f s (each run %.0f x real time, %.2f M "
                      "events/s)\n",
                      st->n_missing, st->n_missing == 1 ? "" : "s", simulated, st->elapsed,
                      simulated / wall, events / wall * 1e-6);
    }
    for (size_t i = 0; i < st->n_arms; i++) {
        print_arm(st, &st->arms[i], to);
    }
    if (st->options.until != NULL) {
        sim_until_print(st->options.until, to);
    }
    sim_study_print_complaints(st, to);
    (void)fputc('\n', to);
}

/* ---- for programs ---- */

static void json_runs(const struct sim_study *st, FILE *to)
{
    (void)fprintf(to, "\"reused\":%zu,\n\"runs\":[", st->n_tasks - st->n_missing);
    for (size_t i = 0; i < st->n_tasks; i++) {
        const struct sim_run_info *info = &st->infos[i];
        (void)fprintf(
            to, "%s\n{\"seed\":%llu,\"trace_hash\":\"%016llx\",\"sim_seconds\":", i > 0 ? "," : "",
            (unsigned long long)info->result.seed, (unsigned long long)info->result.trace_hash);
        sim_json_number(to, info->sim_seconds);
        (void)fputs(",\"wall_seconds\":", to);
        sim_json_number(to, info->wall_seconds);
        (void)fprintf(
            to, ",\"events\":%llu,\"configuration\":", (unsigned long long)info->result.events);
        sim_json_string(to, st->tasks[i].s->configuration.s);
        if (info->result.complaint[0] != '\0') {
            (void)fputs(",\"oracle\":", to);
            sim_json_string(to, info->result.oracle);
            (void)fputs(",\"complaint\":", to);
            sim_json_string(to, info->result.complaint);
        }
        (void)fputc('}', to);
    }
    (void)fputs("],\n", to);
}

static void json_field(FILE *to, const char *key, double v)
{
    (void)fprintf(to, ",\"%s\":", key);
    sim_json_number(to, v);
}

static void json_verdict(FILE *to, const struct sim_verdict *v)
{
    json_field(to, "value", v->value);
    json_field(to, "otherwise", v->otherwise);
    json_field(to, "low", v->low);
    json_field(to, "high", v->high);
    json_field(to, "median", v->median.mean);
    json_field(to, "median_low", v->median.low);
    json_field(to, "median_high", v->median.high);
    json_field(to, "met", v->met.mean);
    json_field(to, "met_low", v->met.low);
    json_field(to, "met_high", v->met.high);
}

static void json_expectations(const struct sim_study *st, FILE *to)
{
    bool first = true;
    (void)fputs("\"expectations\":[", to);
    for (size_t i = 0; i < st->n_arms; i++) {
        const struct sim_arm *a = &st->arms[i];
        for (size_t k = 0; a->verdicts != NULL && k < a->s->n_expectations; k++) {
            const struct sim_verdict *v = &a->verdicts[k];
            (void)fprintf(to, "%s\n{\"text\":", first ? "" : ",");
            first = false;
            sim_json_string(to, v->expectation->text);
            (void)fprintf(to, ",\"runs\":%llu", (unsigned long long)v->runs);
            (void)fprintf(to, ",\"never\":%llu", (unsigned long long)v->never);
            json_verdict(to, v);
            (void)fputs(",\"unit\":", to);
            sim_json_string(to, v->unit);
            (void)fprintf(to, ",\"holds\":%s", v->holds ? "true" : "false");
            json_field(to, "margin", v->margin);
            (void)fputs(",\"configuration\":", to);
            sim_json_string(to, a->s->configuration.s);
            (void)fputc('}', to);
        }
    }
    (void)fputs("],\n", to);
}

void sim_study_print_json(const struct sim_study *st, FILE *to)
{
    (void)fputs("{\"scenario\":", to);
    sim_json_string(to, st->arms[0].s->name);
    (void)fputs(",\"core_digest\":", to);
    sim_json_string(to, sw_core_digest());
    (void)fputs(",\n", to);
    json_runs(st, to);
    json_expectations(st, to);
    if (st->options.until != NULL) {
        sim_until_print_json(st->options.until, to);
    }
    (void)fputs("\"database\":", to);
    sim_json_string(to, st->database);
    (void)fputs("}\n", to);
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Paired differences between systems, and which of them hold. */
#define _POSIX_C_SOURCE 200809L
#include "sim/analyse/compare.h"
#include "embedded/sim_values_sql.h"
#include "node/base/types.h"
#include "sim/record/db.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALPHA (1 - SIM_CONFIDENCE)

/* ---- what is compared ---- */

/* Split "METRIC [during FAULT]". */
static bool split_measure(const char *text, char metric[64], char during[64])
{
    char word[8] = "";
    char more[2] = "";
    during[0] = '\0';
    const int n = sscanf(text, " %63s %7s %63s %1s", metric, word, during, more);
    return n == 1 || (n == 3 && strcmp(word, "during") == 0);
}

int sim_measure_parse(struct sim_measure *m, const char *text, struct sw_diag *d)
{
    char name[64];
    *m = (struct sim_measure){ 0 };
    if (!split_measure(text, name, m->during)) {
        return sw_diag_set(d, SW_ERR_NOTFOUND, "'%.80s': expected METRIC [during FAULT]", text);
    }
    size_t group;
    size_t number;
    m->metric = sim_metric_find(name, &group, &number);
    if (m->metric == NULL) {
        return sim_metric_unknown(name, d);
    }
    if (m->during[0] != '\0' && !m->metric->windowed) {
        return sw_diag_set(d, SW_ERR_NOTFOUND, "%s has no value during a fault", name);
    }
    m->error = sim_metric_error(group, number);
    return 0;
}

int sim_comparison_add(struct sim_comparison *c, const char *text, size_t *index, struct sw_diag *d)
{
    struct sim_measure m;
    const int err = sim_measure_parse(&m, text, d);
    if (err != 0) {
        return err;
    }
    for (size_t i = 0; i < c->n_measures; i++) {
        if (c->measures[i].metric == m.metric && strcmp(c->measures[i].during, m.during) == 0) {
            *index = i;
            return 0;
        }
    }
    if (c->n_measures == SIM_COMPARE_METRICS) {
        return sw_diag_set(d, SW_ERR_RANGE, "more than %d metrics", SIM_COMPARE_METRICS);
    }
    *index = c->n_measures;
    c->measures[c->n_measures++] = m;
    return 0;
}

static const char usual[] = "dns.latency.p50,dns.latency.p99,dns.latency.p99.9,availability,"
                            "dns.slow,route.per_query";

int sim_comparison_add_list(struct sim_comparison *c, const char *names, struct sw_diag *d)
{
    char *list = strdup(names != NULL ? names : usual);
    char *rest = NULL;
    size_t n = 0;
    int err = list == NULL ? sw_diag_set(d, SW_ERR_NOMEM, "out of memory") : 0;
    for (char *item = list != NULL ? strtok_r(list, ",", &rest) : NULL; item != NULL && err == 0;
         item = strtok_r(NULL, ",", &rest)) {
        size_t index;
        err = sim_comparison_add(c, item + strspn(item, " "), &index, d);
        n++;
    }
    free(list);
    return err != 0 || n > 0 ? err
                             : sw_diag_set(d, SW_ERR_MALFORMED, "name 1 to %d, separated by commas",
                                           SIM_COMPARE_METRICS);
}

int sim_comparison_base(struct sim_comparison *c, const char *name, struct sw_diag *d)
{
    c->baseline = 0;
    for (size_t i = 0; i < c->n_arms; i++) {
        if (strcmp(c->arms[i], name != NULL ? name : "random") == 0) {
            c->baseline = i;
            return 0;
        }
    }
    return name == NULL ? 0
                        : sw_diag_set(d, SW_ERR_NOTFOUND, "'%s' is not among those compared", name);
}

void sim_measure_name(const struct sim_measure *m, char *out, size_t cap)
{
    (void)snprintf(out, cap, "%s%s%s", m->metric->name, m->during[0] != '\0' ? " during " : "",
                   m->during);
}

/* ---- values ---- */

static double *values_of(const struct sim_comparison *c, size_t measure, size_t arm)
{
    return c->values + (measure * c->n_arms + arm) * c->runs;
}

const double *sim_comparison_values(const struct sim_comparison *c, size_t measure, size_t arm)
{
    return values_of(c, measure, arm);
}

const struct sim_cell *sim_comparison_cell(const struct sim_comparison *c, size_t measure,
                                           size_t arm)
{
    return &c->cells[measure * c->n_arms + arm];
}

static int allocate(struct sim_comparison *c, struct sw_diag *d)
{
    const size_t cells = c->n_measures * c->n_arms;
    free(c->values);
    free(c->cells);
    c->values = malloc(cells * c->runs * sizeof *c->values);
    c->cells = calloc(cells, sizeof *c->cells);
    if (c->values == NULL || c->cells == NULL) {
        return sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < cells * c->runs; i++) {
        c->values[i] = NAN;
    }
    return 0;
}

/* @seen counts, for each run, the arms that have a row of it. */
static void read_values(struct sim_comparison *c, sqlite3_stmt *st, size_t measure, size_t arm,
                        uint32_t *seen)
{
    const struct sim_measure *m = &c->measures[measure];
    double *out = values_of(c, measure, arm);
    (void)sqlite3_bind_text(st, 2, c->arms[arm], -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(st, 3, m->metric->name, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(st, 4, m->during, -1, SQLITE_STATIC);
    while (sqlite3_step(st) == SQLITE_ROW) {
        const uint64_t run = (uint64_t)sqlite3_column_int64(st, 0) - c->first_seed;
        if (run < c->runs) {
            const bool none = sqlite3_column_type(st, 1) == SQLITE_NULL;
            out[run] = none ? NAN : sqlite3_column_double(st, 1);
            seen[run]++;
        }
    }
    (void)sqlite3_reset(st);
}

/* Bring the runs in which the fault happened, in every arm, to the front: the same seeds of all. */
static void keep_common(struct sim_comparison *c, size_t measure, const uint32_t *seen)
{
    const bool windowed = c->measures[measure].during[0] != '\0';
    size_t n = 0;
    for (size_t run = 0; run < c->runs; run++) {
        if (!windowed || seen[run] == c->n_arms) {
            for (size_t k = 0; k < c->n_arms; k++) {
                double *x = values_of(c, measure, k);
                x[n] = x[run];
            }
            n++;
        }
    }
    c->counted[measure] = n;
}

int sim_comparison_read(struct sim_comparison *c, struct sqlite3 *sq, struct sw_diag *d)
{
    int err = allocate(c, d);
    if (err != 0) {
        return err;
    }
    const int64_t study = sim_db_latest(sq);
    sqlite3_stmt *st = NULL;
    if (study < 0 || sqlite3_prepare_v2(sq, sim_values_sql, -1, &st, NULL) != SQLITE_OK) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "the study can't be read: %s", sqlite3_errmsg(sq));
    }
    (void)sqlite3_bind_int64(st, 1, study);
    for (size_t i = 0; i < c->n_measures && err == 0; i++) {
        uint32_t *seen = calloc(c->runs, sizeof *seen);
        err = seen != NULL ? 0 : sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
        for (size_t k = 0; k < c->n_arms && err == 0; k++) {
            read_values(c, st, i, k, seen);
        }
        if (err == 0) {
            keep_common(c, i, seen);
        }
        free(seen);
    }
    (void)sqlite3_finalize(st);
    return err;
}

void sim_comparison_fini(struct sim_comparison *c)
{
    free(c->values);
    free(c->cells);
    *c = (struct sim_comparison){ 0 };
}

/* ---- judging ---- */

static const struct sim_interval nothing = { NAN, NAN, NAN };

static double mean_of(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += x[i];
    }
    return sum / (double)n;
}

/* Mean over runs; without an interval when a run has no finite value. */
static void judge_value(const struct sim_comparison *c, size_t measure, size_t arm)
{
    const struct sim_measure *m = &c->measures[measure];
    const double *x = values_of(c, measure, arm);
    struct sim_cell *cell = &c->cells[measure * c->n_arms + arm];
    *cell = (struct sim_cell){ nothing, nothing, NAN, NAN, SIM_NO_VERDICT, 0 };
    const size_t n = c->counted[measure];
    for (size_t i = 0; i < n; i++) {
        cell->measured += isfinite(x[i]) ? 1 : 0;
    }
    cell->value.mean = mean_of(x, n);
    if (cell->measured < n || sim_stats_mean(x, n, SIM_CONFIDENCE, &cell->value) != SW_OK) {
        return;
    }
    sim_stats_widen(&cell->value, m->error * fabs(cell->value.mean));
    cell->value.low = fmax(cell->value.low, 0); /* nothing that is measured can be negative */
    if (strcmp(m->metric->unit, "1") == 0) {
        cell->value.high = fmin(cell->value.high, 1);
    }
}

/* How far a difference between two arms may be from what it was read as. */
static double read_error(const struct sim_comparison *c, size_t measure, size_t a, size_t b)
{
    return c->measures[measure].error * (fabs(sim_comparison_cell(c, measure, a)->value.mean) +
                                         fabs(sim_comparison_cell(c, measure, b)->value.mean));
}

/* The interval of the mean of @a - @b, values of @measure; false when it has none. */
static bool difference(const struct sim_comparison *c, size_t measure, size_t a, size_t b,
                       struct sim_interval *out)
{
    const size_t n = c->counted[measure];
    if (sim_comparison_cell(c, measure, a)->measured < n ||
        sim_comparison_cell(c, measure, b)->measured < n ||
        sim_stats_paired(values_of(c, measure, a), values_of(c, measure, b), n, SIM_CONFIDENCE,
                         out) != SW_OK) {
        *out = nothing;
        return false;
    }
    sim_stats_widen(out, read_error(c, measure, a, b));
    return true;
}

static bool equal_in_every_run(const struct sim_comparison *c, size_t measure, size_t a, size_t b)
{
    const double *x = values_of(c, measure, a);
    const double *y = values_of(c, measure, b);
    for (size_t i = 0; i < c->counted[measure]; i++) {
        if (x[i] != y[i]) {
            return false;
        }
    }
    return true;
}

static void judge_change(const struct sim_comparison *c, size_t measure, size_t arm)
{
    struct sim_cell *cell = &c->cells[measure * c->n_arms + arm];
    if (arm == c->baseline) {
        cell->verdict = SIM_IS_BASELINE;
    } else if (difference(c, measure, arm, c->baseline, &cell->change)) {
        (void)sim_stats_paired_p(values_of(c, measure, arm), values_of(c, measure, c->baseline),
                                 c->counted[measure], read_error(c, measure, arm, c->baseline),
                                 &cell->p);
        cell->verdict =
            equal_in_every_run(c, measure, arm, c->baseline) ? SIM_ALIKE : SIM_NOT_APART;
    }
}

static void correct(struct sim_comparison *c)
{
    double p[SIM_COMPARE_METRICS * SIM_COMPARE_ARMS] = { 0 };
    double adjusted[SIM_COMPARE_METRICS * SIM_COMPARE_ARMS];
    const size_t n = c->n_measures * c->n_arms;
    c->tests = 0;
    for (size_t i = 0; i < n; i++) {
        p[i] = c->cells[i].p;
        c->tests += isnan(p[i]) ? 0 : 1;
    }
    sim_stats_holm(p, n, adjusted);
    for (size_t i = 0; i < n; i++) {
        c->cells[i].holm = adjusted[i];
    }
}

void sim_comparison_judge(struct sim_comparison *c)
{
    const size_t n = c->n_measures * c->n_arms;
    for (size_t i = 0; i < n; i++) {
        judge_value(c, i / c->n_arms, i % c->n_arms);
    }
    for (size_t i = 0; i < n; i++) {
        judge_change(c, i / c->n_arms, i % c->n_arms);
    }
    correct(c);
    for (size_t i = 0; i < n; i++) {
        struct sim_cell *cell = &c->cells[i];
        if (cell->verdict == SIM_NOT_APART && cell->holm < ALPHA) {
            cell->verdict = cell->change.high < 0  ? SIM_LOWER
                            : cell->change.low > 0 ? SIM_HIGHER
                                                   : SIM_NOT_APART;
        } else if (cell->verdict == SIM_NOT_APART && cell->change.low == cell->change.high) {
            cell->verdict = SIM_TOO_FEW;
        }
    }
}

const char *sim_change_word(enum sim_change change)
{
    static const char *const words[] = {
        [SIM_IS_BASELINE] = "baseline",  [SIM_LOWER] = "lower",
        [SIM_HIGHER] = "higher",         [SIM_NOT_APART] = "not told apart",
        [SIM_TOO_FEW] = "too few runs",  [SIM_ALIKE] = "equal in every run",
        [SIM_NO_VERDICT] = "no verdict",
    };
    return words[change];
}

/* ---- claims ---- */

/* "A < B" */
static bool split_sides(const char *text, char left[64], char *op, char right[64])
{
    char word[2] = "";
    char more[2] = "";
    if (sscanf(text, " %63[^<> \t] %1[<>] %63[^<>= \t] %1s", left, word, right, more) != 3) {
        return false;
    }
    *op = word[0];
    return true;
}

static size_t find_arm(const struct sim_comparison *c, const char *name)
{
    size_t i = 0;
    while (i < c->n_arms && strcmp(c->arms[i], name) != 0) {
        i++;
    }
    return i;
}

int sim_claim_parse(struct sim_claim *claim, const char *text, struct sim_comparison *c,
                    struct sw_diag *d)
{
    char measure[160] = "";
    char left[64];
    char right[64];
    *claim = (struct sim_claim){ .text = text, .difference = nothing };
    const char *colon = strchr(text, ':');
    const size_t len = colon != NULL ? (size_t)(colon - text) : sizeof measure;
    if (len >= sizeof measure || !split_sides(colon + 1, left, &claim->op, right)) {
        return sw_diag_set(d, SW_ERR_MALFORMED,
                           "'%.100s': expected METRIC [during FAULT]: NAME < NAME (or >)", text);
    }
    memcpy(measure, text, len);
    claim->left = find_arm(c, left);
    claim->right = find_arm(c, right);
    if (claim->left == c->n_arms || claim->right == c->n_arms) {
        return sw_diag_set(d, SW_ERR_NOTFOUND, "'%.100s': '%s' is not among those compared", text,
                           claim->left == c->n_arms ? left : right);
    }
    return sim_comparison_add(c, measure, &claim->measure, d);
}

void sim_claim_judge(struct sim_claim *claim, const struct sim_comparison *c)
{
    const struct sim_interval left = sim_comparison_cell(c, claim->measure, claim->left)->value;
    const struct sim_interval right = sim_comparison_cell(c, claim->measure, claim->right)->value;
    if (!difference(c, claim->measure, claim->left, claim->right, &claim->difference)) {
        claim->holds = false;
    } else if (claim->op == '<') {
        claim->holds = left.high < right.low && claim->difference.high < 0;
    } else {
        claim->holds = left.low > right.high && claim->difference.low > 0;
    }
}

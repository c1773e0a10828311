/* SPDX-License-Identifier: GPL-3.0-or-later
 * Reading and showing how exact a study has to be. */
#include "sim/verbs/until.h"
#include "sim/analyse/verdict.h"
#include "sim/verbs/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* " 5 %" */
static bool split_percent(const char *text, double *percent)
{
    char *end;
    *percent = strtod(text, &end);
    const bool number = end != text;
    end += strspn(end, " ");
    return number && *end == '%' && end[1 + strspn(end + 1, " ")] == '\0';
}

int sim_until_parse(struct sim_until *u, const char *text, uint64_t most, struct sw_diag *d)
{
    char measure[160];
    double percent = 0;
    const char *plus = strstr(text, "+-");
    *u = (struct sim_until){ .rule = { .level = SIM_CONFIDENCE, .most = most } };
    if (plus == NULL || (size_t)(plus - text) >= sizeof measure ||
        !split_percent(plus + 2, &percent)) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "'%.100s': expected METRIC [during FAULT] +- P %%",
                           text);
    }
    if (!(percent > 0 && percent <= 100)) {
        return sw_diag_set(d, SW_ERR_RANGE, "'%.100s': P lies above 0 and is at most 100", text);
    }
    memcpy(measure, text, (size_t)(plus - text));
    measure[plus - text] = '\0';
    u->rule.within = percent / 100;
    return sim_measure_parse(&u->measure, measure, d);
}

/* Runs that are all alike have an interval without width, which says nothing of others. */
static void print_alike(const struct sim_until *u, size_t arm, const char *value, FILE *to)
{
    (void)fprintf(to,
                  "%s in all %llu runs: at 95 %% confidence it is otherwise in at most %.3g %% of "
                  "runs (3/n)\n",
                  value, (unsigned long long)u->values[arm], 100 * sim_stats_never(u->values[arm]));
}

static void print_arm(const struct sim_until *u, size_t arm, FILE *to)
{
    const struct sim_interval *f = &u->found[arm];
    const char *gap = u->arms[arm][0] != '\0' ? "  " : "";
    const char *unit = u->measure.metric->unit;
    char value[40];
    char low[40];
    char high[40];
    sim_show_value(value, sizeof value, unit, f->mean);
    sim_show_value(low, sizeof low, unit, f->low);
    sim_show_value(high, sizeof high, unit, f->high);
    if (u->values[arm] < u->runs) {
        (void)fprintf(to, "  %s%s'%s' happened in %llu of %llu runs: of those only\n", u->arms[arm],
                      gap, u->measure.during, (unsigned long long)u->values[arm],
                      (unsigned long long)u->runs);
    }
    (void)fprintf(to, "  %s%s", u->arms[arm], gap);
    if (isnan(f->mean)) {
        (void)fputs("no interval: a run did not measure it, or there are too few\n", to);
    } else if (f->low == f->high) {
        print_alike(u, arm, value, to);
    } else {
        (void)fprintf(to, "%s  %s to %s, +- %.3g %%\n", value, low, high,
                      100 * (f->high - f->low) / 2 / fabs(f->mean));
    }
}

void sim_until_print(const struct sim_until *u, FILE *to)
{
    char name[160];
    sim_measure_name(&u->measure, name, sizeof name);
    (void)fprintf(to, "\n%s +- %g %%: %s after %llu runs", name, 100 * u->rule.within,
                  u->reached ? "reached" : "NOT reached", (unsigned long long)u->runs);
    (void)fprintf(to, u->n_arms > 1 ? " of each configuration\n" : "\n");
    for (size_t i = 0; i < u->n_arms; i++) {
        print_arm(u, i, to);
    }
    (void)fprintf(to,
                  "  95 %% at whichever of the %u looks it stopped: Bonferroni over looks after "
                  "10, 20, 40 ... runs\n  and at the cap of %llu; intervals of expectations "
                  "don't know that the data chose their number\n",
                  sim_sequential_looks(&u->rule), (unsigned long long)u->rule.most);
}

static void json_field(FILE *to, const char *key, double v)
{
    (void)fprintf(to, ",\"%s\":", key);
    sim_json_number(to, v);
}

void sim_until_print_json(const struct sim_until *u, FILE *to)
{
    (void)fputs("\"until\":{\"metric\":", to);
    sim_json_string(to, u->measure.metric->name);
    (void)fputs(",\"during\":", to);
    sim_json_string(to, u->measure.during);
    json_field(to, "within", u->rule.within);
    (void)fprintf(to, ",\"runs\":%llu,\"most\":%llu,\"looks\":%u,\"reached\":%s,\"of\":[",
                  (unsigned long long)u->runs, (unsigned long long)u->rule.most,
                  sim_sequential_looks(&u->rule), u->reached ? "true" : "false");
    for (size_t i = 0; i < u->n_arms; i++) {
        (void)fputs(i > 0 ? ",{\"configuration\":" : "{\"configuration\":", to);
        sim_json_string(to, u->arms[i]);
        (void)fprintf(to, ",\"values\":%llu", (unsigned long long)u->values[i]);
        json_field(to, "value", u->found[i].mean);
        json_field(to, "low", u->found[i].low);
        json_field(to, "high", u->found[i].high);
        (void)fputc('}', to);
    }
    (void)fputs("]},\n", to);
}

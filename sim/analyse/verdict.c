/* SPDX-License-Identifier: GPL-3.0-or-later
 * Means, intervals, margins. */
#include "sim/analyse/verdict.h"
#include "node/base/bug.h"
#include "sim/analyse/metric.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool meets(const char *op, double value, double threshold)
{
    switch (op[0]) {
    case '<':
        return op[1] == '=' ? value <= threshold : value < threshold;
    case '>':
        return op[1] == '=' ? value >= threshold : value > threshold;
    default:
        return value == threshold;
    }
}

static double margin(const char *op, double value, double threshold)
{
    if (op[0] == '<') {
        return threshold - value;
    }
    if (op[0] == '>') {
        return value - threshold;
    }
    return value == threshold ? 0 : -fabs(value - threshold);
}

/* Mean of the @n values, their interval, and that of their median.  Sorts them. */
static void estimate(struct sim_verdict *v, double *x, size_t n, double error)
{
    struct sim_interval mean;
    v->value = 0;
    for (size_t i = 0; i < n; i++) {
        v->value += x[i];
    }
    v->value = n > 0 ? v->value / (double)n : NAN;
    v->low = v->value;
    v->high = v->value;
    if (isfinite(v->value) && sim_stats_mean(x, n, SIM_CONFIDENCE, &mean) == SW_OK) {
        sim_stats_widen(&mean, error * fabs(mean.mean));
        v->low = mean.low < 0 ? 0 : mean.low; /* nothing that is measured can be negative */
        v->high = strcmp(v->unit, "1") == 0 && mean.high > 1 ? 1 : mean.high;
    }
    if (sim_stats_quantile(x, n, 0.5, SIM_CONFIDENCE, &v->median) == SW_OK) {
        sim_stats_widen(&v->median, isfinite(v->median.mean) ? error * v->median.mean : 0);
    }
}

/* The value that is farthest from meeting the threshold; none at all is farther still. */
static size_t worst_of(const struct sim_expectation *e, const double *values, size_t n)
{
    size_t worst = 0;
    for (size_t i = 1; i < n && !isnan(values[worst]); i++) {
        const double m = margin(e->op, values[i], e->value);
        worst = isnan(m) || m < margin(e->op, values[worst], e->value) ? i : worst;
    }
    return worst;
}

static void count_never(struct sim_verdict *v, const double *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        v->never += isinf(values[i]) ? 1 : 0;
        sum += isfinite(values[i]) ? values[i] : 0;
    }
    v->otherwise = v->runs > v->never ? sum / (double)(v->runs - v->never) : NAN;
}

struct sim_verdict sim_judge(const struct sim_expectation *e, const double *values, size_t n)
{
    static const struct sim_interval nothing = { NAN, NAN, NAN };
    size_t group;
    size_t index;
    const struct sim_metric *m = sim_metric_find(e->metric, &group, &index);
    struct sim_verdict v = { .expectation = e,
                             .unit = m != NULL ? m->unit : "",
                             .of = n,
                             .median = nothing,
                             .met = nothing };
    uint64_t met = 0;
    double *x = malloc((n + 1) * sizeof *x);
    SW_ASSERT(x != NULL);
    for (size_t i = 0; i < n; i++) {
        met += meets(e->op, values[i], e->value) ? 1 : 0; /* NaN meets nothing */
        if (!isnan(values[i])) {
            x[v.runs++] = values[i];
        }
    }
    estimate(&v, x, v.runs, m != NULL ? sim_metric_error(group, index) : 0);
    free(x);
    (void)sim_stats_share(met, n, SIM_CONFIDENCE, &v.met);
    v.margin = margin(e->op, v.value, e->value);
    v.worst = worst_of(e, values, n);
    count_never(&v, values, n);
    v.holds = v.runs == n && n > 0 && meets(e->op, v.value, e->value);
    return v;
}

static void show_seconds(char *out, size_t cap, double v)
{
    const double a = fabs(v);
    if (a >= 7200) {
        (void)snprintf(out, cap, "%.3g h", v / 3600);
    } else if (a >= 600) {
        (void)snprintf(out, cap, "%.3g min", v / 60);
    } else if (a >= 1 || v == 0) {
        (void)snprintf(out, cap, "%.3g s", v);
    } else if (a >= 1e-3) {
        (void)snprintf(out, cap, "%.3g ms", v * 1e3);
    } else {
        (void)snprintf(out, cap, "%.3g us", v * 1e6);
    }
}

static void show_bytes(char *out, size_t cap, double v)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
    size_t i = 0;
    while (fabs(v) >= 1024 && i + 1 < SW_LEN(units)) {
        v /= 1024;
        i++;
    }
    (void)snprintf(out, cap, "%.4g %s", v, units[i]);
}

/* Three digits of a percentage, or of what is missing to 100: never "100 %" when it is less. */
static void show_share(char *out, size_t cap, double percent)
{
    const double a = fabs(percent);
    const double shown = a > 50 && a < 100 ? 100 - a : a;
    const double digits = shown > 0 ? 2 - floor(log10(shown)) : 0;
    char text[32];
    (void)snprintf(text, sizeof text, "%.*f", (int)fmax(0, fmin(digits, 12)), percent);
    if (strchr(text, '.') != NULL) {
        size_t len = strlen(text);
        for (; text[len - 1] == '0'; len--) {
        }
        text[text[len - 1] == '.' ? len - 1 : len] = '\0';
    }
    (void)snprintf(out, cap, "%s %%", text);
}

void sim_show_value(char *out, size_t cap, const char *unit, double v)
{
    if (isnan(v)) {
        (void)snprintf(out, cap, "not measured");
    } else if (isinf(v)) {
        (void)snprintf(out, cap, "never");
    } else if (strcmp(unit, "s") == 0) {
        show_seconds(out, cap, v);
    } else if (strcmp(unit, "1") == 0) {
        show_share(out, cap, v * 100);
    } else if (strcmp(unit, "B") == 0) {
        show_bytes(out, cap, v);
    } else {
        (void)snprintf(out, cap, "%.6g", v);
    }
}

void sim_show_difference(char *out, size_t cap, const char *unit, double v)
{
    sim_show_value(out, cap, unit, v);
    const size_t len = strlen(out);
    if (strcmp(unit, "1") == 0 && isfinite(v) && len > 1) {
        (void)snprintf(out + len - 1, cap - len + 1, "points");
    }
}

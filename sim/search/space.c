/* SPDX-License-Identifier: GPL-3.0-or-later
 * From the unit cube to values that a scenario understands. */
#define _POSIX_C_SOURCE 200809L
#include "sim/search/space.h"
#include "algorithms/route/policy.h"
#include "node/conf/yaml.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS 4 /* significant ones of a value: finer steps than that tell nothing apart */

/* ---- ranges ---- */

static int unknown(const struct sim_dimension *x, const struct sw_policy *p, struct sw_diag *d)
{
    const char *names[64];
    size_t n = 0;
    for (; n < p->n_params && n < SW_LEN(names); n++) {
        names[n] = p->params[n].name;
    }
    const char *near = sw_yaml_nearest(x->key, names, n);
    return sw_diag_set(d, SW_ERR_NOTFOUND, "%.60s: %s has no such parameter (%s%s%s", x->key,
                       p->name, near != NULL ? "did you mean '" : "see swarmsim list parameters",
                       near != NULL ? near : "", near != NULL ? "'?)" : ")");
}

/* The policy's own range; times in ms. */
static int settle_param(struct sim_dimension *x, const char *policy, struct sw_diag *d)
{
    const struct sw_policy *p = sw_policy_find(policy);
    if (p == NULL) {
        return sw_diag_set(d, SW_ERR_MALFORMED,
                           "%.60s: a parameter of which policy? (keys of a scenario have dots)",
                           x->key);
    }
    for (size_t i = 0; i < p->n_params; i++) {
        const struct sw_param *k = &p->params[i];
        if (k->name != NULL && strcmp(k->name, x->key) == 0) {
            const bool time = strcmp(k->unit, "ns") == 0;
            x->from = k->low * (time ? 1e-6 : 1);
            x->until = k->high * (time ? 1e-6 : 1);
            x->log = k->log_scale;
            (void)snprintf(x->unit, sizeof x->unit, "%s", time ? "ms" : "");
            return 0;
        }
    }
    return unknown(x, p, d);
}

/* "1.5ms" into 1.5 and "ms". */
static int split(const struct sim_dimension *x, const char *text, double *number, char unit[16],
                 struct sw_diag *d)
{
    char *end;
    *number = strtod(text, &end);
    if (end == text || !isfinite(*number) || strlen(end) >= 16) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "%.60s: '%.40s' is not a number with a unit",
                           x->key, text);
    }
    (void)snprintf(unit, 16, "%s", end);
    return 0;
}

static int settle_range(struct sim_dimension *x, struct sw_diag *d)
{
    char other[16];
    int err = split(x, x->low, &x->from, x->unit, d);
    if (err == 0) {
        err = split(x, x->high, &x->until, other, d);
    }
    if (err == 0 && strcmp(other, x->unit) != 0) {
        err = sw_diag_set(d, SW_ERR_MALFORMED, "%.60s: low and high need the same unit", x->key);
    }
    return err;
}

int sim_dimension_settle(struct sim_dimension *x, const char *policy, struct sw_diag *d)
{
    const bool path = strchr(x->key, '.') != NULL;
    const bool given = x->low != NULL && x->high != NULL;
    int err = path ? 0 : settle_param(x, policy, d);
    if (err != 0) {
        return err;
    }
    if (x->n_values > 0) {
        return x->low == NULL && x->high == NULL
                   ? 0
                   : sw_diag_set(d, SW_ERR_MALFORMED, "%.60s: either values, or low and high",
                                 x->key);
    }
    if ((x->low != NULL) != (x->high != NULL) || (path && !given)) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "%.60s: needs low and high, or values", x->key);
    }
    err = x->low != NULL && x->high != NULL ? settle_range(x, d) : 0;
    if (err == 0 && x->scale != NULL) {
        x->log = strcmp(x->scale, "log") == 0;
        if (!x->log && strcmp(x->scale, "linear") != 0) {
            err = sw_diag_set(d, SW_ERR_MALFORMED, "%.60s: scale is linear or log", x->key);
        }
    }
    if (err == 0 && !(x->from < x->until && (!x->log || x->from > 0))) {
        err = sw_diag_set(d, SW_ERR_RANGE, "%.60s: low must be less than high%s", x->key,
                          x->log ? ", and more than 0 on a logarithmic scale" : "");
    }
    return err;
}

/* ---- values ---- */

/* Plain decimals, no exponent: what the scenario's parser reads. */
static void write_number(double v, char *out, size_t cap)
{
    char rounded[40];
    (void)snprintf(rounded, sizeof rounded, "%.*g", DIGITS, v);
    const double r = strtod(rounded, NULL);
    const int magnitude = r != 0 ? (int)floor(log10(fabs(r))) : 0;
    const int decimals = DIGITS - 1 - magnitude;
    (void)snprintf(out, cap, "%.*f", decimals > 0 ? decimals : 0, r);
    if (strchr(out, '.') != NULL) { /* 1.500 -> 1.5, 2.000 -> 2 */
        char *end = out + strlen(out);
        while (end[-1] == '0') {
            *--end = '\0';
        }
        if (end[-1] == '.') {
            end[-1] = '\0';
        }
    }
}

void sim_dimension_value(const struct sim_dimension *x, double u, char out[SIM_VALUE])
{
    if (x->n_values > 0) {
        const size_t k = (size_t)(u * (double)x->n_values);
        (void)snprintf(out, SIM_VALUE, "%s", x->values[k < x->n_values ? k : x->n_values - 1]);
        return;
    }
    double v = x->log ? exp(log(x->from) + u * (log(x->until) - log(x->from)))
                      : x->from + u * (x->until - x->from);
    v = x->whole ? round(v) : v;
    char number[SIM_VALUE - 16];
    write_number(v, number, sizeof number);
    const double read = strtod(number, NULL);
    if (read < x->from || read > x->until) { /* rounded out of the range */
        (void)snprintf(number, sizeof number, "%.*f", x->from >= 100 ? 0 : 9,
                       read < x->from ? x->from : x->until);
    }
    (void)snprintf(out, SIM_VALUE, "%s%s", number, x->unit);
}

size_t sim_dimension_levels(const struct sim_dimension *x)
{
    if (x->n_values > 0) {
        return x->n_values;
    }
    const double n = floor(x->until) - ceil(x->from) + 1;
    return x->whole && n >= 1 && n < 1000 ? (size_t)n : 0;
}

double sim_dimension_level(const struct sim_dimension *x, size_t k, size_t n)
{
    if (x->n_values > 0) {
        return ((double)k + 0.5) / (double)n;
    }
    return n > 1 ? (double)k / (double)(n - 1) : 0.5;
}

int sim_space_place(const struct sim_dimension *x, size_t n, const double *u, struct sim_point *p,
                    struct sw_diag *d)
{
    int err = 0;
    for (size_t i = 0; i < n && err == 0; i++) {
        char value[SIM_VALUE];
        sim_dimension_value(&x[i], u[i], value);
        err = sim_point_set(p, x[i].key, value, d);
    }
    return err;
}

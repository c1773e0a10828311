/* SPDX-License-Identifier: GPL-3.0-or-later
 * `expectations`: METRIC [during FAULT] OPERATOR VALUE, the value in the metric's unit. */
#define _POSIX_C_SOURCE 200809L
#include "sim/analyse/metric.h"
#include "sim/scenario/load.h"

#include <stdlib.h>
#include <string.h>

#define WORD 64

/* The next word of *@text into @out; false when there is none or it is too long. */
static bool next_word(const char **text, char out[WORD])
{
    const char *s = *text + strspn(*text, " \t");
    const size_t len = strcspn(s, " \t");
    if (len == 0 || len >= WORD) {
        return false;
    }
    memcpy(out, s, len);
    out[len] = '\0';
    *text = s + len;
    return true;
}

static bool is_operator(const char *s)
{
    static const char *const all[] = { "<", "<=", "==", ">=", ">" };
    for (size_t i = 0; i < SW_LEN(all); i++) {
        if (strcmp(s, all[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* @text, "60 ms", as a value of @m in its SI unit. */
static int read_value(const struct sim_metric *m, const char *text, double *out, struct sw_diag *d)
{
    struct sw_yaml_field f = { .type = SW_YAML_NUMBER };
    double factor = 1;
    if (strcmp(m->unit, "s") == 0) {
        f.type = SW_YAML_DURATION;
        factor = 1e-9;
    } else if (strcmp(m->unit, "1") == 0) {
        f.type = SW_YAML_PROBABILITY;
    } else if (strcmp(m->unit, "B") == 0) {
        f.type = SW_YAML_SIZE;
    } else if (strcmp(m->unit, "1/s") == 0) {
        f.type = SW_YAML_RATE;
    }
    char dense[WORD] = "";
    size_t len = 0;
    for (const char *s = text; *s != '\0' && len < WORD - 1; s++) {
        if (*s != ' ' && *s != '\t') {
            dense[len++] = *s;
        }
    }
    char scratch[160];
    union {
        double number;
        uint64_t whole;
    } v = { 0 };
    if (sw_yaml_scalar(&f, NULL, dense, &v) != 0) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "'%.40s' is not %s, as %s needs", dense,
                           sw_yaml_expected(&f, scratch), m->name);
    }
    const bool whole = f.type == SW_YAML_DURATION || f.type == SW_YAML_SIZE;
    *out = whole ? (double)v.whole * factor : v.number;
    return 0;
}

int sim_expectation_parse(const char *text, struct sim_expectation *out, struct sw_diag *d)
{
    static const char grammar[] = "expected METRIC [during FAULT] OPERATOR VALUE";
    char metric[WORD];
    char word[WORD];
    char during[WORD] = "";
    const char *rest = text;
    *out = (struct sim_expectation){ 0 };
    if (!next_word(&rest, metric) || !next_word(&rest, word)) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "%s", grammar);
    }
    const struct sim_metric *m = sim_metric_find(metric, NULL, NULL);
    if (m == NULL) {
        return sim_metric_unknown(metric, d);
    }
    if (strcmp(word, "during") == 0) {
        if (!next_word(&rest, during) || is_operator(during) || !next_word(&rest, word)) {
            return sw_diag_set(d, SW_ERR_MALFORMED, "%s", grammar);
        }
        if (!m->windowed) {
            return sw_diag_set(d, SW_ERR_MALFORMED, "%s has no value during a fault", metric);
        }
    }
    if (!is_operator(word)) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "'%.20s' is not one of < <= == >= >", word);
    }
    const int err = read_value(m, rest, &out->value, d);
    if (err != 0) {
        return err;
    }
    memcpy(out->op, word, strlen(word) + 1);
    out->text = strdup(text);
    out->metric = strdup(metric);
    out->during = during[0] != '\0' ? strdup(during) : NULL;
    if (out->text == NULL || out->metric == NULL || (during[0] != '\0' && out->during == NULL)) {
        sim_expectation_free(out);
        return sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
    }
    return 0;
}

void sim_expectation_free(struct sim_expectation *e)
{
    free(e->text);
    free(e->metric);
    free(e->during);
    *e = (struct sim_expectation){ 0 };
}

int sim_load_expectations(struct sim_loader *l)
{
    struct sim_scenario *s = &l->f->s;
    const struct sw_yaml_node *list = sw_yaml_get(l->root, "expectations");
    if (l->f->n_expectations == 0) {
        return 0;
    }
    s->expectations = calloc(l->f->n_expectations, sizeof *s->expectations);
    if (s->expectations == NULL) {
        return sw_diag_set(l->d, SW_ERR_NOMEM, "%s: out of memory", l->y->file);
    }
    for (size_t i = 0; i < l->f->n_expectations; i++) {
        const struct sw_yaml_node *at = sw_yaml_item(list, i);
        struct sim_expectation *e = &s->expectations[s->n_expectations];
        struct sw_diag why = { 0 };
        const int err = sim_expectation_parse(l->f->expectations[i], e, &why);
        if (err != 0) {
            return sw_yaml_fail(l->y, at, "expectations", err, l->d, "%s", why.text);
        }
        s->n_expectations++;
        e->line = at->line;
        if (e->during != NULL && !sim_scenario_has_fault(s, e->during)) {
            return sw_yaml_fail(l->y, at, "expectations", SW_ERR_NOTFOUND, l->d,
                                "no fault '%s' happens in this scenario", e->during);
        }
    }
    return 0;
}

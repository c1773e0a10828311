/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the registry says of itself, and a fault as the results keep it: from the tables that bind
 * parameters. */
#define _POSIX_C_SOURCE 200809L /* open_memstream */
#include "sim/faults/fault.h"

#include <stdlib.h>
#include <string.h>

static const char *const types[] = {
    [SIM_PARAM_NODE] = "node",     [SIM_PARAM_NODES] = "nodes",
    [SIM_PARAM_REGION] = "region", [SIM_PARAM_DURATION] = "duration",
    [SIM_PARAM_NUMBER] = "number", [SIM_PARAM_FLAG] = "true or false",
    [SIM_PARAM_CHOICE] = "choice",
};

const char *sim_fault_param_type(const struct sim_fault_param *p)
{
    return types[p->type];
}

#define ALL_TIME 3e18 /* ns */

/* A duration as a scenario writes it: the largest unit that keeps it a short number. */
static int show_duration(char *out, size_t cap, double ns)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = { { "d", 86400e9 }, { "h", 3600e9 }, { "m", 60e9 }, { "s", 1e9 },
                  { "ms", 1e6 },    { "us", 1e3 },   { "ns", 1 } };
    size_t u = 0;
    while (u + 1 < SW_LEN(units) && ns < units[u].ns) {
        u++;
    }
    return snprintf(out, cap, "%.6g%s", ns / units[u].ns, ns == 0 ? "" : units[u].name);
}

/* Choice number @i of "kept|lost". */
static const char *choice(const char *choices, uint32_t i, int *len)
{
    for (; i > 0; i--) {
        choices = strchr(choices, '|') + 1;
    }
    *len = (int)strcspn(choices, "|");
    return choices;
}

void sim_fault_param_default(const struct sim_fault_param *p, char out[SIM_PARAM_TEXT_MAX])
{
    int len;
    const char *word;
    out[0] = '\0';
    if (p->required) {
        return;
    }
    switch (p->type) {
    case SIM_PARAM_NODE:
    case SIM_PARAM_NODES:
    case SIM_PARAM_REGION:
        break;
    case SIM_PARAM_DURATION:
        (void)show_duration(out, SIM_PARAM_TEXT_MAX, p->fallback);
        break;
    case SIM_PARAM_NUMBER:
        (void)snprintf(out, SIM_PARAM_TEXT_MAX, "%g", p->fallback);
        break;
    case SIM_PARAM_FLAG:
        (void)snprintf(out, SIM_PARAM_TEXT_MAX, "%s", p->fallback != 0 ? "true" : "false");
        break;
    case SIM_PARAM_CHOICE:
        word = choice(p->choices, (uint32_t)p->fallback, &len);
        (void)snprintf(out, SIM_PARAM_TEXT_MAX, "%.*s", len, word);
        break;
    }
}

void sim_fault_param_range(const struct sim_fault_param *p, char out[SIM_PARAM_TEXT_MAX])
{
    out[0] = '\0';
    if (p->high <= p->low) {
        return;
    }
    if (p->type == SIM_PARAM_NUMBER) {
        (void)snprintf(out, SIM_PARAM_TEXT_MAX, "%.10g to %.10g", p->low, p->high);
    } else if (p->type == SIM_PARAM_DURATION) {
        char low[SIM_PARAM_TEXT_MAX / 3];
        char high[SIM_PARAM_TEXT_MAX / 3] = "95 years"; /* what a clock's 64 bits hold */
        (void)show_duration(low, sizeof low, p->low);
        if (p->high < ALL_TIME) {
            (void)show_duration(high, sizeof high, p->high);
        }
        (void)snprintf(out, SIM_PARAM_TEXT_MAX, "%s to %s", low, high);
    }
}

/* ---- one fault ---- */

static void print_value(FILE *to, const struct sim_scenario *s, const struct sim_fault_param *p,
                        const union sim_fault_value *v)
{
    int len;
    const char *word;
    switch (p->type) {
    case SIM_PARAM_NODE:
    case SIM_PARAM_REGION:
        if (v->index == SIM_PARAM_ABSENT) {
            (void)fputs("null", to);
        } else { /* names need no escaping: sw_name */
            (void)fprintf(to, "\"%s\"",
                          p->type == SIM_PARAM_NODE ? s->nodes[v->index].config.name.s
                                                    : s->regions[v->index].name.s);
        }
        break;
    case SIM_PARAM_NODES: /* likewise */
        (void)fprintf(to, v->nodes == NULL ? "null" : "\"%s\"", v->nodes);
        break;
    case SIM_PARAM_DURATION:
        (void)fprintf(to, "%.17g", (double)v->duration * 1e-9);
        break;
    case SIM_PARAM_NUMBER:
        (void)fprintf(to, "%.17g", v->number);
        break;
    case SIM_PARAM_FLAG:
        (void)fputs(v->flag ? "true" : "false", to);
        break;
    case SIM_PARAM_CHOICE:
        word = choice(p->choices, v->index, &len);
        (void)fprintf(to, "\"%.*s\"", len, word);
        break;
    }
}

char *sim_fault_json(const struct sim_scenario *s, const struct sim_fault *f)
{
    const struct sim_fault_kind *kind;
    union sim_fault_value values[SIM_FAULT_PARAMS_MAX];
    char *text = NULL;
    size_t len = 0;
    if (sim_fault_bind(s, f, &kind, values, SW_LEN(values), NULL) != 0) {
        return NULL;
    }
    FILE *to = open_memstream(&text, &len);
    if (to == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < kind->n_params; i++) {
        (void)fprintf(to, "%s\"%s\":", i == 0 ? "{" : ",", kind->params[i].key);
        print_value(to, s, &kind->params[i], &values[i]);
    }
    (void)fputs(kind->n_params == 0 ? "{}" : "}", to);
    if (fclose(to) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* ---- the registry ---- */

/* @text of ours, which holds no control characters. */
static void print_string(FILE *to, const char *text)
{
    (void)fputc('"', to);
    for (; *text != '\0'; text++) {
        (void)fprintf(to, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    }
    (void)fputc('"', to);
}

static void print_member(FILE *to, const char *name, const char *text)
{
    (void)fprintf(to, ",\"%s\":", name);
    if (text == NULL || text[0] == '\0') {
        (void)fputs("null", to);
    } else {
        print_string(to, text);
    }
}

static void print_param(FILE *to, const struct sim_fault_param *p)
{
    char text[SIM_PARAM_TEXT_MAX];
    (void)fputs("{\"key\":", to);
    print_string(to, p->key);
    print_member(to, "type", sim_fault_param_type(p));
    print_member(to, "choices", p->choices);
    sim_fault_param_range(p, text);
    print_member(to, "range", text);
    sim_fault_param_default(p, text);
    print_member(to, "default", text);
    (void)fprintf(to, ",\"required\":%s", p->required ? "true" : "false");
    print_member(to, "help", p->help);
    (void)fputc('}', to);
}

void sim_faults_print_json(FILE *to)
{
    const struct sim_fault_kind *k;
    for (size_t i = 0; (k = sim_fault_kind_at(i)) != NULL; i++) {
        (void)fputs(i == 0 ? "[\n{\"kind\":" : ",\n{\"kind\":", to);
        print_string(to, k->name);
        print_member(to, "help", k->help);
        (void)fputs(",\"parameters\":[", to);
        for (size_t p = 0; p < k->n_params; p++) {
            (void)fputs(p == 0 ? "" : ",", to);
            print_param(to, &k->params[p]);
        }
        (void)fputs("]}", to);
    }
    (void)fputs("\n]\n", to);
}

/* "kept|lost" as "kept, lost": a bar would end the table's cell. */
static void print_choices(FILE *to, const char *choices)
{
    (void)fputs("one of: ", to);
    for (; *choices != '\0'; choices++) {
        (void)fputs(*choices == '|' ? ", " : (const char[]){ *choices, '\0' }, to);
    }
}

void sim_faults_print_markdown(FILE *to)
{
    const struct sim_fault_kind *k;
    (void)fputs("| kind | key | value | default | meaning |\n|---|---|---|---|---|\n", to);
    for (size_t i = 0; (k = sim_fault_kind_at(i)) != NULL; i++) {
        (void)fprintf(to, "| `%s` | | | | **%s** |\n", k->name, k->help);
        for (size_t j = 0; j < k->n_params; j++) {
            const struct sim_fault_param *p = &k->params[j];
            char range[SIM_PARAM_TEXT_MAX];
            char fallback[SIM_PARAM_TEXT_MAX];
            sim_fault_param_range(p, range);
            sim_fault_param_default(p, fallback);
            (void)fprintf(to, "| | `%s` | ", p->key);
            if (p->type == SIM_PARAM_CHOICE) {
                print_choices(to, p->choices);
            } else {
                (void)fprintf(to, "%s%s%s", types[p->type], range[0] != '\0' ? ", " : "", range);
            }
            (void)fprintf(to, " | %s | %s |\n", p->required ? "required" : fallback, p->help);
        }
    }
}

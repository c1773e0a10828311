/* SPDX-License-Identifier: GPL-3.0-or-later
 * The registry of faults, and binding what a scenario writes to a kind's table. */
#include "sim/faults/fault.h"

#include "node/conf/yaml.h"

#include <stdlib.h>
#include <string.h>

#define SIM_FAULT(name) extern const struct sim_fault_kind sim_fault_##name;
#include "sim/faults/faults.def"
#undef SIM_FAULT

static const struct sim_fault_kind *const registry[] = {
#define SIM_FAULT(name) &sim_fault_##name,
#include "sim/faults/faults.def"
#undef SIM_FAULT
};

const struct sim_fault_kind *sim_fault_kind_at(size_t i)
{
    return i < SW_LEN(registry) ? registry[i] : NULL;
}

const struct sim_fault_kind *sim_fault_kind_find(const char *name)
{
    for (size_t i = 0; i < SW_LEN(registry); i++) {
        if (strcmp(registry[i]->name, name) == 0) {
            return registry[i];
        }
    }
    return NULL;
}

static int bad(struct sw_diag *d, int err, const struct sim_param *p, const char *wrong,
               const char *expected)
{
    return sw_diag_set(d, err, "%zu:%zu: %s: '%.60s' %s (expected %s)", p->line, p->column, p->key,
                       p->value, wrong, expected);
}

static int bind_node(const struct sim_scenario *s, const struct sim_param *p, uint32_t *out,
                     struct sw_diag *d)
{
    const size_t i = sim_node_index(s, p->value);
    *out = (uint32_t)i;
    return i != SIZE_MAX
               ? 0
               : bad(d, SW_ERR_NOTFOUND, p, "is no node of this scenario", "a node's name");
}

static int bind_nodes(const struct sim_scenario *s, const struct sim_param *p, const char **out,
                      struct sw_diag *d)
{
    size_t len;
    for (const char *at = p->value; *(at += strspn(at, " ")) != '\0'; at += len) {
        uint32_t i = 0;
        len = strcspn(at, " ");
        while (i < s->n_nodes && (strlen(s->nodes[i].config.name.s) != len ||
                                  strncmp(s->nodes[i].config.name.s, at, len) != 0)) {
            i++;
        }
        if (i == s->n_nodes) {
            return sw_diag_set(d, SW_ERR_NOTFOUND,
                               "%zu:%zu: %s: '%.*s' is no node of this scenario (expected nodes' "
                               "names, like fra-1 fra-2)",
                               p->line, p->column, p->key, len < 60 ? (int)len : 60, at);
        }
    }
    *out = p->value;
    return p->value[strspn(p->value, " ")] != '\0'
               ? 0
               : bad(d, SW_ERR_MALFORMED, p, "is empty", "nodes' names, like fra-1 fra-2");
}

bool sim_fault_names(const char *nodes, const char *name)
{
    size_t len;
    for (; *(nodes += strspn(nodes, " ")) != '\0'; nodes += len) {
        len = strcspn(nodes, " ");
        if (strlen(name) == len && strncmp(nodes, name, len) == 0) {
            return true;
        }
    }
    return false;
}

static int bind_region(const struct sim_scenario *s, const struct sim_param *p, uint32_t *out,
                       struct sw_diag *d)
{
    const size_t i = sim_region_index(s, p->value);
    *out = (uint32_t)i;
    return i != SIZE_MAX
               ? 0
               : bad(d, SW_ERR_NOTFOUND, p, "is no region of this scenario", "a region's name");
}

/* Numbers and durations, written as everywhere in scenarios. */
static int bind_scalar(const struct sim_fault_param *k, const struct sim_param *p, void *out,
                       struct sw_diag *d)
{
    const bool number = k->type == SIM_PARAM_NUMBER;
    const struct sw_yaml_field field = { .type = number ? SW_YAML_NUMBER : SW_YAML_DURATION,
                                         .low = k->low,
                                         .high = k->high };
    const int err = sw_yaml_scalar(&field, NULL, p->value, out);
    if (err == SW_ERR_RANGE) {
        char range[SIM_PARAM_TEXT_MAX];
        sim_fault_param_range(k, range);
        return bad(d, err, p, "is out of range", range);
    }
    if (err != 0) {
        return number ? bad(d, err, p, "is no number", k->unit != NULL ? k->unit : "a number")
                      : bad(d, err, p, "is no duration", "a duration like 80ms, 2.5s, 1h30m");
    }
    return 0;
}

static int bind_choice(const struct sim_fault_param *k, const struct sim_param *p, uint32_t *out,
                       struct sw_diag *d)
{
    uint32_t i = 0;
    for (const char *c = k->choices; *c != '\0'; i++) {
        const size_t n = strcspn(c, "|");
        if (strlen(p->value) == n && strncmp(c, p->value, n) == 0) {
            *out = i;
            return 0;
        }
        c += n + (c[n] == '|');
    }
    return bad(d, SW_ERR_MALFORMED, p, "is not possible here", k->choices);
}

static int bind_one(const struct sim_scenario *s, const struct sim_fault_param *k,
                    const struct sim_param *p, union sim_fault_value *v, struct sw_diag *d)
{
    switch (k->type) {
    case SIM_PARAM_NODE:
        return bind_node(s, p, &v->index, d);
    case SIM_PARAM_NODES:
        return bind_nodes(s, p, &v->nodes, d);
    case SIM_PARAM_REGION:
        return bind_region(s, p, &v->index, d);
    case SIM_PARAM_DURATION:
        return bind_scalar(k, p, &v->duration, d);
    case SIM_PARAM_NUMBER:
        return bind_scalar(k, p, &v->number, d);
    case SIM_PARAM_CHOICE:
        return bind_choice(k, p, &v->index, d);
    case SIM_PARAM_FLAG:
        v->flag = strcmp(p->value, "true") == 0;
        return v->flag || strcmp(p->value, "false") == 0
                   ? 0
                   : bad(d, SW_ERR_MALFORMED, p, "is no flag", "true or false");
    }
    return SW_ERR_UNSUPPORTED;
}

static void fall_back(const struct sim_fault_param *k, union sim_fault_value *v)
{
    switch (k->type) {
    case SIM_PARAM_NODE:
    case SIM_PARAM_REGION:
        v->index = SIM_PARAM_ABSENT;
        break;
    case SIM_PARAM_NODES:
        v->nodes = NULL;
        break;
    case SIM_PARAM_DURATION:
        v->duration = (sw_dur)k->fallback;
        break;
    case SIM_PARAM_NUMBER:
        v->number = k->fallback;
        break;
    case SIM_PARAM_FLAG:
        v->flag = k->fallback != 0;
        break;
    case SIM_PARAM_CHOICE:
        v->index = (uint32_t)k->fallback;
        break;
    }
}

static const struct sim_param *find(const struct sim_fault *f, const char *key)
{
    for (size_t i = 0; i < f->n_params; i++) {
        if (strcmp(f->params[i].key, key) == 0) {
            return &f->params[i];
        }
    }
    return NULL;
}

/* Refuse a parameter that @kind does not have. */
static int check_keys(const struct sim_fault_kind *kind, const struct sim_fault *f,
                      struct sw_diag *d)
{
    char known[128] = "";
    size_t n = 0;
    for (size_t j = 0; j < kind->n_params; j++) {
        const size_t len = strlen(kind->params[j].key);
        if (n + len + 3 < sizeof known) {
            memcpy(known + n, j == 0 ? "" : ", ", j == 0 ? 0 : 2);
            n += j == 0 ? 0 : 2;
            memcpy(known + n, kind->params[j].key, len + 1);
            n += len;
        }
    }
    for (size_t i = 0; i < f->n_params; i++) {
        const struct sim_param *p = &f->params[i];
        size_t j = 0;
        while (j < kind->n_params && strcmp(kind->params[j].key, p->key) != 0) {
            j++;
        }
        if (j == kind->n_params) {
            return sw_diag_set(d, SW_ERR_MALFORMED, "%zu:%zu: %.60s: unknown key (%s knows %s)",
                               p->key_line, p->key_column, p->key, kind->name, known);
        }
    }
    return 0;
}

static int bind(const struct sim_scenario *s, const struct sim_fault *f,
                const struct sim_fault_kind **kind, union sim_fault_value *values, size_t cap,
                bool whole, struct sw_diag *d)
{
    const struct sim_fault_kind *k = sim_fault_kind_find(f->kind);
    if (k == NULL) {
        return sw_diag_set(d, SW_ERR_NOTFOUND, "%zu:1: kind: '%.60s' is no kind of fault", f->line,
                           f->kind);
    }
    if (k->n_params > cap) {
        return sw_diag_set(d, SW_ERR_RANGE, "%zu:1: kind: no room for its parameters", f->line);
    }
    int err = check_keys(k, f, d);
    for (size_t i = 0; i < k->n_params && err == 0; i++) {
        const struct sim_param *p = find(f, k->params[i].key);
        fall_back(&k->params[i], &values[i]);
        if (p != NULL) {
            err = bind_one(s, &k->params[i], p, &values[i], d);
        } else if (k->params[i].required && whole) {
            err = sw_diag_set(d, SW_ERR_MALFORMED, "%zu:1: %s: is missing (%s)", f->line,
                              k->params[i].key, k->params[i].help);
        }
    }
    *kind = k;
    if (err == 0 && k->check != NULL && (whole || f->n_params == k->n_params)) {
        const char *wrong = k->check(s, values);
        err = wrong[0] == '\0'
                  ? 0
                  : sw_diag_set(d, SW_ERR_MALFORMED, "%zu:1: %s: %s", f->line, k->name, wrong);
    }
    return err;
}

int sim_fault_bind(const struct sim_scenario *s, const struct sim_fault *f,
                   const struct sim_fault_kind **kind, union sim_fault_value *values, size_t cap,
                   struct sw_diag *d)
{
    return bind(s, f, kind, values, cap, true, d);
}

int sim_fault_check(const struct sim_scenario *s, const struct sim_fault *f, struct sw_diag *d)
{
    const struct sim_fault_kind *kind;
    union sim_fault_value values[SIM_FAULT_PARAMS_MAX];
    return bind(s, f, &kind, values, SW_LEN(values), false, d);
}

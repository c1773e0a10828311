/* SPDX-License-Identifier: GPL-3.0-or-later
 * `faults`: moved into the scenario and checked against their kinds. */
#include "sim/faults/fault.h"
#include "sim/scenario/load.h"

#include <stdlib.h>
#include <string.h>

#define MAX_PARAMS 32

/* @params change owners: the two structs say the same in two layers' words. */
static int move(struct sim_loader *l, struct sim_fault_entry *e, struct sim_fault *out)
{
    *out = (struct sim_fault){ .kind = e->kind, .at = e->at, .length = e->length, .line = e->line };
    e->kind = NULL;
    out->params = calloc(e->n_params + 1, sizeof *out->params);
    if (out->params == NULL) {
        return sw_diag_set(l->d, SW_ERR_NOMEM, "%s: out of memory", l->y->file);
    }
    for (size_t i = 0; i < e->n_params; i++) {
        struct sw_yaml_param *p = &e->params[i];
        out->params[out->n_params++] =
            (struct sim_param){ p->key, p->value, p->line, p->column, p->key_line, p->key_column };
        p->key = NULL;
        p->value = NULL;
    }
    return 0;
}

static int unknown_kind(struct sim_loader *l, const struct sw_yaml_node *n, const char *kind)
{
    const char *names[64];
    size_t count = 0;
    for (const struct sim_fault_kind *k;
         count < SW_LEN(names) && (k = sim_fault_kind_at(count)) != NULL; count++) {
        names[count] = k->name;
    }
    const char *near = sw_yaml_nearest(kind, names, count);
    return sw_yaml_fail(l->y, sw_yaml_get(n, "kind"), "kind", SW_ERR_NOTFOUND, l->d,
                        "no fault is called '%.40s' (%s%s%s", kind,
                        near != NULL ? "did you mean '" : "see swarmsim list faults",
                        near != NULL ? near : "", near != NULL ? "'?)" : ")");
}

int sim_load_fault(struct sim_loader *l, const struct sw_yaml_node *at, struct sim_fault_entry *e,
                   struct sim_fault *out)
{
    const int err = move(l, e, out);
    if (err != 0) {
        return err;
    }
    return sim_fault_kind_find(out->kind) != NULL ? 0 : unknown_kind(l, at, out->kind);
}

bool sim_scenario_has_fault(const struct sim_scenario *s, const char *kind)
{
    for (size_t i = 0; i < s->n_faults; i++) {
        if (strcmp(s->faults[i].kind, kind) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < s->storm.n_kinds; i++) {
        if (strcmp(s->storm.kinds[i].fixed.kind, kind) == 0) {
            return true;
        }
    }
    return false;
}

int sim_load_faults(struct sim_loader *l)
{
    struct sim_scenario *s = &l->f->s;
    const struct sw_yaml_node *list = sw_yaml_get(l->root, "faults");
    if (l->f->n_faults == 0) {
        return 0;
    }
    s->faults = calloc(l->f->n_faults, sizeof *s->faults);
    if (s->faults == NULL) {
        return sw_diag_set(l->d, SW_ERR_NOMEM, "%s: out of memory", l->y->file);
    }
    for (size_t i = 0; i < l->f->n_faults; i++) {
        struct sim_fault *f = &s->faults[s->n_faults++];
        const int err = sim_load_fault(l, sw_yaml_item(list, i), &l->f->faults[i], f);
        if (err != 0) {
            return err;
        }
        const struct sim_fault_kind *kind;
        union sim_fault_value values[MAX_PARAMS];
        struct sw_diag why = { 0 };
        const int bad = sim_fault_bind(s, f, &kind, values, MAX_PARAMS, &why);
        if (bad != 0) {
            return sw_diag_set(l->d, bad, "%.90s:%s", l->y->file, why.text);
        }
    }
    return 0;
}

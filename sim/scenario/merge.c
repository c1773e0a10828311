/* SPDX-License-Identifier: GPL-3.0-or-later
 * Configurations over a scenario's keys, and nodes over their defaults: merged trees that borrow
 * the file's own nodes, so that positions stay true. */
#include "sim/scenario/load.h"

#include <stdlib.h>
#include <string.h>

static struct sw_yaml_pair *find_pair(struct sw_yaml_node *n, const char *key)
{
    for (size_t i = 0; i < n->n; i++) {
        if (strcmp(n->pairs[i].key, key) == 0) {
            return &n->pairs[i];
        }
    }
    return NULL;
}

/* A mapping at @at's position with room for @cap pairs. */
static struct sw_yaml_node *new_mapping(struct sw_arena *a, const struct sw_yaml_node *at,
                                        size_t cap)
{
    struct sw_yaml_node *n = sw_arena_alloc(a, sizeof *n);
    struct sw_yaml_pair *pairs = sw_arena_alloc(a, (cap + 1) * sizeof *pairs);
    if (n == NULL || pairs == NULL) {
        return NULL;
    }
    *n = (struct sw_yaml_node){
        .kind = SW_YAML_IS_MAPPING, .line = at->line, .column = at->column, .pairs = pairs
    };
    return n;
}

static bool both_mappings(const struct sw_yaml_node *a, const struct sw_yaml_node *b)
{
    return a->kind == SW_YAML_IS_MAPPING && b->kind == SW_YAML_IS_MAPPING;
}

/* Borrowed nodes are never written to; the pairs' type has no const. */
static struct sw_yaml_node *borrow(const struct sw_yaml_node *n)
{
    struct sw_yaml_node *out;
    memcpy(&out, &n, sizeof out);
    return out;
}

const struct sw_yaml_node *sim_merge(struct sw_arena *a, const struct sw_yaml_node *under,
                                     const struct sw_yaml_node *over)
{
    if (under == NULL || over == NULL || !both_mappings(under, over)) {
        return over != NULL ? over : under;
    }
    struct sw_yaml_node *n = new_mapping(a, over, under->n + over->n);
    if (n == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < under->n; i++) {
        n->pairs[n->n++] = under->pairs[i];
    }
    for (size_t i = 0; i < over->n; i++) {
        struct sw_yaml_pair *slot = find_pair(n, over->pairs[i].key);
        if (slot == NULL) {
            n->pairs[n->n++] = over->pairs[i];
            continue;
        }
        const struct sw_yaml_node *value = sim_merge(a, slot->value, over->pairs[i].value);
        if (value == NULL) {
            return NULL;
        }
        *slot = over->pairs[i];
        slot->value = borrow(value);
    }
    return n;
}

static int no_memory(const struct sim_loader *l)
{
    return sw_diag_set(l->d, SW_ERR_NOMEM, "%s: out of memory", l->y->file);
}

static int no_configuration(const struct sim_loader *l, const struct sw_yaml_node *all,
                            const char *name)
{
    const char *names[64];
    size_t n = 0;
    for (; all != NULL && n < all->n && n < SW_LEN(names); n++) {
        names[n] = all->pairs[n].key;
    }
    const char *near = sw_yaml_nearest(name, names, n);
    return sw_yaml_fail(l->y, all, "configurations", SW_ERR_NOTFOUND, l->d,
                        "none is called '%.31s'%s%s%s", name,
                        near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
                        near != NULL ? "'?)" : "");
}

int sim_overlay(struct sim_loader *l, const char *name)
{
    const struct sw_yaml_node *all = sw_yaml_get(l->y->root, "configurations");
    l->root = l->y->root;
    if (name == NULL || name[0] == '\0') {
        return 0;
    }
    const struct sw_yaml_node *over = sw_yaml_get(all, name);
    if (over == NULL) {
        return no_configuration(l, all, name);
    }
    struct sw_yaml_node *n = new_mapping(&l->arena, l->y->root, l->y->root->n + over->n);
    if (n == NULL) {
        return no_memory(l);
    }
    memcpy(n->pairs, l->y->root->pairs, l->y->root->n * sizeof *n->pairs);
    n->n = l->y->root->n;
    for (size_t i = 0; i < over->n; i++) {
        const char *key = over->pairs[i].key;
        if (strcmp(key, "name") == 0 || strcmp(key, "configurations") == 0) {
            return sw_yaml_fail(l->y, over->pairs[i].value, key, SW_ERR_MALFORMED, l->d,
                                "can't differ between configurations");
        }
        struct sw_yaml_pair *slot = find_pair(n, key);
        *(slot != NULL ? slot : &n->pairs[n->n++]) = over->pairs[i];
    }
    l->root = n;
    return 0;
}

int sim_configurations(const char *path, struct sim_configuration **out, size_t *n,
                       struct sw_diag *d)
{
    struct sw_yaml y;
    *out = NULL;
    *n = 0;
    int err = sw_yaml_read(path, &y, d);
    if (err != 0) {
        return err;
    }
    const struct sw_yaml_node *all = sw_yaml_get(y.root, "configurations");
    if (all != NULL && all->kind != SW_YAML_IS_MAPPING) {
        err = sw_yaml_fail(&y, all, "configurations", SW_ERR_MALFORMED, d,
                           "expected a mapping (from names to keys that replace those above)");
    }
    const size_t count = err == 0 && all != NULL ? all->n : 0;
    *out = count > 0 ? calloc(count, sizeof **out) : NULL;
    if (count > 0 && *out == NULL) {
        err = sw_diag_set(d, SW_ERR_NOMEM, "%s: out of memory", path);
    }
    static const struct sw_yaml_field name = { .type = SW_YAML_NAME };
    for (size_t i = 0; i < count && err == 0; i++) {
        const struct sw_yaml_pair *p = &all->pairs[i];
        const struct sw_yaml_node at = { .line = p->line, .column = p->column };
        if (sw_yaml_scalar(&name, NULL, p->key, &(*out)[i].name) != 0) {
            err = sw_yaml_fail(&y, &at, p->key, SW_ERR_MALFORMED, d,
                               "is not a name (1 to 31 of a-z, 0-9 and -)");
        } else if (p->value->kind != SW_YAML_IS_MAPPING) {
            err = sw_yaml_fail(&y, p->value, p->key, SW_ERR_MALFORMED, d,
                               "expected a mapping (top-level keys that replace those above)");
        }
        *n = i + 1;
    }
    sw_yaml_fini(&y);
    if (err != 0) {
        sim_configurations_free(*out);
        *out = NULL;
        *n = 0;
    }
    return err;
}

void sim_configurations_free(struct sim_configuration *v)
{
    free(v);
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Single keys replaced by their path: "network.wide.loss", "clients.0.rate" (items of lists by
 * their place, from 0).  Mappings and lists along the path are copied, never written to. */
#include "sim/scenario/load.h"

#include <stdlib.h>
#include <string.h>

static int no_memory(const struct sim_loader *l)
{
    return sw_diag_set(l->d, SW_ERR_NOMEM, "%s: out of memory", l->y->file);
}

/* A scalar that says @text where @at is. */
static struct sw_yaml_node *scalar(struct sim_loader *l, const struct sw_yaml_node *at,
                                   const char *text)
{
    struct sw_yaml_node *n = sw_arena_alloc(&l->arena, sizeof *n);
    char *own = sw_arena_copy(&l->arena, text, strlen(text) + 1);
    if (n == NULL || own == NULL) {
        return NULL;
    }
    *n = (struct sw_yaml_node){
        .kind = SW_YAML_IS_SCALAR, .line = at->line, .column = at->column, .text = own
    };
    return n;
}

static const struct sw_yaml_pair no_pairs[1];

/* A copy of the mapping @n with room for one more. */
static struct sw_yaml_node *copy_mapping(struct sim_loader *l, const struct sw_yaml_node *n)
{
    struct sw_yaml_node *out = sw_arena_copy(&l->arena, n, sizeof *n);
    struct sw_yaml_pair *pairs = sw_arena_alloc(&l->arena, (n->n + 1) * sizeof *pairs);
    if (out == NULL || pairs == NULL) {
        return NULL;
    }
    memcpy(pairs, n->n > 0 ? n->pairs : no_pairs, n->n * sizeof *pairs);
    out->pairs = pairs;
    return out;
}

static struct sw_yaml_node *copy_list(struct sim_loader *l, const struct sw_yaml_node *n)
{
    struct sw_yaml_node *out = sw_arena_copy(&l->arena, n, sizeof *n);
    if (out != NULL && n->n > 0) {
        out->items = sw_arena_copy(&l->arena, n->items, n->n * sizeof(struct sw_yaml_node *));
    }
    return out != NULL && (n->n == 0 || out->items != NULL) ? out : NULL;
}

/* The slot of @key in the mapping @n, made empty when there is none. */
static struct sw_yaml_node **member(struct sim_loader *l, struct sw_yaml_node *n, const char *key)
{
    for (size_t i = 0; i < n->n; i++) {
        if (strcmp(n->pairs[i].key, key) == 0) {
            return &n->pairs[i].value;
        }
    }
    char *own = sw_arena_copy(&l->arena, key, strlen(key) + 1);
    if (own == NULL) {
        return NULL;
    }
    n->pairs[n->n] = (struct sw_yaml_pair){ .key = own, .line = n->line, .column = n->column };
    return &n->pairs[n->n++].value;
}

/* The slot of item @key, a number, of the list @n. */
static struct sw_yaml_node **item(struct sim_loader *l, struct sw_yaml_node *n, const char *key,
                                  const char *path)
{
    char *end;
    const unsigned long i = strtoul(key, &end, 10);
    if (key[0] < '0' || key[0] > '9' || *end != '\0' || i >= n->n) {
        (void)sw_yaml_fail(l->y, n, path, SW_ERR_NOTFOUND, l->d,
                           "this list has %zu items, counted from 0, and no '%.40s'", n->n, key);
        return NULL;
    }
    return &n->items[i];
}

/* @n with @value at @path; NULL with the diag set. */
static struct sw_yaml_node *replace(struct sim_loader *l, const struct sw_yaml_node *n,
                                    const char *path, const struct sim_override *o)
{
    char key[64];
    const size_t len = strcspn(path, ".");
    if (len == 0 || len >= sizeof key) {
        (void)sw_yaml_fail(l->y, n, o->path, SW_ERR_MALFORMED, l->d,
                           "expected keys with dots between, like network.wide.loss");
        return NULL;
    }
    memcpy(key, path, len);
    key[len] = '\0';
    if (n->kind == SW_YAML_IS_SCALAR) {
        (void)sw_yaml_fail(l->y, n, o->path, SW_ERR_MALFORMED, l->d,
                           "has a single value here, and nothing called '%.40s' in it", key);
        return NULL;
    }
    struct sw_yaml_node *out = n->kind == SW_YAML_IS_MAPPING ? copy_mapping(l, n) : copy_list(l, n);
    struct sw_yaml_node **slot = NULL;
    if (out != NULL) {
        slot = n->kind == SW_YAML_IS_MAPPING ? member(l, out, key) : item(l, out, key, o->path);
    }
    if (slot == NULL) {
        (void)(l->d->text[0] == '\0' ? no_memory(l) : 0);
        return NULL;
    }
    if (path[len] == '\0') {
        *slot = scalar(l, *slot != NULL ? *slot : out, o->value);
    } else {
        const struct sw_yaml_node empty = { .kind = SW_YAML_IS_MAPPING,
                                            .line = n->line,
                                            .column = n->column };
        *slot = replace(l, *slot != NULL ? *slot : &empty, path + len + 1, o);
    }
    if (*slot == NULL && l->d->text[0] == '\0') {
        (void)no_memory(l);
    }
    return *slot == NULL ? NULL : out;
}

int sim_override(struct sim_loader *l, const struct sim_override *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        l->d->text[0] = '\0';
        const struct sw_yaml_node *root = replace(l, l->root, v[i].path, &v[i]);
        if (root == NULL) {
            return SW_ERR_MALFORMED;
        }
        l->root = root;
    }
    return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Trees of scalars to structs, by table; and back to nothing. */
#include "node/base/bug.h"
#include "node/conf/yaml.h"

#include <stdlib.h>
#include <string.h>

#define MAX_KNOWN 96

struct binder {
    const struct sw_yaml *y;
    struct sw_diag *d;
};

static const struct sw_yaml_field *find(const struct sw_yaml_table *t, const char *key)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct sw_yaml_field *f = &t->fields[i];
        if (f->type == SW_YAML_INCLUDE) {
            f = find(f->table, key);
            if (f != NULL) {
                return f;
            }
        } else if (f->key != NULL && strcmp(f->key, key) == 0) {
            return f;
        }
    }
    return NULL;
}

static void *at(void *base, size_t offset)
{
    return (char *)base + offset;
}

static int no_memory(const struct binder *b)
{
    return sw_diag_set(b->d, SW_ERR_NOMEM, "%s: out of memory", b->y->file);
}

/* ---- unknown keys ---- */

static size_t known_keys(const struct sw_yaml_table *t, const char **names, size_t n)
{
    for (size_t i = 0; i < t->n && n < MAX_KNOWN; i++) {
        const struct sw_yaml_field *f = &t->fields[i];
        if (f->type == SW_YAML_INCLUDE) {
            n = known_keys(f->table, names, n);
        } else if (f->key != NULL) {
            names[n++] = f->key;
        }
    }
    return n;
}

static int unknown_key(const struct binder *b, const struct sw_yaml_table *t,
                       const struct sw_yaml_pair *p)
{
    const struct sw_yaml_node where = { .line = p->line, .column = p->column };
    const char *names[MAX_KNOWN];
    const size_t n = known_keys(t, names, 0);
    const char *near = sw_yaml_nearest(p->key, names, n);
    if (near != NULL) {
        return sw_yaml_fail(b->y, &where, p->key, SW_ERR_MALFORMED, b->d,
                            "unknown key (did you mean '%s'?)", near);
    }
    char list[100] = "";
    size_t len = 0;
    for (size_t i = 0; i < n && len < sizeof list - 1; i++) {
        const int more =
            snprintf(list + len, sizeof list - len, "%s%s", i > 0 ? ", " : "", names[i]);
        len += more > 0 ? (size_t)more : 0;
    }
    return sw_yaml_fail(b->y, &where, p->key, SW_ERR_MALFORMED, b->d, "unknown key (known: %s%s)",
                        list, len >= sizeof list - 1 ? "..." : "");
}

/* ---- values ---- */

static const char *kind_name(enum sw_yaml_kind kind)
{
    return kind == SW_YAML_IS_LIST      ? "a list"
           : kind == SW_YAML_IS_MAPPING ? "a mapping"
                                        : "a value";
}

static int bind_scalar(const struct binder *b, const struct sw_yaml_field *f, const char *key,
                       const struct sw_yaml_node *n, void *out)
{
    char scratch[160];
    if (n->kind != SW_YAML_IS_SCALAR) {
        return sw_yaml_fail(b->y, n, key, SW_ERR_MALFORMED, b->d, "%s is not %s",
                            kind_name(n->kind), sw_yaml_expected(f, scratch));
    }
    if (n->text[0] == '\0') {
        return sw_yaml_fail(b->y, n, key, SW_ERR_MALFORMED, b->d, "has no value, expected %s",
                            sw_yaml_expected(f, scratch));
    }
    const int err = sw_yaml_scalar(f, b->y->folder, n->text, out);
    if (err == SW_ERR_NOMEM) {
        return no_memory(b);
    }
    if (err == SW_ERR_RANGE && f->high > f->low) {
        return sw_yaml_fail(b->y, n, key, err, b->d, "%.40s is out of range (%s)", n->text,
                            sw_yaml_range(f, scratch));
    }
    if (err != 0) {
        return sw_yaml_fail(b->y, n, key, err, b->d, "'%.40s' is %s%s", n->text,
                            err == SW_ERR_RANGE ? "too large for " : "not ",
                            sw_yaml_expected(f, scratch));
    }
    return 0;
}

static int fill(const struct binder *b, const struct sw_yaml_node *n, const struct sw_yaml_table *t,
                void *out, bool given);

static int expect(const struct binder *b, const char *key, const struct sw_yaml_node *n,
                  enum sw_yaml_kind kind, const char *like)
{
    if (n->kind == kind) {
        return 0;
    }
    return sw_yaml_fail(b->y, n, key, SW_ERR_MALFORMED, b->d, "expected %s (%s)", kind_name(kind),
                        like);
}

static int bind_mapping(const struct binder *b, const char *key, const struct sw_yaml_table *t,
                        const struct sw_yaml_node *n, void *out)
{
    const int err = expect(b, key, n, SW_YAML_IS_MAPPING, "keys and values, like {name: x}");
    return err != 0 ? err : fill(b, n, t, out, true);
}

static int bind_list(const struct binder *b, const struct sw_yaml_field *f,
                     const struct sw_yaml_node *n, void *out)
{
    int err = expect(b, f->key, n, SW_YAML_IS_LIST, "like [a, b]");
    if (err != 0 || n->n == 0) {
        return err;
    }
    char *items = calloc(n->n, f->size);
    if (items == NULL) {
        return no_memory(b);
    }
    memcpy(at(out, f->offset), &items, sizeof items);
    memcpy(at(out, f->count), &n->n, sizeof n->n);
    const struct sw_yaml_field item = { .key = f->key, .type = f->item, .size = f->size };
    for (size_t i = 0; i < n->n && err == 0; i++) {
        void *slot = items + i * f->size;
        err = f->item == SW_YAML_MAPPING ? bind_mapping(b, f->key, f->table, n->items[i], slot)
                                         : bind_scalar(b, &item, f->key, n->items[i], slot);
    }
    return err;
}

static char *copy_text(const char *s)
{
    const size_t len = strlen(s) + 1;
    char *out = malloc(len);
    if (out != NULL) {
        memcpy(out, s, len);
    }
    return out;
}

/* The pairs of @n whose keys are not in @t (all of them when NULL), as parameters. */
static int bind_params(const struct binder *b, const struct sw_yaml_field *f,
                       const struct sw_yaml_table *t, const struct sw_yaml_node *n, void *out)
{
    struct sw_yaml_param *v = calloc(n->n + 1, sizeof *v);
    if (v == NULL) {
        return no_memory(b);
    }
    memcpy(at(out, f->offset), &v, sizeof v);
    size_t count = 0;
    for (size_t i = 0; i < n->n; i++) {
        const struct sw_yaml_pair *p = &n->pairs[i];
        if (t != NULL && find(t, p->key) != NULL) {
            continue;
        }
        if (p->value->kind != SW_YAML_IS_SCALAR || p->value->text[0] == '\0') {
            return sw_yaml_fail(b->y, p->value, p->key, SW_ERR_MALFORMED, b->d,
                                "expected a single value");
        }
        v[count] = (struct sw_yaml_param){ .key = copy_text(p->key),
                                           .value = copy_text(p->value->text),
                                           .line = p->value->line,
                                           .column = p->value->column,
                                           .key_line = p->line,
                                           .key_column = p->column };
        count++;
        memcpy(at(out, f->count), &count, sizeof count);
        if (v[count - 1].key == NULL || v[count - 1].value == NULL) {
            return no_memory(b);
        }
    }
    return 0;
}

static int bind_value(const struct binder *b, const struct sw_yaml_field *f,
                      const struct sw_yaml_node *n, void *out)
{
    int err;
    switch (f->type) {
    case SW_YAML_MAPPING:
        return bind_mapping(b, f->key, f->table, n, at(out, f->offset));
    case SW_YAML_LIST:
        return bind_list(b, f, n, out);
    case SW_YAML_PARAMS:
        err = expect(b, f->key, n, SW_YAML_IS_MAPPING, "keys and values, like {name: x}");
        return err != 0 ? err : bind_params(b, f, NULL, n, out);
    case SW_YAML_SKIP:
        return 0;
    default:
        return bind_scalar(b, f, f->key, n, at(out, f->offset));
    }
}

/* What a key that is not there means. */
static int bind_absent(const struct binder *b, const struct sw_yaml_field *f,
                       const struct sw_yaml_node *n, void *out, bool given)
{
    if (f->required && given) {
        return sw_yaml_fail(b->y, n, f->key, SW_ERR_MALFORMED, b->d, "is missing (required here)");
    }
    if (f->type == SW_YAML_MAPPING) {
        return fill(b, n, f->table, at(out, f->offset), false);
    }
    if (f->fallback == NULL) {
        return 0;
    }
    const int err = sw_yaml_scalar(f, b->y->folder, f->fallback, at(out, f->offset));
    SW_ASSERT(err == 0 || err == SW_ERR_NOMEM);
    return err == 0 ? 0 : no_memory(b);
}

/* Every field of @t from @n; @given false: @n only stands for a position, all keys are absent. */
static int fill(const struct binder *b, const struct sw_yaml_node *n, const struct sw_yaml_table *t,
                void *out, bool given)
{
    int err = 0;
    for (size_t i = 0; i < t->n && err == 0; i++) {
        const struct sw_yaml_field *f = &t->fields[i];
        if (f->type == SW_YAML_INCLUDE) {
            err = fill(b, n, f->table, at(out, f->offset), given);
        } else if (f->type == SW_YAML_LINE) {
            memcpy(at(out, f->offset), &n->line, sizeof n->line);
        } else if (f->type == SW_YAML_REST) {
            err = given ? bind_params(b, f, t, n, out) : 0;
        } else {
            const struct sw_yaml_node *value = given ? sw_yaml_get(n, f->key) : NULL;
            err = value != NULL ? bind_value(b, f, value, out) : bind_absent(b, f, n, out, given);
        }
    }
    return err;
}

static bool has_rest(const struct sw_yaml_table *t)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->fields[i].type == SW_YAML_REST) {
            return true;
        }
    }
    return false;
}

/* Unknown keys anywhere below @n are told first: a mistyped key is the cause of a missing one. */
static int check_keys(const struct binder *b, const struct sw_yaml_node *n,
                      const struct sw_yaml_table *t)
{
    int err = 0;
    if (n->kind != SW_YAML_IS_MAPPING) {
        return 0;
    }
    for (size_t i = 0; i < n->n && err == 0; i++) {
        const struct sw_yaml_pair *p = &n->pairs[i];
        const struct sw_yaml_field *f = find(t, p->key);
        if (f == NULL) {
            err = has_rest(t) ? 0 : unknown_key(b, t, p);
        } else if (f->type == SW_YAML_MAPPING) {
            err = check_keys(b, p->value, f->table);
        } else if (f->type == SW_YAML_LIST && f->item == SW_YAML_MAPPING) {
            for (size_t k = 0; sw_yaml_item(p->value, k) != NULL && err == 0; k++) {
                err = check_keys(b, sw_yaml_item(p->value, k), f->table);
            }
        }
    }
    return err;
}

int sw_yaml_bind(const struct sw_yaml *y, const struct sw_yaml_node *n,
                 const struct sw_yaml_table *table, void *out, struct sw_diag *d)
{
    const struct binder b = { y, d };
    const int err = check_keys(&b, n, table);
    return err != 0 ? err : bind_mapping(&b, NULL, table, n, out);
}

/* ---- freeing ---- */

static void release_string(void *slot)
{
    char *s;
    memcpy(&s, slot, sizeof s);
    free(s);
    memset(slot, 0, sizeof s);
}

static void release_params(const struct sw_yaml_field *f, void *out)
{
    struct sw_yaml_param *v;
    size_t n;
    memcpy(&v, at(out, f->offset), sizeof v);
    memcpy(&n, at(out, f->count), sizeof n);
    for (size_t i = 0; v != NULL && i < n; i++) {
        free(v[i].key);
        free(v[i].value);
    }
    free(v);
    memset(at(out, f->offset), 0, sizeof v);
    memset(at(out, f->count), 0, sizeof n);
}

static bool is_string(enum sw_yaml_type type)
{
    return type == SW_YAML_STRING || type == SW_YAML_PATH || type == SW_YAML_LOCAL_PATH ||
           type == SW_YAML_ADDRESS || type == SW_YAML_ZONE_NAME;
}

static void release_list(const struct sw_yaml_field *f, void *out)
{
    char *items;
    size_t n;
    memcpy(&items, at(out, f->offset), sizeof items);
    memcpy(&n, at(out, f->count), sizeof n);
    for (size_t i = 0; items != NULL && i < n; i++) {
        if (f->item == SW_YAML_MAPPING) {
            sw_yaml_release(f->table, items + i * f->size);
        } else if (is_string(f->item)) {
            release_string(items + i * f->size);
        }
    }
    free(items);
    memset(at(out, f->offset), 0, sizeof items);
    memset(at(out, f->count), 0, sizeof n);
}

void sw_yaml_release(const struct sw_yaml_table *table, void *out)
{
    for (size_t i = 0; i < table->n; i++) {
        const struct sw_yaml_field *f = &table->fields[i];
        if (is_string(f->type)) {
            release_string(at(out, f->offset));
        } else if (f->type == SW_YAML_MAPPING || f->type == SW_YAML_INCLUDE) {
            sw_yaml_release(f->table, at(out, f->offset));
        } else if (f->type == SW_YAML_LIST) {
            release_list(f, out);
        } else if (f->type == SW_YAML_PARAMS || f->type == SW_YAML_REST) {
            release_params(f, out);
        }
    }
}

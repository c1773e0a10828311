/* SPDX-License-Identifier: GPL-3.0-or-later
 * From the text of a YAML file to a bounded tree with positions. */
#include "node/conf/yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* Paths longer than this are shown by their end, so that the message itself is never cut. */
#define SHOWN_PATH 100

int sw_yaml_fail(const struct sw_yaml *y, const struct sw_yaml_node *at, const char *key, int err,
                 struct sw_diag *d, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    const size_t len = strlen(y->file);
    const bool cut = len > SHOWN_PATH;
    char where[64] = "";
    if (at != NULL) {
        (void)snprintf(where, sizeof where, "%zu:%zu:", at->line, at->column);
    }
    return sw_diag_set(d, err, "%s%s:%s%s%s%s %s", cut ? "..." : "",
                       y->file + (cut ? len - SHOWN_PATH : 0), where, key != NULL ? " " : "",
                       key != NULL ? key : "", key != NULL ? ":" : "", text);
}

/* ---- building ---- */

struct builder {
    struct sw_yaml *y;
    yaml_parser_t parser;
    size_t nodes;
    size_t skipped; /* bytes of a byte order mark */
    struct sw_diag *d;
};

static int fail_at(struct builder *b, const yaml_mark_t *mark, int err, const char *what)
{
    const struct sw_yaml_node at = { .line = mark->line + 1, .column = mark->column + 1 };
    return sw_yaml_fail(b->y, &at, NULL, err, b->d, "%s", what);
}

static int no_memory(struct builder *b)
{
    return sw_diag_set(b->d, SW_ERR_NOMEM, "%s: out of memory", b->y->file);
}

/* Where byte @offset of the text is, as people count: from line and character. */
static yaml_mark_t mark_of(const struct builder *b, size_t offset)
{
    yaml_mark_t m = { 0 };
    for (size_t i = b->skipped; i < offset && i < b->y->len; i++) {
        const unsigned char c = (unsigned char)b->y->text[i];
        if (c == '\n') {
            m.line++;
            m.column = 0;
        } else if ((c & 0xc0) != 0x80) { /* not inside a character of UTF-8 */
            m.column++;
        }
    }
    return m;
}

/* Whether line @number, from 0 on, is indented with a tab. */
static bool has_tab(const char *text, size_t number)
{
    for (; number > 0 && text != NULL; number--) {
        text = strchr(text, '\n');
        text = text != NULL ? text + 1 : NULL;
    }
    return text != NULL && text[strspn(text, " ")] == '\t';
}

static int next_event(struct builder *b, yaml_event_t *ev)
{
    if (yaml_parser_parse(&b->parser, ev) != 0) {
        return 0;
    }
    if (b->parser.error == YAML_MEMORY_ERROR) {
        return no_memory(b);
    }
    const char *what = b->parser.problem != NULL ? b->parser.problem : "is no YAML";
    yaml_mark_t mark = b->parser.problem_mark;
    if (b->parser.error == YAML_READER_ERROR) {
        mark = mark_of(b, b->skipped + b->parser.problem_offset);
    } else if (has_tab(b->y->text, mark.line)) {
        what = "a tab; YAML is indented with spaces";
    }
    return fail_at(b, &mark, SW_ERR_MALFORMED, what);
}

static void free_node(struct sw_yaml_node *n)
{
    if (n == NULL) {
        return;
    }
    for (size_t i = 0; i < n->n; i++) {
        if (n->kind == SW_YAML_IS_MAPPING) {
            free(n->pairs[i].key);
            free_node(n->pairs[i].value);
        } else {
            free_node(n->items[i]);
        }
    }
    free(n->pairs);
    free(n->items);
    free(n->text);
    free(n);
}

static char *copy_text(const char *s, size_t len)
{
    char *out = malloc(len + 1);
    if (out != NULL) {
        memcpy(out, s, len);
        out[len] = '\0';
    }
    return out;
}

/* A new node for @ev, or NULL with @err set. */
static struct sw_yaml_node *new_node(struct builder *b, const yaml_event_t *ev, int *err)
{
    if (++b->nodes > SW_YAML_MAX_NODES) {
        *err = fail_at(b, &ev->start_mark, SW_ERR_FULL, "too many values in one file");
        return NULL;
    }
    struct sw_yaml_node *n = calloc(1, sizeof *n);
    if (n == NULL) {
        *err = no_memory(b);
        return NULL;
    }
    n->line = ev->start_mark.line + 1;
    n->column = ev->start_mark.column + 1;
    return n;
}

static int build(struct builder *b, const yaml_event_t *ev, unsigned depth,
                 struct sw_yaml_node **out);

/* The next node, whatever it is; SW_OK with *@out NULL at the end of a mapping or list. */
static int build_next(struct builder *b, unsigned depth, struct sw_yaml_node **out)
{
    yaml_event_t ev;
    *out = NULL;
    int err = next_event(b, &ev);
    if (err != 0) {
        return err;
    }
    if (ev.type != YAML_MAPPING_END_EVENT && ev.type != YAML_SEQUENCE_END_EVENT) {
        err = build(b, &ev, depth, out);
    }
    yaml_event_delete(&ev);
    return err;
}

static int refuse_decoration(struct builder *b, const yaml_event_t *ev, const yaml_char_t *anchor,
                             const yaml_char_t *tag)
{
    if (anchor != NULL) {
        return fail_at(b, &ev->start_mark, SW_ERR_MALFORMED, "anchors are not supported");
    }
    if (tag != NULL) {
        return fail_at(b, &ev->start_mark, SW_ERR_MALFORMED, "tags are not supported");
    }
    return 0;
}

static int build_scalar(struct builder *b, const yaml_event_t *ev, struct sw_yaml_node *n)
{
    const int err = refuse_decoration(b, ev, ev->data.scalar.anchor, ev->data.scalar.tag);
    if (err != 0) {
        return err;
    }
    const char *text = (const char *)ev->data.scalar.value;
    const size_t len = ev->data.scalar.length;
    if (memchr(text, '\0', len) != NULL) {
        return fail_at(b, &ev->start_mark, SW_ERR_MALFORMED, "a NUL character is not allowed");
    }
    n->kind = SW_YAML_IS_SCALAR;
    n->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    n->text = copy_text(text, len);
    return n->text != NULL ? 0 : no_memory(b);
}

/* Room for one more element of @size bytes in *@v, which holds @n: doubling from 4. */
static int grow(struct builder *b, void *v, size_t n, size_t size)
{
    if (n != 0 && (n < 4 || (n & (n - 1)) != 0)) {
        return 0;
    }
    void *old;
    memcpy(&old, v, sizeof old);
    void *bigger = realloc(old, (n == 0 ? 4 : 2 * n) * size);
    if (bigger == NULL) {
        return no_memory(b);
    }
    memcpy(v, &bigger, sizeof bigger);
    return 0;
}

static int build_list(struct builder *b, const yaml_event_t *ev, unsigned depth,
                      struct sw_yaml_node *n)
{
    n->kind = SW_YAML_IS_LIST;
    int err = refuse_decoration(b, ev, ev->data.sequence_start.anchor, ev->data.sequence_start.tag);
    while (err == 0) {
        struct sw_yaml_node *item;
        err = build_next(b, depth + 1, &item);
        if (err != 0 || item == NULL) {
            free_node(item);
            break;
        }
        err = grow(b, &n->items, n->n, sizeof *n->items);
        if (err != 0) {
            free_node(item);
            break;
        }
        n->items[n->n++] = item;
    }
    return err;
}

static int add_pair(struct builder *b, unsigned depth, struct sw_yaml_node *n,
                    struct sw_yaml_node *key)
{
    if (key->kind != SW_YAML_IS_SCALAR || key->text[0] == '\0') {
        return sw_yaml_fail(b->y, key, NULL, SW_ERR_MALFORMED, b->d,
                            "a key must be a word (like duration)");
    }
    if (n->n == SW_YAML_MAX_KEYS) {
        return sw_yaml_fail(b->y, key, NULL, SW_ERR_FULL, b->d, "too many keys in one mapping");
    }
    for (size_t i = 0; i < n->n; i++) {
        if (strcmp(n->pairs[i].key, key->text) == 0) {
            return sw_yaml_fail(b->y, key, key->text, SW_ERR_MALFORMED, b->d,
                                "given twice (first in line %zu)", n->pairs[i].line);
        }
    }
    int err = grow(b, &n->pairs, n->n, sizeof *n->pairs);
    if (err != 0) {
        return err;
    }
    struct sw_yaml_node *value;
    err = build_next(b, depth + 1, &value);
    if (err != 0) {
        free_node(value);
        return err;
    }
    n->pairs[n->n++] = (struct sw_yaml_pair){
        .key = key->text, .line = key->line, .column = key->column, .value = value
    };
    key->text = NULL;
    return 0;
}

static int build_mapping(struct builder *b, const yaml_event_t *ev, unsigned depth,
                         struct sw_yaml_node *n)
{
    n->kind = SW_YAML_IS_MAPPING;
    int err = refuse_decoration(b, ev, ev->data.mapping_start.anchor, ev->data.mapping_start.tag);
    while (err == 0) {
        struct sw_yaml_node *key;
        err = build_next(b, depth + 1, &key);
        if (err == 0 && key == NULL) {
            break;
        }
        if (err == 0) {
            err = add_pair(b, depth, n, key);
        }
        free_node(key);
    }
    return err;
}

static int build(struct builder *b, const yaml_event_t *ev, unsigned depth,
                 struct sw_yaml_node **out)
{
    if (depth > SW_YAML_MAX_DEPTH) {
        return fail_at(b, &ev->start_mark, SW_ERR_FULL, "nested too deep");
    }
    if (ev->type == YAML_ALIAS_EVENT) {
        return fail_at(b, &ev->start_mark, SW_ERR_MALFORMED, "aliases are not supported");
    }
    int err = 0;
    struct sw_yaml_node *n = new_node(b, ev, &err);
    if (n == NULL) {
        return err;
    }
    if (ev->type == YAML_SCALAR_EVENT) {
        err = build_scalar(b, ev, n);
    } else if (ev->type == YAML_SEQUENCE_START_EVENT) {
        err = build_list(b, ev, depth, n);
    } else {
        err = build_mapping(b, ev, depth, n);
    }
    if (err != 0) {
        free_node(n);
        return err;
    }
    *out = n;
    return 0;
}

/* ---- documents ---- */

/* Skip events until one of @type comes; anything but a stream's or document's frame ends it. */
static int document(struct builder *b)
{
    bool done = false;
    int err = 0;
    while (err == 0 && !done) {
        yaml_event_t ev;
        err = next_event(b, &ev);
        if (err != 0) {
            break;
        }
        switch (ev.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            break;
        case YAML_DOCUMENT_START_EVENT:
            if (b->y->root != NULL) {
                err = fail_at(b, &ev.start_mark, SW_ERR_MALFORMED,
                              "a second document begins (one is expected)");
            }
            break;
        case YAML_STREAM_END_EVENT:
            done = true;
            break;
        default:
            err = build(b, &ev, 0, &b->y->root);
        }
        yaml_event_delete(&ev);
    }
    return err;
}

static char *folder_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    if (slash == NULL) {
        return copy_text(".", 1);
    }
    return copy_text(file, slash == file ? 1 : (size_t)(slash - file));
}

int sw_yaml_parse(const char *file, const char *text, size_t len, struct sw_yaml *out,
                  struct sw_diag *d)
{
    *out = (struct sw_yaml){ .file = copy_text(file, strlen(file)), .folder = folder_of(file) };
    out->text = copy_text(text, len);
    out->len = len;
    struct builder b = { .y = out, .d = d };
    if (out->file == NULL || out->folder == NULL || out->text == NULL ||
        yaml_parser_initialize(&b.parser) == 0) {
        sw_yaml_fini(out);
        return sw_diag_set(d, SW_ERR_NOMEM, "%s: out of memory", file);
    }
    /* libyaml counts a byte order mark as indentation, so that the second line has less than the
     * first: it never sees one */
    b.skipped = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)out->text + b.skipped,
                                 len - b.skipped);
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    int err = 0;
    if (len > SW_YAML_MAX_BYTES) {
        err = sw_diag_set(d, SW_ERR_FULL, "%s: larger than 4 MiB", file);
    }
    if (err == 0) {
        err = document(&b);
    }
    yaml_parser_delete(&b.parser);
    if (err == 0 && (out->root == NULL || out->root->kind != SW_YAML_IS_MAPPING)) {
        const struct sw_yaml_node top = { .line = 1, .column = 1 };
        err = sw_yaml_fail(out, out->root != NULL ? out->root : &top, NULL, SW_ERR_MALFORMED, d,
                           "%s (keys and values, like name: x)",
                           out->root == NULL ? "the file is empty" : "is no mapping");
    }
    if (err != 0) {
        sw_yaml_fini(out);
    }
    return err;
}

int sw_yaml_read(const char *path, struct sw_yaml *out, struct sw_diag *d)
{
    *out = (struct sw_yaml){ 0 };
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return sw_diag_set(d, SW_ERR_IO, "%s: %s", path, strerror(errno));
    }
    char *text = malloc(SW_YAML_MAX_BYTES + 1);
    if (text == NULL) {
        (void)fclose(f);
        return sw_diag_set(d, SW_ERR_NOMEM, "%s: out of memory", path);
    }
    errno = 0;
    const size_t len = fread(text, 1, SW_YAML_MAX_BYTES + 1, f);
    const bool failed = ferror(f) != 0;
    const int why = errno;
    (void)fclose(f);
    int err;
    if (failed) {
        err = sw_diag_set(d, SW_ERR_IO, "%s: %s", path, strerror(why));
    } else {
        err = sw_yaml_parse(path, text, len, out, d);
    }
    free(text);
    return err;
}

void sw_yaml_fini(struct sw_yaml *y)
{
    free_node(y->root);
    free(y->file);
    free(y->folder);
    free(y->text);
    *y = (struct sw_yaml){ 0 };
}

struct sw_yaml_node *sw_yaml_get(const struct sw_yaml_node *n, const char *key)
{
    if (n == NULL || n->kind != SW_YAML_IS_MAPPING) {
        return NULL;
    }
    for (size_t i = 0; i < n->n; i++) {
        if (strcmp(n->pairs[i].key, key) == 0) {
            return n->pairs[i].value;
        }
    }
    return NULL;
}

struct sw_yaml_node *sw_yaml_item(const struct sw_yaml_node *n, size_t i)
{
    return n != NULL && n->kind == SW_YAML_IS_LIST && i < n->n ? n->items[i] : NULL;
}

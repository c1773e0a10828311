/* SPDX-License-Identifier: GPL-3.0-or-later
 * YAML files bound to structs by descriptor tables.  A table says which keys a mapping may have,
 * their types, units, ranges, defaults and meaning; it drives parsing, error messages, freeing
 * and the documentation, so that they can't disagree.
 *
 * The subset of YAML: one document of mappings, lists and scalars.  Anchors, aliases, tags and
 * keys that are no scalars are refused.  The table, not the text, decides the type of a scalar:
 * `no` is a name where a name is expected, and 010 is refused rather than read as octal.
 *
 * Every error reads  file:line:column: key: what is wrong (what is expected). */
#ifndef SW_CONF_YAML_H
#define SW_CONF_YAML_H

#include "node/base/err.h"
#include "node/base/types.h"
#include <stdio.h>

/* Bounds on what a file may cost. */
#define SW_YAML_MAX_BYTES (4 * SW_MIB)
#define SW_YAML_MAX_NODES 200000U
#define SW_YAML_MAX_KEYS 4096U /* in one mapping */
#define SW_YAML_MAX_DEPTH 24U

/* ---- the tree: a file as read ---- */

enum sw_yaml_kind { SW_YAML_IS_SCALAR, SW_YAML_IS_MAPPING, SW_YAML_IS_LIST };

struct sw_yaml_node {
    enum sw_yaml_kind kind;
    size_t line, column;        /* from 1; of a mapping or list: where it begins */
    char *text;                 /* scalar: its text, NUL-terminated, holds no other NUL */
    bool quoted;                /* scalar: in quotes or as a block */
    struct sw_yaml_pair *pairs; /* mapping: in file order, keys unique */
    struct sw_yaml_node **items;
    size_t n; /* pairs or items */
};

struct sw_yaml_pair {
    char *key;
    size_t line, column; /* of the key */
    struct sw_yaml_node *value;
};

struct sw_yaml {
    char *file;   /* the name used in errors */
    char *folder; /* paths are relative to it */
    struct sw_yaml_node *root;
    char *text; /* the file as read, NUL-terminated */
    size_t len;
};

/* Read @path.  Errors: SW_ERR_IO (unreadable), SW_ERR_MALFORMED (no YAML of the subset),
 * SW_ERR_FULL (a bound above), SW_ERR_NOMEM. */
int sw_yaml_read(const char *path, struct sw_yaml *out, struct sw_diag *d);
/* The same for text in memory; @file names it in errors, relative paths start in its folder. */
int sw_yaml_parse(const char *file, const char *text, size_t len, struct sw_yaml *out,
                  struct sw_diag *d);
void sw_yaml_fini(struct sw_yaml *y);

/* The value of @key in the mapping @n; NULL when @n is NULL, no mapping, or lacks it. */
struct sw_yaml_node *sw_yaml_get(const struct sw_yaml_node *n, const char *key);
/* Item @i of the list @n; NULL when there is none. */
struct sw_yaml_node *sw_yaml_item(const struct sw_yaml_node *n, size_t i);

/* Say what is wrong at @at (NULL: the file as a whole); returns @err. */
int sw_yaml_fail(const struct sw_yaml *y, const struct sw_yaml_node *at, const char *key, int err,
                 struct sw_diag *d, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* ---- tables ---- */

enum sw_yaml_type {
    SW_YAML_STRING,      /* char *; not empty */
    SW_YAML_PATH,        /* char *; made relative to the file's folder unless absolute */
    SW_YAML_LOCAL_PATH,  /* char *; as written: a path in a node's own file system */
    SW_YAML_ADDRESS,     /* char *; "192.0.2.1:53", "[2001:db8::1]:53", "host:53" */
    SW_YAML_ZONE_NAME,   /* char *; lower case, letters digits - _ and dots */
    SW_YAML_NAME,        /* struct sw_name */
    SW_YAML_INTEGER,     /* uint64_t */
    SW_YAML_COUNT,       /* uint32_t */
    SW_YAML_NUMBER,      /* double */
    SW_YAML_DURATION,    /* sw_dur: 80ms, 2.5s, 1h30m; 0 needs no unit */
    SW_YAML_SIZE,        /* uint64_t bytes: 512B, 64KiB, 4GiB, 10MB */
    SW_YAML_RATE,        /* double, per second: 20k/s, 3/m */
    SW_YAML_BANDWIDTH,   /* uint64_t bit/s: 100Mbit/s, 1Gbit/s */
    SW_YAML_PROBABILITY, /* double: 0.01, 1% */
    SW_YAML_BOOL,        /* bool: true, false */
    SW_YAML_ENUM,        /* int: index in names */
    SW_YAML_HEX,         /* uint8_t[size]: 2 x size hexadecimal digits */
    SW_YAML_MAPPING,     /* struct in place, by table */
    SW_YAML_LIST,        /* pointer to items and a size_t count */
    SW_YAML_PARAMS,      /* list of struct sw_yaml_param: a mapping with keys of its own */
    SW_YAML_INCLUDE,     /* no key: the table's fields belong to this mapping too */
    SW_YAML_REST,        /* no key: list of struct sw_yaml_param, all keys not in the table */
    SW_YAML_LINE,        /* no key: size_t, the mapping's line */
    SW_YAML_SKIP,        /* known key, read by someone else */
};

/* A key that is not in the table, as written. */
struct sw_yaml_param {
    char *key, *value;           /* scalar */
    size_t line, column;         /* of the value */
    size_t key_line, key_column; /* of the key */
};

struct sw_yaml_table;

struct sw_yaml_field {
    const char *key; /* NULL for INCLUDE, REST and LINE */
    enum sw_yaml_type type;
    size_t offset; /* in the struct the table describes */
    bool required;
    const char *fallback; /* default, as it would be written; NULL: zero, empty */
    double low, high;     /* inclusive bounds in base units (ns, bytes, ...), when high > low */
    const char *help;
    const char *const *names;          /* ENUM: NULL-terminated */
    const struct sw_yaml_table *table; /* MAPPING, INCLUDE, LIST of mappings */
    size_t size;                       /* HEX: bytes; LIST: bytes of an item */
    size_t count;                      /* LIST, PARAMS, REST: offset of the size_t count */
    enum sw_yaml_type item; /* LIST: its items' type; SKIP: of a list's items, if it is one */
};

struct sw_yaml_table {
    const char *name; /* for documentation: "node" */
    const struct sw_yaml_field *fields;
    size_t n;
};

/* Fill the zeroed struct @out from the mapping @n.
 * Errors: SW_ERR_MALFORMED (type, missing, unknown), SW_ERR_RANGE, SW_ERR_NOMEM; what was
 * allocated so far is in @out: call sw_yaml_release in any case. */
int sw_yaml_bind(const struct sw_yaml *y, const struct sw_yaml_node *n,
                 const struct sw_yaml_table *table, void *out, struct sw_diag *d);
/* Free everything that the table allocated in @out, and zero those fields. */
void sw_yaml_release(const struct sw_yaml_table *table, void *out);

/* Read one scalar of @f's type from @text into @out, as in a file.
 * Errors: SW_ERR_MALFORMED, SW_ERR_RANGE, SW_ERR_NOMEM; @out is untouched. */
int sw_yaml_scalar(const struct sw_yaml_field *f, const char *folder, const char *text, void *out);
/* What @f expects: "a duration (like 80ms, 2.5s, 1h30m)"; and its range: "1ms to 1h".  Static, or
 * in @scratch. */
const char *sw_yaml_expected(const struct sw_yaml_field *f, char scratch[160]);
const char *sw_yaml_range(const struct sw_yaml_field *f, char scratch[160]);

/* The one of @n names nearest to @word by edit distance, or NULL when none is near. */
const char *sw_yaml_nearest(const char *word, const char *const *names, size_t n);

/* Markdown rows "| key | type | default | meaning |" of @table and the tables below it. */
void sw_yaml_document(FILE *to, const struct sw_yaml_table *table);
/* "duration", "list of names", ... */
const char *sw_yaml_type_name(enum sw_yaml_type type);

#endif

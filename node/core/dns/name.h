/* SPDX-License-Identifier: GPL-3.0-or-later
 * Domain names in wire form: length-prefixed labels, the empty root label last (RFC 1035, 3.1).
 * Not to be confused with struct sw_name, a node's name. */
#ifndef SW_DNS_NAME_H
#define SW_DNS_NAME_H

#include "node/base/types.h"

#define SW_DNAME_MAX 255  /* bytes of a whole name (RFC 1035, 2.3.4) */
#define SW_LABEL_MAX 63   /* bytes of one label */
#define SW_LABELS_MAX 127 /* labels of a name, the root's not counted */
/* Presentation form: every byte may need four characters, and then a NUL. */
#define SW_DNAME_TEXT_MAX (4 * SW_DNAME_MAX + 1)

/* How many bytes the name at the start of @bytes has; 0 when it is malformed, compressed, or does
 * not end within @len. */
size_t sw_dname_check(const uint8_t *bytes, size_t len);

/* ---- the rest takes names that are known to be well-formed ---- */

/* Bytes, the root label included. */
size_t sw_dname_len(const uint8_t *name);
/* Labels, the root not counted: 2 for example.org. */
unsigned sw_dname_labels(const uint8_t *name);
/* Put @len bytes of names into lower case, ASCII only (RFC 4343). */
void sw_dname_lower(uint8_t *name, size_t len);
/* Canonical order (RFC 4034, 6.1), letters' case ignored: negative, zero or positive. */
int sw_dname_compare(const uint8_t *a, const uint8_t *b);
/* Is @name the name @zone, or below it?  Case is ignored. */
bool sw_dname_under(const uint8_t *name, const uint8_t *zone);

/* From presentation form (RFC 1035, 5.1: \. and \DDD escapes; the final dot may be missing) into
 * @out, letters' case kept.  Bytes written.  Errors: SW_ERR_MALFORMED. */
int sw_dname_from_text(const char *text, uint8_t out[SW_DNAME_MAX]);
/* To presentation form, with the final dot, NUL-terminated. */
void sw_dname_to_text(const uint8_t *name, char out[SW_DNAME_TEXT_MAX]);

/* Names in ascending canonical order, however they are kept. */
struct sw_dname_list {
    const void *self;
    size_t n;
    const uint8_t *(*at)(const void *self, size_t i);
};

/* Which name of @list is the closest one at or above @name?  list->n when none is. */
size_t sw_dname_closest(const struct sw_dname_list *list, const uint8_t *name);

/* A name taken apart for look-ups: lower case, and where its labels begin. */
struct sw_qname {
    uint8_t len;                    /* bytes */
    uint8_t labels;                 /* the root not counted */
    uint8_t at[SW_LABELS_MAX + 1];  /* where label i begins, from the left; at[labels]: the root */
    uint8_t name[SW_DNAME_MAX + 9]; /* zeros after the name, so that 8 bytes can be read at once */
};

/* Take apart the name at the start of @bytes, all @len of which can be read.  Its length; 0 as
 * sw_dname_check. */
size_t sw_qname_set(struct sw_qname *q, const uint8_t *bytes, size_t len);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Domain names: bounded reading, canonical order, presentation form. */
#include "node/core/dns/name.h"

#include <stdio.h>
#include <string.h>

#include "node/base/err.h"

size_t sw_dname_check(const uint8_t *bytes, size_t len)
{
    const size_t end = len < SW_DNAME_MAX ? len : SW_DNAME_MAX;
    size_t at = 0;
    while (at < end) {
        const size_t label = bytes[at];
        if (label == 0) {
            return at + 1;
        }
        if (label > SW_LABEL_MAX) {
            return 0; /* a pointer, or one of the label types that never came to life */
        }
        at += 1 + label;
    }
    return 0;
}

size_t sw_dname_len(const uint8_t *name)
{
    size_t at = 0;
    while (name[at] != 0) {
        at += 1U + name[at];
    }
    return at + 1;
}

unsigned sw_dname_labels(const uint8_t *name)
{
    unsigned n = 0;
    for (; *name != 0; name += 1 + *name) {
        n++;
    }
    return n;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20U) : c;
}

/* A length byte is below 64 and so is never taken for a letter. */
void sw_dname_lower(uint8_t *name, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        name[i] = lower(name[i]);
    }
}

/* A name and where its labels begin. */
struct labels {
    const uint8_t *name;
    unsigned n;
    uint8_t at[SW_LABELS_MAX];
};

static void split(struct labels *l, const uint8_t *name)
{
    l->name = name;
    l->n = 0;
    for (unsigned i = 0; name[i] != 0; i += 1U + name[i]) {
        l->at[l->n++] = (uint8_t)i;
    }
}

static int compare_labels(const uint8_t *a, const uint8_t *b)
{
    const size_t len = *a < *b ? *a : *b;
    for (size_t i = 1; i <= len; i++) {
        const int d = a[i] == b[i] ? 0 : lower(a[i]) - lower(b[i]);
        if (d != 0) {
            return d;
        }
    }
    return (int)*a - (int)*b;
}

/* As sw_dname_compare; @common gets how many labels from the right are the same. */
static int compare_split(const struct labels *a, const struct labels *b, unsigned *common)
{
    const unsigned n = a->n < b->n ? a->n : b->n;
    for (unsigned i = 1; i <= n; i++) {
        const int d = compare_labels(a->name + a->at[a->n - i], b->name + b->at[b->n - i]);
        if (d != 0) {
            *common = i - 1;
            return d;
        }
    }
    *common = n;
    return (int)a->n - (int)b->n;
}

static int compare(const uint8_t *a, const uint8_t *b, unsigned *common)
{
    struct labels la;
    struct labels lb;
    split(&la, a);
    split(&lb, b);
    return compare_split(&la, &lb, common);
}

int sw_dname_compare(const uint8_t *a, const uint8_t *b)
{
    unsigned common = 0;
    return compare(a, b, &common);
}

bool sw_dname_under(const uint8_t *name, const uint8_t *zone)
{
    unsigned common = 0;
    return compare(name, zone, &common) >= 0 && common == sw_dname_labels(zone);
}

/* In canonical order a name's closest ancestor is its predecessor, or an ancestor of that: each
 * turn halves what is left, and drops at least one label of @name. */
size_t sw_dname_closest(const struct sw_dname_list *list, const uint8_t *name)
{
    struct labels sought;
    unsigned labels = 0; /* of the greatest name that is not greater; in common with it */
    unsigned common = 0;
    size_t end = list->n;
    split(&sought, name);
    while (end > 0) {
        size_t low = 0;
        size_t high = end; /* the name there is greater */
        while (low < high) {
            const size_t mid = low + (high - low) / 2;
            struct labels there;
            unsigned same;
            split(&there, list->at(list->self, mid));
            if (compare_split(&there, &sought, &same) <= 0) {
                labels = there.n;
                common = same;
                low = mid + 1;
            } else {
                high = mid;
            }
        }
        if (low == 0) {
            break;
        }
        if (common == labels) {
            return low - 1;
        }
        for (unsigned drop = sought.n - common; drop > 0; drop--) {
            name += 1 + *name;
        }
        split(&sought, name);
        end = low - 1;
    }
    return list->n;
}

/* One character of a label, escapes resolved; the bytes of text it took, 0 when malformed. */
static size_t unescape(const char *text, uint8_t *out)
{
    if (text[0] != '\\') {
        *out = (uint8_t)text[0];
        return 1;
    }
    if (text[1] < '0' || text[1] > '9') {
        *out = (uint8_t)text[1];
        return text[1] == '\0' ? 0 : 2;
    }
    unsigned value = 0;
    for (int i = 1; i <= 3; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return 0;
        }
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    *out = (uint8_t)value;
    return value > 255 ? 0 : 4;
}

int sw_dname_from_text(const char *text, uint8_t out[SW_DNAME_MAX])
{
    if (strcmp(text, ".") == 0) {
        out[0] = 0;
        return 1;
    }
    size_t length_at = 0; /* of the label being read */
    size_t len = 1;       /* written so far */
    while (*text != '\0') {
        if (*text == '.') {
            text++;
            if (len == length_at + 1) {
                return SW_ERR_MALFORMED; /* an empty label */
            }
            out[length_at] = (uint8_t)(len - length_at - 1);
            length_at = len++;
            continue;
        }
        uint8_t c = 0;
        const size_t took = unescape(text, &c);
        if (took == 0 || len >= SW_DNAME_MAX || len - length_at > SW_LABEL_MAX) {
            return SW_ERR_MALFORMED;
        }
        out[len++] = c;
        text += took;
    }
    if (len > length_at + 1) { /* no final dot */
        out[length_at] = (uint8_t)(len - length_at - 1);
        length_at = len++;
    } else if (length_at == 0) {
        return SW_ERR_MALFORMED; /* no text at all */
    }
    if (len > SW_DNAME_MAX) {
        return SW_ERR_MALFORMED;
    }
    out[length_at] = 0;
    return (int)len;
}

void sw_dname_to_text(const uint8_t *name, char out[SW_DNAME_TEXT_MAX])
{
    size_t n = 0;
    for (; *name != 0; name += 1 + *name) {
        for (size_t i = 1; i <= *name; i++) {
            const uint8_t c = name[i];
            if (c <= ' ' || c > '~') {
                (void)snprintf(out + n, 5, "\\%03u", c);
                n += 4;
            } else {
                if (strchr(".\\\"();@$", c) != NULL) {
                    out[n++] = '\\';
                }
                out[n++] = (char)c;
            }
        }
        out[n++] = '.';
    }
    if (n == 0) {
        out[n++] = '.';
    }
    out[n] = '\0';
}

/* Eight bytes in lower case. */
static uint64_t lower8(uint64_t w)
{
    const uint64_t low7 = w & UINT64_C(0x7f7f7f7f7f7f7f7f);
    const uint64_t from_a = low7 + UINT64_C(0x3f3f3f3f3f3f3f3f); /* high bit: >= 'A' */
    const uint64_t past_z = low7 + UINT64_C(0x2525252525252525); /* high bit: > 'Z' */
    const uint64_t letter = from_a & ~past_z & ~w & UINT64_C(0x8080808080808080);
    return w | letter >> 2;
}

size_t sw_qname_set(struct sw_qname *q, const uint8_t *bytes, size_t len)
{
    const size_t end = len < SW_DNAME_MAX ? len : SW_DNAME_MAX;
    size_t at = 0;
    unsigned labels = 0;
    while (at < end && bytes[at] != 0) {
        if (bytes[at] > SW_LABEL_MAX) {
            return 0;
        }
        q->at[labels++] = (uint8_t)at;
        at += 1U + bytes[at];
    }
    if (at >= end) {
        return 0;
    }
    q->at[labels] = (uint8_t)at;
    q->labels = (uint8_t)labels;
    q->len = (uint8_t)(at + 1);
    for (size_t i = 0; i <= at; i += 8) {
        uint64_t w = 0;
        memcpy(&w, bytes + i, len - i < 8 ? len - i : 8);
        w = lower8(w);
        memcpy(q->name + i, &w, 8);
    }
    memset(q->name + at + 1, 0, 8);
    return at + 1;
}

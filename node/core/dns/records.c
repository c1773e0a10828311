/* SPDX-License-Identifier: GPL-3.0-or-later
 * Master files through libzscanner, one record at a time: the library opens no file then. */
#include "node/core/dns/records.h"

#include <libzscanner/scanner.h>
#include <stdlib.h>
#include <string.h>

#include "node/core/dns/bytes.h"
#include "node/core/dns/wire.h"

#define DEFAULT_TTL 3600 /* of records before any $TTL, seconds */

void sw_records_fini(struct sw_records *r)
{
    free(r->v);
    sw_arena_fini(&r->arena);
    *r = (struct sw_records){ 0 };
}

struct sw_record *sw_records_add(struct sw_records *r)
{
    if (r->n == r->cap) {
        const size_t cap = r->cap == 0 ? 256 : 2 * r->cap;
        struct sw_record **v = realloc(r->v, cap * sizeof(struct sw_record *));
        if (v == NULL) {
            return NULL;
        }
        r->v = v;
        r->cap = cap;
    }
    struct sw_record *rr = sw_arena_alloc(&r->arena, sizeof *rr);
    if (rr != NULL) {
        r->v[r->n++] = rr;
    }
    return rr;
}

/* @owner, lower case, kept: the last one again when it is the same. */
static const uint8_t *keep_owner(struct sw_records *r, const uint8_t *owner, size_t len)
{
    uint8_t name[SW_DNAME_MAX];
    memcpy(name, owner, len);
    sw_dname_lower(name, len);
    if (r->n > 0 && sw_dname_len(r->v[r->n - 1]->owner) == len &&
        memcmp(r->v[r->n - 1]->owner, name, len) == 0) {
        return r->v[r->n - 1]->owner;
    }
    return sw_arena_copy(&r->arena, name, len);
}

static int take(struct sw_records *r, const zs_scanner_t *s, struct sw_diag *d)
{
    const unsigned line = (unsigned)s->line_counter;
    if (s->r_owner_length > SW_DNAME_MAX ||
        sw_dname_check(s->r_owner, s->r_owner_length) != s->r_owner_length) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "line %u: malformed owner", line);
    }
    if (!sw_dname_under(s->r_owner, r->origin)) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "line %u: the owner is not in the zone", line);
    }
    if (s->r_class != SW_DNS_CLASS_IN) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "line %u: class %u is not IN", line, s->r_class);
    }
    if (s->r_ttl > INT32_MAX) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "line %u: a TTL has 31 bits (RFC 2181, 8)", line);
    }
    const uint8_t *owner = keep_owner(r, s->r_owner, s->r_owner_length);
    const uint8_t *data = sw_arena_copy(&r->arena, s->r_data, s->r_data_length);
    struct sw_record *rr = owner == NULL || data == NULL ? NULL : sw_records_add(r);
    if (rr == NULL) {
        return sw_diag_set(d, SW_ERR_NOMEM, "line %u: out of memory", line);
    }
    *rr = (struct sw_record){ .owner = owner,
                              .data = data,
                              .ttl = s->r_ttl,
                              .line = line,
                              .type = s->r_type,
                              .data_len = (uint16_t)s->r_data_length };
    return SW_OK;
}

static int scan(struct sw_records *r, zs_scanner_t *s, struct sw_diag *d)
{
    for (;;) {
        if (zs_parse_record(s) != 0 && s->state != ZS_STATE_ERROR) {
            return sw_diag_set(d, SW_ERR_MALFORMED, "line %u: %s", (unsigned)s->line_counter,
                               zs_strerror(s->error.code));
        }
        switch (s->state) {
        case ZS_STATE_DATA: {
            const int err = take(r, s, d);
            if (err != SW_OK) {
                return err;
            }
            break;
        }
        case ZS_STATE_ERROR:
            return sw_diag_set(d, SW_ERR_MALFORMED, "line %u: %s", (unsigned)s->line_counter,
                               zs_strerror(s->error.code));
        case ZS_STATE_INCLUDE:
            return sw_diag_set(d, SW_ERR_MALFORMED, "line %u: $INCLUDE is not supported",
                               (unsigned)s->line_counter);
        default:
            return SW_OK;
        }
    }
}

int sw_record_compare(const struct sw_record *a, const struct sw_record *b)
{
    int c = a->owner == b->owner ? 0 : sw_dname_compare(a->owner, b->owner);
    if (c == 0) {
        c = (int)a->type - (int)b->type;
    }
    if (c == 0) {
        const size_t len = a->data_len < b->data_len ? a->data_len : b->data_len;
        c = memcmp(a->data, b->data, len);
    }
    return c != 0 ? c : (int)a->data_len - (int)b->data_len;
}

/* Merge the sorted halves [low, mid) and [mid, high) of @v, by way of @spare. */
static void merge(struct sw_record **v, struct sw_record **spare, size_t low, size_t mid,
                  size_t high)
{
    if (sw_record_compare(v[mid - 1], v[mid]) <= 0) {
        return;
    }
    memcpy(spare + low, v + low, (mid - low) * sizeof(struct sw_record *));
    size_t left = low;
    size_t right = mid;
    for (size_t to = low; left < mid; to++) {
        if (right < high && sw_record_compare(v[right], spare[left]) < 0) {
            v[to] = v[right++];
        } else {
            v[to] = spare[left++];
        }
    }
}

/* Bottom-up merge sort: stable, and quick on what is nearly in order, as master files are. */
static void sort(struct sw_record **v, struct sw_record **spare, size_t n)
{
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t low = 0; low + width < n; low += 2 * width) {
            const size_t high = low + 2 * width < n ? low + 2 * width : n;
            merge(v, spare, low, low + width, high);
        }
    }
}

/* Sort, and drop what is said twice (RFC 2181, 5). */
static int put_in_order(struct sw_records *r)
{
    struct sw_record **spare = malloc((r->n + 1) * sizeof(struct sw_record *));
    if (spare == NULL) {
        return SW_ERR_NOMEM;
    }
    sort(r->v, spare, r->n);
    free(spare);
    size_t kept = 0;
    for (size_t i = 0; i < r->n; i++) {
        struct sw_record *last = kept > 0 ? r->v[kept - 1] : NULL;
        if (last != NULL && sw_record_compare(last, r->v[i]) == 0) {
            last->ttl = r->v[i]->ttl < last->ttl ? r->v[i]->ttl : last->ttl;
        } else {
            r->v[kept++] = r->v[i];
        }
    }
    r->n = kept;
    return SW_OK;
}

struct sw_record *sw_records_soa(const struct sw_records *r)
{
    for (size_t i = 0; i < r->n && sw_dname_compare(r->v[i]->owner, r->origin) == 0; i++) {
        if (r->v[i]->type == SW_TYPE_SOA) {
            return r->v[i];
        }
    }
    return NULL;
}

bool sw_records_serial(const struct sw_records *r, uint32_t *serial)
{
    const struct sw_record *soa = sw_records_soa(r);
    if (soa == NULL || soa->data_len < 22) {
        return false;
    }
    *serial = sw_be32(soa->data + soa->data_len - 20);
    return true;
}

int sw_records_read(struct sw_records *r, const char *origin, struct sw_bytes text,
                    struct sw_diag *d)
{
    const int len = sw_dname_from_text(origin, r->origin);
    if (len < 0) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "\"%.200s\" is not a domain name", origin);
    }
    sw_dname_lower(r->origin, (size_t)len);
    char absolute[SW_DNAME_TEXT_MAX];
    sw_dname_to_text(r->origin, absolute);

    zs_scanner_t *s = malloc(sizeof *s); /* 200 KB: not for a stack */
    if (s == NULL) {
        return sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
    }
    int err = SW_OK;
    if (zs_init(s, absolute, SW_DNS_CLASS_IN, DEFAULT_TTL) != 0) {
        err = sw_diag_set(d, SW_ERR_MALFORMED, "%s: %s", absolute, zs_strerror(s->error.code));
        free(s);
        return err;
    }
    if (text.len > 0 && zs_set_input_string(s, (const char *)text.data, text.len) != 0) {
        err = sw_diag_set(d, SW_ERR_NOMEM, "%s", zs_strerror(s->error.code));
    }
    if (err == SW_OK && text.len > 0) {
        err = scan(r, s, d);
    }
    zs_deinit(s);
    free(s);
    if (err == SW_OK && put_in_order(r) != SW_OK) {
        err = sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
    }
    return err;
}

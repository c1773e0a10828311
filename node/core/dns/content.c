/* SPDX-License-Identifier: GPL-3.0-or-later
 * The records of a zone as bytes, and what differs between two versions. */
#include "node/core/dns/content.h"

#include "node/core/dns/bytes.h"

#include <stdlib.h>
#include <string.h>

#define RECORD_FIXED 8U /* type, TTL, length */

/* ---- out ---- */

static int put(const struct sw_record *rr, struct sw_blob *out)
{
    const size_t owner = sw_dname_len(rr->owner);
    const size_t size = owner + RECORD_FIXED + rr->data_len;
    if (out->cap - out->len < size) { /* grows by halves: most contents are long */
        const size_t want = out->len + size + out->cap / 2;
        if (sw_blob_reserve(out, want) != SW_OK) {
            return SW_ERR_NOMEM;
        }
    }
    struct sw_wr w = { .buf = out->data + out->len, .cap = size };
    sw_wr_bytes(&w, rr->owner, owner);
    sw_wr_u16(&w, rr->type);
    sw_wr_u32(&w, rr->ttl);
    sw_wr_u16(&w, rr->data_len);
    sw_wr_bytes(&w, rr->data, rr->data_len);
    out->len += w.len;
    return SW_OK;
}

int sw_content_put(const struct sw_records *r, struct sw_blob *out)
{
    int err = SW_OK;
    for (size_t i = 0; i < r->n && err == SW_OK; i++) {
        err = put(r->v[i], out);
    }
    return err;
}

/* ---- in ---- */

/* One record of @rd, kept in @r's arena. */
static int get(struct sw_records *r, struct sw_rd *rd, struct sw_record *out)
{
    const uint8_t *at = rd->buf + rd->off;
    const size_t len = rd->buf != NULL ? sw_dname_check(at, sw_rd_left(rd)) : 0;
    uint8_t lower[SW_DNAME_MAX];
    if (at == NULL || len == 0) {
        return SW_ERR_MALFORMED;
    }
    memcpy(lower, at, len);
    sw_dname_lower(lower, len);
    if (memcmp(lower, at, len) != 0 || !sw_dname_under(at, r->origin)) {
        return SW_ERR_MALFORMED;
    }
    (void)sw_rd_bytes(rd, len);
    *out = (struct sw_record){ 0 };
    out->type = sw_rd_u16(rd);
    out->ttl = sw_rd_u32(rd);
    out->data_len = sw_rd_u16(rd);
    const uint8_t *data = sw_rd_bytes(rd, out->data_len);
    if (rd->fail || out->ttl > INT32_MAX) {
        return SW_ERR_MALFORMED;
    }
    const uint8_t *last = r->n > 0 ? r->v[r->n - 1]->owner : NULL;
    const bool same = last != NULL && sw_dname_compare(last, lower) == 0;
    out->owner = same ? last : sw_arena_copy(&r->arena, lower, len);
    out->data = sw_arena_copy(&r->arena, data, out->data_len);
    return out->owner == NULL || out->data == NULL ? SW_ERR_NOMEM : SW_OK;
}

/* All of @content, in strict order, to the end of @r. */
static int get_all(struct sw_records *r, struct sw_bytes content)
{
    struct sw_rd rd = { .buf = content.data, .len = content.len };
    while (sw_rd_left(&rd) > 0) {
        struct sw_record rr;
        const int err = get(r, &rd, &rr);
        if (err != SW_OK) {
            return err;
        }
        if (r->n > 0 && sw_record_compare(r->v[r->n - 1], &rr) >= 0) {
            return SW_ERR_MALFORMED;
        }
        struct sw_record *kept = sw_records_add(r);
        if (kept == NULL) {
            return SW_ERR_NOMEM;
        }
        *kept = rr;
    }
    return SW_OK;
}

int sw_content_get(struct sw_records *r, const uint8_t *origin, struct sw_bytes content)
{
    memcpy(r->origin, origin, sw_dname_len(origin));
    return get_all(r, content);
}

/* ---- differences ---- */

static bool alike(const struct sw_record *a, const struct sw_record *b)
{
    return a->ttl == b->ttl && sw_record_compare(a, b) == 0;
}

/* Append the records of @a that @b lacks, behind their length. */
static int put_lacking(const struct sw_records *a, const struct sw_records *b, struct sw_blob *out)
{
    static const uint8_t none[4];
    const size_t at = out->len;
    int err = sw_blob_append(out, none, sizeof none);
    size_t k = 0;
    for (size_t i = 0; i < a->n && err == SW_OK; i++) {
        while (k < b->n && sw_record_compare(b->v[k], a->v[i]) < 0) {
            k++;
        }
        if (k == b->n || !alike(a->v[i], b->v[k])) {
            err = put(a->v[i], out);
        }
    }
    if (err == SW_OK) {
        sw_put_be32(out->data + at, (uint32_t)(out->len - at - sizeof none));
    }
    return err;
}

int sw_content_difference(const struct sw_records *from, const struct sw_records *to,
                          struct sw_blob *out)
{
    const int err = put_lacking(from, to, out);
    return err == SW_OK ? put_lacking(to, from, out) : err;
}

/* @r without those of @go: each must be there. */
static int take_away(struct sw_records *r, const struct sw_records *go)
{
    size_t kept = 0;
    size_t k = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (k < go->n && alike(r->v[i], go->v[k])) {
            k++;
        } else {
            r->v[kept++] = r->v[i];
        }
    }
    r->n = kept;
    return k == go->n ? SW_OK : SW_ERR_MALFORMED;
}

/* @r and those of @come, none of which may be there; their bytes stay @come's. */
static int put_in(struct sw_records *r, const struct sw_records *come)
{
    const size_t n = r->n + come->n;
    struct sw_record **v = malloc((n + 1) * sizeof(struct sw_record *));
    size_t i = 0;
    size_t k = 0;
    if (v == NULL) {
        return SW_ERR_NOMEM;
    }
    for (size_t to = 0; to < n; to++) {
        const int order = i == r->n      ? 1
                          : k == come->n ? -1
                                         : sw_record_compare(r->v[i], come->v[k]);
        if (order == 0) {
            free((void *)v);
            return SW_ERR_MALFORMED;
        }
        v[to] = order < 0 ? r->v[i++] : come->v[k++];
    }
    free((void *)r->v);
    r->v = v;
    r->n = n;
    r->cap = n + 1;
    return SW_OK;
}

static struct sw_bytes section(struct sw_rd *rd)
{
    const uint32_t len = sw_rd_u32(rd);
    const uint8_t *data = sw_rd_bytes(rd, len);
    return (struct sw_bytes){ data, data != NULL ? len : 0 };
}

/* Read @content by way of a list of its own, whose records lie in @r's arena. */
static int read_section(struct sw_records *r, struct sw_records *list, struct sw_bytes content)
{
    *list = (struct sw_records){ .arena = r->arena };
    const int err = sw_content_get(list, r->origin, content);
    r->arena = list->arena;
    return err;
}

int sw_content_apply(struct sw_records *r, struct sw_bytes differences)
{
    struct sw_rd rd = { .buf = differences.data, .len = differences.len };
    int err = SW_OK;
    while (sw_rd_left(&rd) > 0 && err == SW_OK) {
        struct sw_records go = { 0 };
        struct sw_records come = { 0 };
        err = read_section(r, &go, section(&rd));
        if (err == SW_OK) {
            err = read_section(r, &come, section(&rd));
        }
        err = err == SW_OK && rd.fail ? SW_ERR_MALFORMED : err;
        err = err == SW_OK ? take_away(r, &go) : err;
        err = err == SW_OK ? put_in(r, &come) : err;
        free((void *)go.v);
        free((void *)come.v);
    }
    return err;
}

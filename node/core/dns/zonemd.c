/* SPDX-License-Identifier: GPL-3.0-or-later
 * The digest of a zone's content. */
#include "node/core/dns/zonemd.h"

#include "node/core/dns/bytes.h"
#include "node/core/dns/wire.h"

#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

/* ---- hashing ---- */

struct hash {
    unsigned algorithm;
    struct sha512_ctx ctx; /* SHA-384 is SHA-512 with another beginning and end */
};

size_t sw_zonemd_len(unsigned hash)
{
    return hash == SW_ZONEMD_SHA384   ? SHA384_DIGEST_SIZE
           : hash == SW_ZONEMD_SHA512 ? SHA512_DIGEST_SIZE
                                      : 0;
}

static void hash_record(struct hash *h, const struct sw_record *rr)
{
    uint8_t fixed[10];
    sw_put_be16(fixed, rr->type);
    sw_put_be16(fixed + 2, SW_DNS_CLASS_IN);
    sw_put_be32(fixed + 4, rr->ttl);
    sw_put_be16(fixed + 8, rr->data_len);
    sha512_update(&h->ctx, sw_dname_len(rr->owner), rr->owner);
    sha512_update(&h->ctx, sizeof fixed, fixed);
    sha512_update(&h->ctx, rr->data_len, rr->data);
}

/* ---- the canonical form of data (RFC 4034, 6.2 (3); RFC 6840, 5.1) ---- */

/* The names in the data of a type: how many bytes come first, how many names follow. */
static const struct {
    uint16_t type;
    uint8_t before, names;
} named[] = {
    { SW_TYPE_NS, 0, 1 },     { 3 /* MD */, 0, 1 },   { 4 /* MF */, 0, 1 },
    { SW_TYPE_CNAME, 0, 1 },  { SW_TYPE_SOA, 0, 2 },  { 7 /* MB */, 0, 1 },
    { 8 /* MG */, 0, 1 },     { 9 /* MR */, 0, 1 },   { SW_TYPE_PTR, 0, 1 },
    { 14 /* MINFO */, 0, 2 }, { SW_TYPE_MX, 2, 1 },   { 17 /* RP */, 0, 2 },
    { 18 /* AFSDB */, 2, 1 }, { 21 /* RT */, 2, 1 },  { 24 /* SIG */, 18, 1 },
    { 26 /* PX */, 2, 2 },    { 30 /* NXT */, 0, 1 }, { SW_TYPE_SRV, 6, 1 },
    { 35 /* NAPTR */, 4, 1 }, { 36 /* KX */, 2, 1 },  { SW_TYPE_DNAME, 0, 1 },
    { SW_TYPE_RRSIG, 18, 1 },
};

/* Where the names in NAPTR's data begin: behind three character strings (RFC 3403, 4.1). */
static size_t behind_strings(const uint8_t *data, size_t len, size_t at)
{
    for (unsigned i = 0; i < 3 && at < len; i++) {
        at += 1U + data[at];
    }
    return at;
}

static const struct sw_record *lower_names(struct sw_arena *arena, const struct sw_record *rr,
                                           size_t at, unsigned names)
{
    uint8_t *data = sw_arena_copy(arena, rr->data, rr->data_len);
    struct sw_record *out = sw_arena_copy(arena, rr, sizeof *rr);
    if (data == NULL || out == NULL) {
        return NULL;
    }
    for (; names > 0 && at < rr->data_len; names--) {
        const size_t len = sw_dname_check(data + at, rr->data_len - at);
        sw_dname_lower(data + at, len);
        at += len;
    }
    out->data = data;
    return out;
}

/* @rr, or a copy in canonical form; NULL when memory is out. */
static const struct sw_record *canonical(struct sw_arena *arena, const struct sw_record *rr)
{
    for (size_t i = 0; i < SW_LEN(named); i++) {
        if (named[i].type == rr->type) {
            const size_t at =
                rr->type == 35 ? behind_strings(rr->data, rr->data_len, 4) : named[i].before;
            return lower_names(arena, rr, at, named[i].names);
        }
    }
    return rr;
}

static int by_record(const void *a, const void *b)
{
    const struct sw_record *const *x = a;
    const struct sw_record *const *y = b;
    const int order = sw_record_compare(*x, *y);
    return order != 0 ? order : ((*x)->ttl > (*y)->ttl) - ((*x)->ttl < (*y)->ttl);
}

/* ---- what is digested ---- */

static bool left_out(const struct sw_records *r, const struct sw_record *rr)
{
    const bool digest = rr->type == SW_TYPE_ZONEMD;
    const bool signature =
        rr->type == SW_TYPE_RRSIG && rr->data_len >= 2 && sw_be16(rr->data) == SW_TYPE_ZONEMD;
    return (digest || signature) && sw_dname_compare(rr->owner, r->origin) == 0;
}

/* Records [first, end) have one owner and type: digest them in canonical order (RFC 4034, 6.3),
 * those that are alike once. */
static int hash_rrset(struct hash *h, const struct sw_records *r, size_t first, size_t end,
                      struct sw_arena *arena)
{
    const struct sw_record **v = sw_arena_alloc(arena, (end - first) * sizeof *v);
    size_t n = 0;
    if (v == NULL) {
        return SW_ERR_NOMEM;
    }
    for (size_t i = first; i < end; i++) {
        if (left_out(r, r->v[i])) {
            continue;
        }
        v[n] = canonical(arena, r->v[i]);
        if (v[n++] == NULL) {
            return SW_ERR_NOMEM;
        }
    }
    if (n > 1 && v[0] != r->v[first]) { /* names became lower case: another order, perhaps */
        qsort((void *)v, n, sizeof *v, by_record);
    }
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || sw_record_compare(v[i - 1], v[i]) != 0) {
            hash_record(h, v[i]);
        }
    }
    return SW_OK;
}

static bool same_rrset(const struct sw_record *a, const struct sw_record *b)
{
    return a->type == b->type &&
           (a->owner == b->owner || sw_dname_compare(a->owner, b->owner) == 0);
}

int sw_zonemd_digest(const struct sw_records *r, unsigned hash, uint8_t out[SW_ZONEMD_MAX])
{
    struct hash h = { .algorithm = hash };
    struct sw_arena arena = { 0 };
    int err = sw_zonemd_len(hash) != 0 ? SW_OK : SW_ERR_UNSUPPORTED;
    if (hash == SW_ZONEMD_SHA384) {
        sha384_init(&h.ctx);
    } else {
        sha512_init(&h.ctx);
    }
    for (size_t i = 0; i < r->n && err == SW_OK;) {
        size_t end = i + 1;
        while (end < r->n && same_rrset(r->v[i], r->v[end])) {
            end++;
        }
        err = hash_rrset(&h, r, i, end, &arena);
        sw_arena_reset(&arena);
        i = end;
    }
    sw_arena_fini(&arena);
    if (err == SW_OK && hash == SW_ZONEMD_SHA384) {
        sha384_digest(&h.ctx, SHA384_DIGEST_SIZE, out);
    } else if (err == SW_OK) {
        sha512_digest(&h.ctx, SHA512_DIGEST_SIZE, out);
    }
    return err;
}

/* ---- what a zone says of itself ---- */

int sw_zonemd_verify(const struct sw_records *r, struct sw_diag *d)
{
    uint32_t serial = 0;
    bool some = false;
    (void)sw_records_serial(r, &serial);
    for (size_t i = 0; i < r->n && sw_dname_compare(r->v[i]->owner, r->origin) == 0; i++) {
        const struct sw_record *rr = r->v[i];
        uint8_t digest[SW_ZONEMD_MAX];
        if (rr->type != SW_TYPE_ZONEMD || rr->data_len < 6 || rr->data[4] != SW_ZONEMD_SIMPLE ||
            rr->data_len != 6 + sw_zonemd_len(rr->data[5])) {
            continue; /* another scheme, algorithm or length: ignored (RFC 8976, 4, 4.b-d) */
        }
        some = true;
        const int err = sw_zonemd_digest(r, rr->data[5], digest);
        if (err == SW_ERR_NOMEM) {
            return sw_diag_set(d, err, "out of memory");
        }
        if (sw_be32(rr->data) == serial && memcmp(digest, rr->data + 6, rr->data_len - 6U) == 0) {
            return SW_OK; /* one that is right is enough (4, 4.f) */
        }
    }
    return some ? sw_diag_set(d, SW_ERR_CRYPTO, "its ZONEMD is not the digest of its content")
                : SW_OK;
}

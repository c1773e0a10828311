/* SPDX-License-Identifier: GPL-3.0-or-later
 * The zone compiler: which names there are, and what a zone must not say. */
#include <stdlib.h>

#include "node/base/bug.h"
#include "node/core/dns/build.h"
#include "node/core/dns/image.h"
#include "node/core/dns/wire.h"

static int no_memory(const struct sw_build *b)
{
    return sw_diag_set(b->diag, SW_ERR_NOMEM, "out of memory");
}

static int refuse(const struct sw_build *b, const struct sw_record *rr, const char *why)
{
    char owner[SW_DNAME_TEXT_MAX];
    sw_dname_to_text(rr->owner, owner);
    return sw_diag_set(b->diag, SW_ERR_MALFORMED, "line %u: %.120s: %s", rr->line, owner, why);
}

/* ---- names ---- */

static uint32_t add_name(struct sw_build *b, const uint8_t *wire, uint32_t parent)
{
    if (b->n_names == b->cap) {
        const size_t cap = b->cap == 0 ? 256 : 2 * b->cap;
        struct sw_build_name *names =
            cap >= SW_BUILD_NONE ? NULL : realloc(b->names, cap * sizeof *names);
        if (names == NULL) {
            return SW_BUILD_NONE;
        }
        b->names = names;
        b->cap = cap;
    }
    b->names[b->n_names] = (struct sw_build_name){
        .wire = wire, .parent = parent, .cut = SW_BUILD_NONE, .wild = SW_BUILD_NONE
    };
    return (uint32_t)b->n_names++;
}

static const uint8_t *drop_labels(const uint8_t *name, unsigned n)
{
    for (; n > 0; n--) {
        name += 1 + *name;
    }
    return name;
}

static bool same_name(const uint8_t *a, const uint8_t *b)
{
    return sw_dname_compare(a, b) == 0;
}

/* List the owners and the names between them and the apex.  @path holds the name at each depth
 * below the apex on the way to the last one. */
static int list_names(struct sw_build *b)
{
    const unsigned apex_labels = sw_dname_labels(b->records.origin);
    uint32_t path[SW_LABELS_MAX + 1] = { 0 };
    path[0] = add_name(b, b->records.origin, SW_BUILD_NONE);
    unsigned depth = 0;
    for (size_t i = 0; i < b->records.n && path[0] != SW_BUILD_NONE; i++) {
        const uint8_t *owner = b->records.v[i]->owner;
        const unsigned below = sw_dname_labels(owner) - apex_labels;
        while (depth > below ||
               !same_name(b->names[path[depth]].wire, drop_labels(owner, below - depth))) {
            depth--; /* ends at the apex: every owner is in the zone */
        }
        while (depth < below) {
            depth++;
            path[depth] = add_name(b, drop_labels(owner, below - depth), path[depth - 1]);
            if (path[depth] == SW_BUILD_NONE) {
                return no_memory(b);
            }
        }
        struct sw_build_name *name = &b->names[path[depth]];
        name->first = name->end == 0 ? i : name->first;
        name->end = i + 1;
    }
    return path[0] == SW_BUILD_NONE ? no_memory(b) : SW_OK;
}

bool sw_build_has(const struct sw_build *b, const struct sw_build_name *name, unsigned type)
{
    for (size_t i = name->first; i < name->end; i++) {
        if (b->records.v[i]->type == type) {
            return true;
        }
    }
    return false;
}

/* ---- what a zone must not say ---- */

/* Where the name begins in the data of @type that a client will look up next; -1: nowhere. */
int sw_build_target_at(unsigned type)
{
    switch (type) {
    case SW_TYPE_NS:
        return 0;
    case SW_TYPE_MX:
        return 2;
    case SW_TYPE_SRV:
        return 6;
    default:
        return -1;
    }
}

static bool is_one_name(const uint8_t *data, size_t len)
{
    return len > 0 && sw_dname_check(data, len) == len;
}

/* The scanner checks presentation forms, but lets \# bytes through as they are (RFC 3597, 5). */
static bool data_is_sound(const struct sw_record *rr)
{
    const size_t len = rr->data_len;
    switch (rr->type) {
    case SW_TYPE_A:
        return len == 4;
    case SW_TYPE_AAAA:
        return len == 16;
    case SW_TYPE_CNAME:
    case SW_TYPE_PTR:
        return is_one_name(rr->data, len);
    case SW_TYPE_SOA: {
        const size_t mname = sw_dname_check(rr->data, len);
        return mname != 0 && len > mname + 20 && is_one_name(rr->data + mname, len - mname - 20);
    }
    default: {
        const int at = sw_build_target_at(rr->type);
        return at < 0 || ((size_t)at < len && is_one_name(rr->data + at, len - (size_t)at));
    }
    }
}

static bool is_meta(unsigned type)
{
    return type == 0 || type == SW_TYPE_OPT || (type >= 128 && type <= 255);
}

static bool may_stand_beside_cname(unsigned type)
{
    return type == SW_TYPE_CNAME || type == SW_TYPE_RRSIG || type == SW_TYPE_NSEC ||
           type == SW_TYPE_KEY; /* RFC 4034, 3 and 4; RFC 3007, 4.3 */
}

static int check_record(const struct sw_build *b, const struct sw_build_name *name,
                        const struct sw_record *rr)
{
    const bool apex = name->parent == SW_BUILD_NONE;
    if (!data_is_sound(rr)) {
        return refuse(b, rr, "malformed data");
    }
    if (is_meta(rr->type)) {
        return refuse(b, rr, "a type that is not for data (RFC 6895, 3.1)");
    }
    if (rr->type == SW_TYPE_DNAME) {
        return refuse(b, rr, "DNAME is not supported");
    }
    if (rr->type == SW_TYPE_SOA && !apex) {
        return refuse(b, rr, "SOA below the zone's apex");
    }
    if (rr->type == SW_TYPE_NS && rr->owner[0] == 1 && rr->owner[1] == '*') {
        return refuse(b, rr, "NS at a wildcard has no meaning (RFC 4592, 4.2)");
    }
    return SW_OK;
}

static int check_name(const struct sw_build *b, struct sw_build_name *name)
{
    const bool alias = sw_build_has(b, name, SW_TYPE_CNAME);
    for (size_t i = name->first; i < name->end;) {
        const struct sw_build_rrset set = sw_build_rrset(b, i, name->end);
        size_t bytes = 0;
        for (size_t k = 0; k < set.n; k++) {
            const int err = check_record(b, name, set.v[k]);
            if (err != SW_OK) {
                return err;
            }
            bytes += SW_IMAGE_RECORD + set.v[k]->data_len;
        }
        const struct sw_record *last = set.v[set.n - 1];
        if (alias && !may_stand_beside_cname(last->type)) {
            return refuse(b, last, "other data beside a CNAME (RFC 2181, 10.1)");
        }
        if (set.n > 1 && (last->type == SW_TYPE_CNAME || last->type == SW_TYPE_SOA)) {
            return refuse(b, last, "more than one record of this type");
        }
        if (bytes > SW_RRSET_MAX || set.n > UINT16_MAX) {
            return refuse(b, last, "the RRset does not fit a message");
        }
        name->rrsets++;
        i += set.n;
    }
    return SW_OK;
}

/* Check all, and find out which name leads to which. */
static int check_names(struct sw_build *b)
{
    SW_ASSERT(b->names != NULL); /* the apex at least */
    const struct sw_build_name *apex = &b->names[0];
    if (!sw_build_has(b, apex, SW_TYPE_SOA) || !sw_build_has(b, apex, SW_TYPE_NS)) {
        return sw_diag_set(b->diag, SW_ERR_MALFORMED, "no %s at the zone's apex",
                           sw_build_has(b, apex, SW_TYPE_SOA) ? "NS" : "SOA");
    }
    for (uint32_t i = 0; i < b->n_names; i++) {
        struct sw_build_name *name = &b->names[i];
        const int err = check_name(b, name);
        if (err != SW_OK) {
            return err;
        }
        b->n_rrsets += name->rrsets;
        if (i == 0) {
            continue;
        }
        struct sw_build_name *parent = &b->names[name->parent];
        name->cut =
            parent->cut == SW_BUILD_NONE && sw_build_has(b, name, SW_TYPE_NS) ? i : parent->cut;
        if (name->wire[0] == 1 && name->wire[1] == '*') {
            parent->wild = i;
        }
    }
    return SW_OK;
}

int sw_zone_compile_records(struct sw_records *records, struct sw_blob *image, struct sw_diag *d)
{
    struct sw_build b = { .records = *records, .diag = d };
    *records = (struct sw_records){ 0 };
    int err = list_names(&b);
    if (err == SW_OK) {
        err = check_names(&b);
    }
    if (err == SW_OK) {
        err = sw_build_image(&b, image);
    }
    free(b.slots);
    free(b.names);
    sw_records_fini(&b.records);
    return err;
}

int sw_zone_compile(const char *origin, struct sw_bytes text, struct sw_blob *image,
                    struct sw_diag *d)
{
    struct sw_records records = { 0 };
    const int err = sw_records_read(&records, origin, text, d);
    if (err != SW_OK) {
        sw_records_fini(&records);
        return err;
    }
    return sw_zone_compile_records(&records, image, d);
}

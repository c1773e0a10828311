/* SPDX-License-Identifier: GPL-3.0-or-later
 * From checked names to the image of a zone (node/core/dns/image.h). */
#include <stdlib.h>

#include "node/core/dns/build.h"
#include "node/core/dns/image.h"
#include "node/core/dns/wire.h"

#define SEEDS 64U    /* tried before the table is doubled */
#define MORE_MAX 64U /* hints beside one RRset */

static int no_memory(const struct sw_build *b)
{
    return sw_diag_set(b->diag, SW_ERR_NOMEM, "out of memory");
}

/* ---- the table ---- */

static uint64_t hash_name(const struct sw_build *b, const struct sw_qname *q)
{
    uint64_t h = sw_image_hash(b->seed);
    for (unsigned i = q->labels - sw_dname_labels(b->records.origin); i > 0; i--) {
        h = sw_image_hash_label(h, q->name + q->at[i - 1]);
    }
    return h;
}

/* Put every name into an empty table of the present size; false when a probe got too long. */
static bool fill_slots(struct sw_build *b)
{
    for (uint32_t i = 0; i < b->n_names; i++) {
        struct sw_qname q;
        (void)sw_qname_set(&q, b->names[i].wire, sw_dname_len(b->names[i].wire));
        uint32_t at = (uint32_t)(hash_name(b, &q) >> 32) & b->mask;
        unsigned probe = 1;
        for (; b->slots[at] != 0; probe++) {
            at = (at + 1) & b->mask;
        }
        if (probe > SW_IMAGE_PROBES) {
            return false;
        }
        b->slots[at] = i + 1;
    }
    return true;
}

/* At most half full, and no name farther from its place than a look-up goes. */
static int make_slots(struct sw_build *b)
{
    uint64_t slots = 2;
    while (slots < 2 * (uint64_t)b->n_names) {
        slots *= 2;
    }
    for (; slots <= UINT32_MAX / SW_IMAGE_SLOT; slots *= 2) {
        b->mask = (uint32_t)slots - 1;
        for (b->seed = 0; b->seed < SEEDS; b->seed++) {
            free(b->slots);
            b->slots = calloc(slots, sizeof *b->slots);
            if (b->slots == NULL) {
                return no_memory(b);
            }
            if (fill_slots(b)) {
                return SW_OK;
            }
        }
    }
    return sw_diag_set(b->diag, SW_ERR_RANGE, "too many names");
}

/* The name at the start of @wire (of @len bytes), if the zone has it, else SW_BUILD_NONE. */
static uint32_t find_name(const struct sw_build *b, const uint8_t *wire, size_t len)
{
    struct sw_qname q;
    if (sw_qname_set(&q, wire, len) == 0 || !sw_dname_under(q.name, b->records.origin)) {
        return SW_BUILD_NONE;
    }
    uint32_t at = (uint32_t)(hash_name(b, &q) >> 32) & b->mask;
    for (; b->slots[at] != 0; at = (at + 1) & b->mask) {
        if (sw_dname_compare(b->names[b->slots[at] - 1].wire, q.name) == 0) {
            return b->slots[at] - 1;
        }
    }
    return SW_BUILD_NONE;
}

/* ---- the image ---- */

/* The name whose addresses go with @rr, or SW_BUILD_NONE.  What lies below a delegation is not ours
 * to tell, except to find the way there. */
static uint32_t more_of(const struct sw_build *b, const struct sw_record *rr)
{
    const int at = sw_build_target_at(rr->type);
    if (at < 0) {
        return SW_BUILD_NONE;
    }
    const uint32_t i = find_name(b, rr->data + at, rr->data_len - (size_t)at);
    if (i == SW_BUILD_NONE || (b->names[i].cut != SW_BUILD_NONE && rr->type != SW_TYPE_NS) ||
        (!sw_build_has(b, &b->names[i], SW_TYPE_A) &&
         !sw_build_has(b, &b->names[i], SW_TYPE_AAAA))) {
        return SW_BUILD_NONE;
    }
    return i;
}

static bool is_among(uint32_t name, const uint32_t *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (names[i] == name) {
            return true;
        }
    }
    return false;
}

/* Write the hints that go with @set to @more, or only count when that is NULL; how many. */
static unsigned put_more(const struct sw_build *b, struct sw_build_rrset set, uint8_t *more)
{
    uint32_t known[MORE_MAX];
    unsigned n = 0;
    size_t record_at = 0;
    for (size_t i = 0; i < set.n && n < MORE_MAX; i++) {
        const struct sw_record *rr = set.v[i];
        const uint32_t name = more_of(b, rr);
        if (name != SW_BUILD_NONE && !is_among(name, known, n)) {
            if (more != NULL) {
                const size_t name_at =
                    record_at + SW_IMAGE_RECORD + (size_t)sw_build_target_at(rr->type);
                sw_put_le16(more + (size_t)SW_IMAGE_MORE * n, (unsigned)name_at);
                sw_put_le32(more + (size_t)SW_IMAGE_MORE * n + 4, b->names[name].at);
            }
            known[n++] = name;
        }
        record_at += SW_IMAGE_RECORD + rr->data_len;
    }
    return n;
}

/* One TTL for all (RFC 2181, 5.2): the least.  Signatures keep theirs. */
static uint32_t least_ttl(struct sw_build_rrset set)
{
    uint32_t ttl = set.v[0]->ttl;
    for (size_t i = 1; i < set.n; i++) {
        ttl = set.v[i]->ttl < ttl ? set.v[i]->ttl : ttl;
    }
    return ttl;
}

/* Write the records of @set as they leave; bytes. */
static size_t put_records(struct sw_build_rrset set, uint8_t *out)
{
    uint8_t *p = out;
    const uint32_t ttl = least_ttl(set);
    for (size_t i = 0; i < set.n; i++) {
        const struct sw_record *rr = set.v[i];
        sw_put_be16(p, 0xC00C);
        sw_put_be16(p + 2, rr->type);
        sw_put_be16(p + 4, SW_DNS_CLASS_IN);
        sw_put_be32(p + 6, rr->type == SW_TYPE_RRSIG ? rr->ttl : ttl);
        sw_put_be16(p + 10, rr->data_len);
        memcpy(p + SW_IMAGE_RECORD, rr->data, rr->data_len);
        p += SW_IMAGE_RECORD + rr->data_len;
    }
    return (size_t)(p - out);
}

static size_t size_of(struct sw_build_rrset set)
{
    size_t size = 0;
    for (size_t i = 0; i < set.n; i++) {
        size += SW_IMAGE_RECORD + set.v[i]->data_len;
    }
    return size;
}

static uint32_t offset_of(const struct sw_build *b, uint32_t name)
{
    return name == SW_BUILD_NONE ? 0 : b->names[name].at;
}

static size_t node_size(const struct sw_build *b, const struct sw_build_name *name)
{
    size_t size = SW_IMAGE_NODE + (size_t)SW_IMAGE_RRSET * name->rrsets + sw_dname_len(name->wire);
    for (size_t i = name->first; i < name->end;) {
        const struct sw_build_rrset set = sw_build_rrset(b, i, name->end);
        size += size_of(set) + (size_t)SW_IMAGE_MORE * put_more(b, set, NULL);
        i += set.n;
    }
    return (size + 3) & ~(size_t)3;
}

static void put_node(const struct sw_build *b, const struct sw_build_name *name, uint8_t *node)
{
    const size_t name_len = sw_dname_len(name->wire);
    const size_t name_at = SW_IMAGE_NODE + (size_t)SW_IMAGE_RRSET * name->rrsets;
    sw_put_le32(node, (uint32_t)node_size(b, name));
    sw_put_le32(node + 4, offset_of(b, name->cut));
    sw_put_le32(node + 8, offset_of(b, name->wild));
    sw_put_le16(node + 12, name->rrsets);
    sw_put_le16(node + 14, (unsigned)name_len);
    memcpy(node + name_at, name->wire, name_len);
    uint8_t *entry = node + SW_IMAGE_NODE;
    size_t to = name_at + name_len;
    for (size_t i = name->first; i < name->end; entry += SW_IMAGE_RRSET) {
        const struct sw_build_rrset set = sw_build_rrset(b, i, name->end);
        const size_t len = put_records(set, node + to);
        const unsigned more = put_more(b, set, node + to + len);
        sw_put_le16(entry, set.v[0]->type);
        sw_put_le16(entry + 2, (unsigned)set.n);
        sw_put_le32(entry + 4, (uint32_t)to);
        sw_put_le16(entry + 8, (unsigned)len);
        sw_put_le16(entry + 10, more);
        sw_put_le32(entry + 12, (uint32_t)(to + len));
        to += len + (size_t)SW_IMAGE_MORE * more;
        i += set.n;
    }
}

static void put_header(const struct sw_build *b, uint8_t *image, size_t size)
{
    sw_put_le32(image, (uint32_t)SW_IMAGE_MAGIC);
    sw_put_le32(image + 4, (uint32_t)(SW_IMAGE_MAGIC >> 32));
    sw_put_le32(image + 8, (uint32_t)size);
    sw_put_le32(image + 12, b->seed);
    sw_put_le32(image + 16, b->mask + 1);
    sw_put_le32(image + 20, (uint32_t)b->n_names);
    sw_put_le32(image + 24, (uint32_t)b->n_rrsets);
    for (uint32_t i = 0; i <= b->mask; i++) {
        if (b->slots[i] != 0) {
            const struct sw_build_name *name = &b->names[b->slots[i] - 1];
            struct sw_qname q;
            (void)sw_qname_set(&q, name->wire, sw_dname_len(name->wire));
            uint8_t *slot = image + SW_IMAGE_HEADER + (size_t)SW_IMAGE_SLOT * i;
            sw_put_le32(slot, (uint32_t)hash_name(b, &q));
            sw_put_le32(slot + 4, name->at);
        }
    }
}

int sw_build_image(struct sw_build *b, struct sw_blob *image)
{
    const int err = make_slots(b);
    if (err != SW_OK) {
        return err;
    }
    uint64_t size = SW_IMAGE_HEADER + (uint64_t)SW_IMAGE_SLOT * (b->mask + UINT64_C(1));
    for (uint32_t i = 0; i < b->n_names; i++) {
        b->names[i].at = (uint32_t)size;
        size += node_size(b, &b->names[i]);
        if (size > UINT32_MAX) {
            return sw_diag_set(b->diag, SW_ERR_RANGE, "the zone is larger than 4 GiB");
        }
    }
    if (sw_blob_reserve(image, size) != SW_OK) {
        return no_memory(b);
    }
    memset(image->data, 0, size);
    image->len = size;
    put_header(b, image->data, size);
    for (uint32_t i = 0; i < b->n_names; i++) {
        put_node(b, &b->names[i], image->data + b->names[i].at);
    }
    return SW_OK;
}

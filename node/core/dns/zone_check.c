/* SPDX-License-Identifier: GPL-3.0-or-later
 * Is this block of bytes a zone?  It may come from a peer, so nothing in it is believed: every
 * offset is in bounds and leads to what it should, every name that the zone implies is there.
 * What passes can be answered from without a further look. */
#include <stdlib.h>

#include "node/core/dns/image.h"
#include "node/core/dns/wire.h"

/* A walk over the nodes, in order. */
struct walk {
    const uint8_t *image;
    uint32_t at; /* the next node */
    uint32_t end;
};

static const uint8_t *next_node(struct walk *w)
{
    if (w->at == w->end) {
        return NULL;
    }
    const uint8_t *node = w->image + w->at;
    w->at += sw_zn_size(node);
    return node;
}

static uint32_t nodes_at(const struct sw_zone *z)
{
    return SW_IMAGE_HEADER + SW_IMAGE_SLOT * (z->mask + 1);
}

static struct walk walk_nodes(const struct sw_zone *z)
{
    return (struct walk){ z->image.data, nodes_at(z), (uint32_t)z->image.len };
}

static bool check_header(struct sw_zone *z)
{
    const uint8_t *h = z->image.data;
    const size_t len = z->image.len;
    if (len < SW_IMAGE_HEADER || len > UINT32_MAX || sw_le64(h) != SW_IMAGE_MAGIC ||
        sw_le32(h + 8) != len || sw_le32(h + 28) != 0) {
        return false;
    }
    z->seed = sw_le32(h + 12);
    const uint32_t slots = sw_le32(h + 16);
    if (slots < 2 || (slots & (slots - 1)) != 0 ||
        slots > (len - SW_IMAGE_HEADER) / SW_IMAGE_SLOT) {
        return false;
    }
    z->mask = slots - 1;
    z->apex = h + nodes_at(z);
    return true;
}

/* Does @data hold what the code that answers reads from it? */
static bool check_data(unsigned type, const uint8_t *data, size_t len)
{
    if (type == SW_TYPE_CNAME) {
        return sw_dname_check(data, len) == len && len > 0;
    }
    if (type == SW_TYPE_SOA) {
        const size_t mname = sw_dname_check(data, len);
        const size_t rname = mname == 0 ? 0 : sw_dname_check(data + mname, len - mname);
        return rname != 0 && len == mname + rname + 20;
    }
    return true;
}

static bool check_rrset(const uint8_t *node, const uint8_t *entry)
{
    const uint32_t size = sw_zn_size(node);
    const unsigned type = sw_rs_type(entry);
    const unsigned len = sw_rs_len(entry);
    const uint8_t *image = node + sw_rs_at(entry);
    if (sw_rs_at(entry) > size || len > size - sw_rs_at(entry) || len > SW_RRSET_MAX ||
        sw_rs_more_at(entry) > size ||
        sw_rs_more(entry) > (size - sw_rs_more_at(entry)) / SW_IMAGE_MORE) {
        return false;
    }
    const unsigned count = sw_rs_count(entry);
    if (count == 0 || (count > 1 && (type == SW_TYPE_CNAME || type == SW_TYPE_SOA))) {
        return false;
    }
    unsigned at = 0;
    for (unsigned i = 0; i < count; i++) {
        const uint8_t *rr = image + at;
        if (len - at < SW_IMAGE_RECORD || sw_be16(rr) != 0xC00C || sw_be16(rr + 2) != type ||
            sw_be16(rr + 4) != SW_DNS_CLASS_IN || (rr[6] & 0x80U) != 0 ||
            len - at - SW_IMAGE_RECORD < sw_be16(rr + 10) ||
            !check_data(type, rr + SW_IMAGE_RECORD, sw_be16(rr + 10))) {
            return false;
        }
        at += SW_IMAGE_RECORD + sw_be16(rr + 10);
    }
    return at == len;
}

/* Its own extent, alone.  @left: bytes of the image from the node on. */
static bool check_node(const uint8_t *node, size_t left)
{
    if (left < SW_IMAGE_NODE || sw_zn_size(node) > left || sw_zn_size(node) % 4 != 0) {
        return false;
    }
    const size_t name_at = SW_IMAGE_NODE + (size_t)SW_IMAGE_RRSET * sw_zn_rrsets(node);
    const size_t name_len = sw_zn_name_len(node);
    if (name_at + name_len > sw_zn_size(node) || name_len == 0 ||
        sw_dname_check(node + name_at, name_len) != name_len) {
        return false;
    }
    for (size_t i = 0; i < name_len; i++) {
        if (node[name_at + i] >= 'A' && node[name_at + i] <= 'Z') {
            return false;
        }
    }
    for (unsigned i = 0; i < sw_zn_rrsets(node); i++) {
        const uint8_t *entry = sw_zn_rrset(node, i);
        if (!check_rrset(node, entry) ||
            (i > 0 && sw_rs_type(entry) <= sw_rs_type(entry - SW_IMAGE_RRSET))) {
            return false;
        }
    }
    return true;
}

/* The whole length is nodes, in canonical order and as many as the header says. */
static bool check_nodes(const struct sw_zone *z)
{
    const uint8_t *image = z->image.data;
    const uint8_t *before = NULL;
    size_t at = nodes_at(z);
    uint64_t nodes = 0;
    uint64_t rrsets = 0;
    while (at < z->image.len) {
        const uint8_t *node = image + at;
        if (!check_node(node, z->image.len - at) ||
            (before != NULL && sw_dname_compare(sw_zn_name(before), sw_zn_name(node)) >= 0)) {
            return false;
        }
        before = node;
        nodes++;
        rrsets += sw_zn_rrsets(node);
        at += sw_zn_size(node);
    }
    return nodes > 0 && nodes == sw_le32(image + 20) && rrsets == sw_le32(image + 24);
}

static bool check_apex(struct sw_zone *z)
{
    z->name_len = (uint8_t)sw_zn_name_len(z->apex);
    z->labels = (uint8_t)sw_dname_labels(sw_zn_name(z->apex));
    z->soa = sw_zn_find(z->apex, SW_TYPE_SOA);
    if (z->soa == NULL || sw_zn_find(z->apex, SW_TYPE_NS) == NULL || sw_zn_cut(z->apex) != 0) {
        return false;
    }
    const uint8_t *rr = z->apex + sw_rs_at(z->soa);
    const uint32_t ttl = sw_be32(rr + 6);
    const uint32_t minimum = sw_be32(rr + sw_rs_len(z->soa) - 4);
    z->negative_ttl = ttl < minimum ? ttl : minimum;
    return true;
}

/* The hash of what @name has from label @from on. */
static uint64_t hash_from(const struct sw_zone *z, const struct sw_qname *name, unsigned from)
{
    uint64_t h = sw_image_hash(z->seed);
    for (unsigned i = (unsigned)name->labels - z->labels; i > from; i--) {
        h = sw_image_hash_label(h, name->name + name->at[i - 1]);
    }
    return h;
}

/* Is the node at @node_at in the slots where a look-up finds it?  No node is read. */
static bool is_findable(const struct sw_zone *z, uint64_t hash, uint32_t node_at)
{
    uint32_t i = (uint32_t)(hash >> 32) & z->mask;
    for (unsigned probe = 0; probe < SW_IMAGE_PROBES; probe++, i = (i + 1) & z->mask) {
        const uint8_t *slot = z->image.data + SW_IMAGE_HEADER + (size_t)SW_IMAGE_SLOT * i;
        if (sw_le32(slot + 4) == node_at) {
            return sw_le32(slot) == (uint32_t)hash;
        }
        if (sw_le32(slot + 4) == 0) {
            return false;
        }
    }
    return false;
}

/* Every node is in a slot, and no slot holds anything else: then slots can be trusted. */
static bool check_slots(const struct sw_zone *z)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i <= z->mask; i++) {
        const uint8_t *slot = z->image.data + SW_IMAGE_HEADER + (size_t)SW_IMAGE_SLOT * i;
        used += sw_le32(slot + 4) != 0;
        if (sw_le32(slot + 4) == 0 && sw_le32(slot) != 0) {
            return false;
        }
    }
    if (used != sw_le32(z->image.data + 20)) {
        return false;
    }
    struct walk w = walk_nodes(z);
    for (const uint8_t *node; (node = next_node(&w)) != NULL;) {
        struct sw_qname name;
        (void)sw_qname_set(&name, sw_zn_name(node), sw_zn_name_len(node));
        if (!sw_zone_covers(z, &name) ||
            !is_findable(z, hash_from(z, &name, 0), (uint32_t)(node - z->image.data))) {
            return false;
        }
    }
    return true;
}

static bool is_wildcard(const uint8_t *name)
{
    return name[0] == 1 && name[1] == '*';
}

/* Does every hint lead to the node of the name that it is beside? */
static bool check_more(const struct sw_zone *z, const uint8_t *node, const uint8_t *entry)
{
    const uint8_t *image = node + sw_rs_at(entry);
    const uint8_t *more = node + sw_rs_more_at(entry);
    for (unsigned i = 0; i < sw_rs_more(entry); i++, more += SW_IMAGE_MORE) {
        const unsigned name_at = sw_le16(more);
        struct sw_qname name;
        if (name_at >= sw_rs_len(entry) ||
            sw_qname_set(&name, image + name_at, sw_rs_len(entry) - name_at) == 0 ||
            !sw_zone_covers(z, &name)) {
            return false;
        }
        const uint8_t *target = sw_image_find(z, hash_from(z, &name, 0), &name, 0);
        if (target == NULL || (uint32_t)(target - z->image.data) != sw_le32(more + 4)) {
            return false;
        }
    }
    return true;
}

/* What a node says of others.  @wilds counts the children "*" that their parents know. */
static bool check_links(const struct sw_zone *z, const uint8_t *node, int64_t *wilds)
{
    const uint32_t self = (uint32_t)(node - z->image.data);
    *wilds -= sw_zn_wild(node) != 0;
    for (unsigned i = 0; i < sw_zn_rrsets(node); i++) {
        if (!check_more(z, node, sw_zn_rrset(node, i))) {
            return false;
        }
    }
    if (node == z->apex) {
        return true;
    }
    struct sw_qname name;
    (void)sw_qname_set(&name, sw_zn_name(node), sw_zn_name_len(node));
    const uint8_t *parent = sw_image_find(z, hash_from(z, &name, 1), &name, 1);
    if (parent == NULL || sw_zn_find(node, SW_TYPE_SOA) != NULL) {
        return false;
    }
    const bool delegates = sw_zn_find(node, SW_TYPE_NS) != NULL;
    const uint32_t cut = sw_zn_cut(parent) != 0 ? sw_zn_cut(parent) : delegates ? self : 0;
    if (is_wildcard(name.name)) {
        if (sw_zn_wild(parent) != self || delegates) {
            return false;
        }
        (*wilds)++;
    }
    return sw_zn_cut(node) == cut;
}

static bool check(struct sw_zone *z)
{
    if (!check_header(z) || !check_nodes(z) || !check_apex(z) || !check_slots(z)) {
        return false;
    }
    int64_t wilds = 0;
    struct walk w = walk_nodes(z);
    for (const uint8_t *node; (node = next_node(&w)) != NULL;) {
        if (!check_links(z, node, &wilds)) {
            return false;
        }
    }
    return wilds == 0;
}

int sw_zone_new(struct sw_blob *bytes, struct sw_zone **out)
{
    struct sw_zone *z = calloc(1, sizeof *z);
    if (z == NULL) {
        return SW_ERR_NOMEM;
    }
    z->image = *bytes;
    if (!check(z)) {
        free(z);
        return SW_ERR_MALFORMED;
    }
    *bytes = (struct sw_blob){ 0 };
    *out = z;
    return SW_OK;
}

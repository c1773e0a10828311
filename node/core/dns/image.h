/* SPDX-License-Identifier: GPL-3.0-or-later
 * How a compiled zone lies in its block of bytes.  Numbers are little-endian, offsets count from
 * the block's start unless said otherwise.
 *
 *   header   8 "SWZONE1\n", then u32 each: size of all, hash seed, number of slots (a power of
 *            two), number of nodes, number of RRsets, 0
 *   slots    each u32 hash, u32 node; node 0: empty.  Open addressing, linear probing.
 *   nodes    in canonical order of their names, the apex first, one after another
 *
 * A node is a name that exists, empty non-terminals included (RFC 4592, 2.2.2):
 *
 *   u32 size, a multiple of 4
 *   u32 cut        the node of the delegation at or above it, 0: none (authoritative)
 *   u32 wild       its child "*", 0: none
 *   u16 RRsets, u16 bytes of name
 *   RRset entries  ascending by type, each u16 type, u16 records, u32 at, u16 len, u16 more,
 *                  u32 more_at; both offsets count from the node
 *   name           wire form, lower case
 *   images         records as they leave: owner C0 0C, type, class, TTL, length, data
 *   more           where to find addresses that a client will ask for next, each u16 name_at (of
 *                  the target's name, in the image), u16 0, u32 node */
#ifndef SW_DNS_IMAGE_H
#define SW_DNS_IMAGE_H

#include <string.h>

#include "node/core/dns/bytes.h"
#include "node/core/dns/name.h"
#include "node/core/dns/zone.h"

#define SW_IMAGE_MAGIC UINT64_C(0x0A31454E4F5A5753) /* those 8 characters */
#define SW_IMAGE_HEADER 32U
#define SW_IMAGE_SLOT 8U
#define SW_IMAGE_NODE 16U
#define SW_IMAGE_RRSET 16U
#define SW_IMAGE_MORE 8U
#define SW_IMAGE_RECORD 12U /* owner, type, class, TTL, length */
/* No probe is longer: the compiler looks for a seed under which that holds. */
#define SW_IMAGE_PROBES 64U
/* Bytes of one RRset that fit a message beside header, question and OPT. */
#define SW_RRSET_MAX (65535U - 12U - 259U - 11U)

struct sw_zone {
    struct sw_blob image;
    const struct sw_shelf *shelf; /* where it lies; NULL: it is ours */
    const uint8_t *apex;          /* the node */
    const uint8_t *soa;           /* its RRset entry */
    uint32_t mask;                /* slots - 1 */
    uint32_t seed;
    uint32_t negative_ttl; /* of the SOA in a negative answer (RFC 2308, 3), seconds */
    uint8_t name_len;
    uint8_t labels;
};

/* ---- a node ---- */

static inline uint32_t sw_zn_size(const uint8_t *node)
{
    return sw_le32(node);
}

static inline uint32_t sw_zn_cut(const uint8_t *node)
{
    return sw_le32(node + 4);
}

static inline uint32_t sw_zn_wild(const uint8_t *node)
{
    return sw_le32(node + 8);
}

static inline unsigned sw_zn_rrsets(const uint8_t *node)
{
    return sw_le16(node + 12);
}

static inline unsigned sw_zn_name_len(const uint8_t *node)
{
    return sw_le16(node + 14);
}

static inline const uint8_t *sw_zn_rrset(const uint8_t *node, unsigned i)
{
    return node + SW_IMAGE_NODE + (size_t)SW_IMAGE_RRSET * i;
}

static inline const uint8_t *sw_zn_name(const uint8_t *node)
{
    return sw_zn_rrset(node, sw_zn_rrsets(node));
}

/* The entry of the RRset of @type, or NULL. */
static inline const uint8_t *sw_zn_find(const uint8_t *node, unsigned type)
{
    const unsigned n = sw_zn_rrsets(node);
    for (unsigned i = 0; i < n; i++) {
        const uint8_t *entry = sw_zn_rrset(node, i);
        if (sw_le16(entry) == type) {
            return entry;
        }
    }
    return NULL;
}

/* ---- an RRset entry ---- */

static inline unsigned sw_rs_type(const uint8_t *entry)
{
    return sw_le16(entry);
}

static inline unsigned sw_rs_count(const uint8_t *entry)
{
    return sw_le16(entry + 2);
}

static inline uint32_t sw_rs_at(const uint8_t *entry)
{
    return sw_le32(entry + 4);
}

static inline unsigned sw_rs_len(const uint8_t *entry)
{
    return sw_le16(entry + 8);
}

static inline unsigned sw_rs_more(const uint8_t *entry)
{
    return sw_le16(entry + 10);
}

static inline uint32_t sw_rs_more_at(const uint8_t *entry)
{
    return sw_le32(entry + 12);
}

/* ---- finding a node ---- */

/* Where the hash of a zone's names begins. */
static inline uint64_t sw_image_hash(uint32_t seed)
{
    return (seed + UINT64_C(1)) * UINT64_C(0x9E3779B97F4A7C15);
}

/* Take in one more label, to the left of those before; 8 bytes from @label on can be read. */
static inline uint64_t sw_image_hash_label(uint64_t h, const uint8_t *label)
{
    unsigned left = 1U + *label;
    for (;; label += 8) {
        uint64_t w = sw_le64(label);
        if (left < 8) {
            w &= (UINT64_C(1) << (8 * left)) - 1;
        }
        h = (h ^ w) * UINT64_C(0x9E3779B97F4A7C15);
        h ^= h >> 32;
        if (left <= 8) {
            return h;
        }
        left -= 8;
    }
}

/* The node of the name that @name has from label @from on, or NULL; @hash is that of its labels
 * below the apex. */
const uint8_t *sw_image_find(const struct sw_zone *z, uint64_t hash, const struct sw_qname *name,
                             unsigned from);

enum sw_match {
    SW_MATCH_NODE, /* the name exists, or a wildcard stands for it */
    SW_MATCH_CUT,  /* it is at or below a delegation */
    SW_MATCH_NONE, /* no such name */
};

struct sw_found {
    enum sw_match match;
    bool exact;          /* @node bears the very name */
    const uint8_t *node; /* that answers, or of the delegation; NULL with NONE */
};

/* What stands for @name, which the zone covers?  RFC 4592, 3.3.1. */
struct sw_found sw_zone_match(const struct sw_zone *z, const struct sw_qname *name);

/* Is @name at or below the zone's apex? */
static inline bool sw_zone_covers(const struct sw_zone *z, const struct sw_qname *name)
{
    if (name->labels < z->labels) {
        return false;
    }
    const unsigned at = name->at[name->labels - z->labels];
    return name->len - at == z->name_len &&
           memcmp(name->name + at, sw_zn_name(z->apex), z->name_len) == 0;
}

#endif

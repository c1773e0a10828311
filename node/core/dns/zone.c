/* SPDX-License-Identifier: GPL-3.0-or-later
 * A compiled zone at work: which node stands for a name. */
#include "node/core/dns/zone.h"

#include <stdlib.h>

#include "node/base/shelf.h"
#include "node/core/dns/image.h"

void sw_zone_free(struct sw_zone *z)
{
    if (z == NULL) {
        return;
    }
    if (z->shelf != NULL) {
        z->shelf->give(z->shelf->self, z->image.data);
    } else {
        sw_blob_fini(&z->image);
    }
    free(z);
}

void sw_zone_share(struct sw_zone *z, const struct sw_shelf *shelf)
{
    const struct sw_bytes ours = sw_blob_bytes(&z->image);
    const uint8_t *at = z->shelf == NULL ? shelf->take(shelf->self, ours) : NULL;
    if (at == NULL) {
        return;
    }
    z->apex = at + (z->apex - ours.data);
    z->soa = at + (z->soa - ours.data);
    sw_blob_fini(&z->image);
    z->image = (struct sw_blob){ .data = (uint8_t *)(uintptr_t)at, .len = ours.len };
    z->shelf = shelf;
}

const uint8_t *sw_zone_name(const struct sw_zone *z)
{
    return sw_zn_name(z->apex);
}

uint32_t sw_zone_serial(const struct sw_zone *z)
{
    const uint8_t *soa = z->apex + sw_rs_at(z->soa);
    return sw_be32(soa + sw_rs_len(z->soa) - 20); /* before refresh, retry, expire, minimum */
}

uint32_t sw_zone_rrsets(const struct sw_zone *z)
{
    return sw_le32(z->image.data + 24);
}

struct sw_bytes sw_zone_image(const struct sw_zone *z)
{
    return sw_blob_bytes(&z->image);
}

const uint8_t *sw_image_find(const struct sw_zone *z, uint64_t hash, const struct sw_qname *name,
                             unsigned from)
{
    const uint8_t *slots = z->image.data + SW_IMAGE_HEADER;
    const unsigned at = name->at[from];
    const unsigned len = name->len - at;
    uint32_t i = (uint32_t)(hash >> 32) & z->mask;
    for (unsigned probe = 0; probe < SW_IMAGE_PROBES; probe++, i = (i + 1) & z->mask) {
        const uint8_t *slot = slots + (size_t)SW_IMAGE_SLOT * i;
        const uint32_t node_at = sw_le32(slot + 4);
        if (node_at == 0) {
            return NULL;
        }
        if (sw_le32(slot) != (uint32_t)hash) {
            continue;
        }
        const uint8_t *node = z->image.data + node_at;
        if (sw_zn_name_len(node) == len && memcmp(sw_zn_name(node), name->name + at, len) == 0) {
            return node;
        }
    }
    return NULL;
}

static struct sw_found found(const struct sw_zone *z, const uint8_t *node, bool exact)
{
    const uint32_t cut = sw_zn_cut(node);
    if (cut == 0) {
        return (struct sw_found){ SW_MATCH_NODE, exact, node };
    }
    const uint8_t *at = z->image.data + cut;
    return (struct sw_found){ SW_MATCH_CUT, exact && at == node, at };
}

/* No node bears the name.  Names exist from the apex down to the closest encloser and no
 * further, so halving the labels in between finds that. */
static struct sw_found match_encloser(const struct sw_zone *z, const struct sw_qname *name)
{
    uint64_t hash[SW_LABELS_MAX + 1]; /* of 0, 1, ... labels below the apex */
    const unsigned below = (unsigned)name->labels - z->labels;
    hash[0] = sw_image_hash(z->seed);
    for (unsigned i = 1; i < below; i++) {
        hash[i] = sw_image_hash_label(hash[i - 1], name->name + name->at[below - i]);
    }
    const uint8_t *encloser = z->apex;
    unsigned low = 0; /* exists */
    unsigned high = below;
    while (high - low > 1) {
        const unsigned mid = low + (high - low) / 2;
        const uint8_t *node = sw_image_find(z, hash[mid], name, below - mid);
        if (node != NULL) {
            encloser = node;
            low = mid;
        } else {
            high = mid;
        }
    }
    if (sw_zn_cut(encloser) == 0 && sw_zn_wild(encloser) == 0) {
        return (struct sw_found){ SW_MATCH_NONE, false, NULL };
    }
    if (sw_zn_cut(encloser) == 0) {
        encloser = z->image.data + sw_zn_wild(encloser);
    }
    return found(z, encloser, false);
}

struct sw_found sw_zone_match(const struct sw_zone *z, const struct sw_qname *name)
{
    const unsigned below = (unsigned)name->labels - z->labels;
    if (below == 0) {
        return found(z, z->apex, true);
    }
    uint64_t hash = sw_image_hash(z->seed);
    for (unsigned i = below; i > 0; i--) {
        hash = sw_image_hash_label(hash, name->name + name->at[i - 1]);
    }
    const uint8_t *node = sw_image_find(z, hash, name, 0);
    return node != NULL ? found(z, node, true) : match_encloser(z, name);
}

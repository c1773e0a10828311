/* SPDX-License-Identifier: GPL-3.0-or-later
 * A zone in the making: between the records of a master file and the image. */
#ifndef SW_DNS_BUILD_H
#define SW_DNS_BUILD_H

#include "node/base/buf.h"
#include "node/core/dns/records.h"

#define SW_BUILD_NONE UINT32_MAX /* no name */

/* A name of the zone to be. */
struct sw_build_name {
    const uint8_t *wire;
    size_t first, end; /* its records */
    uint32_t rrsets;
    uint32_t parent, cut, wild; /* names, or SW_BUILD_NONE */
    uint32_t at;                /* in the image */
};

/* A zone in the making. */
struct sw_build {
    struct sw_records records;
    struct sw_build_name *names; /* canonical order: parents come before children */
    size_t n_names, cap;
    size_t n_rrsets;
    uint32_t *slots; /* 1 + name; 0: empty */
    uint32_t mask;
    uint32_t seed;
    struct sw_diag *diag;
};

/* Records of one name and type. */
struct sw_build_rrset {
    struct sw_record *const *v;
    size_t n;
};

static inline struct sw_build_rrset sw_build_rrset(const struct sw_build *b, size_t first,
                                                   size_t end)
{
    size_t n = 1;
    while (first + n < end && b->records.v[first + n]->type == b->records.v[first]->type) {
        n++;
    }
    return (struct sw_build_rrset){ b->records.v + first, n };
}

/* Has @name records of @type? */
bool sw_build_has(const struct sw_build *b, const struct sw_build_name *name, unsigned type);

/* Where the name begins in the data of @type that a client will look up next; -1: nowhere. */
int sw_build_target_at(unsigned type);

/* Lay the checked names out in @image.  Errors: SW_ERR_NOMEM; SW_ERR_RANGE: too large. */
int sw_build_image(struct sw_build *b, struct sw_blob *image);

#endif

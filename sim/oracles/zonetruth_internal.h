/* SPDX-License-Identifier: GPL-3.0-or-later
 * Inside zonetruth: records, owners, and how they are found. */
#ifndef SIM_ZONETRUTH_INTERNAL_H
#define SIM_ZONETRUTH_INTERNAL_H

#include "sim/oracles/zonetruth.h"

#define NAME_MAX_BYTES 255U
#define CHAIN_MAX 18U /* CNAMEs a server follows */

enum {
    TYPE_A = 1,
    TYPE_NS = 2,
    TYPE_CNAME = 5,
    TYPE_SOA = 6,
    TYPE_PTR = 12,
    TYPE_MX = 15,
    TYPE_AAAA = 28,
    TYPE_SRV = 33,
    TYPE_DNAME = 39,
    TYPE_OPT = 41
};

/* A record; its RDATA lies in the truth's bytes, names in it in lower case. */
struct fact {
    uint32_t owner; /* index of its owner */
    uint32_t ttl;
    size_t rdata;
    uint16_t type, rdlen;
};

struct owner {
    size_t name; /* in the truth's bytes: wire form, lower case */
    uint16_t len;
    uint32_t first, n; /* its facts, sorted by type */
    bool cut;          /* delegated: NS below the apex */
    bool hidden;       /* lies below a delegation */
};

struct sim_truth {
    uint8_t *bytes;
    size_t len, cap;
    struct fact *facts;
    size_t n_facts, cap_facts;
    struct owner *owners;
    size_t n_owners, cap_owners;
    uint32_t *index; /* hash table over owners: 1 + index, 0 empty */
    size_t mask;
    uint32_t *names; /* what clients can ask for */
    size_t n_names;
    uint32_t apex; /* index of its owner */
    uint32_t negative_ttl;
};

size_t sim_wire_len(const uint8_t *name);
void sim_wire_lower(const uint8_t *from, uint8_t *to, size_t len);
/* The owner called @name (lower case, @len bytes), or NULL. */
const struct owner *sim_truth_find(const struct sim_truth *t, const uint8_t *name, size_t len);
/* Facts of @type at @o: how many, the first at @first. */
uint32_t sim_truth_set(const struct sim_truth *t, const struct owner *o, uint16_t type,
                       const struct fact **first);

/* Copy RDATA of @type out of the message @m from @at on (@len bytes), names expanded and in lower
 * case.  Bytes written, or -1 when it is malformed or does not fit @cap. */
int sim_rdata_canonical(const uint8_t *m, size_t mlen, size_t at, size_t len, uint16_t type,
                        uint8_t *out, size_t cap);
/* Expand the name at @at of @m into @out (lower case).  Bytes it takes in the message, or -1. */
int sim_wire_expand(const uint8_t *m, size_t mlen, size_t at, uint8_t out[NAME_MAX_BYTES + 1],
                    size_t *out_len);

#endif

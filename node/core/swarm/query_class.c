/* SPDX-License-Identifier: GPL-3.0-or-later
 * Query classes. */
#include "node/core/swarm/query_class.h"

#include "node/core/dns/wire.h"

/* What a type has in common with others: the size of answers and how they are found. */
enum group { GROUP_ADDRESS, GROUP_SERVICE, GROUP_INFRASTRUCTURE, GROUP_SECURITY, GROUP_OTHER };

#define TYPE_DNSKEY 48U
#define TYPE_SVCB 64U
#define TYPE_HTTPS 65U

static enum group group_of(uint16_t type)
{
    switch (type) {
    case SW_TYPE_A:
    case SW_TYPE_AAAA:
        return GROUP_ADDRESS;
    case SW_TYPE_SRV:
    case SW_TYPE_MX:
    case TYPE_SVCB:
    case TYPE_HTTPS:
        return GROUP_SERVICE;
    case SW_TYPE_NS:
    case SW_TYPE_SOA:
        return GROUP_INFRASTRUCTURE;
    case SW_TYPE_DS:
    case SW_TYPE_RRSIG:
    case SW_TYPE_NSEC:
    case TYPE_DNSKEY:
        return GROUP_SECURITY;
    default:
        return GROUP_OTHER;
    }
}

/* FNV-1a, 64 bits (Fowler, Noll, Vo). */
uint64_t sw_query_class_zone(const uint8_t *name)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    const size_t len = sw_dname_len(name);
    for (size_t i = 0; i < len; i++) {
        h = (h ^ name[i]) * UINT64_C(0x100000001b3);
    }
    return h;
}

/* The finaliser of SplitMix64 (Steele, Lea, Flood 2014) spreads the group over all bits. */
uint64_t sw_query_class(uint64_t zone, uint16_t type)
{
    uint64_t h = zone + UINT64_C(0x9e3779b97f4a7c15) * (1 + (uint64_t)group_of(type));
    h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
    return h ^ h >> 31;
}

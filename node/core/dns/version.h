/* SPDX-License-Identifier: GPL-3.0-or-later
 * Versions of a zone: which of two counts.  An epoch begins when an operator promotes a backup;
 * in an epoch the primary's serials count (RFC 1982). */
#ifndef SW_DNS_VERSION_H
#define SW_DNS_VERSION_H

#include "node/core/dns/zonemd.h"

#include <string.h>

/* No epoch is greater: one can always be added. */
#define SW_EPOCH_MOST (UINT64_C(1) << 62)
/* A primary goes no further than this beyond the serial that others know; a new primary begins so
 * far beyond it.  So its first serial exceeds all that the old one could have issued, in the order
 * of RFC 1982 also for secondaries outside the swarm, who see serials only. */
#define SW_SERIAL_STRIDE (UINT32_C(1) << 30)

struct sw_zone_version {
    uint64_t epoch;
    uint32_t serial;
    uint8_t digest[SW_ZONEMD_LEN]; /* SHA-384 of the content (zonemd.h) */
};

/* RFC 1982, 3.2; neither of two that are 2^31 apart. */
static inline bool sw_serial_newer(uint32_t a, uint32_t b)
{
    return a != b && a - b < UINT32_C(1) << 31;
}

static inline bool sw_version_newer(const struct sw_zone_version *a,
                                    const struct sw_zone_version *b)
{
    return a->epoch != b->epoch ? a->epoch > b->epoch : sw_serial_newer(a->serial, b->serial);
}

/* Do they bear the same numbers? */
static inline bool sw_version_equal(const struct sw_zone_version *a,
                                    const struct sw_zone_version *b)
{
    return a->epoch == b->epoch && a->serial == b->serial;
}

/* Are they the same, to the digest? */
static inline bool sw_version_same(const struct sw_zone_version *a, const struct sw_zone_version *b)
{
    return sw_version_equal(a, b) && memcmp(a->digest, b->digest, SW_ZONEMD_LEN) == 0;
}

#endif

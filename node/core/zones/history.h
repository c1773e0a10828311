/* SPDX-License-Identifier: GPL-3.0-or-later
 * What made the last versions of a zone of those before: backups that lag a little fetch only
 * that (as an incremental transfer, RFC 1995). */
#ifndef SW_ZONES_HISTORY_H
#define SW_ZONES_HISTORY_H

#include "node/base/buf.h"
#include "node/core/dns/version.h"

/* Steps kept, and the bytes of all of them, at most. */
#define SW_HISTORY_STEPS 16U
#define SW_HISTORY_MOST (1 * SW_MIB)

struct sw_history_step {
    uint8_t from[SW_ZONEMD_LEN], to[SW_ZONEMD_LEN]; /* digests */
    struct sw_blob difference;                      /* dns/content.h */
};

/* Zero-initialised is empty. */
struct sw_history {
    struct sw_history_step v[SW_HISTORY_STEPS]; /* oldest first; each begins where one ends */
    uint32_t n;
    size_t bytes;
};

void sw_history_fini(struct sw_history *h);
/* @difference leads from what has the digest @from to @to.  What does not lead there, and the
 * oldest that are too much, are forgotten; without memory, all. */
void sw_history_add(struct sw_history *h, const uint8_t *from, const uint8_t *to,
                    struct sw_bytes difference);
/* Append the differences from @from on to the latest version; false where that is not known.
 * Errors: SW_ERR_NOMEM: false, with part of it appended. */
bool sw_history_since(const struct sw_history *h, const uint8_t *from, struct sw_blob *out);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * The copy of a zone that a node keeps on its disk: what it served last, in which version, and
 * whether it edits the zone.
 *
 *   "SWCOPY1\n"; u8 primary; u64 epoch; u32 serial; digest; u64 bytes; content (content.h);
 *   BLAKE2b-256 of all before
 *
 * A copy is replaced by a rename, after its bytes are on disk. */
#ifndef SW_DNS_ZONE_COPY_H
#define SW_DNS_ZONE_COPY_H

#include "node/core/dns/content.h"
#include "node/core/dns/version.h"
#include "node/core/job.h"

struct sw_zone_copy {
    struct sw_zone_version version;
    bool primary;
    struct sw_records records; /* the reader frees them */
};

/* Read the copy @path of the zone @origin (wire form).
 * Errors: SW_ERR_NOTFOUND: there is none; SW_ERR_CRYPTO: it is damaged; the disk's; SW_ERR_NOMEM.
 */
int sw_zone_copy_read(const struct sw_job_host *host, const char *path, const uint8_t *origin,
                      struct sw_zone_copy *out);
/* Replace it, durably; two folders above it that are missing are made, durably too.  Errors: the
 * disk's, SW_ERR_NOMEM: what was there stays. */
int sw_zone_copy_write(const struct sw_job_host *host, const char *path,
                       const struct sw_zone_version *version, bool primary,
                       struct sw_bytes content);
/* Append @len bytes of its content from @offset on, fewer at the end, if it is of @version; @size
 * gets the whole content's.  Errors: SW_ERR_NOTFOUND: it is of another; SW_ERR_RANGE; the disk's.
 */
int sw_zone_copy_part(const struct sw_job_host *host, const char *path,
                      const struct sw_zone_version *version, uint64_t offset, uint32_t len,
                      struct sw_blob *out, uint64_t *size);
/* Write @data under @path: a temporary, fsync, rename, fsync of the folder.  Errors: the disk's. */
int sw_zone_file_write(const struct sw_job_host *host, const char *path, struct sw_bytes data);

#endif

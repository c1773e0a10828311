/* SPDX-License-Identifier: GPL-3.0-or-later
 * The records of a zone as bytes, for disks and peers, and what differs between two versions (as
 * an incremental transfer says it: RFC 1995, 4).
 *
 *   content      records in the order of struct sw_records, each: owner in wire form, lower case;
 *                u16 type; u32 TTL; u16 length; data
 *   difference   u32 bytes, records that go; u32 bytes, records that come; in the same form
 *
 * Numbers are big-endian. */
#ifndef SW_DNS_CONTENT_H
#define SW_DNS_CONTENT_H

#include "node/base/buf.h"
#include "node/core/dns/records.h"

/* No content is longer. */
#define SW_CONTENT_MAX (256 * SW_MIB)

/* Append the content of @r.  Errors: SW_ERR_NOMEM. */
int sw_content_put(const struct sw_records *r, struct sw_blob *out);
/* Read untrusted @content of the zone @origin (wire form) into the empty @r.
 * Errors: SW_ERR_MALFORMED (also records out of order or of the zone), SW_ERR_NOMEM. */
int sw_content_get(struct sw_records *r, const uint8_t *origin, struct sw_bytes content);

/* Append what makes @to of @from.  Errors: SW_ERR_NOMEM. */
int sw_content_difference(const struct sw_records *from, const struct sw_records *to,
                          struct sw_blob *out);
/* Change @r by untrusted @differences, one after another.
 * Errors: SW_ERR_MALFORMED: something goes that is not there, or comes that is; SW_ERR_NOMEM.
 * Then @r is of no use. */
int sw_content_apply(struct sw_records *r, struct sw_bytes differences);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * A zone, compiled: one immutable block of bytes without pointers, so that a job can make it, a
 * message can carry it, and a digest can name it.  RRsets are stored as ready answer images. */
#ifndef SW_DNS_ZONE_H
#define SW_DNS_ZONE_H

#include "node/base/buf.h"
#include "node/base/err.h"

struct sw_zone;

/* Check the image @bytes (of @len, made by sw_zone_compile, untrusted) from end to end and wrap
 * it.  The zone takes @bytes->data when this succeeds and leaves @bytes empty.
 * Errors: SW_ERR_MALFORMED, SW_ERR_NOMEM; @bytes stays the caller's. */
int sw_zone_new(struct sw_blob *bytes, struct sw_zone **out);
void sw_zone_free(struct sw_zone *z);

struct sw_shelf; /* base/shelf.h */
/* Have the image lie on @shelf, lent for the zone's life.  Without room there it stays where it is.
 */
void sw_zone_share(struct sw_zone *z, const struct sw_shelf *shelf);

/* Compile master-file @text of the zone @origin (presentation form) into @image.
 * $INCLUDE and DNAME are refused.  Errors: SW_ERR_MALFORMED (the diag names line and reason: no SOA
 * at the apex, CNAME beside other data, a record out of the zone, ...), SW_ERR_NOMEM. */
int sw_zone_compile(const char *origin, struct sw_bytes text, struct sw_blob *image,
                    struct sw_diag *d);

struct sw_records; /* records.h */
/* The same for records that were read; takes what is in @records and leaves it empty. */
int sw_zone_compile_records(struct sw_records *records, struct sw_blob *image, struct sw_diag *d);

const uint8_t *sw_zone_name(const struct sw_zone *z); /* wire form, lower case */
uint32_t sw_zone_serial(const struct sw_zone *z);
uint32_t sw_zone_rrsets(const struct sw_zone *z);
struct sw_bytes sw_zone_image(const struct sw_zone *z);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * The digest of a zone's content (RFC 8976): the SIMPLE scheme, with SHA-384 or SHA-512. */
#ifndef SW_DNS_ZONEMD_H
#define SW_DNS_ZONEMD_H

#include "node/base/err.h"
#include "node/core/dns/records.h"

#define SW_ZONEMD_LEN 48U /* SHA-384: what nodes tell each other */
#define SW_ZONEMD_MAX 64U /* SHA-512 */
enum { SW_ZONEMD_SIMPLE = 1, SW_ZONEMD_SHA384 = 1, SW_ZONEMD_SHA512 = 2 };

/* Bytes of a digest by @hash; 0: no such algorithm. */
size_t sw_zonemd_len(unsigned hash);
/* The digest of @r (RFC 8976, 3.3): records in canonical form and order (RFC 4034, 6; RFC 6840,
 * 5.1), without the apex's ZONEMD and its signatures.  Errors: SW_ERR_NOMEM, SW_ERR_UNSUPPORTED. */
int sw_zonemd_digest(const struct sw_records *r, unsigned hash, uint8_t out[SW_ZONEMD_MAX]);
/* What the zone says of itself (RFC 8976, 4), where it says so by a scheme and algorithm known here
 * and for its own serial.  Errors: SW_ERR_CRYPTO: it is not so, and @d says why; SW_ERR_NOMEM. */
int sw_zonemd_verify(const struct sw_records *r, struct sw_diag *d);

#endif

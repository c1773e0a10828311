/* SPDX-License-Identifier: GPL-3.0-or-later
 * Address prefixes (RFC 4632, RFC 4291): "192.0.2.0/24", "2001:db8::/32", or a whole address. */
#ifndef SW_BASE_PREFIX_H
#define SW_BASE_PREFIX_H

#include "node/base/types.h"

/* IPv4 as ::ffff:a.b.c.d, as in struct sw_client. */
struct sw_prefix {
    uint8_t addr[16];
    uint8_t bits; /* 0..128 */
};

/* Errors: SW_ERR_MALFORMED: no prefix, or bits of it lie behind its length. */
int sw_prefix_parse(const char *text, struct sw_prefix *out);
bool sw_prefix_has(const struct sw_prefix *p, const uint8_t addr[16]);
/* Any of @n prefixes? */
bool sw_prefixes_have(const struct sw_prefix *v, size_t n, const uint8_t addr[16]);

#endif

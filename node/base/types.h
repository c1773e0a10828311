/* SPDX-License-Identifier: GPL-3.0-or-later
 * Time and size vocabulary shared by every layer. */
#ifndef SW_BASE_TYPES_H
#define SW_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t sw_time; /* Instant: ns on the host's monotonic clock, arbitrary origin. */
typedef uint64_t sw_dur;  /* Length of time: ns. */
typedef int64_t sw_wall;  /* Wall clock: ns since 1970-01-01T00:00Z; may jump either way. */

#define SW_TIME_NEVER UINT64_MAX /* "no deadline set" */
#define SW_US UINT64_C(1000)
#define SW_MS UINT64_C(1000000)
#define SW_SEC UINT64_C(1000000000)
#define SW_MIN (60 * SW_SEC)
#define SW_HOUR (60 * SW_MIN)

#define SW_KIB UINT64_C(1024)
#define SW_MIB (1024 * SW_KIB)
#define SW_GIB (1024 * SW_MIB)

/* Bytes that belong to somebody else.  @data may be NULL only when @len is 0. */
struct sw_bytes {
    const uint8_t *data;
    size_t len;
};

/* A node's, region's or set's name: 1..31 characters of [a-z0-9-], NUL-terminated. */
#define SW_NAME_MAX 31
struct sw_name {
    char s[SW_NAME_MAX + 1];
};

/* A BLAKE2b-256 digest. */
#define SW_DIGEST_LEN 32
struct sw_digest {
    uint8_t b[SW_DIGEST_LEN];
};

#define SW_LEN(array) (sizeof(array) / sizeof((array)[0]))

#endif

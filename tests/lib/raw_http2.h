/* SPDX-License-Identifier: GPL-3.0-or-later
 * HTTP/2 frames by hand, for requests no client of ours would make, and a reader of answers. */
#ifndef SW_TESTS_LIB_RAW_HTTP2_H
#define SW_TESTS_LIB_RAW_HTTP2_H

#include "node/base/buf.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <string.h>

enum { RAW_DATA = 0, RAW_HEADERS = 1, RAW_RST = 3, RAW_SETTINGS = 4, RAW_PING = 6, RAW_GOAWAY = 7 };
enum { RAW_END_STREAM = 1, RAW_END_HEADERS = 4 };

static inline void raw_frame(struct sw_blob *to, uint8_t type, uint8_t flags, uint32_t stream,
                             const void *payload, size_t len)
{
    const uint8_t head[9] = { (uint8_t)(len >> 16),
                              (uint8_t)(len >> 8),
                              (uint8_t)len,
                              type,
                              flags,
                              (uint8_t)(stream >> 24),
                              (uint8_t)(stream >> 16),
                              (uint8_t)(stream >> 8),
                              (uint8_t)stream };
    (void)sw_blob_append(to, head, sizeof head);
    (void)sw_blob_append(to, payload, len);
}

/* The client's preface and empty SETTINGS. */
static inline void raw_preface(struct sw_blob *to)
{
    (void)sw_blob_append(to, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
    raw_frame(to, RAW_SETTINGS, 0, 0, "", 0);
}

/* HEADERS from name, value, ..., NULL; literals without indexing (RFC 7541, 6.2.2). */
static inline void raw_headers(struct sw_blob *to, uint8_t flags, uint32_t stream,
                               const char *const *fields)
{
    uint8_t block[2048];
    size_t n = 0;
    for (size_t i = 0; fields[i] != NULL; i++) {
        const size_t len = strlen(fields[i]); /* below 127 */
        if (i % 2 == 0) {
            block[n++] = 0;
        }
        block[n++] = (uint8_t)len;
        memcpy(block + n, fields[i], len);
        n += len;
    }
    raw_frame(to, RAW_HEADERS, (uint8_t)(flags | RAW_END_HEADERS), stream, block, n);
}

/* Headers in @wire as "name=value;", other frames as "<type>", RST and GOAWAY with their code. */
static inline void raw_describe(struct sw_bytes wire, char *out, size_t cap)
{
    nghttp2_hd_inflater *inflater = NULL;
    (void)nghttp2_hd_inflate_new(&inflater);
    size_t n = 0;
    out[0] = '\0';
    for (size_t off = 0; off + 9 <= wire.len;) {
        const uint8_t *f = wire.data + off;
        const size_t len = (size_t)f[0] << 16 | (size_t)f[1] << 8 | f[2];
        const uint8_t *p = f + 9;
        if (f[3] == RAW_HEADERS) {
            size_t left = len;
            for (;;) {
                nghttp2_nv nv;
                int flags = 0;
                const ssize_t used = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, p, left, 1);
                if (used < 0) {
                    break;
                }
                p += used;
                left -= (size_t)used;
                if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
                    n += (size_t)snprintf(out + n, cap - n, "%s=%s;", (const char *)nv.name,
                                          (const char *)nv.value);
                }
                if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
                    (void)nghttp2_hd_inflate_end_headers(inflater);
                    break;
                }
            }
        } else if (f[3] == RAW_RST || f[3] == RAW_GOAWAY) {
            const uint8_t *code = f[3] == RAW_RST ? p : p + 4;
            n += (size_t)snprintf(out + n, cap - n, "<%s %u>", f[3] == RAW_RST ? "rst" : "goaway",
                                  code[3]);
        } else if (f[3] == RAW_DATA) {
            n += (size_t)snprintf(out + n, cap - n, "<data %zu>", len);
        }
        off += 9 + len;
    }
    nghttp2_hd_inflate_del(inflater);
}

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Names and RDATA as the oracle reads them from a message. */
#include "sim/oracles/zonetruth_internal.h"

#include <string.h>

size_t sim_wire_len(const uint8_t *name)
{
    size_t n = 0;
    while (name[n] != 0) {
        n += 1U + name[n];
    }
    return n + 1;
}

/* Length bytes are below 'A', so that lowering them too changes nothing. */
void sim_wire_lower(const uint8_t *from, uint8_t *to, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        to[i] = from[i] >= 'A' && from[i] <= 'Z' ? (uint8_t)(from[i] + 32) : from[i];
    }
}

int sim_wire_expand(const uint8_t *m, size_t mlen, size_t at, uint8_t out[NAME_MAX_BYTES + 1],
                    size_t *out_len)
{
    size_t n = 0;
    size_t end = 0; /* where the name ends in the message, once known */
    size_t limit = at;
    for (;;) {
        if (at >= mlen) {
            return -1;
        }
        const uint8_t c = m[at];
        if ((c & 0xC0) == 0xC0) {
            if (at + 1 >= mlen) {
                return -1;
            }
            const size_t to = (size_t)(c & 0x3F) << 8 | m[at + 1];
            if (end == 0) {
                end = at + 2;
            }
            if (to >= limit) {
                return -1; /* backwards only: every jump goes lower, so it ends */
            }
            limit = to;
            at = to;
            continue;
        }
        if (c > 63 || at + 1 + c > mlen || n + 1 + c > NAME_MAX_BYTES) {
            return -1;
        }
        sim_wire_lower(m + at, out + n, 1U + c);
        n += 1U + c;
        at += 1U + c;
        if (c == 0) {
            *out_len = n;
            return (int)((end == 0 ? at : end));
        }
    }
}

/* Bytes before the name in RDATA whose names RFC 1035 allows to compress (or that we know), and
 * how many names; false: opaque. */
static bool has_names(uint16_t type, size_t *before, unsigned *names)
{
    *before = type == TYPE_MX ? 2 : type == TYPE_SRV ? 6 : 0;
    *names = type == TYPE_SOA ? 2 : 1;
    return type == TYPE_NS || type == TYPE_CNAME || type == TYPE_PTR || type == TYPE_MX ||
           type == TYPE_SOA || type == TYPE_SRV;
}

int sim_rdata_canonical(const uint8_t *m, size_t mlen, size_t at, size_t len, uint16_t type,
                        uint8_t *out, size_t cap)
{
    size_t before;
    unsigned names;
    const size_t end = at + len;
    if (end > mlen) {
        return -1;
    }
    if (!has_names(type, &before, &names)) {
        if (len > cap) {
            return -1;
        }
        memcpy(out, m + at, len);
        return (int)len;
    }
    if (before > len || cap < before + (size_t)2 * (NAME_MAX_BYTES + 1) + 20) {
        return -1;
    }
    memcpy(out, m + at, before);
    size_t n = before;
    at += before;
    for (unsigned i = 0; i < names; i++) {
        size_t got;
        const int next = sim_wire_expand(m, end, at, out + n, &got);
        if (next < 0) {
            return -1;
        }
        at = (size_t)next;
        n += got;
    }
    if (at > end || end - at > 20) {
        return -1;
    }
    memcpy(out + n, m + at, end - at);
    return (int)(n + (end - at));
}

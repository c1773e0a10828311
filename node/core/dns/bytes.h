/* SPDX-License-Identifier: GPL-3.0-or-later
 * Numbers at an address: big-endian as on the wire, little-endian as in a zone's image.  The
 * caller has checked that the bytes are there. */
#ifndef SW_DNS_BYTES_H
#define SW_DNS_BYTES_H

#include <stdint.h>

static inline uint16_t sw_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t sw_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void sw_put_be16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void sw_put_be32(uint8_t *p, uint32_t v)
{
    sw_put_be16(p, v >> 16);
    sw_put_be16(p + 2, v & 0xffffU);
}

static inline uint16_t sw_le16(const uint8_t *p)
{
    return (uint16_t)(p[1] << 8 | p[0]);
}

static inline uint32_t sw_le32(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline uint64_t sw_le64(const uint8_t *p)
{
    return (uint64_t)sw_le32(p + 4) << 32 | sw_le32(p);
}

static inline void sw_put_le16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void sw_put_le32(uint8_t *p, uint32_t v)
{
    sw_put_le16(p, v & 0xffffU);
    sw_put_le16(p + 2, v >> 16);
}

#endif

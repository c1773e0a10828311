/* SPDX-License-Identifier: GPL-3.0-or-later
 * XXH64 as its specification describes it: four lanes, a tail, an avalanche. */
#include "sim/engine/xxh64.h"

static const uint64_t P1 = UINT64_C(0x9E3779B185EBCA87);
static const uint64_t P2 = UINT64_C(0xC2B2AE3D27D4EB4F);
static const uint64_t P3 = UINT64_C(0x165667B19E3779F9);
static const uint64_t P4 = UINT64_C(0x85EBCA77C2B2AE63);
static const uint64_t P5 = UINT64_C(0x27D4EB2F165667C5);

static inline uint64_t rotate(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

/* Little-endian; compilers make one load of it where that is one. */
static inline uint64_t read32(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24;
}

static inline uint64_t read64(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
           (uint64_t)p[7] << 56;
}

static inline uint64_t lane(uint64_t acc, uint64_t word)
{
    return rotate(acc + word * P2, 31) * P1;
}

static inline uint64_t merge(uint64_t acc, uint64_t v)
{
    return (acc ^ lane(0, v)) * P1 + P4;
}

/* Steps 1 to 3: whole stripes of 32 bytes. */
static uint64_t stripes(const uint8_t *p, size_t len, uint64_t seed)
{
    uint64_t v1 = seed + P1 + P2;
    uint64_t v2 = seed + P2;
    uint64_t v3 = seed;
    uint64_t v4 = seed - P1;
    for (; len >= 32; p += 32, len -= 32) {
        v1 = lane(v1, read64(p));
        v2 = lane(v2, read64(p + 8));
        v3 = lane(v3, read64(p + 16));
        v4 = lane(v4, read64(p + 24));
    }
    const uint64_t acc = rotate(v1, 1) + rotate(v2, 7) + rotate(v3, 12) + rotate(v4, 18);
    return merge(merge(merge(merge(acc, v1), v2), v3), v4);
}

uint64_t sim_xxh64(const void *data, size_t len, uint64_t seed)
{
    const uint8_t *p = data;
    size_t left = len;
    uint64_t acc = len >= 32 ? stripes(p, len, seed) : seed + P5;
    acc += len;
    p += len / 32 * 32;
    left %= 32;
    for (; left >= 8; p += 8, left -= 8) {
        acc = rotate(acc ^ lane(0, read64(p)), 27) * P1 + P4;
    }
    for (; left >= 4; p += 4, left -= 4) {
        acc = rotate(acc ^ read32(p) * P1, 23) * P2 + P3;
    }
    for (; left > 0; p++, left--) {
        acc = rotate(acc ^ *p * P5, 11) * P1;
    }
    acc = (acc ^ acc >> 33) * P2;
    acc = (acc ^ acc >> 29) * P3;
    return acc ^ acc >> 32;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Philox4x32-10 and shapes of its numbers. */
#include "node/base/rng.h"

#include "node/base/bug.h"
#include "node/base/fmath.h"

#include <math.h>
#include <sodium.h>
#include <string.h>

struct sw_rng_key sw_rng_key(uint64_t seed, const char *purpose, const char *entity)
{
    uint8_t bytes[8];
    uint8_t digest[SW_DIGEST_LEN];
    crypto_generichash_state state;
    for (size_t i = 8; i > 0; i--, seed >>= 8) {
        bytes[i - 1] = (uint8_t)seed;
    }
    (void)crypto_generichash_init(&state, NULL, 0, sizeof digest);
    (void)crypto_generichash_update(&state, bytes, sizeof bytes);
    (void)crypto_generichash_update(&state, (const uint8_t *)purpose, strlen(purpose) + 1);
    (void)crypto_generichash_update(&state, (const uint8_t *)entity, strlen(entity));
    (void)crypto_generichash_final(&state, digest, sizeof digest);
    struct sw_rng_key key = { { 0, 0 } };
    for (size_t i = 0; i < 8; i++) {
        key.k[i / 4] = key.k[i / 4] << 8 | digest[i];
    }
    return key;
}

/* One round; keys are bumped by the golden ratio and sqrt(3) - 1. */
#define ROUND(i)                                                               \
    do {                                                                       \
        const uint64_t a = UINT64_C(0xD2511F53) * c0;                          \
        const uint64_t b = UINT64_C(0xCD9E8D57) * c2;                          \
        c0 = (uint32_t)(b >> 32) ^ c1 ^ (key.k[0] + (i)*UINT32_C(0x9E3779B9)); \
        c2 = (uint32_t)(a >> 32) ^ c3 ^ (key.k[1] + (i)*UINT32_C(0xBB67AE85)); \
        c1 = (uint32_t)b;                                                      \
        c3 = (uint32_t)a;                                                      \
    } while (0)

void sw_philox(struct sw_rng_key key, const uint32_t ctr[4], uint32_t out[4])
{
    uint32_t c0 = ctr[0];
    uint32_t c1 = ctr[1];
    uint32_t c2 = ctr[2];
    uint32_t c3 = ctr[3];
    ROUND(0U);
    ROUND(1U);
    ROUND(2U);
    ROUND(3U);
    ROUND(4U);
    ROUND(5U);
    ROUND(6U);
    ROUND(7U);
    ROUND(8U);
    ROUND(9U);
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

uint64_t sw_rng_at(struct sw_rng_key key, uint64_t a, uint64_t b)
{
    const uint32_t ctr[4] = { (uint32_t)a, (uint32_t)(a >> 32), (uint32_t)b, (uint32_t)(b >> 32) };
    uint32_t out[4];
    sw_philox(key, ctr, out);
    return (uint64_t)out[0] << 32 | out[1];
}

void sw_rng_init(struct sw_rng *rng, struct sw_rng_key key)
{
    *rng = (struct sw_rng){ .key = key };
}

uint64_t sw_rng_next(struct sw_rng *rng)
{
    const uint64_t i = rng->draws++;
    if (i % 2 == 1) {
        return rng->spare;
    }
    const uint32_t ctr[4] = { (uint32_t)(i / 2), (uint32_t)(i >> 33), UINT32_MAX, UINT32_MAX };
    uint32_t out[4];
    sw_philox(rng->key, ctr, out);
    rng->spare = (uint64_t)out[2] << 32 | out[3];
    return (uint64_t)out[0] << 32 | out[1];
}

uint64_t sw_rng_below(struct sw_rng *rng, uint64_t n)
{
    SW_ASSERT(n >= 1);
    const uint64_t surplus = (UINT64_MAX % n + 1) % n; /* 2^64 mod n */
    uint64_t x;
    do {
        x = sw_rng_next(rng);
    } while (x > UINT64_MAX - surplus);
    return x % n;
}

double sw_unit(uint64_t bits)
{
    return (double)(bits >> 11) * 0x1p-53;
}

double sw_unit_open(uint64_t bits)
{
    return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

double sw_exponential(uint64_t bits, double mean)
{
    return -mean * sw_log(sw_unit_open(bits));
}

/* cos(2 pi u) for u uniform in [0, 1) given by @bits: the top three bits name the octant, which
 * tells whether the rest, an angle in (0, pi/4), needs a sine or a cosine series. */
static double cos_turn(uint64_t bits)
{
    const uint64_t octant = bits >> 61;
    const double rest = sw_unit_open(bits << 3);
    const double x = 0x1.921fb54442d18p-1 * (octant % 2 == 0 ? rest : 1 - rest);
    const double z = x * x;
    double y;                        /* Taylor series; what is left out is below 6e-17 */
    if ((octant + 1) / 2 % 2 == 0) { /* octants 0, 3, 4, 7 */
        y = -1.0 / 87178291200.0 + z * (1.0 / 20922789888000.0);
        y = -1.0 / 3628800 + z * (1.0 / 479001600 + z * y);
        y = -1.0 / 720 + z * (1.0 / 40320 + z * y);
        y = 1 + z * (-1.0 / 2 + z * (1.0 / 24 + z * y));
    } else { /* 1, 2, 5, 6 */
        y = 1.0 / 6227020800.0 + z * (-1.0 / 1307674368000.0);
        y = 1.0 / 362880 + z * (-1.0 / 39916800 + z * y);
        y = 1.0 / 120 + z * (-1.0 / 5040 + z * y);
        y = x * (1 + z * (-1.0 / 6 + z * y));
    }
    return octant >= 2 && octant <= 5 ? -y : y;
}

/* Box and Muller 1958. */
double sw_normal(uint64_t bits_a, uint64_t bits_b)
{
    return sqrt(-2 * sw_log(sw_unit_open(bits_a))) * cos_turn(bits_b);
}

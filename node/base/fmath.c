/* SPDX-License-Identifier: GPL-3.0-or-later
 * exp, log and pow.  Only IEEE 754 double operations in a fixed order (the build forbids
 * contraction into fused multiply-add), so every processor gives the same bits.
 *
 * exp: x = (32 k + j) ln2/32 + r with |r| <= ln2/64 (Tang 1989); the Taylor series of e^r to
 *      r^6 leaves 4e-18; 2^(j/32) comes from a table.
 * log: x = 2^k m with m in [sqrt(1/2), sqrt 2), log m = 2 atanh(s), s = (m - 1)/(m + 1),
 *      |s| < 0.172, series to s^23.
 * pow: exp(y log x) with the logarithm and the product as unevaluated sums of two doubles
 *      (Dekker 1971), since an absolute error in the exponent is a relative one in the result. */
#include "node/base/fmath.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

const double sw_pow2_32nds[32] = {
    0x1.0000000000000p+0, 0x1.059b0d3158574p+0, 0x1.0b5586cf9890fp+0, 0x1.11301d0125b51p+0,
    0x1.172b83c7d517bp+0, 0x1.1d4873168b9aap+0, 0x1.2387a6e756238p+0, 0x1.29e9df51fdee1p+0,
    0x1.306fe0a31b715p+0, 0x1.371a7373aa9cbp+0, 0x1.3dea64c123422p+0, 0x1.44e086061892dp+0,
    0x1.4bfdad5362a27p+0, 0x1.5342b569d4f82p+0, 0x1.5ab07dd485429p+0, 0x1.6247eb03a5585p+0,
    0x1.6a09e667f3bcdp+0, 0x1.71f75e8ec5f74p+0, 0x1.7a11473eb0187p+0, 0x1.82589994cce13p+0,
    0x1.8ace5422aa0dbp+0, 0x1.93737b0cdc5e5p+0, 0x1.9c49182a3f090p+0, 0x1.a5503b23e255dp+0,
    0x1.ae89f995ad3adp+0, 0x1.b7f76f2fb5e47p+0, 0x1.c199bdd85529cp+0, 0x1.cb720dcef9069p+0,
    0x1.d5818dcfba487p+0, 0x1.dfc97337b9b5fp+0, 0x1.ea4afa2a490dap+0, 0x1.f50765b6e4540p+0,
};

/* ln 2 as a head with trailing zeros, so that a small integer times the head is exact, and a
 * tail. */
#define LN2_HEAD 0x1.62e42fefa2000p-1
#define LN2_TAIL 0x1.9ef35793c7673p-41
#define SQRT_HALF 0x1.6a09e667f3bcdp-1

static uint64_t to_bits(double x)
{
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static double from_bits(uint64_t b)
{
    double x;
    memcpy(&x, &b, sizeof x);
    return x;
}

double sw_exp(double x)
{
    if (!(x <= 709.79)) {
        return x > 0 ? (double)INFINITY : x; /* NaN stays */
    }
    if (x < -745.2) {
        return 0;
    }
    int64_t k;
    const double y = sw_exp_parts(x, &k);
    if (k >= -1021 && k <= 1022) {
        return y * sw_two_to(k);
    }
    return k > 0 ? y * sw_two_to(k - 1) * 2 : y * sw_two_to(k + 1000) * 0x1p-1000;
}

struct split {
    double m;  /* in [sqrt(1/2), sqrt 2) */
    int64_t k; /* x = 2^k m */
};

/* @x: positive and finite. */
static struct split take_apart(double x)
{
    int64_t k = 0;
    if (x < 0x1p-1022) { /* subnormal */
        x *= 0x1p54;
        k = -54;
    }
    const uint64_t b = to_bits(x);
    k += (int64_t)(b >> 52) - 1022;
    double m = from_bits((b & UINT64_C(0xfffffffffffff)) | UINT64_C(0x3fe0000000000000));
    if (m < SQRT_HALF) {
        m *= 2;
        k -= 1;
    }
    return (struct split){ m, k };
}

/* (atanh(s) - s) / s^3 = 1/3 + z/5 + z^2/7 + ..., z = s^2. */
static double atanh_tail(double z)
{
    const double z2 = z * z;
    const double z4 = z2 * z2;
    const double a = (1.0 / 3 + z * (1.0 / 5)) + z2 * (1.0 / 7 + z * (1.0 / 9));
    const double b = (1.0 / 11 + z * (1.0 / 13)) + z2 * (1.0 / 15 + z * (1.0 / 17));
    const double c = (1.0 / 19 + z * (1.0 / 21)) + z2 * (1.0 / 23);
    return a + z4 * (b + z4 * c);
}

double sw_log(double x)
{
    if (!(x > 0)) {
        return x == 0 ? -(double)INFINITY : (double)NAN;
    }
    if (x > 0x1.fffffffffffffp1023) {
        return x;
    }
    const struct split p = take_apart(x);
    const double f = p.m - 1;
    const double s = f / (2 + f);
    const double z = s * s;
    const double k = (double)p.k;
    return k * LN2_HEAD + (2 * s + (2 * s * (z * atanh_tail(z)) + k * LN2_TAIL));
}

/* An unevaluated sum, |lo| <= ulp(hi)/2 or so. */
struct pair {
    double hi, lo;
};

/* @a * @b exactly (Veltkamp's splitting); |@a|, |@b| < 2^990, product not subnormal. */
static struct pair product(double a, double b)
{
    const double ca = 134217729.0 * a; /* 2^27 + 1 */
    const double cb = 134217729.0 * b;
    const double ah = ca - (ca - a);
    const double bh = cb - (cb - b);
    const double al = a - ah;
    const double bl = b - bh;
    const double p = a * b;
    return (struct pair){ p, ((ah * bh - p) + ah * bl + al * bh) + al * bl };
}

/* log @x to about 2^-58 of its value. */
static struct pair log_pair(double x)
{
    const struct split p = take_apart(x);
    const double f = p.m - 1;
    const double d = p.m + 1;
    const double d_lo = p.m - (d - 1);
    const double s = f / d;
    const struct pair sd = product(s, d);
    const double s_lo = (((f - sd.hi) - sd.lo) - s * d_lo) / d;
    const double z = s * s;
    const double k = (double)p.k;
    const double big = k * LN2_HEAD;
    const double hi = big + 2 * s; /* big is 0 or the larger, so the next line is exact */
    const double lo =
        ((big - hi) + 2 * s) + ((2 * s * (z * atanh_tail(z)) + 2 * s_lo) + k * LN2_TAIL);
    const double sum = hi + lo;
    return (struct pair){ sum, (hi - sum) + lo };
}

/* x^y at the edges: x is 0 or infinite, or y is so large that only the side of 1 counts. */
static double pow_extreme(bool above_one, double y)
{
    return above_one == (y > 0) ? (double)INFINITY : 0;
}

double sw_pow(double x, double y)
{
    if (y == 0 || x == 1) {
        return 1;
    }
    if (!(x >= 0) || !(y <= 0 || y > 0)) {
        return (double)NAN;
    }
    const double y_size = y < 0 ? -y : y;
    if (x == 0 || x > 0x1.fffffffffffffp1023 || y_size > 0x1p64) {
        return pow_extreme(x > 1, y);
    }
    if (y_size < 0x1p-70) {
        return 1; /* |y log x| < 2^-60 */
    }
    const struct pair l = log_pair(x);
    const struct pair p = product(y, l.hi);
    const double e = sw_exp(p.hi);
    if (e == 0 || e > 0x1.fffffffffffffp1023) {
        return e;
    }
    return e + e * (p.lo + y * l.lo);
}

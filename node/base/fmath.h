/* SPDX-License-Identifier: GPL-3.0-or-later
 * exp, log and pow from + - * / and square root alone, so that a result has the same bits on
 * every processor and with every libm.  Relative error below 1e-14 over the stated ranges. */
#ifndef SW_BASE_FMATH_H
#define SW_BASE_FMATH_H

#include <stdint.h>
#include <string.h>

/* +inf above 709.79; 0 below -745.2; below -708.4 results are subnormal and lose digits. */
double sw_exp(double x);
/* -inf at 0, NaN below 0. */
double sw_log(double x);
/* @x >= 0, else NaN.  1 when @y is 0 or @x is 1; 0 or +inf where that is the limit. */
double sw_pow(double x, double y);

/* ---- sw_exp for loops over peers: inline, and without its edges ---- */

extern const double sw_pow2_32nds[32];

/* 2^@k for -1022 <= @k <= 1023. */
static inline double sw_two_to(int64_t k)
{
    const uint64_t bits = (uint64_t)(k + 1023) << 52;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* e^@x = 2^@k times what is returned; |@x| < 1000. */
static inline double sw_exp_parts(double x, int64_t *k)
{
    const double rounder = 0x1.8p52; /* adding and taking away rounds to an integer */
    const double n = (x * 0x1.71547652b82fep+5 + rounder) - rounder; /* by ln 2 / 32 */
    const double r = (x - n * 0x1.62e42fefa0000p-6) - n * 0x1.cf79abc9e3b3ap-45;
    const double r2 = r * r;
    const double tail =
        (0.5 + r * (1.0 / 6)) + r2 * ((1.0 / 24 + r * (1.0 / 120)) + r2 * (1.0 / 720));
    const int64_t i = (int64_t)n;
    const double t = sw_pow2_32nds[i & 31];
    *k = (i - (i & 31)) / 32;
    return t + t * (r + r2 * tail);
}

/* The bits of sw_exp(@x), for |@x| <= 700. */
static inline double sw_exp_near(double x)
{
    int64_t k;
    const double y = sw_exp_parts(x, &k);
    return y * sw_two_to(k);
}

#endif

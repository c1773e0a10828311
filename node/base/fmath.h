/* SPDX-License-Identifier: GPL-3.0-or-later
 * exp, log and pow from + - * / and square root alone, so that a result has the same bits on
 * every processor and with every libm.  Relative error below 1e-14 over the stated ranges. */
#ifndef SW_BASE_FMATH_H
#define SW_BASE_FMATH_H

/* +inf above 709.79; 0 below -745.2; below -708.4 results are subnormal and lose digits. */
double sw_exp(double x);
/* -inf at 0, NaN below 0. */
double sw_log(double x);
/* @x >= 0, else NaN.  1 when @y is 0 or @x is 1; 0 or +inf where that is the limit. */
double sw_pow(double x, double y);

#endif

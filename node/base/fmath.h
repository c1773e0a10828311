/* SPDX-License-Identifier: GPL-3.0-or-later
 * exp, log and pow from + - * / and square root alone, so that a result has the same bits on
 * every processor and with every libm.  Relative error below 1e-14 over the stated ranges. */
#ifndef SW_BASE_FMATH_H
#define SW_BASE_FMATH_H

double sw_exp(double x);           /* 0 below -745, +inf above 709.8 */
double sw_log(double x);           /* -inf at 0, NaN below 0 */
double sw_pow(double x, double y); /* x >= 0 */

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Assertions for our own bugs: on everywhere, live included, never on remote input. */
#ifndef SW_BASE_BUG_H
#define SW_BASE_BUG_H

/* Stop at once when @cond is false.  A hostile packet must never reach a false one. */
#define SW_ASSERT(cond) ((cond) ? (void)0 : __builtin_trap())

/* Walks whole structures; only where SW_SLOW_CHECKS is defined (tests, simulation in dev). */
#ifdef SW_SLOW_CHECKS
#define SW_ASSERT_SLOW(cond) SW_ASSERT(cond)
#else
#define SW_ASSERT_SLOW(cond) ((void)0)
#endif

#endif

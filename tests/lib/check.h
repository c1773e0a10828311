/* SPDX-License-Identifier: GPL-3.0-or-later
 * CUnit assertions that report both values: CU_ASSERT_EQUAL prints only the expression. */
#ifndef SW_TESTS_LIB_CHECK_H
#define SW_TESTS_LIB_CHECK_H

#include <CUnit/CUnit.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define CHECK(cond) CU_ASSERT(cond)
#define CHECK_U64(actual, expected) check_u64((actual), (expected), #actual, __FILE__, __LINE__)
#define CHECK_I64(actual, expected) check_i64((actual), (expected), #actual, __FILE__, __LINE__)
#define CHECK_STR(actual, expected) check_str((actual), (expected), #actual, __FILE__, __LINE__)
/* |actual - expected| <= tolerance; a NaN fails. */
#define CHECK_NEAR(actual, expected, tolerance) \
    check_near((actual), (expected), (tolerance), #actual, __FILE__, __LINE__)
/* As CHECK, and leave the calling test function when it fails. */
#define REQUIRE(cond)                                         \
    do {                                                      \
        if (!check_that((cond), #cond, __FILE__, __LINE__)) { \
            return;                                           \
        }                                                     \
    } while (0)

static inline int check_that(int ok, const char *expr, const char *file, int line)
{
    CU_assertImplementation(ok ? CU_TRUE : CU_FALSE, (unsigned)line, expr, file, "", CU_FALSE);
    return ok;
}

static inline void check_u64(uint64_t a, uint64_t e, const char *expr, const char *file, int line)
{
    char msg[256];
    (void)snprintf(msg, sizeof msg, "%s: got %" PRIu64 ", want %" PRIu64, expr, a, e);
    (void)check_that(a == e, msg, file, line);
}

static inline void check_i64(int64_t a, int64_t e, const char *expr, const char *file, int line)
{
    char msg[256];
    (void)snprintf(msg, sizeof msg, "%s: got %" PRId64 ", want %" PRId64, expr, a, e);
    (void)check_that(a == e, msg, file, line);
}

static inline void check_str(const char *a, const char *e, const char *expr, const char *file,
                             int line)
{
    char msg[512];
    (void)snprintf(msg, sizeof msg, "%.80s: got \"%.200s\", want \"%.200s\"", expr,
                   a ? a : "(null)", e);
    (void)check_that(a != NULL && strcmp(a, e) == 0, msg, file, line);
}

static inline void check_near(double a, double e, double tolerance, const char *expr,
                              const char *file, int line)
{
    char msg[256];
    const double d = a > e ? a - e : e - a;
    (void)snprintf(msg, sizeof msg, "%s: got %.17g, want %.17g +- %g", expr, a, e, tolerance);
    (void)check_that(d <= tolerance, msg, file, line);
}

#endif

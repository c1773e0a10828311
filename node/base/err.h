/* SPDX-License-Identifier: GPL-3.0-or-later
 * Error codes, their text, and the message sink. */
#ifndef SW_BASE_ERR_H
#define SW_BASE_ERR_H

/* One line per error: name, value, text.  Values are stored in result databases, so a value
 * is never reused. */
#define SW_ERR_LIST(X)                                 \
    X(SW_ERR_NOMEM, -1, "out of memory")               \
    X(SW_ERR_RANGE, -2, "value out of range")          \
    X(SW_ERR_MALFORMED, -3, "malformed input")         \
    X(SW_ERR_NOTFOUND, -4, "not found")                \
    X(SW_ERR_EXISTS, -5, "exists already")             \
    X(SW_ERR_FULL, -6, "no space left")                \
    X(SW_ERR_IO, -7, "input or output error")          \
    X(SW_ERR_DENIED, -8, "permission denied")          \
    X(SW_ERR_TIMEOUT, -9, "timed out")                 \
    X(SW_ERR_UNREACHABLE, -10, "unreachable")          \
    X(SW_ERR_CRYPTO, -11, "authentication failed")     \
    X(SW_ERR_STATE, -12, "not possible in this state") \
    X(SW_ERR_UNSUPPORTED, -13, "not supported")        \
    X(SW_ERR_CRASHED, -14, "the host went away")       \
    X(SW_ERR_NOT_A_DIRECTORY, -15, "not a directory")  \
    X(SW_ERR_IS_A_DIRECTORY, -16, "is a directory")    \
    X(SW_ERR_NOT_EMPTY, -17, "directory not empty")    \
    X(SW_ERR_LOOP, -18, "too many symbolic links")     \
    X(SW_ERR_BUSY, -19, "busy, try again later")       \
    X(SW_ERR_TOO_FEW, -20, "too few nodes")

enum sw_err {
    SW_OK = 0,
#define X(name, value, text) name = (value),
    SW_ERR_LIST(X)
#undef X
};

/* Text for @err; never NULL, "unknown error" for a code this build lacks. */
const char *sw_strerror(int err);

/* Where a fallible set-up call explains itself to a person. */
struct sw_diag {
    char text[256]; /* NUL-terminated; empty until something fails. */
};

/* Write the message into @d (ignored when NULL) and return @err, so that
 *     return sw_diag_set(d, SW_ERR_RANGE, "line %u: loss %g", line, loss);
 * is the whole error path.  The first message wins: it is nearest the cause. */
int sw_diag_set(struct sw_diag *d, int err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif

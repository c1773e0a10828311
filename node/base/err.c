/* SPDX-License-Identifier: GPL-3.0-or-later
 * Error texts and the message sink. */
#include "node/base/err.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

const char *sw_strerror(int err)
{
    switch (err) {
    case SW_OK:
        return "ok";
#define X(name, value, text) \
    case name:               \
        return text;
        SW_ERR_LIST(X)
#undef X
    default:
        return "unknown error";
    }
}

int sw_diag_set(struct sw_diag *d, int err, const char *fmt, ...)
{
    if (d != NULL && d->text[0] == '\0') {
        va_list args;
        va_start(args, fmt);
        (void)vsnprintf(d->text, sizeof d->text, fmt, args);
        va_end(args);
    }
    return err;
}

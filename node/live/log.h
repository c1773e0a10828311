/* SPDX-License-Identifier: GPL-3.0-or-later
 * The log: one event a line, logfmt or JSON, to standard error.  Any thread may write; a line is
 * one write.  Secrets are never passed here. */
#ifndef SW_LIVE_LOG_H
#define SW_LIVE_LOG_H

#include "node/base/types.h"
#include "node/conf/config.h"

struct live_field {
    const char *key;
    const char *text; /* NULL: @number is the value */
    uint64_t number;
};

/* What is above @level is not written.  Before this: info, logfmt. */
void live_log_set(enum sw_log_level level, enum sw_log_format format);
bool live_log_on(enum sw_log_level level);
/* @fields end with a NULL key. */
void live_log_write(enum sw_log_level level, const char *event, const struct live_field *fields);
/* What live_log_write writes: how many of the @cap bytes (>= 8) of @out were used, newline
 * included; a line too long is cut. */
size_t live_log_format(enum sw_log_format format, enum sw_log_level level, const char *event,
                       const struct live_field *fields, char *out, size_t cap);

#define LIVE_TEXT(key, text) \
    {                        \
        (key), (text), 0     \
    }
#define LIVE_NUMBER(key, number) \
    {                            \
        (key), NULL, (number)    \
    }
#define LIVE_LOG(level, event, ...) \
    live_log_write((level), (event), (const struct live_field[]){ __VA_ARGS__, { NULL, NULL, 0 } })
/* An event that says it all. */
#define LIVE_SAY(level, event) \
    live_log_write((level), (event), (const struct live_field[]){ { NULL, NULL, 0 } })

#endif

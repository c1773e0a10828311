/* SPDX-License-Identifier: GPL-3.0-or-later
 * Writes one JSON value (RFC 8259), commas and quotes in their places. */
#ifndef SW_CTL_JSON_H
#define SW_CTL_JSON_H

#include "node/base/types.h"

#include <stdio.h>

struct ctl_json {
    FILE *to;
    bool comma; /* something stands before, at this depth */
};

/* @key NULL: within a list, or the outermost value. */
void ctl_json_open(struct ctl_json *j, const char *key, char bracket);
void ctl_json_close(struct ctl_json *j, char bracket);
void ctl_json_text(struct ctl_json *j, const char *key, const char *text);
void ctl_json_hex(struct ctl_json *j, const char *key, struct sw_bytes bytes);
void ctl_json_number(struct ctl_json *j, const char *key, uint64_t n);
void ctl_json_real(struct ctl_json *j, const char *key, double v); /* NaN: null */
void ctl_json_bool(struct ctl_json *j, const char *key, bool v);

#endif

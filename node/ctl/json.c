/* SPDX-License-Identifier: GPL-3.0-or-later
 * JSON, written. */
#include "node/ctl/json.h"

static void quote(FILE *to, const char *text)
{
    (void)fputc('"', to);
    for (const char *p = text; *p != '\0'; p++) {
        const unsigned char ch = (unsigned char)*p;
        if (ch == '"' || ch == '\\') {
            (void)fprintf(to, "\\%c", ch);
        } else if (ch < 0x20) {
            (void)fprintf(to, "\\u%04x", ch);
        } else {
            (void)fputc(ch, to);
        }
    }
    (void)fputc('"', to);
}

static void begin(struct ctl_json *j, const char *key)
{
    if (j->comma) {
        (void)fputs(", ", j->to);
    }
    j->comma = true;
    if (key != NULL) {
        quote(j->to, key);
        (void)fputs(": ", j->to);
    }
}

void ctl_json_open(struct ctl_json *j, const char *key, char bracket)
{
    begin(j, key);
    (void)fputc(bracket, j->to);
    j->comma = false;
}

void ctl_json_close(struct ctl_json *j, char bracket)
{
    (void)fputc(bracket, j->to);
    j->comma = true;
}

void ctl_json_text(struct ctl_json *j, const char *key, const char *text)
{
    begin(j, key);
    quote(j->to, text);
}

void ctl_json_hex(struct ctl_json *j, const char *key, struct sw_bytes bytes)
{
    begin(j, key);
    (void)fputc('"', j->to);
    for (size_t i = 0; i < bytes.len; i++) {
        (void)fprintf(j->to, "%02x", bytes.data[i]);
    }
    (void)fputc('"', j->to);
}

void ctl_json_number(struct ctl_json *j, const char *key, uint64_t n)
{
    begin(j, key);
    (void)fprintf(j->to, "%llu", (unsigned long long)n);
}

void ctl_json_real(struct ctl_json *j, const char *key, double v)
{
    begin(j, key);
    if (v - v != 0) { /* NaN and the infinities: JSON has none */
        (void)fputs("null", j->to);
    } else {
        (void)fprintf(j->to, "%.17g", v);
    }
}

void ctl_json_bool(struct ctl_json *j, const char *key, bool v)
{
    begin(j, key);
    (void)fputs(v ? "true" : "false", j->to);
}

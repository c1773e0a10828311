/* SPDX-License-Identifier: GPL-3.0-or-later
 * JSON strings and numbers. */
#include "sim/verbs/json.h"

#include <math.h>

void sim_json_string(FILE *to, const char *s)
{
    (void)fputc('"', to);
    for (; *s != '\0'; s++) {
        const unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') {
            (void)fprintf(to, "\\%c", c);
        } else if (c < 0x20) {
            (void)fprintf(to, "\\u%04x", c);
        } else {
            (void)fputc(c, to);
        }
    }
    (void)fputc('"', to);
}

void sim_json_number(FILE *to, double v)
{
    if (isfinite(v)) {
        (void)fprintf(to, "%.17g", v);
    } else {
        (void)fputs("null", to);
    }
}

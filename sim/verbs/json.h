/* SPDX-License-Identifier: GPL-3.0-or-later
 * Writing JSON (RFC 8259) to a stream. */
#ifndef SIM_JSON_H
#define SIM_JSON_H

#include <stdio.h>

/* A string, quoted and escaped. */
void sim_json_string(FILE *to, const char *s);
/* A number that reads back to the same bits; null for NaN and infinities. */
void sim_json_number(FILE *to, double v);

#endif

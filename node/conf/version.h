/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a program is made of: its version, the node core in it, and the libraries the core calls.
 * The same for all programs, so that a simulator and a daemon can be compared line by line. */
#ifndef SW_CONF_VERSION_H
#define SW_CONF_VERSION_H

#include <stdio.h>

const char *sw_version(void);     /* "0.1.0" */
const char *sw_core_digest(void); /* 64 hex digits; scripts/core-digest says of what */

/* The running program's GNU build-id in hexadecimal, which differs between programs made of
 * different code; "" when it was linked without one. */
#define SW_BUILD_ID 65
void sw_program_id(char out[SW_BUILD_ID]);

/* Print, one fact a line, the first word saying which:
 *   @program and its version; core; compiler; flags; a "library" line with name and GNU build-id
 *   for every loaded shared library that the core calls.
 * 0, or -1 when @out can't be written. */
int sw_version_print(FILE *out, const char *program);

#endif

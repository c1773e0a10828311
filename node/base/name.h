/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a name of a node, region or set looks like: 1 to SW_NAME_MAX of [a-z0-9-]. */
#ifndef SW_BASE_NAME_H
#define SW_BASE_NAME_H

#include "node/base/types.h"

bool sw_name_valid(const char *text);
/* The same of bytes that need not be terminated. */
bool sw_name_valid_bytes(const uint8_t *s, size_t len);

/* A number for @name, the same at every node: FNV-1a, 64 bits (Fowler, Noll, Vo). */
uint64_t sw_name_id(const struct sw_name *name);

#endif

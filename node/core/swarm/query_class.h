/* SPDX-License-Identifier: GPL-3.0-or-later
 * Query classes: queries of one zone and one group of types are served alike, so what one of them
 * taught the router holds for the others. */
#ifndef SW_SWARM_QUERY_CLASS_H
#define SW_SWARM_QUERY_CLASS_H

#include "node/base/types.h"

/* A zone's half.  @name: wire form, lower case. */
uint64_t sw_query_class_zone(const uint8_t *name);
/* The class of queries of DNS type @type in that zone. */
uint64_t sw_query_class(uint64_t zone, uint16_t type);

#endif

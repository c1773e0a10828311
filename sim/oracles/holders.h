/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which versions of a zone nodes serve, seen from outside. */
#ifndef SIM_HOLDERS_H
#define SIM_HOLDERS_H

#include "node/core/dns/version.h"
#include "sim/world/world.h"

/* Is node @node up, done with its start, and in a region with a network? */
bool sim_node_reached(const struct sim_world *w, uint32_t node);
/* What reached node @node has of the zone; false: it does not hold it, or is not reached. */
bool sim_node_zone(const struct sim_world *w, uint32_t node, const char *zone,
                   struct sw_zone_info *out);
/* The newest version that any such node serves, without its digest; false: none serves one. */
bool sim_zone_newest(const struct sim_world *w, const char *zone, struct sw_zone_version *out);

#endif

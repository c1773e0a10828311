/* SPDX-License-Identifier: GPL-3.0-or-later
 * A view: the immutable picture from which fronts answer.  The node makes one whenever it
 * changes and publishes it; fronts only read; the node frees it when every front has moved on. */
#ifndef SW_CORE_VIEW_H
#define SW_CORE_VIEW_H

#include "node/base/prefix.h"
#include "node/core/dns/zone.h"

struct sw_view {
    /* Zones held here, in canonical order of their names. */
    const struct sw_zone *const *zones;
    size_t n_zones;
    /* Names of zones held only elsewhere (wire form, lower case), same order: FORWARD these. */
    const uint8_t *const *elsewhere;
    size_t n_elsewhere;
    uint16_t udp_size; /* largest datagram to send */
    /* Whose questions for what no zone has go to upstreams; none: nobody's. */
    const struct sw_prefix *clients;
    size_t n_clients;
};

#endif

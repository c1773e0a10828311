/* SPDX-License-Identifier: GPL-3.0-or-later
 * A relay's part in fetching: parts of a zone for a backup that can't reach the holder
 * (swarm/carry.h).  The relay keeps nothing of them, and need not hold the zone. */
#ifndef SW_ZONES_CARRY_H
#define SW_ZONES_CARRY_H

#include "node/core/event.h"
#include "node/core/proto/swarm.pb-c.h"

struct sw_link;
struct sw_node;

/* Parts on their way at once: 4 MiB. */
#define SW_ZONE_CARRY_MOST 16U
/* What a part costs of the relay's share, in requests. */
#define SW_ZONE_CARRY_PRICE 10.0

/* A part that was asked for. */
struct sw_zone_carried {
    uint64_t id;    /* ours */
    sw_conn asker;  /* bulk */
    uint64_t asked; /* the asker's number for it */
    uint32_t to;
    sw_time since;
};

struct sw_zone_carry {
    struct sw_zone_carried v[SW_ZONE_CARRY_MOST];
    uint32_t n;
    uint64_t last_id;
};

/* Ask the target for what @get says, or refuse by SW_ERR_UNREACHABLE. */
void sw_zone_carry_get(struct sw_node *n, const struct sw_link *link,
                       const Swarm__V1__ZoneGet *get);
/* A part that we asked for another. */
void sw_zone_carry_data(struct sw_node *n, const struct sw_link *link,
                        const Swarm__V1__ZoneData *data);
/* Once a second: what nobody answers is forgotten. */
void sw_zone_carry_beat(struct sw_node *n);
/* The bulk connection with @peer is gone. */
void sw_zone_carry_lost(struct sw_node *n, uint32_t peer);

#endif

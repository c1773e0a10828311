/* SPDX-License-Identifier: GPL-3.0-or-later
 * How urgent a packed Envelope is. */
#include "node/core/swarm/lane.h"

#include "node/core/proto/swarm.pb-c.h"

uint32_t sw_envelope_first_field(struct sw_bytes envelope)
{
    /* A tag is a varint of (number << 3 | wire type); every body has wire type 2.  Bodies below
     * 16 have tags of one byte, and a longer form of the same number is not canonical. */
    if (envelope.len == 0 || (envelope.data[0] & 0x87U) != 2) {
        return 0;
    }
    return envelope.data[0] >> 3;
}

enum sw_lane sw_envelope_lane(struct sw_bytes envelope)
{
    const uint32_t field = sw_envelope_first_field(envelope);
    if (field == SWARM__V1__ENVELOPE__BODY_QUERY) {
        return SW_LANE_WORK;
    }
    return field >= SWARM__V1__ENVELOPE__BODY_ZONE_TRANSFER ? SW_LANE_BULK : SW_LANE_URGENT;
}

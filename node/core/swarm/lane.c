/* SPDX-License-Identifier: GPL-3.0-or-later
 * How urgent a packed Envelope is. */
#include "node/core/swarm/lane.h"

#include "node/core/proto/swarm.pb-c.h"

uint32_t sw_envelope_first_field(struct sw_bytes envelope)
{
    /* A tag is a varint of (number << 3 | wire type); every body has wire type 2.  Bodies below
     * 16 have tags of one byte, and a longer form of the same number is not canonical. */
    if (envelope.len == 0 || (envelope.data[0] & 0x07U) != 2) {
        return 0;
    }
    if ((envelope.data[0] & 0x80U) == 0) {
        return envelope.data[0] >> 3;
    }
    return envelope.len > 1 && envelope.data[1] > 0 && envelope.data[1] < 0x80
               ? (envelope.data[0] & 0x7FU) >> 3 | (uint32_t)envelope.data[1] << 4
               : 0;
}

enum sw_lane sw_envelope_lane(struct sw_bytes envelope)
{
    const uint32_t field = sw_envelope_first_field(envelope);
    if (field == SWARM__V1__ENVELOPE__BODY_QUERY) {
        return SW_LANE_WORK;
    }
    return field >= SWARM__V1__ENVELOPE__BODY_ZONE_TRANSFER &&
                   field <= SWARM__V1__ENVELOPE__BODY_HEADS
               ? SW_LANE_BULK
               : SW_LANE_URGENT;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * How urgent a packed Envelope is, told from its first byte: a host puts work into the queue of
 * its processor and lets what is urgent pass, so that a probe measures the network and the answer
 * says how long the queue is. */
#ifndef SW_SWARM_LANE_H
#define SW_SWARM_LANE_H

#include "node/base/types.h"

enum sw_lane {
    SW_LANE_URGENT, /* costs next to nothing: hello, ant, answer, goodbye; and nonsense */
    SW_LANE_WORK,   /* must be answered from zones: query */
    SW_LANE_BULK,   /* backup objects */
};

/* A node hangs up on a peer whose Envelope says one thing first and another later, so the lane is
 * right for every Envelope that has any effect. */
enum sw_lane sw_envelope_lane(struct sw_bytes envelope);

/* The number of the Envelope's first field, 0 when there is none. */
uint32_t sw_envelope_first_field(struct sw_bytes envelope);

#endif

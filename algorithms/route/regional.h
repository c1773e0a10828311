/* SPDX-License-Identifier: GPL-3.0-or-later
 * What policies share that first draw a region, then a member of it.
 *
 *   region:  drawn in proportion to this node's shares, among those with an open candidate that
 *            is in health (candidates.h); where no share is left, no region is preferred
 *   member:  of those, the one with the least predicted stay  s (1 + max(0, q + 1 - c)/c),
 *            q = max(0, q_said - t c/s) + os;  without a region, the least of stay and round trip
 *            together; the first of equals
 *
 * q_said, s, c: requests waiting, service time and cores as the member reported last, t ago; os:
 * our queries in flight to it.  A queue is believed to be worked off, so that a member that was
 * busy once is asked again.  One that has not reported counts as idle, 1 ms for each of our queries
 * in flight.
 *
 * Out of health: SW_REGIONAL_FAILURES time-outs in a row, the last one less than SW_REGIONAL_HOLD
 * ago; such a one is asked when no other is open.  The hold is short, since membership takes the
 * dead away, and a region of three that loses one to bad luck for long is overloaded. */
#ifndef SW_ROUTE_REGIONAL_H
#define SW_ROUTE_REGIONAL_H

#include "algorithms/route/balance.h"
#include "algorithms/route/usual.h"

#define SW_REGIONAL_FAILURES 3.0
#define SW_REGIONAL_HOLD (2.0 * (double)SW_SEC)

/* Of this node's queries. */
struct sw_shares {
    uint32_t n; /* 0: not known yet, then every region has as much */
    double w[SW_REGIONS_MOST];
};

struct sw_regional_peer {
    struct sw_usual usual;
    double service; /* 0: has not reported */
    uint32_t waiting, cores;
    sw_time said_at;
};

/* For descriptors of policies whose state is a struct sw_shares. */
size_t sw_regional_choose(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng);
void sw_regional_on_reply(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                          const struct sw_telemetry *t, bool probe, bool late);
bool sw_regional_wants_regions(const struct sw_route *r); /* always */

/* From now on this node's row of @b counts. */
void sw_shares_take(struct sw_shares *shares, const struct sw_regions *g,
                    const struct sw_balance *b);
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Smoothed round-trip time and how long to wait for an answer: the same for every policy, so
 * that policies are compared by whom they choose. */
#ifndef SW_ROUTE_RTT_H
#define SW_ROUTE_RTT_H

#include "algorithms/route/policy.h"

#define SW_RTT_PATIENCE_LOW (30 * SW_MS)      /* never give up sooner */
#define SW_RTT_PATIENCE_HIGH (800 * SW_MS)    /* nor later */
#define SW_RTT_PATIENCE_UNKNOWN (400 * SW_MS) /* before the first sample */
#define SW_RTT_MARGIN (5 * SW_MS)             /* what a steady path may vary */
#define SW_RTT_VAR_HIGH (300 * SW_MS)         /* where time-outs stop widening */

/* ns.  Zero-initialised: never measured. */
struct sw_rtt {
    double srtt, rttvar;
};

/* Fold in one measured round trip @rtt, in ns.  It belongs to one attempt, known by its id, so a
 * retried query is not ambiguous (Karn's rule does not apply).
 *   first: srtt = R, rttvar = R / 2
 *   then:  rttvar = 3/4 rttvar + 1/4 |srtt - R|, srtt = 7/8 srtt + 1/8 R
 * Source: RFC 6298, 2.2 and 2.3. */
void sw_rtt_sample(struct sw_rtt *rtt, double sample);

/* An attempt was given up: rttvar = min(1.5 rttvar, SW_RTT_VAR_HIGH).  Milder than RFC 6298's
 * doubling of the time-out, since the next attempt goes to another peer. */
void sw_rtt_back_off(struct sw_rtt *rtt);

/* srtt + max(4 rttvar, srtt / 8 + SW_RTT_MARGIN), within the bounds above.  The second term keeps
 * a path that is steady for a while from being given up for a hiccup: without it one attempt in
 * 35 was, with it one in 160 (scenarios/regional-outage.yaml, four seeds).
 * Source: RFC 6298, 2.3 (with its clock granularity G); the eighth is the time threshold of
 * RFC 9002, 6.1.2. */
sw_dur sw_rtt_patience(const struct sw_rtt *rtt);

#endif

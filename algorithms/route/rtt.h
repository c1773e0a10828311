/* SPDX-License-Identifier: GPL-3.0-or-later
 * Smoothed round-trip time and how long to wait for an answer: the same for every policy, so
 * that policies are compared by whom they choose. */
#ifndef SW_ROUTE_RTT_H
#define SW_ROUTE_RTT_H

#include "algorithms/route/policy.h"

#define SW_RTT_PATIENCE_LOW (30 * SW_MS)      /* never give up sooner */
#define SW_RTT_PATIENCE_HIGH (800 * SW_MS)    /* nor later */
#define SW_RTT_PATIENCE_UNKNOWN (400 * SW_MS) /* before the first sample */
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

/* srtt + 4 rttvar, within the bounds above. */
sw_dur sw_rtt_patience(const struct sw_rtt *rtt);

#endif

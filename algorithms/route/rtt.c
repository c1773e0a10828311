/* SPDX-License-Identifier: GPL-3.0-or-later
 * Round-trip estimate after RFC 6298. */
#include "algorithms/route/rtt.h"

void sw_rtt_sample(struct sw_rtt *rtt, double sample)
{
    sample = sample < 1 ? 1 : sample; /* 0 means never measured */
    if (rtt->srtt == 0) {
        rtt->srtt = sample;
        rtt->rttvar = sample / 2;
        return;
    }
    const double error = sample - rtt->srtt;
    rtt->rttvar += ((error < 0 ? -error : error) - rtt->rttvar) / 4;
    rtt->srtt += error / 8;
}

void sw_rtt_back_off(struct sw_rtt *rtt)
{
    const double wider = 1.5 * rtt->rttvar;
    rtt->rttvar = wider < (double)SW_RTT_VAR_HIGH ? wider : (double)SW_RTT_VAR_HIGH;
}

sw_dur sw_rtt_patience(const struct sw_rtt *rtt)
{
    if (rtt->srtt == 0) {
        return SW_RTT_PATIENCE_UNKNOWN;
    }
    const double least = rtt->srtt / 8 + (double)SW_RTT_MARGIN;
    const double spread = 4 * rtt->rttvar;
    const double wait = rtt->srtt + (spread > least ? spread : least);
    if (wait < (double)SW_RTT_PATIENCE_LOW) {
        return SW_RTT_PATIENCE_LOW;
    }
    return wait < (double)SW_RTT_PATIENCE_HIGH ? (sw_dur)wait : SW_RTT_PATIENCE_HIGH;
}

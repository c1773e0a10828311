/* SPDX-License-Identifier: GPL-3.0-or-later
 * Suspicion time-outs. */
#include "node/core/swarm/suspicion.h"

#include "node/base/fmath.h"

sw_dur sw_suspicion_least(uint32_t n, sw_dur period)
{
    const double log10 = sw_log((double)n) / sw_log(10);
    return (sw_dur)(SW_SUSPICION_ALPHA * (log10 > 1 ? log10 : 1) * (double)period);
}

sw_dur sw_suspicion_timeout(sw_dur least, uint32_t c, uint32_t k)
{
    if (c >= k) {
        return least;
    }
    const double low = (double)least;
    const double high = SW_SUSPICION_BETA * low;
    return (sw_dur)(high - (high - low) * sw_log(c + 1.0) / sw_log(k + 1.0));
}

uint32_t sw_suspicion_expected(uint32_t n)
{
    const uint32_t others = n > 2 ? n - 2 : 0;
    return others < SW_SUSPICION_K ? others : SW_SUSPICION_K;
}

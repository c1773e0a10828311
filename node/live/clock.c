/* SPDX-License-Identifier: GPL-3.0-or-later
 * The two clocks of a live node. */
#define _GNU_SOURCE /* what uv.h needs */
#include "node/live/clock.h"

#include <time.h>
#include <uv.h>

#define LONGEST_MS (UINT64_C(3600) * 1000) /* look again after an hour at the latest */

sw_time live_now(void)
{
    return uv_hrtime();
}

sw_wall live_wall(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (sw_wall)t.tv_sec * (sw_wall)SW_SEC + t.tv_nsec;
}

uint64_t live_timer_ms(sw_time now, sw_time at)
{
    if (at <= now) {
        return 0;
    }
    const uint64_t ms = (at - now - 1) / SW_MS + 1;
    return ms < LONGEST_MS ? ms : LONGEST_MS;
}

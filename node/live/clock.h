/* SPDX-License-Identifier: GPL-3.0-or-later
 * The two clocks of a live node. */
#ifndef SW_LIVE_CLOCK_H
#define SW_LIVE_CLOCK_H

#include "node/base/types.h"

/* Monotonic. */
sw_time live_now(void);
sw_wall live_wall(void);
/* Milliseconds for a libuv timer, from @now to @at, rounded up so that it never fires early. */
uint64_t live_timer_ms(sw_time now, sw_time at);

#endif

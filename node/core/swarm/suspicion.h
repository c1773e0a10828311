/* SPDX-License-Identifier: GPL-3.0-or-later
 * How long a suspect may take to refute: Lifeguard's suspicion time-outs (Dadgar, Phillips, Currey,
 * "Lifeguard: Local Health Awareness for More Accurate Failure Detection", 2017, IV.B), which
 * begin long and shrink with each independent confirmation. */
#ifndef SW_SWARM_SUSPICION_H
#define SW_SWARM_SUSPICION_H

#include "node/base/types.h"

#define SW_SUSPICION_ALPHA 5 /* the least is alpha * log10(n) periods (the paper's default) */
#define SW_SUSPICION_BETA 6  /* the most is beta times that (the paper's default) */
#define SW_SUSPICION_K 3U    /* confirmations after which it is the least (the paper's default) */

/* alpha * max(1, log10(@n)) * @period, of a swarm of @n members, 1 or more. */
sw_dur sw_suspicion_least(uint32_t n, sw_dur period);

/* Since the suspicion began, with @c confirmations beside the first accuser's of @k expected:
 * max(least, most - (most - least) * log(c + 1) / log(k + 1)); the least when @k is 0. */
sw_dur sw_suspicion_timeout(sw_dur least, uint32_t c, uint32_t k);

/* Confirmations that a swarm of @n can give: neither we nor the suspect count. */
uint32_t sw_suspicion_expected(uint32_t n);

#endif

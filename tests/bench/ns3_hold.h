/* SPDX-License-Identifier: GPL-3.0-or-later
 * The hold model on ns-3, for bench_hold: ns-3.org, version as installed. */
#ifndef SW_TESTS_BENCH_NS3_HOLD_H
#define SW_TESTS_BENCH_NS3_HOLD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ns-3's schedulers by number, its default first; NULL past the end. */
const char *ns3_hold_scheduler(size_t i);
/* Million events per processor second. */
double ns3_hold_rate(size_t scheduler, uint64_t pending, uint64_t events);

#ifdef __cplusplus
}
#endif

#endif

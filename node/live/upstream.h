/* SPDX-License-Identifier: GPL-3.0-or-later
 * Queries to upstreams: each has a socket of its own, with a port that the system draws at random
 * (RFC 5452, 9.2), connected, so that only that upstream can answer. */
#ifndef SW_LIVE_UPSTREAM_H
#define SW_LIVE_UPSTREAM_H

#include "node/core/event.h"

struct live_host;
struct live_upstreams;

/* NULL when memory is out. */
struct live_upstreams *live_upstreams_new(struct live_host *h);
/* When all handles of the loop are closed. */
void live_upstreams_free(struct live_upstreams *u);
/* Carry out ASK, whose UPSTREAM events follow; and UNASK. */
void live_upstreams_ask(struct live_upstreams *u, const struct sw_action *ask);
void live_upstreams_unask(struct live_upstreams *u, uint64_t id);
/* Close all: nothing comes any more. */
void live_upstreams_shutdown(struct live_upstreams *u);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Upstreams: resolvers outside the swarm, which know the scenario's zones that no node holds.  What
 * one has resolved it keeps for its TTL, and counts that down; a resolution takes time. */
#ifndef SIM_UPSTREAM_H
#define SIM_UPSTREAM_H

#include "sim/world/inside.h"

struct sim_upstreams;

/* Errors: SW_ERR_NOTFOUND (a region), SW_ERR_MALFORMED (a zone), SW_ERR_NOMEM. */
int sim_upstreams_new(struct sim_world *w, struct sim_upstreams **out, struct sw_diag *d);
void sim_upstreams_free(struct sim_upstreams *u);

/* Node @node of the scenario asks (ASK): its host gets what comes back, by sim_host_upstream.  An
 * address that is no upstream's name: nobody is there. */
void sim_upstreams_ask(struct sim_upstreams *u, uint32_t node, const struct sw_action *ask,
                       struct sim_luck luck);
/* Those in @region, SIM_ANY: all, answer nothing. */
void sim_upstreams_outage(struct sim_upstreams *u, uint32_t region, bool begins);

#endif

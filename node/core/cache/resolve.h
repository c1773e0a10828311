/* SPDX-License-Identifier: GPL-3.0-or-later
 * Questions that no zone of the swarm answers, of clients and of peers. */
#ifndef SW_CACHE_RESOLVE_H
#define SW_CACHE_RESOLVE_H

#include "node/core/dns/wire.h"
#include "node/core/proto/swarm.pb-c.h"

struct sw_node;
struct sw_link;

/* QUERY for what no zone has, in the present event: @q is what it says. */
void sw_resolve_client(struct sw_node *n, const struct sw_question *q);
/* A peer's, which has passed @query->hops nodes.  Errors: SW_ERR_MALFORMED. */
int sw_resolve_peer(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Query *query);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Serving peers: their queries are answered from the zones held here, or refused at once. */
#ifndef SW_SWARM_SERVE_H
#define SW_SWARM_SERVE_H

#include "node/core/event.h"
#include "node/core/proto/swarm.pb-c.h"

struct sw_link;
struct sw_node;

/* A query that passed more nodes than this is going in circles. */
#define SW_HOPS_MAX 4U

/* How busy this node is now, initialised and filled. */
void sw_serve_load(const struct sw_node *n, Swarm__V1__Load *load);

/* Too much waited here for a peer's query when it came: config.max_queue, config.max_stay. */
bool sw_serve_is_full(const struct sw_node *n);
/* Refuse the Query @id that came by @conn. */
void sw_serve_refuse(struct sw_node *n, sw_conn conn, uint64_t id);
/* Answer a peer's Query, or hand it on where it has a target (carry.h).  Refused, by an empty
 * Answer: one that comes back to where it began or has too many hops; one for a zone not held here;
 * any while draining or full.  A refusal says how busy we are.
 * Errors: SW_ERR_MALFORMED: it is no DNS query. */
int sw_serve_query(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Query *query);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * A relay's part: queries and ants of members that can't reach their target are handed on to it,
 * and the replies back (relay.h).
 *
 * Handed on is only what comes from its origin itself (one hop, by a connection whose certificate
 * proves the name), to a target that is neither it nor us and that we reach; the rest is refused at
 * once.  What is handed on has two hops and no target, so that nobody hands it on again.  A relay
 * gives no more than a share of its processors to others, and carries a limited number at once. */
#ifndef SW_SWARM_CARRY_H
#define SW_SWARM_CARRY_H

#include "node/base/types.h"
#include "node/core/proto/swarm.pb-c.h"

struct sw_attempt;
struct sw_link;
struct sw_node;

/* Of its processors' time; saved up for a second. */
#define SW_CARRY_SHARE 0.25
/* What a request takes when the host does not say. */
#define SW_CARRY_SERVICE (100 * SW_US)
/* Queries and ants carried at once. */
#define SW_CARRY_MOST 256U

/* What a message says of its way. */
struct sw_carry_way {
    uint32_t hops;
    const char *origin, *target;
};

struct sw_carry {
    double saved; /* ns of processor time */
    sw_time saved_at;
    uint32_t n; /* carried now */
};

/* To whom may be handed on what @link's peer says, at a price of @requests requests?  That is paid
 * then.  SW_PEER_NONE: to nobody. */
uint32_t sw_carry_bound_for(struct sw_node *n, const struct sw_link *link, double requests,
                            const struct sw_carry_way *way);
/* Hand on @query, or refuse it by an empty Answer; @ant, or refuse it. */
void sw_carry_query(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Query *query);
void sw_carry_ant(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Ant *ant);
/* The reply to what was handed on as @a, which ends here. */
void sw_carry_answer(struct sw_node *n, struct sw_attempt *a, const Swarm__V1__Answer *answer);
void sw_carry_ant_reply(struct sw_node *n, struct sw_attempt *a, const Swarm__V1__AntReply *reply);
/* @a ends; without a reply, who asked is refused. */
void sw_carry_end(struct sw_node *n, struct sw_attempt *a);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Dissemination: what changed rides on probes (SWIM, 4.1).  What is told of a member is always its
 * present state: its record while it lives or when it left, the claim against it otherwise. */
#ifndef SW_SWARM_GOSSIP_H
#define SW_SWARM_GOSSIP_H

#include "node/base/types.h"
#include "node/core/proto/swarm.pb-c.h"

struct sw_node;

/* Each change is told to SW_GOSSIP_LAMBDA * ceil(log2(n + 1)) members by everyone who heard it. */
#define SW_GOSSIP_LAMBDA 3U
/* Bytes of gossip a message carries; more only when a single record is larger. */
#define SW_GOSSIP_BYTES 1200U

/* Whose state must be told: peers' numbers and SW_PEER_SELF.  First what must not wait behind a
 * swarm that joined at once: who is accused, or was until now, and we ourselves.  Of both kinds the
 * newest first, those that were told already behind. */
struct sw_gossip {
    uint32_t *v; /* a ring */
    uint32_t first, n, cap;
    uint32_t urgent; /* of the n */
};

/* Room for @n_peers and ourselves.  Errors: SW_ERR_NOMEM. */
int sw_gossip_reserve(struct sw_gossip *g, uint32_t n_peers);
void sw_gossip_fini(struct sw_gossip *g);

/* The state of @who (a peer's number, or SW_PEER_SELF) has changed. */
void sw_gossip_news(struct sw_node *n, uint32_t who);
void sw_gossip_forget(struct sw_node *n, uint32_t peer);

/* What rides on a message to peer @to, in the step's scratch; NULL: nothing.  When @to is suspect
 * it is told so first, that it may refute early (Lifeguard's buddy system). */
Swarm__V1__Gossip *sw_gossip_for(struct sw_node *n, uint32_t to);
/* Append the present state of @who to @g, whose lists have room.  False: memory is out. */
bool sw_gossip_add(struct sw_node *n, Swarm__V1__Gossip *g, uint32_t who);
/* An empty one with room for @cap states; NULL: memory is out. */
Swarm__V1__Gossip *sw_gossip_new(struct sw_node *n, size_t cap);
/* Take in what came.  Errors: SW_ERR_MALFORMED: a claim that is none. */
int sw_gossip_take(struct sw_node *n, const Swarm__V1__Gossip *gossip);

#endif

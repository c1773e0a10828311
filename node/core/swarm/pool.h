/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which members a node keeps connections with.  While there are no more others than
 * membership.connections, all of them, and in a closed swarm (membership.open false), where not
 * everybody knows the same.  Otherwise a random graph (Erdos and Renyi's G(n, p)) with
 * so many neighbours each on average: a pair is in it when a hash of both names is below
 * p = connections / n.  Both sides see that without talking, a member that comes or goes changes
 * only few pairs, and who is dead stays wanted, so that the sides of a partition find together.
 * By chance a member has no neighbour in it, n e^-connections of n; hence those beside each other
 * in a ring, by their names' hashes, are neighbours, too, and everybody is watched by somebody.
 *
 * The failure detector probes neighbours only, and a probe costs no handshake: each member is
 * probed by as many as it probes itself, once a period on average, as when targets are drawn from
 * all.  Any other member is dialled when somebody wants it, and hung up when it was idle. */
#ifndef SW_SWARM_POOL_H
#define SW_SWARM_POOL_H

#include "node/core/swarm/peer.h"

struct sw_candidate;
struct sw_known_zone;

#define SW_CONNECTIONS_LEAST 4U /* membership.connections */

/* A connection outside the graph is hung up when nothing but ants came by it for this long; by
 * the side that did not dial it after SW_POOL_LENIENCE times that. */
#define SW_POOL_IDLE (30 * SW_SEC)
#define SW_POOL_LENIENCE 4U
/* Control connections that we dialled and that stand at once, in multiples of
 * membership.connections: beyond, those outside the graph that were idle for longest are hung up.
 */
#define SW_POOL_MOST 2U
/* Holders of a zone that a node which forwards to them wants to choose from; one of its own region
 * among them. */
#define SW_POOL_HOLDERS 4U
#define SW_POOL_REACH 64U /* dials at once, of somebody who restores */

struct sw_pool {
    uint64_t own;  /* hash of our name */
    uint64_t next; /* of the names beside us in the ring; our own: there is none */
    uint64_t previous;
    uint32_t size;  /* others that are here, or were never heard of to be gone */
    uint32_t *kept; /* neighbours, in order of names, the dead among them */
    uint32_t n_kept, cap;
    bool stale; /* who is known or here has changed */
};

int sw_pool_reserve(struct sw_pool *p, uint32_t n_peers);
void sw_pool_fini(struct sw_pool *p);

/* The finaliser of SplitMix64 (Steele, Lea, Flood 2014), which spreads every bit. */
uint64_t sw_pool_mix(uint64_t x);

/* Neighbours now; their number in @n->pool.n_kept. */
const uint32_t *sw_pool_kept(struct sw_node *n);
/* Does every member keep connections with all others? */
bool sw_pool_is_mesh(const struct sw_node *n);
/* Is @peer a neighbour of ours?  Of @other's? */
bool sw_pool_keeps(const struct sw_node *n, const struct sw_peer *peer);
bool sw_pool_keep_each_other(const struct sw_node *n, const struct sw_peer *a,
                             const struct sw_peer *b);
/* Could @peer, which has no control connection, be dialled for a client's query now? */
bool sw_pool_may_dial(const struct sw_node *n, const struct sw_peer *peer);
/* A client asks for @zone, of whose holders the @count in @reachable are connected: dial one more,
 * unless there is a choice already. */
void sw_pool_want_holders(struct sw_node *n, const struct sw_known_zone *zone,
                          const struct sw_candidate *reachable, size_t count);

/* Somebody restores: connect with all that keep objects, SW_POOL_REACH dials at once.  True while
 * that is under way; who could not be had is dialled again later. */
bool sw_pool_reach_stores(struct sw_node *n);

/* Hang up on what is idle, or too much: at each beat. */
void sw_pool_trim(struct sw_node *n);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * A name's home: the node that asks upstreams for it and keeps the answer, so that the others find
 * it there.  Every node finds the same one: rendezvous hashing over the members that cache, with
 * bounded loads, so that no home is overrun by a name in a crowd. */
#ifndef SW_CACHE_HOME_H
#define SW_CACHE_HOME_H

#include "node/base/types.h"

struct sw_node;

/* A home has at most (1 + epsilon) times as many of our questions in flight as the mean of all, and
 * so many in any case: below that nobody is overrun, and another home would only miss.
 * (Mirrokni, Thorup, Zadimoghaddam, Consistent Hashing with Bounded Loads, SODA 2018.) */
#define SW_HOME_EPSILON 0.25
#define SW_HOME_LEAST 16U

enum sw_realm { SW_REALM_REGION, SW_REALM_SWARM };

/* A name's number, the same everywhere.  @name is in wire form, lower case. */
uint64_t sw_home_key(const uint8_t *name, size_t len);
/* Who is home to @key in @realm, of those that can be asked now: a peer, or SW_PEER_SELF.  @absent
 * (may be NULL) gets the member that would be, but that there is no connection with it, as in
 * swarms where members keep few (pool.h); else SW_PEER_NONE. */
uint32_t sw_home(const struct sw_node *n, uint64_t key, enum sw_realm realm, uint32_t *absent);
/* Whom to ask for @key where the routing policy chooses, by whose cache had answers of its class.
 */
uint32_t sw_home_by_trail(struct sw_node *n, uint64_t key, enum sw_realm realm);
/* The @cap best in the swarm but ourselves, the best first, whatever their load; how many. */
size_t sw_home_others(const struct sw_node *n, uint64_t key, uint32_t *out, size_t cap);

#endif

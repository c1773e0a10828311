/* SPDX-License-Identifier: GPL-3.0-or-later
 * How many questions of each client wait, so that none fills the room that all share: a name that
 * nobody asked for before costs its whole deadline while upstreams are silent.  Unbound's
 * `wait-limit` does the same, with the same default (unbound.conf(5)); clients are addresses, and
 * by IPv6 networks of 64 bits, since a host there has as many addresses as it likes (RFC 7934).
 *
 * Counts are kept in two rows of cells, one of each for a client, and the lesser is its count
 * (count-min: Cormode, Muthukrishnan 2005): never too little, and too much only where other clients
 * met it in both.  Memory is fixed, and who meets whom depends on the node's seed. */
#ifndef SW_CACHE_WAITS_H
#define SW_CACHE_WAITS_H

#include "node/base/rng.h"
#include "node/core/event.h"

#define SW_WAITS_CELLS 2048U

struct sw_waits {
    uint32_t row[2][SW_WAITS_CELLS];
};

struct sw_rng_key sw_waits_key(uint64_t seed);

/* How many of @client's wait, at least that many. */
uint32_t sw_waits_of(const struct sw_waits *w, struct sw_rng_key key,
                     const struct sw_client *client);
/* One more waits; one of them is answered. */
void sw_waits_begin(struct sw_waits *w, struct sw_rng_key key, const struct sw_client *client);
void sw_waits_end(struct sw_waits *w, struct sw_rng_key key, const struct sw_client *client);

#endif

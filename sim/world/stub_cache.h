/* SPDX-License-Identifier: GPL-3.0-or-later
 * What stubs with a cache remember: until when they need not ask.  One table for all clients of a
 * group; the answers themselves were checked when they were accepted. */
#ifndef SIM_STUB_CACHE_H
#define SIM_STUB_CACHE_H

#include "node/base/types.h"

struct sim_question;
struct sim_stub_cache;

struct sim_stub_cache *sim_stub_cache_new(void);
void sim_stub_cache_free(struct sim_stub_cache *c);

/* @client, in its @epoch, got the answer @m to @a: kept for the smallest TTL of its answer section,
 * or, without one, for the smaller of the SOA's TTL and MINIMUM (RFC 2308, 5); 2 h at most.
 * An answer with neither is not kept, nor one for a made-up name, which nobody asks for twice. */
void sim_stub_cache_put(struct sim_stub_cache *c, uint32_t client, uint16_t epoch,
                        const struct sim_question *a, struct sw_bytes m, sw_time now);
bool sim_stub_cache_has(const struct sim_stub_cache *c, uint32_t client, uint16_t epoch,
                        const struct sim_question *a, sw_time now);

/* How long @m may be kept, s; 0: not at all. */
uint32_t sim_stub_cache_ttl(struct sw_bytes m);

#endif

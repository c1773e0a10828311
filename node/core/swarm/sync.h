/* SPDX-License-Identifier: GPL-3.0-or-later
 * Anti-entropy and joining: two members compare all that they know, so that what gossip missed, and
 * what happened on the other side of a partition, gets known.  From time to time each also calls
 * one that it can't reach now: a member that is dead or left, a configured peer, an address to join
 * by.
 * Who knows less lists what it knows, so that a comparison is as long as the shorter list; in a
 * closed swarm (membership.open false) it is told of nobody else. */
#ifndef SW_SWARM_SYNC_H
#define SW_SWARM_SYNC_H

#include "node/base/heap.h"
#include "node/base/rng.h"
#include "node/core/proto/swarm.pb-c.h"

struct sw_node;
struct sw_link;
struct sw_peer;

/* Between two comparisons that a member begins; times ceil(log2(n / 32)) + 1 from 32 members on,
 * since a comparison of what differs is as long as the swarm is large. */
#define SW_SYNC_EVERY (10 * SW_SEC)
#define SW_SYNC_FLAT 32U
/* The mean of that time, where @n_live others live; at most half as long again. */
sw_dur sw_sync_every(uint32_t n_live);
/* Between two calls while nobody is there, so many times in a row at most. */
#define SW_JOIN_EVERY (1 * SW_SEC)
#define SW_JOIN_QUICK 10U
/* Bytes of states in one message; the rest come with the next comparison. */
#define SW_SYNC_BYTES (1 * SW_MIB)

struct sw_sync {
    struct sw_rng rng;
    struct sw_timer timer;
    uint64_t sum;       /* of all members' shares */
    uint32_t members;   /* that have one */
    sw_time offered_at; /* when we began a comparison last; 0: never */
    uint32_t alone;     /* times in a row that nobody was there */
};

/* What is known of @peer has changed; it is no longer known. */
void sw_sync_note(struct sw_node *n, struct sw_peer *peer);
void sw_sync_forget(struct sw_node *n, const struct sw_peer *peer);
/* Was it told of all that changed?  For sound.c. */
bool sw_sync_is_sound(const struct sw_node *n);

void sw_sync_begin(struct sw_node *n);
void sw_sync_due(struct sw_node *n);
/* A connection that we dialled stands: compare, unless we began to a moment ago with somebody else.
 * Who meets a large swarm, or the other side of a partition, gets connections by the dozen. */
#define SW_SYNC_RESTS 10 /* ... that is, a tenth of what sw_sync_every is beyond SW_SYNC_EVERY */
void sw_sync_greeted(struct sw_node *n, const struct sw_link *link);
/* Errors: SW_ERR_MALFORMED. */
int sw_sync_receive(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Sync *sync);
/* Our record to everybody who is connected. */
void sw_sync_tell_all(struct sw_node *n);

#endif

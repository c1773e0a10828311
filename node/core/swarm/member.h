/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who is in the swarm: the state of each member by SWIM's rules (Das, Gupta, Motivala 2002, 4.2),
 * with signed records in the place of "alive" messages.
 *
 *     record (i, v)  overrides what is known of (j, w) when i > j, or i = j and v > w
 *     suspect i      overrides alive i
 *     dead i         overrides alive i and suspect i
 *
 * Only a member itself can make a record, so only it can be alive again, leave, or raise its
 * incarnation; a claim about an incarnation whose record we do not have is not believed. */
#ifndef SW_SWARM_MEMBER_H
#define SW_SWARM_MEMBER_H

#include "node/base/heap.h"
#include "node/core/proto/swarm.pb-c.h"
#include "node/core/swarm/record.h"
#include "node/core/swarm/suspicion.h"

/* Members at most; more are not taken in. */
#define SW_MEMBERS_MOST 8192U
/* The dead and those that left are known for this long: they may come back, and nobody may learn
 * about them anew from somebody who has not heard. */
#define SW_GONE_KEPT SW_HOUR

enum sw_member_state {
    SW_MEMBER_UNKNOWN, /* configured or connected, but no record of it came yet */
    SW_MEMBER_ALIVE,
    SW_MEMBER_SUSPECT, /* somebody could not reach it; it may refute */
    SW_MEMBER_DEAD,    /* it did not */
    SW_MEMBER_LEFT,    /* it said so */
};
const char *sw_member_state_name(enum sw_member_state state);

/* Of a suspect. */
struct sw_suspicion {
    struct sw_timer timer; /* first; when it is dead */
    uint32_t peer;
    sw_time since;
    uint32_t n; /* accusers, the first and those who confirm; 1 or more */
    struct sw_name accuser[SW_SUSPICION_K + 1];
};

struct sw_member {
    sw_time since; /* of the state */
    uint64_t incarnation, version;
    uint64_t share; /* of what the digest of all that we know sums up: sync.c */
    uint8_t key[SW_KEY_LEN];
    uint8_t *record;     /* packed; its signature and its address behind it; NULL: none */
    uint32_t record_len; /* of the first */
    uint32_t news;       /* times that its state must still be told: gossip.c */
    enum sw_member_state state;
    bool proven;                    /* the key was shown by a connection of the member's own */
    struct sw_suspicion *suspicion; /* NULL: none */
};

void sw_member_fini(struct sw_node *n, struct sw_member *m);
/* Is it alive, as far as we know? */
bool sw_member_lives(const struct sw_member *m);
/* Members that live, ourselves among them. */
uint32_t sw_member_count(const struct sw_node *n);
/* @out borrows from @m, which has a record. */
void sw_member_record(const struct sw_member *m, Swarm__V1__SignedRecord *out);
/* What is claimed of @m, which is suspect or dead; in the step's scratch.  NULL: memory is out. */
Swarm__V1__Claim *sw_member_claim(struct sw_node *n, uint32_t peer);

/* A record came: by gossip (@proven_by SW_PEER_NONE) or by the own connection of a peer, whose
 * name the connection proved.  A stale one changes nothing; one that can't be true, or that
 * another key signed than the pinned, is refused and traced.
 * Errors: SW_ERR_MALFORMED, SW_ERR_CRYPTO: refused; SW_ERR_FULL: of one more than
 * SW_MEMBERS_MOST, traced once until somebody is forgotten; SW_ERR_NOMEM: not taken. */
int sw_member_take_record(struct sw_node *n, const Swarm__V1__SignedRecord *signed_record,
                          uint32_t proven_by);
/* A claim came.  Errors: SW_ERR_MALFORMED, SW_ERR_NOMEM. */
int sw_member_take_claim(struct sw_node *n, const Swarm__V1__Claim *claim);

/* Our own probe of @peer failed. */
void sw_member_suspect(struct sw_node *n, uint32_t peer);
/* A suspicion's timer fired. */
void sw_member_expire(struct sw_node *n, struct sw_timer *timer);
/* Forget those that have long been gone: at each beat. */
void sw_member_forget_gone(struct sw_node *n);
/* We leave: tell everybody whom we reach. */
void sw_member_leave(struct sw_node *n);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Relay paths: the way to a member that lives but that we can't reach, through a third that
 * reaches both (after AntNet, Di Caro and Dorigo 1998: ants look for ways, trails say which is
 * good; here a way has one node in the middle).
 *
 * A member is *cut off* from us when it lives by what all others say, while no connection to it
 * stands, or it is silent: four queries, or a query and an ant, or two ants, timed out that we sent
 * since the last thing of any kind came from it.  (A busy one still answers ants.  Where the policy
 * has none, one follows a query that timed out.)  Once such a member is wanted, ants go to it
 * through members drawn at random; who can't reach it says so at once, and another is drawn.  The
 * paths that answer take part in the routing policy as if they were peers, with a policy of their
 * own: the same cost, price and evaporation, of the whole way.  Every second each path gets an ant,
 * and the dearest of a full set gives its place to one drawn anew.  They are forgotten when the
 * member is reached directly again, or no longer wanted.
 *
 * No loop can come about: a relay (carry.h) hands on only what comes from its origin itself, and
 * to the member named; what it hands on names none.  So nothing passes more than one relay. */
#ifndef SW_SWARM_RELAY_H
#define SW_SWARM_RELAY_H

#include "node/core/swarm/router.h"
#include "node/core/swarm/slots.h"

struct sw_node;
struct sw_attempt;

/* What timed out of all that was sent since the last thing came: so much is silence.  A query
 * counts for 1, as it may only wait in a queue; an ant, which passes the queue, for 3. */
#define SW_RELAY_SILENT 4U
#define SW_RELAY_MISSED_ANT 3U
/* Time-outs in a row that end a path. */
#define SW_RELAY_FAILURES 2U
/* Members that paths are kept to at once, and paths to one. */
#define SW_RELAY_TARGETS 8U
#define SW_RELAY_PATHS 4U
/* Relays tried for one of them at a time, and a second later, 2, 4, 8 ... while none leads there.
 */
#define SW_RELAY_TRIES 4U
#define SW_RELAY_PAUSE SW_SEC
#define SW_RELAY_PAUSE_MOST (8 * SW_SEC)
/* A path that brought nothing for so long is forgotten. */
#define SW_RELAY_STALE (5 * SW_SEC)
/* Nobody looks for ways to a member that was not wanted for so long. */
#define SW_RELAY_UNWANTED (10 * SW_SEC)

struct sw_relay_path {
    uint32_t relay, to; /* peers */
    uint32_t failures;  /* in a row */
    bool known;         /* something came back by it */
    sw_time heard_at;   /* when, or since when it is tried */
};

struct sw_relay_target {
    uint32_t peer;
    uint32_t tries; /* left */
    sw_time wanted_at;
    sw_time tries_at; /* when there are more */
    sw_dur pause;     /* from then on to the next ones */
};

struct sw_relays {
    struct sw_slots slots;   /* struct sw_relay_path */
    struct sw_router policy; /* as the node's, with a path's slot in place of a peer; set up when
                              * the first member is cut off */
    struct sw_relay_target target[SW_RELAY_TARGETS];
    uint32_t n_targets;
};

void sw_relays_init(struct sw_relays *r);
void sw_relays_fini(struct sw_relays *r);
/* Another configuration: begin anew. */
void sw_relays_reset(struct sw_node *n);

/* Does @peer live, though we can't reach it? */
bool sw_relay_is_cut_off(const struct sw_node *n, uint32_t peer);
/* Something came from @peer. */
void sw_relay_heard(struct sw_node *n, uint32_t peer);
/* @a, which went directly, timed out. */
void sw_relay_missed(struct sw_node *n, const struct sw_attempt *a);
/* @peer is wanted: look for relays if it is cut off. */
void sw_relay_want(struct sw_node *n, uint32_t peer);
/* A second has passed. */
void sw_relay_beat(struct sw_node *n);
/* @peer is no longer known. */
void sw_relay_forget(struct sw_node *n, uint32_t peer);

/* The path to take for @q rather than @direct, whom the router would ask (SW_NO_PEER: nobody):
 * where @direct is cut off or dearer.  0: none. */
uint64_t sw_relay_choose(struct sw_node *n, const struct sw_router_question *q, uint32_t direct);
/* The relay of the cheapest path to @to whose bulk connection stands, or SW_PEER_NONE. */
uint32_t sw_relay_for_bulk(const struct sw_node *n, uint32_t to);
/* @relay does not lead to @to any longer. */
void sw_relay_give_up(struct sw_node *n, uint32_t relay, uint32_t to);
/* A path by its number, which no other ever has; NULL: forgotten. */
const struct sw_relay_path *sw_relay_path(const struct sw_node *n, uint64_t path);
/* @a, not sent yet, goes by @path; whom it is for. */
struct sw_name sw_relay_take(struct sw_node *n, struct sw_attempt *a, uint64_t path);

/* What became of an attempt by a path: as the router's, which calls these. */
void sw_relay_sent(struct sw_node *n, const struct sw_attempt *a);
void sw_relay_replied(struct sw_node *n, const struct sw_attempt *a, const struct sw_telemetry *t);
void sw_relay_timed_out(struct sw_node *n, const struct sw_attempt *a);
/* The relay does not hand on what we sent. */
void sw_relay_refused(struct sw_node *n, const struct sw_attempt *a);

#endif

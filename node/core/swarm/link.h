/* SPDX-License-Identifier: GPL-3.0-or-later
 * Connections to peers: who dials, when to dial again, what a loss means.  Of two neighbours
 * (pool.h) the one with the smaller name dials and dials again, one connection for each class; the
 * other one dials when it wants something and there is none.  Where not all are neighbours, bulk
 * connections are dialled by who protects files, restores, or wants something else by them. */
#ifndef SW_SWARM_LINK_H
#define SW_SWARM_LINK_H

#include "node/core/swarm/peer.h"

/* Wait before the first dial after a loss, doubled with each failure in a row up to the longest;
 * the wait is drawn from its upper half (so that a region that comes back is not hit by all at
 * once).  A connection that stood for the longest wait ends the row. */
#define SW_REDIAL_FIRST (100 * SW_MS)
#define SW_REDIAL_LONGEST (5 * SW_SEC)

/* Of two connections that were dialled from both sides within this time, the one that the smaller
 * name dialled stays; otherwise the later one does. */
#define SW_LINK_CROSSED (5 * SW_SEC)

/* A connection is closed when no Hello came by it within this. */
#define SW_HELLO_WITHIN (10 * SW_SEC)

/* Dial every peer that this node should dial and has no connection to. */
void sw_link_dial_all(struct sw_node *n);
/* Hang up on those that say nothing. */
void sw_link_close_silent(struct sw_node *n);
/* Neither a connection nor a dial, now or later? */
bool sw_link_idle(const struct sw_peer *peer);
/* Somebody waits for a connection to @peer: dial it now, unless that is under way. */
void sw_link_want(struct sw_node *n, uint32_t peer, enum sw_class class);
/* Does this node, which protects files, want the objects' connection to its neighbour @peer? */
bool sw_link_keeps_bulk(const struct sw_node *n, const struct sw_peer *peer);
/* The timer of one link fired. */
void sw_link_redial(struct sw_node *n, struct sw_timer *timer);

/* PEER_UP: whoever has a certificate is taken in; a second connection of one class replaces the
 * first, but for those that crossed. */
void sw_link_up(struct sw_node *n);
/* PEER_DOWN: every query in flight there goes to another peer. */
void sw_link_down(struct sw_node *n);
/* PEER_BLOCKED and PEER_WRITABLE. */
void sw_link_set_blocked(struct sw_node *n, sw_conn conn, bool blocked);

/* Close a connection that is not, or no longer, ours. */
void sw_link_refuse(struct sw_node *n, sw_conn conn);
/* Close one connection: HANG_UP now, and treat it as lost. */
void sw_link_hang_up(struct sw_node *n, struct sw_link *link);
/* Close both and dial no more. */
void sw_link_close(struct sw_node *n, uint32_t peer);

#endif

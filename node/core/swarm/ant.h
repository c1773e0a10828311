/* SPDX-License-Identifier: GPL-3.0-or-later
 * Ants: small probes that measure the way to a peer and how busy it is, so that no client pays
 * for exploring.  The policy says who gets one and when. */
#ifndef SW_SWARM_ANT_H
#define SW_SWARM_ANT_H

#include "node/base/types.h"
#include "node/core/proto/swarm.pb-c.h"

struct sw_attempt;
struct sw_link;
struct sw_node;

/* Ants that are out at once, at most. */
#define SW_ANTS_MAX 1024U

/* Send an ant to @peer; by @path, whose relay @peer is, unless that is 0. */
void sw_ant_launch(struct sw_node *n, uint32_t peer, uint64_t path);
/* Send the ant that the policy asks for, if it does: after each choice. */
void sw_ant_send(struct sw_node *n);
/* Send all that it asks for: once a second. */
void sw_ant_send_all(struct sw_node *n);

/* Answer a peer's ant at once, or hand it on. */
void sw_ant_reply(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Ant *ant);
/* Our ant is back.  Errors: SW_ERR_MALFORMED: from another peer than it was sent to. */
int sw_ant_back(struct sw_node *n, const struct sw_link *link, const Swarm__V1__AntReply *reply);
/* The timer of an ant fired. */
void sw_ant_due(struct sw_node *n, struct sw_attempt *a);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Hellos: who we are and our record, first on every connection and again when it changes. */
#ifndef SW_SWARM_HELLO_H
#define SW_SWARM_HELLO_H

#include "node/core/proto/swarm.pb-c.h"
#include "node/core/swarm/peer.h"

void sw_hello_send(struct sw_node *n, const struct sw_link *link);
/* Tell every peer and the swarm, when what we hold changed since the last time. */
void sw_hello_refresh(struct sw_node *n);
/* A second has passed: tell every peer again, when one was not told. */
void sw_hello_beat(struct sw_node *n);
/* Tell every peer our record. */
void sw_hello_tell_all(struct sw_node *n);
/* Take in @hello, which came by @link.  Errors: SW_ERR_MALFORMED: another name than the
 * certificate's, or a record that is none; SW_ERR_CRYPTO: it is not signed; SW_ERR_NOMEM. */
int sw_hello_receive(struct sw_node *n, struct sw_link *link, const Swarm__V1__Hello *hello);

/* Say Goodbye to every peer: send us nothing new. */
void sw_hello_goodbye(struct sw_node *n);
/* A peer said so. */
void sw_hello_leaving(struct sw_node *n, const struct sw_link *link);

#endif

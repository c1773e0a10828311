/* SPDX-License-Identifier: GPL-3.0-or-later
 * Envelopes from peers: unpacked, checked, and handed to whom they concern. */
#ifndef SW_SWARM_EXCHANGE_H
#define SW_SWARM_EXCHANGE_H

struct sw_node;

/* PEER_MESSAGE.  A malformed one is traced and its connection closed. */
void sw_exchange(struct sw_node *n);

#endif

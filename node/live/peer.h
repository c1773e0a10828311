/* SPDX-License-Identifier: GPL-3.0-or-later
 * Connections to other nodes: one for each class, each with one long Exchange call.  The same
 * listener takes operators' calls (commands.h). */
#ifndef SW_LIVE_PEER_H
#define SW_LIVE_PEER_H

#include "node/live/host.h"

#include "node/live/address.h"

/* Bytes queued on a connection: above HIGH the node is asked to hold bulk back, below LOW it may
 * go on, above MOST the connection is given up. */
#define LIVE_PEER_HIGH (1u << 20)
#define LIVE_PEER_LOW (256u << 10)
#define LIVE_PEER_MOST (32u << 20)

struct live_peers *live_peers_new(struct live_host *h);
/* Errors: SW_ERR_BUSY (address in use), SW_ERR_DENIED, SW_ERR_IO; @d names the address. */
int live_peers_listen(struct live_peers *p, const char *address, struct sw_diag *d);
void live_peers_dial(struct live_peers *p, const struct sw_name *who, enum sw_class class,
                     const char *address);
void live_peers_send(struct live_peers *p, sw_conn conn, struct sw_bytes message);
void live_peers_hang_up(struct live_peers *p, sw_conn conn);
/* Does this connection (still) stand? */
bool live_peers_has(const struct live_peers *p, sw_conn conn);
/* Connections, operators' included. */
size_t live_peers_count(const struct live_peers *p);
void live_peers_flush(struct live_peers *p);
/* New keys and certificates: connections that they no longer trust are closed. */
void live_peers_recheck(struct live_peers *p);
/* Listen no longer; finish calls; close. */
void live_peers_shutdown(struct live_peers *p);
void live_peers_abort(struct live_peers *p);
/* When the loop has ended.  NULL is fine. */
void live_peers_free(struct live_peers *p);

#endif

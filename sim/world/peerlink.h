/* SPDX-License-Identifier: GPL-3.0-or-later
 * Ordered connections between hosts, as a gRPC stream over TCP and TLS gives them.
 *
 * Dialling costs 2.5 round trips until the acceptor knows the dialer (TCP, TLS 1.3 with
 * certificates both ways, the stream's headers) and 3 until the dialer knows.  Messages arrive in
 * order.  A lost packet is found by a tail-loss probe (RFC 8985): it and all behind it come 2
 * round trips, 10 ms at least, later, and twice that for each loss of the repair.
 * Quick connections send each message at once.  Bulk connections are fluids that share the links
 * (bulk.h); a message arrives when its last byte does, and that packet may need repair like any
 * other.
 * When the path is cut in either direction the connection stalls: what is sent waits.  If it heals,
 * the next retransmission of a timer that doubles gets through; if it does not, either end is told
 * after the keep-alive time.  A process that ends on a machine that lives closes its connections at
 * once, and what it had sent still arrives; a machine that dies leaves silence. */
#ifndef SIM_PEERLINK_H
#define SIM_PEERLINK_H

#include "node/core/event.h"
#include "sim/engine/engine.h"
#include "sim/world/network.h"
#include "sim/world/pool.h"

#define SIM_CONN_HIGH_WATER SW_MIB      /* bytes that wait: the sender is told to hold back */
#define SIM_CONN_LOW_WATER (SW_MIB / 4) /* and to go on */

/* A message that arrived. */
struct sim_mail {
    struct sim_mail *next, *previous; /* the receiver's */
    void *receiver;                   /* the receiver's */
    sw_time arrived_at;               /* the receiver's */
    sw_conn conn;
    struct sim_luck luck;
    struct sw_bytes message;
};

/* One end's owner.  Calls come from the engine's events, never from inside a call below. */
struct sim_conn_user {
    /* @dialled: by this end. */
    void (*up)(void *self, sw_conn conn, enum sw_class class, uint32_t peer, bool dialled);
    /* The receiver owns @mail until sim_mail_free. */
    void (*message)(void *self, struct sim_mail *mail);
    void (*flow)(void *self, sw_conn conn, bool blocked);
    /* @conn is 0 when a dial failed.  An end that was never up hears nothing else. */
    void (*down)(void *self, sw_conn conn, enum sw_class class, uint32_t peer);
};
struct sim_conn_end {
    const struct sim_conn_user *user;
    void *self;
};

struct sim_conn_options {
    sw_dur connect_timeout; /* a dial without an answer fails after */
    sw_dur keep_alive;      /* a silent connection breaks after */
};

struct sim_conns;

void sim_mail_free(struct sim_conns *c, struct sim_mail *mail);

/* NULL when memory is out. */
struct sim_conns *sim_conns_new(struct sim_engine *e, struct sim_network *net,
                                const struct sim_scenario *s,
                                const struct sim_conn_options *options);
void sim_conns_free(struct sim_conns *c);

/* Is a process of @host there to accept?  Told by the host's owner; at first none is. */
void sim_conns_listen(struct sim_conns *c, uint32_t host, const struct sim_conn_end *end);

/* Connect @from to @acceptor at another host, @to; to whoever listens there when it is NULL. */
void sim_conn_dial(struct sim_conns *c, uint32_t from, struct sim_conn_end end, uint32_t to,
                   const struct sim_conn_end *acceptor, enum sw_class class);
/* Send a copy of @message; nothing happens when @host's end is closed. */
void sim_conn_send(struct sim_conns *c, uint32_t host, sw_conn conn, struct sw_bytes message,
                   struct sim_luck luck);
/* Work (lane.h) on its way to @host, from anybody. */
uint32_t sim_conns_coming(const struct sim_conns *c, uint32_t host);
/* Close: what was sent at once still arrives, what waits does not.  @host hears down. */
void sim_conn_hang_up(struct sim_conns *c, uint32_t host, sw_conn conn);
/* @host's process is gone and hears nothing more.  @silent: its machine is, too. */
void sim_conns_host_gone(struct sim_conns *c, uint32_t host, bool silent);
/* @host's machine answers again: peers that still hold a connection to what died learn it. */
void sim_conns_host_back(struct sim_conns *c, uint32_t host);
/* @host's process stands still, or goes on: dials to it fail, and peers whose connection it left
 * without a sign for the keep-alive time hang up. */
void sim_conns_host_paused(struct sim_conns *c, uint32_t host, bool paused);
/* Cuts or darkness changed: look at every connection. */
void sim_conns_paths_changed(struct sim_conns *c);

/* Bytes that wait to leave, of the connection where most do; @host gets whose they are. */
uint64_t sim_conns_pending(const struct sim_conns *c, uint32_t *host);
/* Ends that are up, of all hosts. */
size_t sim_conns_open(const struct sim_conns *c);

#endif

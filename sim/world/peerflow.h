/* SPDX-License-Identifier: GPL-3.0-or-later
 * Inside peerlink: a connection and the bytes that move through it. */
#ifndef SIM_PEERFLOW_H
#define SIM_PEERFLOW_H

#include "sim/world/bulk.h"
#include "sim/world/peerlink.h"

#include <string.h>

#define CONN_SLOTS (UINT64_C(1) << 24) /* connections at once; a number is serial * this + slot */

struct conn;

/* A message from send to delivery, its bytes behind it. */
struct waiting {
    struct sim_mail mail;
    struct waiting *next;
    struct way *way;
    uint64_t wire; /* bytes with framing */
    bool work;     /* counted as coming to host @to */
    uint32_t to;
    uint8_t data[];
};

/* One direction: from side to the other. */
struct way {
    struct conn *conn;
    unsigned side;
    struct waiting *head, *tail; /* messages that have not left entirely */
    uint64_t bytes;              /* that wait */
    struct sim_flow flow;        /* bulk only: the first message, on its way out */
    sw_time last_arrival;        /* nothing may arrive before it */
    bool pumping;                /* an event will look at the queue */
    bool blocked, told;          /* should, and does, the sender hold back? */
};

struct conn {
    struct sim_conns *owner;
    struct conn *next_unused;
    size_t slot;
    sw_conn number; /* 0: the slot is unused */
    enum sw_class class;
    uint32_t host[2]; /* dialer, acceptor */
    struct sim_place place[2];
    struct sim_conn_end end[2];
    bool open[2]; /* up, and not told otherwise */
    bool gone[2]; /* that process does not exist any longer */
    bool dialling;
    sw_time dialled_at;
    sw_time stalled_at; /* SW_TIME_NEVER: it is not */
    struct way way[2];
};

struct host {
    struct sim_place place;
    struct sim_conn_end end;
    bool listens;
    bool silent; /* its machine is off */
    bool paused; /* its process stands still, since: */
    sw_time paused_at;
    uint64_t life;   /* counts its processes */
    uint32_t coming; /* work on its way to it */
};

struct sim_conns {
    struct sim_engine *engine;
    struct sim_network *net;
    struct sim_bulk *bulk;
    const struct sim_scenario *s;
    struct sim_conn_options options;
    struct sim_pool pool;
    struct host *hosts;
    struct conn **v;
    size_t n, cap;
    struct conn *unused;
    uint64_t bytes; /* that wait in all ways */
    uint64_t serial;
};

/* The live connection of this number, or NULL. */
struct conn *sim_conn_find(const struct sim_conns *c, sw_conn number);
bool sim_conn_joined(const struct conn *conn);
sw_dur sim_conn_latency(const struct conn *conn, unsigned from);
/* Close @side at @at, when what was sent before has arrived. */
void sim_conn_part(struct conn *conn, unsigned side, sw_time at);

/* The ways of a new connection; its hosts are known. */
void sim_way_init(struct way *w);
/* The path is cut: nothing leaves. */
void sim_way_stall(struct way *w);
/* The path healed after @stalled: go on when TCP's next retransmission would. */
void sim_way_resume(struct way *w, sw_dur stalled);
/* Forget what waits. */
void sim_way_drop(struct way *w);

#endif

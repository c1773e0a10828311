/* SPDX-License-Identifier: GPL-3.0-or-later
 * The peers this node knows: a table with small stable numbers, and whose connection is whose. */
#ifndef SW_SWARM_PEER_H
#define SW_SWARM_PEER_H

#include "node/base/err.h"
#include "node/base/heap.h"
#include "node/base/rng.h"
#include "node/core/event.h"
#include "node/core/swarm/member.h"

struct sw_node;
struct sw_config;

#define SW_PEER_NONE UINT32_MAX
#define SW_PEER_SELF (UINT32_MAX - 1) /* among peers: ourselves */
#define SW_PEER_NOT_CONFIGURED SIZE_MAX
#define SW_CLASSES 2U

/* One class's connection to a peer: link.c.  There are two a peer, a million in a swarm of 700
 * that is simulated: members are in the order that leaves no gaps. */
struct sw_link {
    sw_conn conn;          /* 0: none stands */
    sw_time up_at;         /* since when it stands */
    sw_time used_at;       /* when something came by it that was not an ant */
    struct sw_timer timer; /* when to dial again, or that it may be */
    uint32_t peer;
    uint32_t failures; /* dials and short lives in a row */
    uint8_t class;     /* enum sw_class */
    bool dialling;     /* PEER_UP or PEER_DOWN will follow */
    bool wanted;       /* ... or a dial that was put off, which somebody waits for */
    bool ours;         /* we dialled it */
    bool greeted;      /* its Hello came */
    bool blocked;      /* the host buffers much */
};

struct sw_peer {
    struct sw_name name;
    struct sw_name region;
    uint64_t id;   /* hash of the name: pool.h */
    size_t config; /* index in the configuration's peers, or SW_PEER_NOT_CONFIGURED */
    struct sw_link link[SW_CLASSES];
    uint32_t silent; /* time-outs of what was sent since the last thing came from it: relay.h */
    sw_time heard_at;

    /* what it says of itself, and others of it: member.c */
    struct sw_member member;
    const char *address; /* of its record, behind that; NULL: none */
    uint32_t cores;
    bool stores;    /* keeps other nodes' objects */
    bool caches;    /* asks upstreams and keeps what they say */
    bool leaving;   /* Goodbye: hello.c */
    bool suspected; /* what we noticed: router.c */

    struct sw_reading *reading; /* demand.c; NULL: none */

    /* what is out there: attempt.c */
    uint32_t first, last; /* attempts, oldest first */

    /* router.c */
    sw_dur srtt;       /* smoothed round trip (RFC 6298, 2.3); 0 unknown */
    sw_dur net;        /* the same without the stay there */
    sw_dur slow;       /* hedge.c: 5 % of its answers take longer; 0 unknown */
    uint64_t sent;     /* queries */
    uint32_t timeouts; /* in a row */

    /* cache/home.c */
    uint32_t lookups; /* questions that it is asked as their home, and has not answered */
};

struct sw_peer_conn {
    sw_conn conn;
    uint32_t peer;
    enum sw_class class;
};

struct sw_peers {
    struct sw_peer **v; /* by number; NULL where none is */
    uint32_t n, cap;    /* numbers given so far */
    uint32_t *by_name;  /* numbers in order of names; room for cap */
    uint32_t n_known;
    struct sw_peer_conn *conns; /* ascending conn; room for SW_CLASSES * cap */
    uint32_t n_conns;
    uint32_t n_live;   /* members that live, without us: member.c */
    bool full;         /* that there is no room for one more was told: member.c */
    struct sw_rng rng; /* jitter of dialling */
};

/* What a new configuration makes of the table. */
struct sw_peers_plan {
    struct sw_peer **added; /* new ones, in the configuration's order */
    uint32_t n_added;
};

/* Check and prepare.  Nothing that is visible changes but room.  Errors: SW_ERR_RANGE: a name is
 * malformed, there twice, or the node's own, and the diag says which; SW_ERR_NOMEM. */
int sw_peers_plan(struct sw_node *n, const struct sw_config *config, struct sw_peers_plan *plan,
                  struct sw_diag *d);
void sw_peers_plan_fini(struct sw_peers_plan *plan);
/* Carry it out: take in the new ones; one that is no longer in @config stays while it is a member,
 * and is forgotten when it never was one.  Can't fail. */
void sw_peers_commit(struct sw_node *n, const struct sw_config *config, struct sw_peers_plan *plan);
void sw_peers_fini(struct sw_node *n);

/* A new peer called @name, whom the configuration does not list; its number, or SW_PEER_NONE when
 * there are too many or memory is out (then the step is marked). */
uint32_t sw_peers_add(struct sw_node *n, const char *name);
/* Its connections close, its queries go elsewhere, its number is free. */
void sw_peers_forget(struct sw_node *n, uint32_t number);
/* Where it is dialled: as configured, or else as it says; NULL: not known. */
const char *sw_peer_address(const struct sw_node *n, const struct sw_peer *peer);

/* The number of the peer called @name, or SW_PEER_NONE. */
uint32_t sw_peers_find(const struct sw_peers *p, const char *name);
/* The same, quickly where names are asked for in their order: @at, 0 at first, is where we are. */
uint32_t sw_peers_find_next(const struct sw_peers *p, const char *name, uint32_t *at);
/* Whose connection @conn is, or NULL. */
const struct sw_peer_conn *sw_peers_conn(const struct sw_peers *p, sw_conn conn);
/* Errors of set: SW_ERR_NOMEM never: there is room for one of each class. */
void sw_peers_conn_set(struct sw_peers *p, sw_conn conn, uint32_t peer, enum sw_class class);
void sw_peers_conn_clear(struct sw_peers *p, sw_conn conn);

/* Can queries be sent to it now? */
bool sw_peer_ready(const struct sw_peer *peer);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Looking up what no zone of the swarm has: in the cache, at the name's home, at an upstream.
 *
 * The cache belongs to the node, not to its fronts: one machine writes and reads it, so that what
 * is answered follows from the order of events alone, and fronts need neither locks nor a copy. The
 * price is a hop from front to node for each such question; authoritative answers pay nothing.
 *
 * A question that passed no node yet goes to its home in the region, one that passed one may go to
 * its home in the swarm, and one that passed two goes to an upstream: no loop survives, whatever
 * members believe of each other.  Equal questions wait for one lookup. */
#ifndef SW_CACHE_LOOKUP_H
#define SW_CACHE_LOOKUP_H

#include "node/base/buf.h"
#include "node/base/heap.h"
#include "node/core/cache/cache.h"
#include "node/core/cache/waits.h"
#include "node/core/event.h"
#include "node/core/swarm/slots.h"

struct sw_node;
struct sw_finding;

/* Queries to upstreams for one lookup, at most. */
#define SW_LOOKUP_TRIES 4U
/* A home is given this long before an upstream is asked besides. */
#define SW_HOME_PATIENCE (400 * SW_MS)
/* Before a question fails, so many other nodes are asked for what they have, stale or not, and
 * given this long. */
#define SW_OTHERS 3U
#define SW_OTHERS_PATIENCE (300 * SW_MS)
#define SW_LOOKUP_BUCKETS 1024U
/* Counters of what was asked for here lately. */
#define SW_POPULARITY_SLOTS 8192U

/* How a client's question was answered: SW_TRACE_LOOKED_UP. */
enum sw_cache_use {
    SW_USE_LOCAL,     /* from the cache here */
    SW_USE_HOME_HIT,  /* from that of its home */
    SW_USE_HOME_MISS, /* by its home, which had to ask */
    SW_USE_UPSTREAM,  /* by an upstream asked here */
    SW_USE_STALE,     /* by what has expired, here or elsewhere */
    SW_USE_FAILED,    /* SERVFAIL */
    SW_USE_COUNT
};

/* A query to an upstream. */
struct sw_try {
    uint32_t upstream, epoch;
    uint16_t id; /* of the DNS message */
    bool out;    /* an answer may come */
    bool late;   /* its patience ran out */
    bool stream;
    sw_time sent_at;
};

/* Who waits: a client or a peer. */
struct sw_asker {
    struct sw_client client;
    sw_conn conn; /* of the peer; 0: a client */
    uint64_t id;  /* of the peer's Query */
    struct sw_blob message;
    sw_time arrived_at;
    uint32_t next;
    bool owed; /* began before draining did */
};

struct sw_lookup {
    struct sw_timer timer;
    uint32_t slot, chain;
    uint64_t hash; /* of the key, in the table of lookups */
    uint8_t name[SW_DNAME_MAX + 1];
    uint8_t name_len, flags;
    uint16_t type;
    uint32_t askers;
    uint32_t hops; /* nodes that the question passed */
    sw_time give_up_at, stale_at;
    uint32_t home; /* peer that was asked; SW_PEER_NONE: none is */
    sw_time home_at;
    bool home_late, popular;
    uint32_t realm_hops; /* of the question that went to @home */
    struct sw_try tries[SW_LOOKUP_TRIES];
    uint32_t n_tries, tried; /* @tried: upstreams, a bit each */
    bool answered;           /* an upstream did, though with an error */
    uint32_t others;         /* that were asked for stale answers and have not answered */
    sw_time others_at;
    bool asked_others;
};

struct sw_lookup_tables {
    uint32_t buckets[SW_LOOKUP_BUCKETS]; /* lookups by key */
    uint8_t popularity[SW_POPULARITY_SLOTS];
    struct sw_waits waits; /* clients that are askers */
};

struct sw_lookups {
    struct sw_slots slots;           /* struct sw_lookup */
    struct sw_slots askers;          /* struct sw_asker */
    struct sw_lookup_tables *tables; /* NULL until there are upstreams */
    uint32_t noted;                  /* questions counted since all were halved */
    uint32_t own;                    /* lookups that we are home to, and ask upstreams for */
    uint32_t owed;                   /* askers that must be answered before DRAINED */
    uint64_t id;                     /* sw_name_id of ourselves */
    struct sw_rng_key waits_key;
    uint64_t homes_asked, homes_hit, upstreams_asked;
    uint64_t limited; /* clients' questions refused, since too many of theirs waited */
};

void sw_lookups_init(struct sw_lookups *l);
void sw_lookups_fini(struct sw_lookups *l);
/* NULL when memory is out; free() it. */
struct sw_lookup_tables *sw_lookup_tables_new(void);

struct sw_lookup *sw_lookup_at(const struct sw_node *n, uint32_t slot);
struct sw_cache_key sw_lookup_key(const struct sw_lookup *l);
/* The one for @key, whose hash is @h, or NULL. */
struct sw_lookup *sw_lookup_find(const struct sw_node *n, const struct sw_cache_key *key,
                                 uint64_t h);
/* A new one, for a question that passed @hops nodes; NULL: there are too many, or memory is out. */
struct sw_lookup *sw_lookup_new(struct sw_node *n, const struct sw_cache_key *key, uint64_t h,
                                uint32_t hops);
/* Set the timer to whatever comes first.  Nothing else may be done with @l after this. */
void sw_lookup_arm(struct sw_node *n, struct sw_lookup *l);
/* Is an answer expected of anybody? */
bool sw_lookup_is_out(const struct sw_lookup *l);

/* The ends.  @f is the answer: all who wait get it. */
void sw_lookup_settle(struct sw_node *n, struct sw_lookup *l, const struct sw_finding *f);
/* There is none: they get SERVFAIL. */
void sw_lookup_give_up(struct sw_node *n, struct sw_lookup *l);
/* There is nobody left to ask.  They get what is stale, here or elsewhere; what is late may still
 * come. */
void sw_lookup_run_dry(struct sw_node *n, struct sw_lookup *l);
/* Nobody waits. */
void sw_lookup_end(struct sw_node *n, struct sw_lookup *l);

void sw_lookup_due(struct sw_node *n, struct sw_timer *timer);
/* The control connection @conn of @peer is gone. */
void sw_lookup_peer_lost(struct sw_node *n, uint32_t peer, sw_conn conn);

#endif

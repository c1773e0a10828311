/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a node is told.  Read from YAML by node/conf (live) and from a scenario's node section
 * (simulated) through the same table, so that both say the same things in the same words. */
#ifndef SW_CORE_CONFIG_H
#define SW_CORE_CONFIG_H

#include "node/base/types.h"

/* A zone this node holds. */
struct sw_zone_config {
    char *name;   /* presentation form, "example.org" */
    char *file;   /* master file */
    bool primary; /* where the zone is edited; otherwise a backup */
};

/* Another node. */
struct sw_peer_config {
    struct sw_name name;
    struct sw_name region;
    char *address; /* "host:port" live, its name in simulation */
};

/* How others are found and watched: swarm/probe.h. */
struct sw_membership_config {
    sw_dur period;  /* a member is probed this often; default 1 s */
    sw_dur timeout; /* then others are asked to probe it; default 500 ms, less than the period */
    bool open;      /* whoever has a node's certificate is a member; default true; false: only those
                     * in peers */
    uint32_t connections; /* with other members that are kept; in a swarm of no more, all: pool.h;
                           * default 64, 4 or more */
    bool lifeguard;       /* Lifeguard's refinements; default true, false only to measure them */
};

/* What a node says it has, for others to plan with.  0 or empty: not known. */
struct sw_resources {
    struct sw_name site;
    uint64_t memory, disk;                /* bytes */
    uint64_t bandwidth_in, bandwidth_out; /* bits/s */
    double price_out;                     /* of a GiB sent */
    double price_stored;                  /* of a GiB kept for a month */
};

/* A protected set. */
struct sw_set_config {
    struct sw_name name;
    char *path;            /* folder */
    sw_dur every;          /* 0: only when asked */
    uint8_t recipient[32]; /* X25519 public key that can read it */
};

/* A parameter of the routing policy that differs from its default. */
struct sw_param_config {
    char *name;
    double value;
};

/* Answers that others gave: node/core/cache/. */
struct sw_cache_config {
    uint64_t size;       /* bytes; default 64 MiB; 0: nothing is kept */
    sw_dur max_ttl;      /* default 1 d */
    sw_dur max_negative; /* default 1 h (RFC 2308, 5) */
    sw_dur stale;        /* after it expired; default 1 d (RFC 8767, 5); 0: no stale answers */
    sw_dur stale_after;  /* then a client gets a stale one; default 1.8 s (RFC 8767, 5) */
    bool prefetch;       /* ask ahead of expiry; default true */
    bool cooperate;      /* ask a name's home first; default true */
    bool across;         /* homes among all members, too; default false */
    uint32_t popular;    /* what is asked here so often is kept here as well; default 2 */
};

struct sw_config {
    struct sw_name name;
    struct sw_name region;
    uint32_t cores; /* what it tells peers it has; 1..1024 */

    struct sw_zone_config *zones;
    size_t n_zones;
    struct sw_peer_config *peers; /* other nodes known at start; others are learnt from them */
    size_t n_peers;
    char **join; /* addresses of any members, to learn the others from */
    size_t n_join;
    char *address; /* where others reach this node: "host:port" live, its name in simulation */
    struct sw_membership_config membership;
    struct sw_resources resources;
    uint8_t core_digest[32]; /* of the program; zero: not known */
    uint8_t certificate[32]; /* SHA-256 of this node's certificate, DER; zero: it has none */

    char *policy; /* name in algorithms/route/policies.def */
    struct sw_param_config *params;
    size_t n_params;

    /* forwarding to the node that holds a zone */
    sw_dur query_deadline;   /* then SERVFAIL; default 1.9 s (design: answers dropped after that) */
    uint32_t query_attempts; /* peers tried at most; default 3 */
    double retry_budget;     /* retries as a share of queries; default 0.2 */
    uint32_t max_waiting;    /* queries waiting for a peer at once; default 8192 */
    bool relay; /* reach members that live and can't be reached through others, and hand on for
                 * others; default true */
    double hedge_budget; /* hedges (swarm/hedge.h) as a share of queries; default 0: none */
    sw_dur max_stay;     /* peers' queries that would stay longer are refused; 0: none is */
    uint32_t max_queue;  /* peers' queries are refused while more requests wait; 0: never */

    /* forwarding to upstreams what no zone of the swarm has */
    char **upstreams; /* "address:port" live, names in simulation; none: such queries are refused */
    size_t n_upstreams;
    char **clients; /* prefixes that may ask for it: "192.0.2.0/24" */
    size_t n_clients;
    uint32_t wait_limit; /* questions of one client that wait at once; default 1000; 0: no limit */
    struct sw_cache_config cache;

    /* DNS */
    uint32_t udp_size; /* largest datagram we send; default 1232 */

    /* backup */
    char *store;          /* folder for packs and manifests, ours and others' */
    uint64_t capacity;    /* bytes the store may hold; 0: what the disk has */
    uint32_t copies;      /* other nodes that must hold a pack, in different regions; default 3 */
    uint8_t identity[32]; /* Ed25519 seed this node signs manifests and its record with; zero:
                           * none, and the record is signed with a key of each life's own */
    struct sw_set_config *sets;
    size_t n_sets;
};

#endif

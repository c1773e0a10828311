/* SPDX-License-Identifier: GPL-3.0-or-later
 * The node: a deterministic state machine.  Events in, actions out; nothing else. */
#ifndef SW_CORE_NODE_H
#define SW_CORE_NODE_H

#include "node/base/err.h"
#include "node/base/shelf.h"
#include "node/core/event.h"

struct sw_node;
struct sw_buggify;

/* Lifecycle: always forward, one step at a time, except that Draining may follow any. */
enum sw_state {
    SW_STATE_SETUP,      /* made; knows nothing */
    SW_STATE_CONFIGURE,  /* has a configuration, waits for entropy */
    SW_STATE_INITIALIZE, /* loading zones, reading its store, dialling peers */
    SW_STATE_READY,      /* every zone it holds is loaded or refused: answers correctly */
    SW_STATE_DRAINING,
    SW_STATE_COUNT
};
const char *sw_state_name(enum sw_state state);

/* Errors that tests plant, to see that they are found.  No configuration and no option of a
 * program reaches them. */
enum sw_planted {
    SW_PLANTED_LAST_WRITER = 1, /* whatever is heard of last replaces a zone, however old it is */
    SW_PLANTED_DEAF = 2,        /* newer zones are not fetched */
    SW_PLANTED_FRESH = 4,       /* TTLs of kept answers are not counted down */
    SW_PLANTED_STALE = 8,       /* stale answers are given for ever */
};

/* Who checks the signatures of records (Ed25519, RFC 8032), where the node does not itself. */
struct sw_verifier {
    bool (*verify)(void *self, const uint8_t signature[64], struct sw_bytes text,
                   const uint8_t key[32]);
    void *self;
};

/* How busy a node really is at this moment, which only a simulator knows. */
struct sw_truth {
    void *self;
    /* False: it is down, or there is none called @node. */
    bool (*load)(void *self, const struct sw_name *node, struct sw_load *out);
};

struct sw_node_options {
    uint64_t seed;                /* of every decision's random stream */
    struct sw_buggify *buggify;   /* bad luck on purpose (buggify.h), lent for the node's life; NULL
                                   * in every live node */
    const struct sw_truth *truth; /* for policies that are references, lent for the node's life;
                                   * NULL in every live node */
    unsigned planted;             /* enum sw_planted, or-ed; 0 outside tests */
    const struct sw_shelf *shelf; /* keeps zones for many nodes, lent for longer than their life;
                                   * NULL: each node has its own */
    struct sw_arena *scratch;     /* memory for the length of a step, lent for the node's life: one
                                   * for all nodes that take their steps in turn; NULL: its own */
    const struct sw_verifier *verifier; /* lent for the node's life; NULL: the node itself, as in
                                         * every live one */
};

/* A node in Setup; NULL when memory is out. */
struct sw_node *sw_node_new(const struct sw_node_options *options);
void sw_node_free(struct sw_node *n);

/* Handle one event; append what must now be done to @out.  Never blocks, reads no clock, calls
 * nobody back.  @ev is borrowed (a job in DONE is taken).
 * Errors: SW_ERR_NOMEM: the event is dropped, the node still valid.
 *         SW_ERR_RANGE, SW_ERR_NOTFOUND, SW_ERR_STATE (CONFIGURE only): refused, @out says why in
 *         a TRACE; the configuration before stays. */
int sw_node_step(struct sw_node *n, const struct sw_event *ev, struct sw_actions *out);

/* Is a host with @load too busy to queue a peer's query?  Then it gives it to the node ahead of
 * the queue, marked: a refusal that waits in the queue is worth nothing. */
bool sw_node_is_full(const struct sw_node *n, const struct sw_load *load);

/* When to call again with TICK at the latest; SW_TIME_NEVER when idle. */
sw_time sw_node_deadline(const struct sw_node *n);

/* ---- looking in, for recorders and `swarmctl`: changes nothing ---- */

enum sw_state sw_node_state(const struct sw_node *n);

/* What the router believes about one peer. */
struct sw_route_info {
    struct sw_name peer;
    bool connected;
    bool suspected;
    double cost;   /* predicted, ns; NaN when the policy has none */
    double trail;  /* pheromone, 0..1; NaN when the policy has none */
    sw_dur srtt;   /* smoothed round trip; 0 unknown */
    uint64_t sent; /* queries forwarded to it so far */
};
/* Fill up to @cap entries, in order of peer name; returns how many there are. */
size_t sw_node_routes(const struct sw_node *n, struct sw_route_info *out, size_t cap);

/* A way to a member that can't be reached directly (swarm/relay.h). */
struct sw_relay_info {
    struct sw_name relay, target;
    bool known;  /* something came back by it */
    double cost; /* as of a route */
    double trail;
};
/* Fill up to @cap entries; returns how many there are. */
size_t sw_node_relays(const struct sw_node *n, struct sw_relay_info *out, size_t cap);

/* What the node believes about one other member. */
struct sw_member_info {
    struct sw_name name;
    const char *state; /* "unknown", "alive", "suspect", "dead", "left" */
    bool lives;        /* alive or suspect */
    sw_time since;
    uint64_t incarnation, version;
};
/* Fill up to @cap entries, in order of name, without the node itself; returns how many there are.
 */
size_t sw_node_members(const struct sw_node *n, struct sw_member_info *out, size_t cap);

/* A zone that the node holds. */
struct sw_zone_info {
    const uint8_t *name; /* wire form, lower case; valid until the next step */
    bool loaded;         /* it has a version to serve, and what follows counts */
    bool primary;        /* it edits it */
    uint64_t epoch;
    uint32_t serial;
    const uint8_t *digest; /* 48 bytes: SHA-384 of the content (RFC 8976) */
};
/* Fill up to @cap entries, in canonical order of names; returns how many there are. */
size_t sw_node_zones(const struct sw_node *n, struct sw_zone_info *out, size_t cap);

struct sw_node_counts {
    uint64_t forwarded, answered, failed, retried, ants, queries_for_peers;
    uint64_t waiting; /* queries in flight now */
    uint64_t objects; /* in the store */
    uint64_t object_bytes;
    uint64_t probes, syncs; /* messages of the failure detector and of anti-entropy */
    uint64_t refused;       /* by peers, of what they were asked */
    uint64_t hedged;        /* queries asked of a second peer because the first was slow */
    uint64_t hedges_won;    /* ... which answered first */
    uint64_t turned_away;   /* peers' queries that we refused */
    uint64_t relayed;       /* queries sent to a relay */
    uint64_t carried;       /* queries and ants handed on for others */
    struct {
        uint64_t hits, misses, stale, failures; /* of questions: stale ones are misses as well */
        uint64_t prefetches, evicted;
        uint64_t entries, bytes; /* now; bytes: what it may use */
        uint64_t homes_asked, homes_hit, upstreams_asked;
        uint64_t limited; /* questions of clients of whom too many waited */
    } cache;
};
void sw_node_counts(const struct sw_node *n, struct sw_node_counts *out);

/* For a host of many nodes: a step is near.  Fetches what most steps touch; changes nothing. */
void sw_node_prefetch(const struct sw_node *n);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a routing policy is: choose who answers, learn from what came back.  A policy is one file
 * beside this one, and one line in policies.def.
 *
 * Times of cost are ns.  Nothing here reads a clock; randomness comes from the stream passed in. */
#ifndef SW_ROUTE_POLICY_H
#define SW_ROUTE_POLICY_H

#include "node/base/rng.h"
#include "node/base/types.h"

#define SW_NO_PEER UINT32_MAX

struct sw_route;

/* One peer that could answer.  Candidates arrive in ascending order of @peer, which is a dense
 * small number, stable while the peer is known. */
struct sw_candidate {
    uint32_t peer;
    bool same_region;
    bool self;       /* this node itself: no network between */
    uint64_t id;     /* a hash of its name: the same at every node, as @peer is not */
    uint32_t region; /* in the latest struct sw_regions, or SW_REGION_NONE: it is in none */
};

/* What an answer says about the node that gave it. */
struct sw_telemetry {
    bool known;       /* false: the rest means nothing (blind mode) */
    uint32_t waiting; /* requests queued, being served or waiting there */
    uint32_t cores;   /* >= 1 */
    sw_dur service;   /* its mean service time of a request */
    sw_dur sojourn;   /* what it spent on this request, queue included */
    bool hit;         /* it had the answer itself */
};

/* What the node knows anyway and every policy may use. */
struct sw_choice {
    sw_time now;
    uint64_t query_class; /* hash of zone and type group; equal classes are served alike */
    const struct sw_candidate *candidates;
    size_t n;              /* >= 1 */
    const uint32_t *tried; /* peers already asked for this query, best avoided */
    size_t n_tried;
    struct sw_telemetry own;          /* this node's own load */
    const struct sw_telemetry *truth; /* of each candidate, as it is at this moment (not known: it
                                       * is down); NULL except for a reference in a simulator */
};

#define SW_REGIONS_MOST 16U /* balanced at once; members of others are asked in need only */
#define SW_REGION_NONE UINT32_MAX

/* What the members of a region said lately, summed. */
struct sw_region {
    uint64_t id;                 /* a hash of its name */
    double demand;               /* queries a second that they route, for their clients */
    double capacity;             /* queries a second that they can answer for others */
    double cores;                /* that do so */
    double rtt[SW_REGIONS_MOST]; /* to each region, ns */
};

/* All regions, in ascending order of id: where gossip is the same, so is this. */
struct sw_regions {
    uint32_t n;
    uint32_t own;   /* this node's */
    uint64_t epoch; /* seconds of the wall clock: the same at every node */
    struct sw_region v[SW_REGIONS_MOST];
};

/* A parameter: all doubles in the policy's parameter struct. */
struct sw_param {
    const char *name;
    size_t offset;    /* in the parameter struct */
    const char *unit; /* "ns", "1", "1/query" */
    double low, high; /* allowed, and the tuner's range */
    double fallback;  /* default */
    bool log_scale;   /* the tuner's hint */
    const char *help;
};

/* Why a node outside a simulator refuses a reference, in messages. */
#define SW_REFERENCE_WHY "only a simulator can show it the true queues"

struct sw_policy {
    const char *name;   /* as in scenario files */
    const char *help;   /* one line */
    const char *source; /* paper, RFC or program */
    bool reference;     /* only a simulator can show it the truth: nodes refuse it elsewhere */

    size_t params_size; /* bytes of its parameter struct */
    const struct sw_param *params;
    size_t n_params;

    size_t state_size; /* bytes, zeroed, once a node */
    size_t peer_size;  /* bytes, zeroed, once a peer */

    /* Index into @c->candidates of the one to ask. */
    size_t (*choose)(struct sw_route *r, const struct sw_choice *c, struct sw_rng *rng);
    /* The rest may be NULL when the policy doesn't learn from it. */
    void (*on_send)(struct sw_route *r, uint32_t peer, sw_time now);
    /* @rtt: from send to answer, of the attempt that was answered.  @probe: it answers an ant,
     * not a query.  Called for late answers too (@late: the attempt was given up before). */
    void (*on_reply)(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                     const struct sw_telemetry *t, bool probe, bool late);
    void (*on_timeout)(struct sw_route *r, uint32_t peer, sw_time now, bool probe);
    /* The peer refused a query, @rtt after it was sent, and said that it is this busy.  NULL: a
     * refusal is a time-out. */
    void (*on_refused)(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                       const struct sw_telemetry *t);
    /* Called after every choice and at least once a second: who should get an ant now, or
     * SW_NO_PEER.  @peers: all that are connected, ascending.  Budgets are the policy's own: asked
     * again and again at one time, it soon says SW_NO_PEER.  An ant is waited for half as long
     * again as a query. */
    uint32_t (*next_probe)(struct sw_route *r, sw_time now, const struct sw_candidate *peers,
                           size_t n, struct sw_rng *rng);
    /* Once a second while it wants them: @g.  A policy that has neither never does; gossip costs
     * bytes only where one does. */
    bool (*wants_regions)(const struct sw_route *r);
    void (*on_regions)(struct sw_route *r, const struct sw_regions *g);
    /* For a question that no zone has and this node has no answer to, while it wants to: whom of
     * the members that keep answers to ask, an index into @c->candidates.  This node is one of them
     * (self, with no peer number); chosen, it asks an upstream.  Without these, names have homes by
     * hash. */
    bool (*wants_classes)(const struct sw_route *r);
    size_t (*choose_class)(struct sw_route *r, const struct sw_choice *c);
    /* @peer answered such a question @rtt after it was asked, from its cache or not. */
    void (*on_class)(struct sw_route *r, uint32_t peer, uint64_t query_class, sw_time now,
                     sw_dur rtt, bool hit);
    /* How long to wait for @peer before trying another. */
    sw_dur (*patience)(const struct sw_route *r, uint32_t peer);
    /* For people and recorders; each may be NULL. */
    double (*cost)(const struct sw_route *r, uint32_t peer, sw_time now);
    double (*trail)(const struct sw_route *r, uint32_t peer, sw_time now);
    bool (*suspected)(const struct sw_route *r, uint32_t peer);
};

/* One policy at work in one node. */
struct sw_route {
    const struct sw_policy *policy;
    void *params;         /* policy->params_size bytes, filled */
    void *state;          /* policy->state_size bytes */
    unsigned char *peers; /* n_peers * policy->peer_size bytes */
    size_t n_peers;
};

/* Set up @r for up to @n_peers peers with default parameters.  Errors: SW_ERR_NOMEM. */
int sw_route_init(struct sw_route *r, const struct sw_policy *policy, size_t n_peers);
void sw_route_fini(struct sw_route *r);
/* Errors: SW_ERR_NOTFOUND: no such parameter; SW_ERR_RANGE: outside its bounds. */
int sw_route_set(struct sw_route *r, const char *param, double value);
/* Make room for peers up to @n_peers - 1; existing state stays.  Errors: SW_ERR_NOMEM. */
int sw_route_grow(struct sw_route *r, size_t n_peers);
/* Forget one peer: its state is as new. */
void sw_route_forget(struct sw_route *r, uint32_t peer);
/* The policy's own bytes for @peer. */
void *sw_route_peer(const struct sw_route *r, uint32_t peer);
bool sw_route_wants_regions(const struct sw_route *r);
bool sw_route_wants_classes(const struct sw_route *r);

/* Every registered policy in registry order; NULL past the end. */
const struct sw_policy *sw_policy_at(size_t i);
/* The policy called @name, or NULL. */
const struct sw_policy *sw_policy_find(const char *name);

#endif

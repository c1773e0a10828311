/* SPDX-License-Identifier: GPL-3.0-or-later
 * The routing policy at work: who may be asked, whom it chose, what came of it. */
#ifndef SW_SWARM_ROUTER_H
#define SW_SWARM_ROUTER_H

#include "algorithms/route/policy.h"
#include "node/base/err.h"
#include "node/core/proto/swarm.pb-c.h"

struct sw_node;
struct sw_config;
struct sw_attempt;
struct sw_known_zone;

/* A peer is given this long at least and at most, whatever the policy says. */
#define SW_PATIENCE_LEAST (20 * SW_MS)
#define SW_PATIENCE_MOST (2 * SW_SEC)
/* ... and this long when the policy says nothing. */
#define SW_PATIENCE_USUAL (400 * SW_MS)

struct sw_router {
    const struct sw_truth *truth; /* NULL in every live node */
    struct sw_route route;
    uint32_t epoch; /* counts policies: one must not learn from what another sent */
    struct sw_rng rng;
    struct sw_candidate *reachable; /* peers that take queries, ascending */
    size_t n_reachable;
    size_t cap;                      /* of both lists */
    struct sw_candidate *candidates; /* who of these holds a zone; the last choice's: */
    size_t n_candidates;
    const struct sw_known_zone *listed; /* NULL: none */
    uint64_t listed_at;                 /* the directory's revision then */
};

/* Prepare @config's policy and parameters for up to @n_peers peers; nothing visible changes.
 * Errors: SW_ERR_NOTFOUND (policy, parameter), SW_ERR_RANGE, SW_ERR_STATE (a reference, and no
 * simulator); the diag says what.  SW_ERR_NOMEM. */
int sw_router_plan(struct sw_router *r, const struct sw_config *config, size_t n_peers,
                   struct sw_route *plan, struct sw_diag *d);
/* Carry it out: same policy, new parameters, and what was learned stays; or another policy. */
void sw_router_commit(struct sw_router *r, struct sw_route *plan);
void sw_router_fini(struct sw_router *r);

/* Make room for @n_peers peers; what was learned stays.  False: memory is out. */
bool sw_router_grow(struct sw_node *n, size_t n_peers);
/* Whether @peer can be reached has changed, or where it is. */
void sw_router_reachable(struct sw_node *n, uint32_t peer);
/* Look at every peer anew. */
void sw_router_survey(struct sw_node *n);
void sw_router_forget(struct sw_node *n, uint32_t peer);

/* Whom to ask for a query of @zone and @query_class?  Where nobody else can be reached, that may
 * be one who must be dialled first.  False: not even that. */
struct sw_router_question {
    const struct sw_known_zone *zone;
    uint64_t query_class;
    const uint32_t *tried;
    size_t n_tried;
};
bool sw_router_tried(const struct sw_router_question *q, uint32_t peer);
bool sw_router_choose(struct sw_node *n, const struct sw_router_question *q, uint32_t *peer);
/* Who should get an ant now, or SW_NO_PEER. */
uint32_t sw_router_probe(struct sw_node *n);
sw_dur sw_router_patience(const struct sw_node *n, uint32_t peer);
/* What @r says of @peer, within bounds. */
sw_dur sw_router_route_patience(const struct sw_route *r, uint32_t peer);
/* How busy this node is, as a policy sees it. */
struct sw_telemetry sw_router_own_load(const struct sw_node *n);

/* A round trip to @peer without its stay there. */
void sw_router_measured(struct sw_node *n, uint32_t peer, sw_dur net);

/* What became of an attempt, or of the relay path that it took. */
void sw_router_sent(struct sw_node *n, const struct sw_attempt *a);
void sw_router_replied(struct sw_node *n, const struct sw_attempt *a, const struct sw_telemetry *t);
void sw_router_timed_out(struct sw_node *n, const struct sw_attempt *a);
/* A member answered what it keeps answers for, or had to ask for it: cache/home.h. */
void sw_router_class_answered(struct sw_node *n, uint32_t peer, uint64_t query_class, sw_dur rtt,
                              bool hit);
/* Its peer is too busy: @t says how much. */
void sw_router_refused(struct sw_node *n, const struct sw_attempt *a, const struct sw_telemetry *t);

/* What @load (may be NULL) says, or "not known" where it says the impossible: more waiting, cores
 * or time than can be, or a stay longer than the whole round trip @rtt. */
struct sw_telemetry sw_router_telemetry(const Swarm__V1__Load *load, sw_dur sojourn, bool hit,
                                        sw_dur rtt);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Forwarding: a client's query for a zone held elsewhere goes to the peer that the router picks,
 * to another when that one is slow, refuses or is lost, and is answered in any case: at worst
 * with SERVFAIL and an extended error. */
#ifndef SW_SWARM_FORWARD_H
#define SW_SWARM_FORWARD_H

#include "node/base/buf.h"
#include "node/core/event.h"
#include "node/core/proto/swarm.pb-c.h"
#include "node/core/swarm/slots.h"

struct sw_attempt;
struct sw_link;
struct sw_node;

/* Peers tried for one query, at most; the configuration's query_attempts may be less. */
#define SW_ATTEMPTS_MAX 16U
/* Retries: each query saves config.retry_budget of one, each retry after a time-out or a refusal
 * spends one; what the latest 10 s saved may be spent at once, and so many more, so that a quiet
 * node can retry at all.  (The rule of Finagle's RetryBudget.)  A retry because a connection
 * broke is free: it replaces work instead of adding to it. */
#define SW_RETRIES_RESERVE 50.0

/* A client that waits. */
struct sw_waiting {
    struct sw_client client;
    struct sw_blob message; /* its query; memory is kept from one use of the slot to the next */
    const struct sw_known_zone *zone; /* whose name it asks for, as of revision @zone_at */
    uint64_t zone_at;                 /* of the directory */
    uint16_t type;
    sw_time give_up_at;
    uint32_t tried[SW_ATTEMPTS_MAX];   /* peers asked so far */
    uint32_t attempt[SW_ATTEMPTS_MAX]; /* slots of the attempts; SW_SLOT_NONE when ended */
    uint32_t n_tried;
    uint32_t hedge; /* number of the attempt that was a hedge; 0: there is none */
    bool owed;      /* began before draining did */
};

struct sw_forward {
    struct sw_slots slots; /* struct sw_waiting */
    double retries;        /* saved up */
    double recent;         /* queries in the latest 10 s, about */
    double hedges;         /* saved up: hedge.h */
    uint32_t owed;         /* queries that must be answered before DRAINED */
};

void sw_forward_init(struct sw_forward *f);
void sw_forward_fini(struct sw_forward *f);

/* QUERY. */
void sw_forward_query(struct sw_node *n);
/* A peer's Answer.  Errors: SW_ERR_MALFORMED: it answers something else than was asked. */
int sw_forward_answer(struct sw_node *n, const struct sw_link *link,
                      const Swarm__V1__Answer *answer);
/* A second has passed. */
void sw_forward_beat(struct sw_node *n);
/* The timer of a query's attempt fired. */
void sw_forward_due(struct sw_node *n, struct sw_attempt *a);
/* The control connection of @peer stands: ask what waited for it. */
void sw_forward_linked(struct sw_node *n, uint32_t peer);
/* The control connection of @peer is gone, or can't be had. */
void sw_forward_peer_lost(struct sw_node *n, uint32_t peer);
/* From now on only the queries that are here already are owed an answer. */
void sw_forward_drain(struct sw_node *n);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * What was sent to a peer and not yet accounted for: queries and ants.  An attempt ends with its
 * reply; one whose patience ran out is kept a while as late, because a late reply still teaches. */
#ifndef SW_SWARM_ATTEMPT_H
#define SW_SWARM_ATTEMPT_H

#include "node/base/heap.h"
#include "node/core/event.h"
#include "node/core/swarm/slots.h"

struct sw_node;

/* A late attempt is forgotten this long after it was sent. */
#define SW_LATE_KEPT (5 * SW_SEC)

struct sw_attempt {
    struct sw_timer timer;
    uint32_t slot; /* its own */
    uint32_t peer;
    uint32_t prev, next; /* of the same peer, in order of sending */
    uint32_t query;      /* slot of the query it is for; SW_SLOT_NONE: nobody waits for it */
    uint32_t number;     /* of that query's attempts, from 0 */
    uint32_t epoch;      /* of the policy that sent it */
    bool probe;          /* an ant */
    uint64_t path;       /* by a relay, who is @peer: relay.h; 0: directly */
    sw_conn asker;       /* carried for whom that leads to: carry.h; 0: it is our own */
    uint64_t asked;      /* the asker's number for it */
    sw_dur waited;       /* in our queue */
    bool late;           /* its patience ran out */
    bool unsent;         /* it waits for a connection */
    sw_time sent_at;
    sw_dur patience;
    sw_dur hedge; /* when to ask another one as well; 0: not, or done */
};

struct sw_attempts {
    struct sw_slots slots; /* struct sw_attempt */
    uint32_t probes;       /* ants among them */
};

void sw_attempts_init(struct sw_attempts *a);
void sw_attempts_fini(struct sw_attempts *a);

/* A new attempt at @peer, sent now; its timer is not set.  NULL: too many are out, or memory is. */
struct sw_attempt *sw_attempt_new(struct sw_node *n, uint32_t peer, bool probe);
/* Set its timer: when its patience ends, or when it will be forgotten; @latest at the latest.
 * False when memory is out. */
bool sw_attempt_arm(struct sw_node *n, struct sw_attempt *a, sw_time latest);
/* Its patience ran out: tell the router, keep it as late. */
void sw_attempt_expire(struct sw_node *n, struct sw_attempt *a);
void sw_attempt_end(struct sw_node *n, struct sw_attempt *a);
/* Its timer fired: forward.c or ant.c knows what that means. */
void sw_attempt_due(struct sw_node *n, struct sw_timer *timer);

/* The number that goes over the wire. */
uint64_t sw_attempt_id(const struct sw_node *n, const struct sw_attempt *a);
/* The attempt @id, or NULL when it has ended. */
struct sw_attempt *sw_attempt_find(const struct sw_node *n, uint64_t id);
struct sw_attempt *sw_attempt_at(const struct sw_node *n, uint32_t slot);

#endif

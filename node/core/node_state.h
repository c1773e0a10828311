/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a node consists of.  Each part is defined and changed by the file it is named after; every
 * other file asks that file.  Private to the core. */
#ifndef SW_CORE_NODE_STATE_H
#define SW_CORE_NODE_STATE_H

#include "node/base/heap.h"
#include "node/base/keygen.h"
#include "node/core/buggify.h"
#include "node/core/cache/lookup.h"
#include "node/core/cache/upstream.h"
#include "node/core/config.h"
#include "node/core/held.h"
#include "node/core/node.h"
#include "node/core/swarm/ant.h"
#include "node/core/swarm/attempt.h"
#include "node/core/swarm/carry.h"
#include "node/core/swarm/demand.h"
#include "node/core/swarm/directory.h"
#include "node/core/swarm/forward.h"
#include "node/core/swarm/gossip.h"
#include "node/core/swarm/peer.h"
#include "node/core/swarm/pool.h"
#include "node/core/swarm/probe.h"
#include "node/core/swarm/relay.h"
#include "node/core/swarm/router.h"
#include "node/core/swarm/sync.h"
#include "node/core/views.h"
#include "node/core/zones/carry.h"
#include "node/core/zones/serve.h"

/* struct sw_timer's kind. */
enum sw_timer_kind {
    SW_TIMER_BEAT,
    SW_TIMER_REDIAL,
    SW_TIMER_ATTEMPT,
    SW_TIMER_PROBE,
    SW_TIMER_RELAY,
    SW_TIMER_SUSPICION,
    SW_TIMER_SYNC,
    SW_TIMER_LOOKUP
};

struct sw_node {
    /* of the step that is being taken, and what every step touches: together, since a swarm's nodes
     * take turns in the processor's caches */
    const struct sw_event *event;
    struct sw_actions *out;
    sw_time now; /* of the latest event */
    bool out_of_memory;
    bool drained;               /* DRAINED was said */
    enum sw_state state;        /* life.c */
    struct sw_config *config;   /* configure.c; ours; NULL before the first */
    struct sw_buggify *buggify; /* NULL in every live node */
    sw_time entropy_due;        /* when to ask for entropy (again) */
    struct sw_backup *backup;
    struct sw_heap timers;
    struct sw_arena scratch; /* empty between steps */
    struct sw_timer beat;    /* once a second: what else would be forgotten */

    uint64_t seed;
    unsigned planted;                   /* enum sw_planted */
    const struct sw_shelf *shelf;       /* NULL: zones are our own */
    const struct sw_verifier *verifier; /* NULL: we do it */
    struct sw_config *config_before;    /* kept while @backup may still look at it */
    struct sw_config *config_backup;    /* what @backup was told last */
    struct sw_keygen keygen;
    uint64_t last_job; /* jobs.c: the id given last */
    uint64_t beats;    /* so far */
    uint64_t steps;    /* so far, where slow checks are on */

    struct sw_held held;           /* zones held here */
    struct sw_zone_reads reads;    /* parts of them, for peers */
    struct sw_views views;         /* what fronts answer from */
    struct sw_directory directory; /* zones held elsewhere */
    struct sw_peers peers;
    struct sw_pool pool;     /* with which of them we stay connected */
    struct sw_self self;     /* our record */
    struct sw_gossip gossip; /* what others must still hear */
    struct sw_probe probe;   /* the failure detector */
    struct sw_sync sync;     /* anti-entropy */
    struct sw_demand demand; /* by region, as gossip tells */
    struct sw_router router;
    struct sw_attempts attempts;     /* queries and ants that are out */
    struct sw_forward forward;       /* clients that wait */
    struct sw_relays relays;         /* ways to members that we can't reach */
    struct sw_carry carry;           /* what we hand on for others */
    struct sw_zone_carry zone_carry; /* parts of zones among it */
    struct sw_cache cache;           /* what upstreams said */
    struct sw_upstreams upstreams;
    struct sw_lookups lookups; /* questions for them, and who waits */
    bool backup_configured;    /* ... and it said yes */
    struct sw_node_counts counts;
    struct sw_arena *lent; /* where it is from; NULL: our own */
};

/* DRAIN, by the host or by an operator. */
void sw_node_drain(struct sw_node *n);

#endif

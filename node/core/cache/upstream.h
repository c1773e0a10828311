/* SPDX-License-Identifier: GPL-3.0-or-later
 * Upstreams: which one is asked, and which are down.
 *
 * The routing policy chooses, as among peers; upstreams say nothing about their load, so that it
 * works by times alone.  Of the latest SW_UPSTREAM_SAMPLES answers it is told the quickest: that
 * was in the upstream's cache and says what the way there takes, queues included, while the others'
 * times are those of the names that had to be resolved, and say nothing about the next.  One that
 * did not answer is probed once a second; when SW_DOWN_LOSSES in a row of queries and probes go
 * unanswered it is down, and asked only when no other is left.  The verdict goes to the members of
 * the region, which need not find out by their own clients' patience; one of them, the upstream's
 * home, probes it for all, and says when it is back.  Who hears nothing for SW_DOWN_BELIEVED probes
 * for itself. */
#ifndef SW_CACHE_UPSTREAM_H
#define SW_CACHE_UPSTREAM_H

#include "algorithms/route/policy.h"
#include "node/base/err.h"
#include "node/core/config.h"
#include "node/core/proto/swarm.pb-c.h"

struct sw_node;
struct sw_link;

#define SW_UPSTREAMS_MAX 32U
#define SW_UPSTREAM_NONE UINT32_MAX
#define SW_UPSTREAM_SAMPLES 16U
#define SW_DOWN_LOSSES 3U
#define SW_DOWN_BELIEVED (60 * SW_SEC)
/* An answer may take its resolution's time: no upstream is given up before. */
#define SW_UPSTREAM_PATIENCE_LEAST (300 * SW_MS)
#define SW_UPSTREAM_PATIENCE_MOST (1500 * SW_MS)

struct sw_upstream {
    uint64_t id; /* of its address, the same everywhere */
    bool down;
    bool told;       /* by others */
    uint32_t losses; /* in a row */
    sw_time changed_at;
    sw_time heard_at;  /* its latest answer */
    sw_time probe_at;  /* the next probe, while it is down */
    sw_time probed_at; /* 0: no probe is out */
    uint64_t probe;    /* number of that */
    sw_dur every;
    uint64_t asked, answered;
    sw_dur rtt[SW_UPSTREAM_SAMPLES]; /* of the latest answers */
    uint64_t n_rtt;                  /* answers so far, probes included */
};

struct sw_upstreams {
    struct sw_route route;
    struct sw_rng rng;
    struct sw_upstream *v;
    uint32_t n;
    uint32_t epoch;  /* counts lists: what was asked of another one teaches nothing */
    uint64_t probes; /* so far */
};

struct sw_upstreams_plan {
    struct sw_route route;
    struct sw_upstream *v; /* NULL: what there is stays */
    uint32_t n;
};

/* Check and prepare.  Errors: SW_ERR_RANGE (the diag says what), SW_ERR_NOMEM. */
int sw_upstreams_plan(const struct sw_node *n, const struct sw_config *c,
                      struct sw_upstreams_plan *plan, struct sw_diag *d);
void sw_upstreams_plan_fini(struct sw_upstreams_plan *plan);
void sw_upstreams_commit(struct sw_node *n, struct sw_upstreams_plan *plan);
void sw_upstreams_fini(struct sw_upstreams *u);

/* Which one to ask, none of @tried (a bit each); SW_UPSTREAM_NONE when all were. */
uint32_t sw_upstream_choose(struct sw_node *n, uint64_t query_class, uint32_t tried);
sw_dur sw_upstream_patience(const struct sw_node *n, uint32_t number);
/* What became of it. */
void sw_upstream_sent(struct sw_node *n, uint32_t number);
void sw_upstream_answered(struct sw_node *n, uint32_t number, sw_dur rtt, bool late);
void sw_upstream_lost(struct sw_node *n, uint32_t number);

/* Others' verdicts. */
void sw_upstreams_heard(struct sw_node *n, const struct sw_link *link,
                        const Swarm__V1__Upstreams *m);
/* UPSTREAM in answer to a probe: SW_UPSTREAM_PROBE is set in its id. */
#define SW_UPSTREAM_PROBE (UINT64_C(1) << 63)
void sw_upstream_probe_back(struct sw_node *n);
/* A second has passed. */
void sw_upstreams_beat(struct sw_node *n);

#endif

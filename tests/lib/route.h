/* SPDX-License-Identifier: GPL-3.0-or-later
 * Short words for tests of routing policies. */
#ifndef SW_TESTS_LIB_ROUTE_H
#define SW_TESTS_LIB_ROUTE_H

#include "algorithms/route/policy.h"
#include "node/base/err.h"
#include "tests/lib/check.h"

#include <stdlib.h>

#define T0 (100 * SW_SEC) /* when a test begins */
#define ROUTE_PEERS 8

struct route_test {
    struct sw_route r;
    struct sw_rng rng;
    struct sw_candidate peers[ROUTE_PEERS];
    sw_time now;
    uint32_t tried[ROUTE_PEERS];
    size_t n_tried;
    struct sw_telemetry own;
};

static inline void route_begin(struct route_test *t, const char *policy)
{
    *t = (struct route_test){ .now = T0 };
    if (sw_route_init(&t->r, sw_policy_find(policy), ROUTE_PEERS) != SW_OK) {
        abort();
    }
    sw_rng_init(&t->rng, sw_rng_key(1, "route test", policy));
    for (uint32_t i = 0; i < ROUTE_PEERS; i++) {
        t->peers[i].peer = i;
        t->peers[i].id = i + 1;
    }
}

static inline void route_end(struct route_test *t)
{
    sw_route_fini(&t->r);
}

/* The choice among the first @n peers. */
static inline uint32_t route_choose(struct route_test *t, size_t n)
{
    const struct sw_choice c = { .now = t->now,
                                 .candidates = t->peers,
                                 .n = n,
                                 .tried = t->tried,
                                 .n_tried = t->n_tried,
                                 .own = t->own };
    return t->peers[t->r.policy->choose(&t->r, &c, &t->rng)].peer;
}

static inline void route_send(struct route_test *t, uint32_t peer)
{
    t->r.policy->on_send(&t->r, peer, t->now);
}

/* An answer in time from a peer that reports no load. */
static inline void route_answer(struct route_test *t, uint32_t peer, sw_dur rtt)
{
    const struct sw_telemetry nothing = { 0 };
    t->r.policy->on_reply(&t->r, peer, t->now, rtt, &nothing, false, false);
}

/* An answer in time, or an ant's, with a report of load. */
static inline void route_report(struct route_test *t, uint32_t peer, sw_dur rtt,
                                struct sw_telemetry load, bool probe)
{
    load.known = true;
    t->r.policy->on_reply(&t->r, peer, t->now, rtt, &load, probe, false);
}

static inline void route_set(struct route_test *t, const char *param, double value)
{
    if (sw_route_set(&t->r, param, value) != SW_OK) {
        abort();
    }
}

/* How often each of the first @n peers is chosen in @times choices, without learning. */
static inline void route_frequencies(struct route_test *t, size_t n, int times, double *share)
{
    for (size_t i = 0; i < n; i++) {
        share[i] = 0;
    }
    for (int i = 0; i < times; i++) {
        share[route_choose(t, n)] += 1.0 / times;
    }
}

static inline void route_timeout(struct route_test *t, uint32_t peer)
{
    t->r.policy->on_timeout(&t->r, peer, t->now, false);
}

static inline double route_cost(const struct route_test *t, uint32_t peer)
{
    return t->r.policy->cost(&t->r, peer, t->now);
}

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bad luck on purpose, in simulation only: named places in the core where, by the run's seed, the
 * rare thing happens (a time-out too early, a message lost, no memory).  The scheme is that of
 * FoundationDB's BUGGIFY: each run activates some sites, and an active one fires on some visits.
 *
 * They stay in the object files, since what is simulated must be what is deployed; a node without
 * a struct sw_buggify pays one test of a pointer at each.  Nothing but struct sw_node_options
 * leads here: no key of a configuration, and no program but the simulator, arms them. */
#ifndef SW_CORE_BUGGIFY_H
#define SW_CORE_BUGGIFY_H

#include "node/base/rng.h"

enum sw_site {
#define SW_SITE(name, one_in, what) SW_SITE_##name,
#include "node/core/buggify.def"
#undef SW_SITE
    SW_SITE_COUNT
};

struct sw_site_count {
    uint64_t reached; /* visits, active or not */
    uint64_t fired;
};

/* One node's, for all its lives; one thread's. */
struct sw_buggify {
    struct sw_rng_key luck;
    bool active[SW_SITE_COUNT];
    struct sw_site_count count[SW_SITE_COUNT];
};

/* Which sites are active follows from @seed and the site's name, the same on every node: each
 * with probability 1/4.  When they fire follows from @seed, @node and how often each was visited
 * before, so that one site's luck does not move another's. */
void sw_buggify_arm(struct sw_buggify *b, uint64_t seed, const char *node);

/* What SW_BUGGIFY calls.  @b is not NULL. */
bool sw_buggify_fires(struct sw_buggify *b, enum sw_site site);

/* Is this the visit on which it goes wrong?  @b: struct sw_buggify *, NULL in every live node. */
#define SW_BUGGIFY(b, site) \
    (__builtin_expect((b) != NULL, 0) && sw_buggify_fires((b), SW_SITE_##site))

/* Names and texts, for people. */
const char *sw_site_name(enum sw_site site);
const char *sw_site_text(enum sw_site site);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * DNS service over time, in slots of the scenario's interval; a query belongs to the slot in
 * which its client first sent it.  Queries sent so late that their clients may not have given up
 * when the run ends are left out: only their quick answers would be seen. */
#ifndef SIM_TIMELINE_H
#define SIM_TIMELINE_H

#include "sim/analyse/hist.h"
#include "sim/scenario/scenario.h"

struct sim_slot {
    struct sim_hist latency;            /* clients outside failed regions */
    uint64_t asked, answered;           /* the same clients; answered correctly */
    uint64_t slow;                      /* of them, later than 1 s or never */
    uint64_t dark_asked, dark_answered; /* clients inside a failed region */
    uint64_t cached;                    /* lookups that stubs' own caches answered */
};

struct sim_timeline {
    sw_dur interval;
    struct sim_slot *slots;
    size_t n;     /* slots of the whole run */
    size_t first; /* first after warm-up */
    size_t last;  /* first that is left out at the end */
};

/* A stretch of slots, [from, until). */
struct sim_stretch {
    size_t from, until;
};

/* Errors: SW_ERR_NOMEM. */
int sim_timeline_init(struct sim_timeline *t, const struct sim_scenario *s);
void sim_timeline_fini(struct sim_timeline *t);
size_t sim_timeline_slot(const struct sim_timeline *t, sw_time at);

/* Whether service in slot @i is as before: availability >= 99.9 % and, when @p99_before is no NaN,
 * p99 <= 1.5 x @p99_before.  A slot without queries is. */
bool sim_timeline_good(const struct sim_timeline *t, size_t i, double p99_before);
/* The first slot >= @from that begins 10 s of good ones; SIZE_MAX when there is none. */
size_t sim_timeline_recovered(const struct sim_timeline *t, size_t from, double p99_before);
/* p99 between warm-up and @until, ns; NaN without queries. */
double sim_timeline_before(const struct sim_timeline *t, size_t until);

/* The whole run after warm-up; or, with @during, from the first start of that fault to its last
 * end plus recovery.  Empty when the scenario has no such fault. */
struct sim_stretch sim_timeline_stretch(const struct sim_timeline *t, const struct sim_scenario *s,
                                        const char *during);
/* Recovery time of service: from the fault's start to the first of 10 consecutive seconds of good
 * service, s; the longest of all faults of the kind @during (NULL: of all).  INFINITY when service
 * does not recover though it had half a minute after the fault's end; a fault after which it
 * had less, and did not, counts as not seen.  NaN when none is seen. */
double sim_timeline_recovery(const struct sim_timeline *t, const struct sim_scenario *s,
                             const char *during);

#endif

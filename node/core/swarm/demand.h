/* SPDX-License-Identifier: GPL-3.0-or-later
 * Demand and capacity by region, for policies that balance by it.  While its policy wants to know,
 * each member measures once a second what its clients ask for and what it could answer (a
 * *reading*), rounded; readings ride on the failure detector's probes, each member telling each
 * reading a few times, and are summed by region.  A policy that does not want to know costs
 * nothing: nothing is measured, said, or kept. */
#ifndef SW_SWARM_DEMAND_H
#define SW_SWARM_DEMAND_H

#include "algorithms/route/policy.h"
#include "node/core/proto/swarm.pb-c.h"

struct sw_node;

#define SW_READINGS_MOST 24U /* in a message */
#define SW_READING_TOLD                                           \
    4U /* messages that a member carries one on with: that misses \
        * s = e^(-4 (1 - s)), 2 % of members, until the next */
#define SW_READING_EXPIRES (10 * SW_SEC) /* unless a newer one comes */

/* What a member said of itself. */
struct sw_reading {
    uint64_t sequence; /* the greater is newer; 0: none */
    sw_time heard_at;
    uint32_t told;   /* how often we told it */
    uint32_t demand; /* queries a second that it forwards */
    uint32_t cores;  /* that answer for others; 0: it holds no zone */
    sw_dur service;
    uint32_t n_rtt; /* round trips to the nearest member of regions */
    struct {
        uint32_t region; /* the lower half of its id */
        uint32_t us;
    } rtt[SW_REGIONS_MOST];
};

struct sw_demand {
    bool wanted;
    sw_time wanted_at; /* since when */
    double rate;       /* of queries to forward, a moving average over some seconds */
    double service;    /* mean time of a request, over more: its noise would swell capacities */
    uint64_t forwarded, beats;
    sw_time beat_at; /* when the two were looked at last */
    struct sw_reading own;
    struct sw_regions regions; /* as of the latest beat */
    uint32_t next;             /* whose reading is told next */
};

/* A second has passed. */
void sw_demand_beat(struct sw_node *n);
/* Put what others should hear into @probe; in the step's scratch. */
void sw_demand_tell(struct sw_node *n, Swarm__V1__Probe *probe);
/* Peer @from sent @probe; readings that are impossible or of strangers are passed over. */
void sw_demand_take(struct sw_node *n, uint32_t from, const Swarm__V1__Probe *probe);
/* Where @region is in the latest regions, or SW_REGION_NONE. */
uint32_t sw_demand_region(const struct sw_node *n, const struct sw_name *region);

#endif

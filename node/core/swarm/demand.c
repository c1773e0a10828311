/* SPDX-License-Identifier: GPL-3.0-or-later
 * Readings: measured, told, taken in, summed. */
#include "node/core/swarm/demand.h"

#include "node/base/name.h"
#include "node/core/node_state.h"

#include <stdlib.h>
#include <string.h>

#define GAIN 0.3         /* of the latest second in the rate */
#define GAIN_SERVICE 0.1 /* ... in the service time */
#define DEMAND_MOST 10000000U
#define CORES_MOST 1024U
#define SERVICE_MOST (10 * SW_SEC)
#define RTT_MOST_US 10000000U
#define NEAR (1.0 * (double)SW_MS) /* assumed round trip inside a region */
#define FAR (100.0 * (double)SW_MS)

/* ---- regions ---- */

static uint32_t place(const struct sw_regions *g, uint64_t id)
{
    for (uint32_t i = 0; i < g->n; i++) {
        if (g->v[i].id == id) {
            return i;
        }
    }
    return SW_REGION_NONE;
}

uint32_t sw_demand_region(const struct sw_node *n, const struct sw_name *region)
{
    return place(&n->demand.regions, sw_name_id(region));
}

/* Keep the smallest ids, ascending. */
static void enter(struct sw_regions *g, uint64_t id)
{
    uint32_t at = g->n;
    if (place(g, id) != SW_REGION_NONE) {
        return;
    }
    if (g->n == SW_REGIONS_MOST) {
        if (id > g->v[--at].id) {
            return;
        }
    } else {
        g->n++;
    }
    for (; at > 0 && g->v[at - 1].id > id; at--) {
        g->v[at].id = g->v[at - 1].id;
    }
    g->v[at].id = id;
}

static bool counts(const struct sw_peer *peer)
{
    return peer != NULL && (sw_member_lives(&peer->member) || sw_peer_ready(peer));
}

static void list_regions(struct sw_node *n)
{
    struct sw_regions *g = &n->demand.regions;
    const uint64_t own = sw_name_id(&n->config->region);
    *g = (struct sw_regions){ .epoch = (uint64_t)n->event->wall / SW_SEC };
    enter(g, own);
    for (uint32_t i = 0; i < n->peers.n; i++) {
        if (counts(n->peers.v[i])) {
            enter(g, sw_name_id(&n->peers.v[i]->region));
        }
    }
    g->own = place(g, own);
}

/* ---- measuring ---- */

/* @x to five binary digits: what moves little says the same. */
static uint64_t rounded(uint64_t x)
{
    unsigned low = 0;
    while (x >> low >= 32) {
        low++;
    }
    const uint64_t half = low > 0 ? UINT64_C(1) << (low - 1) : 0;
    return (x + half) >> low << low;
}

static bool holds_a_zone(const struct sw_node *n)
{
    for (size_t i = 0; i < n->held.n; i++) {
        if (n->held.v[i]->box != NULL) {
            return true;
        }
    }
    return false;
}

/* The shortest round trip to each region's members. */
static void measure_trips(const struct sw_node *n, struct sw_reading *own)
{
    const struct sw_regions *g = &n->demand.regions;
    sw_dur nearest[SW_REGIONS_MOST] = { 0 };
    for (uint32_t i = 0; i < n->peers.n; i++) {
        const struct sw_peer *peer = n->peers.v[i];
        const uint32_t at = counts(peer) ? sw_demand_region(n, &peer->region) : SW_REGION_NONE;
        if (at != SW_REGION_NONE && peer->net > 0 &&
            (nearest[at] == 0 || peer->net < nearest[at])) {
            nearest[at] = peer->net;
        }
    }
    own->n_rtt = 0;
    for (uint32_t i = 0; i < g->n; i++) {
        const uint64_t us = rounded(nearest[i] / SW_US);
        if (us > 0 && us <= RTT_MOST_US) {
            own->rtt[own->n_rtt].region = (uint32_t)g->v[i].id;
            own->rtt[own->n_rtt++].us = (uint32_t)us;
        }
    }
}

static void measure(struct sw_node *n)
{
    struct sw_demand *d = &n->demand;
    struct sw_reading *own = &d->own;
    const struct sw_load *load = &n->event->load;
    const uint64_t ms = n->event->wall > 0 ? (uint64_t)n->event->wall / SW_MS : 0;
    const uint32_t cores = load->cores > 0 ? load->cores : n->config->cores;
    own->sequence = ms > own->sequence ? ms : own->sequence + 1;
    own->heard_at = n->now;
    own->told = 0;
    own->demand = (uint32_t)rounded((uint64_t)(d->rate + 0.5));
    own->cores = holds_a_zone(n) ? cores : 0;
    own->service = rounded((uint64_t)d->service);
    measure_trips(n, own);
}

/* ---- summing ---- */

static void add(struct sw_regions *g, uint32_t at, const struct sw_reading *r)
{
    struct sw_region *v = &g->v[at];
    v->demand += r->demand;
    if (r->cores > 0 && r->service > 0) {
        v->cores += r->cores;
        v->capacity += (double)r->cores * (double)SW_SEC / (double)r->service;
    }
    for (uint32_t i = 0; i < r->n_rtt; i++) {
        const double rtt = (double)r->rtt[i].us * (double)SW_US;
        for (uint32_t k = 0; k < g->n; k++) {
            if ((uint32_t)g->v[k].id == r->rtt[i].region && (v->rtt[k] == 0 || rtt < v->rtt[k])) {
                v->rtt[k] = rtt;
            }
        }
    }
}

/* What no member has measured: as seen from the other side, or else a guess. */
static void complete_trips(struct sw_regions *g)
{
    const struct sw_regions heard = *g;
    for (uint32_t r = 0; r < g->n; r++) {
        for (uint32_t k = 0; k < g->n; k++) {
            double *rtt = &g->v[r].rtt[k];
            *rtt = *rtt > 0 ? *rtt : heard.v[k].rtt[r];
            *rtt = *rtt > 0 ? *rtt : r == k ? NEAR : FAR;
        }
    }
}

static bool is_fresh(const struct sw_node *n, const struct sw_peer *peer)
{
    return peer->reading != NULL && n->now - peer->reading->heard_at < SW_READING_EXPIRES;
}

/* Was every member heard, or time enough for those that speak?  What some regions have alone would
 * look like all there is. */
static bool is_complete(const struct sw_node *n)
{
    if (n->now - n->demand.wanted_at >= SW_READING_EXPIRES) {
        return true;
    }
    for (uint32_t i = 0; i < n->peers.n; i++) {
        if (counts(n->peers.v[i]) && !is_fresh(n, n->peers.v[i])) {
            return false;
        }
    }
    return true;
}

/* By members in order of their names, so that the sums have the same bits everywhere. */
static void sum(struct sw_node *n)
{
    struct sw_regions *g = &n->demand.regions;
    bool own_added = false;
    for (uint32_t i = 0; i <= n->peers.n_known; i++) {
        const struct sw_peer *peer = i < n->peers.n_known ? n->peers.v[n->peers.by_name[i]] : NULL;
        if (!own_added && (peer == NULL || strcmp(peer->name.s, n->config->name.s) > 0)) {
            own_added = true;
            if (g->own != SW_REGION_NONE) {
                add(g, g->own, &n->demand.own);
            }
        }
        const uint32_t at =
            counts(peer) && is_fresh(n, peer) ? sw_demand_region(n, &peer->region) : SW_REGION_NONE;
        if (at != SW_REGION_NONE) {
            add(g, at, peer->reading);
        }
    }
    complete_trips(g);
}

/* The first seconds are averaged: a new node must not seem to ask for little. */
static void count(struct sw_node *n)
{
    struct sw_demand *d = &n->demand;
    const double service = (double)n->event->load.service;
    const double span = (double)(n->now - d->beat_at) / (double)SW_SEC;
    const double latest = (double)(n->counts.forwarded - d->forwarded) / (span > 0 ? span : 1);
    const double even = 1.0 / (double)++d->beats;
    d->rate += (even > GAIN ? even : GAIN) * (latest - d->rate);
    d->service += (even > GAIN_SERVICE ? even : GAIN_SERVICE) * (service - d->service);
    d->forwarded = n->counts.forwarded;
    d->beat_at = n->now;
}

void sw_demand_beat(struct sw_node *n)
{
    struct sw_demand *d = &n->demand;
    struct sw_route *r = &n->router.route;
    count(n);
    const bool before = d->wanted;
    d->wanted = n->config != NULL && r->policy != NULL && sw_route_wants_regions(r);
    if (!d->wanted) {
        return;
    }
    d->wanted_at = before ? d->wanted_at : n->now;
    list_regions(n);
    sw_router_survey(n); /* candidates have the new numbers */
    measure(n);
    sum(n);
    if (d->regions.own != SW_REGION_NONE && is_complete(n)) {
        r->policy->on_regions(r, &d->regions);
    }
}

/* ---- gossip ---- */

/* In the step's scratch; NULL: memory is out. */
static Swarm__V1__Reading *write_reading(struct sw_node *n, const char *name,
                                         const struct sw_reading *r)
{
    Swarm__V1__Reading *m = sw_arena_alloc(&n->scratch, sizeof *m);
    uint32_t *regions = sw_arena_alloc(&n->scratch, (r->n_rtt + 1) * sizeof *regions);
    uint32_t *trips = sw_arena_alloc(&n->scratch, (r->n_rtt + 1) * sizeof *trips);
    if (m == NULL || regions == NULL || trips == NULL) {
        return NULL;
    }
    swarm__v1__reading__init(m);
    m->name = (char *)(uintptr_t)name;
    m->sequence = r->sequence;
    m->demand = r->demand;
    m->cores = r->cores;
    m->service = r->service;
    for (uint32_t i = 0; i < r->n_rtt; i++) {
        regions[i] = r->rtt[i].region;
        trips[i] = r->rtt[i].us;
    }
    m->region = regions;
    m->n_region = r->n_rtt;
    m->rtt = trips;
    m->n_rtt = r->n_rtt;
    return m;
}

static void tell(struct sw_node *n, Swarm__V1__Probe *probe, const char *name, struct sw_reading *r)
{
    if (r == NULL || r->sequence == 0 || r->told >= SW_READING_TOLD) {
        return;
    }
    Swarm__V1__Reading *m = write_reading(n, name, r);
    if (m != NULL) {
        probe->readings[probe->n_readings++] = m;
        r->told++;
    }
}

void sw_demand_tell(struct sw_node *n, Swarm__V1__Probe *probe)
{
    struct sw_demand *d = &n->demand;
    if (!d->wanted) {
        return;
    }
    probe->readings = sw_arena_alloc(&n->scratch, SW_READINGS_MOST * sizeof(void *));
    if (probe->readings == NULL) {
        return; /* there will be others */
    }
    tell(n, probe, n->config->name.s, &d->own);
    for (uint32_t i = 0; i < n->peers.n && probe->n_readings < SW_READINGS_MOST; i++) {
        d->next = d->next + 1 < n->peers.n ? d->next + 1 : 0;
        struct sw_peer *peer = n->peers.v[d->next];
        if (peer != NULL) {
            tell(n, probe, peer->name.s, peer->reading);
        }
    }
}

static bool is_possible(const Swarm__V1__Reading *m)
{
    bool possible = sw_name_valid(m->name) && m->sequence > 0 && m->demand <= DEMAND_MOST &&
                    m->cores <= CORES_MOST && m->service <= SERVICE_MOST &&
                    m->n_rtt == m->n_region && m->n_rtt <= SW_REGIONS_MOST;
    for (size_t i = 0; possible && i < m->n_rtt; i++) {
        possible = m->rtt[i] > 0 && m->rtt[i] <= RTT_MOST_US;
    }
    return possible;
}

static void keep(const struct sw_node *n, struct sw_reading *r, const Swarm__V1__Reading *m)
{
    *r = (struct sw_reading){ .sequence = m->sequence,
                              .heard_at = n->now,
                              .demand = m->demand,
                              .cores = m->cores,
                              .service = m->service,
                              .n_rtt = (uint32_t)m->n_rtt };
    for (uint32_t i = 0; i < r->n_rtt; i++) {
        r->rtt[i].region = m->region[i];
        r->rtt[i].us = m->rtt[i];
    }
}

/* What a member says of itself counts, whatever others said that it said. */
static void take(struct sw_node *n, uint32_t from, const Swarm__V1__Reading *m)
{
    const uint32_t number = is_possible(m) ? sw_peers_find(&n->peers, m->name) : SW_PEER_NONE;
    if (number == SW_PEER_NONE) {
        return;
    }
    struct sw_peer *peer = n->peers.v[number];
    if (peer->reading == NULL) {
        peer->reading = calloc(1, sizeof *peer->reading);
    }
    if (peer->reading != NULL && m->sequence != peer->reading->sequence &&
        (number == from || m->sequence > peer->reading->sequence)) {
        keep(n, peer->reading, m);
    }
}

void sw_demand_take(struct sw_node *n, uint32_t from, const Swarm__V1__Probe *probe)
{
    if (n->demand.wanted && probe->n_readings <= SW_READINGS_MOST) {
        for (size_t i = 0; i < probe->n_readings; i++) {
            take(n, from, probe->readings[i]);
        }
    }
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * The routing policy at work. */
#include "node/core/swarm/router.h"

#include "node/base/bug.h"
#include "node/base/name.h"
#include "node/core/emit.h"
#include "node/core/node_state.h"

#include <stdlib.h>
#include <string.h>

/* ---- configuration ---- */

static int set_params(struct sw_route *r, const struct sw_config *config, struct sw_diag *d)
{
    for (size_t i = 0; i < config->n_params; i++) {
        const struct sw_param_config *p = &config->params[i];
        const int err = sw_route_set(r, p->name, p->value);
        if (err == SW_ERR_NOTFOUND) {
            return sw_diag_set(d, err, "policy %s has no parameter %s", config->policy, p->name);
        }
        if (err != SW_OK) {
            return sw_diag_set(d, err, "policy %s: %s can't be %g", config->policy, p->name,
                               p->value);
        }
    }
    return SW_OK;
}

static bool make_room(struct sw_router *r, size_t n_peers)
{
    if (n_peers <= r->cap) {
        return true;
    }
    struct sw_candidate *reachable = realloc(r->reachable, n_peers * sizeof *reachable);
    if (reachable == NULL) {
        return false;
    }
    r->reachable = reachable;
    struct sw_candidate *candidates = realloc(r->candidates, n_peers * sizeof *candidates);
    if (candidates == NULL) {
        return false;
    }
    r->candidates = candidates;
    r->cap = n_peers;
    return true;
}

int sw_router_plan(struct sw_router *r, const struct sw_config *config, size_t n_peers,
                   struct sw_route *plan, struct sw_diag *d)
{
    *plan = (struct sw_route){ 0 };
    const struct sw_policy *policy = config->policy != NULL ? sw_policy_find(config->policy) : NULL;
    if (policy == NULL) {
        return sw_diag_set(d, SW_ERR_NOTFOUND, "no routing policy is called %s",
                           config->policy != NULL ? config->policy : "nothing");
    }
    if (policy->reference && r->truth == NULL) {
        return sw_diag_set(d, SW_ERR_STATE, "policy %s is a reference: " SW_REFERENCE_WHY,
                           policy->name);
    }
    int err = sw_route_init(plan, policy, n_peers);
    if (err != SW_OK) {
        return err;
    }
    err = set_params(plan, config, d);
    if (err == SW_OK && r->route.policy == policy) {
        err = sw_route_grow(&r->route, n_peers);
    }
    if (err == SW_OK && !make_room(r, n_peers)) {
        err = SW_ERR_NOMEM;
    }
    if (err != SW_OK) {
        sw_route_fini(plan);
    }
    return err;
}

void sw_router_commit(struct sw_router *r, struct sw_route *plan)
{
    if (r->route.policy == plan->policy) {
        if (plan->policy->params_size > 0) {
            memcpy(r->route.params, plan->params, plan->policy->params_size);
        }
        sw_route_fini(plan);
        return;
    }
    if (r->route.policy != NULL) {
        sw_route_fini(&r->route);
    }
    r->route = *plan;
    r->epoch++;
}

void sw_router_fini(struct sw_router *r)
{
    if (r->route.policy != NULL) {
        sw_route_fini(&r->route);
    }
    free(r->reachable);
    free(r->candidates);
    *r = (struct sw_router){ .truth = r->truth };
}

bool sw_router_grow(struct sw_node *n, size_t n_peers)
{
    return sw_route_grow(&n->router.route, n_peers) == SW_OK && make_room(&n->router, n_peers);
}

/* ---- who ---- */

void sw_router_reachable(struct sw_node *n, uint32_t number)
{
    struct sw_router *r = &n->router;
    const struct sw_peer *peer = n->peers.v[number];
    size_t at = 0;
    r->listed = NULL;
    for (size_t high = r->n_reachable; at < high;) {
        const size_t middle = at + (high - at) / 2;
        if (r->reachable[middle].peer < number) {
            at = middle + 1;
        } else {
            high = middle;
        }
    }
    struct sw_candidate *place = &r->reachable[at];
    const bool there = at < r->n_reachable && place->peer == number;
    if (!sw_peer_ready(peer)) {
        r->n_reachable -= there;
        memmove(place, place + there, (r->n_reachable - at) * sizeof *place);
        return;
    }
    if (!there) {
        memmove(place + 1, place, (r->n_reachable++ - at) * sizeof *place);
    }
    *place = (struct sw_candidate){
        .peer = number,
        .same_region = strcmp(peer->region.s, n->config->region.s) == 0,
        .id = peer->id,
        .region = n->demand.wanted ? sw_demand_region(n, &peer->region) : SW_REGION_NONE,
    };
}

void sw_router_survey(struct sw_node *n)
{
    n->router.n_reachable = 0;
    n->router.listed = NULL;
    for (uint32_t i = 0; i < n->peers.n; i++) {
        if (n->peers.v[i] != NULL) {
            sw_router_reachable(n, i);
        }
    }
}

void sw_router_forget(struct sw_node *n, uint32_t peer)
{
    sw_route_forget(&n->router.route, peer);
}

/* List holders of @zone that can be reached, ascending; both lists are. */
static void list_candidates(struct sw_node *n, const struct sw_known_zone *zone)
{
    struct sw_router *r = &n->router;
    size_t at = 0;
    if (r->listed == zone && r->listed_at == n->directory.revision) {
        return;
    }
    r->n_candidates = 0;
    for (uint32_t i = 0; i < zone->n_holders; i++) {
        while (at < r->n_reachable && r->reachable[at].peer < zone->holders[i].peer) {
            at++;
        }
        if (at < r->n_reachable && r->reachable[at].peer == zone->holders[i].peer) {
            r->candidates[r->n_candidates++] = r->reachable[at];
        }
    }
    r->listed = zone;
    r->listed_at = n->directory.revision;
}

bool sw_router_tried(const struct sw_router_question *q, uint32_t peer)
{
    for (size_t i = 0; i < q->n_tried; i++) {
        if (q->tried[i] == peer) {
            return true;
        }
    }
    return false;
}

struct sw_telemetry sw_router_own_load(const struct sw_node *n)
{
    const struct sw_load *load = &n->event->load;
    return (struct sw_telemetry){
        .known = load->service > 0,
        .waiting = load->waiting,
        .cores = load->cores > 0 ? load->cores : n->config->cores,
        .service = load->service,
    };
}

/* How busy each of @n_candidates really is; NULL where the policy must not know. */
static const struct sw_telemetry *true_loads(struct sw_node *n, size_t n_candidates)
{
    const struct sw_router *r = &n->router;
    if (!r->route.policy->reference) {
        return NULL;
    }
    struct sw_telemetry *truth = sw_arena_alloc(&n->scratch, n_candidates * sizeof *truth);
    if (truth == NULL) {
        n->out_of_memory = true;
        return NULL;
    }
    for (size_t i = 0; i < n_candidates; i++) {
        struct sw_load load = { 0 };
        const struct sw_name *name = &n->peers.v[r->candidates[i].peer]->name;
        truth[i] = (struct sw_telemetry){ .known = r->truth->load(r->truth->self, name, &load) };
        truth[i].waiting = load.waiting;
        truth[i].cores = load.cores;
        truth[i].service = load.service;
    }
    return truth;
}

/* Nobody is connected: one who can be dialled.  False: there is none. */
static bool choose_to_dial(const struct sw_node *n, const struct sw_router_question *q,
                           uint32_t *peer)
{
    for (uint32_t i = 0; i < q->zone->n_holders; i++) {
        const uint32_t number = q->zone->holders[i].peer;
        if (!sw_router_tried(q, number) && sw_pool_may_dial(n, n->peers.v[number])) {
            *peer = number;
            return true;
        }
    }
    return false;
}

bool sw_router_choose(struct sw_node *n, const struct sw_router_question *q, uint32_t *peer)
{
    struct sw_router *r = &n->router;
    list_candidates(n, q->zone);
    struct sw_choice c = {
        .now = n->event->now,
        .query_class = q->query_class,
        .candidates = r->candidates,
        .n = r->n_candidates,
        .tried = q->tried,
        .n_tried = q->n_tried,
        .own = sw_router_own_load(n),
    };
    sw_pool_want_holders(n, q->zone, c.candidates, c.n);
    size_t fresh = c.n; /* the last that was not asked */
    while (fresh > 0 && sw_router_tried(q, r->candidates[fresh - 1].peer)) {
        fresh--;
    }
    if (fresh == 0) {
        return choose_to_dial(n, q, peer);
    }
    c.truth = true_loads(n, c.n);
    const size_t chosen = SW_BUGGIFY(n->buggify, peer_any)
                              ? fresh - 1
                              : r->route.policy->choose(&r->route, &c, &r->rng);
    SW_ASSERT(chosen < c.n);
    *peer = r->candidates[chosen].peer;
    return true;
}

uint32_t sw_router_probe(struct sw_node *n)
{
    struct sw_router *r = &n->router;
    if (r->route.policy->next_probe == NULL || r->n_reachable == 0) {
        return SW_NO_PEER;
    }
    return r->route.policy->next_probe(&r->route, n->event->now, r->reachable, r->n_reachable,
                                       &r->rng);
}

sw_dur sw_router_route_patience(const struct sw_route *r, uint32_t peer)
{
    const sw_dur p = r->policy->patience != NULL ? r->policy->patience(r, peer) : SW_PATIENCE_USUAL;
    if (p < SW_PATIENCE_LEAST) {
        return SW_PATIENCE_LEAST;
    }
    return p < SW_PATIENCE_MOST ? p : SW_PATIENCE_MOST;
}

sw_dur sw_router_patience(const struct sw_node *n, uint32_t peer)
{
    return sw_router_route_patience(&n->router.route, peer);
}

/* ---- what came of it ---- */

/* Trace when the policy changed its mind about @number. */
static void notice(struct sw_node *n, uint32_t number)
{
    const struct sw_route *r = &n->router.route;
    struct sw_peer *peer = n->peers.v[number];
    const bool now = r->policy->suspected != NULL && r->policy->suspected(r, number);
    if (now != peer->suspected) {
        peer->suspected = now;
        sw_emit_trace(n, now ? SW_TRACE_SUSPECT : SW_TRACE_TRUSTED, &peer->name,
                      now ? peer->timeouts : 0, 0, NULL);
    }
}

void sw_router_sent(struct sw_node *n, const struct sw_attempt *a)
{
    struct sw_route *r = &n->router.route;
    if (a->path != 0) {
        sw_relay_sent(n, a);
        return;
    }
    n->peers.v[a->peer]->sent++;
    if (r->policy->on_send != NULL) {
        r->policy->on_send(r, a->peer, n->event->now);
    }
}

void sw_router_measured(struct sw_node *n, uint32_t peer, sw_dur net)
{
    sw_dur *mean = &n->peers.v[peer]->net;
    *mean = *mean == 0 ? net : *mean - *mean / 8 + net / 8;
}

void sw_router_replied(struct sw_node *n, const struct sw_attempt *a, const struct sw_telemetry *t)
{
    struct sw_route *r = &n->router.route;
    struct sw_peer *peer = n->peers.v[a->peer];
    const sw_dur rtt = n->event->now - a->sent_at;
    if (a->path != 0) {
        sw_relay_replied(n, a, t);
        return;
    }
    peer->timeouts = 0;
    peer->srtt = peer->srtt == 0 ? rtt : peer->srtt - peer->srtt / 8 + rtt / 8;
    if (t->known) {
        sw_router_measured(n, a->peer, rtt - t->sojourn);
    }
    if (r->policy->on_reply != NULL && a->epoch == n->router.epoch) {
        r->policy->on_reply(r, a->peer, n->event->now, rtt, t, a->probe, a->late);
    }
    notice(n, a->peer);
}

void sw_router_timed_out(struct sw_node *n, const struct sw_attempt *a)
{
    struct sw_route *r = &n->router.route;
    struct sw_peer *peer = n->peers.v[a->peer];
    if (a->path != 0) {
        sw_relay_timed_out(n, a);
        return;
    }
    peer->timeouts++;
    if (r->policy->on_timeout != NULL && a->epoch == n->router.epoch) {
        r->policy->on_timeout(r, a->peer, n->event->now, a->probe);
    }
    notice(n, a->peer);
    sw_relay_missed(n, a);
}

void sw_router_refused(struct sw_node *n, const struct sw_attempt *a, const struct sw_telemetry *t)
{
    struct sw_route *r = &n->router.route;
    if (a->late || a->path != 0) {
        if (!a->late) {
            sw_relay_timed_out(n, a);
        }
        return;
    }
    n->peers.v[a->peer]->timeouts = 0; /* it can be reached */
    if (a->epoch != n->router.epoch) {
        return;
    }
    if (r->policy->on_refused != NULL && t->known) {
        r->policy->on_refused(r, a->peer, n->event->now, n->event->now - a->sent_at, t);
    } else if (r->policy->on_timeout != NULL) {
        /* to a policy that sees only time, a quick refusal would look attractive */
        r->policy->on_timeout(r, a->peer, n->event->now, a->probe);
    }
    notice(n, a->peer);
}

void sw_router_class_answered(struct sw_node *n, uint32_t peer, uint64_t query_class, sw_dur rtt,
                              bool hit)
{
    struct sw_route *r = &n->router.route;
    if (sw_route_wants_classes(r)) {
        r->policy->on_class(r, peer, query_class, n->event->now, rtt, hit);
    }
}

#define WAITING_MOST 1000000U
#define CORES_MOST 1024U
#define SERVICE_MOST (10 * SW_SEC)

struct sw_telemetry sw_router_telemetry(const Swarm__V1__Load *load, sw_dur sojourn, bool hit,
                                        sw_dur rtt)
{
    struct sw_telemetry t = { .hit = hit };
    if (load == NULL || load->waiting > WAITING_MOST || load->cores == 0 ||
        load->cores > CORES_MOST || load->service == 0 || load->service > SERVICE_MOST ||
        sojourn > rtt) {
        return t;
    }
    t.known = true;
    t.waiting = load->waiting;
    t.cores = load->cores;
    t.service = load->service;
    t.sojourn = sojourn;
    return t;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Relay paths. */
#include "node/core/swarm/relay.h"

#include "node/base/bug.h"
#include "node/base/name.h"
#include "node/core/emit.h"
#include "node/core/node_state.h"

#include <string.h>

void sw_relays_init(struct sw_relays *r)
{
    *r = (struct sw_relays){ 0 };
    sw_slots_init(&r->slots, sizeof(struct sw_relay_path));
    r->slots.limit = SW_RELAY_TARGETS * SW_RELAY_PATHS;
}

void sw_relays_fini(struct sw_relays *r)
{
    sw_slots_fini(&r->slots);
    sw_router_fini(&r->policy);
}

/* ---- paths ---- */

/* The path in slot @i, or NULL. */
static struct sw_relay_path *at(const struct sw_node *n, uint32_t i)
{
    const struct sw_slots *s = &n->relays.slots;
    return sw_slots_taken(s, i) ? sw_slots_at(s, i) : NULL;
}

const struct sw_relay_path *sw_relay_path(const struct sw_node *n, uint64_t path)
{
    const uint32_t i = sw_slots_find(&n->relays.slots, path);
    return i != SW_SLOT_NONE ? at(n, i) : NULL;
}

static void drop(struct sw_node *n, uint32_t i)
{
    const struct sw_relay_path *p = at(n, i);
    if (p->known) {
        sw_emit_trace(n, SW_TRACE_RELAY_LOST, &n->peers.v[p->relay]->name, p->failures, 0,
                      n->peers.v[p->to]->name.s);
    }
    sw_route_forget(&n->relays.policy.route, i);
    sw_slots_give(&n->relays.slots, i);
}

static uint32_t count(const struct sw_node *n, uint32_t to)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < n->relays.slots.made; i++) {
        const struct sw_relay_path *p = at(n, i);
        found += p != NULL && p->to == to;
    }
    return found;
}

/* The slot of the path through @relay to @to, or SW_SLOT_NONE. */
static uint32_t find(const struct sw_node *n, uint32_t relay, uint32_t to)
{
    for (uint32_t i = 0; i < n->relays.slots.made; i++) {
        const struct sw_relay_path *p = at(n, i);
        if (p != NULL && p->to == to && p->relay == relay) {
            return i;
        }
    }
    return SW_SLOT_NONE;
}

static bool is_well(const struct sw_node *n, uint32_t relay)
{
    const struct sw_peer *peer = n->peers.v[relay];
    return sw_peer_ready(peer) && peer->silent < SW_RELAY_SILENT;
}

/* ---- members that are cut off ---- */

bool sw_relay_is_cut_off(const struct sw_node *n, uint32_t number)
{
    const struct sw_peer *peer = n->peers.v[number];
    const struct sw_link *link = &peer->link[SW_CLASS_CONTROL];
    const bool stands = link->conn != 0 || (link->failures == 0 && !sw_pool_keeps(n, peer));
    return n->config->relay && sw_member_lives(&peer->member) && !peer->leaving &&
           (!stands || peer->silent >= SW_RELAY_SILENT);
}

void sw_relay_heard(struct sw_node *n, uint32_t number)
{
    struct sw_peer *peer = n->peers.v[number];
    peer->heard_at = n->now;
    peer->silent = 0;
}

/* Where the policy has no ants of its own, nothing else would find whether @to is silent. */
static void try_directly(struct sw_node *n, uint32_t to)
{
    if (n->router.route.policy->next_probe == NULL && sw_peer_ready(n->peers.v[to])) {
        sw_ant_launch(n, to, 0);
    }
}

void sw_relay_missed(struct sw_node *n, const struct sw_attempt *a)
{
    struct sw_peer *peer = n->peers.v[a->peer];
    if (!n->config->relay || peer->heard_at > a->sent_at) {
        return;
    }
    const uint32_t before = peer->silent;
    peer->silent += a->probe ? SW_RELAY_MISSED_ANT : 1;
    if (before < SW_RELAY_SILENT && peer->silent >= SW_RELAY_SILENT && peer->sent > 0) {
        sw_relay_want(n, a->peer);
    } else if (before == 0 && !a->probe) {
        try_directly(n, a->peer);
    }
}

static struct sw_relay_target *target(struct sw_node *n, uint32_t peer)
{
    struct sw_relays *r = &n->relays;
    for (uint32_t i = 0; i < r->n_targets; i++) {
        if (r->target[i].peer == peer) {
            return &r->target[i];
        }
    }
    return NULL;
}

/* A member drawn among those that may be tried, or SW_NO_PEER. */
static uint32_t draw(struct sw_node *n, uint32_t to)
{
    const struct sw_router *router = &n->router;
    uint32_t chosen = SW_NO_PEER;
    uint64_t eligible = 0;
    for (size_t i = 0; i < router->n_reachable; i++) {
        const uint32_t relay = router->reachable[i].peer;
        if (relay != to && is_well(n, relay) && find(n, relay, to) == SW_SLOT_NONE &&
            sw_rng_below(&n->relays.policy.rng, ++eligible) == 0) {
            chosen = relay; /* reservoir sampling (Vitter 1985, algorithm R) */
        }
    }
    return chosen;
}

/* Try relays until there are enough, or tries are used up. */
static void explore(struct sw_node *n, struct sw_relay_target *t)
{
    struct sw_slots *slots = &n->relays.slots;
    while (t->tries > 0 && count(n, t->peer) < SW_RELAY_PATHS) {
        const uint32_t relay = draw(n, t->peer);
        uint32_t slot;
        struct sw_relay_path *p = relay != SW_NO_PEER ? sw_slots_take(slots, &slot) : NULL;
        if (p == NULL) {
            return;
        }
        t->tries--;
        *p = (struct sw_relay_path){ .relay = relay, .to = t->peer, .heard_at = n->now };
        sw_ant_launch(n, relay, sw_slots_id(slots, slot));
    }
}

/* The policy for paths, once it is needed.  False: memory is out, or the policy is a reference that
 * must be shown the truth, which paths have none of. */
static bool set_up(struct sw_node *n)
{
    struct sw_router *policy = &n->relays.policy;
    struct sw_route plan;
    struct sw_diag d;
    if (policy->route.policy != NULL) {
        return true;
    }
    const int err = sw_router_plan(policy, n->config, n->relays.slots.limit, &plan, &d);
    if (err != SW_OK) {
        n->out_of_memory = n->out_of_memory || err == SW_ERR_NOMEM;
        return false;
    }
    sw_router_commit(policy, &plan);
    sw_rng_init(&policy->rng, sw_rng_key(n->seed, "relay", n->config->name.s));
    return true;
}

void sw_relay_want(struct sw_node *n, uint32_t peer)
{
    struct sw_relays *r = &n->relays;
    struct sw_relay_target *t = target(n, peer);
    if (t != NULL) {
        t->wanted_at = n->now;
        return;
    }
    if (!sw_relay_is_cut_off(n, peer) || r->n_targets == SW_RELAY_TARGETS ||
        n->state == SW_STATE_DRAINING || !set_up(n)) {
        return;
    }
    t = &r->target[r->n_targets++];
    *t = (struct sw_relay_target){
        .peer = peer, .tries = SW_RELAY_TRIES, .wanted_at = n->now, .pause = SW_RELAY_PAUSE
    };
    t->tries_at = n->now + t->pause;
    explore(n, t);
}

static void drop_paths(struct sw_node *n, uint32_t to)
{
    for (uint32_t i = 0; i < n->relays.slots.made; i++) {
        const struct sw_relay_path *p = at(n, i);
        if (p != NULL && p->to == to) {
            drop(n, i);
        }
    }
}

static void end_target(struct sw_node *n, struct sw_relay_target *t)
{
    drop_paths(n, t->peer);
    *t = n->relays.target[--n->relays.n_targets];
}

void sw_relays_reset(struct sw_node *n)
{
    while (n->relays.n_targets > 0) {
        end_target(n, &n->relays.target[0]);
    }
    sw_router_fini(&n->relays.policy);
}

void sw_relay_forget(struct sw_node *n, uint32_t peer)
{
    struct sw_relay_target *t = target(n, peer);
    if (t != NULL) {
        end_target(n, t);
    }
    for (uint32_t i = 0; i < n->relays.slots.made; i++) {
        const struct sw_relay_path *p = at(n, i);
        if (p != NULL && p->relay == peer) {
            drop(n, i);
        }
    }
}

/* ---- once a second ---- */

/* What the policy expects of the path in slot @i, ns; without a cost of its own, its patience. */
static double cost(const struct sw_node *n, uint32_t i)
{
    const struct sw_route *r = &n->relays.policy.route;
    return r->policy->cost != NULL ? r->policy->cost(r, i, n->now)
                                   : (double)sw_router_route_patience(r, i);
}

/* Of a full set the dearest path goes, so that another can be tried. */
static void make_place(struct sw_node *n, uint32_t to)
{
    uint32_t dearest = SW_SLOT_NONE;
    uint32_t known = 0;
    for (uint32_t i = 0; i < n->relays.slots.made; i++) {
        const struct sw_relay_path *p = at(n, i);
        if (p == NULL || p->to != to || !p->known) {
            continue;
        }
        known++;
        if (dearest == SW_SLOT_NONE || cost(n, i) > cost(n, dearest)) {
            dearest = i;
        }
    }
    if (known == SW_RELAY_PATHS) {
        drop(n, dearest);
    }
}

static bool is_reached(const struct sw_node *n, uint32_t to)
{
    for (uint32_t i = 0; i < n->relays.slots.made; i++) {
        const struct sw_relay_path *p = at(n, i);
        if (p != NULL && p->to == to && p->known) {
            return true;
        }
    }
    return false;
}

/* Further tries; the later, the longer none led anywhere: it may be dead, and not known to be. */
static void allow_tries(struct sw_node *n, struct sw_relay_target *t)
{
    if (is_reached(n, t->peer)) {
        t->pause = SW_RELAY_PAUSE;
        t->tries = 1;
    } else if (t->tries_at <= n->now) {
        t->pause = t->pause < SW_RELAY_PAUSE_MOST ? 2 * t->pause : t->pause;
        t->tries_at = n->now + t->pause;
        t->tries = SW_RELAY_TRIES;
    }
}

static void drop_stale(struct sw_node *n, uint32_t to)
{
    for (uint32_t i = 0; i < n->relays.slots.made; i++) {
        const struct sw_relay_path *p = at(n, i);
        if (p != NULL && p->to == to &&
            (!is_well(n, p->relay) || n->now - p->heard_at >= SW_RELAY_STALE)) {
            drop(n, i);
        }
    }
}

static void refresh(struct sw_node *n, uint32_t to)
{
    for (uint32_t i = 0; i < n->relays.slots.made; i++) {
        const struct sw_relay_path *p = at(n, i);
        if (p != NULL && p->to == to && p->known) {
            sw_ant_launch(n, p->relay, sw_slots_id(&n->relays.slots, i));
        }
    }
}

void sw_relay_beat(struct sw_node *n)
{
    struct sw_relays *r = &n->relays;
    for (uint32_t i = r->n_targets; i > 0; i--) {
        struct sw_relay_target *t = &r->target[i - 1];
        if (!sw_relay_is_cut_off(n, t->peer) || n->state == SW_STATE_DRAINING ||
            n->now - t->wanted_at >= SW_RELAY_UNWANTED) {
            end_target(n, t);
            continue;
        }
        drop_stale(n, t->peer);
        allow_tries(n, t);
        try_directly(n, t->peer);
        make_place(n, t->peer);
        refresh(n, t->peer);
        explore(n, t);
    }
}

/* ---- choosing ---- */

static bool holds(const struct sw_known_zone *zone, uint32_t peer)
{
    for (uint32_t i = 0; i < zone->n_holders; i++) {
        if (zone->holders[i].peer == peer) {
            return true;
        }
    }
    return false;
}

/* May @q go by @p?  A relay that holds the zone itself is asked directly. */
static bool serves(const struct sw_node *n, const struct sw_router_question *q,
                   const struct sw_relay_path *p)
{
    return holds(q->zone, p->to) && sw_relay_is_cut_off(n, p->to) && is_well(n, p->relay) &&
           !sw_router_tried(q, p->relay) && !holds(q->zone, p->relay);
}

/* Make candidates of the paths that are known to lead; how many. */
static size_t list(struct sw_node *n, const struct sw_router_question *q)
{
    struct sw_candidate *c = n->relays.policy.candidates;
    size_t listed = 0;
    for (uint32_t i = 0; i < n->relays.slots.made; i++) {
        const struct sw_relay_path *p = at(n, i);
        if (p != NULL && p->known && serves(n, q, p)) {
            const struct sw_peer *relay = n->peers.v[p->relay];
            c[listed++] = (struct sw_candidate){
                .peer = i,
                .same_region = strcmp(relay->region.s, n->config->region.s) == 0,
                .id = sw_name_id(&relay->name),
                .region = SW_REGION_NONE,
            };
        }
    }
    return listed;
}

/* Nobody can be asked and no ant is back yet: the path through the nearest relay that was drawn. */
static uint64_t guess(const struct sw_node *n, const struct sw_router_question *q)
{
    uint32_t best = SW_SLOT_NONE;
    sw_dur nearest = 0;
    for (uint32_t i = 0; i < n->relays.slots.made; i++) {
        const struct sw_relay_path *p = at(n, i);
        if (p == NULL || p->failures > 0 || !serves(n, q, p)) {
            continue;
        }
        const sw_dur srtt = n->peers.v[p->relay]->srtt;
        if (best == SW_SLOT_NONE || srtt < nearest) {
            best = i;
            nearest = srtt;
        }
    }
    return best != SW_SLOT_NONE ? sw_slots_id(&n->relays.slots, best) : 0;
}

/* Is the path in slot @i cheaper than @direct?  Not where the policy can't tell. */
static bool is_cheaper(const struct sw_node *n, uint32_t i, uint32_t direct)
{
    const struct sw_route *r = &n->router.route;
    return r->policy->cost != NULL && cost(n, i) < r->policy->cost(r, direct, n->now);
}

static void want_holders(struct sw_node *n, const struct sw_known_zone *zone)
{
    for (uint32_t i = 0; i < zone->n_holders; i++) {
        sw_relay_want(n, zone->holders[i].peer);
    }
}

uint64_t sw_relay_choose(struct sw_node *n, const struct sw_router_question *q, uint32_t direct)
{
    const bool well = direct != SW_NO_PEER && n->peers.v[direct]->silent < SW_RELAY_SILENT;
    struct sw_router *p = &n->relays.policy;
    if (!well) {
        want_holders(n, q->zone);
    }
    if (n->relays.n_targets == 0) {
        return 0;
    }
    const struct sw_choice c = { .now = n->now,
                                 .query_class = q->query_class,
                                 .candidates = p->candidates,
                                 .n = list(n, q),
                                 .own = sw_router_own_load(n) };
    if (c.n == 0) {
        return direct == SW_NO_PEER ? guess(n, q) : 0;
    }
    const uint32_t i = p->candidates[p->route.policy->choose(&p->route, &c, &p->rng)].peer;
    return well && !is_cheaper(n, i, direct) ? 0 : sw_slots_id(&n->relays.slots, i);
}

uint32_t sw_relay_for_bulk(const struct sw_node *n, uint32_t to)
{
    uint32_t best = SW_SLOT_NONE;
    for (uint32_t i = 0; i < n->relays.slots.made; i++) {
        const struct sw_relay_path *p = at(n, i);
        if (p == NULL || p->to != to || !p->known || !is_well(n, p->relay) ||
            !n->peers.v[p->relay]->link[SW_CLASS_BULK].greeted) {
            continue;
        }
        if (best == SW_SLOT_NONE || cost(n, i) < cost(n, best)) {
            best = i;
        }
    }
    return best != SW_SLOT_NONE ? at(n, best)->relay : SW_PEER_NONE;
}

struct sw_name sw_relay_take(struct sw_node *n, struct sw_attempt *a, uint64_t path)
{
    const uint32_t i = sw_slots_find(&n->relays.slots, path);
    SW_ASSERT(i != SW_SLOT_NONE);
    a->path = path;
    a->patience = sw_router_route_patience(&n->relays.policy.route, i);
    return n->peers.v[at(n, i)->to]->name;
}

/* ---- what came of it ---- */

void sw_relay_sent(struct sw_node *n, const struct sw_attempt *a)
{
    struct sw_route *r = &n->relays.policy.route;
    const uint32_t i = sw_slots_find(&n->relays.slots, a->path);
    SW_ASSERT(i != SW_SLOT_NONE);
    n->counts.relayed++;
    target(n, at(n, i)->to)->wanted_at = n->now;
    if (r->policy->on_send != NULL) {
        r->policy->on_send(r, i, n->now);
    }
}

void sw_relay_replied(struct sw_node *n, const struct sw_attempt *a, const struct sw_telemetry *t)
{
    struct sw_route *r = &n->relays.policy.route;
    const uint32_t i = sw_slots_find(&n->relays.slots, a->path);
    const sw_dur rtt = n->now - a->sent_at;
    if (i == SW_SLOT_NONE) {
        return;
    }
    struct sw_relay_path *p = at(n, i);
    if (!p->known) {
        sw_emit_trace(n, SW_TRACE_RELAY_FOUND, &n->peers.v[p->relay]->name, rtt, 0,
                      n->peers.v[p->to]->name.s);
    }
    p->known = true;
    p->failures = 0;
    p->heard_at = n->now;
    if (r->policy->on_reply != NULL) {
        r->policy->on_reply(r, i, n->now, rtt, t, a->probe, a->late);
    }
}

/* The path in slot @i is of no use: another one. */
static void give_up(struct sw_node *n, uint32_t i)
{
    struct sw_relay_target *t = target(n, at(n, i)->to);
    drop(n, i);
    if (t != NULL) {
        explore(n, t);
    }
}

void sw_relay_timed_out(struct sw_node *n, const struct sw_attempt *a)
{
    struct sw_route *r = &n->relays.policy.route;
    const uint32_t i = sw_slots_find(&n->relays.slots, a->path);
    if (i == SW_SLOT_NONE) {
        return;
    }
    if (r->policy->on_timeout != NULL) {
        r->policy->on_timeout(r, i, n->now, a->probe);
    }
    struct sw_relay_path *p = at(n, i);
    if (++p->failures >= SW_RELAY_FAILURES || !p->known) {
        give_up(n, i);
    }
}

void sw_relay_give_up(struct sw_node *n, uint32_t relay, uint32_t to)
{
    const uint32_t i = find(n, relay, to);
    if (i != SW_SLOT_NONE) {
        give_up(n, i);
    }
}

void sw_relay_refused(struct sw_node *n, const struct sw_attempt *a)
{
    const uint32_t i = sw_slots_find(&n->relays.slots, a->path);
    if (i != SW_SLOT_NONE) {
        give_up(n, i);
    }
}

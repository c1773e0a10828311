/* SPDX-License-Identifier: GPL-3.0-or-later
 * The failure detector. */
#include "node/core/swarm/probe.h"

#include "node/base/name.h"
#include "node/core/emit.h"
#include "node/core/node_state.h"
#include "node/core/swarm/link.h"

#include <stdlib.h>
#include <string.h>

#define NACK_SHARE 5 /* a NACK is due after 1 - 1/5 of the time-out (Lifeguard, IV.A) */

/* ---- times ---- */

static sw_dur stretched(const struct sw_node *n, sw_dur length)
{
    return length * (1 + n->probe.health);
}

static void set_health(struct sw_node *n, int change)
{
    struct sw_probe *p = &n->probe;
    const int health = (int)p->health + change;
    if (!n->config->membership.lifeguard || health < 0) {
        p->health = 0;
    } else {
        p->health = health < (int)SW_HEALTH_MOST ? (uint32_t)health : SW_HEALTH_MOST;
    }
}

void sw_probe_suspected(struct sw_node *n)
{
    set_health(n, 1);
}

static void wait_until(struct sw_node *n, struct sw_timer *timer, sw_time at)
{
    if (sw_heap_set(&n->timers, timer, at) != SW_OK) {
        n->out_of_memory = true; /* the beat sets it again */
    }
}

void sw_probe_begin(struct sw_node *n)
{
    struct sw_probe *p = &n->probe;
    p->timer.kind = SW_TIMER_PROBE;
    if (p->timer.pos == 0) {
        wait_until(n, &p->timer, n->now + 1 + sw_rng_below(&p->rng, n->config->membership.period));
    }
}

int sw_probe_reserve(struct sw_probe *p, uint32_t n_peers)
{
    if (n_peers <= p->cap) {
        return SW_OK;
    }
    uint32_t *order = realloc(p->order, n_peers * sizeof *order);
    if (order == NULL) {
        return SW_ERR_NOMEM;
    }
    p->order = order;
    p->cap = n_peers;
    return SW_OK;
}

void sw_probe_fini(struct sw_probe *p)
{
    free(p->order);
    *p = (struct sw_probe){ 0 };
}

/* ---- whom ---- */

/* A new round: all neighbours that live, shuffled (Durstenfeld). */
static void shuffle(struct sw_node *n)
{
    struct sw_probe *p = &n->probe;
    const uint32_t *kept = sw_pool_kept(n);
    p->n_order = 0;
    p->at = 0;
    for (uint32_t i = 0; i < n->pool.n_kept; i++) {
        const uint32_t peer = kept[i];
        if (sw_member_lives(&n->peers.v[peer]->member)) {
            p->order[p->n_order++] = peer;
        }
    }
    for (uint32_t i = p->n_order; i > 1; i--) {
        const uint32_t k = (uint32_t)sw_rng_below(&p->rng, i);
        const uint32_t other = p->order[k];
        p->order[k] = p->order[i - 1];
        p->order[i - 1] = other;
    }
}

/* The next that lives, or SW_PEER_NONE. */
static uint32_t next_target(struct sw_node *n)
{
    struct sw_probe *p = &n->probe;
    for (unsigned rounds = 0; rounds < 2; rounds++) {
        while (p->at < p->n_order) {
            const uint32_t peer = p->order[p->at++];
            if (n->peers.v[peer] != NULL && sw_member_lives(&n->peers.v[peer]->member)) {
                return peer;
            }
        }
        shuffle(n);
    }
    return SW_PEER_NONE;
}

void sw_probe_learn(struct sw_node *n, uint32_t peer)
{
    struct sw_probe *p = &n->probe;
    if (!sw_pool_keeps(n, n->peers.v[peer])) {
        return;
    }
    for (uint32_t i = p->at; i < p->n_order; i++) {
        if (p->order[i] == peer) {
            return; /* its turn is still to come */
        }
    }
    if (p->n_order == p->cap || !sw_member_lives(&n->peers.v[peer]->member)) {
        return; /* the next round has it */
    }
    const uint32_t at = p->at + (uint32_t)sw_rng_below(&p->rng, p->n_order - p->at + 1);
    memmove(p->order + at + 1, p->order + at, (p->n_order - at) * sizeof *p->order);
    p->order[at] = peer;
    p->n_order++;
}

static void drop_relay(struct sw_node *n, struct sw_relay *r)
{
    sw_heap_cancel(&n->timers, &r->timer);
    r->nonce = 0;
}

void sw_probe_forget(struct sw_node *n, uint32_t peer)
{
    struct sw_probe *p = &n->probe;
    uint32_t kept = 0;
    uint32_t done = 0;
    for (uint32_t i = 0; i < p->n_order; i++) {
        if (p->order[i] != peer) {
            p->order[kept++] = p->order[i];
            done += i < p->at;
        }
    }
    p->n_order = kept;
    p->at = done;
    for (uint32_t i = 0; i < SW_RELAYS; i++) {
        if (p->relay[i].nonce != 0 && (p->relay[i].by == peer || p->relay[i].target == peer)) {
            drop_relay(n, &p->relay[i]);
        }
    }
    for (uint32_t i = 0; i < p->n_helpers; i++) {
        if (p->helper[i].peer == peer) {
            p->helper[i].peer = SW_PEER_NONE; /* its number may be given to another */
        }
    }
    if (p->target == peer) {
        p->target = SW_PEER_NONE;
    }
}

/* ---- sending ---- */

static bool is_linked(const struct sw_node *n, uint32_t peer)
{
    const struct sw_link *link = &n->peers.v[peer]->link[SW_CLASS_CONTROL];
    return link->conn != 0 && link->greeted;
}

static bool send(struct sw_node *n, uint32_t to, Swarm__V1__ProbeKind kind, uint64_t nonce,
                 const struct sw_name *target)
{
    struct sw_name name;
    Swarm__V1__Probe probe = SWARM__V1__PROBE__INIT;
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    if (!is_linked(n, to)) {
        return false;
    }
    probe.kind = kind;
    probe.nonce = nonce;
    if (target != NULL) {
        name = *target;
        probe.target = name.s;
    }
    probe.gossip = SW_BUGGIFY(n->buggify, gossip_late) ? NULL : sw_gossip_for(n, to);
    sw_demand_tell(n, &probe);
    e.body_case = SWARM__V1__ENVELOPE__BODY_PROBE;
    e.probe = &probe;
    n->counts.probes++;
    return sw_emit_envelope(n, n->peers.v[to]->link[SW_CLASS_CONTROL].conn, &e);
}

/* Ping now, or as soon as a connection stands. */
static bool ping(struct sw_node *n, uint32_t peer, uint64_t nonce)
{
    if (!is_linked(n, peer)) {
        sw_link_want(n, peer, SW_CLASS_CONTROL);
        return false;
    }
    return send(n, peer, SWARM__V1__PROBE_KIND__PROBE_PING, nonce, NULL);
}

/* Members that can be asked, those who are the target's neighbours first; their number is
 * @count, of which @near are neighbours.  NULL: memory is out. */
static uint32_t *list_helpers(struct sw_node *n, uint32_t *count, uint32_t *near)
{
    const struct sw_probe *p = &n->probe;
    const struct sw_peer *target = n->peers.v[p->target];
    uint32_t *v = sw_arena_alloc(&n->scratch, n->peers.n_conns * sizeof *v);
    *count = 0;
    *near = 0;
    for (uint32_t i = 0; i < n->peers.n_conns && v != NULL; i++) {
        const struct sw_peer_conn *c = &n->peers.conns[i];
        const struct sw_peer *peer = n->peers.v[c->peer];
        if (c->class != SW_CLASS_CONTROL || c->peer == p->target ||
            !sw_member_lives(&peer->member) || !is_linked(n, c->peer)) {
            continue;
        }
        v[*count] = c->peer;
        if (sw_pool_keep_each_other(n, peer, target)) {
            v[*count] = v[*near];
            v[(*near)++] = c->peer;
        }
        (*count)++;
    }
    return v;
}

/* Ask up to three others to ping the target, drawn at random: first among those who are connected
 * with it.  Who is not must dial it, and gets one time-out more for the handshakes. */
static void ask_helpers(struct sw_node *n)
{
    struct sw_probe *p = &n->probe;
    uint32_t count;
    uint32_t near;
    uint32_t *helpers = list_helpers(n, &count, &near);
    if (helpers == NULL) {
        n->out_of_memory = true;
        return;
    }
    if (near == 0 && count > 0) {
        p->period_ends_at += stretched(n, n->config->membership.timeout);
    }
    for (uint32_t i = 0; i < SW_PROBE_HELPERS && i < count; i++) {
        const uint32_t among = i < near ? near : count;
        const uint32_t k = i + (uint32_t)sw_rng_below(&p->rng, among - i);
        const uint32_t helper = helpers[k];
        helpers[k] = helpers[i];
        if (send(n, helper, SWARM__V1__PROBE_KIND__PROBE_REQUEST, p->nonce,
                 &n->peers.v[p->target]->name)) {
            p->helper[p->n_helpers++] = (struct sw_helper){ .peer = helper };
        }
    }
}

/* ---- our probe ---- */

static void begin_period(struct sw_node *n)
{
    struct sw_probe *p = &n->probe;
    const struct sw_membership_config *c = &n->config->membership;
    p->period_ends_at = n->now + stretched(n, c->period);
    p->stage = SW_PROBE_IDLE;
    p->n_helpers = 0;
    p->target = n->state == SW_STATE_DRAINING ? SW_PEER_NONE : next_target(n);
    if (p->target == SW_PEER_NONE) {
        wait_until(n, &p->timer, p->period_ends_at);
        return;
    }
    p->nonce = ++p->last_nonce;
    p->incarnation = n->peers.v[p->target]->member.incarnation;
    p->stage = SW_PROBE_DIRECT;
    p->sent = ping(n, p->target, p->nonce);
    p->sent_at = n->now;
    wait_until(n, &p->timer, n->now + stretched(n, c->timeout));
}

/* The period is over without an answer. */
static void fail(struct sw_node *n)
{
    const struct sw_probe *p = &n->probe;
    if (n->peers.v[p->target]->member.incarnation != p->incarnation) {
        return; /* it started anew, or refuted */
    }
    int silent = 0; /* helpers that said nothing at all: each is one more sign that it is us */
    for (uint32_t i = 0; i < p->n_helpers; i++) {
        silent += !p->helper[i].heard;
    }
    set_health(n, 1 + silent);
    sw_member_suspect(n, p->target);
}

void sw_probe_due(struct sw_node *n)
{
    struct sw_probe *p = &n->probe;
    if (p->stage == SW_PROBE_DIRECT && p->target != SW_PEER_NONE) {
        p->stage = SW_PROBE_INDIRECT;
        ask_helpers(n);
        wait_until(n, &p->timer, p->period_ends_at);
        return;
    }
    if (p->stage == SW_PROBE_INDIRECT && p->target != SW_PEER_NONE) {
        fail(n);
    }
    begin_period(n);
}

static void answered(struct sw_node *n)
{
    struct sw_probe *p = &n->probe;
    set_health(n, -1);
    p->stage = SW_PROBE_ANSWERED;
    wait_until(n, &p->timer, p->period_ends_at);
}

/* ---- pings for others ---- */

static struct sw_relay *relay_of(struct sw_probe *p, uint64_t nonce)
{
    for (uint32_t i = 0; i < SW_RELAYS; i++) {
        if (p->relay[i].nonce == nonce) {
            return &p->relay[i];
        }
    }
    return NULL;
}

static void take_on(struct sw_node *n, uint32_t by, const Swarm__V1__Probe *request)
{
    struct sw_probe *p = &n->probe;
    const uint32_t target = sw_peers_find(&n->peers, request->target);
    struct sw_relay *r = SW_BUGGIFY(n->buggify, probe_refused) ? NULL : relay_of(p, 0);
    if (target == SW_PEER_NONE || target == by || r == NULL) {
        return;
    }
    const sw_dur timeout = n->config->membership.timeout;
    *r = (struct sw_relay){ .timer = { .kind = SW_TIMER_RELAY },
                            .nonce = ++p->last_nonce,
                            .asked = request->nonce,
                            .by = by,
                            .target = target };
    r->sent = ping(n, target, r->nonce);
    wait_until(n, &r->timer, n->now + timeout - timeout / NACK_SHARE);
    if (r->timer.pos == 0) {
        r->nonce = 0; /* memory is out: the others help */
    }
}

void sw_probe_relay_due(struct sw_node *n, struct sw_timer *timer)
{
    struct sw_relay *r = (struct sw_relay *)(void *)timer;
    if (r->nacked) {
        drop_relay(n, r);
        return;
    }
    r->nacked = true;
    if (n->config->membership.lifeguard) {
        (void)send(n, r->by, SWARM__V1__PROBE_KIND__PROBE_NACK, r->asked, NULL);
    }
    wait_until(n, &r->timer, n->now + n->config->membership.period * (1 + SW_HEALTH_MOST));
}

/* ---- receiving ---- */

/* @from as one who was asked to help with the present probe, or NULL. */
static struct sw_helper *helper_of(struct sw_probe *p, uint32_t from)
{
    for (uint32_t i = 0; i < p->n_helpers; i++) {
        if (p->helper[i].peer == from) {
            return &p->helper[i];
        }
    }
    return NULL;
}

/* Nobody but the target and those who were asked can vouch for it. */
static void on_ack(struct sw_node *n, uint32_t from, uint64_t nonce)
{
    struct sw_probe *p = &n->probe;
    if (SW_BUGGIFY(n->buggify, probe_ack_lost)) {
        return;
    }
    if (nonce != 0 && nonce == p->nonce &&
        (p->stage == SW_PROBE_DIRECT || p->stage == SW_PROBE_INDIRECT)) {
        if (from == p->target && p->sent) {
            sw_router_measured(n, from, n->now - p->sent_at);
        }
        if (from == p->target || helper_of(p, from) != NULL) {
            answered(n);
        }
        return;
    }
    struct sw_relay *r = nonce != 0 ? relay_of(p, nonce) : NULL;
    if (r != NULL && r->target == from) {
        (void)send(n, r->by, SWARM__V1__PROBE_KIND__PROBE_ACK, r->asked, NULL);
        drop_relay(n, r);
    }
}

static void on_nack(struct sw_node *n, uint32_t from, uint64_t nonce)
{
    struct sw_probe *p = &n->probe;
    struct sw_helper *h =
        p->stage == SW_PROBE_INDIRECT && nonce == p->nonce ? helper_of(p, from) : NULL;
    if (h != NULL) {
        h->heard = true;
    }
}

int sw_probe_receive(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Probe *probe)
{
    const uint32_t from = link->peer;
    const int err = sw_gossip_take(n, probe->gossip);
    if (err != SW_OK) {
        return err;
    }
    if (n->peers.v[from] == NULL || !is_linked(n, from)) {
        return SW_OK; /* what it brought was its own death */
    }
    sw_demand_take(n, from, probe);
    switch (probe->kind) {
    case SWARM__V1__PROBE_KIND__PROBE_PING:
        (void)send(n, from, SWARM__V1__PROBE_KIND__PROBE_ACK, probe->nonce, NULL);
        return SW_OK;
    case SWARM__V1__PROBE_KIND__PROBE_ACK:
        on_ack(n, from, probe->nonce);
        return SW_OK;
    case SWARM__V1__PROBE_KIND__PROBE_REQUEST:
        if (!sw_name_valid(probe->target)) {
            return SW_ERR_MALFORMED;
        }
        take_on(n, from, probe);
        return SW_OK;
    case SWARM__V1__PROBE_KIND__PROBE_NACK:
        on_nack(n, from, probe->nonce);
        return SW_OK;
    default:
        return SW_OK; /* of a newer version */
    }
}

void sw_probe_linked(struct sw_node *n, uint32_t peer)
{
    struct sw_probe *p = &n->probe;
    if (p->target == peer && !p->sent &&
        (p->stage == SW_PROBE_DIRECT || p->stage == SW_PROBE_INDIRECT)) {
        p->sent = ping(n, peer, p->nonce);
        p->sent_at = n->now;
    }
    for (uint32_t i = 0; i < SW_RELAYS; i++) {
        struct sw_relay *r = &p->relay[i];
        if (r->nonce != 0 && r->target == peer && !r->sent) {
            r->sent = ping(n, peer, r->nonce);
        }
    }
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * The peers this node knows. */
#include "node/core/swarm/peer.h"

#include "node/base/bug.h"
#include "node/base/name.h"
#include "node/core/node_state.h"
#include "node/core/swarm/link.h"

#include <stdlib.h>
#include <string.h>

/* Where @name is or belongs in the order of names. */
static uint32_t place(const struct sw_peers *p, const char *name, bool *there)
{
    uint32_t low = 0;
    uint32_t high = p->n_known;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const int order = strcmp(p->v[p->by_name[middle]]->name.s, name);
        if (order == 0) {
            *there = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *there = false;
    return low;
}

uint32_t sw_peers_find(const struct sw_peers *p, const char *name)
{
    bool there;
    const uint32_t at = place(p, name, &there);
    return there ? p->by_name[at] : SW_PEER_NONE;
}

uint32_t sw_peers_find_next(const struct sw_peers *p, const char *name, uint32_t *at)
{
    if (*at >= p->n_known || strcmp(p->v[p->by_name[*at]]->name.s, name) != 0) {
        bool there;
        *at = place(p, name, &there);
        if (!there) {
            return SW_PEER_NONE;
        }
    }
    return p->by_name[(*at)++];
}

static void peer_free(struct sw_node *n, struct sw_peer *peer)
{
    if (peer != NULL) {
        sw_member_fini(n, &peer->member);
        free(peer->reading);
        free(peer);
    }
}

void sw_peers_fini(struct sw_node *n)
{
    struct sw_peers *p = &n->peers;
    for (uint32_t i = 0; i < p->n; i++) {
        peer_free(n, p->v[i]);
    }
    free((void *)p->v);
    free(p->by_name);
    free(p->conns);
    *p = (struct sw_peers){ 0 };
}

/* ---- connections ---- */

static uint32_t conn_place(const struct sw_peers *p, sw_conn conn)
{
    uint32_t low = 0;
    uint32_t high = p->n_conns;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (p->conns[middle].conn < conn) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct sw_peer_conn *sw_peers_conn(const struct sw_peers *p, sw_conn conn)
{
    const uint32_t at = conn_place(p, conn);
    return at < p->n_conns && p->conns[at].conn == conn ? &p->conns[at] : NULL;
}

void sw_peers_conn_set(struct sw_peers *p, sw_conn conn, uint32_t peer, enum sw_class class)
{
    SW_ASSERT(p->n_conns < SW_CLASSES * p->cap);
    const uint32_t at = conn_place(p, conn);
    memmove(p->conns + at + 1, p->conns + at, (p->n_conns - at) * sizeof *p->conns);
    p->conns[at] = (struct sw_peer_conn){ .conn = conn, .peer = peer, .class = class };
    p->n_conns++;
}

void sw_peers_conn_clear(struct sw_peers *p, sw_conn conn)
{
    const uint32_t at = conn_place(p, conn);
    SW_ASSERT(at < p->n_conns && p->conns[at].conn == conn);
    p->n_conns--;
    memmove(p->conns + at, p->conns + at + 1, (p->n_conns - at) * sizeof *p->conns);
}

bool sw_peer_ready(const struct sw_peer *peer)
{
    const struct sw_link *l = &peer->link[SW_CLASS_CONTROL];
    return l->conn != 0 && l->greeted && !l->blocked && !peer->leaving;
}

/* ---- a new configuration ---- */

static int check(const struct sw_config *config, struct sw_diag *d)
{
    for (size_t i = 0; i < config->n_peers; i++) {
        const struct sw_peer_config *c = &config->peers[i];
        if (memchr(c->name.s, '\0', sizeof c->name.s) == NULL || !sw_name_valid(c->name.s)) {
            return sw_diag_set(d, SW_ERR_RANGE, "peer %zu: no node name", i + 1);
        }
        if (strcmp(c->name.s, config->name.s) == 0) {
            return sw_diag_set(d, SW_ERR_RANGE, "peer %s is this node", c->name.s);
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(c->name.s, config->peers[k].name.s) == 0) {
                return sw_diag_set(d, SW_ERR_RANGE, "peer %s is there twice", c->name.s);
            }
        }
    }
    return SW_OK;
}

static bool make_room(struct sw_node *n, uint32_t cap)
{
    struct sw_peers *p = &n->peers;
    if (cap <= p->cap) {
        return true;
    }
    struct sw_peer **v = realloc((void *)p->v, cap * sizeof *v);
    if (v == NULL) {
        return false;
    }
    p->v = v;
    uint32_t *by_name = realloc(p->by_name, cap * sizeof *by_name);
    if (by_name == NULL) {
        return false;
    }
    p->by_name = by_name;
    struct sw_peer_conn *conns = realloc(p->conns, (size_t)SW_CLASSES * cap * sizeof *conns);
    if (conns == NULL) {
        return false;
    }
    p->conns = conns;
    if (sw_gossip_reserve(&n->gossip, cap) != SW_OK || sw_probe_reserve(&n->probe, cap) != SW_OK ||
        sw_pool_reserve(&n->pool, cap) != SW_OK) {
        return false;
    }
    p->cap = cap;
    return true;
}

static struct sw_peer *peer_new(const char *name)
{
    struct sw_peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL) {
        return NULL;
    }
    memcpy(peer->name.s, name, strlen(name));
    peer->id = sw_name_id(&peer->name);
    peer->config = SW_PEER_NOT_CONFIGURED;
    peer->first = SW_SLOT_NONE;
    peer->last = SW_SLOT_NONE;
    peer->stores = true; /* until its record says otherwise */
    for (uint32_t k = 0; k < SW_CLASSES; k++) {
        peer->link[k].class = (uint8_t)k;
        peer->link[k].timer.kind = SW_TIMER_REDIAL;
    }
    return peer;
}

int sw_peers_plan(struct sw_node *n, const struct sw_config *config, struct sw_peers_plan *plan,
                  struct sw_diag *d)
{
    const struct sw_peers *p = &n->peers;
    *plan = (struct sw_peers_plan){ 0 };
    const int err = check(config, d);
    if (err != SW_OK) {
        return err;
    }
    if (config->n_peers == 0) {
        return sw_gossip_reserve(&n->gossip, p->cap); /* for ourselves */
    }
    plan->added = calloc(config->n_peers, sizeof *plan->added);
    bool ok = plan->added != NULL;
    for (size_t i = 0; i < config->n_peers && ok; i++) {
        if (sw_peers_find(p, config->peers[i].name.s) == SW_PEER_NONE) {
            plan->added[plan->n_added] = peer_new(config->peers[i].name.s);
            ok = plan->added[plan->n_added] != NULL;
            plan->n_added += ok;
        }
    }
    if (!ok || !make_room(n, p->n + plan->n_added)) {
        sw_peers_plan_fini(plan);
        return SW_ERR_NOMEM;
    }
    return SW_OK;
}

void sw_peers_plan_fini(struct sw_peers_plan *plan)
{
    for (uint32_t i = 0; i < plan->n_added && plan->added != NULL; i++) {
        free(plan->added[i]);
    }
    free((void *)plan->added);
    *plan = (struct sw_peers_plan){ 0 };
}

void sw_peers_forget(struct sw_node *n, uint32_t number)
{
    struct sw_peers *p = &n->peers;
    struct sw_peer *peer = p->v[number];
    sw_link_close(n, number);
    sw_directory_forget(&n->directory, number);
    sw_gossip_forget(n, number);
    sw_probe_forget(n, number);
    sw_relay_forget(n, number);
    p->n_live -= sw_member_lives(&peer->member);
    sw_sync_forget(n, peer);
    bool there;
    const uint32_t at = place(p, peer->name.s, &there);
    p->n_known--;
    p->full = false;
    memmove(p->by_name + at, p->by_name + at + 1, (p->n_known - at) * sizeof *p->by_name);
    p->v[number] = NULL;
    peer_free(n, peer);
    sw_router_forget(n, number);
    n->pool.stale = true;
}

static uint32_t take_in(struct sw_node *n, struct sw_peer *peer)
{
    struct sw_peers *p = &n->peers;
    uint32_t number = p->n_known == p->n ? p->n : 0; /* or the first that is free */
    n->pool.stale = true;
    while (number < p->n && p->v[number] != NULL) {
        number++;
    }
    bool there;
    const uint32_t at = place(p, peer->name.s, &there);
    if (number == p->n) {
        p->n++;
    }
    p->v[number] = peer;
    peer->link[SW_CLASS_CONTROL].peer = number;
    peer->link[SW_CLASS_BULK].peer = number;
    memmove(p->by_name + at + 1, p->by_name + at, (p->n_known - at) * sizeof *p->by_name);
    p->by_name[at] = number;
    p->n_known++;
    return number;
}

uint32_t sw_peers_add(struct sw_node *n, const char *name)
{
    struct sw_peers *p = &n->peers;
    if (p->n_known >= SW_MEMBERS_MOST) {
        return SW_PEER_NONE;
    }
    const uint32_t cap = p->n < p->cap ? p->cap : p->cap + p->cap / 2 + 8;
    struct sw_peer *peer = NULL;
    if (make_room(n, cap) && sw_router_grow(n, cap)) {
        peer = peer_new(name);
    }
    if (peer == NULL) {
        n->out_of_memory = true;
        return SW_PEER_NONE;
    }
    return take_in(n, peer);
}

const char *sw_peer_address(const struct sw_node *n, const struct sw_peer *peer)
{
    const char *configured =
        peer->config != SW_PEER_NOT_CONFIGURED ? n->config->peers[peer->config].address : NULL;
    return configured != NULL ? configured : peer->address;
}

/* Of peers that the new configuration does not list. */
static void drop_unlisted(struct sw_node *n)
{
    for (uint32_t i = 0; i < n->peers.n; i++) {
        const struct sw_peer *peer = n->peers.v[i];
        if (peer != NULL && peer->config == SW_PEER_NOT_CONFIGURED &&
            peer->member.state == SW_MEMBER_UNKNOWN) {
            sw_peers_forget(n, i);
        }
    }
}

void sw_peers_commit(struct sw_node *n, const struct sw_config *config, struct sw_peers_plan *plan)
{
    struct sw_peers *p = &n->peers;
    for (uint32_t i = 0; i < plan->n_added; i++) {
        (void)take_in(n, plan->added[i]);
    }
    plan->n_added = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        if (p->v[i] != NULL) {
            p->v[i]->config = SW_PEER_NOT_CONFIGURED;
        }
    }
    for (size_t i = 0; i < config->n_peers; i++) {
        struct sw_peer *peer = p->v[sw_peers_find(p, config->peers[i].name.s)];
        peer->config = i;
        if (peer->member.state == SW_MEMBER_UNKNOWN) {
            peer->region = config->peers[i].region;
        }
    }
    drop_unlisted(n);
    sw_peers_plan_fini(plan);
}

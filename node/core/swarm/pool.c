/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which members a node keeps connections with. */
#include "node/core/swarm/pool.h"

#include "algorithms/route/policy.h"
#include "node/core/backup/backup.h"
#include "node/core/node_state.h"
#include "node/core/swarm/link.h"

#include <stdlib.h>
#include <string.h>

int sw_pool_reserve(struct sw_pool *p, uint32_t n_peers)
{
    if (n_peers <= p->cap) {
        return SW_OK;
    }
    uint32_t *kept = realloc(p->kept, n_peers * sizeof *kept);
    if (kept == NULL) {
        return SW_ERR_NOMEM;
    }
    p->kept = kept;
    p->cap = n_peers;
    return SW_OK;
}

void sw_pool_fini(struct sw_pool *p)
{
    free(p->kept);
    *p = (struct sw_pool){ 0 };
}

uint64_t sw_pool_mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* ---- the graph ---- */

static bool is_gone(const struct sw_peer *peer)
{
    return peer->member.state == SW_MEMBER_DEAD || peer->member.state == SW_MEMBER_LEFT;
}

bool sw_pool_is_mesh(const struct sw_node *n)
{
    const struct sw_membership_config *m = &n->config->membership;
    return !m->open || n->pool.size <= m->connections;
}

/* Is the pair of these hashes in the graph? */
static bool is_pair(const struct sw_node *n, uint64_t a, uint64_t b)
{
    return sw_pool_is_mesh(n) ||
           sw_pool_mix(a ^ b) < UINT64_MAX / n->pool.size * n->config->membership.connections;
}

bool sw_pool_keeps(const struct sw_node *n, const struct sw_peer *peer)
{
    const struct sw_pool *p = &n->pool;
    return peer->id == p->next || peer->id == p->previous || is_pair(n, p->own, peer->id);
}

bool sw_pool_keep_each_other(const struct sw_node *n, const struct sw_peer *a,
                             const struct sw_peer *b)
{
    return is_pair(n, a->id, b->id);
}

/* How many are here, and who is beside us in the ring. */
static void survey(struct sw_node *n)
{
    struct sw_pool *p = &n->pool;
    p->size = 0;
    p->next = p->own;
    p->previous = p->own;
    for (uint32_t i = 0; i < n->peers.n_known; i++) {
        const struct sw_peer *peer = n->peers.v[n->peers.by_name[i]];
        if (is_gone(peer)) {
            continue;
        }
        p->size++;
        if (peer->id - p->own - 1 < p->next - p->own - 1) {
            p->next = peer->id;
        }
        if (p->own - peer->id - 1 < p->own - p->previous - 1) {
            p->previous = peer->id;
        }
    }
}

const uint32_t *sw_pool_kept(struct sw_node *n)
{
    struct sw_pool *p = &n->pool;
    if (!p->stale) {
        return p->kept;
    }
    p->stale = false;
    p->n_kept = 0;
    survey(n);
    for (uint32_t i = 0; i < n->peers.n_known; i++) {
        const uint32_t number = n->peers.by_name[i];
        const struct sw_peer *peer = n->peers.v[number];
        if (peer->member.state != SW_MEMBER_LEFT && sw_pool_keeps(n, peer)) {
            p->kept[p->n_kept++] = number;
        }
    }
    return p->kept;
}

/* ---- beside the graph ---- */

bool sw_pool_may_dial(const struct sw_node *n, const struct sw_peer *peer)
{
    const struct sw_link *link = &peer->link[SW_CLASS_CONTROL];
    return !sw_pool_keeps(n, peer) && sw_member_lives(&peer->member) && !peer->leaving &&
           link->conn == 0 && link->timer.pos == 0 &&
           (n->state == SW_STATE_READY || n->state == SW_STATE_INITIALIZE);
}

static bool is_near(const struct sw_node *n, const struct sw_peer *peer)
{
    return strcmp(peer->region.s, n->config->region.s) == 0;
}

/* Is @a to be dialled rather than @b?  Those of our region, and of others as a hash has it, so that
 * not all dial the same. */
static bool is_better(const struct sw_node *n, const struct sw_peer *a, const struct sw_peer *b)
{
    if (b == NULL || is_near(n, a) != is_near(n, b)) {
        return b == NULL || is_near(n, a);
    }
    return sw_pool_mix(n->pool.own ^ a->id) < sw_pool_mix(n->pool.own ^ b->id);
}

void sw_pool_want_holders(struct sw_node *n, const struct sw_known_zone *zone,
                          const struct sw_candidate *reachable, size_t count)
{
    bool near = false;
    for (size_t i = 0; i < count; i++) {
        near = near || reachable[i].same_region;
    }
    const bool enough = count >= SW_POOL_HOLDERS;
    if ((enough && near) || count == zone->n_holders || sw_pool_is_mesh(n)) {
        return;
    }
    const struct sw_peer *best = NULL;
    uint32_t number = SW_PEER_NONE;
    for (uint32_t i = 0; i < zone->n_holders; i++) { /* one a query: the next one has more */
        const struct sw_peer *peer = n->peers.v[zone->holders[i].peer];
        if (peer->link[SW_CLASS_CONTROL].dialling) {
            return;
        }
        if (sw_pool_may_dial(n, peer) && (!enough || is_near(n, peer)) &&
            is_better(n, peer, best)) {
            best = peer;
            number = zone->holders[i].peer;
        }
    }
    if (best != NULL) {
        sw_link_want(n, number, SW_CLASS_CONTROL);
    }
}

bool sw_pool_reach_stores(struct sw_node *n)
{
    uint32_t dialling = 0;
    if (sw_pool_is_mesh(n)) {
        return false;
    }
    for (uint32_t i = 0; i < n->peers.n_known && dialling < SW_POOL_REACH; i++) {
        const uint32_t number = n->peers.by_name[i];
        const struct sw_peer *peer = n->peers.v[number];
        const struct sw_link *link = &peer->link[SW_CLASS_BULK];
        if (peer->stores && sw_member_lives(&peer->member) && link->conn == 0 &&
            link->timer.pos == 0) {
            sw_link_want(n, number, SW_CLASS_BULK);
            dialling++;
        }
    }
    return dialling > 0;
}

/* ---- hanging up ---- */

/* May it go, when it is idle? */
static bool is_spare(const struct sw_node *n, const struct sw_link *link)
{
    const struct sw_peer *peer = n->peers.v[link->peer];
    if (link->class == SW_CLASS_BULK) {
        return !sw_pool_is_mesh(n) && !sw_link_keeps_bulk(n, peer) &&
               !sw_backup_recovers(n->backup);
    }
    return !sw_pool_keeps(n, peer) && peer->first == SW_SLOT_NONE;
}

static bool is_idle(const struct sw_node *n, const struct sw_link *link)
{
    const sw_dur most = link->ours ? SW_POOL_IDLE : SW_POOL_LENIENCE * SW_POOL_IDLE;
    return n->now - link->used_at >= (SW_BUGGIFY(n->buggify, link_idle) ? 0 : most);
}

static struct sw_link *link_at(const struct sw_node *n, uint32_t i)
{
    const struct sw_peer_conn *c = &n->peers.conns[i];
    return &n->peers.v[c->peer]->link[c->class];
}

/* The spare control connection of those that we dialled that was idle for longest, or NULL; how
 * many control connections we dialled. */
static struct sw_link *longest_idle(const struct sw_node *n, uint32_t *count)
{
    struct sw_link *found = NULL;
    *count = 0;
    for (uint32_t i = 0; i < n->peers.n_conns; i++) {
        struct sw_link *link = link_at(n, i);
        if (link->class != SW_CLASS_CONTROL || !link->ours) {
            continue;
        }
        ++*count;
        if (is_spare(n, link) && (found == NULL || link->used_at < found->used_at)) {
            found = link;
        }
    }
    return found;
}

void sw_pool_trim(struct sw_node *n)
{
    (void)sw_pool_kept(n);
    if (sw_pool_is_mesh(n)) {
        return;
    }
    if (sw_backup_recovers(n->backup)) {
        (void)sw_pool_reach_stores(n);
    }
    for (uint32_t i = n->peers.n_conns; i > 0; i--) { /* one that goes moves those behind it */
        struct sw_link *link = link_at(n, i - 1);
        if (is_spare(n, link) && is_idle(n, link)) {
            sw_link_hang_up(n, link);
        }
    }
    uint32_t count;
    struct sw_link *link;
    while ((link = longest_idle(n, &count)) != NULL &&
           count > SW_POOL_MOST * n->config->membership.connections) {
        sw_link_hang_up(n, link);
    }
}

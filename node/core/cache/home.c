/* SPDX-License-Identifier: GPL-3.0-or-later
 * Whose name is this? */
#include "node/core/cache/home.h"

#include "algorithms/route/candidates.h"
#include "node/base/name.h"
#include "node/core/node_state.h"
#include "node/core/swarm/pool.h"

#include <math.h>
#include <string.h>

uint64_t sw_home_key(const uint8_t *name, size_t len)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < len; i++) {
        h = (h ^ name[i]) * UINT64_C(0x100000001b3);
    }
    return h;
}

static bool counts(const struct sw_node *n, const struct sw_peer *peer, enum sw_realm realm)
{
    return peer->caches &&
           (realm == SW_REALM_SWARM || strcmp(peer->region.s, n->config->region.s) == 0);
}

/* The most questions of ours that one home may have. */
static uint32_t load_cap(const struct sw_node *n, enum sw_realm realm)
{
    const struct sw_router *r = &n->router;
    double pending = 1 + n->lookups.own;
    double homes = 1;
    for (size_t i = 0; i < r->n_reachable; i++) {
        const struct sw_peer *peer = n->peers.v[r->reachable[i].peer];
        if (counts(n, peer, realm)) {
            pending += peer->lookups;
            homes++;
        }
    }
    const double share = (1 + SW_HOME_EPSILON) * pending / homes;
    const double cap = floor(share) + (share > floor(share));
    return cap > SW_HOME_LEAST ? (uint32_t)cap : SW_HOME_LEAST;
}

/* The member without a connection that suits @key best, better than @least; SW_PEER_NONE: none. */
static uint32_t absent_home(const struct sw_node *n, uint64_t key, enum sw_realm realm,
                            uint64_t least)
{
    uint32_t best = SW_PEER_NONE;
    if (sw_pool_is_mesh(n)) {
        return best; /* then links come back by themselves */
    }
    for (uint32_t i = 0; i < n->peers.n_known; i++) {
        const uint32_t number = n->peers.by_name[i];
        const struct sw_peer *peer = n->peers.v[number];
        if (!sw_pool_may_dial(n, peer) || !counts(n, peer, realm)) {
            continue;
        }
        const uint64_t score = sw_rendezvous(key, sw_name_id(&peer->name));
        if (score < least) {
            least = score;
            best = number;
        }
    }
    return best;
}

uint32_t sw_home(const struct sw_node *n, uint64_t key, enum sw_realm realm, uint32_t *absent)
{
    const struct sw_router *r = &n->router;
    const uint32_t cap = load_cap(n, realm);
    uint32_t best = SW_PEER_SELF;
    uint64_t least = n->lookups.own < cap ? sw_rendezvous(key, n->lookups.id) : UINT64_MAX;
    for (size_t i = 0; i < r->n_reachable; i++) {
        const struct sw_candidate *c = &r->reachable[i];
        const struct sw_peer *peer = n->peers.v[c->peer];
        if (!counts(n, peer, realm) || peer->lookups >= cap) {
            continue;
        }
        const uint64_t score = sw_rendezvous(key, c->id);
        if (score < least) {
            least = score;
            best = c->peer;
        }
    }
    if (absent != NULL) {
        *absent = absent_home(n, key, realm, least);
    }
    return best;
}

uint32_t sw_home_by_trail(struct sw_node *n, uint64_t key, enum sw_realm realm)
{
    struct sw_router *r = &n->router;
    struct sw_candidate *v = sw_arena_alloc(&n->scratch, (r->n_reachable + 1) * sizeof *v);
    if (v == NULL) {
        n->out_of_memory = true;
        return SW_PEER_SELF;
    }
    struct sw_choice c = {
        .now = n->event->now, .query_class = key, .candidates = v, .own = sw_router_own_load(n)
    };
    for (size_t i = 0; i < r->n_reachable; i++) {
        if (counts(n, n->peers.v[r->reachable[i].peer], realm)) {
            v[c.n++] = r->reachable[i];
        }
    }
    v[c.n++] = (struct sw_candidate){ .peer = SW_NO_PEER, .self = true, .id = n->lookups.id };
    const size_t chosen = r->route.policy->choose_class(&r->route, &c);
    return v[chosen].self ? SW_PEER_SELF : v[chosen].peer;
}

size_t sw_home_others(const struct sw_node *n, uint64_t key, uint32_t *out, size_t cap)
{
    const struct sw_router *r = &n->router;
    size_t found = 0;
    for (size_t i = 0; i < r->n_reachable; i++) {
        const struct sw_candidate *c = &r->reachable[i];
        if (!counts(n, n->peers.v[c->peer], SW_REALM_SWARM)) {
            continue;
        }
        const uint64_t score = sw_rendezvous(key, c->id);
        size_t at = found;
        while (at > 0 && score < sw_rendezvous(key, sw_name_id(&n->peers.v[out[at - 1]]->name))) {
            at--;
        }
        if (at < cap) {
            found += found < cap;
            memmove(out + at + 1, out + at, (found - 1 - at) * sizeof *out);
            out[at] = c->peer;
        }
    }
    return found;
}

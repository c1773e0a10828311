/* SPDX-License-Identifier: GPL-3.0-or-later
 * Looking into a node from outside; nothing here changes it. */
#include "node/core/node.h"

#include "node/core/backup/backup.h"
#include "node/core/node_state.h"

#include <math.h>

enum sw_state sw_node_state(const struct sw_node *n)
{
    return n->state;
}

static struct sw_route_info info(const struct sw_node *n, uint32_t number)
{
    const struct sw_peer *peer = n->peers.v[number];
    const struct sw_route *r = &n->router.route;
    const struct sw_policy *policy = r->policy;
    return (struct sw_route_info){
        .peer = peer->name,
        .connected = peer->link[SW_CLASS_CONTROL].greeted,
        .suspected = peer->suspected,
        .cost = policy->cost != NULL ? policy->cost(r, number, n->now) : (double)NAN,
        .trail = policy->trail != NULL ? policy->trail(r, number, n->now) : (double)NAN,
        .srtt = peer->srtt,
        .sent = peer->sent,
    };
}

size_t sw_node_routes(const struct sw_node *n, struct sw_route_info *out, size_t cap)
{
    for (uint32_t i = 0; i < n->peers.n_known && i < cap; i++) {
        out[i] = info(n, n->peers.by_name[i]);
    }
    return n->peers.n_known;
}

size_t sw_node_relays(const struct sw_node *n, struct sw_relay_info *out, size_t cap)
{
    const struct sw_slots *slots = &n->relays.slots;
    const struct sw_route *r = &n->relays.policy.route;
    size_t found = 0;
    for (uint32_t i = 0; i < slots->made; i++) {
        const struct sw_relay_path *p = sw_slots_at(slots, i);
        if (!sw_slots_taken(slots, i) || found++ >= cap) {
            continue;
        }
        out[found - 1] = (struct sw_relay_info){
            .relay = n->peers.v[p->relay]->name,
            .target = n->peers.v[p->to]->name,
            .known = p->known,
            .cost = r->policy->cost != NULL ? r->policy->cost(r, i, n->now) : (double)NAN,
            .trail = r->policy->trail != NULL ? r->policy->trail(r, i, n->now) : (double)NAN,
        };
    }
    return found;
}

size_t sw_node_members(const struct sw_node *n, struct sw_member_info *out, size_t cap)
{
    for (uint32_t i = 0; i < n->peers.n_known && i < cap; i++) {
        const struct sw_peer *peer = n->peers.v[n->peers.by_name[i]];
        const struct sw_member *m = &peer->member;
        out[i] = (struct sw_member_info){ .name = peer->name,
                                          .state = sw_member_state_name(m->state),
                                          .lives = sw_member_lives(m),
                                          .since = m->since,
                                          .incarnation = m->incarnation,
                                          .version = m->version };
    }
    return n->peers.n_known;
}

size_t sw_node_zones(const struct sw_node *n, struct sw_zone_info *out, size_t cap)
{
    for (size_t i = 0; i < n->held.n && i < cap; i++) {
        const struct sw_held_zone *z = n->held.v[i];
        out[i] = (struct sw_zone_info){ .name = z->name, .primary = z->primary };
        if (z->box != NULL) {
            out[i].loaded = true;
            out[i].epoch = z->box->version.epoch;
            out[i].serial = z->box->version.serial;
            out[i].digest = z->box->version.digest;
        }
    }
    return n->held.n;
}

void sw_node_counts(const struct sw_node *n, struct sw_node_counts *out)
{
    *out = n->counts;
    out->waiting = n->forward.slots.taken;
    out->cache.hits = n->cache.counts.hits;
    out->cache.misses = n->cache.counts.misses;
    out->cache.stale = n->cache.counts.stale;
    out->cache.failures = n->cache.counts.failures;
    out->cache.prefetches = n->cache.counts.prefetches;
    out->cache.evicted = n->cache.store.evicted;
    out->cache.entries = n->cache.store.n;
    out->cache.bytes = n->cache.size;
    out->cache.homes_asked = n->lookups.homes_asked;
    out->cache.homes_hit = n->lookups.homes_hit;
    out->cache.limited = n->lookups.limited;
    out->cache.upstreams_asked = n->lookups.upstreams_asked;
    sw_backup_counts(n->backup, &out->objects, &out->object_bytes);
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Does everything in a node that refers to something else agree with it? */
#include "node/core/sound.h"

#include "node/core/node_state.h"

#include <string.h>

/* Every connection is known by both the table and its link. */
static bool conns_agree(const struct sw_node *n)
{
    uint32_t up = 0;
    for (uint32_t i = 0; i < n->peers.n_known; i++) {
        const uint32_t number = n->peers.by_name[i];
        const struct sw_peer *peer = n->peers.v[number];
        for (uint32_t k = 0; k < SW_CLASSES; k++) {
            const struct sw_link *l = &peer->link[k];
            const struct sw_peer_conn *c = l->conn != 0 ? sw_peers_conn(&n->peers, l->conn) : NULL;
            if (l->peer != number || l->class != (enum sw_class)k || (l->conn == 0 && l->greeted) ||
                (l->conn != 0 && (c == NULL || c->peer != number || c->class != l->class))) {
                return false;
            }
            up += l->conn != 0;
        }
        if (i > 0 && strcmp(n->peers.v[n->peers.by_name[i - 1]]->name.s, peer->name.s) >= 0) {
            return false;
        }
    }
    return up == n->peers.n_conns;
}

/* Every lookup has a timer; homes and waiting clients are counted as they are. */
static bool lookups_agree(const struct sw_node *n)
{
    const struct sw_slots *slots = &n->lookups.slots;
    uint32_t asked = 0;
    uint32_t own = 0;
    uint32_t askers = 0;
    for (uint32_t i = 0; i < slots->made; i++) {
        const struct sw_lookup *l = sw_slots_at(slots, i);
        if (!sw_slots_taken(slots, i)) {
            continue;
        }
        asked += l->home != SW_PEER_NONE;
        own += l->n_tries > 0;
        for (uint32_t k = l->askers; k != SW_SLOT_NONE;) {
            const struct sw_asker *a = sw_slots_at(&n->lookups.askers, k);
            askers++;
            k = a->next;
        }
        if (l->timer.pos == 0 || (l->home != SW_PEER_NONE && n->peers.v[l->home] == NULL)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < n->peers.n_known; i++) {
        asked -= n->peers.v[n->peers.by_name[i]]->lookups;
    }
    return asked == 0 && own == n->lookups.own && askers == n->lookups.askers.taken;
}

static bool attempt_agrees(const struct sw_node *n, const struct sw_attempt *a)
{
    if (a->timer.pos == 0 || (a->probe && a->query != SW_SLOT_NONE) ||
        (a->asker != 0 && (a->query != SW_SLOT_NONE || a->path != 0))) {
        return false;
    }
    if (a->query == SW_SLOT_NONE) {
        return true;
    }
    const struct sw_waiting *w = sw_slots_at(&n->forward.slots, a->query);
    return sw_slots_taken(&n->forward.slots, a->query) && a->number < w->n_tried &&
           w->attempt[a->number] == a->slot && w->tried[a->number] == a->peer &&
           a->timer.at <= w->give_up_at;
}

/* Every attempt is in its peer's list, and only there; lost peers have none. */
static bool attempts_agree(const struct sw_node *n)
{
    uint32_t listed = 0;
    uint32_t probes = 0;
    uint32_t carried = 0;
    for (uint32_t i = 0; i < n->peers.n; i++) {
        const struct sw_peer *peer = n->peers.v[i];
        uint32_t prev = SW_SLOT_NONE;
        for (uint32_t at = peer != NULL ? peer->first : SW_SLOT_NONE; at != SW_SLOT_NONE;) {
            const struct sw_attempt *a = sw_attempt_at(n, at);
            if (!sw_slots_taken(&n->attempts.slots, at) || a->peer != i || a->prev != prev ||
                (peer->link[SW_CLASS_CONTROL].conn == 0 && !a->unsent) || !attempt_agrees(n, a)) {
                return false;
            }
            listed++;
            probes += a->probe;
            carried += a->asker != 0;
            prev = at;
            at = a->next;
        }
    }
    return listed == n->attempts.slots.taken && probes == n->attempts.probes &&
           carried == n->carry.n;
}

static bool has_target(const struct sw_relays *r, uint32_t peer)
{
    for (uint32_t i = 0; i < r->n_targets; i++) {
        if (r->target[i].peer == peer) {
            return true;
        }
    }
    return false;
}

/* Every path leads from one known member to another that it is kept for. */
static bool paths_agree(const struct sw_node *n)
{
    const struct sw_slots *slots = &n->relays.slots;
    for (uint32_t i = 0; i < slots->made; i++) {
        const struct sw_relay_path *p = sw_slots_at(slots, i);
        if (sw_slots_taken(slots, i) &&
            (p->relay == p->to || n->peers.v[p->relay] == NULL || n->peers.v[p->to] == NULL ||
             !has_target(&n->relays, p->to))) {
            return false;
        }
    }
    return n->relays.n_targets == 0 || n->relays.policy.route.policy != NULL;
}

/* Whoever waits has an attempt whose timer will end it. */
static bool queries_agree(const struct sw_node *n)
{
    const struct sw_slots *slots = &n->forward.slots;
    uint32_t owed = 0;
    for (uint32_t i = 0; i < slots->made; i++) {
        const struct sw_waiting *w = sw_slots_at(slots, i);
        bool waited_for = false;
        if (!sw_slots_taken(slots, i)) {
            continue;
        }
        for (uint32_t k = 0; k < w->n_tried; k++) {
            waited_for = waited_for || w->attempt[k] != SW_SLOT_NONE;
        }
        if (!waited_for || w->message.len == 0) {
            return false;
        }
        owed += w->owed;
    }
    return owed == n->forward.owed;
}

bool sw_node_is_sound(const struct sw_node *n)
{
    return conns_agree(n) && attempts_agree(n) && queries_agree(n) && paths_agree(n) &&
           lookups_agree(n) && sw_sync_is_sound(n);
}

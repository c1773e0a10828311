/* SPDX-License-Identifier: GPL-3.0-or-later
 * What was sent to a peer and not yet accounted for. */
#include "node/core/swarm/attempt.h"

#include "node/base/bug.h"
#include "node/core/node_state.h"

void sw_attempts_init(struct sw_attempts *a)
{
    sw_slots_init(&a->slots, sizeof(struct sw_attempt));
}

void sw_attempts_fini(struct sw_attempts *a)
{
    sw_slots_fini(&a->slots);
}

struct sw_attempt *sw_attempt_at(const struct sw_node *n, uint32_t slot)
{
    return sw_slots_at(&n->attempts.slots, slot);
}

struct sw_attempt *sw_attempt_find(const struct sw_node *n, uint64_t id)
{
    const uint32_t slot = sw_slots_find(&n->attempts.slots, id);
    return slot != SW_SLOT_NONE ? sw_attempt_at(n, slot) : NULL;
}

uint64_t sw_attempt_id(const struct sw_node *n, const struct sw_attempt *a)
{
    return sw_slots_id(&n->attempts.slots, a->slot);
}

/* Make room by forgetting the late attempt that was sent first, where nobody waits for it.  Only
 * the oldest of each peer is looked at. */
static bool forget_one(struct sw_node *n)
{
    struct sw_attempt *oldest = NULL;
    for (uint32_t i = 0; i < n->peers.n; i++) {
        const struct sw_peer *peer = n->peers.v[i];
        if (peer == NULL || peer->first == SW_SLOT_NONE) {
            continue;
        }
        struct sw_attempt *a = sw_attempt_at(n, peer->first);
        if (a->late && a->query == SW_SLOT_NONE &&
            (oldest == NULL || a->sent_at < oldest->sent_at)) {
            oldest = a;
        }
    }
    if (oldest != NULL) {
        sw_attempt_end(n, oldest);
    }
    return oldest != NULL;
}

static void append(struct sw_node *n, struct sw_attempt *a)
{
    struct sw_peer *peer = n->peers.v[a->peer];
    a->prev = peer->last;
    a->next = SW_SLOT_NONE;
    if (peer->last != SW_SLOT_NONE) {
        sw_attempt_at(n, peer->last)->next = a->slot;
    } else {
        peer->first = a->slot;
    }
    peer->last = a->slot;
}

struct sw_attempt *sw_attempt_new(struct sw_node *n, uint32_t peer, bool probe)
{
    struct sw_slots *slots = &n->attempts.slots;
    if (slots->taken >= slots->limit && !forget_one(n)) {
        return NULL;
    }
    uint32_t slot;
    struct sw_attempt *a = sw_slots_take(slots, &slot);
    if (a == NULL) {
        return NULL;
    }
    *a = (struct sw_attempt){
        .timer = { .kind = SW_TIMER_ATTEMPT },
        .slot = slot,
        .peer = peer,
        .query = SW_SLOT_NONE,
        .epoch = n->router.epoch,
        .probe = probe,
        .sent_at = n->event->now,
        .patience = SW_BUGGIFY(n->buggify, patience_least) ? SW_PATIENCE_LEAST
                                                           : sw_router_patience(n, peer),
    };
    append(n, a);
    n->attempts.probes += probe;
    return a;
}

bool sw_attempt_arm(struct sw_node *n, struct sw_attempt *a, sw_time latest)
{
    const sw_dur next = a->hedge > 0 ? a->hedge : a->patience;
    const sw_time due = a->sent_at + (a->late ? SW_LATE_KEPT : next);
    return sw_heap_set(&n->timers, &a->timer, due < latest ? due : latest) == SW_OK;
}

void sw_attempt_expire(struct sw_node *n, struct sw_attempt *a)
{
    SW_ASSERT(!a->late);
    sw_router_timed_out(n, a);
    a->late = true;
}

void sw_attempt_end(struct sw_node *n, struct sw_attempt *a)
{
    struct sw_peer *peer = n->peers.v[a->peer];
    sw_carry_end(n, a);
    if (a->prev != SW_SLOT_NONE) {
        sw_attempt_at(n, a->prev)->next = a->next;
    } else {
        peer->first = a->next;
    }
    if (a->next != SW_SLOT_NONE) {
        sw_attempt_at(n, a->next)->prev = a->prev;
    } else {
        peer->last = a->prev;
    }
    n->attempts.probes -= a->probe;
    sw_heap_cancel(&n->timers, &a->timer);
    sw_slots_give(&n->attempts.slots, a->slot);
}

void sw_attempt_due(struct sw_node *n, struct sw_timer *timer)
{
    struct sw_attempt *a =
        (struct sw_attempt *)(void *)((char *)timer - offsetof(struct sw_attempt, timer));
    if (a->probe) {
        sw_ant_due(n, a);
    } else {
        sw_forward_due(n, a);
    }
}

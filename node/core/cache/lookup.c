/* SPDX-License-Identifier: GPL-3.0-or-later
 * The life of a lookup: it begins, waits, and ends with an answer for all who wait. */
#include "node/core/cache/lookup.h"

#include "node/base/bug.h"
#include "node/core/cache/ask.h"
#include "node/core/cache/asker.h"
#include "node/core/node_state.h"

#include <stdlib.h>
#include <string.h>

void sw_lookups_init(struct sw_lookups *l)
{
    sw_slots_init(&l->slots, sizeof(struct sw_lookup));
    sw_slots_init(&l->askers, sizeof(struct sw_asker));
}

void sw_lookups_fini(struct sw_lookups *l)
{
    for (uint32_t i = 0; i < l->askers.made; i++) {
        struct sw_asker *a = sw_slots_at(&l->askers, i);
        sw_blob_fini(&a->message);
    }
    sw_slots_fini(&l->askers);
    sw_slots_fini(&l->slots);
    free(l->tables);
}

struct sw_lookup_tables *sw_lookup_tables_new(void)
{
    struct sw_lookup_tables *t = calloc(1, sizeof *t);
    if (t != NULL) {
        memset(t->buckets, 0xff, sizeof t->buckets);
    }
    return t;
}

struct sw_lookup *sw_lookup_at(const struct sw_node *n, uint32_t slot)
{
    return sw_slots_at(&n->lookups.slots, slot);
}

struct sw_cache_key sw_lookup_key(const struct sw_lookup *l)
{
    return (struct sw_cache_key){ l->name, l->name_len, l->flags, l->type };
}

struct sw_lookup *sw_lookup_find(const struct sw_node *n, const struct sw_cache_key *key,
                                 uint64_t h)
{
    uint32_t i = n->lookups.tables->buckets[h % SW_LOOKUP_BUCKETS];
    while (i != SW_SLOT_NONE) {
        struct sw_lookup *l = sw_lookup_at(n, i);
        if (l->hash == h && l->type == key->type && l->flags == key->flags &&
            l->name_len == key->name_len && memcmp(l->name, key->name, key->name_len) == 0) {
            return l;
        }
        i = l->chain;
    }
    return NULL;
}

struct sw_lookup *sw_lookup_new(struct sw_node *n, const struct sw_cache_key *key, uint64_t h,
                                uint32_t hops)
{
    uint32_t slot;
    struct sw_lookup *l = sw_slots_take(&n->lookups.slots, &slot);
    if (l == NULL) {
        return NULL;
    }
    uint32_t *bucket = &n->lookups.tables->buckets[h % SW_LOOKUP_BUCKETS];
    *l = (struct sw_lookup){ .timer = { .kind = SW_TIMER_LOOKUP },
                             .slot = slot,
                             .chain = *bucket,
                             .hash = h,
                             .name_len = key->name_len,
                             .flags = key->flags,
                             .type = key->type,
                             .askers = SW_SLOT_NONE,
                             .hops = hops,
                             .give_up_at = n->event->now + n->config->query_deadline,
                             .stale_at = n->event->now + n->config->cache.stale_after,
                             .home = SW_PEER_NONE };
    memcpy(l->name, key->name, key->name_len);
    *bucket = slot;
    return l;
}

void sw_lookup_end(struct sw_node *n, struct sw_lookup *l)
{
    uint32_t *at = &n->lookups.tables->buckets[l->hash % SW_LOOKUP_BUCKETS];
    SW_ASSERT(l->askers == SW_SLOT_NONE);
    while (*at != l->slot) {
        at = &sw_lookup_at(n, *at)->chain;
    }
    *at = l->chain;
    sw_ask_home_done(n, l);
    n->lookups.own -= l->n_tries > 0;
    for (uint32_t i = 0; i < l->n_tries; i++) {
        sw_unask(n, l, i);
    }
    sw_heap_cancel(&n->timers, &l->timer);
    sw_slots_give(&n->lookups.slots, l->slot);
}

void sw_lookup_arm(struct sw_node *n, struct sw_lookup *l)
{
    sw_time at = l->give_up_at;
    if (l->askers != SW_SLOT_NONE && l->stale_at < at && l->stale_at > n->event->now) {
        at = l->stale_at;
    }
    if (l->home != SW_PEER_NONE && !l->home_late && l->home_at + SW_HOME_PATIENCE < at) {
        at = l->home_at + SW_HOME_PATIENCE;
    }
    if (l->others > 0 && l->others_at + SW_OTHERS_PATIENCE < at) {
        at = l->others_at + SW_OTHERS_PATIENCE;
    }
    for (uint32_t i = 0; i < l->n_tries; i++) {
        const struct sw_try *t = &l->tries[i];
        const sw_time due = t->sent_at + sw_upstream_patience(n, t->upstream);
        if (t->out && !t->late && due < at) {
            at = due;
        }
    }
    if (sw_heap_set(&n->timers, &l->timer, at) != SW_OK) {
        n->out_of_memory = true;
        sw_lookup_give_up(n, l);
    }
}

void sw_lookup_settle(struct sw_node *n, struct sw_lookup *l, const struct sw_finding *f)
{
    sw_askers_give(n, l, f);
    sw_lookup_end(n, l);
}

void sw_lookup_give_up(struct sw_node *n, struct sw_lookup *l)
{
    const struct sw_cache_key key = sw_lookup_key(l);
    struct sw_finding f = { .use = SW_USE_FAILED,
                            .ede = l->answered ? SW_EDE_NO_REACHABLE_AUTHORITY
                                               : SW_EDE_NETWORK_ERROR };
    sw_cache_fail(&n->cache, &key, n->event->now);
    sw_lookup_settle(n, l, &f);
}

/* Give those who wait what has expired; false when there is nothing. */
static bool give_stale(struct sw_node *n, struct sw_lookup *l)
{
    const struct sw_cache_key key = sw_lookup_key(l);
    const struct sw_recall r = sw_cache_recall(&n->cache, &key, n->event->now, false);
    if (r.known != SW_KNOWN_STALE) {
        return false;
    }
    struct sw_kept k = { .data = sw_arena_alloc(&n->scratch, sw_cache_room(r.entry)) };
    if (k.data == NULL) {
        return false;
    }
    sw_cache_read(&n->cache, r.entry, &k);
    n->cache.counts.stale++;
    sw_askers_give(n, l,
                   &(struct sw_finding){ .kept = &k,
                                         .stale = sw_cache_stale(r.entry, n->event->now),
                                         .use = SW_USE_STALE,
                                         .hit = true });
    return true;
}

bool sw_lookup_is_out(const struct sw_lookup *l)
{
    for (uint32_t i = 0; i < l->n_tries; i++) {
        if (l->tries[i].out) {
            return true;
        }
    }
    return l->home != SW_PEER_NONE || l->others > 0;
}

/* Is something out that is not late? */
static bool is_hopeful(const struct sw_lookup *l)
{
    for (uint32_t i = 0; i < l->n_tries; i++) {
        if (l->tries[i].out && !l->tries[i].late) {
            return true;
        }
    }
    return (l->home != SW_PEER_NONE && !l->home_late) || l->others > 0;
}

void sw_lookup_run_dry(struct sw_node *n, struct sw_lookup *l)
{
    const struct sw_cache_key key = sw_lookup_key(l);
    if (is_hopeful(l)) {
        sw_lookup_arm(n, l);
        return;
    }
    if (give_stale(n, l)) {
        sw_cache_fail(&n->cache, &key, n->event->now);
    } else {
        (void)sw_ask_others(n, l);
    }
    if (sw_lookup_is_out(l)) {
        sw_lookup_arm(n, l);
    } else if (l->askers == SW_SLOT_NONE) {
        sw_cache_fail(&n->cache, &key, n->event->now);
        sw_lookup_end(n, l);
    } else {
        sw_lookup_give_up(n, l);
    }
}

/* Those whose patience ran out: one more is asked for all of them. */
static bool expire(struct sw_node *n, struct sw_lookup *l)
{
    const sw_time now = n->event->now;
    bool expired = false;
    for (uint32_t i = 0; i < l->n_tries; i++) {
        const struct sw_try *t = &l->tries[i];
        if (t->out && !t->late && now >= t->sent_at + sw_upstream_patience(n, t->upstream)) {
            sw_ask_lost(n, l, i);
            expired = true;
        }
    }
    if (l->home != SW_PEER_NONE && !l->home_late && now >= l->home_at + SW_HOME_PATIENCE) {
        l->home_late = true;
        expired = true;
    }
    return expired;
}

void sw_lookup_due(struct sw_node *n, struct sw_timer *timer)
{
    struct sw_lookup *l =
        (struct sw_lookup *)(void *)((char *)timer - offsetof(struct sw_lookup, timer));
    const sw_time now = n->event->now;
    if (l->others > 0 && now >= l->others_at + SW_OTHERS_PATIENCE) {
        l->others = 0;
    }
    if (now >= l->give_up_at || !sw_lookup_is_out(l)) {
        const struct sw_cache_key key = sw_lookup_key(l);
        sw_cache_fail(&n->cache, &key, now);
        if (give_stale(n, l)) {
            sw_lookup_end(n, l);
        } else {
            sw_lookup_give_up(n, l);
        }
        return;
    }
    if (now >= l->stale_at && l->askers != SW_SLOT_NONE) {
        (void)give_stale(n, l); /* the lookup goes on (RFC 8767, 5) */
    }
    if (!expire(n, l)) {
        sw_lookup_arm(n, l);
        return;
    }
    sw_ask_upstream(n, l);
}

void sw_lookup_peer_lost(struct sw_node *n, uint32_t peer, sw_conn conn)
{
    for (uint32_t i = 0; i < n->lookups.slots.made; i++) {
        struct sw_lookup *l = sw_lookup_at(n, i);
        if (!sw_slots_taken(&n->lookups.slots, i)) {
            continue;
        }
        sw_askers_forget(n, l, conn);
        if (l->home == peer) {
            sw_ask_home_done(n, l);
            sw_ask_upstream(n, l);
        }
    }
}

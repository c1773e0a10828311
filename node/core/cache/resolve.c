/* SPDX-License-Identifier: GPL-3.0-or-later
 * A question comes: from the cache, or a lookup for all who ask the same. */
#include "node/core/cache/resolve.h"

#include "node/core/cache/ask.h"
#include "node/core/cache/asker.h"
#include "node/core/node_state.h"
#include "node/core/swarm/link.h"

#define POPULARITY_HALVED (4 * SW_POPULARITY_SLOTS)

static uint64_t hash_of(const struct sw_node *n, const struct sw_cache_key *key)
{
    return sw_sieve_hash(&n->cache.store, key);
}

static void begin(struct sw_node *n, struct sw_lookup *l)
{
    if (!sw_ask_home(n, l)) {
        sw_ask_upstream(n, l);
    } else {
        sw_lookup_arm(n, l);
    }
}

/* How often it was asked for here lately, this time included: the least of two counters, all halved
 * from time to time (a count-min sketch that forgets: Einziger, Friedman, Manes, TinyLFU, 2017). */
static uint32_t note(struct sw_node *n, uint64_t h)
{
    struct sw_lookups *l = &n->lookups;
    uint8_t *a = &l->tables->popularity[h % SW_POPULARITY_SLOTS];
    uint8_t *b = &l->tables->popularity[(h >> 32) % SW_POPULARITY_SLOTS];
    if (*a < UINT8_MAX) {
        ++*a;
    }
    if (b != a && *b < UINT8_MAX) {
        ++*b;
    }
    const uint32_t count = *a < *b ? *a : *b;
    if (++l->noted >= POPULARITY_HALVED) {
        l->noted = 0;
        for (size_t i = 0; i < SW_POPULARITY_SLOTS; i++) {
            l->tables->popularity[i] >>= 1;
        }
    }
    return count;
}

/* Have it renewed; nobody waits. */
static void renew(struct sw_node *n, const struct sw_cache_key *key, uint32_t hops)
{
    const uint64_t h = hash_of(n, key);
    struct sw_lookup *l = sw_lookup_find(n, key, h) == NULL ? sw_lookup_new(n, key, h, hops) : NULL;
    if (l != NULL) {
        l->popular = true;
        begin(n, l);
    }
}

/* Look @key up for @who.  False: it can't be done now. */
static bool look_up(struct sw_node *n, const struct sw_cache_key *key, struct sw_bytes query,
                    const struct sw_asker *who, uint32_t hops)
{
    const uint64_t h = hash_of(n, key);
    const bool popular = who->conn == 0 && note(n, h) >= n->config->cache.popular;
    struct sw_lookup *l = sw_lookup_find(n, key, h);
    const bool found = l != NULL;
    l = found ? l : sw_lookup_new(n, key, h, hops);
    if (l == NULL) {
        return false;
    }
    l->popular = l->popular || popular;
    const bool waits = sw_asker_wait(n, l, query, who);
    if (!found && !waits) {
        sw_lookup_end(n, l);
    } else if (!found) {
        begin(n, l);
    } else if (hops > l->hops && l->home != SW_PEER_NONE) {
        l->hops = hops; /* it may be that we wait for each other */
        l->home_late = true;
        sw_ask_upstream(n, l);
    }
    return waits;
}

static bool checking_disabled(struct sw_bytes query)
{
    return (query.data[3] & SW_DNS_CD) != 0;
}

/* What the cache has, in answer to the client's question, which says @q. */
static void give_known(struct sw_node *n, const struct sw_recall *r, const struct sw_question *q)
{
    const struct sw_client *client = &n->event->u.query.client;
    const struct sw_bytes query = n->event->u.query.message;
    const bool fresh = r->known == SW_KNOWN_FRESH;
    n->cache.counts.stale += !fresh;
    sw_asker_give_client(n, client, sw_asker_recalled(n, r->entry, query, q, client->stream != 0),
                         fresh ? SW_USE_LOCAL : SW_USE_STALE, sw_asker_arrival(n->event));
}

static void fail(struct sw_node *n, enum sw_ede ede)
{
    const struct sw_bytes query = n->event->u.query.message;
    sw_asker_give_client(n, &n->event->u.query.client, sw_asker_failure(n, query, ede),
                         SW_USE_FAILED, sw_asker_arrival(n->event));
}

void sw_resolve_client(struct sw_node *n, const struct sw_question *q)
{
    const struct sw_bytes query = n->event->u.query.message;
    const struct sw_cache_key key = sw_cache_key(q, checking_disabled(query));
    const struct sw_recall r = sw_cache_recall(&n->cache, &key, n->event->now, true);
    const struct sw_asker who = { .client = n->event->u.query.client };
    n->counts.forwarded++;
    if (r.known == SW_KNOWN_FRESH || (r.known == SW_KNOWN_STALE && r.wait)) {
        give_known(n, &r, q);
        if (r.renew) {
            renew(n, &key, 0);
        }
    } else if (r.known == SW_KNOWN_FAILURE) {
        fail(n, SW_EDE_CACHED_ERROR);
    } else if (!look_up(n, &key, query, &who, 0)) {
        if (r.known == SW_KNOWN_STALE) { /* no lookup, no change of the cache: it is still there */
            give_known(n, &r, q);
        } else {
            fail(n, SW_EDE_OTHER);
        }
    }
}

int sw_resolve_peer(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Query *query)
{
    const struct sw_bytes message = { query->message.data, query->message.len };
    const struct sw_bytes none = { NULL, 0 };
    struct sw_question q;
    if (sw_question_parse(message, &q) != 0) {
        return SW_ERR_MALFORMED;
    }
    const struct sw_cache_key key = sw_cache_key(&q, checking_disabled(message));
    const struct sw_recall r = sw_cache_recall(&n->cache, &key, n->event->now, true);
    const bool stale = r.known == SW_KNOWN_STALE;
    if (r.known == SW_KNOWN_FRESH || (stale && (query->cached || r.wait))) {
        sw_asker_give_peer(n, link->conn, query->id,
                           sw_asker_recalled(n, r.entry, message, &q, true),
                           sw_cache_stale(r.entry, n->event->now), true);
        if (r.renew) {
            renew(n, &key, query->hops);
        }
        return SW_OK;
    }
    const struct sw_asker who = { .conn = link->conn, .id = query->id };
    const uint32_t hops = query->hops > 0 ? query->hops : 1;
    if (query->cached || r.known == SW_KNOWN_FAILURE || !look_up(n, &key, message, &who, hops)) {
        sw_asker_give_peer(n, link->conn, query->id, none, 0, false);
    }
    return SW_OK;
}

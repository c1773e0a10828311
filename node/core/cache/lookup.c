/* SPDX-License-Identifier: GPL-3.0-or-later
 * From a question to the cache, its home, an upstream, and back to all who wait. */
#include "node/core/cache/lookup.h"

#include "node/base/bug.h"
#include "node/core/cache/home.h"
#include "node/core/dns/answer.h"
#include "node/core/emit.h"
#include "node/core/node_state.h"
#include "node/core/swarm/link.h"
#include "node/core/swarm/serve.h"

#include <stdlib.h>
#include <string.h>

#define OURS (UINT64_C(1) << 63) /* in the id of a peer's Query */
#define TRY_SHIFT 24U            /* in the id of an ASK: slots are fewer */
#define BLOB_KEPT 1024U
#define POPULARITY_HALVED (4 * SW_POPULARITY_SLOTS)

/* An answer for whoever waits. */
struct finding {
    struct sw_kept *kept; /* NULL: nobody knows */
    uint32_t stale;       /* s since it expired; 0: it has not */
    enum sw_cache_use use;
    enum sw_ede ede; /* of a failure */
    bool hit;        /* nobody had to be asked for it */
};

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

static struct sw_lookup *lookup_at(const struct sw_node *n, uint32_t slot)
{
    return sw_slots_at(&n->lookups.slots, slot);
}

static struct sw_asker *asker_at(const struct sw_node *n, uint32_t slot)
{
    return sw_slots_at(&n->lookups.askers, slot);
}

static struct sw_cache_key key_of(const struct sw_lookup *l)
{
    return (struct sw_cache_key){ l->name, l->name_len, l->flags, l->type };
}

/* ---- answering ---- */

/* An extended error says that an answer is stale (RFC 8914, 4.4 and 4.20). */
static enum sw_ede stale_ede(const uint8_t *message)
{
    return (message[3] & SW_DNS_RCODE) == SW_RCODE_NXDOMAIN ? SW_EDE_STALE_NXDOMAIN
                                                            : SW_EDE_STALE_ANSWER;
}

static void give_client(struct sw_node *n, const struct sw_client *client, struct sw_bytes message,
                        enum sw_cache_use use, sw_time since)
{
    struct sw_action *act = sw_emit(n, SW_ACT_ANSWER);
    if (act == NULL) {
        return;
    }
    act->u.answer.client = *client;
    act->u.answer.message = message;
    sw_emit_trace(n, SW_TRACE_LOOKED_UP, NULL, use, n->event->now - since, NULL);
    n->counts.answered += use != SW_USE_FAILED;
    n->counts.failed += use == SW_USE_FAILED;
}

static void give_peer(struct sw_node *n, sw_conn conn, uint64_t id, struct sw_bytes message,
                      uint32_t stale, bool hit)
{
    Swarm__V1__Load load;
    sw_serve_load(n, &load);
    Swarm__V1__Answer answer = SWARM__V1__ANSWER__INIT;
    answer.id = id;
    answer.message = (ProtobufCBinaryData){ message.len, (uint8_t *)(uintptr_t)message.data };
    answer.load = &load;
    answer.hit = hit;
    answer.stale = stale;
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    e.body_case = SWARM__V1__ENVELOPE__BODY_ANSWER;
    e.answer = &answer;
    n->counts.queries_for_peers += message.len > 0;
    (void)sw_emit_envelope(n, conn, &e);
}

static size_t limit_of(const struct sw_node *n, bool stream, const struct sw_question *q)
{
    if (stream) {
        return SW_DNS_MESSAGE_MAX;
    }
    return q->udp_size < n->config->udp_size ? q->udp_size : n->config->udp_size;
}

static struct sw_kept_answer how(const struct sw_node *n, struct sw_bytes query,
                                 const struct sw_question *q, bool stream)
{
    return (struct sw_kept_answer){ .query = query,
                                    .q = q,
                                    .ede = SW_EDE_NONE,
                                    .udp_size = (uint16_t)n->config->udp_size,
                                    .limit = limit_of(n, stream, q) };
}

/* SERVFAIL for @query; empty when memory is out. */
static struct sw_bytes failure(struct sw_node *n, struct sw_bytes query, enum sw_ede ede)
{
    struct sw_wr w = { .buf = sw_emit_bytes(n, SW_DNS_UDP_MIN), .cap = SW_DNS_UDP_MIN };
    return w.buf != NULL && sw_answer_error(query, SW_RCODE_SERVFAIL, ede, &w)
               ? (struct sw_bytes){ w.buf, w.len }
               : (struct sw_bytes){ NULL, 0 };
}

/* @f as the answer to @query. */
static struct sw_bytes compose(struct sw_node *n, struct sw_bytes query, bool stream,
                               const struct finding *f)
{
    struct sw_question q;
    if (f->kept == NULL || sw_question_parse(query, &q) != 0) {
        return failure(n, query, f->ede);
    }
    struct sw_kept copy = *f->kept;
    copy.data = sw_emit_bytes(n, copy.len + SW_KEPT_MORE);
    if (copy.data == NULL) {
        return (struct sw_bytes){ NULL, 0 };
    }
    memcpy(copy.data, f->kept->data, copy.len);
    struct sw_kept_answer a = how(n, query, &q, stream);
    a.stale = f->stale > 0;
    a.ede = f->stale > 0 ? stale_ede(copy.data) : SW_EDE_NONE;
    return (struct sw_bytes){ copy.data, sw_kept_answer(&copy, &a) };
}

/* @e as the answer to @query. */
static struct sw_bytes recalled(struct sw_node *n, const struct sw_entry *e, struct sw_bytes query,
                                const struct sw_question *q, bool stream)
{
    uint8_t *out = sw_emit_bytes(n, sw_cache_room(e));
    uint8_t rcode[4];
    if (out == NULL) {
        return (struct sw_bytes){ NULL, 0 };
    }
    struct sw_kept_answer a = how(n, query, q, stream);
    sw_sieve_read(&n->cache.store, e, 0, rcode, sizeof rcode);
    a.ede = sw_cache_stale(e, n->event->now) > 0 ? stale_ede(rcode) : SW_EDE_NONE;
    return (struct sw_bytes){ out, sw_cache_answer(&n->cache, e, n->event->now, &a, out) };
}

/* ---- who waits ---- */

static void release_asker(struct sw_node *n, uint32_t slot)
{
    struct sw_asker *a = asker_at(n, slot);
    n->lookups.owed -= a->owed;
    a->message.len = 0;
    if (a->message.cap > BLOB_KEPT) {
        sw_blob_fini(&a->message);
        a->message = (struct sw_blob){ 0 };
    }
    sw_slots_give(&n->lookups.askers, slot);
}

/* Answer all who wait for @l. */
static void give_all(struct sw_node *n, struct sw_lookup *l, const struct finding *f)
{
    while (l->askers != SW_SLOT_NONE) {
        const uint32_t slot = l->askers;
        const struct sw_asker *a = asker_at(n, slot);
        const struct sw_bytes query = sw_blob_bytes(&a->message);
        l->askers = a->next;
        if (a->conn == 0) {
            const struct sw_bytes m = compose(n, query, a->client.stream != 0, f);
            if (m.len > 0) {
                give_client(n, &a->client, m, f->use, a->arrived_at);
            }
        } else {
            const struct sw_bytes none = { NULL, 0 }; /* refused: let it ask another */
            give_peer(n, a->conn, a->id, f->kept != NULL ? compose(n, query, true, f) : none,
                      f->stale, f->hit);
        }
        release_asker(n, slot);
    }
}

static sw_time arrival(const struct sw_event *ev)
{
    return ev->arrived_at != 0 && ev->arrived_at <= ev->now ? ev->arrived_at : ev->now;
}

/* A new one at @l.  False: too many wait, or memory is out. */
static bool wait_for(struct sw_node *n, struct sw_lookup *l, struct sw_bytes query,
                     const struct sw_asker *who)
{
    uint32_t slot;
    struct sw_asker *a = sw_slots_take(&n->lookups.askers, &slot);
    if (a == NULL) {
        return false;
    }
    struct sw_blob message = a->message;
    *a = *who;
    a->message = message;
    if (sw_blob_append(&a->message, query.data, query.len) != SW_OK) {
        n->out_of_memory = true;
        sw_slots_give(&n->lookups.askers, slot);
        return false;
    }
    a->arrived_at = arrival(n->event);
    a->owed = n->state != SW_STATE_DRAINING;
    n->lookups.owed += a->owed;
    a->next = l->askers;
    l->askers = slot;
    return true;
}

/* ---- lookups ---- */

static uint64_t hash_of(const struct sw_node *n, const struct sw_cache_key *key)
{
    return sw_sieve_hash(&n->cache.store, key);
}

static struct sw_lookup *find(const struct sw_node *n, const struct sw_cache_key *key, uint64_t h)
{
    uint32_t i = n->lookups.tables->buckets[h % SW_LOOKUP_BUCKETS];
    while (i != SW_SLOT_NONE) {
        struct sw_lookup *l = lookup_at(n, i);
        if (l->hash == h && l->type == key->type && l->flags == key->flags &&
            l->name_len == key->name_len && memcmp(l->name, key->name, key->name_len) == 0) {
            return l;
        }
        i = l->chain;
    }
    return NULL;
}

static struct sw_lookup *new_lookup(struct sw_node *n, const struct sw_cache_key *key, uint64_t h,
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

static void unask(struct sw_node *n, struct sw_lookup *l, uint32_t i)
{
    struct sw_action *act = l->tries[i].out ? sw_emit(n, SW_ACT_UNASK) : NULL;
    l->tries[i].out = false;
    if (act != NULL) {
        act->u.unask = sw_slots_id(&n->lookups.slots, l->slot) | (uint64_t)i << TRY_SHIFT;
    }
}

static void home_done(struct sw_node *n, struct sw_lookup *l)
{
    if (l->home != SW_PEER_NONE) {
        n->peers.v[l->home]->lookups--;
        l->home = SW_PEER_NONE;
    }
}

static void end(struct sw_node *n, struct sw_lookup *l)
{
    uint32_t *at = &n->lookups.tables->buckets[l->hash % SW_LOOKUP_BUCKETS];
    SW_ASSERT(l->askers == SW_SLOT_NONE);
    while (*at != l->slot) {
        at = &lookup_at(n, *at)->chain;
    }
    *at = l->chain;
    home_done(n, l);
    n->lookups.own -= l->n_tries > 0;
    for (uint32_t i = 0; i < l->n_tries; i++) {
        unask(n, l, i);
    }
    sw_heap_cancel(&n->timers, &l->timer);
    sw_slots_give(&n->lookups.slots, l->slot);
}

static void give_up(struct sw_node *n, struct sw_lookup *l);

/* Set the timer to whatever comes first.  Nothing else may be done with @l after this. */
static void arm(struct sw_node *n, struct sw_lookup *l)
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
        give_up(n, l);
    }
}

/* ---- failing ---- */

static void give_up(struct sw_node *n, struct sw_lookup *l)
{
    const struct sw_cache_key key = key_of(l);
    struct finding f = { .use = SW_USE_FAILED,
                         .ede =
                             l->answered ? SW_EDE_NO_REACHABLE_AUTHORITY : SW_EDE_NETWORK_ERROR };
    sw_cache_fail(&n->cache, &key, n->event->now);
    give_all(n, l, &f);
    end(n, l);
}

/* Give those who wait what has expired; false when there is nothing. */
static bool give_stale(struct sw_node *n, struct sw_lookup *l)
{
    const struct sw_cache_key key = key_of(l);
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
    give_all(n, l,
             &(struct finding){ .kept = &k,
                                .stale = sw_cache_stale(r.entry, n->event->now),
                                .use = SW_USE_STALE,
                                .hit = true });
    return true;
}

static bool send_query(struct sw_node *n, const struct sw_lookup *l, uint32_t peer, uint32_t hops,
                       bool cached);

/* Who else may have it, stale or not? */
static bool ask_others(struct sw_node *n, struct sw_lookup *l)
{
    uint32_t peers[SW_OTHERS];
    if (l->asked_others || !n->config->cache.cooperate || n->config->cache.stale == 0 ||
        l->askers == SW_SLOT_NONE) {
        return false;
    }
    const size_t found = sw_home_others(n, sw_home_key(l->name, l->name_len), peers, SW_OTHERS);
    for (size_t i = 0; i < found; i++) {
        l->others += send_query(n, l, peers[i], l->hops + 1, true);
    }
    l->asked_others = l->others > 0;
    l->others_at = n->event->now;
    return l->asked_others;
}

static bool is_out(const struct sw_lookup *l)
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

/* There is nobody left to ask.  Those who wait get what is stale, here or elsewhere; what is late
 * may still come. */
static void run_dry(struct sw_node *n, struct sw_lookup *l)
{
    const struct sw_cache_key key = key_of(l);
    if (is_hopeful(l)) {
        arm(n, l);
        return;
    }
    if (give_stale(n, l)) {
        sw_cache_fail(&n->cache, &key, n->event->now);
    } else {
        (void)ask_others(n, l);
    }
    if (is_out(l)) {
        arm(n, l);
    } else if (l->askers == SW_SLOT_NONE) {
        sw_cache_fail(&n->cache, &key, n->event->now);
        end(n, l);
    } else {
        give_up(n, l);
    }
}

/* ---- asking upstreams ---- */

/* The question as we put it; its length. */
static size_t write_query(const struct sw_lookup *l, uint16_t id, uint8_t out[SW_DNS_UDP_MIN])
{
    const struct sw_query q = { .id = id,
                                .type = l->type,
                                .name = l->name,
                                .udp_size = SW_DNS_UDP_DEFAULT,
                                .recursion = true,
                                .dnssec_ok = (l->flags & SW_CACHE_DO) != 0,
                                .checking_disabled = (l->flags & SW_CACHE_CD) != 0 };
    struct sw_wr w = { .buf = out, .cap = SW_DNS_UDP_MIN };
    sw_query_write(&w, &q);
    SW_ASSERT(!w.overflow);
    return w.len;
}

static bool emit_ask(struct sw_node *n, const struct sw_lookup *l, uint32_t i)
{
    const struct sw_try *t = &l->tries[i];
    uint8_t *bytes = sw_emit_bytes(n, SW_DNS_UDP_MIN);
    const char *address = bytes != NULL ? sw_emit_text(n, n->config->upstreams[t->upstream]) : NULL;
    struct sw_action *act = address != NULL ? sw_emit(n, SW_ACT_ASK) : NULL;
    if (act == NULL) {
        return false;
    }
    act->u.ask.id = sw_slots_id(&n->lookups.slots, l->slot) | (uint64_t)i << TRY_SHIFT;
    act->u.ask.address = address;
    act->u.ask.message = (struct sw_bytes){ bytes, write_query(l, t->id, bytes) };
    act->u.ask.stream = t->stream;
    return true;
}

static bool ask(struct sw_node *n, struct sw_lookup *l, uint32_t upstream, bool stream)
{
    const uint32_t i = l->n_tries;
    uint8_t id[2];
    if (i == SW_LOOKUP_TRIES || sw_keygen_draw(&n->keygen, id, sizeof id) != SW_OK) {
        return false;
    }
    l->tries[i] = (struct sw_try){ .upstream = upstream,
                                   .epoch = n->upstreams.epoch,
                                   .id = (uint16_t)(id[0] << 8 | id[1]),
                                   .out = true,
                                   .stream = stream,
                                   .sent_at = n->event->now };
    if (!emit_ask(n, l, i)) {
        return false;
    }
    n->lookups.own += i == 0;
    l->n_tries++;
    l->tried |= UINT32_C(1) << upstream;
    n->lookups.upstreams_asked++;
    sw_upstream_sent(n, upstream);
    sw_emit_trace(n, SW_TRACE_UPSTREAM_ASKED, NULL, upstream, i, NULL);
    return true;
}

/* Ask the next upstream; or wait for what is out already; or end. */
static void ask_upstream(struct sw_node *n, struct sw_lookup *l)
{
    const uint32_t upstream =
        l->n_tries < n->config->query_attempts && n->event->now < l->give_up_at
            ? sw_upstream_choose(n, sw_home_key(l->name, l->name_len), l->tried)
            : SW_UPSTREAM_NONE;
    if (upstream != SW_UPSTREAM_NONE && ask(n, l, upstream, false)) {
        arm(n, l);
    } else {
        run_dry(n, l);
    }
}

/* ---- asking homes ---- */

static bool send_query(struct sw_node *n, const struct sw_lookup *l, uint32_t peer, uint32_t hops,
                       bool cached)
{
    uint8_t bytes[SW_DNS_UDP_MIN];
    struct sw_name origin = n->config->name;
    Swarm__V1__Query query = SWARM__V1__QUERY__INIT;
    query.id = sw_slots_id(&n->lookups.slots, l->slot) | OURS;
    query.hops = hops;
    query.origin = origin.s;
    query.message = (ProtobufCBinaryData){ write_query(l, 0, bytes), bytes };
    query.stream = true;
    query.cached = cached;
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    e.body_case = SWARM__V1__ENVELOPE__BODY_QUERY;
    e.query = &query;
    return sw_emit_envelope(n, n->peers.v[peer]->link[SW_CLASS_CONTROL].conn, &e);
}

/* Who is home to @key; a better one that is not connected is dialled for the next question. */
static uint32_t home_of(struct sw_node *n, uint64_t key, enum sw_realm realm)
{
    uint32_t absent;
    const uint32_t home = sw_home(n, key, realm, &absent);
    if (absent != SW_PEER_NONE) {
        sw_link_want(n, absent, SW_CLASS_CONTROL);
    }
    return home;
}

/* Ask @l's home, if that is another node and the question may pass one more. */
static bool ask_home(struct sw_node *n, struct sw_lookup *l)
{
    const struct sw_cache_config *c = &n->config->cache;
    const uint64_t key = sw_home_key(l->name, l->name_len);
    uint32_t home = SW_PEER_SELF;
    uint32_t hops = 1;
    if (c->cooperate && l->hops == 0) {
        home = home_of(n, key, SW_REALM_REGION);
    }
    if (c->cooperate && c->across && l->hops <= 1 && home == SW_PEER_SELF) {
        home = home_of(n, key, SW_REALM_SWARM);
        hops = 2;
    }
    if (home == SW_PEER_SELF || !send_query(n, l, home, hops, false)) {
        return false;
    }
    l->home = home;
    l->home_at = n->event->now;
    l->realm_hops = hops;
    n->peers.v[home]->lookups++;
    n->lookups.homes_asked++;
    sw_emit_trace(n, SW_TRACE_HOME_ASKED, &n->peers.v[home]->name, hops, 0, NULL);
    return true;
}

static void begin(struct sw_node *n, struct sw_lookup *l)
{
    if (!ask_home(n, l)) {
        ask_upstream(n, l);
    } else {
        arm(n, l);
    }
}

/* ---- a question comes ---- */

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
    struct sw_lookup *l = find(n, key, h) == NULL ? new_lookup(n, key, h, hops) : NULL;
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
    struct sw_lookup *l = find(n, key, h);
    const bool found = l != NULL;
    l = found ? l : new_lookup(n, key, h, hops);
    if (l == NULL) {
        return false;
    }
    l->popular = l->popular || popular;
    const bool waits = wait_for(n, l, query, who);
    if (!found && !waits) {
        end(n, l);
    } else if (!found) {
        begin(n, l);
    } else if (hops > l->hops && l->home != SW_PEER_NONE) {
        l->hops = hops; /* it may be that we wait for each other */
        l->home_late = true;
        ask_upstream(n, l);
    }
    return waits;
}

static bool checking_disabled(struct sw_bytes query)
{
    return (query.data[3] & SW_DNS_CD) != 0;
}

void sw_lookup_client(struct sw_node *n, const struct sw_question *q)
{
    const struct sw_client *client = &n->event->u.query.client;
    const struct sw_bytes query = n->event->u.query.message;
    const struct sw_cache_key key = sw_cache_key(q, checking_disabled(query));
    const struct sw_recall r = sw_cache_recall(&n->cache, &key, n->event->now, true);
    const sw_time since = arrival(n->event);
    n->counts.forwarded++;
    if (r.known == SW_KNOWN_FRESH || (r.known == SW_KNOWN_STALE && r.wait)) {
        const bool fresh = r.known == SW_KNOWN_FRESH;
        n->cache.counts.stale += !fresh;
        const struct sw_bytes m = recalled(n, r.entry, query, q, client->stream != 0);
        give_client(n, client, m, fresh ? SW_USE_LOCAL : SW_USE_STALE, since);
        if (r.renew) {
            renew(n, &key, 0);
        }
        return;
    }
    const struct sw_asker who = { .client = *client };
    if (r.known == SW_KNOWN_FAILURE) {
        give_client(n, client, failure(n, query, SW_EDE_CACHED_ERROR), SW_USE_FAILED, since);
    } else if (!look_up(n, &key, query, &who, 0)) {
        give_client(n, client, failure(n, query, SW_EDE_OTHER), SW_USE_FAILED, since);
    }
}

int sw_lookup_peer(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Query *query)
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
        give_peer(n, link->conn, query->id, recalled(n, r.entry, message, &q, true),
                  sw_cache_stale(r.entry, n->event->now), true);
        if (r.renew) {
            renew(n, &key, query->hops);
        }
        return SW_OK;
    }
    const struct sw_asker who = { .conn = link->conn, .id = query->id };
    const uint32_t hops = query->hops > 0 ? query->hops : 1;
    if (query->cached || r.known == SW_KNOWN_FAILURE || !look_up(n, &key, message, &who, hops)) {
        give_peer(n, link->conn, query->id, none, 0, false);
    }
    return SW_OK;
}

/* ---- answers come ---- */

/* Our question, as it went out with @id, and what it says. */
static struct sw_bytes asked(const struct sw_lookup *l, uint16_t id, uint8_t bytes[SW_DNS_UDP_MIN],
                             struct sw_question *q)
{
    const struct sw_bytes query = { bytes, write_query(l, id, bytes) };
    const int parsed = sw_question_parse(query, q);
    SW_ASSERT(parsed == 0);
    return query;
}

/* Take @message in for @l: what it is worth, and @kept with it. */
static enum sw_worth take(struct sw_node *n, const struct sw_question *q, struct sw_bytes message,
                          struct sw_kept *kept)
{
    uint8_t *room = sw_arena_alloc(&n->scratch, message.len);
    if (room == NULL) {
        n->out_of_memory = true;
        return SW_WORTH_NOTHING;
    }
    return sw_kept_take(message, q, &n->cache.limits.kept, room, kept);
}

/* @f is the answer: all who wait get it. */
static void settle(struct sw_node *n, struct sw_lookup *l, const struct finding *f)
{
    give_all(n, l, f);
    end(n, l);
}

static uint16_t source_of_peer(uint32_t peer)
{
    return (uint16_t)(SW_SOURCE_PEER | (peer & 0x7fffU));
}

/* A holder of something stale, or nothing. */
static void other_answered(struct sw_node *n, struct sw_lookup *l, const struct sw_link *link,
                           const Swarm__V1__Answer *answer, struct sw_kept *kept)
{
    const struct sw_cache_key key = key_of(l);
    if (kept == NULL) {
        l->others -= l->others > 0;
        if (!is_out(l)) {
            give_up(n, l);
        }
        return;
    }
    struct finding f = { .kept = kept,
                         .stale = answer->stale,
                         .use = answer->stale > 0 ? SW_USE_STALE : SW_USE_HOME_HIT,
                         .hit = true };
    if (answer->stale > 0) {
        sw_cache_keep_stale(&n->cache, &key, kept, source_of_peer(link->peer), answer->stale,
                            n->event->now);
        sw_cache_fail(&n->cache, &key, n->event->now);
        n->cache.counts.stale++;
    } else {
        (void)sw_cache_keep(&n->cache, &key, kept, source_of_peer(link->peer), n->event->now);
    }
    settle(n, l, &f);
}

static void home_answered(struct sw_node *n, struct sw_lookup *l, const struct sw_link *link,
                          const Swarm__V1__Answer *answer, struct sw_kept *kept, bool keep)
{
    const struct sw_cache_key key = key_of(l);
    struct finding f = { .kept = kept,
                         .use = answer->hit ? SW_USE_HOME_HIT : SW_USE_HOME_MISS,
                         .hit = answer->hit != 0 };
    sw_emit_trace(n, SW_TRACE_HOME_ANSWERED, &n->peers.v[link->peer]->name,
                  n->event->now - l->home_at, answer->hit != 0, NULL);
    n->lookups.homes_hit += answer->hit != 0;
    if (keep && (l->popular || l->hops > 0 || l->realm_hops > 1)) {
        (void)sw_cache_keep(&n->cache, &key, kept, source_of_peer(link->peer), n->event->now);
    }
    settle(n, l, &f);
}

bool sw_lookup_is_of(uint64_t id)
{
    return (id & OURS) != 0;
}

int sw_lookup_answer(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Answer *answer)
{
    const uint32_t slot = sw_slots_find(&n->lookups.slots, answer->id & ~OURS);
    if (slot == SW_SLOT_NONE) {
        return SW_OK; /* so late that it was forgotten */
    }
    struct sw_lookup *l = lookup_at(n, slot);
    const struct sw_bytes message = { answer->message.data, answer->message.len };
    uint8_t bytes[SW_DNS_UDP_MIN];
    struct sw_question q;
    struct sw_kept kept;
    const struct sw_bytes query = asked(l, 0, bytes, &q);
    if (message.len > 0 && !sw_answer_matches(query, message)) {
        return SW_ERR_MALFORMED;
    }
    const enum sw_worth worth = message.len > 0 ? take(n, &q, message, &kept) : SW_WORTH_NOTHING;
    const bool good = worth == SW_WORTH_KEEPING || worth == SW_WORTH_PASSING;
    if (l->home != link->peer && l->asked_others) {
        other_answered(n, l, link, answer, good ? &kept : NULL);
    } else if (l->home == link->peer && good && answer->stale == 0) {
        home_answered(n, l, link, answer, &kept, worth == SW_WORTH_KEEPING);
    } else if (l->home == link->peer) {
        const struct sw_cache_key key = key_of(l);
        if (good) {
            sw_cache_keep_stale(&n->cache, &key, &kept, source_of_peer(link->peer), answer->stale,
                                n->event->now);
        }
        home_done(n, l);
        ask_upstream(n, l);
    }
    return SW_OK;
}

/* An upstream's answer to try @i. */
static void upstream_answered(struct sw_node *n, struct sw_lookup *l, uint32_t i,
                              struct sw_bytes message)
{
    struct sw_try *t = &l->tries[i];
    uint8_t bytes[SW_DNS_UDP_MIN];
    struct sw_question q;
    struct sw_kept kept;
    const struct sw_bytes query = asked(l, t->id, bytes, &q);
    if (!sw_answer_matches(query, message)) {
        return; /* not for us, or made up: what we asked for may still come */
    }
    const struct sw_cache_key key = key_of(l);
    const sw_dur rtt = n->event->now - t->sent_at;
    const uint32_t upstream = t->upstream;
    if (t->epoch == n->upstreams.epoch) {
        sw_upstream_answered(n, upstream, rtt, t->late);
    }
    sw_emit_trace(n, SW_TRACE_UPSTREAM_ANSWERED, NULL, rtt, upstream, NULL);
    unask(n, l, i);
    const enum sw_worth worth = take(n, &q, message, &kept);
    switch (worth) {
    case SW_WORTH_KEEPING:
        (void)sw_cache_keep(&n->cache, &key, &kept, SW_SOURCE_UPSTREAM + upstream, n->event->now);
        break;
    case SW_WORTH_PASSING:
        n->cache.counts.not_kept++;
        break;
    case SW_WORTH_STREAM:
        if (!t->stream && ask(n, l, upstream, true)) {
            arm(n, l);
            return;
        }
        ask_upstream(n, l);
        return;
    case SW_WORTH_NOTHING:
        l->answered = true;
        ask_upstream(n, l);
        return;
    }
    settle(n, l, &(struct finding){ .kept = &kept, .use = SW_USE_UPSTREAM });
}

static void upstream_lost(struct sw_node *n, struct sw_lookup *l, uint32_t i)
{
    struct sw_try *t = &l->tries[i];
    if (!t->late && t->epoch == n->upstreams.epoch) {
        sw_upstream_lost(n, t->upstream);
    }
    t->late = true;
}

void sw_lookup_upstream(struct sw_node *n)
{
    const uint64_t id = n->event->u.upstream.id;
    const struct sw_bytes message = n->event->u.upstream.message;
    if ((id & SW_UPSTREAM_PROBE) != 0) {
        sw_upstream_probe_back(n);
        return;
    }
    const uint32_t i = (uint32_t)(id >> TRY_SHIFT & 0xff);
    const uint32_t slot = sw_slots_find(&n->lookups.slots, id & ~(UINT64_C(0xff) << TRY_SHIFT));
    struct sw_lookup *l = slot != SW_SLOT_NONE ? lookup_at(n, slot) : NULL;
    if (l == NULL || i >= l->n_tries || !l->tries[i].out) {
        return;
    }
    if (message.len > 0) {
        upstream_answered(n, l, i, message);
        return;
    }
    upstream_lost(n, l, i);
    unask(n, l, i);
    ask_upstream(n, l);
}

/* ---- time ---- */

/* Those whose patience ran out: one more is asked for all of them. */
static bool expire(struct sw_node *n, struct sw_lookup *l)
{
    const sw_time now = n->event->now;
    bool expired = false;
    for (uint32_t i = 0; i < l->n_tries; i++) {
        const struct sw_try *t = &l->tries[i];
        if (t->out && !t->late && now >= t->sent_at + sw_upstream_patience(n, t->upstream)) {
            upstream_lost(n, l, i);
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
    if (now >= l->give_up_at || !is_out(l)) {
        const struct sw_cache_key key = key_of(l);
        sw_cache_fail(&n->cache, &key, now);
        if (give_stale(n, l)) {
            end(n, l);
        } else {
            give_up(n, l);
        }
        return;
    }
    if (now >= l->stale_at && l->askers != SW_SLOT_NONE) {
        (void)give_stale(n, l); /* the lookup goes on (RFC 8767, 5) */
    }
    if (!expire(n, l)) {
        arm(n, l);
        return;
    }
    ask_upstream(n, l);
}

/* ---- ends ---- */

static void forget_conn(struct sw_node *n, struct sw_lookup *l, sw_conn conn)
{
    uint32_t *at = &l->askers;
    while (*at != SW_SLOT_NONE) {
        const uint32_t slot = *at;
        struct sw_asker *a = asker_at(n, slot);
        if (a->conn == conn) {
            *at = a->next;
            release_asker(n, slot);
        } else {
            at = &a->next;
        }
    }
}

void sw_lookup_peer_lost(struct sw_node *n, uint32_t peer, sw_conn conn)
{
    for (uint32_t i = 0; i < n->lookups.slots.made; i++) {
        struct sw_lookup *l = lookup_at(n, i);
        if (!sw_slots_taken(&n->lookups.slots, i)) {
            continue;
        }
        forget_conn(n, l, conn);
        if (l->home == peer) {
            home_done(n, l);
            ask_upstream(n, l);
        }
    }
}

void sw_lookup_drain(struct sw_node *n)
{
    struct sw_slots *slots = &n->lookups.askers;
    n->lookups.owed = slots->taken;
    for (uint32_t i = 0; i < slots->made; i++) {
        asker_at(n, i)->owed = sw_slots_taken(slots, i);
    }
}

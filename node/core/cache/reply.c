/* SPDX-License-Identifier: GPL-3.0-or-later
 * Answers come: from homes, from others that had something stale, from upstreams. */
#include "node/core/cache/reply.h"

#include "node/base/bug.h"
#include "node/core/cache/ask.h"
#include "node/core/cache/asker.h"
#include "node/core/cache/home.h"
#include "node/core/dns/answer.h"
#include "node/core/emit.h"
#include "node/core/node_state.h"
#include "node/core/swarm/link.h"

/* Our question, as it went out with @id, and what it says. */
static struct sw_bytes asked(const struct sw_lookup *l, uint16_t id, uint8_t bytes[SW_DNS_UDP_MIN],
                             struct sw_question *q)
{
    const struct sw_bytes query = { bytes, sw_ask_write(l, id, bytes) };
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

static uint16_t source_of_peer(uint32_t peer)
{
    return (uint16_t)(SW_SOURCE_PEER | (peer & 0x7fffU));
}

/* A holder of something stale, or nothing. */
static void other_answered(struct sw_node *n, struct sw_lookup *l, const struct sw_link *link,
                           const Swarm__V1__Answer *answer, struct sw_kept *kept)
{
    const struct sw_cache_key key = sw_lookup_key(l);
    if (kept == NULL) {
        l->others -= l->others > 0;
        if (!sw_lookup_is_out(l)) {
            sw_lookup_give_up(n, l);
        }
        return;
    }
    struct sw_finding f = { .kept = kept,
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
    sw_lookup_settle(n, l, &f);
}

static void home_answered(struct sw_node *n, struct sw_lookup *l, const struct sw_link *link,
                          const Swarm__V1__Answer *answer, struct sw_kept *kept, bool keep)
{
    const struct sw_cache_key key = sw_lookup_key(l);
    struct sw_finding f = { .kept = kept,
                            .use = answer->hit ? SW_USE_HOME_HIT : SW_USE_HOME_MISS,
                            .hit = answer->hit != 0 };
    sw_emit_trace(n, SW_TRACE_HOME_ANSWERED, &n->peers.v[link->peer]->name,
                  n->event->now - l->home_at, answer->hit != 0, NULL);
    n->lookups.homes_hit += answer->hit != 0;
    sw_router_class_answered(n, link->peer, sw_home_key(l->name, l->name_len),
                             n->event->now - l->home_at, answer->hit != 0);
    if (keep && (l->popular || l->hops > 0 || l->realm_hops > 1)) {
        (void)sw_cache_keep(&n->cache, &key, kept, source_of_peer(link->peer), n->event->now);
    }
    sw_lookup_settle(n, l, &f);
}

bool sw_reply_is_ours(uint64_t id)
{
    return (id & SW_ASK_OURS) != 0;
}

int sw_reply_of_peer(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Answer *answer)
{
    const uint32_t slot = sw_slots_find(&n->lookups.slots, answer->id & ~SW_ASK_OURS);
    if (slot == SW_SLOT_NONE) {
        return SW_OK; /* so late that it was forgotten */
    }
    struct sw_lookup *l = sw_lookup_at(n, slot);
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
        const struct sw_cache_key key = sw_lookup_key(l);
        if (good) {
            sw_cache_keep_stale(&n->cache, &key, &kept, source_of_peer(link->peer), answer->stale,
                                n->event->now);
        }
        sw_ask_home_done(n, l);
        sw_ask_upstream(n, l);
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
    const struct sw_cache_key key = sw_lookup_key(l);
    const sw_dur rtt = n->event->now - t->sent_at;
    const uint32_t upstream = t->upstream;
    if (t->epoch == n->upstreams.epoch) {
        sw_upstream_answered(n, upstream, rtt, t->late);
    }
    sw_emit_trace(n, SW_TRACE_UPSTREAM_ANSWERED, NULL, rtt, upstream, NULL);
    sw_unask(n, l, i);
    const enum sw_worth worth = take(n, &q, message, &kept);
    switch (worth) {
    case SW_WORTH_KEEPING:
        (void)sw_cache_keep(&n->cache, &key, &kept, SW_SOURCE_UPSTREAM + upstream, n->event->now);
        break;
    case SW_WORTH_PASSING:
        n->cache.counts.not_kept++;
        break;
    case SW_WORTH_STREAM:
        if (!t->stream && sw_ask_stream(n, l, upstream)) {
            sw_lookup_arm(n, l);
            return;
        }
        sw_ask_upstream(n, l);
        return;
    case SW_WORTH_NOTHING:
        l->answered = true;
        sw_ask_upstream(n, l);
        return;
    }
    sw_lookup_settle(n, l, &(struct sw_finding){ .kept = &kept, .use = SW_USE_UPSTREAM });
}

void sw_reply_of_upstream(struct sw_node *n)
{
    const uint64_t id = n->event->u.upstream.id;
    const struct sw_bytes message = n->event->u.upstream.message;
    if ((id & SW_UPSTREAM_PROBE) != 0) {
        sw_upstream_probe_back(n);
        return;
    }
    const uint32_t i = (uint32_t)(id >> SW_ASK_TRY_SHIFT & 0xff);
    const uint32_t slot =
        sw_slots_find(&n->lookups.slots, id & ~(UINT64_C(0xff) << SW_ASK_TRY_SHIFT));
    struct sw_lookup *l = slot != SW_SLOT_NONE ? sw_lookup_at(n, slot) : NULL;
    if (l == NULL || i >= l->n_tries || !l->tries[i].out) {
        return;
    }
    if (message.len > 0) {
        upstream_answered(n, l, i, message);
        return;
    }
    sw_ask_lost(n, l, i);
    sw_unask(n, l, i);
    sw_ask_upstream(n, l);
}

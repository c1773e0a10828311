/* SPDX-License-Identifier: GPL-3.0-or-later
 * Answers for those who wait. */
#include "node/core/cache/asker.h"

#include "node/core/dns/answer.h"
#include "node/core/emit.h"
#include "node/core/node_state.h"
#include "node/core/swarm/serve.h"

#include <string.h>

#define BLOB_KEPT 1024U

static struct sw_asker *asker_at(const struct sw_node *n, uint32_t slot)
{
    return sw_slots_at(&n->lookups.askers, slot);
}

/* An extended error says that an answer is stale (RFC 8914, 4.4 and 4.20). */
static enum sw_ede stale_ede(const uint8_t *message)
{
    return (message[3] & SW_DNS_RCODE) == SW_RCODE_NXDOMAIN ? SW_EDE_STALE_NXDOMAIN
                                                            : SW_EDE_STALE_ANSWER;
}

void sw_asker_give_client(struct sw_node *n, const struct sw_client *client,
                          struct sw_bytes message, enum sw_cache_use use, sw_time since)
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

void sw_asker_give_peer(struct sw_node *n, sw_conn conn, uint64_t id, struct sw_bytes message,
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

struct sw_bytes sw_asker_failure(struct sw_node *n, struct sw_bytes query, enum sw_ede ede)
{
    struct sw_wr w = { .buf = sw_emit_bytes(n, SW_DNS_UDP_MIN), .cap = SW_DNS_UDP_MIN };
    return w.buf != NULL && sw_answer_error(query, SW_RCODE_SERVFAIL, ede, &w)
               ? (struct sw_bytes){ w.buf, w.len }
               : (struct sw_bytes){ NULL, 0 };
}

/* @f as the answer to @query. */
static struct sw_bytes compose(struct sw_node *n, struct sw_bytes query, bool stream,
                               const struct sw_finding *f)
{
    struct sw_question q;
    if (f->kept == NULL || sw_question_parse(query, &q) != 0) {
        return sw_asker_failure(n, query, f->ede);
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

struct sw_bytes sw_asker_recalled(struct sw_node *n, const struct sw_entry *e,
                                  struct sw_bytes query, const struct sw_question *q, bool stream)
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

static void release_asker(struct sw_node *n, uint32_t slot)
{
    struct sw_lookups *l = &n->lookups;
    struct sw_asker *a = asker_at(n, slot);
    l->owed -= a->owed;
    if (a->conn == 0) {
        sw_waits_end(&l->tables->waits, l->waits_key, &a->client);
    }
    a->message.len = 0;
    if (a->message.cap > BLOB_KEPT) {
        sw_blob_fini(&a->message);
        a->message = (struct sw_blob){ 0 };
    }
    sw_slots_give(&l->askers, slot);
}

void sw_askers_give(struct sw_node *n, struct sw_lookup *l, const struct sw_finding *f)
{
    while (l->askers != SW_SLOT_NONE) {
        const uint32_t slot = l->askers;
        const struct sw_asker *a = asker_at(n, slot);
        const struct sw_bytes query = sw_blob_bytes(&a->message);
        l->askers = a->next;
        if (a->conn == 0) {
            const struct sw_bytes m = compose(n, query, a->client.stream != 0, f);
            if (m.len > 0) {
                sw_asker_give_client(n, &a->client, m, f->use, a->arrived_at);
            }
        } else {
            const struct sw_bytes none = { NULL, 0 }; /* refused: let it ask another */
            sw_asker_give_peer(n, a->conn, a->id,
                               f->kept != NULL ? compose(n, query, true, f) : none, f->stale,
                               f->hit);
        }
        release_asker(n, slot);
    }
}

sw_time sw_asker_arrival(const struct sw_event *ev)
{
    return ev->arrived_at != 0 && ev->arrived_at <= ev->now ? ev->arrived_at : ev->now;
}

static bool is_over_limit(struct sw_node *n, const struct sw_asker *who)
{
    struct sw_lookups *l = &n->lookups;
    const uint32_t limit = n->config->wait_limit;
    if (who->conn != 0 || limit == 0 ||
        sw_waits_of(&l->tables->waits, l->waits_key, &who->client) < limit) {
        return false;
    }
    l->limited++;
    return true;
}

bool sw_asker_wait(struct sw_node *n, struct sw_lookup *l, struct sw_bytes query,
                   const struct sw_asker *who)
{
    uint32_t slot;
    struct sw_lookups *all = &n->lookups;
    struct sw_asker *a = is_over_limit(n, who) ? NULL : sw_slots_take(&all->askers, &slot);
    if (a == NULL) {
        return false;
    }
    struct sw_blob message = a->message;
    *a = *who;
    a->message = message;
    if (sw_blob_append(&a->message, query.data, query.len) != SW_OK) {
        n->out_of_memory = true;
        sw_slots_give(&all->askers, slot);
        return false;
    }
    if (a->conn == 0) {
        sw_waits_begin(&all->tables->waits, all->waits_key, &a->client);
    }
    a->arrived_at = sw_asker_arrival(n->event);
    a->owed = n->state != SW_STATE_DRAINING;
    all->owed += a->owed;
    a->next = l->askers;
    l->askers = slot;
    return true;
}

void sw_askers_forget(struct sw_node *n, struct sw_lookup *l, sw_conn conn)
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

void sw_askers_drain(struct sw_node *n)
{
    struct sw_slots *slots = &n->lookups.askers;
    n->lookups.owed = slots->taken;
    for (uint32_t i = 0; i < slots->made; i++) {
        asker_at(n, i)->owed = sw_slots_taken(slots, i);
    }
}

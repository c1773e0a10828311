/* SPDX-License-Identifier: GPL-3.0-or-later
 * Forwarding queries to the peers that hold their zone. */
#include "node/core/swarm/forward.h"

#include "node/core/cache/resolve.h"
#include "node/core/dns/answer.h"
#include "node/core/emit.h"
#include "node/core/node_state.h"
#include "node/core/swarm/hedge.h"
#include "node/core/swarm/link.h"
#include "node/core/swarm/query_class.h"

#include <string.h>

#define BLOB_KEPT 4096U /* bytes of a query's memory that stay for the next one */

void sw_forward_init(struct sw_forward *f)
{
    *f = (struct sw_forward){ .retries = SW_RETRIES_RESERVE };
    sw_slots_init(&f->slots, sizeof(struct sw_waiting));
}

void sw_forward_fini(struct sw_forward *f)
{
    for (uint32_t i = 0; i < f->slots.made; i++) {
        struct sw_waiting *w = sw_slots_at(&f->slots, i);
        sw_blob_fini(&w->message);
    }
    sw_slots_fini(&f->slots);
}

static struct sw_waiting *waiting(const struct sw_node *n, uint32_t slot)
{
    return sw_slots_at(&n->forward.slots, slot);
}

/* ---- the end of a query ---- */

static void deliver(struct sw_node *n, const struct sw_client *client, struct sw_bytes message)
{
    uint8_t *copy = sw_emit_bytes(n, message.len);
    struct sw_action *act = copy != NULL ? sw_emit(n, SW_ACT_ANSWER) : NULL;
    if (act == NULL) {
        return;
    }
    memcpy(copy, message.data, message.len);
    act->u.answer.client = *client;
    act->u.answer.message = (struct sw_bytes){ copy, message.len };
}

static void deliver_error(struct sw_node *n, const struct sw_client *client, struct sw_bytes query,
                          enum sw_rcode rcode, enum sw_ede ede)
{
    uint8_t bytes[SW_DNS_UDP_MIN];
    struct sw_wr w = { .buf = bytes, .cap = sizeof bytes };
    if (sw_answer_error(query, rcode, ede, &w)) {
        deliver(n, client, (struct sw_bytes){ bytes, w.len });
    }
}

/* Nobody waits any longer; attempts that are out go on to teach the router. */
static void finish(struct sw_node *n, uint32_t slot)
{
    struct sw_waiting *w = waiting(n, slot);
    for (uint32_t i = 0; i < w->n_tried; i++) {
        if (w->attempt[i] != SW_SLOT_NONE) {
            sw_attempt_at(n, w->attempt[i])->query = SW_SLOT_NONE;
        }
    }
    n->forward.owed -= w->owed;
    w->message.len = 0;
    if (w->message.cap > BLOB_KEPT) {
        sw_blob_fini(&w->message);
        w->message = (struct sw_blob){ 0 };
    }
    sw_slots_give(&n->forward.slots, slot);
}

static void fail(struct sw_node *n, uint32_t slot, enum sw_ede ede)
{
    const struct sw_waiting *w = waiting(n, slot);
    n->counts.failed++;
    sw_emit_trace(n, SW_TRACE_QUERY_FAILED, NULL, w->n_tried, 0, NULL);
    deliver_error(n, &w->client, sw_blob_bytes(&w->message), SW_RCODE_SERVFAIL, ede);
    finish(n, slot);
}

/* ---- asking ---- */

/* @target: to be handed on to; empty: nobody. */
static bool send_query(struct sw_node *n, const struct sw_waiting *w, const struct sw_attempt *a,
                       struct sw_name target)
{
    struct sw_name origin = n->config->name;
    Swarm__V1__Query query = SWARM__V1__QUERY__INIT;
    query.id = sw_attempt_id(n, a);
    query.hops = 1;
    query.origin = origin.s;
    query.message = (ProtobufCBinaryData){ w->message.len, w->message.data };
    query.stream = w->client.stream != 0;
    query.target = target.s;
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    e.body_case = SWARM__V1__ENVELOPE__BODY_QUERY;
    e.query = &query;
    return sw_emit_envelope(n, n->peers.v[a->peer]->link[SW_CLASS_CONTROL].conn, &e);
}

static void end_attempt(struct sw_node *n, struct sw_attempt *a)
{
    if (a->query != SW_SLOT_NONE) {
        waiting(n, a->query)->attempt[a->number] = SW_SLOT_NONE;
    }
    sw_attempt_end(n, a);
}

/* May this query be asked once more?  @free: whatever was saved up. */
static bool may_ask(struct sw_node *n, const struct sw_waiting *w, bool free)
{
    if (w->n_tried == 0) {
        return true;
    }
    return w->n_tried < n->config->query_attempts && n->event->now < w->give_up_at &&
           (free || n->forward.retries >= 1);
}

/* The directory may have changed since the query was admitted: find its zone anew. */
static void find_zone(struct sw_node *n, struct sw_waiting *w)
{
    struct sw_question q;
    const bool whole = sw_question_parse(sw_blob_bytes(&w->message), &q) == 0;
    w->zone = whole ? sw_directory_find(&n->directory, q.name.name) : NULL;
    w->zone_at = n->directory.revision;
    w->type = whole ? q.type : 0;
}

/* @path: of a relay, which is @peer then; 0: none. */
static bool choose(struct sw_node *n, struct sw_waiting *w, uint32_t *peer, uint64_t *path)
{
    if (w->zone_at != n->directory.revision) {
        find_zone(n, w);
    }
    if (w->zone == NULL) {
        return false;
    }
    const struct sw_router_question question = {
        .zone = w->zone,
        .query_class = sw_query_class(w->zone->hash, w->type),
        .tried = w->tried,
        .n_tried = w->n_tried,
    };
    const bool direct = sw_router_choose(n, &question, peer);
    *path = sw_relay_choose(n, &question, direct ? *peer : SW_NO_PEER);
    if (*path != 0) {
        *peer = sw_relay_path(n, *path)->relay;
    }
    return direct || *path != 0;
}

/* Ask another peer.  False: there is none, or it is not allowed. */
static bool ask(struct sw_node *n, uint32_t slot, bool free)
{
    struct sw_waiting *w = waiting(n, slot);
    uint32_t peer;
    uint64_t path;
    if (!may_ask(n, w, free) || !choose(n, w, &peer, &path)) {
        return false;
    }
    struct sw_attempt *a = sw_attempt_new(n, peer, false);
    if (a == NULL) {
        return false;
    }
    const struct sw_name target = path != 0 ? sw_relay_take(n, a, path) : (struct sw_name){ "" };
    a->unsent = path == 0 && !sw_peer_ready(n->peers.v[peer]);
    a->hedge = w->n_tried == 0 && path == 0 && !a->unsent ? sw_hedge_after(n, a) : 0;
    if (a->unsent) {
        a->patience += SW_PATIENCE_USUAL; /* for the handshakes */
        sw_link_want(n, peer, SW_CLASS_CONTROL);
    }
    if (!sw_attempt_arm(n, a, w->give_up_at) || (!a->unsent && !send_query(n, w, a, target))) {
        n->out_of_memory = true;
        sw_attempt_end(n, a);
        return false;
    }
    if (w->n_tried > 0) {
        n->forward.retries -= free ? 0 : 1;
        n->counts.retried++;
    }
    a->query = slot;
    a->number = w->n_tried;
    w->tried[w->n_tried] = peer;
    w->attempt[w->n_tried++] = a->slot;
    sw_router_sent(n, a);
    sw_emit_trace(n, SW_TRACE_ROUTED, &n->peers.v[peer]->name, a->number, path != 0, target.s);
    sw_ant_send(n);
    return true;
}

static bool is_waited_for(const struct sw_waiting *w)
{
    for (uint32_t i = 0; i < w->n_tried; i++) {
        if (w->attempt[i] != SW_SLOT_NONE) {
            return true;
        }
    }
    return false;
}

/* Ask another peer; or wait for what is out already; or, when nothing is, fail. */
static void go_on(struct sw_node *n, uint32_t slot, bool free, enum sw_ede ede)
{
    if (!ask(n, slot, free) && !is_waited_for(waiting(n, slot))) {
        fail(n, slot, ede);
    }
}

/* ---- a query comes ---- */

/* Is it for us to answer queries for @name, rather than for the holders of @known? */
static bool is_ours(const struct sw_node *n, const uint8_t *name, const struct sw_known_zone *known)
{
    const struct sw_held_zone *z = sw_held_find(&n->held, name);
    if (z == NULL || known == NULL) {
        return known == NULL;
    }
    const unsigned ours = sw_dname_labels(z->name);
    const unsigned theirs = sw_dname_labels(known->name);
    return ours > theirs || (ours == theirs && z->box != NULL);
}

/* No zone that others hold: answer as the front would now, since its view may have been behind, or
 * look it up outside, since the front lets this client. */
static void answer_here(struct sw_node *n, const struct sw_client *client, struct sw_bytes query,
                        const struct sw_question *q)
{
    const bool stream = client->stream != 0;
    const size_t cap = stream ? SW_DNS_MESSAGE_MAX : n->config->udp_size;
    uint8_t *bytes = sw_arena_alloc(&n->scratch, cap);
    if (bytes == NULL) {
        n->out_of_memory = true;
        return;
    }
    struct sw_wr w = { .buf = bytes, .cap = cap };
    switch (sw_answer(sw_views_current(n), query, stream, &w)) {
    case SW_VERDICT_REPLY:
        deliver(n, client, (struct sw_bytes){ bytes, w.len });
        break;
    case SW_VERDICT_FORWARD:
        n->counts.forwarded++;
        n->counts.failed++;
        sw_emit_trace(n, SW_TRACE_QUERY_FAILED, NULL, 0, 0, NULL);
        deliver_error(n, client, query, SW_RCODE_SERVFAIL, SW_EDE_NOT_READY);
        break;
    case SW_VERDICT_OUTSIDE:
        sw_resolve_client(n, q);
        break;
    case SW_VERDICT_DROP:
        break;
    }
}

static struct sw_waiting *admit(struct sw_node *n, uint32_t *slot)
{
    const struct sw_event *ev = n->event;
    struct sw_waiting *w =
        SW_BUGGIFY(n->buggify, query_unadmitted) ? NULL : sw_slots_take(&n->forward.slots, slot);
    if (w == NULL) {
        return NULL;
    }
    if (sw_blob_append(&w->message, ev->u.query.message.data, ev->u.query.message.len) != SW_OK) {
        n->out_of_memory = true;
        sw_slots_give(&n->forward.slots, *slot);
        return NULL;
    }
    const bool dated = ev->arrived_at != 0 && ev->arrived_at <= ev->now;
    w->client = ev->u.query.client;
    w->give_up_at = (dated ? ev->arrived_at : ev->now) + n->config->query_deadline;
    w->zone_at = n->directory.revision - 1; /* not found yet */
    w->n_tried = 0;
    w->hedge = 0;
    w->owed = n->state != SW_STATE_DRAINING;
    n->forward.owed += w->owed;
    return w;
}

static void save_retry(struct sw_node *n)
{
    struct sw_forward *f = &n->forward;
    const double share = n->config->retry_budget;
    f->recent += 1;
    const double most = share > 0 ? SW_RETRIES_RESERVE + share * f->recent : 0;
    const double saved = f->retries + share;
    f->retries = saved < most ? saved : most;
}

void sw_forward_beat(struct sw_node *n)
{
    n->forward.recent -= n->forward.recent / 10;
}

void sw_forward_query(struct sw_node *n)
{
    const struct sw_client *client = &n->event->u.query.client;
    const struct sw_bytes query = n->event->u.query.message;
    struct sw_question q;
    if (n->config == NULL || sw_question_parse(query, &q) != 0) {
        deliver_error(n, client, query, SW_RCODE_REFUSED, SW_EDE_NOT_READY);
        return;
    }
    const struct sw_known_zone *zone = sw_directory_find(&n->directory, q.name.name);
    if (is_ours(n, q.name.name, zone)) {
        answer_here(n, client, query, &q);
        return;
    }
    n->counts.forwarded++;
    save_retry(n);
    sw_hedge_save(n);
    uint32_t slot;
    struct sw_waiting *w = admit(n, &slot);
    if (w == NULL) { /* better an early failure than a late one */
        n->counts.failed++;
        sw_emit_trace(n, SW_TRACE_QUERY_FAILED, NULL, 0, 0, NULL);
        deliver_error(n, client, query, SW_RCODE_SERVFAIL, SW_EDE_OTHER);
        return;
    }
    w->zone = zone;
    w->zone_at = n->directory.revision;
    w->type = q.type;
    if (SW_BUGGIFY(n->buggify, query_twice)) {
        (void)ask(n, slot, true);
    }
    go_on(n, slot, false, SW_EDE_NO_REACHABLE_AUTHORITY);
}

/* ---- what becomes of it ---- */

/* Nothing will come of it any more. */
static void give_up_attempt(struct sw_node *n, struct sw_attempt *a)
{
    const uint32_t slot = a->query;
    end_attempt(n, a);
    if (slot != SW_SLOT_NONE) {
        go_on(n, slot, false, SW_EDE_NO_REACHABLE_AUTHORITY);
    }
}

/* The peer is too busy, or leaving: ask another one at once. */
static void refused(struct sw_node *n, struct sw_attempt *a, const Swarm__V1__Load *load)
{
    const struct sw_telemetry t = sw_router_telemetry(load, 0, false, n->event->now - a->sent_at);
    sw_router_refused(n, a, &t);
    n->counts.refused++;
    sw_emit_trace(n, SW_TRACE_ROUTE_REFUSED, &n->peers.v[a->peer]->name, a->number, 0, NULL);
    give_up_attempt(n, a);
}

int sw_forward_answer(struct sw_node *n, const struct sw_link *link,
                      const Swarm__V1__Answer *answer)
{
    struct sw_attempt *a = sw_attempt_find(n, answer->id);
    if (a == NULL || SW_BUGGIFY(n->buggify, answer_lost)) {
        return SW_OK; /* so late that it was forgotten */
    }
    if (a->peer != link->peer || a->probe) {
        return SW_ERR_MALFORMED;
    }
    if (a->asker != 0) {
        sw_carry_answer(n, a, answer);
        return SW_OK;
    }
    if (answer->message.len == 0) {
        refused(n, a, answer->load);
        return SW_OK;
    }
    const uint32_t slot = a->query;
    const struct sw_bytes message = { answer->message.data, answer->message.len };
    if (slot != SW_SLOT_NONE &&
        !sw_answer_matches(sw_blob_bytes(&waiting(n, slot)->message), message)) {
        return SW_ERR_MALFORMED;
    }
    const sw_dur rtt = n->event->now - a->sent_at;
    const struct sw_telemetry t =
        sw_router_telemetry(answer->load, answer->sojourn, answer->hit != 0, rtt);
    sw_router_replied(n, a, &t);
    sw_emit_trace(n, SW_TRACE_ROUTE_REPLY, &n->peers.v[a->peer]->name, rtt, a->number, NULL);
    if (!a->late && a->path == 0) {
        sw_hedge_learn(n, a->peer, rtt, true);
    }
    const uint32_t number = a->number;
    end_attempt(n, a);
    if (slot != SW_SLOT_NONE) {
        const bool won = number > 0 && number == waiting(n, slot)->hedge;
        n->counts.hedges_won += won;
        n->counts.answered++;
        deliver(n, &waiting(n, slot)->client, message);
        finish(n, slot);
    }
    return SW_OK;
}

/* Its patience ran out. */
static void expire(struct sw_node *n, struct sw_attempt *a)
{
    sw_emit_trace(n, SW_TRACE_ROUTE_TIMEOUT, &n->peers.v[a->peer]->name, n->event->now - a->sent_at,
                  a->number, NULL);
    if (a->path == 0) {
        sw_hedge_learn(n, a->peer, a->patience, false);
    }
    sw_attempt_expire(n, a);
    if (a->query != SW_SLOT_NONE) {
        go_on(n, a->query, false, SW_EDE_NO_REACHABLE_AUTHORITY);
    }
}

/* Its peer is slower than it usually is: ask another one as well. */
static void hedge(struct sw_node *n, const struct sw_attempt *a)
{
    struct sw_waiting *w = a->query != SW_SLOT_NONE ? waiting(n, a->query) : NULL;
    if (w == NULL || w->n_tried > 1 || n->forward.hedges < 1 || !ask(n, a->query, true)) {
        return;
    }
    n->forward.hedges -= 1;
    w->hedge = w->n_tried - 1;
    n->counts.hedged++;
    sw_emit_trace(n, SW_TRACE_HEDGED, &n->peers.v[w->tried[w->hedge]]->name, w->hedge,
                  n->event->now - a->sent_at, NULL);
}

void sw_forward_due(struct sw_node *n, struct sw_attempt *a)
{
    const sw_time now = n->event->now;
    if (a->query != SW_SLOT_NONE && now >= waiting(n, a->query)->give_up_at) {
        fail(n, a->query, SW_EDE_NO_REACHABLE_AUTHORITY);
    }
    if (!a->late && a->hedge > 0 && now - a->sent_at >= a->hedge) {
        a->hedge = 0;
        hedge(n, a);
    }
    if (!a->late && now - a->sent_at >= a->patience) {
        expire(n, a);
    } else if (a->late && now - a->sent_at >= SW_LATE_KEPT) {
        give_up_attempt(n, a);
        return;
    }
    const sw_time latest =
        a->query != SW_SLOT_NONE ? waiting(n, a->query)->give_up_at : SW_TIME_NEVER;
    if (!sw_attempt_arm(n, a, latest)) {
        n->out_of_memory = true;
        give_up_attempt(n, a);
    }
}

static struct sw_attempt *first_unsent(const struct sw_node *n, uint32_t peer)
{
    uint32_t slot = n->peers.v[peer]->first;
    while (slot != SW_SLOT_NONE && !sw_attempt_at(n, slot)->unsent) {
        slot = sw_attempt_at(n, slot)->next;
    }
    return slot != SW_SLOT_NONE ? sw_attempt_at(n, slot) : NULL;
}

void sw_forward_linked(struct sw_node *n, uint32_t peer)
{
    struct sw_attempt *a;
    while ((a = first_unsent(n, peer)) != NULL) {
        a->unsent = false;
        a->sent_at = n->event->now;
        if (a->query == SW_SLOT_NONE || !sw_attempt_arm(n, a, waiting(n, a->query)->give_up_at) ||
            !send_query(n, waiting(n, a->query), a, (struct sw_name){ "" })) {
            give_up_attempt(n, a);
        }
    }
}

void sw_forward_peer_lost(struct sw_node *n, uint32_t peer)
{
    struct sw_peer *p = n->peers.v[peer];
    while (p->first != SW_SLOT_NONE) {
        struct sw_attempt *a = sw_attempt_at(n, p->first);
        const uint32_t slot = a->query;
        if (!a->late) {
            sw_router_timed_out(n, a);
        }
        end_attempt(n, a);
        if (slot != SW_SLOT_NONE) {
            go_on(n, slot, true, SW_EDE_NETWORK_ERROR);
        }
    }
}

void sw_forward_drain(struct sw_node *n)
{
    struct sw_slots *slots = &n->forward.slots;
    n->forward.owed = slots->taken;
    for (uint32_t i = 0; i < slots->made; i++) {
        waiting(n, i)->owed = sw_slots_taken(slots, i);
    }
}

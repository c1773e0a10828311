/* SPDX-License-Identifier: GPL-3.0-or-later
 * Serving peers. */
#include "node/core/swarm/serve.h"

#include "node/core/cache/resolve.h"
#include "node/core/dns/answer.h"
#include "node/core/emit.h"
#include "node/core/node_state.h"

#include <string.h>

void sw_serve_load(const struct sw_node *n, Swarm__V1__Load *load)
{
    const struct sw_load *own = &n->event->load;
    swarm__v1__load__init(load);
    load->waiting = own->waiting;
    load->cores = own->cores > 0 ? own->cores : n->config->cores;
    load->service = own->service;
}

/* @message empty: refused. */
static void reply(struct sw_node *n, sw_conn conn, uint64_t id, struct sw_bytes message)
{
    const struct sw_event *ev = n->event;
    Swarm__V1__Load load;
    sw_serve_load(n, &load);
    Swarm__V1__Answer answer = SWARM__V1__ANSWER__INIT;
    answer.id = id;
    answer.message = (ProtobufCBinaryData){ message.len, (uint8_t *)message.data };
    answer.load = &load;
    answer.sojourn = ev->arrived_at != 0 && ev->arrived_at < ev->now ? ev->now - ev->arrived_at : 0;
    answer.hit = message.len > 0;
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    e.body_case = SWARM__V1__ENVELOPE__BODY_ANSWER;
    e.answer = &answer;
    (void)sw_emit_envelope(n, conn, &e);
}

void sw_serve_refuse(struct sw_node *n, sw_conn conn, uint64_t id)
{
    n->counts.turned_away++;
    reply(n, conn, id, (struct sw_bytes){ 0 });
}

bool sw_node_is_full(const struct sw_node *n, const struct sw_load *load)
{
    const struct sw_config *c = n->config;
    if (c == NULL) {
        return false;
    }
    const double cores = load->cores > 0 ? load->cores : c->cores;
    const double stay = (double)load->waiting * (double)load->service / cores;
    return (c->max_queue > 0 && load->waiting > c->max_queue) ||
           (c->max_stay > 0 && stay > (double)c->max_stay);
}

/* Not asked again when its turn has come: by then it has waited and been worked on. */
bool sw_serve_is_full(const struct sw_node *n)
{
    return n->event->kind == SW_EV_PEER_MESSAGE && n->event->u.peer_message.full;
}

static bool is_welcome(const struct sw_node *n, const Swarm__V1__Query *query)
{
    return n->state != SW_STATE_DRAINING && query->hops <= SW_HOPS_MAX &&
           strcmp(query->origin, n->config->name.s) != 0 && !sw_serve_is_full(n) &&
           !SW_BUGGIFY(n->buggify, peer_refused);
}

int sw_serve_query(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Query *query)
{
    const struct sw_bytes message = { query->message.data, query->message.len };
    if (message.len > SW_DNS_MESSAGE_MAX) {
        return SW_ERR_MALFORMED;
    }
    if (query->target[0] != '\0') {
        sw_carry_query(n, link, query);
        return SW_OK;
    }
    if (!is_welcome(n, query)) {
        sw_serve_refuse(n, link->conn, query->id);
        return SW_OK;
    }
    const size_t cap = query->stream ? SW_DNS_MESSAGE_MAX : n->config->udp_size;
    uint8_t *bytes = sw_arena_alloc(&n->scratch, cap);
    if (bytes == NULL) {
        return SW_ERR_NOMEM;
    }
    struct sw_wr w = { .buf = bytes, .cap = cap };
    switch (sw_answer(sw_views_current(n), message, query->stream != 0, &w)) {
    case SW_VERDICT_REPLY:
        n->counts.queries_for_peers++;
        reply(n, link->conn, query->id, (struct sw_bytes){ bytes, w.len });
        return SW_OK;
    case SW_VERDICT_FORWARD:
        sw_serve_refuse(n, link->conn, query->id);
        return SW_OK;
    case SW_VERDICT_OUTSIDE:
        return sw_resolve_peer(n, link, query);
    case SW_VERDICT_DROP:
        break;
    }
    return SW_ERR_MALFORMED;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * A relay's part. */
#include "node/core/swarm/carry.h"

#include "node/core/emit.h"
#include "node/core/node_state.h"
#include "node/core/swarm/serve.h"

#include <string.h>

/* ---- may it pass? ---- */

/* Take the time of so many requests from what was saved up.  False: there is not enough. */
static bool afford(struct sw_node *n, double requests)
{
    struct sw_carry *c = &n->carry;
    const struct sw_load *load = &n->event->load;
    const double each = (double)(load->service > 0 ? load->service : SW_CARRY_SERVICE);
    const double share = SW_CARRY_SHARE * (load->cores > 0 ? load->cores : n->config->cores);
    const double most = share * (double)SW_SEC;
    const double saved =
        c->saved_at == 0 ? most : c->saved + share * (double)(n->now - c->saved_at);
    c->saved = saved < most ? saved : most;
    c->saved_at = n->now;
    if (c->saved < each * requests) {
        return false;
    }
    c->saved -= each * requests;
    return true;
}

uint32_t sw_carry_bound_for(struct sw_node *n, const struct sw_link *link, double requests,
                            const struct sw_carry_way *way)
{
    const uint32_t to = sw_peers_find(&n->peers, way->target);
    if (!n->config->relay || n->state == SW_STATE_DRAINING || way->hops != 1 ||
        strcmp(way->origin, n->peers.v[link->peer]->name.s) != 0 || to == SW_PEER_NONE ||
        to == link->peer || SW_BUGGIFY(n->buggify, peer_refused)) {
        return SW_PEER_NONE;
    }
    const struct sw_peer *peer = n->peers.v[to];
    const bool fit =
        n->carry.n < SW_CARRY_MOST && !sw_serve_is_full(n) && !sw_node_is_full(n, &n->event->load);
    return fit && sw_peer_ready(peer) && peer->silent < SW_RELAY_SILENT && afford(n, requests)
               ? to
               : SW_PEER_NONE;
}

/* ---- replies ---- */

static void refuse(struct sw_node *n, sw_conn conn, uint64_t id, bool ant)
{
    Swarm__V1__AntReply reply = SWARM__V1__ANT_REPLY__INIT;
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    if (!ant) {
        sw_serve_refuse(n, conn, id);
        return;
    }
    reply.nonce = id;
    reply.refused = true;
    e.body_case = SWARM__V1__ENVELOPE__BODY_ANT_REPLY;
    e.ant_reply = &reply;
    (void)sw_emit_envelope(n, conn, &e);
}

void sw_carry_end(struct sw_node *n, struct sw_attempt *a)
{
    if (a->asker == 0) {
        return;
    }
    if (sw_peers_conn(&n->peers, a->asker) != NULL) {
        refuse(n, a->asker, a->asked, a->probe);
    }
    a->asker = 0;
    n->carry.n--;
}

/* How long a request would wait, and be served, ns. */
static double stay(const Swarm__V1__Load *load)
{
    const double cores = load->cores > 0 ? load->cores : 1;
    const double beyond = (double)load->waiting + 1 - cores;
    return (double)load->service * (1 + (beyond > 0 ? beyond / cores : 0));
}

/* What the way is like: the load of the target or ours, whichever is the greater; @own is room. */
static Swarm__V1__Load *tighter(const struct sw_node *n, Swarm__V1__Load *theirs,
                                Swarm__V1__Load *own)
{
    sw_serve_load(n, own);
    return theirs != NULL && stay(own) > stay(theirs) ? own : theirs;
}

/* @e, which answers @a, goes back to who asked; @a ends. */
static void pass_back(struct sw_node *n, struct sw_attempt *a, const Swarm__V1__Envelope *e)
{
    if (sw_peers_conn(&n->peers, a->asker) != NULL) {
        (void)sw_emit_envelope(n, a->asker, e);
    }
    a->asker = 0;
    n->carry.n--;
    sw_attempt_end(n, a);
}

static sw_dur waited(const struct sw_node *n)
{
    const struct sw_event *ev = n->event;
    return ev->arrived_at != 0 && ev->arrived_at < ev->now ? ev->now - ev->arrived_at : 0;
}

void sw_carry_answer(struct sw_node *n, struct sw_attempt *a, const Swarm__V1__Answer *answer)
{
    const sw_dur rtt = n->now - a->sent_at;
    const struct sw_telemetry t =
        sw_router_telemetry(answer->load, answer->sojourn, answer->hit != 0, rtt);
    if (answer->message.len == 0) {
        sw_router_refused(n, a, &t);
        sw_attempt_end(n, a);
        return;
    }
    sw_router_replied(n, a, &t);
    Swarm__V1__Load own;
    Swarm__V1__Answer back = *answer;
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    back.id = a->asked;
    back.load = tighter(n, answer->load, &own);
    back.sojourn += a->waited + waited(n);
    e.body_case = SWARM__V1__ENVELOPE__BODY_ANSWER;
    e.answer = &back;
    pass_back(n, a, &e);
}

void sw_carry_ant_reply(struct sw_node *n, struct sw_attempt *a, const Swarm__V1__AntReply *reply)
{
    const struct sw_telemetry t = sw_router_telemetry(reply->load, 0, false, n->now - a->sent_at);
    sw_router_replied(n, a, &t);
    Swarm__V1__Load own;
    Swarm__V1__AntReply back = *reply;
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    back.nonce = a->asked;
    back.load = tighter(n, reply->load, &own);
    e.body_case = SWARM__V1__ENVELOPE__BODY_ANT_REPLY;
    e.ant_reply = &back;
    pass_back(n, a, &e);
}

/* ---- requests ---- */

/* An attempt that belongs to whoever said @id by @link; NULL: none can be made. */
static struct sw_attempt *take_on(struct sw_node *n, const struct sw_link *link, uint32_t to,
                                  uint64_t id, bool ant)
{
    struct sw_attempt *a = to != SW_PEER_NONE ? sw_attempt_new(n, to, ant) : NULL;
    if (a == NULL) {
        return NULL;
    }
    a->asker = link->conn;
    a->asked = id;
    a->waited = waited(n);
    n->carry.n++;
    return a;
}

/* Send @e as @a. */
static void hand_on(struct sw_node *n, struct sw_attempt *a, const Swarm__V1__Envelope *e,
                    const char *origin)
{
    const struct sw_peer *to = n->peers.v[a->peer];
    if (!sw_attempt_arm(n, a, SW_TIME_NEVER) ||
        !sw_emit_envelope(n, to->link[SW_CLASS_CONTROL].conn, e)) {
        n->out_of_memory = true;
        sw_attempt_end(n, a);
        return;
    }
    if (!a->probe) {
        sw_router_sent(n, a);
    }
    n->counts.carried++;
    sw_emit_trace(n, SW_TRACE_CARRIED, &to->name, a->probe, 0, origin);
}

void sw_carry_query(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Query *query)
{
    const struct sw_carry_way way = { query->hops, query->origin, query->target };
    const uint32_t to = sw_carry_bound_for(n, link, 1, &way);
    struct sw_attempt *a = take_on(n, link, to, query->id, false);
    if (a == NULL) {
        refuse(n, link->conn, query->id, false);
        return;
    }
    char nobody[] = "";
    Swarm__V1__Query on = *query;
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    on.id = sw_attempt_id(n, a);
    on.hops++;
    on.target = nobody;
    e.body_case = SWARM__V1__ENVELOPE__BODY_QUERY;
    e.query = &on;
    hand_on(n, a, &e, query->origin);
}

void sw_carry_ant(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Ant *ant)
{
    const struct sw_carry_way way = { ant->hops, ant->origin, ant->target };
    const uint32_t to = sw_carry_bound_for(n, link, 1, &way);
    struct sw_attempt *a = take_on(n, link, to, ant->nonce, true);
    if (a == NULL) {
        refuse(n, link->conn, ant->nonce, true);
        return;
    }
    Swarm__V1__Ant on = SWARM__V1__ANT__INIT;
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    on.nonce = sw_attempt_id(n, a);
    on.hops = ant->hops + 1;
    on.origin = ant->origin;
    e.body_case = SWARM__V1__ENVELOPE__BODY_ANT;
    e.ant = &on;
    hand_on(n, a, &e, ant->origin);
}

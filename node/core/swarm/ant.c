/* SPDX-License-Identifier: GPL-3.0-or-later
 * Ants. */
#include "node/core/swarm/ant.h"

#include "node/core/emit.h"
#include "node/core/node_state.h"
#include "node/core/swarm/serve.h"

void sw_ant_launch(struct sw_node *n, uint32_t peer, uint64_t path)
{
    struct sw_attempt *a = n->attempts.probes < SW_ANTS_MAX ? sw_attempt_new(n, peer, true) : NULL;
    if (a == NULL) {
        return; /* queries come first */
    }
    struct sw_name origin = n->config->name;
    struct sw_name target = { "" };
    Swarm__V1__Ant ant = SWARM__V1__ANT__INIT;
    if (path != 0) {
        target = sw_relay_take(n, a, path);
        ant.hops = 1;
        ant.origin = origin.s;
        ant.target = target.s;
    }
    a->patience += a->patience / 2; /* a lost ant costs no client anything: be surer */
    ant.nonce = sw_attempt_id(n, a);
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    e.body_case = SWARM__V1__ENVELOPE__BODY_ANT;
    e.ant = &ant;
    if (!sw_attempt_arm(n, a, SW_TIME_NEVER) ||
        !sw_emit_envelope(n, n->peers.v[peer]->link[SW_CLASS_CONTROL].conn, &e)) {
        n->out_of_memory = true;
        sw_attempt_end(n, a);
        return;
    }
    n->counts.ants++;
    sw_emit_trace(n, SW_TRACE_ANT, &n->peers.v[peer]->name, path != 0, 0, target.s);
}

static bool send_one(struct sw_node *n)
{
    if (n->attempts.probes >= SW_ANTS_MAX) {
        return false;
    }
    const uint32_t peer = sw_router_probe(n);
    if (peer == SW_NO_PEER) {
        return false;
    }
    sw_ant_launch(n, peer, 0);
    return true;
}

void sw_ant_send(struct sw_node *n)
{
    (void)send_one(n);
}

void sw_ant_send_all(struct sw_node *n)
{
    for (size_t i = 0; i < n->router.n_reachable && send_one(n); i++) {
    }
}

void sw_ant_reply(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Ant *ant)
{
    if (ant->target[0] != '\0') {
        sw_carry_ant(n, link, ant);
        return;
    }
    Swarm__V1__Load load;
    sw_serve_load(n, &load);
    Swarm__V1__AntReply reply = SWARM__V1__ANT_REPLY__INIT;
    reply.nonce = ant->nonce;
    reply.load = &load;
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    e.body_case = SWARM__V1__ENVELOPE__BODY_ANT_REPLY;
    e.ant_reply = &reply;
    (void)sw_emit_envelope(n, link->conn, &e);
}

int sw_ant_back(struct sw_node *n, const struct sw_link *link, const Swarm__V1__AntReply *reply)
{
    struct sw_attempt *a = sw_attempt_find(n, reply->nonce);
    if (a == NULL || SW_BUGGIFY(n->buggify, ant_lost)) {
        return SW_OK; /* so late that it was forgotten */
    }
    if (a->peer != link->peer || !a->probe || (reply->refused && a->path == 0 && a->asker == 0)) {
        return SW_ERR_MALFORMED;
    }
    if (a->asker != 0) {
        sw_carry_ant_reply(n, a, reply);
        return SW_OK;
    }
    if (reply->refused) {
        sw_relay_refused(n, a);
        sw_attempt_end(n, a);
        return SW_OK;
    }
    const struct sw_telemetry t =
        sw_router_telemetry(reply->load, 0, false, n->event->now - a->sent_at);
    sw_router_replied(n, a, &t);
    sw_attempt_end(n, a);
    return SW_OK;
}

void sw_ant_due(struct sw_node *n, struct sw_attempt *a)
{
    if (a->late) {
        sw_attempt_end(n, a);
        return;
    }
    sw_attempt_expire(n, a);
    if (!sw_attempt_arm(n, a, SW_TIME_NEVER)) {
        n->out_of_memory = true;
        sw_attempt_end(n, a);
    }
}

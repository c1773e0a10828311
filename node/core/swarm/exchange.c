/* SPDX-License-Identifier: GPL-3.0-or-later
 * Envelopes from peers. */
#include "node/core/swarm/exchange.h"

#include "node/core/backup/backup.h"
#include "node/core/cache/reply.h"
#include "node/core/cache/upstream.h"
#include "node/core/emit.h"
#include "node/core/node_state.h"
#include "node/core/swarm/hello.h"
#include "node/core/swarm/lane.h"
#include "node/core/swarm/link.h"
#include "node/core/swarm/serve.h"

static int on_control(struct sw_node *n, struct sw_link *link, const Swarm__V1__Envelope *e)
{
    switch (e->body_case) {
    case SWARM__V1__ENVELOPE__BODY_ANT:
        sw_ant_reply(n, link, e->ant);
        return SW_OK;
    case SWARM__V1__ENVELOPE__BODY_ANT_REPLY:
        return sw_ant_back(n, link, e->ant_reply);
    case SWARM__V1__ENVELOPE__BODY_QUERY:
        return sw_serve_query(n, link, e->query);
    case SWARM__V1__ENVELOPE__BODY_ANSWER:
        return sw_reply_is_ours(e->answer->id) ? sw_reply_of_peer(n, link, e->answer)
                                               : sw_forward_answer(n, link, e->answer);
    case SWARM__V1__ENVELOPE__BODY_GOODBYE:
        sw_hello_leaving(n, link);
        return SW_OK;
    case SWARM__V1__ENVELOPE__BODY_PROBE:
        return sw_probe_receive(n, link, e->probe);
    case SWARM__V1__ENVELOPE__BODY_UPSTREAMS:
        sw_upstreams_heard(n, link, e->upstreams);
        return SW_OK;
    case SWARM__V1__ENVELOPE__BODY_SYNC:
        return sw_sync_receive(n, link, e->sync);
    default:
        return SW_ERR_MALFORMED; /* bulk by the control connection */
    }
}

static int on_bulk(struct sw_node *n, const struct sw_link *link, const Swarm__V1__Envelope *e)
{
    if (e->body_case == SWARM__V1__ENVELOPE__BODY_ZONE_TRANSFER) {
        const Swarm__V1__ZoneTransfer *t = e->zone_transfer;
        const int err = t->get != NULL ? sw_zone_serve(n, link, t->get) : SW_OK;
        return err == SW_OK && t->data != NULL ? sw_zone_fetch_data(n, link, t->data) : err;
    }
    if (e->body_case < SWARM__V1__ENVELOPE__BODY_OBJECT_PUT ||
        e->body_case > SWARM__V1__ENVELOPE__BODY_HEADS) {
        return SW_ERR_MALFORMED;
    }
    sw_backup_on_message(n->backup, &n->peers.v[link->peer]->name, e);
    return SW_OK;
}

static int handle(struct sw_node *n, struct sw_link *link)
{
    Swarm__V1__Envelope *e = NULL;
    sw_relay_heard(n, link->peer);
    const int err = sw_envelope_unpack(&n->scratch, n->event->u.peer_message.message, &e);
    if (err != SW_OK) {
        return err;
    }
    if (e->body_case != SWARM__V1__ENVELOPE__BODY_ANT &&
        e->body_case != SWARM__V1__ENVELOPE__BODY_ANT_REPLY) {
        link->used_at = n->now;
    }
    if (e->body_case == SWARM__V1__ENVELOPE__BODY_HELLO) {
        return sw_hello_receive(n, link, e->hello);
    }
    if (!link->greeted) {
        return SW_ERR_MALFORMED;
    }
    if (e->body_case == SWARM__V1__ENVELOPE__BODY__NOT_SET) {
        return SW_OK; /* from a newer version */
    }
    return link->class == SW_CLASS_CONTROL ? on_control(n, link, e) : on_bulk(n, link, e);
}

void sw_exchange(struct sw_node *n)
{
    const sw_conn conn = n->event->u.peer_message.conn;
    const struct sw_peer_conn *c = sw_peers_conn(&n->peers, conn);
    if (c == NULL) {
        sw_link_refuse(n, conn); /* on its way when we hung up */
        return;
    }
    struct sw_link *link = &n->peers.v[c->peer]->link[c->class];
    const int err = handle(n, link);
    if (err == SW_OK || link->conn != conn) {
        return; /* or it brought what made us hang up */
    }
    if (err == SW_ERR_NOMEM) {
        n->out_of_memory = true;
        if (sw_envelope_first_field(n->event->u.peer_message.message) !=
            SWARM__V1__ENVELOPE__BODY_HELLO) {
            return; /* one message lost; a lost Hello would leave us wrong for long */
        }
    }
    sw_emit_trace(n, SW_TRACE_BAD_MESSAGE, &n->peers.v[link->peer]->name, (uint64_t)err, 0, NULL);
    sw_link_hang_up(n, link);
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Hellos: who we are and our record. */
#include "node/core/swarm/hello.h"

#include "node/core/backup_host.h"
#include "node/core/emit.h"
#include "node/core/node_state.h"

#include <string.h>

static void say_goodbye(struct sw_node *n, const struct sw_link *link)
{
    Swarm__V1__Goodbye goodbye = SWARM__V1__GOODBYE__INIT;
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    e.body_case = SWARM__V1__ENVELOPE__BODY_GOODBYE;
    e.goodbye = &goodbye;
    (void)sw_emit_envelope(n, link->conn, &e);
}

void sw_hello_send(struct sw_node *n, const struct sw_link *link)
{
    struct sw_name name = n->config->name;
    Swarm__V1__SignedRecord record;
    Swarm__V1__Hello hello = SWARM__V1__HELLO__INIT;
    hello.name = name.s;
    if (link->class == SW_CLASS_CONTROL) {
        if (n->self.incarnation == 0 || SW_BUGGIFY(n->buggify, hello_late)) {
            n->self.hello_owed = true; /* as soon as there is a record, or at the next beat */
            return;
        }
        sw_record_own(n, &record);
        hello.record = &record;
    }
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    e.body_case = SWARM__V1__ENVELOPE__BODY_HELLO;
    e.hello = &hello;
    if (!sw_emit_envelope(n, link->conn, &e)) {
        n->self.hello_owed = true; /* the beat says it again */
    }
    if (n->state == SW_STATE_DRAINING && link->class == SW_CLASS_CONTROL) {
        say_goodbye(n, link);
    }
}

void sw_hello_tell_all(struct sw_node *n)
{
    for (uint32_t i = 0; i < n->peers.n_conns; i++) {
        const struct sw_peer_conn *c = &n->peers.conns[i];
        if (c->class == SW_CLASS_CONTROL) {
            sw_hello_send(n, &n->peers.v[c->peer]->link[SW_CLASS_CONTROL]);
        }
    }
}

void sw_hello_refresh(struct sw_node *n)
{
    if (!n->held.announce || n->state == SW_STATE_DRAINING || !n->keygen.seeded) {
        return;
    }
    n->held.announce = false;
    if (sw_record_refresh(n)) {
        sw_gossip_news(n, SW_PEER_SELF);
        sw_hello_tell_all(n);
    } else if (n->out_of_memory) {
        n->held.announce = true;
    }
}

void sw_hello_beat(struct sw_node *n)
{
    if ((n->self.hello_owed || SW_BUGGIFY(n->buggify, hello_again)) && n->self.incarnation != 0 &&
        n->state != SW_STATE_DRAINING) {
        n->self.hello_owed = false;
        sw_hello_tell_all(n);
    }
}

/* The first Hello of a connection: what waited for it may go on. */
static void greet(struct sw_node *n, struct sw_link *link)
{
    link->greeted = true;
    if (link->class == SW_CLASS_BULK) {
        sw_backup_host_up(n, link);
        sw_zone_fetch_reachable(n);
        return;
    }
    sw_router_reachable(n, link->peer);
    sw_forward_linked(n, link->peer);
    sw_probe_linked(n, link->peer);
    if (link->ours) {
        sw_sync_greeted(n, link);
    }
}

int sw_hello_receive(struct sw_node *n, struct sw_link *link, const Swarm__V1__Hello *hello)
{
    struct sw_peer *peer = n->peers.v[link->peer];
    const bool control = link->class == SW_CLASS_CONTROL;
    if (strcmp(hello->name, peer->name.s) != 0 || control != (hello->record != NULL)) {
        return SW_ERR_MALFORMED;
    }
    if (control) {
        const int err = sw_member_take_record(n, hello->record, link->peer);
        if (err != SW_OK) {
            return err;
        }
        peer->leaving = false;
    }
    if (!link->greeted) {
        greet(n, link);
    } else if (control) {
        sw_router_reachable(n, link->peer);
    }
    return SW_OK;
}

void sw_hello_goodbye(struct sw_node *n)
{
    for (uint32_t i = 0; i < n->peers.n_conns; i++) {
        const struct sw_peer_conn *c = &n->peers.conns[i];
        if (c->class == SW_CLASS_CONTROL) {
            say_goodbye(n, &n->peers.v[c->peer]->link[SW_CLASS_CONTROL]);
        }
    }
}

void sw_hello_leaving(struct sw_node *n, const struct sw_link *link)
{
    n->peers.v[link->peer]->leaving = true;
    sw_router_reachable(n, link->peer);
}

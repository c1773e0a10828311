/* SPDX-License-Identifier: GPL-3.0-or-later
 * Connections to peers. */
#include "node/core/swarm/link.h"

#include "node/core/backup_host.h"
#include "node/core/emit.h"
#include "node/core/node_state.h"
#include "node/core/swarm/hello.h"

#include <string.h>

/* ---- dialling ---- */

bool sw_link_keeps_bulk(const struct sw_node *n, const struct sw_peer *peer)
{
    return n->config->n_sets > 0 && peer->stores && sw_pool_keeps(n, peer);
}

static bool we_dial(const struct sw_node *n, const struct sw_link *link)
{
    const struct sw_peer *peer = n->peers.v[link->peer];
    const enum sw_member_state state = peer->member.state;
    if (state == SW_MEMBER_LEFT ||
        (state == SW_MEMBER_UNKNOWN && peer->config == SW_PEER_NOT_CONFIGURED)) {
        return false;
    }
    if (link->class == SW_CLASS_BULK && !sw_pool_is_mesh(n)) {
        return sw_link_keeps_bulk(n, peer);
    }
    return strcmp(n->config->name.s, peer->name.s) < 0 && sw_pool_keeps(n, peer);
}

static bool may_dial(const struct sw_node *n)
{
    return n->state == SW_STATE_INITIALIZE || n->state == SW_STATE_READY;
}

static struct sw_link *link_of(struct sw_timer *timer)
{
    return (struct sw_link *)(void *)((char *)timer - offsetof(struct sw_link, timer));
}

static void dial_later(struct sw_node *n, struct sw_link *link)
{
    sw_dur wait = SW_REDIAL_FIRST;
    for (uint32_t i = 0; i < link->failures && wait < SW_REDIAL_LONGEST; i++) {
        wait *= 2;
    }
    wait = wait < SW_REDIAL_LONGEST ? wait : SW_REDIAL_LONGEST;
    link->failures += link->failures < UINT32_MAX;
    wait = wait / 2 + sw_rng_below(&n->peers.rng, wait / 2 + 1);
    if (sw_heap_set(&n->timers, &link->timer, n->event->now + wait) != SW_OK) {
        n->out_of_memory = true; /* the beat dials all that have neither timer nor connection */
    }
}

static void dial(struct sw_node *n, struct sw_link *link)
{
    const struct sw_peer *peer = n->peers.v[link->peer];
    const char *known = sw_peer_address(n, peer);
    const bool late = SW_BUGGIFY(n->buggify, dial_later);
    const char *address = late ? NULL : sw_emit_text(n, known != NULL ? known : "");
    struct sw_action *act = address != NULL ? sw_emit(n, SW_ACT_DIAL) : NULL;
    if (act == NULL) {
        dial_later(n, link);
        return;
    }
    act->u.dial.peer = peer->name;
    act->u.dial.class = link->class;
    act->u.dial.address = address;
    link->dialling = true;
}

bool sw_link_idle(const struct sw_peer *peer)
{
    for (uint32_t k = 0; k < SW_CLASSES; k++) {
        const struct sw_link *link = &peer->link[k];
        if (link->conn != 0 || link->dialling || link->timer.pos != 0) {
            return false;
        }
    }
    return true;
}

void sw_link_want(struct sw_node *n, uint32_t peer, enum sw_class class)
{
    struct sw_link *link = &n->peers.v[peer]->link[class];
    if (link->conn == 0 && !link->dialling && may_dial(n)) {
        sw_heap_cancel(&n->timers, &link->timer);
        link->wanted = true;
        dial(n, link);
    }
}

void sw_link_redial(struct sw_node *n, struct sw_timer *timer)
{
    struct sw_link *link = link_of(timer);
    if (may_dial(n) && (link->wanted || we_dial(n, link))) {
        dial(n, link);
    }
}

void sw_link_dial_all(struct sw_node *n)
{
    if (!may_dial(n)) {
        return;
    }
    const uint32_t *kept = sw_pool_kept(n);
    for (uint32_t i = 0; i < n->pool.n_kept; i++) {
        for (uint32_t k = 0; k < SW_CLASSES; k++) {
            struct sw_link *link = &n->peers.v[kept[i]]->link[k];
            if (link->conn == 0 && !link->dialling && link->timer.pos == 0 && we_dial(n, link)) {
                dial(n, link);
            }
        }
    }
}

/* ---- up and down ---- */

/* The connection is no longer ours; what that means for everybody else. */
static void lost(struct sw_node *n, struct sw_link *link)
{
    const struct sw_peer *peer = n->peers.v[link->peer];
    const bool greeted = link->greeted;
    sw_emit_trace(n, SW_TRACE_PEER_DOWN, &peer->name, link->class, 0, NULL);
    const sw_conn conn = link->conn;
    sw_peers_conn_clear(&n->peers, conn);
    link->conn = 0;
    link->greeted = false;
    link->blocked = false;
    if (n->event->now - link->up_at >= SW_REDIAL_LONGEST) {
        link->failures = 0;
    }
    if (link->class == SW_CLASS_CONTROL) {
        sw_router_reachable(n, link->peer);
        sw_forward_peer_lost(n, link->peer);
        if (peer->sent > 0) {
            sw_relay_want(n, link->peer);
        }
        sw_lookup_peer_lost(n, link->peer, conn);
    } else if (greeted) {
        sw_backup_host_down(n, link);
        sw_zone_fetch_lost(n, link->peer);
        sw_zone_carry_lost(n, link->peer);
    }
}

static void dial_again(struct sw_node *n, struct sw_link *link)
{
    if (may_dial(n) && we_dial(n, link)) {
        dial_later(n, link);
    }
}

/* A dial failed.  Nobody else's is dialled for a client either until the wait is over. */
static void dial_failed(struct sw_node *n, struct sw_link *link)
{
    link->wanted = false;
    if (may_dial(n)) {
        dial_later(n, link);
    }
    if (link->class == SW_CLASS_CONTROL) {
        sw_forward_peer_lost(n, link->peer);
    }
}

void sw_link_refuse(struct sw_node *n, sw_conn conn)
{
    struct sw_action *act = sw_emit(n, SW_ACT_HANG_UP);
    if (act != NULL) {
        act->u.hang_up = conn;
    }
}

void sw_link_hang_up(struct sw_node *n, struct sw_link *link)
{
    sw_link_refuse(n, link->conn);
    lost(n, link);
    dial_again(n, link);
}

void sw_link_close_silent(struct sw_node *n)
{
    for (uint32_t i = n->peers.n_conns; i > 0; i--) { /* one that goes moves those behind it */
        const struct sw_peer_conn *c = &n->peers.conns[i - 1];
        struct sw_link *link = &n->peers.v[c->peer]->link[c->class];
        const bool silent = !link->greeted && n->now - link->up_at >= SW_HELLO_WITHIN;
        if (silent || SW_BUGGIFY(n->buggify, link_closed)) {
            sw_link_hang_up(n, link);
        }
    }
}

void sw_link_close(struct sw_node *n, uint32_t peer)
{
    for (uint32_t k = 0; k < SW_CLASSES; k++) {
        struct sw_link *link = &n->peers.v[peer]->link[k];
        if (link->conn != 0) {
            sw_link_refuse(n, link->conn);
            lost(n, link);
        }
        link->wanted = false;
        sw_heap_cancel(&n->timers, &link->timer);
    }
    sw_forward_peer_lost(n, peer); /* those who waited for a connection */
}

/* Is the connection that stands to be kept, and the new one to be closed? */
static bool keep_standing(const struct sw_node *n, const struct sw_link *link, bool ours)
{
    const bool smaller = strcmp(n->config->name.s, n->peers.v[link->peer]->name.s) < 0;
    return link->ours != ours && link->ours == smaller &&
           n->event->now - link->up_at < SW_LINK_CROSSED;
}

/* Whose connection it is; SW_PEER_NONE: nobody's that we want. */
static uint32_t whose(struct sw_node *n, const char *name)
{
    if (strcmp(name, n->config->name.s) == 0) {
        return SW_PEER_NONE; /* an address to join by is our own */
    }
    const uint32_t number = sw_peers_find(&n->peers, name);
    return number == SW_PEER_NONE && n->config->membership.open ? sw_peers_add(n, name) : number;
}

void sw_link_up(struct sw_node *n)
{
    const sw_conn conn = n->event->u.peer_up.conn;
    const bool ours = n->event->u.peer_up.dialled;
    const uint32_t number = whose(n, n->event->u.peer_up.peer.s);
    if (number == SW_PEER_NONE) {
        sw_link_refuse(n, conn);
        return;
    }
    struct sw_peer *peer = n->peers.v[number];
    struct sw_link *link = &peer->link[n->event->u.peer_up.class];
    link->dialling = link->dialling && !ours;
    if (link->conn != 0 && keep_standing(n, link, ours)) {
        sw_link_refuse(n, conn);
        return;
    }
    if (link->conn != 0) { /* the other side knows better that the old one is dead */
        sw_link_refuse(n, link->conn);
        lost(n, link);
    }
    sw_heap_cancel(&n->timers, &link->timer);
    link->conn = conn;
    link->ours = ours;
    link->wanted = false;
    link->up_at = n->event->now;
    link->used_at = n->event->now;
    sw_peers_conn_set(&n->peers, conn, number, link->class);
    sw_emit_trace(n, SW_TRACE_PEER_UP, &peer->name, link->class, 0, NULL);
    sw_hello_send(n, link);
}

void sw_link_down(struct sw_node *n)
{
    const sw_conn conn = n->event->u.peer_down.conn;
    const struct sw_peer_conn *c = sw_peers_conn(&n->peers, conn);
    if (conn != 0 && c == NULL) {
        return; /* one that we hung up on */
    }
    if (c != NULL) {
        struct sw_link *link = &n->peers.v[c->peer]->link[c->class];
        lost(n, link);
        dial_again(n, link);
        return;
    }
    const uint32_t number = sw_peers_find(&n->peers, n->event->u.peer_down.peer.s);
    if (number == SW_PEER_NONE) {
        return; /* nobody at an address to join by */
    }
    struct sw_link *link = &n->peers.v[number]->link[n->event->u.peer_down.class];
    if (link->dialling) {
        link->dialling = false;
        if (link->conn == 0) {
            dial_failed(n, link);
        }
    }
}

void sw_link_set_blocked(struct sw_node *n, sw_conn conn, bool blocked)
{
    const struct sw_peer_conn *c = sw_peers_conn(&n->peers, conn);
    if (c == NULL) {
        return;
    }
    struct sw_link *link = &n->peers.v[c->peer]->link[c->class];
    link->blocked = blocked;
    if (c->class == SW_CLASS_BULK) {
        sw_backup_host_blocked(n, link);
    } else {
        sw_router_reachable(n, link->peer);
    }
}

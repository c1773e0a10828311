/* SPDX-License-Identifier: GPL-3.0-or-later
 * Hellos: who we are and what we hold. */
#include "node/core/swarm/hello.h"

#include "node/base/name.h"
#include "node/core/backup_host.h"
#include "node/core/emit.h"
#include "node/core/node_state.h"

#include <string.h>

/* The zones we can answer from now, in @n->scratch.  False: memory is out. */
static bool list_zones(struct sw_node *n, Swarm__V1__Hello *hello)
{
    const struct sw_held *held = &n->held;
    Swarm__V1__ZoneHeld *zones = sw_arena_alloc(&n->scratch, held->n * sizeof *zones);
    Swarm__V1__ZoneHeld **list = sw_arena_alloc(&n->scratch, held->n * sizeof *list);
    if (zones == NULL || list == NULL) {
        return false;
    }
    size_t count = 0;
    for (size_t i = 0; i < held->n; i++) {
        struct sw_held_zone *z = held->v[i];
        if (z->box == NULL) {
            continue;
        }
        swarm__v1__zone_held__init(&zones[count]);
        zones[count].name = (ProtobufCBinaryData){ sw_dname_len(z->name), z->name };
        zones[count].serial = sw_zone_serial(z->box->zone);
        zones[count].primary = n->config->zones[z->config].primary;
        list[count] = &zones[count];
        count++;
    }
    hello->zones = list;
    hello->n_zones = count;
    return true;
}

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
    struct sw_name region = n->config->region;
    Swarm__V1__Hello hello = SWARM__V1__HELLO__INIT;
    hello.name = name.s;
    hello.region = region.s;
    hello.cores = n->config->cores;
    hello.stores = n->config->store != NULL;
    if (link->class == SW_CLASS_CONTROL &&
        (SW_BUGGIFY(n->buggify, hello_late) || !list_zones(n, &hello))) {
        n->out_of_memory = true;
        n->held.announce = true; /* the beat says it again */
        return;
    }
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    e.body_case = SWARM__V1__ENVELOPE__BODY_HELLO;
    e.hello = &hello;
    if (!sw_emit_envelope(n, link->conn, &e)) {
        n->held.announce = true;
    }
    if (n->state == SW_STATE_DRAINING && link->class == SW_CLASS_CONTROL) {
        say_goodbye(n, link);
    }
}

void sw_hello_refresh(struct sw_node *n)
{
    if (!n->held.announce || n->state == SW_STATE_DRAINING) {
        return;
    }
    n->held.announce = false;
    for (uint32_t i = 0; i < n->peers.n_known; i++) {
        const struct sw_link *link = &n->peers.v[n->peers.by_name[i]]->link[SW_CLASS_CONTROL];
        if (link->conn != 0) {
            sw_hello_send(n, link);
        }
    }
}

int sw_hello_receive(struct sw_node *n, struct sw_link *link, const Swarm__V1__Hello *hello)
{
    struct sw_peer *peer = n->peers.v[link->peer];
    if (strcmp(hello->name, peer->name.s) != 0 || !sw_name_valid(hello->region) ||
        (link->class == SW_CLASS_BULK && hello->n_zones > 0)) {
        return SW_ERR_MALFORMED;
    }
    if (link->class == SW_CLASS_CONTROL) {
        const int err = sw_directory_announce(&n->directory, link->peer, hello);
        if (err != SW_OK) {
            return err;
        }
    }
    memset(&peer->region, 0, sizeof peer->region);
    memcpy(peer->region.s, hello->region, strlen(hello->region));
    peer->cores = hello->cores;
    peer->stores = hello->stores != 0;
    const bool first = !link->greeted;
    link->greeted = true;
    if (link->class == SW_CLASS_CONTROL) {
        peer->leaving = false;
        sw_router_reachable(n);
    } else if (first) {
        sw_backup_host_up(n, link);
    }
    return SW_OK;
}

void sw_hello_goodbye(struct sw_node *n)
{
    for (uint32_t i = 0; i < n->peers.n_known; i++) {
        const struct sw_link *link = &n->peers.v[n->peers.by_name[i]]->link[SW_CLASS_CONTROL];
        if (link->conn != 0) {
            say_goodbye(n, link);
        }
    }
}

void sw_hello_leaving(struct sw_node *n, const struct sw_link *link)
{
    n->peers.v[link->peer]->leaving = true;
    sw_router_reachable(n);
}

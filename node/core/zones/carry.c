/* SPDX-License-Identifier: GPL-3.0-or-later
 * A relay's part in fetching. */
#include "node/core/zones/carry.h"

#include "node/core/emit.h"
#include "node/core/node_state.h"

#include <string.h>

#define SILENCE (10 * SW_SEC) /* the backup's own patience */

static void forget(struct sw_zone_carry *c, uint32_t i)
{
    c->n--;
    memmove(&c->v[i], &c->v[i + 1], (c->n - i) * sizeof *c->v);
}

static bool send(struct sw_node *n, sw_conn conn, Swarm__V1__ZoneGet *get,
                 Swarm__V1__ZoneData *data)
{
    Swarm__V1__ZoneTransfer t = SWARM__V1__ZONE_TRANSFER__INIT;
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    t.get = get;
    t.data = data;
    e.body_case = SWARM__V1__ENVELOPE__BODY_ZONE_TRANSFER;
    e.zone_transfer = &t;
    return sw_emit_envelope(n, conn, &e);
}

static void refuse(struct sw_node *n, sw_conn conn, const Swarm__V1__ZoneGet *get)
{
    Swarm__V1__ZoneData d = SWARM__V1__ZONE_DATA__INIT;
    d.name = get->name;
    d.version = get->want;
    d.id = get->id;
    d.offset = get->offset;
    d.status = SW_ERR_UNREACHABLE;
    (void)send(n, conn, NULL, &d);
}

void sw_zone_carry_get(struct sw_node *n, const struct sw_link *link, const Swarm__V1__ZoneGet *get)
{
    char nobody[] = "";
    struct sw_zone_carry *c = &n->zone_carry;
    const struct sw_carry_way way = { get->hops, get->origin, get->target };
    const uint32_t to = c->n < SW_ZONE_CARRY_MOST
                            ? sw_carry_bound_for(n, link, SW_ZONE_CARRY_PRICE, &way)
                            : SW_PEER_NONE;
    const struct sw_link *on = to != SW_PEER_NONE ? &n->peers.v[to]->link[SW_CLASS_BULK] : NULL;
    Swarm__V1__ZoneGet asked = *get;
    asked.id = c->last_id + 1;
    asked.hops++;
    asked.target = nobody;
    if (on == NULL || !on->greeted || !send(n, on->conn, &asked, NULL)) {
        refuse(n, link->conn, get);
        return;
    }
    c->v[c->n++] = (struct sw_zone_carried){
        .id = ++c->last_id, .asker = link->conn, .asked = get->id, .to = to, .since = n->now
    };
    n->counts.carried++;
    sw_emit_trace(n, SW_TRACE_CARRIED, &n->peers.v[to]->name, 2, 0, get->origin);
}

void sw_zone_carry_data(struct sw_node *n, const struct sw_link *link,
                        const Swarm__V1__ZoneData *data)
{
    struct sw_zone_carry *c = &n->zone_carry;
    for (uint32_t i = 0; i < c->n; i++) {
        const struct sw_zone_carried v = c->v[i];
        if (v.id != data->id || v.to != link->peer) {
            continue;
        }
        forget(c, i);
        Swarm__V1__ZoneData back = *data;
        back.id = v.asked;
        if (sw_peers_conn(&n->peers, v.asker) != NULL) {
            (void)send(n, v.asker, NULL, &back);
        }
        return;
    }
}

void sw_zone_carry_beat(struct sw_node *n)
{
    struct sw_zone_carry *c = &n->zone_carry;
    while (c->n > 0 && n->now - c->v[0].since >= SILENCE) { /* they are in order */
        forget(c, 0);
    }
}

void sw_zone_carry_lost(struct sw_node *n, uint32_t peer)
{
    struct sw_zone_carry *c = &n->zone_carry;
    for (uint32_t i = c->n; i > 0; i--) {
        if (c->v[i - 1].to == peer || sw_peers_conn(&n->peers, c->v[i - 1].asker) == NULL) {
            forget(c, i - 1);
        }
    }
}

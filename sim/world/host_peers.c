/* SPDX-License-Identifier: GPL-3.0-or-later
 * What reaches a simulated host by its connections with peers, in the order in which it came. */
#include "node/core/swarm/lane.h"
#include "sim/world/host_inside.h"

static void peer_up(void *self, sw_conn conn, enum sw_class class, uint32_t peer, bool dialled)
{
    struct sim_host *h = self;
    struct sw_event ev = sim_host_event(h, SW_EV_PEER_UP);
    ev.u.peer_up.conn = conn;
    ev.u.peer_up.class = class;
    ev.u.peer_up.peer = h->w->s->nodes[peer].config.name;
    ev.u.peer_up.dialled = dialled;
    sim_trace(h->w->engine, h->index, SIM_KIND_PEER_UP, &peer, sizeof peer);
    sim_host_hear(h, &ev, (struct sim_luck){ conn << 8 | h->index, ev.now });
}

static void mail_read(void *self, uint64_t full)
{
    struct sim_mail *m = self;
    struct sim_host *h = m->receiver;
    if (m->previous != NULL) {
        m->previous->next = m->next;
    } else {
        h->mails = m->next;
    }
    if (m->next != NULL) {
        m->next->previous = m->previous;
    }
    struct sw_event ev = sim_host_event(h, SW_EV_PEER_MESSAGE);
    ev.arrived_at = m->arrived_at;
    ev.u.peer_message.conn = m->conn;
    ev.u.peer_message.message = m->message;
    ev.u.peer_message.full = full != 0;
    sim_trace(h->w->engine, h->index, SIM_KIND_PEER_MESSAGE, m->message.data, m->message.len);
    sim_host_because(h, m->luck);
    sim_host_step(h, &ev);
    sim_mail_free(h->w->conns, m);
}

static bool is_full(const struct sim_host *h)
{
    const struct sw_load load = sim_host_event(h, SW_EV_TICK).load;
    return h->node != NULL && sw_node_is_full(h->node, &load);
}

static void peer_message(void *self, struct sim_mail *m)
{
    struct sim_host *h = self;
    if (h->node != NULL) {
        sw_node_prefetch(h->node); /* it is read a few events from now */
    }
    m->receiver = h;
    m->arrived_at = sim_now(h->w->engine);
    const bool work = sw_envelope_lane(m->message) == SW_LANE_WORK;
    const bool full = work && is_full(h);
    if (!work || full) {
        sim_processor_urgent(h->processor, mail_read, m, full);
    } else if (!sim_processor_submit_as(h->processor, SIM_REQUEST_PEER,
                                        sim_host_request_of(m->luck), mail_read, m, 0)) {
        sim_mail_free(h->w->conns, m);
        return;
    }
    m->previous = NULL;
    m->next = h->mails;
    if (h->mails != NULL) {
        h->mails->previous = m;
    }
    h->mails = m;
}

static void peer_flow(void *self, sw_conn conn, bool blocked)
{
    struct sim_host *h = self;
    struct sw_event ev = sim_host_event(h, blocked ? SW_EV_PEER_BLOCKED : SW_EV_PEER_WRITABLE);
    if (blocked) {
        ev.u.peer_blocked = conn;
    } else {
        ev.u.peer_writable = conn;
    }
    sim_host_hear(h, &ev, (struct sim_luck){ conn << 8 | h->index, ev.now });
}

/* ---- endings: read behind the messages that came before ---- */

struct sim_ending {
    struct sim_ending *next;
    struct sim_host *host;
    sw_conn conn;
    enum sw_class class;
    uint32_t peer;
};

static void tell_down(struct sim_host *h, sw_conn conn, enum sw_class class, uint32_t peer)
{
    struct sw_event ev = sim_host_event(h, SW_EV_PEER_DOWN);
    ev.u.peer_down.conn = conn;
    ev.u.peer_down.class = class;
    ev.u.peer_down.peer = h->w->s->nodes[peer].config.name;
    sim_trace(h->w->engine, h->index, SIM_KIND_PEER_DOWN, &peer, sizeof peer);
    sim_host_hear(h, &ev, (struct sim_luck){ (conn << 8 | h->index) + peer, ev.now });
}

static void ending_read(void *self, uint64_t arg)
{
    (void)arg;
    const struct sim_ending e = *(struct sim_ending *)self;
    struct sim_ending **at = &e.host->endings;
    while (*at != self) {
        at = &(*at)->next;
    }
    *at = e.next;
    sim_pool_put(&e.host->w->pool, self, sizeof e);
    tell_down(e.host, e.conn, e.class, e.peer);
}

static void peer_down(void *self, sw_conn conn, enum sw_class class, uint32_t peer)
{
    struct sim_host *h = self;
    if (conn == 0) { /* a dial: nothing came before */
        tell_down(h, conn, class, peer);
        return;
    }
    struct sim_ending *e = sim_pool_get(&h->w->pool, sizeof *e);
    *e = (struct sim_ending){ h->endings, h, conn, class, peer };
    h->endings = e;
    sim_processor_urgent(h->processor, ending_read, e, 0);
}

void sim_host_drop_mails(struct sim_host *h)
{
    while (h->mails != NULL) {
        struct sim_mail *next = h->mails->next;
        sim_mail_free(h->w->conns, h->mails);
        h->mails = next;
    }
    while (h->endings != NULL) {
        struct sim_ending *next = h->endings->next;
        sim_pool_put(&h->w->pool, h->endings, sizeof *next);
        h->endings = next;
    }
}

const struct sim_conn_user sim_host_peers = {
    .up = peer_up, .message = peer_message, .flow = peer_flow, .down = peer_down
};

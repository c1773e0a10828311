/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bytes through a connection: order, loss repair, back-pressure. */
#include "sim/world/peerflow.h"

#include "node/core/swarm/lane.h"

#include <stddef.h>

#define PROBE_MIN (10 * SW_MS) /* RFC 8985, 7.2 */
#define RTO_MIN (200 * SW_MS)

static struct sim_place place(const struct way *w, unsigned side)
{
    return w->conn->place[side];
}

static void wait(struct way *w, const struct waiting *m)
{
    w->bytes += m->wire;
    w->conn->owner->bytes += m->wire;
}

static void go(struct way *w, const struct waiting *m)
{
    w->bytes -= m->wire;
    w->conn->owner->bytes -= m->wire;
}

void sim_mail_free(struct sim_conns *c, struct sim_mail *mail)
{
    struct waiting *m = (struct waiting *)mail;
    sim_pool_put(&c->pool, m, sizeof *m + m->mail.message.len);
}

/* @m is no longer on its way. */
static void arrived(const struct waiting *m)
{
    m->way->conn->owner->hosts[m->to].coming -= m->work;
}

uint32_t sim_conns_coming(const struct sim_conns *c, uint32_t host)
{
    return c->hosts[host].coming;
}

static void deliver(void *self, uint64_t arg)
{
    struct waiting *m = self;
    struct way *w = m->way;
    struct conn *conn = w->conn;
    (void)arg;
    arrived(m);
    const unsigned to = 1 - w->side;
    if (conn->number == m->mail.conn && conn->open[to]) {
        conn->end[to].user->message(conn->end[to].self, &m->mail);
    } else {
        sim_mail_free(conn->owner, &m->mail);
    }
}

/* ---- back-pressure ---- */

static void tell_flow(void *self, uint64_t number)
{
    struct way *w = self;
    struct conn *conn = w->conn;
    if (conn->number == number && conn->open[w->side] && w->told != w->blocked) {
        w->told = w->blocked;
        conn->end[w->side].user->flow(conn->end[w->side].self, number, w->told);
    }
}

static void check_water(struct way *w)
{
    const bool blocked =
        w->blocked ? w->bytes > SIM_CONN_LOW_WATER : w->bytes > SIM_CONN_HIGH_WATER;
    if (blocked != w->blocked) {
        struct sim_engine *e = w->conn->owner->engine;
        w->blocked = blocked;
        (void)sim_at(e, sim_now(e), tell_flow, w, w->conn->number);
    }
}

/* ---- the wire ---- */

/* What losses add to the arrival of @packets that leave at @leaves. */
static sw_dur repair(const struct way *w, uint64_t packets, sw_time leaves, struct sim_luck luck)
{
    struct conn *conn = w->conn;
    struct sim_network *net = conn->owner->net;
    sw_dur extra = 0;
    for (uint64_t i = 0; i < 10; i++) {
        if (!sim_network_loses(net, leaves + extra, place(w, w->side), place(w, 1 - w->side),
                               packets, luck)) {
            break;
        }
        const sw_dur probe = 2 * (sim_conn_latency(conn, 0) + sim_conn_latency(conn, 1));
        extra += (probe > PROBE_MIN ? probe : PROBE_MIN) << i;
        packets = 1;
        luck = sim_luck_child(luck, i);
    }
    return extra;
}

/* @m arrives at @at, or as soon as what was sent before it. */
static void land(struct way *w, struct waiting *m, sw_time at)
{
    w->last_arrival = at > w->last_arrival ? at : w->last_arrival + 1;
    (void)sim_at(w->conn->owner->engine, w->last_arrival, deliver, m, 0);
}

/* A message of a quick connection leaves whole. */
static void send_whole(struct way *w, struct waiting *m)
{
    struct sim_conns *c = w->conn->owner;
    sw_time leaves;
    const sw_time at = sim_network_carry(c->net, sim_now(c->engine), place(w, w->side),
                                         place(w, 1 - w->side), m->wire, m->mail.luck, &leaves);
    land(w, m, at + repair(w, (m->wire + SIM_SEGMENT - 1) / SIM_SEGMENT, leaves, m->mail.luck));
}

/* The first message of a bulk connection has left: its tail may need repair, what losses in its
 * middle cost is in the flow's limit. */
static void left(struct sim_flow *f)
{
    struct way *w = (struct way *)((char *)f - offsetof(struct way, flow));
    struct sim_conns *c = w->conn->owner;
    struct waiting *m = w->head;
    const sw_time now = sim_now(c->engine);
    w->head = m->next;
    go(w, m);
    land(w, m,
         now + sim_network_flight(c->net, place(w, w->side), place(w, 1 - w->side), m->mail.luck) +
             repair(w, 1, now, m->mail.luck));
    if (w->head != NULL) {
        sim_flow_send(f, (double)w->head->wire);
    }
    check_water(w);
}

/* Send what may be sent now. */
static void pump(struct way *w)
{
    const bool joined = sim_conn_joined(w->conn);
    if (w->conn->class == SW_CLASS_BULK) {
        sim_flow_hold(&w->flow, !joined);
        return;
    }
    while (w->head != NULL && joined) {
        struct waiting *m = w->head;
        w->head = m->next;
        go(w, m);
        send_whole(w, m);
    }
    check_water(w);
}

static void pump_event(void *self, uint64_t number)
{
    struct way *w = self;
    if (w->conn->number == number) {
        w->pumping = false;
        pump(w);
    }
}

static void pump_at(struct way *w, sw_time at)
{
    if (!w->pumping) {
        w->pumping = true;
        (void)sim_at(w->conn->owner->engine, at, pump_event, w, w->conn->number);
    }
}

void sim_conn_send(struct sim_conns *c, uint32_t host, sw_conn number, struct sw_bytes message,
                   struct sim_luck luck)
{
    struct conn *conn = sim_conn_find(c, number);
    if (conn == NULL) {
        return;
    }
    const unsigned side = conn->host[0] == host ? 0 : 1;
    struct way *w = &conn->way[side];
    if (!conn->open[side]) {
        return;
    }
    struct waiting *m = sim_pool_get(&c->pool, sizeof *m + message.len);
    m->mail =
        (struct sim_mail){ .conn = number, .luck = luck, .message = { m->data, message.len } };
    m->next = NULL;
    m->way = w;
    m->wire = message.len + SIM_TCP_OVERHEAD;
    m->work = sw_envelope_lane(message) == SW_LANE_WORK;
    m->to = conn->host[1 - side];
    c->hosts[m->to].coming += m->work;
    if (message.len > 0) {
        memcpy(m->data, message.data, message.len);
    }
    if (conn->class == SW_CLASS_CONTROL && w->head == NULL && sim_conn_joined(conn)) {
        send_whole(w, m);
        return;
    }
    if (w->head == NULL) {
        w->head = m;
    } else {
        w->tail->next = m;
    }
    w->tail = m;
    wait(w, m);
    if (conn->class == SW_CLASS_BULK && w->head == m) {
        sim_flow_send(&w->flow, (double)m->wire);
    }
    check_water(w);
}

void sim_way_init(struct way *w)
{
    sim_flow_init(&w->flow, w->conn->owner->bulk, place(w, w->side), place(w, 1 - w->side), left);
}

void sim_way_stall(struct way *w)
{
    sim_flow_hold(&w->flow, true);
}

void sim_way_resume(struct way *w, sw_dur stalled)
{
    struct conn *conn = w->conn;
    if (w->head == NULL) {
        pump(w);
        return;
    }
    sw_dur step = 2 * (sim_conn_latency(conn, 0) + sim_conn_latency(conn, 1));
    step = step > RTO_MIN ? step : RTO_MIN;
    sw_dur next = step;
    while (next < stalled) {
        step *= 2;
        next += step;
    }
    w->pumping = false;
    pump_at(w, sim_now(conn->owner->engine) + next - stalled);
}

void sim_way_drop(struct way *w)
{
    sim_flow_stop(&w->flow);
    while (w->head != NULL) {
        struct waiting *next = w->head->next;
        arrived(w->head);
        sim_mail_free(w->conn->owner, &w->head->mail);
        w->head = next;
    }
    w->conn->owner->bytes -= w->bytes;
    w->bytes = 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bytes through a connection: order, loss repair, the congestion window, back-pressure. */
#include "sim/world/peerflow.h"

#include "node/base/fmath.h"

#define BULK_SEGMENT ((uint64_t)16 * 1024) /* what bulk puts on the uplink at once */
#define PROBE_MIN (10 * SW_MS)             /* RFC 8985, 7.2 */
#define RTO_MIN (200 * SW_MS)

/* What the receiver acknowledges. */
struct ack {
    struct way *way;
    sw_conn number;
    uint64_t bytes;
};

static struct sim_place place(const struct way *w, unsigned side)
{
    return w->conn->owner->hosts[w->conn->host[side]].place;
}

void sim_mail_free(struct sim_conns *c, struct sim_mail *mail)
{
    struct waiting *m = (struct waiting *)mail;
    sim_pool_put(&c->pool, m, sizeof *m + m->mail.message.len);
}

static void deliver(void *self, uint64_t arg)
{
    struct waiting *m = self;
    struct way *w = m->way;
    struct conn *conn = w->conn;
    (void)arg;
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

/* RFC 9438 with its constants C = 0.4 and beta = 0.7. */
static void shrink_window(struct way *w)
{
    w->loss_at = sim_now(w->conn->owner->engine);
    w->peak = (double)w->window / SIM_SEGMENT;
    w->plateau = sw_pow(w->peak * 0.3 / 0.4, 1.0 / 3);
    w->window = (uint64_t)((double)w->window * 0.7);
    if (w->window < FIRST_WINDOW) {
        w->window = FIRST_WINDOW;
    }
    w->threshold = w->window;
    w->reno = (double)w->window;
}

static void grow_window(struct way *w, uint64_t acknowledged)
{
    if (w->window < w->threshold) {
        w->window += acknowledged;
    } else {
        const struct conn *conn = w->conn;
        const sw_time now = sim_now(conn->owner->engine);
        const sw_dur rtt = sim_conn_latency(conn, 0) + sim_conn_latency(conn, 1);
        const double window = (double)w->window;
        const double share = (double)acknowledged / window;
        const double t = (double)(now - w->loss_at + rtt) / 1e9 - w->plateau;
        double target = (w->peak + 0.4 * t * t * t) * SIM_SEGMENT;
        target = target > 1.5 * window ? 1.5 * window : target;
        w->reno += 3 * 0.3 / 1.7 * SIM_SEGMENT * share;
        const double cubic = target > window ? window + (target - window) * share : window;
        w->window = (uint64_t)(cubic > w->reno ? cubic : w->reno);
    }
    if (w->window > LARGEST_WINDOW) {
        w->window = LARGEST_WINDOW;
    }
}

/* What losses add to the arrival of @bytes, and to the window. */
static sw_dur repair(struct way *w, uint64_t bytes, struct sim_luck luck)
{
    struct conn *conn = w->conn;
    struct sim_network *net = conn->owner->net;
    sw_dur probe = 2 * (sim_conn_latency(conn, 0) + sim_conn_latency(conn, 1));
    if (probe < PROBE_MIN) {
        probe = PROBE_MIN;
    }
    uint64_t packets = (bytes + SIM_SEGMENT - 1) / SIM_SEGMENT;
    sw_dur extra = 0;
    for (uint64_t i = 0; i < 10; i++) {
        if (!sim_network_loses(net, place(w, w->side), place(w, 1 - w->side), packets, luck)) {
            break;
        }
        extra += probe << i;
        packets = 1;
        luck = sim_luck_child(luck, i);
        shrink_window(w);
    }
    return extra;
}

/* Put @bytes on the wire; when they arrive, in order. */
static sw_time fly(struct way *w, uint64_t bytes, struct sim_luck luck, sw_time *leaves)
{
    struct sim_network *net = w->conn->owner->net;
    const struct sim_place from = place(w, w->side);
    const struct sim_place to = place(w, 1 - w->side);
    *leaves = sim_network_depart(net, sim_now(w->conn->owner->engine), from, to, (size_t)bytes);
    const sw_time at = *leaves + sim_network_flight(net, from, to, luck) + repair(w, bytes, luck);
    w->last_arrival = at > w->last_arrival ? at : w->last_arrival + 1;
    return w->last_arrival;
}

static void pump(struct way *w);

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

static void acknowledge(void *self, uint64_t arg)
{
    (void)arg;
    const struct ack a = *(struct ack *)self;
    struct way *w = a.way;
    sim_pool_put(&w->conn->owner->pool, self, sizeof a);
    if (w->conn->number != a.number) {
        return;
    }
    w->in_flight -= a.bytes;
    grow_window(w, a.bytes);
    if (!w->pumping) {
        pump(w);
    }
}

/* Send a segment of the first message; it leaves the queue with its last one. */
static sw_time send_segment(struct way *w, uint64_t bytes)
{
    struct sim_conns *c = w->conn->owner;
    struct waiting *m = w->head;
    sw_time leaves;
    const sw_time at = fly(w, bytes, sim_luck_child(m->mail.luck, m->sent), &leaves);
    struct ack *a = sim_pool_get(&c->pool, sizeof *a);
    *a = (struct ack){ w, w->conn->number, bytes };
    (void)sim_at(c->engine, at + sim_conn_latency(w->conn, 1 - w->side), acknowledge, a, 0);
    w->in_flight += bytes;
    w->bytes -= bytes;
    m->sent += bytes;
    if (m->sent == m->wire) {
        w->head = m->next;
        (void)sim_at(c->engine, at, deliver, m, 0);
    }
    return leaves;
}

/* A message of a quick connection leaves whole. */
static void send_whole(struct way *w, struct waiting *m)
{
    sw_time leaves;
    const sw_time at = fly(w, m->wire, m->mail.luck, &leaves);
    (void)sim_at(w->conn->owner->engine, at, deliver, m, 0);
}

/* Send what may be sent now. */
static void pump(struct way *w)
{
    const sw_time now = sim_now(w->conn->owner->engine);
    while (w->head != NULL && sim_conn_joined(w->conn)) {
        if (w->conn->class == SW_CLASS_CONTROL) {
            struct waiting *m = w->head;
            w->head = m->next;
            w->bytes -= m->wire;
            send_whole(w, m);
            continue;
        }
        const uint64_t left = w->head->wire - w->head->sent;
        const uint64_t room = w->window > w->in_flight ? w->window - w->in_flight : 0;
        uint64_t bytes = left < BULK_SEGMENT ? left : BULK_SEGMENT;
        if (room < bytes) {
            if (room < SIM_SEGMENT) {
                break; /* the window is never below ten: an acknowledgement will come */
            }
            bytes = room;
        }
        const sw_time leaves = send_segment(w, bytes);
        if (leaves > now) {
            pump_at(w, leaves);
            break;
        }
    }
    check_water(w);
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
    m->sent = 0;
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
    w->bytes += m->wire;
    if (!w->pumping) {
        pump(w);
    } else {
        check_water(w);
    }
}

void sim_way_resume(struct way *w, sw_dur stalled)
{
    struct conn *conn = w->conn;
    if (w->head == NULL) {
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
    while (w->head != NULL) {
        struct waiting *next = w->head->next;
        sim_mail_free(w->conn->owner, &w->head->mail);
        w->head = next;
    }
    w->bytes = 0;
}

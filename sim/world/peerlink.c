/* SPDX-License-Identifier: GPL-3.0-or-later
 * Connections: dialling, stalling, breaking.  How bytes move through one is in peerflow.c. */
#include "sim/world/peerlink.h"

#include "sim/world/peerflow.h"

#include <stdlib.h>

#define SYN_RETRY SW_SEC /* RFC 6298, 2.1: the first time-out */

struct sim_conns *sim_conns_new(struct sim_engine *e, struct sim_network *net,
                                const struct sim_scenario *s,
                                const struct sim_conn_options *options)
{
    struct sim_conns *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return NULL;
    }
    *c = (struct sim_conns){ .engine = e, .net = net, .s = s, .options = *options };
    c->hosts = calloc(s->n_nodes + 1, sizeof *c->hosts);
    c->bulk = sim_bulk_new(e, net);
    if (c->hosts == NULL || c->bulk == NULL) {
        sim_conns_free(c);
        return NULL;
    }
    for (uint32_t i = 0; i < s->n_nodes; i++) {
        c->hosts[i].place = sim_network_place(net, i);
    }
    return c;
}

void sim_conns_free(struct sim_conns *c)
{
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < c->n; i++) {
        free(c->v[i]);
    }
    free(c->v);
    free(c->hosts);
    sim_bulk_free(c->bulk);
    sim_pool_fini(&c->pool);
    free(c);
}

void sim_conns_listen(struct sim_conns *c, uint32_t host, const struct sim_conn_end *end)
{
    c->hosts[host].listens = end != NULL;
    c->hosts[host].end = end != NULL ? *end : (struct sim_conn_end){ .user = NULL };
}

struct conn *sim_conn_find(const struct sim_conns *c, sw_conn number)
{
    const size_t slot = number % CONN_SLOTS;
    return slot < c->n && c->v[slot]->number == number ? c->v[slot] : NULL;
}

static struct conn *take_slot(struct sim_conns *c)
{
    struct conn *conn = c->unused;
    if (conn != NULL) {
        c->unused = conn->next_unused;
    } else {
        if (c->n == c->cap) {
            c->cap = c->cap == 0 ? 64 : 2 * c->cap;
            c->v = sim_realloc(c->v, c->cap * sizeof(struct conn *));
        }
        conn = sim_alloc(sizeof *conn);
        conn->slot = c->n;
        c->v[c->n++] = conn;
    }
    const size_t slot = conn->slot;
    *conn = (struct conn){ .owner = c, .slot = slot, .stalled_at = SW_TIME_NEVER };
    conn->number = ++c->serial * CONN_SLOTS + slot;
    for (unsigned side = 0; side < 2; side++) {
        conn->way[side].conn = conn;
        conn->way[side].side = side;
    }
    return conn;
}

/* Neither end lives: forget the connection.  What still flies finds the number gone. */
static void release(struct conn *conn)
{
    struct sim_conns *c = conn->owner;
    sim_way_drop(&conn->way[0]);
    sim_way_drop(&conn->way[1]);
    conn->number = 0;
    conn->next_unused = c->unused;
    c->unused = conn;
}

bool sim_conn_joined(const struct conn *conn)
{
    return !conn->gone[0] && !conn->gone[1] &&
           sim_network_joined(conn->owner->net, conn->place[0], conn->place[1]);
}

sw_dur sim_conn_latency(const struct conn *conn, unsigned from)
{
    return sim_network_latency(conn->owner->net, conn->place[from], conn->place[1 - from]);
}

static sw_dur round_trip(const struct conn *conn)
{
    return sim_conn_latency(conn, 0) + sim_conn_latency(conn, 1);
}

/* ---- telling an end that it is down ---- */

struct notice {
    struct sim_conns *c;
    struct sim_conn_end end;
    uint64_t life; /* of the host when this was decided */
    sw_conn number;
    enum sw_class class;
    uint32_t host, peer;
};

static void deliver_notice(void *self, uint64_t arg)
{
    (void)arg;
    struct notice n = *(struct notice *)self;
    sim_pool_put(&n.c->pool, self, sizeof n);
    if (n.c->hosts[n.host].life == n.life) {
        n.end.user->down(n.end.self, n.number, n.class, n.peer);
    }
}

static void tell_down(struct conn *conn, unsigned side, sw_conn number, sw_time at)
{
    struct sim_conns *c = conn->owner;
    struct notice *n = sim_pool_get(&c->pool, sizeof *n);
    *n = (struct notice){ .c = c,
                          .end = conn->end[side],
                          .life = c->hosts[conn->host[side]].life,
                          .number = number,
                          .class = conn->class,
                          .host = conn->host[side],
                          .peer = conn->host[1 - side] };
    const sw_time now = sim_now(c->engine);
    (void)sim_at(c->engine, at > now ? at : now, deliver_notice, n, 0);
}

/* From now on this end neither sends nor hears. */
static void drop_side(struct conn *conn, unsigned side)
{
    conn->open[side] = false;
    if (side == 0) {
        conn->dialling = false;
    }
    if (!conn->open[0] && !conn->open[1] && !conn->dialling) {
        release(conn);
    }
}

/* The same, and it learns so at @at. */
static void close_side(struct conn *conn, unsigned side, sw_time at)
{
    if (conn->open[side]) {
        tell_down(conn, side, conn->number, at);
    } else if (side == 0 && conn->dialling) {
        tell_down(conn, 0, 0, at);
    }
    drop_side(conn, side);
}

/* ---- silence ---- */

static void keep_alive_check(void *self, uint64_t number)
{
    struct sim_conns *c = self;
    struct conn *conn = sim_conn_find(c, number);
    if (conn == NULL || conn->stalled_at == SW_TIME_NEVER ||
        sim_now(c->engine) - conn->stalled_at < c->options.keep_alive) {
        return;
    }
    close_side(conn, 0, 0);
    if (conn->number == number) {
        close_side(conn, 1, 0);
    }
}

/* Notice whether the path of @conn stalled or healed. */
static void look(struct conn *conn)
{
    struct sim_conns *c = conn->owner;
    const sw_time now = sim_now(c->engine);
    const bool joined = sim_conn_joined(conn);
    if (!joined && conn->stalled_at == SW_TIME_NEVER) {
        conn->stalled_at = now;
        sim_way_stall(&conn->way[0]);
        sim_way_stall(&conn->way[1]);
        (void)sim_at(c->engine, now + c->options.keep_alive, keep_alive_check, c, conn->number);
    } else if (joined && conn->stalled_at != SW_TIME_NEVER) {
        const sw_dur stalled = now - conn->stalled_at;
        conn->stalled_at = SW_TIME_NEVER;
        sim_way_resume(&conn->way[0], stalled);
        sim_way_resume(&conn->way[1], stalled);
    }
}

/* ---- dialling ---- */

static void dial_fails(void *self, uint64_t number)
{
    struct conn *conn = sim_conn_find(self, number);
    if (conn == NULL || !conn->dialling) {
        return;
    }
    close_side(conn, 0, 0);
    if (conn->number == number) { /* the acceptor thinks it stands */
        conn->gone[0] = true;
        look(conn);
    }
}

static void fail_later(struct conn *conn, sw_time at)
{
    struct sim_conns *c = conn->owner;
    const sw_time now = sim_now(c->engine);
    (void)sim_at(c->engine, at > now ? at : now, dial_fails, c, conn->number);
}

static void dialer_up(void *self, uint64_t number)
{
    struct conn *conn = sim_conn_find(self, number);
    if (conn == NULL || !conn->dialling) {
        return;
    }
    if (!sim_conn_joined(conn)) {
        fail_later(conn, conn->dialled_at + conn->owner->options.connect_timeout);
        return;
    }
    conn->dialling = false;
    conn->open[0] = true;
    conn->end[0].user->up(conn->end[0].self, conn->number, conn->class, conn->host[1], true);
}

static void acceptor_up(void *self, uint64_t number)
{
    struct sim_conns *c = self;
    struct conn *conn = sim_conn_find(c, number);
    if (conn == NULL || !conn->dialling) {
        return;
    }
    const struct host *to = &c->hosts[conn->host[1]];
    const bool deaf = to->silent || (to->paused && conn->end[1].user == NULL);
    if (!sim_conn_joined(conn) || deaf) {
        fail_later(conn, conn->dialled_at + c->options.connect_timeout);
        return;
    }
    const sw_time back = sim_now(c->engine) + sim_conn_latency(conn, 1);
    if (conn->end[1].user == NULL) {
        if (!to->listens) {
            fail_later(conn, back);
            return;
        }
        conn->end[1] = to->end;
    }
    conn->open[1] = true;
    conn->way[1].last_arrival = back;
    (void)sim_at(c->engine, back, dialer_up, c, number);
    conn->end[1].user->up(conn->end[1].self, number, conn->class, conn->host[0], false);
}

void sim_conn_dial(struct sim_conns *c, uint32_t from, struct sim_conn_end end, uint32_t to,
                   const struct sim_conn_end *acceptor, enum sw_class class)
{
    struct conn *conn = take_slot(c);
    const sw_time now = sim_now(c->engine);
    conn->class = class;
    conn->host[0] = from;
    conn->host[1] = to;
    conn->place[0] = c->hosts[from].place;
    conn->place[1] = c->hosts[to].place;
    conn->end[0] = end;
    conn->dialling = true;
    conn->dialled_at = now;
    if (acceptor != NULL) {
        conn->end[1] = *acceptor;
    }
    sim_way_init(&conn->way[0]);
    sim_way_init(&conn->way[1]);
    sw_dur retries = 0;
    struct sim_luck luck = { .of = now, .step = (uint64_t)from << 32 | to };
    for (uint64_t i = 0; i < 8; i++) {
        luck = sim_luck_child(luck, class);
        if (!sim_network_loses(c->net, now + retries, c->hosts[from].place, c->hosts[to].place, 1,
                               luck)) {
            break;
        }
        retries += SYN_RETRY << i;
    }
    const sw_dur takes = retries + round_trip(conn) * 5 / 2;
    if (takes > c->options.connect_timeout) {
        fail_later(conn, now + c->options.connect_timeout);
        return;
    }
    (void)sim_at(c->engine, now + takes, acceptor_up, c, conn->number);
}

/* ---- ending ---- */

/* When the other end hears that @side closes now: after all that was sent. */
static sw_time last_of(const struct conn *conn, unsigned side)
{
    const sw_time last = conn->way[side].last_arrival;
    const sw_time fin = sim_now(conn->owner->engine) + sim_conn_latency(conn, side);
    return last >= fin ? last + 1 : fin;
}

void sim_conn_hang_up(struct sim_conns *c, uint32_t host, sw_conn number)
{
    struct conn *conn = sim_conn_find(c, number);
    if (conn == NULL) {
        return;
    }
    const unsigned side = conn->host[0] == host ? 0 : 1;
    const sw_time now = sim_now(c->engine);
    if (!conn->open[side]) {
        return;
    }
    const sw_time fin = last_of(conn, side);
    const bool joined = sim_conn_joined(conn);
    close_side(conn, side, now);
    if (conn->number == number && joined) {
        sim_conn_part(conn, 1 - side, fin);
    } else if (conn->number == number) {
        conn->gone[side] = true; /* keep-alive finds out */
    }
}

/* What is sent before this still arrives, then the end hears that it is over. */
struct parting {
    struct sim_conns *c;
    sw_conn number;
    unsigned side;
};

static void part(void *self, uint64_t arg)
{
    (void)arg;
    const struct parting p = *(struct parting *)self;
    sim_pool_put(&p.c->pool, self, sizeof p);
    struct conn *conn = sim_conn_find(p.c, p.number);
    if (conn != NULL) {
        close_side(conn, p.side, 0);
    }
}

void sim_conn_part(struct conn *conn, unsigned side, sw_time at)
{
    struct sim_conns *c = conn->owner;
    struct parting *p = sim_pool_get(&c->pool, sizeof *p);
    *p = (struct parting){ c, conn->number, side };
    (void)sim_at(c->engine, at, part, p, 0);
}

/* ---- what happens to hosts and paths ---- */

void sim_conns_paths_changed(struct sim_conns *c)
{
    for (size_t i = 0; i < c->n; i++) {
        if (c->v[i]->number != 0 && !c->v[i]->dialling) {
            look(c->v[i]);
        }
    }
    sim_bulk_changed(c->bulk);
}

void sim_conns_host_gone(struct sim_conns *c, uint32_t host, bool silent)
{
    c->hosts[host].life++;
    c->hosts[host].silent = silent;
    c->hosts[host].paused = false;
    sim_conns_listen(c, host, NULL);
    for (size_t i = 0; i < c->n; i++) {
        struct conn *conn = c->v[i];
        if (conn->number == 0 || (conn->host[0] != host && conn->host[1] != host)) {
            continue;
        }
        const unsigned side = conn->host[0] == host ? 0 : 1;
        const sw_conn number = conn->number;
        const bool told = !silent && sim_conn_joined(conn) && conn->open[1 - side];
        conn->gone[side] = true;
        sim_way_stall(&conn->way[0]);
        sim_way_stall(&conn->way[1]);
        drop_side(conn, side);
        if (conn->number != number) {
            continue;
        }
        if (told) {
            sim_conn_part(conn, 1 - side, last_of(conn, side));
        } else if (!conn->dialling) {
            look(conn);
        }
    }
}

void sim_conns_host_back(struct sim_conns *c, uint32_t host)
{
    c->hosts[host].silent = false;
    for (size_t i = 0; i < c->n; i++) {
        struct conn *conn = c->v[i];
        if (conn->number == 0 || (conn->host[0] != host && conn->host[1] != host)) {
            continue;
        }
        const unsigned side = conn->host[0] == host ? 0 : 1;
        if (conn->gone[side] && conn->open[1 - side] &&
            sim_network_joined(c->net, c->hosts[conn->host[0]].place,
                               c->hosts[conn->host[1]].place)) {
            sim_conn_part(conn, 1 - side, sim_now(c->engine) + round_trip(conn));
        }
    }
}

static void give_up_on_paused(void *self, uint64_t host)
{
    struct sim_conns *c = self;
    const sw_time since = c->hosts[host].paused_at;
    if (!c->hosts[host].paused || sim_now(c->engine) - since < c->options.keep_alive) {
        return;
    }
    for (size_t i = 0; i < c->n; i++) {
        struct conn *conn = c->v[i];
        if (conn->number == 0 || (conn->host[0] != host && conn->host[1] != host)) {
            continue;
        }
        const unsigned side = conn->host[0] == host ? 1 : 0; /* the one that lives */
        const bool its = conn->end[1 - side].user == c->hosts[host].end.user;
        if (its && conn->open[side]) {
            sim_conn_hang_up(c, conn->host[side], conn->number);
        }
    }
}

void sim_conns_host_paused(struct sim_conns *c, uint32_t host, bool paused)
{
    const sw_time now = sim_now(c->engine);
    c->hosts[host].paused = paused;
    c->hosts[host].paused_at = now;
    if (paused) {
        (void)sim_at(c->engine, now + c->options.keep_alive, give_up_on_paused, c, host);
    }
}

uint64_t sim_conns_pending(const struct sim_conns *c, uint32_t *host)
{
    uint64_t most = 0;
    *host = 0;
    for (size_t i = 0; i < c->n && c->bytes > 0; i++) {
        const struct conn *conn = c->v[i];
        for (unsigned side = 0; side < 2 && conn->number != 0; side++) {
            if (conn->way[side].bytes > most) {
                most = conn->way[side].bytes;
                *host = conn->host[side];
            }
        }
    }
    return most;
}

size_t sim_conns_open(const struct sim_conns *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        n += c->v[i]->number == 0 ? 0 : (size_t)c->v[i]->open[0] + (size_t)c->v[i]->open[1];
    }
    return n;
}

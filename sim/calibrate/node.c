/* SPDX-License-Identifier: GPL-3.0-or-later
 * Two real nodes, one of which holds a zone, handed their events one after another: a batch of
 * queries in each of its stages, timed stage by stage, since one step is too short for a clock. */
#include "sim/calibrate/calibrate.h"

#include "node/core/config.h"
#include "node/core/dns/wire.h"
#include "node/core/front.h"
#include "node/core/node.h"
#include "sim/world/disk.h"
#include "sim/world/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH ((size_t)256) /* fewer than a node lets wait */
#define ROUNDS 40U          /* batches a repetition */
#define NAMES 10000U        /* records of the zone */
#define LETTERS (2 * BATCH) /* queries, and ants among them */
#define MESSAGE 1500U       /* more than any that is sent here */

struct letter {
    sw_conn conn;
    size_t len;
    uint8_t data[MESSAGE];
};

struct side {
    struct sw_node *node;
    struct sw_front *front;
    struct sw_config config;
    struct sw_peer_config peer;
    struct sw_zone_config zone;
    struct sw_actions out;
    const struct sw_view *view;
    struct letter *sent; /* LETTERS of them: control messages of the present stage */
    size_t n_sent;
    uint64_t answers; /* to clients */
};

struct pair {
    struct sim_engine *engine;
    struct sim_disk_state *disk;
    struct side asks, holds;
    sw_time now;
    struct letter *queries; /* BATCH of them */
    char *zone;
    bool failed;
};

static void charge(void *self, enum sw_work work, uint64_t units)
{
    (void)self;
    (void)work;
    (void)units;
}

static void step(struct pair *p, struct side *s, struct sw_event *ev)
{
    ev->now = p->now;
    ev->wall = (sw_wall)p->now;
    ev->arrived_at = p->now;
    ev->load = (struct sw_load){ .waiting = 1, .cores = 2, .service = 20 * SW_US };
    if (sw_node_step(s->node, ev, &s->out) != SW_OK) {
        p->failed = true;
    }
}

static void step_front(struct pair *p, struct side *s, struct sw_event *ev, struct sw_actions *out)
{
    ev->now = p->now;
    ev->arrived_at = p->now;
    if (sw_front_step(s->front, ev, out) != SW_OK) {
        p->failed = true;
    }
}

/* Do what @s wants; messages are kept for the other side. */
static void carry_out(struct pair *p, struct side *s)
{
    while (s->out.n > 0) {
        struct sw_actions mine = s->out;
        s->out = (struct sw_actions){ 0 };
        for (size_t i = 0; i < mine.n; i++) {
            const struct sw_action *a = &mine.v[i];
            struct sw_event ev = { 0 };
            if (a->kind == SW_ACT_SEND && s->n_sent < LETTERS && a->u.send.message.len <= MESSAGE) {
                struct letter *l = &s->sent[s->n_sent++];
                l->conn = a->u.send.conn;
                l->len = a->u.send.message.len;
                memcpy(l->data, a->u.send.message.data, l->len);
            } else if (a->kind == SW_ACT_SUBMIT) {
                struct sw_fs fs;
                sim_disk_fs(p->disk, &fs);
                const struct sw_job_host host = { .fs = &fs, .charge = charge };
                sw_job_run(a->u.submit, &host);
                ev.kind = SW_EV_DONE;
                ev.u.done = a->u.submit;
                step(p, s, &ev);
            } else if (a->kind == SW_ACT_WANT_ENTROPY) {
                ev.kind = SW_EV_ENTROPY;
                ev.u.entropy = (struct sw_bytes){ (const uint8_t *)"0123456789abcdef", 16 };
                step(p, s, &ev);
            } else if (a->kind == SW_ACT_PUBLISH) {
                struct sw_actions none = { 0 };
                ev.kind = SW_EV_VIEW;
                ev.u.view = s->view = a->u.publish;
                step_front(p, s, &ev, &none);
                sw_actions_fini(&none);
            } else if (a->kind == SW_ACT_ANSWER) {
                s->answers++;
            }
        }
        sw_actions_fini(&mine);
    }
}

/* Hand every message of @from to @to. */
static void deliver(struct pair *p, struct side *from, struct side *to)
{
    for (size_t i = 0; i < from->n_sent; i++) {
        struct sw_event ev = { .kind = SW_EV_PEER_MESSAGE };
        ev.u.peer_message.conn = from->sent[i].conn;
        ev.u.peer_message.message = (struct sw_bytes){ from->sent[i].data, from->sent[i].len };
        step(p, to, &ev);
    }
    from->n_sent = 0;
}

static void make(struct side *s, const char *name, const char *peer)
{
    static char policy[] = "ant_colony";
    const struct sw_node_options node = { .seed = 1 };
    const struct sw_front_options front = { .number = 0 };
    s->node = sw_node_new(&node);
    s->front = sw_front_new(&front);
    s->sent = sim_calloc(LETTERS, sizeof *s->sent);
    s->config = (struct sw_config){
        .cores = 2,
        .peers = &s->peer,
        .n_peers = 1,
        .zones = &s->zone,
        .policy = policy,
        .membership = { .period = SW_MIN, .timeout = SW_SEC, .connections = 64 },
        .query_deadline = 1900 * SW_MS,
        .query_attempts = 3,
        .retry_budget = 0.2,
        .max_waiting = 8192,
        .udp_size = 1232
    };
    memcpy(s->config.name.s, name, strlen(name));
    memcpy(s->config.region.s, "here", 4);
    memcpy(s->peer.name.s, peer, strlen(peer));
    memcpy(s->peer.region.s, "here", 4);
}

static void fill_zone(struct pair *p)
{
    const size_t cap = (size_t)NAMES * 40 + 200;
    p->zone = sim_alloc(cap);
    size_t n = (size_t)snprintf(p->zone, cap,
                                "$TTL 300\n@ SOA ns1 hostmaster 1 7200 900 1209600 60\n@ NS ns1\n"
                                "ns1 A 192.0.2.2\n");
    for (unsigned i = 0; i < NAMES; i++) {
        n += (size_t)snprintf(p->zone + n, cap - n, "h%05u A 192.0.%u.%u\n", i, i / 250 % 250,
                              i % 250 + 1);
    }
    if (sim_disk_put(p->disk, "zone", (struct sw_bytes){ (const uint8_t *)p->zone, n }, 0644) !=
        SW_OK) {
        p->failed = true;
    }
}

static void configure(struct pair *p, struct side *s)
{
    struct sw_event ev = { .kind = SW_EV_CONFIGURE, .u.configure = &s->config };
    step(p, s, &ev);
    carry_out(p, s);
}

static void connect_both(struct pair *p)
{
    struct side *const sides[] = { &p->asks, &p->holds };
    for (unsigned class = SW_CLASS_CONTROL; class <= SW_CLASS_BULK; class ++) {
        for (unsigned i = 0; i < 2; i++) {
            struct sw_event up = { .kind = SW_EV_PEER_UP };
            up.u.peer_up.conn = 1 + class;
            up.u.peer_up.class = (enum sw_class) class;
            up.u.peer_up.dialled = i == 0;
            up.u.peer_up.peer = sides[1 - i]->config.name;
            step(p, sides[i], &up);
            carry_out(p, sides[i]);
        }
        for (unsigned turn = 0; turn < 4; turn++) { /* greetings go to and fro */
            deliver(p, sides[turn % 2], sides[1 - turn % 2]);
            carry_out(p, sides[1 - turn % 2]);
        }
    }
}

static void begin(struct pair *p)
{
    static char zone[] = "example.org";
    static char file[] = "zone";
    const struct sim_disk model = { .latency = 0 };
    *p = (struct pair){ .now = SW_SEC };
    p->engine = sim_engine_new();
    p->disk = sim_disk_new(p->engine, &model, 1, "calibrate");
    p->queries = sim_calloc(BATCH, sizeof *p->queries);
    make(&p->asks, "asks", "holds");
    make(&p->holds, "holds", "asks");
    if (p->asks.node == NULL || p->asks.front == NULL || p->holds.node == NULL ||
        p->holds.front == NULL) {
        p->failed = true;
        return;
    }
    fill_zone(p);
    p->holds.zone = (struct sw_zone_config){ .name = zone, .file = file };
    p->holds.config.n_zones = 1;
    configure(p, &p->asks);
    configure(p, &p->holds);
    connect_both(p);
}

static void end_side(struct side *s)
{
    sw_front_free(s->front);
    sw_node_free(s->node);
    sw_actions_fini(&s->out);
    free(s->sent);
}

static void end(struct pair *p)
{
    end_side(&p->asks);
    end_side(&p->holds);
    sim_disk_free(p->disk);
    sim_engine_free(p->engine);
    free(p->queries);
    free(p->zone);
}

/* Names all over the zone, one in twenty that does not exist. */
static void write_queries(struct pair *p, unsigned round)
{
    for (unsigned i = 0; i < BATCH; i++) {
        const unsigned n = (round * (unsigned)BATCH + i) * 7919U % NAMES;
        uint8_t name[] = "\6h00000\7example\3org";
        char digits[8];
        (void)snprintf(digits, sizeof digits, "%05u", n);
        memcpy(name + 2, digits, 5);
        name[1] = n % 20 == 0 ? 'x' : 'h';
        struct sw_wr w = { .buf = p->queries[i].data, .cap = MESSAGE };
        sw_query_write(
            &w, &(struct sw_query){ .id = (uint16_t)i, .type = 1, .name = name, .udp_size = 1232 });
        p->queries[i].len = w.len;
    }
}

/* A front is given the batch; FORWARDs are stepped into the node when @node. */
static double ask(struct pair *p, struct side *s, bool forwards)
{
    struct sw_actions out = { 0 };
    const double began = sim_cpu_ns();
    for (unsigned i = 0; i < BATCH; i++) {
        struct sw_event ev = { .kind = SW_EV_DATAGRAM };
        ev.u.datagram.client.port = (uint16_t)(i + 1);
        ev.u.datagram.message = (struct sw_bytes){ p->queries[i].data, p->queries[i].len };
        step_front(p, s, &ev, &out);
        for (size_t k = 0; k < out.n; k++) {
            if (out.v[k].kind == SW_ACT_FORWARD && forwards) {
                struct sw_event query = { .kind = SW_EV_QUERY };
                query.u.query.client = out.v[k].u.forward.client;
                query.u.query.message = out.v[k].u.forward.message;
                step(p, s, &query);
            } else if (out.v[k].kind == SW_ACT_REPLY) {
                s->answers++;
            }
        }
        sw_actions_clear(&out);
    }
    const double took = sim_cpu_ns() - began;
    sw_actions_fini(&out);
    return took;
}

static double timed_delivery(struct pair *p, struct side *from, struct side *to)
{
    const double began = sim_cpu_ns();
    deliver(p, from, to);
    return sim_cpu_ns() - began;
}

static void tick(struct pair *p, struct side *s)
{
    if (sw_node_deadline(s->node) <= p->now) {
        struct sw_event ev = { .kind = SW_EV_TICK };
        step(p, s, &ev);
        carry_out(p, s);
    }
    s->n_sent = 0; /* gossip, which is not measured here */
}

int sim_measure_node(double cost[SIM_COSTS])
{
    struct pair p;
    double sum[SIM_COSTS] = { 0 };
    uint64_t messages = 0;
    begin(&p);
    for (unsigned r = 0; r < ROUNDS && !p.failed; r++) {
        p.now += 10 * SW_MS;
        tick(&p, &p.asks);
        tick(&p, &p.holds);
        write_queries(&p, r);
        sum[SIM_COST_QUERY] += ask(&p, &p.holds, false);
        sum[SIM_COST_FORWARD] += ask(&p, &p.asks, true);
        carry_out(&p, &p.asks);
        messages += p.asks.n_sent;
        sum[SIM_COST_PEER] += timed_delivery(&p, &p.asks, &p.holds);
        carry_out(&p, &p.holds);
        sum[SIM_COST_URGENT] += timed_delivery(&p, &p.holds, &p.asks);
        carry_out(&p, &p.asks);
    }
    const uint64_t all = (uint64_t)ROUNDS * BATCH;
    const bool whole =
        !p.failed && p.holds.answers == all && p.asks.answers == all && messages >= all;
    for (unsigned k = 0; k < SIM_COSTS; k++) {
        cost[k] = sum[k] / (double)all;
    }
    /* timed with the front's part, which a query takes anyhow */
    cost[SIM_COST_FORWARD] -=
        cost[SIM_COST_QUERY] < cost[SIM_COST_FORWARD] ? cost[SIM_COST_QUERY] : 0;
    end(&p);
    return whole ? 0 : SW_ERR_STATE;
}

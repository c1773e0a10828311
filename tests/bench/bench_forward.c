/* SPDX-License-Identifier: GPL-3.0-or-later
 * Queries forwarded from one node to another and back, through the real code of both (policy,
 * packing and unpacking included), per second of processor time.
 * usage: bench_forward [QUERIES, default 1000000 [POLICY, default ant_colony]] */
#define _POSIX_C_SOURCE 200809L
#include "node/core/config.h"
#include "node/core/dns/wire.h"
#include "node/core/event.h"
#include "node/core/node.h"
#include "node/core/swarm/codec.h"
#include "tests/lib/memfs.h"
#include "tests/lib/swarm_zones.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bench.h"

#define must(cond) ((cond) ? (void)0 : abort())

struct side {
    struct sw_node *node;
    struct sw_config config;
    struct sw_peer_config peer;
    struct sw_zone_config zone;
    struct sw_actions out;
};

static struct memfs *files;
static sw_time now = SW_SEC;
static uint64_t answers;

static void charge(void *self, enum sw_work work, uint64_t units)
{
    (void)self;
    (void)work;
    (void)units;
}

static void step(struct side *s, struct sw_event *ev)
{
    ev->now = now;
    ev->arrived_at = now;
    ev->load = (struct sw_load){ .waiting = 1, .cores = 2, .service = 100 * SW_US };
    sw_actions_clear(&s->out);
    must(sw_node_step(s->node, ev, &s->out) == SW_OK);
}

/* Carry what @from wants to @to until nothing more is wanted. */
static void carry(struct side *from, struct side *to)
{
    struct sw_actions mine = from->out;
    from->out = (struct sw_actions){ 0 };
    for (size_t i = 0; i < mine.n; i++) {
        const struct sw_action *a = &mine.v[i];
        struct sw_event ev = { 0 };
        if (a->kind == SW_ACT_SEND) {
            ev.kind = SW_EV_PEER_MESSAGE;
            ev.u.peer_message.conn = a->u.send.conn;
            ev.u.peer_message.message = a->u.send.message;
            step(to, &ev);
            carry(to, from);
        } else if (a->kind == SW_ACT_SUBMIT) {
            const struct sw_job_host host = { .fs = memfs_fs(files), .charge = charge };
            sw_job_run(a->u.submit, &host);
            ev.kind = SW_EV_DONE;
            ev.u.done = a->u.submit;
            step(from, &ev);
            carry(from, to);
        } else if (a->kind == SW_ACT_WANT_ENTROPY) {
            ev.kind = SW_EV_ENTROPY;
            ev.u.entropy = (struct sw_bytes){ (const uint8_t *)"0123456789abcdef", 16 };
            step(from, &ev);
            carry(from, to);
        } else if (a->kind == SW_ACT_ANSWER) {
            answers++;
        }
    }
    sw_actions_clear(&mine);
    sw_actions_fini(&from->out);
    from->out = mine;
}

static void connect_both(struct side *a, struct side *b)
{
    for (unsigned class = SW_CLASS_CONTROL; class <= SW_CLASS_BULK; class ++) {
        struct sw_event up = { .kind = SW_EV_PEER_UP };
        up.u.peer_up.conn = 1 + class;
        up.u.peer_up.class = (enum sw_class) class;
        up.u.peer_up.peer = b->config.name;
        step(a, &up);
        struct sw_actions hello = a->out; /* b hears it when b is up as well */
        a->out = (struct sw_actions){ 0 };
        up.u.peer_up.peer = a->config.name;
        step(b, &up);
        carry(b, a);
        sw_actions_fini(&a->out);
        a->out = hello;
        carry(a, b);
    }
}

static void make(struct side *s, const char *name, const char *peer, char *policy)
{
    const struct sw_node_options options = { .seed = 1 };
    s->node = sw_node_new(&options);
    must(s->node != NULL);
    s->config = (struct sw_config){
        .cores = 2,
        .peers = &s->peer,
        .n_peers = 1,
        .zones = &s->zone,
        .policy = policy,
        .query_deadline = 1900 * SW_MS,
        .query_attempts = 3,
        .retry_budget = 0.2,
        .relay = true,
        .max_waiting = 8192,
        .membership = { .period = SW_SEC,
                        .timeout = 500 * SW_MS,
                        .open = true,
                        .connections = 64,
                        .lifeguard = true },
        .udp_size = 1232,
    };
    memcpy(s->config.name.s, name, strlen(name));
    memcpy(s->config.region.s, "eu", 2);
    memcpy(s->peer.name.s, peer, strlen(peer));
    memcpy(s->peer.region.s, "eu", 2);
}

static size_t make_query(uint8_t *buf, size_t cap)
{
    static const uint8_t name[] = "\3www\7example\3org";
    struct sw_wr w = { .buf = buf, .cap = cap };
    sw_query_write(
        &w, &(struct sw_query){ .id = 1, .type = SW_TYPE_A, .name = name, .udp_size = 1232 });
    return w.len;
}

int main(int argc, char **argv)
{
    static char usual[] = "ant_colony";
    const uint64_t queries = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    char *policy = argc > 2 ? argv[2] : usual;
    static char zone[] = "example.org";
    static char file[] = "org.zone";
    struct side a = { 0 };
    struct side b = { 0 };
    uint8_t query[512];
    files = memfs_new();
    must(files != NULL && memfs_put(files, file, ZONE_ORG, strlen(ZONE_ORG)));
    make(&a, "a", "b", policy);
    make(&b, "b", "a", policy);
    b.zone = (struct sw_zone_config){ .name = zone, .file = file };
    b.config.n_zones = 1;
    struct sw_event ev = { .kind = SW_EV_CONFIGURE, .u.configure = &a.config };
    step(&a, &ev);
    carry(&a, &b);
    ev.u.configure = &b.config;
    step(&b, &ev);
    carry(&b, &a);
    connect_both(&a, &b);
    const size_t len = make_query(query, sizeof query);
    const double begin = bench_cpu();
    for (uint64_t i = 0; i < queries; i++) {
        struct sw_event q = { .kind = SW_EV_QUERY };
        q.u.query.message = (struct sw_bytes){ query, len };
        now += 10 * SW_US;
        step(&a, &q);
        carry(&a, &b);
        if (sw_node_deadline(a.node) <= now) {
            struct sw_event tick = { .kind = SW_EV_TICK };
            step(&a, &tick);
            carry(&a, &b);
        }
    }
    const double seconds = bench_cpu() - begin;
    struct sw_node_counts counts;
    sw_node_counts(a.node, &counts);
    (void)printf("%s: %llu queries forwarded, %llu answered, %llu ants, %.0f per CPU-second\n",
                 policy, (unsigned long long)counts.forwarded, (unsigned long long)counts.answered,
                 (unsigned long long)counts.ants, (double)queries / seconds);
    sw_actions_fini(&a.out);
    sw_actions_fini(&b.out);
    sw_node_free(a.node);
    sw_node_free(b.node);
    memfs_free(files);
    return counts.answered == queries && answers == queries ? 0 : 1;
}

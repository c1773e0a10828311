/* SPDX-License-Identifier: GPL-3.0-or-later
 * A node when memory is out: an event may be lost, the node is not.  And a node at work: once
 * warm, forwarding allocates nothing. */
#include "node/core/config.h"
#include "node/core/dns/answer.h"
#include "node/core/node.h"
#include "node/core/swarm/codec.h"
#include "tests/lib/answer_kit.h"
#include "tests/lib/check.h"
#include "tests/lib/envelope.h"
#include "tests/lib/fail_alloc.h"
#include "tests/lib/memfs.h"
#include "tests/lib/swarm_zones.h"

#include <stdlib.h>

/* The node "a", which holds example.org, and a host that plays its only peer "b", which holds
 * example.net.  Everything wanted is done at once, after the step. */
struct host {
    struct sw_node *node;
    struct sw_config config;
    struct sw_zone_config zone;
    struct sw_peer_config peer;
    char *upstream;
    struct memfs *disk;
    sw_time now;
    sw_conn last_conn;
    sw_conn conn[2]; /* 0: closed */
    const struct sw_view *view;
    bool answered, answered_well, drained;

    /* the allocation that fails: counted over all steps */
    uint64_t fails, used;
};

/* What a step wanted, kept while it is done. */
struct wish {
    enum sw_action_kind kind;
    enum sw_class class;
    sw_conn conn;
    struct sw_job *job;
    const struct sw_view *view;
    uint64_t ask;
    uint8_t message[1024];
    size_t len;
};
#define WISHES 64

static void step(struct host *h, struct sw_event *ev);

static void speak(struct host *h, sw_conn conn, const struct envelope *e)
{
    struct sw_event ev = { .kind = SW_EV_PEER_MESSAGE };
    ev.u.peer_message.conn = conn;
    ev.u.peer_message.message = envelope_bytes(e);
    step(h, &ev);
}

static struct envelope hello_of_b(enum sw_class class)
{
    static uint8_t net[] = "\7example\3net";
    return class == SW_CLASS_CONTROL ? envelope_hello_with("b", net, sizeof net)
                                     : envelope_hello_bulk("b");
}

static void connect_peer(struct host *h, enum sw_class class)
{
    struct sw_event ev = { .kind = SW_EV_PEER_UP };
    h->conn[class] = ++h->last_conn;
    ev.u.peer_up.conn = h->conn[class];
    ev.u.peer_up.class = class;
    ev.u.peer_up.peer = h->peer.name;
    ev.u.peer_up.dialled = true;
    step(h, &ev);
    const struct envelope e = hello_of_b(class);
    if (h->conn[class] != 0) {
        speak(h, h->conn[class], &e);
    }
}

static void lose_peer(struct host *h, enum sw_class class)
{
    struct sw_event ev = { .kind = SW_EV_PEER_DOWN };
    ev.u.peer_down.conn = h->conn[class];
    ev.u.peer_down.class = class;
    ev.u.peer_down.peer = h->peer.name;
    h->conn[class] = 0;
    step(h, &ev);
}

/* b answers queries and ants. */
static void hear(struct host *h, sw_conn conn, struct sw_bytes message)
{
    Swarm__V1__Envelope *e = swarm__v1__envelope__unpack(NULL, message.len, message.data);
    struct envelope back = { .len = 0 };
    if (e != NULL && e->body_case == SWARM__V1__ENVELOPE__BODY_QUERY) {
        const struct sw_bytes query = { e->query->message.data, e->query->message.len };
        uint8_t answer[512];
        struct sw_wr w = { .buf = answer, .cap = sizeof answer };
        CHECK(sw_answer_error(query, SW_RCODE_NXDOMAIN, SW_EDE_NONE, &w));
        back = envelope_answer(e->query->id, (struct sw_bytes){ answer, w.len });
    } else if (e != NULL && e->body_case == SWARM__V1__ENVELOPE__BODY_ANT) {
        back = envelope_ant_reply(e->ant->nonce);
    }
    if (e != NULL) {
        swarm__v1__envelope__free_unpacked(e, NULL);
    }
    if (back.len > 0) {
        speak(h, conn, &back);
    }
}

static void nothing_charged(void *self, enum sw_work work, uint64_t units)
{
    (void)self;
    (void)work;
    (void)units;
}

static void do_job(struct host *h, struct sw_job *job)
{
    const struct sw_job_host host = { .fs = memfs_fs(h->disk), .charge = nothing_charged };
    struct sw_event ev = { .kind = SW_EV_DONE, .u.done = job };
    sw_job_run(job, &host);
    step(h, &ev);
}

/* The upstream knows that nothing exists. */
static void deny(struct host *h, const struct wish *w)
{
    struct answer_kit k;
    struct sw_event ev = { .kind = SW_EV_UPSTREAM };
    kit_begin(&k, (struct sw_bytes){ w->message, w->len }, SW_RCODE_NXDOMAIN);
    kit_soa(&k, 1, 1);
    ev.u.upstream.id = w->ask;
    ev.u.upstream.message = kit_bytes(&k);
    step(h, &ev);
}

static void grant(struct host *h, const struct wish *w)
{
    struct sw_event ev = { 0 };
    switch (w->kind) {
    case SW_ACT_SEND:
        if (w->conn == h->conn[SW_CLASS_CONTROL]) {
            hear(h, w->conn, (struct sw_bytes){ w->message, w->len });
        }
        break;
    case SW_ACT_DIAL:
        connect_peer(h, w->class);
        break;
    case SW_ACT_HANG_UP:
        for (unsigned class = 0; class < 2; class ++) {
            if (h->conn[class] == w->conn) {
                lose_peer(h, (enum sw_class) class);
            }
        }
        break;
    case SW_ACT_SUBMIT:
        do_job(h, w->job);
        break;
    case SW_ACT_ANSWER:
        h->answered = true;
        h->answered_well = (w->message[3] & 15) == SW_RCODE_NXDOMAIN;
        break;
    case SW_ACT_PUBLISH:
        ev.kind = SW_EV_VIEW_RETIRED;
        ev.u.view_retired = h->view;
        h->view = w->view;
        if (ev.u.view_retired != NULL) {
            step(h, &ev);
        }
        break;
    case SW_ACT_WANT_ENTROPY:
        ev.kind = SW_EV_ENTROPY;
        ev.u.entropy = (struct sw_bytes){ (const uint8_t *)"0123456789abcdef", 16 };
        step(h, &ev);
        break;
    case SW_ACT_ASK:
        deny(h, w);
        break;
    case SW_ACT_DRAINED:
        h->drained = true;
        break;
    default:
        break;
    }
}

static size_t list_wishes(const struct sw_actions *out, struct wish *wishes)
{
    size_t n = 0;
    for (size_t i = 0; i < out->n && n < WISHES; i++) {
        const struct sw_action *a = &out->v[i];
        struct wish *w = &wishes[n];
        *w = (struct wish){ .kind = a->kind };
        struct sw_bytes message = { NULL, 0 };
        if (a->kind == SW_ACT_SEND) {
            w->conn = a->u.send.conn;
            message = a->u.send.message;
        } else if (a->kind == SW_ACT_ANSWER) {
            message = a->u.answer.message;
        } else if (a->kind == SW_ACT_ASK) {
            w->ask = a->u.ask.id;
            message = a->u.ask.message;
        } else if (a->kind == SW_ACT_DIAL) {
            w->class = a->u.dial.class;
        } else if (a->kind == SW_ACT_HANG_UP) {
            w->conn = a->u.hang_up;
        } else if (a->kind == SW_ACT_SUBMIT) {
            w->job = a->u.submit;
        } else if (a->kind == SW_ACT_PUBLISH) {
            w->view = a->u.publish;
        } else if (a->kind == SW_ACT_TRACE) {
            continue;
        }
        if (message.len > 0 && message.len <= sizeof w->message) {
            memcpy(w->message, message.data, message.len);
            w->len = message.len;
        }
        n++;
    }
    return n;
}

static void step(struct host *h, struct sw_event *ev)
{
    struct sw_actions out = { 0 };
    struct wish *wishes = malloc(WISHES * sizeof *wishes);
    h->now += SW_MS;
    ev->now = h->now;
    ev->arrived_at = h->now;
    if (h->fails >= h->used) {
        fail_alloc_only(h->fails - h->used);
    } else {
        fail_alloc_from(FAIL_ALLOC_NEVER);
    }
    const int err = sw_node_step(h->node, ev, &out);
    h->used += fail_alloc_stop();
    CHECK(err == SW_OK || err == SW_ERR_NOMEM);
    const size_t n = list_wishes(&out, wishes);
    sw_actions_fini(&out);
    for (size_t i = 0; i < n; i++) {
        grant(h, &wishes[i]);
    }
    free(wishes);
}

static void tick(struct host *h, sw_dur length)
{
    const sw_time end = h->now + length;
    while (sw_node_deadline(h->node) <= end) {
        const sw_time due = sw_node_deadline(h->node);
        h->now = due > h->now ? due : h->now;
        struct sw_event ev = { .kind = SW_EV_TICK };
        step(h, &ev);
    }
    h->now = end;
}

static void configure(struct host *h)
{
    struct sw_event ev = { .kind = SW_EV_CONFIGURE, .u.configure = &h->config };
    step(h, &ev);
}

static void ask(struct host *h, const char *text)
{
    uint8_t name[SW_DNAME_MAX];
    uint8_t message[512];
    struct sw_wr w = { .buf = message, .cap = sizeof message };
    struct sw_event ev = { .kind = SW_EV_QUERY };
    CHECK(sw_dname_from_text(text, name) > 0);
    sw_query_write(
        &w, &(struct sw_query){ .id = 5, .type = SW_TYPE_A, .name = name, .recursion = true });
    ev.u.query.message = (struct sw_bytes){ message, w.len };
    h->answered = false;
    h->answered_well = false;
    step(h, &ev);
}

static void begin(struct host *h, uint64_t fails)
{
    static char policy[] = "ant_colony";
    static char zone[] = "example.org";
    static char file[] = "org.zone";
    static char store[] = "store";
    static char upstream[] = "u";
    *h = (struct host){ .now = SW_SEC, .fails = fails };
    h->disk = memfs_new();
    h->zone = (struct sw_zone_config){ .name = zone, .file = file };
    h->peer = (struct sw_peer_config){ .name = { "b" }, .region = { "us" } };
    h->upstream = upstream;
    h->config = (struct sw_config){
        .name = { "a" },
        .region = { "eu" },
        .cores = 1,
        .zones = &h->zone,
        .n_zones = 1,
        .peers = &h->peer,
        .n_peers = 1,
        .policy = policy,
        .upstreams = &h->upstream,
        .n_upstreams = 1,
        .cache = { .size = 65536,
                   .max_ttl = SW_HOUR,
                   .max_negative = SW_HOUR,
                   .stale_after = 1800 * SW_MS,
                   .cooperate = true,
                   .popular = 1 },
        .query_deadline = 1900 * SW_MS,
        .query_attempts = 3,
        .retry_budget = 0.2,
        .relay = true,
        .max_waiting = 16,
        .udp_size = 1232,
        .membership = { .period = SW_SEC,
                        .timeout = 500 * SW_MS,
                        .open = true,
                        .connections = 64,
                        .lifeguard = true },
        .store = store,
        .copies = 1,
    };
    CHECK(h->disk != NULL && memfs_put(h->disk, file, ZONE_ORG, strlen(ZONE_ORG)));
    h->node = sw_node_new(&(struct sw_node_options){ .seed = 1 });
    CHECK(h->node != NULL);
}

static void end(struct host *h)
{
    sw_node_free(h->node);
    memfs_free(h->disk);
}

/* Everything a node does, once. */
static void live(struct host *h)
{
    configure(h);
    tick(h, 2 * SW_SEC);
    ask(h, "www.example.net");
    ask(h, "www.example.org");
    ask(h, "www.outside.test");
    ask(h, "www.outside.test");
    const struct envelope query = envelope_query(1, "b", 1);
    const struct envelope ant = envelope_ant(2);
    if (h->conn[SW_CLASS_CONTROL] != 0) {
        speak(h, h->conn[SW_CLASS_CONTROL], &query);
    }
    if (h->conn[SW_CLASS_CONTROL] != 0) {
        speak(h, h->conn[SW_CLASS_CONTROL], &ant);
    }
    struct sw_event command = { .kind = SW_EV_COMMAND };
    command.u.command.method = "Status";
    step(h, &command);
    configure(h); /* a reload */
    if (h->conn[SW_CLASS_CONTROL] != 0) {
        lose_peer(h, SW_CLASS_CONTROL);
    }
    tick(h, 10 * SW_SEC);
}

static void one_failed_allocation_anywhere_costs_an_event_and_never_the_node(void)
{
    struct host h;
    begin(&h, FAIL_ALLOC_NEVER);
    live(&h);
    const uint64_t allocations = h.used;
    end(&h);
    CHECK(allocations > 50);
    for (uint64_t i = 0; i < allocations; i++) {
        begin(&h, i);
        live(&h);
        h.fails = FAIL_ALLOC_NEVER; /* memory is back: all must be well before long */
        configure(&h);
        tick(&h, 10 * SW_SEC);
        CHECK_U64(sw_node_state(h.node), SW_STATE_READY);
        CHECK(h.conn[SW_CLASS_CONTROL] != 0 && h.conn[SW_CLASS_BULK] != 0);
        ask(&h, "www.example.net");
        CHECK(h.answered_well);
        ask(&h, "www.outside.test");
        CHECK(h.answered_well);
        REQUIRE(h.view != NULL);
        CHECK_U64(h.view->n_zones, 1);
        CHECK_U64(h.view->n_elsewhere, 1);
        struct sw_node_counts counts;
        sw_node_counts(h.node, &counts);
        CHECK_U64(counts.waiting, 0);
        struct sw_event drain = { .kind = SW_EV_DRAIN };
        step(&h, &drain);
        CHECK(h.drained);
        end(&h);
    }
}

static void forwarding_allocates_nothing_once_it_is_warm(void)
{
    static char policy[] = "peak_ewma"; /* no ants: nobody answers them here */
    struct host h;
    begin(&h, FAIL_ALLOC_NEVER);
    h.config.policy = policy;
    configure(&h);
    tick(&h, 2 * SW_SEC);
    uint64_t allocated = 0;
    struct sw_actions out = { 0 };
    uint8_t message[512];
    static const uint8_t name[] = "\3www\7example\3net";
    struct sw_wr w = { .buf = message, .cap = sizeof message };
    sw_query_write(&w, &(struct sw_query){ .id = 5, .type = SW_TYPE_A, .name = name });
    for (unsigned i = 0; i < 2000; i++) {
        struct sw_event ev = { .kind = SW_EV_QUERY };
        struct envelope back = { .len = 0 };
        ev.u.query.message = (struct sw_bytes){ message, w.len };
        h.now += SW_MS;
        ev.now = h.now;
        fail_alloc_from(FAIL_ALLOC_NEVER);
        CHECK_I64(sw_node_step(h.node, &ev, &out), SW_OK);
        allocated = fail_alloc_stop();
        for (size_t k = 0; k < out.n; k++) {
            if (out.v[k].kind == SW_ACT_SEND && back.len == 0) {
                const struct sw_bytes sent = out.v[k].u.send.message;
                Swarm__V1__Envelope *e = swarm__v1__envelope__unpack(NULL, sent.len, sent.data);
                REQUIRE(e != NULL && e->body_case == SWARM__V1__ENVELOPE__BODY_QUERY);
                uint8_t answer[512];
                struct sw_wr aw = { .buf = answer, .cap = sizeof answer };
                CHECK(sw_answer_error((struct sw_bytes){ message, w.len }, SW_RCODE_NXDOMAIN,
                                      SW_EDE_NONE, &aw));
                back = envelope_answer(e->query->id, (struct sw_bytes){ answer, aw.len });
                swarm__v1__envelope__free_unpacked(e, NULL);
            }
        }
        sw_actions_clear(&out);
        ev.kind = SW_EV_PEER_MESSAGE;
        ev.u.peer_message.conn = h.conn[SW_CLASS_CONTROL];
        ev.u.peer_message.message = envelope_bytes(&back);
        fail_alloc_from(FAIL_ALLOC_NEVER);
        CHECK_I64(sw_node_step(h.node, &ev, &out), SW_OK);
        allocated += fail_alloc_stop();
        if (i > 1000) {
            CHECK_U64(allocated, 0);
        }
        sw_actions_clear(&out);
    }
    struct sw_node_counts counts;
    sw_node_counts(h.node, &counts);
    CHECK_U64(counts.answered, 2000);
    sw_actions_fini(&out);
    end(&h);
}

extern CU_TestInfo tests_no_memory[];
CU_TestInfo tests_no_memory[] = {
    { "one_failed_allocation_anywhere_costs_an_event_and_never_the_node",
      one_failed_allocation_anywhere_costs_an_event_and_never_the_node },
    { "forwarding_allocates_nothing_once_it_is_warm",
      forwarding_allocates_nothing_once_it_is_warm },
    CU_TEST_INFO_NULL,
};

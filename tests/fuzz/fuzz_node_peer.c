/* SPDX-License-Identifier: GPL-3.0-or-later
 * A live node with two peers that say anything at any time, and clients that ask.
 *
 * The input is a list of records: one byte what, two bytes how long, and that many bytes. */
#include "node/core/config.h"
#include "node/core/node.h"
#include "node/core/swarm/codec.h"
#include "node/core/swarm/relay.h"
#include "tests/lib/envelope.h"
#include "tests/lib/memfs.h"
#include "tests/lib/swarm_zones.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(cond) ((cond) ? (void)0 : abort())
#define QUERIES 64U

enum { B, C, PEERS };

struct world {
    struct sw_node *node;
    struct sw_config config;
    struct sw_zone_config zone;
    struct sw_peer_config peer[PEERS];
    struct memfs *disk;
    sw_time now;
    sw_conn conn[PEERS][2]; /* 0: down */
    sw_conn last_conn;
    uint64_t id[QUERIES]; /* of the node's latest queries and ants */
    unsigned n_ids;
    uint64_t announced;        /* records with a version of the zone so far */
    Swarm__V1__ZoneHeld asked; /* the version that the node asked for last */
    uint8_t asked_digest[48];
    uint64_t asked_id;
    const struct sw_view *view;
    bool drained;
};

static void step(struct world *w, struct sw_event *ev);

static void nothing_charged(void *self, enum sw_work work, uint64_t units)
{
    (void)self;
    (void)work;
    (void)units;
}

static void up(struct world *w, unsigned peer, enum sw_class class)
{
    struct sw_event ev = { .kind = SW_EV_PEER_UP };
    w->conn[peer][class] = ++w->last_conn;
    ev.u.peer_up.conn = w->last_conn;
    ev.u.peer_up.class = class;
    ev.u.peer_up.peer = w->peer[peer].name;
    ev.u.peer_up.dialled = w->last_conn % 2 == 0;
    step(w, &ev);
}

static void down(struct world *w, unsigned peer, enum sw_class class)
{
    struct sw_event ev = { .kind = SW_EV_PEER_DOWN };
    ev.u.peer_down.conn = w->conn[peer][class];
    ev.u.peer_down.class = class;
    ev.u.peer_down.peer = w->peer[peer].name;
    w->conn[peer][class] = 0;
    step(w, &ev);
}

static void say(struct world *w, unsigned peer, enum sw_class class, struct sw_bytes message)
{
    struct sw_event ev = { .kind = SW_EV_PEER_MESSAGE };
    ev.u.peer_message.conn = w->conn[peer][class];
    ev.u.peer_message.message = message;
    if (ev.u.peer_message.conn != 0) {
        step(w, &ev);
    }
}

/* Nothing passes more than one relay: ours has one hop, another's two, and nobody to go on to. */
static void check_hops(uint32_t hops, const char *origin, const char *target)
{
    const bool ours = strcmp(origin, "a") == 0;
    must(hops == (ours ? 1 : 2) && (ours || target[0] == '\0'));
}

/* Everything that the node sends must be sound. */
static void check_sent(struct world *w, struct sw_bytes message)
{
    struct sw_arena arena = { 0 };
    Swarm__V1__Envelope *e = NULL;
    must(sw_envelope_unpack(&arena, message, &e) == SW_OK);
    if (e->body_case == SWARM__V1__ENVELOPE__BODY_QUERY) {
        w->id[w->n_ids++ % QUERIES] = e->query->id;
        check_hops(e->query->hops, e->query->origin, e->query->target);
    } else if (e->body_case == SWARM__V1__ENVELOPE__BODY_ANT) {
        w->id[w->n_ids++ % QUERIES] = e->ant->nonce;
        must(e->ant->hops == 0 || e->ant->target[0] != '\0' || e->ant->hops == 2);
        if (e->ant->hops > 0) {
            check_hops(e->ant->hops, e->ant->origin, e->ant->target);
        }
    } else if (e->body_case == SWARM__V1__ENVELOPE__BODY_ZONE_TRANSFER &&
               e->zone_transfer->get != NULL) {
        const Swarm__V1__ZoneGet *get = e->zone_transfer->get;
        if (get->hops > 0) {
            check_hops(get->hops, get->origin, get->target);
        }
        w->asked = *get->want;
        w->asked_id = get->id;
        must(w->asked.digest.len == sizeof w->asked_digest);
        memcpy(w->asked_digest, w->asked.digest.data, sizeof w->asked_digest);
    }
    sw_arena_fini(&arena);
}

static void hung_up(struct world *w, sw_conn conn)
{
    for (unsigned i = 0; i < PEERS; i++) {
        for (unsigned k = 0; k < 2; k++) {
            if (w->conn[i][k] == conn) {
                down(w, i, (enum sw_class)k);
            }
        }
    }
}

static void grant(struct world *w, const struct sw_action *a)
{
    struct sw_event ev = { 0 };
    const struct sw_job_host host = { .fs = memfs_fs(w->disk), .charge = nothing_charged };
    switch (a->kind) {
    case SW_ACT_SEND:
        check_sent(w, a->u.send.message);
        break;
    case SW_ACT_HANG_UP:
        hung_up(w, a->u.hang_up);
        break;
    case SW_ACT_SUBMIT:
        sw_job_run(a->u.submit, &host);
        ev.kind = SW_EV_DONE;
        ev.u.done = a->u.submit;
        step(w, &ev);
        break;
    case SW_ACT_PUBLISH:
        ev.kind = SW_EV_VIEW_RETIRED;
        ev.u.view_retired = w->view;
        w->view = a->u.publish;
        if (ev.u.view_retired != NULL) {
            step(w, &ev);
        }
        break;
    case SW_ACT_WANT_ENTROPY:
        ev.kind = SW_EV_ENTROPY;
        ev.u.entropy = (struct sw_bytes){ (const uint8_t *)"0123456789abcdef", 16 };
        step(w, &ev);
        break;
    case SW_ACT_DRAINED:
        must(!w->drained);
        w->drained = true;
        break;
    default:
        break;
    }
}

static void step(struct world *w, struct sw_event *ev)
{
    struct sw_actions out = { 0 };
    ev->now = w->now;
    ev->arrived_at = w->now;
    must(sw_node_step(w->node, ev, &out) == SW_OK);
    for (size_t i = 0; i < out.n; i++) {
        grant(w, &out.v[i]);
    }
    sw_actions_fini(&out);
}

static void advance(struct world *w, sw_dur length)
{
    const sw_time end = w->now + length;
    while (sw_node_deadline(w->node) <= end) {
        const sw_time due = sw_node_deadline(w->node);
        w->now = due > w->now ? due : w->now;
        struct sw_event ev = { .kind = SW_EV_TICK };
        step(w, &ev);
        must(sw_node_deadline(w->node) > w->now);
    }
    w->now = end;
}

static void begin(struct world *w)
{
    static char policy[] = "ant_colony";
    static char zone[] = "example.org";
    static char file[] = "org.zone";
    static char store[] = "store";
    *w = (struct world){ .now = SW_SEC };
    w->disk = memfs_new();
    w->zone = (struct sw_zone_config){ .name = zone, .file = file };
    w->peer[B] = (struct sw_peer_config){ .name = { "b" }, .region = { "us" } };
    w->peer[C] = (struct sw_peer_config){ .name = { "c" }, .region = { "eu" } };
    w->config = (struct sw_config){
        .name = { "a" },
        .region = { "eu" },
        .cores = 1,
        .zones = &w->zone,
        .n_zones = 1,
        .peers = w->peer,
        .n_peers = PEERS,
        .policy = policy,
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
    w->node = sw_node_new(&(struct sw_node_options){ .seed = 1 });
    must(w->disk != NULL && w->node != NULL);
    must(memfs_put(w->disk, file, ZONE_ORG, strlen(ZONE_ORG)));
    struct sw_event ev = { .kind = SW_EV_CONFIGURE, .u.configure = &w->config };
    step(w, &ev);
}

static void query(struct world *w, struct sw_bytes message)
{
    struct sw_event ev = { .kind = SW_EV_QUERY };
    ev.u.query.message = message;
    step(w, &ev);
}

/* A reply to one of the latest ants; the first byte says which. */
static void reply_to_ant(struct world *w, unsigned peer, struct sw_bytes bytes)
{
    const unsigned back = bytes.len > 0 ? bytes.data[0] : 0;
    if (back < w->n_ids) {
        const struct envelope e = envelope_ant_reply(w->id[(w->n_ids - 1 - back) % QUERIES]);
        say(w, peer, SW_CLASS_CONTROL, envelope_bytes(&e));
    }
}

/* A valid Answer to the latest query, around whatever the input says. */
static void answer(struct world *w, unsigned peer, struct sw_bytes message)
{
    if (w->n_ids > 0 && message.len < 1024) {
        const struct envelope e = envelope_answer(w->id[(w->n_ids - 1) % QUERIES], message);
        say(w, peer, SW_CLASS_CONTROL, envelope_bytes(&e));
    }
}

static uint8_t org[] = "\7example\3org"; /* held by the node, too */
static uint8_t net[] = "\7example\3net"; /* of the same length */

/* A valid record of @peer that holds @zone in the version that the input says. */
static void announce(struct world *w, unsigned peer, uint8_t *zone, struct sw_bytes bytes)
{
    struct sw_rd r = { .buf = bytes.data, .len = bytes.len };
    uint8_t digest[48] = { 0 };
    struct signed_record s;
    struct envelope e;
    Swarm__V1__Hello hello = SWARM__V1__HELLO__INIT;
    Swarm__V1__Record record = SWARM__V1__RECORD__INIT;
    Swarm__V1__ZoneHeld held = SWARM__V1__ZONE_HELD__INIT;
    Swarm__V1__ZoneHeld *zones[] = { &held };
    held.name = (ProtobufCBinaryData){ sizeof org, zone };
    held.epoch = sw_rd_u8(&r);
    held.serial = sw_rd_u32(&r);
    digest[0] = sw_rd_u8(&r);
    held.digest = (ProtobufCBinaryData){ sizeof digest, digest };
    record.incarnation = 2;
    record.version = ++w->announced;
    record.region = w->peer[peer].region.s;
    record.cores = 1;
    record.zones = zones;
    record.n_zones = 1;
    envelope_sign(&s, w->peer[peer].name.s, &record);
    hello.name = s.name;
    hello.record = &s.m;
    ENVELOPE(&e, HELLO, hello, &hello);
    say(w, peer, SW_CLASS_CONTROL, envelope_bytes(&e));
    if (w->conn[peer][SW_CLASS_BULK] == 0) {
        up(w, peer, SW_CLASS_BULK);
    }
    e = envelope_hello_bulk(w->peer[peer].name.s);
    say(w, peer, SW_CLASS_BULK, envelope_bytes(&e));
}

/* What the node asked for, around whatever the input says: the first byte whether that is a
 * difference, and whether more will come. */
static void deliver(struct world *w, unsigned peer, struct sw_bytes bytes)
{
    Swarm__V1__ZoneData data = SWARM__V1__ZONE_DATA__INIT;
    Swarm__V1__ZoneTransfer t = SWARM__V1__ZONE_TRANSFER__INIT;
    struct envelope e;
    if (bytes.len < 2 || bytes.len > 1000) {
        return;
    }
    w->asked.digest = (ProtobufCBinaryData){ sizeof w->asked_digest, w->asked_digest };
    w->asked.name = (ProtobufCBinaryData){ 0, NULL };
    w->asked.base.descriptor = &swarm__v1__zone_held__descriptor;
    data.name = (ProtobufCBinaryData){ sizeof org, org };
    data.version = &w->asked;
    data.id = w->asked_id;
    data.difference = bytes.data[0] & 1;
    data.size = bytes.len - 1 + ((bytes.data[0] & 2) != 0 ? 100 : 0);
    data.data = (ProtobufCBinaryData){ bytes.len - 1, (uint8_t *)(uintptr_t)(bytes.data + 1) };
    t.data = &data;
    ENVELOPE(&e, ZONE_TRANSFER, zone_transfer, &t);
    say(w, peer, SW_CLASS_BULK, envelope_bytes(&e));
}

/* The same for the part of a zone. */
static void ask_to_hand_on_part(struct world *w, unsigned peer, uint64_t id,
                                const struct sw_name *target)
{
    static uint8_t digest[48];
    struct envelope e;
    struct sw_name origin = w->peer[peer].name;
    struct sw_name to = *target;
    Swarm__V1__ZoneHeld want = SWARM__V1__ZONE_HELD__INIT;
    Swarm__V1__ZoneGet get = SWARM__V1__ZONE_GET__INIT;
    Swarm__V1__ZoneTransfer t = SWARM__V1__ZONE_TRANSFER__INIT;
    want.digest = (ProtobufCBinaryData){ sizeof digest, digest };
    get.name = (ProtobufCBinaryData){ sizeof net, net };
    get.want = &want;
    get.id = id;
    get.hops = 1;
    get.origin = origin.s;
    get.target = to.s;
    t.get = &get;
    ENVELOPE(&e, ZONE_TRANSFER, zone_transfer, &t);
    say(w, peer, SW_CLASS_BULK, envelope_bytes(&e));
}

/* A query or an ant for the other peer, or what the first byte makes of it. */
static void ask_to_hand_on(struct world *w, unsigned peer, struct sw_bytes bytes)
{
    const unsigned what = bytes.len > 0 ? bytes.data[0] : 0;
    const uint32_t hops = (what & 2) != 0 ? what >> 4 : 1;
    const char *origin = w->peer[peer ^ (what >> 2 & 1)].name.s;
    const char *target = (what & 8) != 0 ? "a" : w->peer[1 - peer].name.s;
    const uint64_t id = bytes.len > 1 ? bytes.data[1] : 1;
    if ((what & 128) != 0) {
        ask_to_hand_on_part(w, peer, id, &w->peer[1 - peer].name);
        return;
    }
    const struct envelope e = (what & 1) != 0 ? envelope_ant_to(id, origin, hops, target)
                                              : envelope_query_to(id, origin, hops, target);
    say(w, peer, SW_CLASS_CONTROL, envelope_bytes(&e));
}

static void command(struct world *w, struct sw_bytes request)
{
    struct sw_event ev = { .kind = SW_EV_COMMAND };
    static const char *const methods[] = { "Status", "Snapshot", "Restore", "Nonsense",
                                           "Zones",  "Reload",   "Promote" };
    ev.u.command.method = methods[request.len % SW_LEN(methods)];
    ev.u.command.request = request;
    step(w, &ev);
}

static void toggle_blocked(struct world *w, struct sw_bytes bytes)
{
    struct sw_event ev = { .kind = SW_EV_PEER_BLOCKED };
    ev.u.peer_blocked = w->conn[B][bytes.len & 1];
    if ((bytes.len & 2) != 0) {
        ev.kind = SW_EV_PEER_WRITABLE;
        ev.u.peer_writable = w->conn[B][bytes.len & 1];
    }
    step(w, &ev);
}

static void record(struct world *w, uint8_t what, struct sw_bytes bytes)
{
    struct sw_event drain = { .kind = SW_EV_DRAIN };
    const unsigned peer = what >> 4 & 1;
    switch (what & 15) {
    case 0:
    case 1:
        say(w, peer, (enum sw_class)(what & 1), bytes);
        break;
    case 2:
        query(w, bytes);
        break;
    case 3:
        if ((what & 32) != 0) {
            reply_to_ant(w, peer, bytes);
        } else {
            answer(w, peer, bytes);
        }
        break;
    case 4:
        advance(w, bytes.len * 10 * SW_MS);
        break;
    case 5:
    case 6:
        if (w->conn[peer][(what & 1)] == 0) {
            up(w, peer, (enum sw_class)(what & 1));
        }
        break;
    case 7:
    case 8:
        if (w->conn[peer][(what & 1)] != 0) {
            down(w, peer, (enum sw_class)(what & 1));
        }
        break;
    case 9:
        command(w, bytes);
        break;
    case 10:
        toggle_blocked(w, bytes);
        break;
    case 11:
        step(w, &drain);
        break;
    case 12:
        announce(w, peer, org, bytes);
        break;
    case 13:
        deliver(w, peer, bytes);
        break;
    case 14:
        announce(w, peer, net, bytes);
        break;
    case 15:
        ask_to_hand_on(w, peer, bytes);
        break;
    default:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w;
    struct sw_rd r = { .buf = data, .len = size };
    begin(&w);
    up(&w, B, SW_CLASS_CONTROL);
    up(&w, C, SW_CLASS_CONTROL);
    for (unsigned i = 0; i < 400 && sw_rd_left(&r) >= 3; i++) {
        const uint8_t what = sw_rd_u8(&r);
        size_t len = sw_rd_u16(&r);
        len = len < sw_rd_left(&r) ? len : sw_rd_left(&r);
        const uint8_t *bytes = sw_rd_bytes(&r, len);
        record(&w, what, (struct sw_bytes){ bytes, len });
        struct sw_node_counts counts;
        sw_node_counts(w.node, &counts);
        must(counts.waiting <= w.config.max_waiting);
        must(sw_node_relays(w.node, NULL, 0) <= SW_RELAY_TARGETS * SW_RELAY_PATHS);
    }
    advance(&w, 10 * SW_SEC); /* whoever waits is answered by then */
    struct sw_node_counts counts;
    sw_node_counts(w.node, &counts);
    must(counts.waiting == 0 && counts.forwarded == counts.answered + counts.failed);
    sw_node_free(w.node);
    memfs_free(w.disk);
    return 0;
}

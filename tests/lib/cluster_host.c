/* SPDX-License-Identifier: GPL-3.0-or-later
 * The host of a cluster: carries out what nodes and fronts want, in virtual time. */
#include "node/core/swarm/lane.h"
#include "tests/lib/action_digest.h"
#include "tests/lib/answer_kit.h"
#include "tests/lib/cluster_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void carry_out(struct cluster *c, uint32_t node, struct sw_actions *out);

/* ---- what will happen ---- */

static struct item *later(struct cluster *c, uint32_t node, sw_dur wait, enum sw_event_kind kind)
{
    struct item *i = calloc(1, sizeof *i);
    must(i != NULL);
    i->node = node;
    i->ev.kind = kind;
    must(sw_heap_set(&c->items, &i->at, c->now + wait) == SW_OK);
    return i;
}

static struct sw_bytes keep(struct item *i, struct sw_bytes bytes)
{
    must(sw_blob_append(&i->bytes, bytes.data, bytes.len) == SW_OK);
    return sw_blob_bytes(&i->bytes);
}

void cluster_item_free(struct item *i)
{
    if (i->ev.kind == SW_EV_DONE) {
        sw_job_free(i->ev.u.done);
    }
    sw_blob_fini(&i->bytes);
    free(i);
}

/* ---- stepping ---- */

int cluster_step_node(struct cluster *c, uint32_t node, struct sw_event *ev)
{
    struct member *m = &c->member[node];
    ev->now = c->now;
    ev->wall = (sw_wall)c->now - (sw_wall)m->behind;
    ev->arrived_at = c->now;
    ev->load = m->load;
    if (ev->kind == SW_EV_PEER_MESSAGE &&
        sw_envelope_lane(ev->u.peer_message.message) == SW_LANE_WORK) {
        ev->u.peer_message.full = ev->u.peer_message.full || sw_node_is_full(m->node, &m->load);
    }
    struct sw_actions out = { 0 };
    const int err = sw_node_step(m->node, ev, &out);
    for (size_t i = 0; i < out.n; i++) {
        m->actions[out.v[i].kind]++;
        action_digest(&m->digest, &out.v[i]);
    }
    carry_out(c, node, &out);
    sw_actions_fini(&out);
    return err;
}

static void take_reply(struct cluster *c, const struct sw_action *a)
{
    const uint32_t number = a->u.reply.client.port;
    if (number >= c->n_tickets) {
        return; /* a test's own query */
    }
    must(!c->tickets[number].came);
    struct ticket *t = &c->tickets[number];
    t->came = true;
    t->at = c->now;
    must(sw_blob_append(&t->answer, a->u.reply.message.data, a->u.reply.message.len) == SW_OK);
}

void cluster_step_front(struct cluster *c, uint32_t node, struct sw_event *ev)
{
    struct sw_actions *out = &c->front_out;
    ev->now = c->now;
    ev->arrived_at = c->now;
    must(sw_front_step(c->member[node].front, ev, out) == SW_OK);
    for (size_t i = 0; i < out->n; i++) {
        const struct sw_action *a = &out->v[i];
        if (a->kind == SW_ACT_REPLY) {
            take_reply(c, a);
        } else if (a->kind == SW_ACT_FORWARD) {
            struct item *it = later(c, node, FRONT_TAKES, SW_EV_QUERY);
            it->ev.u.query.client = a->u.forward.client;
            it->ev.u.query.message = keep(it, a->u.forward.message);
        }
    }
    sw_actions_clear(out);
}

int cluster_event(struct cluster *c, uint32_t node, struct sw_event *ev)
{
    return cluster_step_node(c, node, ev);
}

/* ---- connections ---- */

static uint32_t other_end(const struct cluster *c, sw_conn number, enum sw_class *class)
{
    const struct conn *k = &c->conn[(number - 1) / 2];
    *class = k->class;
    return k->node[1 - (number - 1) % 2];
}

static void tell_down(struct cluster *c, uint32_t index, uint32_t side, sw_dur wait)
{
    const struct conn *k = &c->conn[index];
    struct item *i = later(c, k->node[side], wait, SW_EV_PEER_DOWN);
    i->ev.u.peer_down.conn = 1 + 2 * (sw_conn)index + side;
    i->ev.u.peer_down.class = k->class;
    i->ev.u.peer_down.peer = c->member[k->node[1 - side]].config.name;
}

/* Both sides learn it: side @first now, the other one a delay later. */
void cluster_close_conn(struct cluster *c, uint32_t index, uint32_t first)
{
    struct conn *k = &c->conn[index];
    if (k->open) {
        k->open = false;
        tell_down(c, index, first, 0);
        tell_down(c, index, 1 - first, c->delay[k->node[0]][k->node[1]]);
    }
}

static void tell_up(struct cluster *c, uint32_t index, uint32_t side, sw_dur wait)
{
    const struct conn *k = &c->conn[index];
    struct item *i = later(c, k->node[side], wait, SW_EV_PEER_UP);
    i->ev.u.peer_up.conn = 1 + 2 * (sw_conn)index + side;
    i->ev.u.peer_up.class = k->class;
    i->ev.u.peer_up.peer = c->member[k->node[1 - side]].config.name;
    i->ev.u.peer_up.dialled = side == 0;
}

static void dial(struct cluster *c, uint32_t from, const struct sw_action *a)
{
    const char *name = a->u.dial.peer.s[0] != '\0' ? a->u.dial.peer.s : a->u.dial.address;
    uint32_t to = 0;
    while (to < c->n && strcmp(c->member[to].config.name.s, name) != 0) {
        to++;
    }
    if (to == c->n || c->member[to].node == NULL || c->cut[from][to]) {
        struct item *i = later(c, from, DIAL_FAILS_AFTER, SW_EV_PEER_DOWN);
        i->ev.u.peer_down.class = a->u.dial.class;
        i->ev.u.peer_down.peer = a->u.dial.peer;
        return;
    }
    must(c->n_conns < CONNS);
    const uint32_t index = c->n_conns++;
    c->conn[index] = (struct conn){ { from, to }, a->u.dial.class, true };
    tell_up(c, index, 1, c->delay[from][to]);
    tell_up(c, index, 0, 2 * c->delay[from][to]);
}

static void carry(struct cluster *c, uint32_t from, sw_conn number, struct sw_bytes message)
{
    const struct conn *k = &c->conn[(number - 1) / 2];
    enum sw_class class;
    const uint32_t to = other_end(c, number, &class);
    if (!k->open || c->silent[from][to] ||
        (c->tap != NULL && !c->tap(c->tap_arg, from, to, class, message))) {
        return;
    }
    struct item *i = later(c, to, c->delay[from][to], SW_EV_PEER_MESSAGE);
    i->ev.u.peer_message.conn = ((number - 1) ^ 1) + 1;
    i->ev.u.peer_message.message = keep(i, message);
}

sw_conn cluster_conn(const struct cluster *c, uint32_t node, uint32_t peer, enum sw_class class)
{
    for (uint32_t i = 0; i < c->n_conns; i++) {
        const struct conn *k = &c->conn[i];
        const uint32_t side = k->node[0] == node ? 0 : 1;
        if (k->open && k->class == class && k->node[side] == node && k->node[1 - side] == peer) {
            return 1 + 2 * (sw_conn)i + side;
        }
    }
    return 0;
}

bool cluster_inject(struct cluster *c, uint32_t from, uint32_t to, enum sw_class class,
                    struct sw_bytes message)
{
    struct sw_event ev = { .kind = SW_EV_PEER_MESSAGE };
    ev.u.peer_message.conn = cluster_conn(c, to, from, class);
    ev.u.peer_message.message = message;
    if (ev.u.peer_message.conn == 0) {
        return false;
    }
    (void)cluster_step_node(c, to, &ev);
    return true;
}

/* ---- actions ---- */

static void nothing_charged(void *self, enum sw_work work, uint64_t units)
{
    (void)self;
    (void)work;
    (void)units;
}

static void run_job(struct cluster *c, uint32_t node, struct sw_job *job)
{
    const struct sw_job_host host = { .fs = memfs_fs(c->member[node].disk),
                                      .charge = nothing_charged };
    sw_job_run(job, &host);
    later(c, node, JOB_TAKES, SW_EV_DONE)->ev.u.done = job;
}

void cluster_give_back_view(struct cluster *c, uint32_t node, uint32_t i)
{
    struct member *m = &c->member[node];
    struct item *it = later(c, node, JOB_TAKES, SW_EV_VIEW_RETIRED);
    it->ev.u.view_retired = m->views[i];
    m->n_views--;
    memmove((void *)(m->views + i), (const void *)(m->views + i + 1),
            (m->n_views - i) * sizeof *m->views);
}

static void publish(struct cluster *c, uint32_t node, const struct sw_view *view)
{
    struct member *m = &c->member[node];
    struct sw_event ev = { .kind = SW_EV_VIEW, .u.view = view };
    cluster_step_front(c, node, &ev);
    must(m->n_views < VIEWS);
    m->views[m->n_views++] = view;
    while (m->n_views > 1 && !c->holds_views) {
        cluster_give_back_view(c, node, 0);
    }
}

static void trace(struct cluster *c, uint32_t node, const struct sw_trace *t)
{
    struct member *m = &c->member[node];
    m->traces[t->kind]++;
    const size_t used = strlen(m->log);
    (void)snprintf(m->log + used, sizeof m->log - used,
                   "%" PRIu64 "ms %s%s%s %" PRId64 " %" PRId64 "%s%s\n", c->now / SW_MS,
                   sw_trace_text(t->kind), t->peer.s[0] != '\0' ? " " : "", t->peer.s,
                   (int64_t)t->a, (int64_t)t->b, t->text[0] != '\0' ? " " : "", t->text);
}

void cluster_give_entropy(struct cluster *c, uint32_t node)
{
    struct member *m = &c->member[node];
    if (m->starved) {
        m->wants_entropy = true;
        return;
    }
    uint8_t bytes[32];
    memset(bytes, (int)(m->entropies++ + node), sizeof bytes);
    struct item *i = later(c, node, 0, SW_EV_ENTROPY);
    i->ev.u.entropy = keep(i, (struct sw_bytes){ bytes, sizeof bytes });
}

/* What upstream @number answers to @query. */
static void make_answer(uint32_t number, const struct cluster_upstream *u,
                        const struct sw_action *a, struct answer_kit *k)
{
    const struct sw_bytes query = a->u.ask.message;
    const char *label = (const char *)query.data + SW_DNS_HEADER + 1;
    const bool missing = strncmp(label, "nx", 2) == 0;
    const bool fails = strncmp(label, "fail", 4) == 0;
    kit_begin(k, query, missing ? SW_RCODE_NXDOMAIN : fails ? SW_RCODE_SERVFAIL : 0);
    if (missing) {
        kit_soa(k, u->ttl, u->ttl);
    } else if (!fails) {
        kit_a(k, NULL, u->ttl, (uint8_t)number);
    }
    if (strncmp(label, "big", 3) == 0 && !a->u.ask.stream) {
        k->bytes[2] |= SW_DNS_TC;
    }
}

static void ask(struct cluster *c, uint32_t node, const struct sw_action *a)
{
    const uint32_t number = (uint32_t)(a->u.ask.address[1] - '0');
    must(number < CLUSTER_UPSTREAMS);
    struct cluster_upstream *u = &c->upstream[number];
    u->asked++;
    u->id = a->u.ask.id;
    u->node = node;
    u->len = a->u.ask.message.len;
    must(u->len <= sizeof u->query);
    memcpy(u->query, a->u.ask.message.data, u->len);
    if (u->silent) {
        return;
    }
    struct answer_kit k = { .len = 0 };
    struct item *it = later(c, node, u->refused ? FRONT_TAKES : u->rtt, SW_EV_UPSTREAM);
    it->ev.u.upstream.id = a->u.ask.id;
    if (!u->refused) {
        make_answer(number, u, a, &k);
        it->ev.u.upstream.message = keep(it, kit_bytes(&k));
    }
}

static void carry_out(struct cluster *c, uint32_t node, struct sw_actions *out)
{
    for (size_t i = 0; i < out->n; i++) {
        const struct sw_action *a = &out->v[i];
        struct item *it;
        switch (a->kind) {
        case SW_ACT_SEND:
            carry(c, node, a->u.send.conn, a->u.send.message);
            break;
        case SW_ACT_DIAL:
            dial(c, node, a);
            break;
        case SW_ACT_HANG_UP:
            cluster_close_conn(c, (uint32_t)((a->u.hang_up - 1) / 2), (a->u.hang_up - 1) % 2);
            break;
        case SW_ACT_ASK:
            ask(c, node, a);
            break;
        case SW_ACT_SUBMIT:
            run_job(c, node, a->u.submit);
            break;
        case SW_ACT_ANSWER:
            it = later(c, node, FRONT_TAKES, SW_EV_ANSWER);
            it->front = true;
            it->ev.u.answer.client = a->u.answer.client;
            it->ev.u.answer.message = keep(it, a->u.answer.message);
            break;
        case SW_ACT_PUBLISH:
            publish(c, node, a->u.publish);
            break;
        case SW_ACT_COMMAND_REPLY:
            c->command_status = a->u.command_reply.status;
            must(sw_blob_append(&c->command_reply, a->u.command_reply.message.data,
                                a->u.command_reply.message.len) == SW_OK);
            break;
        case SW_ACT_WANT_ENTROPY:
            cluster_give_entropy(c, node);
            break;
        case SW_ACT_TRACE:
            trace(c, node, &a->u.trace);
            break;
        default:
            break; /* DRAINED is counted */
        }
    }
}

/* ---- time ---- */

static void happen(struct cluster *c, struct item *i)
{
    struct sw_event ev = i->ev;
    if (c->member[i->node].node != NULL) {
        if (i->front) {
            cluster_step_front(c, i->node, &ev);
        } else {
            i->ev.kind = SW_EV_TICK; /* a job is the node's from here on */
            (void)cluster_step_node(c, i->node, &ev);
        }
    }
    cluster_item_free(i);
}

/* The node whose deadline is first, and when; c->n when none has any. */
static uint32_t first_deadline(const struct cluster *c, sw_time *at)
{
    uint32_t first = c->n;
    *at = SW_TIME_NEVER;
    for (uint32_t i = 0; i < c->n; i++) {
        const struct sw_node *n = c->member[i].node;
        const sw_time d = n != NULL ? sw_node_deadline(n) : SW_TIME_NEVER;
        if (d < *at) {
            *at = d;
            first = i;
        }
    }
    return first;
}

void cluster_run(struct cluster *c, sw_dur length)
{
    const sw_time end = c->now + length;
    for (;;) {
        sw_time due;
        const uint32_t node = first_deadline(c, &due);
        const struct sw_timer *t = sw_heap_first(&c->items);
        const sw_time item = t != NULL ? t->at : SW_TIME_NEVER;
        if (item > end && due > end) {
            break;
        }
        if (item <= due) {
            c->now = item;
            happen(c, (struct item *)(void *)sw_heap_due(&c->items, item));
        } else {
            c->now = due > c->now ? due : c->now;
            struct sw_event tick = { .kind = SW_EV_TICK };
            (void)cluster_step_node(c, node, &tick);
            must(sw_node_deadline(c->member[node].node) > c->now);
        }
    }
    c->now = end;
}

sw_time cluster_now(const struct cluster *c)
{
    return c->now;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a node and its front want done, done in the virtual world. */
#include "sim/world/host_inside.h"

#include "node/base/bug.h"
#include "node/base/rng.h"
#include "sim/world/client.h"
#include "sim/world/upstream.h"

#include <stdlib.h>
#include <string.h>

#define ENTROPY_BYTES 64U

void sim_host_because(struct sim_host *h, struct sim_luck cause)
{
    h->cause = cause;
    h->effects = 0;
}

static struct sim_luck next_luck(struct sim_host *h)
{
    return sim_luck_child(h->cause, h->effects++);
}

static struct sw_load load_of(const struct sim_host *h)
{
    struct sw_load load = sim_processor_load(h->processor);
    if (h->silent > 0 && sw_unit(sw_rng_at(h->silence, sim_now(h->w->engine), 0)) < h->silent) {
        load.service = 0; /* not known */
    }
    if (h->understates != 1) {
        load.waiting = (uint32_t)((double)load.waiting / h->understates);
        load.service = (sw_dur)((double)load.service / h->understates);
    }
    return load;
}

/* What most clocks say can be told from the host alone. */
static sw_wall wall(const struct sim_host *h, sw_time now)
{
    return h->w->n_effects == 0 && !h->drifts ? sim_wall(now) + h->ahead
                                              : sim_world_wall(h->w, h->index);
}

struct sw_event sim_host_event(const struct sim_host *h, enum sw_event_kind kind)
{
    const sw_time now = sim_now(h->w->engine);
    return (struct sw_event){
        .kind = kind,
        .now = now,
        .wall = wall(h, now),
        .arrived_at = now,
        .load = load_of(h),
    };
}

/* ---- the front's ---- */

static void reply(struct sim_host *h, const struct sw_action *a)
{
    struct sim_world *w = h->w;
    struct sim_datagram *d = sim_pool_get(&w->pool, sizeof *d + a->u.reply.message.len);
    *d = (struct sim_datagram){ .host = h,
                                .client = a->u.reply.client,
                                .luck = next_luck(h),
                                .len = (uint32_t)a->u.reply.message.len };
    memcpy(d->data, a->u.reply.message.data, d->len);
    if (w->hooks.on_reply != NULL) {
        w->hooks.on_reply(w->hooks.self, h->index, d->data, d->len);
    }
    sim_clientele_reply(w->clientele, d);
}

/* Carry out what any event of a front may bring. */
static void carry_out_front(struct sim_host *h, const struct sw_action *a)
{
    switch (a->kind) {
    case SW_ACT_REPLY:
        reply(h, a);
        break;
    case SW_ACT_WRITE:
        sim_clientele_stream(h->w->clientele, h->index, a->u.write.stream, a->u.write.data,
                             next_luck(h));
        break;
    case SW_ACT_CLOSE:
        sim_clientele_stream_closed(h->w->clientele, h->index, a->u.close);
        break;
    case SW_ACT_TRACE:
        sim_tell_trace(h->w, h->index, &a->u.trace);
        break;
    default:
        SW_ASSERT(false); /* not a front's, or a FORWARD that no query brought about */
    }
}

static void step_front(struct sim_host *h, struct sw_event *ev, struct sw_actions *out)
{
    SW_ASSERT(out->n == 0);
    if (sw_front_step(h->front, ev, out) == SW_ERR_NOMEM) {
        sim_out_of_memory("a front");
    }
}

/* An event from the node for its front. */
static void tell_front(struct sim_host *h, struct sw_event *ev)
{
    struct sw_actions *out = &h->w->answer_out;
    step_front(h, ev, out);
    for (size_t i = 0; i < out->n; i++) {
        carry_out_front(h, &out->v[i]);
    }
    sw_actions_clear(out);
}

/* ---- the node's ---- */

struct unknown_peer {
    struct sim_host *host;
    uint64_t life;
    struct sw_name peer;
    enum sw_class class;
};

/* No such host: the name could not be resolved. */
static void not_found(void *self, uint64_t arg)
{
    (void)arg;
    const struct unknown_peer u = *(struct unknown_peer *)self;
    struct sim_host *h = u.host;
    if (sim_host_put_off(h, not_found, self)) {
        return;
    }
    sim_pool_put(&h->w->pool, self, sizeof u);
    if (h->life != u.life) {
        return;
    }
    struct sw_event ev = sim_host_event(h, SW_EV_PEER_DOWN);
    ev.u.peer_down.class = u.class;
    ev.u.peer_down.peer = u.peer;
    sim_host_because(h, (struct sim_luck){ h->index, ev.now });
    sim_host_step(h, &ev);
}

static void send(struct sim_host *h, sw_conn conn, struct sw_bytes message)
{
    const struct sim_hooks *hooks = &h->w->hooks;
    uint8_t *changed = NULL;
    unsigned times = 1;
    if (hooks->on_send != NULL && message.len > 0) {
        changed = sim_alloc(message.len);
        memcpy(changed, message.data, message.len);
        times = hooks->on_send(hooks->self, h->index, changed, message.len);
        message.data = changed;
    }
    sim_tell_message(h->w, h->index, message);
    for (unsigned i = 0; i < times; i++) {
        sim_conn_send(h->w->conns, h->index, conn, message, next_luck(h));
    }
    free(changed);
}

static void dial(struct sim_host *h, const struct sw_action *a)
{
    const bool anybody = a->u.dial.peer.s[0] == '\0'; /* an address is a name here */
    const uint32_t to = sim_find_node(h->w->s, anybody ? a->u.dial.address : a->u.dial.peer.s);
    if (to != UINT32_MAX && to != h->index) {
        const struct sim_conn_end end = { &sim_host_peers, h };
        sim_conn_dial(h->w->conns, h->index, end, to, NULL, a->u.dial.class);
        return;
    }
    struct unknown_peer *u = sim_pool_get(&h->w->pool, sizeof *u);
    *u = (struct unknown_peer){ h, h->life, a->u.dial.peer, a->u.dial.class };
    (void)sim_at(h->w->engine, sim_now(h->w->engine) + SW_MS, not_found, u, 0);
}

static void answer(struct sim_host *h, const struct sw_action *a)
{
    struct sw_event ev = sim_host_event(h, SW_EV_ANSWER);
    ev.u.answer.client = a->u.answer.client;
    ev.u.answer.message = a->u.answer.message;
    tell_front(h, &ev);
}

static void publish(struct sim_host *h, const struct sw_view *view)
{
    struct sw_event ev = sim_host_event(h, SW_EV_VIEW);
    ev.u.view = view;
    tell_front(h, &ev);
    if (h->view != NULL) {
        SW_ASSERT(h->n_retired < SW_LEN(h->retired));
        h->retired[h->n_retired++] = h->view;
    }
    h->view = view;
}

static void command_reply(struct sim_host *h, const struct sw_action *a)
{
    struct command **at = &h->commands;
    while (*at != NULL && (*at)->id != a->u.command_reply.id) {
        at = &(*at)->next;
    }
    struct command *c = *at;
    if (c == NULL) {
        return;
    }
    c->reply(c->arg, a->u.command_reply.status, a->u.command_reply.reason,
             a->u.command_reply.message, a->u.command_reply.last);
    if (a->u.command_reply.last) {
        *at = c->next;
        sim_pool_put(&h->w->pool, c, sizeof *c);
    }
}

static void carry_out(struct sim_host *h, struct sw_actions *out)
{
    for (size_t i = 0; i < out->n; i++) {
        const struct sw_action *a = &out->v[i];
        switch (a->kind) {
        case SW_ACT_SEND:
            send(h, a->u.send.conn, a->u.send.message);
            break;
        case SW_ACT_DIAL:
            dial(h, a);
            break;
        case SW_ACT_HANG_UP:
            sim_conn_hang_up(h->w->conns, h->index, a->u.hang_up);
            break;
        case SW_ACT_ASK:
            sim_upstreams_ask(h->w->upstreams, h->index, a, next_luck(h));
            break;
        case SW_ACT_UNASK:
            break; /* what still comes is late, and the node knows */
        case SW_ACT_SUBMIT:
            sim_host_submit(h, a->u.submit);
            break;
        case SW_ACT_ANSWER:
            answer(h, a);
            break;
        case SW_ACT_PUBLISH:
            publish(h, a->u.publish);
            break;
        case SW_ACT_COMMAND_REPLY:
            command_reply(h, a);
            break;
        case SW_ACT_WANT_ENTROPY:
            h->wants_entropy = true;
            break;
        case SW_ACT_DRAINED:
            sim_host_drained(h);
            break;
        case SW_ACT_TRACE:
            sim_tell_trace(h->w, h->index, &a->u.trace);
            break;
        default:
            SW_ASSERT(false); /* not a node's */
        }
    }
    sw_actions_clear(out);
}

/* Times that the node was unlucky on purpose. */
static uint64_t fired(const struct sim_host *h)
{
    uint64_t n = 0;
    for (size_t i = 0; h->w->buggify && i < SW_SITE_COUNT; i++) {
        n += h->buggify.count[i].fired;
    }
    return n;
}

static void step_once(struct sim_host *h, struct sw_event *ev)
{
    const uint64_t before = fired(h);
    struct sw_actions *out = &h->w->node_out;
    SW_ASSERT(out->n == 0);
    /* On purpose it may well have found none; otherwise it was this machine's. */
    if (sw_node_step(h->node, ev, out) == SW_ERR_NOMEM && fired(h) == before) {
        sim_out_of_memory("a node");
    }
    carry_out(h, out);
}

/* What a step left for afterwards: true when there was something. */
static bool follow_up(struct sim_host *h)
{
    if (h->n_retired > 0) {
        struct sw_event ev = sim_host_event(h, SW_EV_VIEW_RETIRED);
        ev.u.view_retired = h->retired[0];
        h->n_retired--;
        for (size_t i = 0; i < h->n_retired; i++) {
            h->retired[i] = h->retired[i + 1];
        }
        step_once(h, &ev);
        return true;
    }
    if (h->wants_entropy) {
        uint64_t bytes[ENTROPY_BYTES / 8];
        h->wants_entropy = false;
        for (size_t i = 0; i < SW_LEN(bytes); i++) {
            bytes[i] = sw_rng_at(h->entropy, h->entropy_drawn, i);
        }
        h->entropy_drawn++;
        struct sw_event ev = sim_host_event(h, SW_EV_ENTROPY);
        ev.u.entropy = (struct sw_bytes){ (const uint8_t *)bytes, sizeof bytes };
        step_once(h, &ev);
        return true;
    }
    return false;
}

static void on_tick(void *self, uint64_t arg)
{
    (void)arg;
    struct sim_host *h = self;
    h->tick_at = SW_TIME_NEVER;
    h->tick = 0;
    struct sw_event ev = sim_host_event(h, SW_EV_TICK);
    sim_host_because(h, (struct sim_luck){ UINT64_MAX - h->index, ev.now });
    if (sw_front_deadline(h->front) <= ev.now) {
        sim_host_step_front(h, &ev);
    }
    if (sw_node_deadline(h->node) <= ev.now) {
        sim_trace(h->w->engine, h->index, SIM_KIND_TICK, NULL, 0);
        sim_host_step(h, &ev);
    } else {
        sim_host_set_tick(h);
    }
}

void sim_host_set_tick(struct sim_host *h)
{
    const sw_time node_at = sw_node_deadline(h->node);
    const sw_time front_at = sw_front_deadline(h->front);
    const sw_time at = node_at < front_at ? node_at : front_at;
    const sw_time now = sim_now(h->w->engine);
    if (at >= h->tick_at) {
        return; /* an early tick looks again */
    }
    sim_cancel(h->w->engine, h->tick);
    h->tick_at = at;
    h->tick = sim_at(h->w->engine, at > now ? at : now, on_tick, h, 0);
}

void sim_host_step(struct sim_host *h, struct sw_event *ev)
{
    step_once(h, ev);
    while (follow_up(h)) {
    }
    sim_host_set_tick(h);
}

void sim_host_step_front(struct sim_host *h, struct sw_event *ev)
{
    struct sw_actions *out = &h->w->front_out;
    step_front(h, ev, out);
    for (size_t i = 0; i < out->n; i++) {
        const struct sw_action *a = &out->v[i];
        if (a->kind != SW_ACT_FORWARD) {
            carry_out_front(h, a);
            continue;
        }
        if (h->w->s->nodes[h->index].processor.forward > 0) {
            sim_host_forward(h, &a->u.forward.client, a->u.forward.message, ev->arrived_at);
            continue;
        }
        struct sw_event query = sim_host_event(h, SW_EV_QUERY);
        query.arrived_at = ev->arrived_at;
        query.u.query.client = a->u.forward.client;
        query.u.query.message = a->u.forward.message;
        sim_host_step(h, &query);
    }
    sw_actions_clear(out);
}

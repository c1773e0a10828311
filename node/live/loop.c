/* SPDX-License-Identifier: GPL-3.0-or-later
 * The main loop: events in, actions out, requests in their turn. */
#define _GNU_SOURCE /* what uv.h needs */
#include "node/base/bug.h"
#include "node/core/swarm/lane.h"
#include "node/live/clock.h"
#include "node/live/fronts.h"
#include "node/live/host.h"
#include "node/live/log.h"
#include "node/live/notify.h"
#include "node/live/peer.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define WORK_LIMIT (16u << 20) /* bytes of requests that may wait */
#define WORK_TURN 128          /* requests served before sockets are looked at again */

static void note_state(struct live_host *h)
{
    const enum sw_state state = sw_node_state(h->node);
    if (state != h->told) {
        h->told = state;
        live_notify_state(state);
    }
}

static struct sw_load load_of(const struct live_host *h)
{
    return (struct sw_load){
        .waiting = (uint32_t)h->work.count,
        .cores = 1, /* one loop decides, whatever the machine has */
        .service = h->service,
    };
}

bool live_host_is_full(const struct live_host *h)
{
    const struct sw_load load = load_of(h);
    return sw_node_is_full(h->node, &load);
}

static int step(struct live_host *h, struct sw_event *ev)
{
    ev->load = load_of(h);
    h->stepping = true;
    const int err = sw_node_step(h->node, ev, &h->actions);
    for (size_t i = 0; i < h->actions.n; i++) {
        live_carry_out(h, &h->actions.v[i]);
    }
    sw_actions_clear(&h->actions);
    h->stepping = false;
    if (err == SW_ERR_NOMEM) {
        LIVE_LOG(SW_LOG_ERROR, "event dropped", LIVE_TEXT("reason", "out of memory"));
    }
    return err;
}

int live_host_step(struct live_host *h, struct sw_event *ev, sw_time arrived_at)
{
    SW_ASSERT(!h->stepping);
    ev->now = live_now();
    ev->wall = live_wall();
    ev->arrived_at = arrived_at;
    const int err = step(h, ev);
    for (size_t i = 0; i < h->later.n; i++) {
        struct sw_event next = h->later.v[i];
        next.now = live_now();
        next.wall = live_wall();
        next.arrived_at = next.now;
        (void)step(h, &next);
    }
    h->later.n = 0;
    sodium_memzero(h->entropy, sizeof h->entropy);
    note_state(h);
    return err;
}

void live_host_later(struct live_host *h, const struct sw_event *ev)
{
    if (!h->stepping && h->later.n == 0) {
        struct sw_event now = *ev;
        (void)live_host_step(h, &now, live_now());
        return;
    }
    if (h->later.n == h->later.cap) {
        const size_t cap = h->later.cap == 0 ? 16 : 2 * h->later.cap;
        struct sw_event *v = realloc(h->later.v, cap * sizeof *v);
        SW_ASSERT(v != NULL); /* a lost PEER_DOWN or view would never be made good */
        h->later.v = v;
        h->later.cap = cap;
    }
    h->later.v[h->later.n++] = *ev;
}

/* ---- requests in their turn ---- */

static void on_busy(uv_idle_t *idle)
{
    (void)idle; /* its presence makes the loop poll without waiting */
}

void live_host_queue(struct live_host *h, const struct live_mail *mail)
{
    if (live_queue_put(&h->work, mail, WORK_LIMIT) != 0) {
        h->dropped++;
    } else if (h->work.count == 1) {
        (void)uv_idle_start(&h->busy, on_busy);
    }
}

/* One request's processor time into the mean (as RFC 6298 smooths round trips, 1/8). */
static void measure(struct live_host *h, sw_dur spent)
{
    h->service = h->service == 0 ? spent : h->service - h->service / 8 + spent / 8;
}

static void serve(struct live_host *h, const struct live_mail *mail)
{
    const sw_time began = live_now();
    struct sw_event ev = { .kind = SW_EV_QUERY };
    if (mail->kind == LIVE_MAIL_QUERY) {
        ev.u.query.client = mail->client;
        ev.u.query.message = mail->message;
    } else if (live_peers_has(h->peers, mail->conn)) {
        ev.kind = SW_EV_PEER_MESSAGE;
        ev.u.peer_message.conn = mail->conn;
        ev.u.peer_message.message = mail->message;
    } else {
        return;
    }
    (void)live_host_step(h, &ev, mail->arrived_at);
    measure(h, live_now() - began);
}

static void serve_turn(struct live_host *h)
{
    struct live_mail mail;
    for (int i = 0; i < WORK_TURN && live_queue_next(&h->work, &mail); i++) {
        serve(h, &mail);
    }
    if (h->work.count == 0) {
        (void)uv_idle_stop(&h->busy);
    }
}

static void on_wake(uv_async_t *wake)
{
    struct live_host *h = wake->data;
    struct live_mail mail;
    live_box_take(&h->box, &h->mail);
    while (live_queue_next(&h->mail, &mail)) {
        if (mail.kind == LIVE_MAIL_QUERY) {
            live_host_queue(h, &mail);
        } else if (mail.kind == LIVE_MAIL_ADOPTED && h->fronts != NULL) {
            const struct sw_view *old = live_fronts_adopted(h->fronts, mail.view);
            struct sw_event ev = { .kind = SW_EV_VIEW_RETIRED, .u.view_retired = old };
            if (old != NULL) {
                (void)live_host_step(h, &ev, live_now());
            }
        }
    }
}

/* ---- time ---- */

static void on_deadline(uv_timer_t *timer)
{
    struct live_host *h = timer->data;
    struct sw_event ev = { .kind = SW_EV_TICK };
    h->deadline_at = SW_TIME_NEVER;
    (void)live_host_step(h, &ev, live_now());
}

/* Everything that this round produced goes out in one write a connection. */
static void settle(struct live_host *h)
{
    if (h->drained && !h->stopping) {
        live_host_stop(h);
    }
    live_peers_flush(h->peers);
    const sw_time at = h->stopping ? SW_TIME_NEVER : sw_node_deadline(h->node);
    if (at == h->deadline_at) {
        return;
    }
    h->deadline_at = at;
    if (at == SW_TIME_NEVER) {
        (void)uv_timer_stop(&h->deadline);
    } else {
        uv_update_time(&h->loop);
        (void)uv_timer_start(&h->deadline, on_deadline, live_timer_ms(live_now(), at), 0);
    }
}

static void on_before_poll(uv_prepare_t *p)
{
    settle(p->data);
}

static void on_after_poll(uv_check_t *c)
{
    struct live_host *h = c->data;
    serve_turn(h);
    settle(h);
}

int live_loop_init(struct live_host *h)
{
    int rv = uv_loop_init(&h->loop);
    if (rv != 0) {
        return SW_ERR_NOMEM;
    }
    h->before_poll.data = h;
    h->after_poll.data = h;
    h->busy.data = h;
    h->deadline.data = h;
    h->stop_deadline.data = h;
    h->wake.data = h;
    h->deadline_at = SW_TIME_NEVER;
    rv = uv_prepare_init(&h->loop, &h->before_poll);
    rv = rv != 0 ? rv : uv_check_init(&h->loop, &h->after_poll);
    rv = rv != 0 ? rv : uv_idle_init(&h->loop, &h->busy);
    rv = rv != 0 ? rv : uv_timer_init(&h->loop, &h->deadline);
    rv = rv != 0 ? rv : uv_timer_init(&h->loop, &h->stop_deadline);
    rv = rv != 0 ? rv : uv_async_init(&h->loop, &h->wake, on_wake);
    rv = rv != 0 ? rv : uv_prepare_start(&h->before_poll, on_before_poll);
    rv = rv != 0 ? rv : uv_check_start(&h->after_poll, on_after_poll);
    return rv == 0 ? live_box_init(&h->box, &h->wake) : SW_ERR_NOMEM;
}

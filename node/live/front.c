/* SPDX-License-Identifier: GPL-3.0-or-later
 * One front end: a loop on a thread of its own that drives sw_front_step. */
#define _GNU_SOURCE
#include "node/live/front.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/core/dns/answer.h"
#include "node/live/clock.h"
#include "node/live/fronts.h"
#include "node/live/log.h"

#define SLOTS 2048u    /* streams, the ones being closed included */
#define FLUSH_ROUNDS 8 /* before others have their turn */

void live_front_step(struct live_front *f, struct sw_event *ev, sw_time arrived_at)
{
    ev->now = live_now();
    ev->wall = live_wall();
    ev->arrived_at = arrived_at;
    if (sw_front_step(f->core, ev, &f->actions) != 0) {
        f->dropped++;
    }
}

/* The node takes no more: a stream's client is told, since its connection would wait; a datagram's
 * asks again. */
static void refuse_query(struct live_front *f, const struct sw_action *a)
{
    uint8_t bytes[SW_DNS_UDP_MIN];
    struct sw_wr w = { .buf = bytes, .cap = sizeof bytes };
    f->dropped++;
    if (a->u.forward.client.stream != 0 &&
        sw_answer_error(a->u.forward.message, SW_RCODE_SERVFAIL, SW_EDE_OTHER, &w)) {
        struct sw_event ev = { .kind = SW_EV_ANSWER };
        ev.u.answer.client = a->u.forward.client;
        ev.u.answer.message = (struct sw_bytes){ bytes, w.len };
        live_front_step(f, &ev, live_now());
    }
}

static void send_query(struct live_front *f, const struct sw_action *a)
{
    const struct live_mail mail = {
        .kind = LIVE_MAIL_QUERY,
        .client = a->u.forward.client,
        .arrived_at = live_now(),
        .message = a->u.forward.message,
    };
    if (live_box_put(f->node, &mail, LIVE_MAIL_LIMIT) != 0) {
        refuse_query(f, a);
    }
}

static void carry_out(struct live_front *f, const struct sw_action *a)
{
    switch (a->kind) {
    case SW_ACT_REPLY:
        live_udp_reply(f, &a->u.reply.client, a->u.reply.message);
        break;
    case SW_ACT_FORWARD:
        send_query(f, a);
        break;
    case SW_ACT_WRITE:
        live_stream_write(f, a->u.write.stream, a->u.write.data);
        break;
    case SW_ACT_CLOSE:
        live_stream_close(f, a->u.close);
        break;
    default:
        break; /* nothing else is a front's to say */
    }
}

static void on_deadline(uv_timer_t *timer)
{
    struct live_front *f = timer->data;
    struct sw_event ev = { .kind = SW_EV_TICK };
    f->deadline_at = SW_TIME_NEVER;
    live_front_step(f, &ev, live_now());
    live_front_flush(f);
}

static void set_deadline(struct live_front *f)
{
    const sw_time at = sw_front_deadline(f->core);
    if (at == f->deadline_at) {
        return;
    }
    f->deadline_at = at;
    if (at == SW_TIME_NEVER) {
        (void)uv_timer_stop(&f->deadline);
    } else {
        uv_update_time(&f->loop);
        (void)uv_timer_start(&f->deadline, on_deadline, live_timer_ms(live_now(), at), 0);
    }
}

static void show_figures(struct live_front *f)
{
    uint64_t v[LIVE_FRONT_FIGURES];
    struct sw_front_counts counts;
    sw_front_counts(f->core, &counts);
    memcpy(v, &counts, sizeof counts);
    v[LIVE_FRONT_FIGURES - 1] = f->dropped;
    for (size_t i = 0; i < LIVE_FRONT_FIGURES; i++) {
        atomic_store_explicit(&f->figures[i], v[i], memory_order_relaxed);
    }
}

void live_front_flush(struct live_front *f)
{
    bool more = true;
    for (int round = 0; more && round < FLUSH_ROUNDS; round++) {
        for (size_t i = 0; i < f->actions.n; i++) {
            const struct sw_action a = f->actions.v[i]; /* steps in between may move the list */
            carry_out(f, &a);
        }
        live_udp_flush(f);
        sw_actions_clear(&f->actions);
        more = live_streams_flush(f) || f->actions.n > 0;
    }
    if (more) {
        (void)uv_async_send(&f->wake);
    }
    set_deadline(f);
    show_figures(f);
}

/* ---- mail from the node ---- */

/* Close everything: the loop ends when that is done. */
static void stop(struct live_front *f)
{
    live_streams_abort(f);
    for (size_t i = 0; i < f->n_sockets; i++) {
        live_udp_close(&f->udp[i]);
        if (f->tcp[i].opened) {
            uv_close((uv_handle_t *)&f->tcp[i].tcp, NULL);
        }
    }
    uv_close((uv_handle_t *)&f->deadline, NULL);
    uv_close((uv_handle_t *)&f->wake, NULL);
}

static void adopt(struct live_front *f, const struct sw_view *view)
{
    struct sw_event ev = { .kind = SW_EV_VIEW, .u.view = view };
    live_front_step(f, &ev, live_now());
    const struct live_mail mail = { .kind = LIVE_MAIL_ADOPTED, .view = view };
    if (live_box_put(f->node, &mail, SIZE_MAX) != 0) {
        LIVE_LOG(SW_LOG_ERROR, "front can not report a view", LIVE_NUMBER("front", f->number));
    }
}

static void on_wake(uv_async_t *wake)
{
    struct live_front *f = wake->data;
    struct live_mail mail;
    bool stopping = false;
    live_box_take(&f->in, &f->mail);
    while (live_queue_next(&f->mail, &mail)) {
        if (mail.kind == LIVE_MAIL_ANSWER) {
            struct sw_event ev = { .kind = SW_EV_ANSWER };
            ev.u.answer.client = mail.client;
            ev.u.answer.message = mail.message;
            live_front_step(f, &ev, mail.arrived_at);
        } else if (mail.kind == LIVE_MAIL_VIEW) {
            adopt(f, mail.view);
        } else if (mail.kind == LIVE_MAIL_STOP) {
            stopping = true;
        }
    }
    live_front_flush(f);
    if (stopping) {
        stop(f);
    }
}

/* ---- life ---- */

static int prepare(struct live_front *f, size_t n)
{
    const struct sw_front_options options = { .number = f->number };
    f->core = sw_front_new(&options);
    f->batch = live_udp_batch_new();
    f->udp = calloc(n, sizeof *f->udp);
    f->tcp = calloc(n, sizeof *f->tcp);
    f->streams = calloc(SLOTS, sizeof *f->streams);
    f->read_buffer = malloc(65536);
    f->n_streams = SLOTS;
    f->deadline_at = SW_TIME_NEVER;
    if (f->core == NULL || f->batch == NULL || f->udp == NULL || f->tcp == NULL ||
        f->streams == NULL || f->read_buffer == NULL) {
        return SW_ERR_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        f->udp[i] = (struct live_udp){ .front = f, .fd = -1, .socket = (uint16_t)i };
        f->tcp[i] = (struct live_listener){ .front = f, .socket = (uint16_t)i };
    }
    f->wake.data = f;
    f->deadline.data = f;
    return uv_async_init(&f->loop, &f->wake, on_wake) == 0 &&
                   uv_timer_init(&f->loop, &f->deadline) == 0
               ? live_box_init(&f->in, &f->wake)
               : SW_ERR_NOMEM;
}

int live_front_open(struct live_front *f, const union live_address *addresses, size_t n,
                    struct sw_diag *d)
{
    if (uv_loop_init(&f->loop) != 0) {
        return sw_diag_set(d, SW_ERR_NOMEM, "no loop for a front end");
    }
    f->opened = true;
    int err = prepare(f, n);
    if (err != 0) {
        return sw_diag_set(d, err, "no memory for a front end");
    }
    f->ready = true;
    for (size_t i = 0; i < n && err == 0; i++) {
        f->n_sockets = i + 1;
        err = live_udp_open(&f->udp[i], &addresses[i], d);
        err = err != 0 ? err : live_listener_open(&f->tcp[i], &addresses[i], d);
    }
    return err;
}

void live_front_run(void *front)
{
    struct live_front *f = front;
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
}

void live_front_close(struct live_front *f)
{
    if (f->ready && !f->running) { /* otherwise its thread did this */
        stop(f);
        (void)uv_run(&f->loop, UV_RUN_DEFAULT);
    }
    if (f->ready) {
        live_box_fini(&f->in);
    }
    if (f->opened) {
        (void)uv_loop_close(&f->loop);
    }
    live_queue_fini(&f->mail);
    sw_actions_fini(&f->actions);
    sw_front_free(f->core);
    live_udp_batch_free(f->batch);
    free(f->udp);
    free(f->tcp);
    free(f->streams);
    free(f->read_buffer);
}

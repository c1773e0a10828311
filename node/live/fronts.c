/* SPDX-License-Identifier: GPL-3.0-or-later
 * The DNS front ends, seen from the main thread. */
#define _GNU_SOURCE /* what uv.h needs */
#include "node/live/fronts.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "node/base/bug.h"
#include "node/live/clock.h"
#include "node/live/front.h"
#include "node/live/log.h"

/* A view on its way. */
struct published {
    const struct sw_view *view;
    uint32_t waiting; /* fronts that have not adopted it */
};

struct live_fronts {
    struct live_front *v;
    uint32_t n;
    const struct sw_view *current; /* adopted by all */
    struct published *published;   /* later ones, in order */
    size_t n_published, cap;
};

int live_fronts_start(const struct live_fronts_options *o, struct live_fronts **out,
                      struct sw_diag *d)
{
    struct live_fronts *f = calloc(1, sizeof *f);
    struct live_front *v = calloc(o->threads, sizeof *v);
    if (f == NULL || v == NULL) {
        free(f);
        free(v);
        return sw_diag_set(d, SW_ERR_NOMEM, "no memory for front ends");
    }
    f->v = v;
    int err = 0;
    for (uint32_t i = 0; i < o->threads && err == 0; i++) {
        f->n = i + 1;
        v[i].number = i;
        v[i].node = o->node;
        err = live_front_open(&v[i], o->addresses, o->n_addresses, d);
    }
    for (uint32_t i = 0; i < f->n && err == 0; i++) {
        v[i].running = uv_thread_create(&v[i].thread, live_front_run, &v[i]) == 0;
        err = v[i].running ? 0 : sw_diag_set(d, SW_ERR_NOMEM, "no thread for a front end");
    }
    if (err != 0) {
        live_fronts_stop(f);
        return err;
    }
    *out = f;
    return 0;
}

static int remember(struct live_fronts *f, const struct sw_view *view)
{
    if (f->n_published == f->cap) {
        const size_t cap = f->cap == 0 ? 8 : 2 * f->cap;
        struct published *p = realloc(f->published, cap * sizeof *p);
        if (p == NULL) {
            return SW_ERR_NOMEM;
        }
        f->published = p;
        f->cap = cap;
    }
    f->published[f->n_published++] = (struct published){ view, f->n };
    return 0;
}

void live_fronts_publish(struct live_fronts *f, const struct sw_view *view)
{
    const struct live_mail mail = { .kind = LIVE_MAIL_VIEW, .view = view };
    int err = remember(f, view);
    for (uint32_t i = 0; i < f->n && err == 0; i++) {
        err = live_box_put(&f->v[i].in, &mail, SIZE_MAX);
    }
    SW_ASSERT(err == 0); /* a front with an old view would answer wrongly for ever */
}

const struct sw_view *live_fronts_adopted(struct live_fronts *f, const struct sw_view *view)
{
    size_t i = 0;
    while (i < f->n_published && f->published[i].view != view) {
        i++;
    }
    SW_ASSERT(i < f->n_published && f->published[i].waiting > 0);
    if (--f->published[i].waiting > 0) {
        return NULL;
    }
    SW_ASSERT(i == 0); /* every front adopts in the order published */
    const struct sw_view *old = f->current;
    f->current = view;
    f->n_published--;
    for (size_t k = 0; k < f->n_published; k++) {
        f->published[k] = f->published[k + 1];
    }
    return old;
}

int live_fronts_answer(struct live_fronts *f, const struct sw_client *client,
                       struct sw_bytes message)
{
    const struct live_mail mail = {
        .kind = LIVE_MAIL_ANSWER,
        .client = *client,
        .arrived_at = live_now(),
        .message = message,
    };
    SW_ASSERT(client->front < f->n);
    return live_box_put(&f->v[client->front].in, &mail, LIVE_MAIL_LIMIT);
}

void live_fronts_counts(const struct live_fronts *f, struct sw_front_counts *out, uint64_t *dropped)
{
    uint64_t sum[LIVE_FRONT_FIGURES] = { 0 };
    for (uint32_t i = 0; i < f->n; i++) {
        for (size_t k = 0; k < LIVE_FRONT_FIGURES; k++) {
            sum[k] += atomic_load_explicit(&f->v[i].figures[k], memory_order_relaxed);
        }
    }
    memcpy(out, sum, sizeof *out);
    *dropped = sum[LIVE_FRONT_FIGURES - 1];
}

void live_fronts_stop(struct live_fronts *f)
{
    if (f == NULL) {
        return;
    }
    const struct live_mail mail = { .kind = LIVE_MAIL_STOP };
    uint64_t dropped = 0;
    for (uint32_t i = 0; i < f->n; i++) {
        if (f->v[i].running) {
            const int err = live_box_put(&f->v[i].in, &mail, SIZE_MAX);
            SW_ASSERT(err == 0); /* or join would wait for ever */
        }
    }
    for (uint32_t i = 0; i < f->n; i++) {
        if (f->v[i].running) {
            (void)uv_thread_join(&f->v[i].thread);
        }
        dropped += f->v[i].dropped;
        live_front_close(&f->v[i]);
    }
    if (dropped > 0) {
        LIVE_LOG(SW_LOG_WARNING, "messages dropped", LIVE_NUMBER("count", dropped));
    }
    free(f->published);
    free(f->v);
    free(f);
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * A 4-ary heap of timers: flatter than a binary one, and its four children share cache lines. */
#include "node/base/heap.h"

#include "node/base/bug.h"
#include "node/base/err.h"

#include <stdlib.h>

#define WAYS ((size_t)4)

static bool before(const struct sw_timer *a, const struct sw_timer *b)
{
    return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void place(struct sw_heap *h, size_t i, struct sw_timer *t)
{
    h->v[i] = t;
    t->pos = (uint32_t)(i + 1);
}

/* Move @t, whose slot @i is free, towards the root as far as it belongs. */
static void sift_up(struct sw_heap *h, size_t i, struct sw_timer *t)
{
    while (i > 0 && before(t, h->v[(i - 1) / WAYS])) {
        place(h, i, h->v[(i - 1) / WAYS]);
        i = (i - 1) / WAYS;
    }
    place(h, i, t);
}

static void sift_down(struct sw_heap *h, size_t i, struct sw_timer *t)
{
    for (;;) {
        const size_t first = WAYS * i + 1;
        const size_t end = first + WAYS < h->n ? first + WAYS : h->n;
        size_t best = first;
        for (size_t c = first + 1; c < end; c++) {
            best = before(h->v[c], h->v[best]) ? c : best;
        }
        if (first >= h->n || !before(h->v[best], t)) {
            break;
        }
        place(h, i, h->v[best]);
        i = best;
    }
    place(h, i, t);
}

/* Put @t where slot @i is free, in either direction. */
static void settle(struct sw_heap *h, size_t i, struct sw_timer *t)
{
    if (i > 0 && before(t, h->v[(i - 1) / WAYS])) {
        sift_up(h, i, t);
    } else {
        sift_down(h, i, t);
    }
}

int sw_heap_set(struct sw_heap *h, struct sw_timer *t, sw_time at)
{
    if (t->pos != 0) {
        t->at = at;
        t->seq = h->seq++;
        settle(h, t->pos - 1, t);
        return SW_OK;
    }
    if (h->n == h->cap) {
        const size_t cap = h->cap == 0 ? 64 : 2 * h->cap;
        if (cap > UINT32_MAX) {
            return SW_ERR_NOMEM;
        }
        struct sw_timer **v = realloc(h->v, cap * sizeof *v);
        if (v == NULL) {
            return SW_ERR_NOMEM;
        }
        h->v = v;
        h->cap = cap;
    }
    t->at = at;
    t->seq = h->seq++;
    sift_up(h, h->n++, t);
    return SW_OK;
}

void sw_heap_cancel(struct sw_heap *h, struct sw_timer *t)
{
    if (t->pos == 0) {
        return;
    }
    const size_t i = t->pos - 1;
    SW_ASSERT(i < h->n && h->v[i] == t);
    t->pos = 0;
    struct sw_timer *tail = h->v[--h->n];
    if (tail != t) {
        settle(h, i, tail);
    }
}

struct sw_timer *sw_heap_first(const struct sw_heap *h)
{
    return h->n > 0 ? h->v[0] : NULL;
}

struct sw_timer *sw_heap_due(struct sw_heap *h, sw_time now)
{
    struct sw_timer *t = sw_heap_first(h);
    if (t == NULL || t->at > now) {
        return NULL;
    }
    sw_heap_cancel(h, t);
    return t;
}

void sw_heap_fini(struct sw_heap *h)
{
    for (size_t i = 0; i < h->n; i++) {
        h->v[i]->pos = 0;
    }
    free(h->v);
    *h = (struct sw_heap){ 0 };
}

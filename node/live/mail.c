/* SPDX-License-Identifier: GPL-3.0-or-later
 * Messages between threads. */
#define _GNU_SOURCE /* what uv.h needs */
#include "node/live/mail.h"

#include "node/base/bug.h"
#include "node/base/err.h"

#include <string.h>

#define FIRST_ROOM 16384u

int live_queue_put(struct live_queue *q, const struct live_mail *m, size_t limit)
{
    const size_t need = sizeof *m + m->message.len;
    if (q->at == q->bytes.len) {
        q->at = 0;
        q->bytes.len = 0;
    }
    if (q->bytes.len - q->at + need > limit) {
        return SW_ERR_FULL;
    }
    if (q->at > 0 && q->bytes.len + need > q->bytes.cap && 2 * q->at >= q->bytes.len) {
        q->bytes.len -= q->at; /* at most as much as was read since the last time */
        memmove(q->bytes.data, q->bytes.data + q->at, q->bytes.len);
        q->at = 0;
    }
    if (q->bytes.len + need > q->bytes.cap) {
        size_t room = 2 * q->bytes.cap > FIRST_ROOM ? 2 * q->bytes.cap : FIRST_ROOM;
        room = room > q->bytes.len + need ? room : q->bytes.len + need;
        if (sw_blob_reserve(&q->bytes, room) != 0) {
            return SW_ERR_NOMEM;
        }
    }
    (void)sw_blob_append(&q->bytes, m, sizeof *m);
    if (m->message.len > 0) {
        (void)sw_blob_append(&q->bytes, m->message.data, m->message.len);
    }
    q->count++;
    return 0;
}

bool live_queue_next(struct live_queue *q, struct live_mail *out)
{
    if (q->count == 0) {
        return false;
    }
    memcpy(out, q->bytes.data + q->at, sizeof *out);
    out->message.data = out->message.len > 0 ? q->bytes.data + q->at + sizeof *out : NULL;
    q->at += sizeof *out + out->message.len;
    q->count--;
    SW_ASSERT(q->at <= q->bytes.len);
    return true;
}

void live_queue_fini(struct live_queue *q)
{
    sw_blob_fini(&q->bytes);
    *q = (struct live_queue){ 0 };
}

int live_box_init(struct live_box *b, uv_async_t *wake)
{
    *b = (struct live_box){ .wake = wake };
    return uv_mutex_init(&b->lock) == 0 ? 0 : SW_ERR_NOMEM;
}

void live_box_fini(struct live_box *b)
{
    uv_mutex_destroy(&b->lock);
    live_queue_fini(&b->in);
}

int live_box_put(struct live_box *b, const struct live_mail *m, size_t limit)
{
    uv_mutex_lock(&b->lock);
    const bool was_empty = b->in.count == 0;
    const int err = live_queue_put(&b->in, m, limit);
    uv_mutex_unlock(&b->lock);
    if (err == 0 && was_empty) {
        (void)uv_async_send(b->wake);
    }
    return err;
}

void live_box_take(struct live_box *b, struct live_queue *out)
{
    SW_ASSERT(out->count == 0);
    uv_mutex_lock(&b->lock);
    const struct live_queue got = b->in;
    b->in = (struct live_queue){ .bytes = { out->bytes.data, 0, out->bytes.cap } };
    uv_mutex_unlock(&b->lock);
    *out = got;
}

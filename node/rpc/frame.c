/* SPDX-License-Identifier: GPL-3.0-or-later
 * Length-prefixed messages, in and out. */
#include "node/rpc/frame.h"

#include "node/base/bug.h"

#include <sodium.h>
#include <string.h>

#define FIRST_RESERVE 4096u     /* a claimed length alone makes nobody allocate */
#define KEEP_MESSAGE (1u << 20) /* memory that stays after a message */
#define KEEP_ROOM (4u << 20)    /* an empty queue keeps this much memory at most */

static void advance(struct sw_bytes *in, size_t n)
{
    in->data += n;
    in->len -= n;
}

static int take_prefix(struct grpc_reader *r, struct sw_bytes *in)
{
    size_t n = GRPC_PREFIX_LEN - (size_t)r->have;
    n = n < in->len ? n : in->len;
    if (n > 0) {
        memcpy(r->prefix + r->have, in->data, n);
        advance(in, n);
        r->have = (uint8_t)(r->have + n);
    }
    if (r->have < GRPC_PREFIX_LEN) {
        return 0;
    }
    const uint8_t *p = r->prefix;
    if (p[0] != 0) {
        return p[0] == 1 ? SW_ERR_UNSUPPORTED : SW_ERR_MALFORMED;
    }
    r->length = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4];
    return r->length > GRPC_MAX_MESSAGE ? SW_ERR_RANGE : 0;
}

/* Messages carry keys now and then: nothing of one stays when it is done with. */
static void wipe(struct sw_blob *b)
{
    if (b->len > 0) {
        sodium_memzero(b->data, b->len);
    }
    b->len = 0;
}

static int take_body(struct grpc_reader *r, struct sw_bytes *in)
{
    size_t n = r->length - r->body.len;
    n = n < in->len ? n : in->len;
    const size_t need = r->body.len + n;
    if (need > r->body.cap) {
        size_t room = 2 * r->body.cap > FIRST_RESERVE ? 2 * r->body.cap : FIRST_RESERVE;
        room = room < need ? need : room;
        room = room > r->length ? r->length : room;
        const int err = sw_blob_reserve(&r->body, room);
        if (err != 0) {
            return err;
        }
    }
    if (n > 0) {
        const int err = sw_blob_append(&r->body, in->data, n);
        advance(in, n);
        return err;
    }
    return 0;
}

int grpc_reader_next(struct grpc_reader *r, struct sw_bytes *in, struct sw_bytes *message)
{
    static const uint8_t nothing[1];
    *message = (struct sw_bytes){ NULL, 0 };
    if (r->lent) {
        r->lent = false;
        wipe(&r->body);
        if (r->body.cap > KEEP_MESSAGE) {
            sw_blob_fini(&r->body);
        }
    }
    if (r->have < GRPC_PREFIX_LEN) {
        const int err = take_prefix(r, in);
        if (err != 0 || r->have < GRPC_PREFIX_LEN) {
            return err;
        }
    }
    if (r->body.len == 0 && in->len >= r->length) { /* whole in the input: no copy */
        *message = (struct sw_bytes){ r->length > 0 ? in->data : nothing, r->length };
        if (r->length > 0) {
            advance(in, r->length);
        }
        r->have = 0;
        return 0;
    }
    const int err = take_body(r, in);
    if (err == 0 && r->body.len == r->length) {
        *message = sw_blob_bytes(&r->body);
        r->lent = true;
        r->have = 0;
    }
    return err;
}

bool grpc_reader_partial(const struct grpc_reader *r)
{
    return r->have > 0;
}

void grpc_reader_fini(struct grpc_reader *r)
{
    wipe(&r->body);
    sw_blob_fini(&r->body);
    *r = (struct grpc_reader){ 0 };
}

int grpc_queue_put(struct grpc_queue *q, struct sw_bytes message)
{
    const size_t need = GRPC_PREFIX_LEN + message.len;
    /* Move only what is at most as much as was sent since the last move. */
    if (q->head > 0 && q->bytes.len + need > q->bytes.cap && 2 * q->head >= q->bytes.len) {
        q->bytes.len -= q->head;
        memmove(q->bytes.data, q->bytes.data + q->head, q->bytes.len);
        q->head = 0;
    }
    if (q->bytes.len + need > q->bytes.cap) {
        size_t room = 2 * q->bytes.cap;
        room = room < q->bytes.len + need ? q->bytes.len + need : room;
        const int err = sw_blob_reserve(&q->bytes, room);
        if (err != 0) {
            return err;
        }
    }
    const uint8_t prefix[GRPC_PREFIX_LEN] = { 0, (uint8_t)(message.len >> 24),
                                              (uint8_t)(message.len >> 16),
                                              (uint8_t)(message.len >> 8), (uint8_t)message.len };
    int err = sw_blob_append(&q->bytes, prefix, sizeof prefix);
    if (err == 0 && message.len > 0) {
        err = sw_blob_append(&q->bytes, message.data, message.len);
    }
    SW_ASSERT(err == 0); /* the room is there */
    return 0;
}

size_t grpc_queue_len(const struct grpc_queue *q)
{
    return q->bytes.len - q->head;
}

size_t grpc_queue_take(struct grpc_queue *q, uint8_t *out, size_t cap)
{
    size_t n = grpc_queue_len(q);
    n = n < cap ? n : cap;
    if (n > 0) {
        memcpy(out, q->bytes.data + q->head, n);
        q->head += n;
    }
    if (q->head == q->bytes.len) {
        q->head = 0;
        wipe(&q->bytes);
        if (q->bytes.cap > KEEP_ROOM) {
            sw_blob_fini(&q->bytes);
        }
    }
    return n;
}

void grpc_queue_fini(struct grpc_queue *q)
{
    wipe(&q->bytes);
    sw_blob_fini(&q->bytes);
    *q = (struct grpc_queue){ 0 };
}

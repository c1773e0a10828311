/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bounded big-endian bytes. */
#include "node/base/buf.h"

#include "node/base/err.h"

#include <stdlib.h>
#include <string.h>

/* The next @len bytes to fill, or NULL when they do not fit. */
static uint8_t *room(struct sw_wr *w, size_t len)
{
    if (w->overflow || len > w->cap - w->len) {
        w->overflow = true;
        return NULL;
    }
    uint8_t *at = w->buf + w->len;
    w->len += len;
    return at;
}

static void put_be(struct sw_wr *w, uint64_t v, size_t bytes)
{
    uint8_t *at = room(w, bytes);
    for (size_t i = bytes; at != NULL && i > 0; i--, v >>= 8) {
        at[i - 1] = (uint8_t)v;
    }
}

void sw_wr_u8(struct sw_wr *w, uint8_t v)
{
    put_be(w, v, 1);
}

void sw_wr_u16(struct sw_wr *w, uint16_t v)
{
    put_be(w, v, 2);
}

void sw_wr_u32(struct sw_wr *w, uint32_t v)
{
    put_be(w, v, 4);
}

void sw_wr_u64(struct sw_wr *w, uint64_t v)
{
    put_be(w, v, 8);
}

void sw_wr_bytes(struct sw_wr *w, const void *data, size_t len)
{
    uint8_t *at = len > 0 ? room(w, len) : NULL;
    if (at != NULL) {
        memcpy(at, data, len);
    }
}

static uint64_t get_be(struct sw_rd *r, size_t bytes)
{
    const uint8_t *at = sw_rd_bytes(r, bytes);
    uint64_t v = 0;
    for (size_t i = 0; at != NULL && i < bytes; i++) {
        v = v << 8 | at[i];
    }
    return v;
}

uint8_t sw_rd_u8(struct sw_rd *r)
{
    return (uint8_t)get_be(r, 1);
}

uint16_t sw_rd_u16(struct sw_rd *r)
{
    return (uint16_t)get_be(r, 2);
}

uint32_t sw_rd_u32(struct sw_rd *r)
{
    return (uint32_t)get_be(r, 4);
}

uint64_t sw_rd_u64(struct sw_rd *r)
{
    return get_be(r, 8);
}

const uint8_t *sw_rd_bytes(struct sw_rd *r, size_t len)
{
    static const uint8_t nothing[1] = { 0 };
    if (r->fail || len > r->len - r->off) {
        r->fail = true;
        return NULL;
    }
    if (len == 0) {
        return r->buf != NULL ? r->buf + r->off : nothing;
    }
    const uint8_t *at = r->buf + r->off;
    r->off += len;
    return at;
}

size_t sw_rd_left(const struct sw_rd *r)
{
    return r->fail ? 0 : r->len - r->off;
}

int sw_blob_reserve(struct sw_blob *b, size_t cap)
{
    if (cap <= b->cap) {
        return SW_OK;
    }
    uint8_t *data = realloc(b->data, cap);
    if (data == NULL) {
        return SW_ERR_NOMEM;
    }
    b->data = data;
    b->cap = cap;
    return SW_OK;
}

int sw_blob_append(struct sw_blob *b, const void *data, size_t len)
{
    if (len == 0) {
        return SW_OK;
    }
    if (len > SIZE_MAX / 2 - b->len) {
        return SW_ERR_NOMEM;
    }
    if (b->len + len > b->cap) {
        const size_t doubled = b->cap < 64 ? 64 : 2 * b->cap;
        const int err = sw_blob_reserve(b, b->len + len > doubled ? b->len + len : doubled);
        if (err != SW_OK) {
            return err;
        }
    }
    memcpy(b->data + b->len, data, len);
    b->len += len;
    return SW_OK;
}

void sw_blob_fini(struct sw_blob *b)
{
    free(b->data);
    *b = (struct sw_blob){ 0 };
}

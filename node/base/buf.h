/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bounded reading and writing of big-endian bytes, and bytes that own their memory. */
#ifndef SW_BASE_BUF_H
#define SW_BASE_BUF_H

#include "node/base/types.h"

/* Writes into the caller's @buf.  A write that does not fit writes nothing and sets
 * @overflow, which stays set: check it once, at the end. */
struct sw_wr {
    uint8_t *buf;
    size_t cap;
    size_t len;
    bool overflow;
};

void sw_wr_u8(struct sw_wr *w, uint8_t v);
void sw_wr_u16(struct sw_wr *w, uint16_t v);
void sw_wr_u32(struct sw_wr *w, uint32_t v);
void sw_wr_u64(struct sw_wr *w, uint64_t v);
void sw_wr_bytes(struct sw_wr *w, const void *data, size_t len);

/* Reads from borrowed bytes.  A read past the end returns zero (or NULL) and sets @fail,
 * which stays set: check it once, at the end. */
struct sw_rd {
    const uint8_t *buf;
    size_t len;
    size_t off;
    bool fail;
};

uint8_t sw_rd_u8(struct sw_rd *r);
uint16_t sw_rd_u16(struct sw_rd *r);
uint32_t sw_rd_u32(struct sw_rd *r);
uint64_t sw_rd_u64(struct sw_rd *r);
/* The next @len bytes, borrowed from the input; NULL on failure. */
const uint8_t *sw_rd_bytes(struct sw_rd *r, size_t len);
size_t sw_rd_left(const struct sw_rd *r);

/* Heap bytes with an owner.  Zero-initialised is empty. */
struct sw_blob {
    uint8_t *data;
    size_t len;
    size_t cap;
};

/* Make room for @cap bytes in all.  Errors: SW_ERR_NOMEM: @b unchanged. */
int sw_blob_reserve(struct sw_blob *b, size_t cap);
/* Append a copy.  Errors: SW_ERR_NOMEM: @b unchanged. */
int sw_blob_append(struct sw_blob *b, const void *data, size_t len);
void sw_blob_fini(struct sw_blob *b);
static inline struct sw_bytes sw_blob_bytes(const struct sw_blob *b)
{
    return (struct sw_bytes){ b->data, b->len };
}

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Packs, written: groups of chunks, compressed, sealed one after another, closed by a footer. */
#include "node/core/backup/pack.h"

#include "node/base/bug.h"
#include "node/base/err.h"
#include "node/core/backup/pack_format.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#define ZSTD_LEVEL 3

void sw_pack_key(const uint8_t epoch_key[SW_KEY_LEN], const uint8_t nonce[32],
                 uint8_t key[SW_KEY_LEN])
{
    uint8_t in[6 + 32];
    memcpy(in, "QBpack", 6);
    memcpy(in + 6, nonce, 32);
    (void)crypto_generichash(key, SW_KEY_LEN, in, sizeof in, epoch_key, SW_KEY_LEN);
}

void sw_pack_commit(const uint8_t key[SW_KEY_LEN], uint8_t out[32])
{
    (void)crypto_generichash(out, 32, (const uint8_t *)"commit", 6, key, SW_KEY_LEN);
}

void sw_pack_seal_params(const uint8_t *header, const struct sw_digest *repo, uint64_t segment,
                         uint8_t type, struct sw_pack_aead *out)
{
    struct sw_wr nonce = { out->nonce, sizeof out->nonce, 0, false };
    struct sw_wr aad = { out->aad, sizeof out->aad, 0, false };
    sw_wr_bytes(&nonce, header + PACK_NONCE_AT, 16);
    sw_wr_u64(&nonce, segment);
    sw_wr_bytes(&aad, header, SW_PACK_HEADER);
    sw_wr_bytes(&aad, repo->b, SW_DIGEST_LEN);
    sw_wr_u64(&aad, segment);
    sw_wr_u8(&aad, type);
    SW_ASSERT(nonce.len == sizeof out->nonce && aad.len == sizeof out->aad);
}

size_t sw_padme(size_t len)
{
    unsigned e = 0; /* floor(log2 len) */
    unsigned s = 0; /* bits that e takes */
    if (len < 2) {
        return len;
    }
    while (len >> (e + 1) != 0) {
        e++;
    }
    while (e >> s != 0) {
        s++;
    }
    const size_t mask = ((size_t)1 << (e - s)) - 1;
    return (len + mask) & ~mask;
}

int sw_group_init(struct sw_group *g)
{
    *g = (struct sw_group){ .data = malloc(SW_SEGMENT_MAX) };
    return g->data == NULL ? SW_ERR_NOMEM : SW_OK;
}

void sw_group_fini(struct sw_group *g)
{
    if (g->data != NULL) {
        sodium_memzero(g->data, SW_SEGMENT_MAX);
    }
    free(g->data);
    free(g->chunks);
    *g = (struct sw_group){ 0 };
}

bool sw_group_fits(const struct sw_group *g, size_t len)
{
    return len <= SW_SEGMENT_MAX - g->len && g->n < GROUP_CHUNKS_MAX;
}

int sw_group_add(struct sw_group *g, const struct sw_digest *id, struct sw_bytes chunk)
{
    SW_ASSERT(sw_group_fits(g, chunk.len));
    if (g->n == g->cap) {
        const size_t cap = g->cap == 0 ? 64 : 2 * g->cap;
        struct sw_group_chunk *chunks = realloc(g->chunks, cap * sizeof *chunks);
        if (chunks == NULL) {
            return SW_ERR_NOMEM;
        }
        g->chunks = chunks;
        g->cap = cap;
    }
    g->chunks[g->n++] = (struct sw_group_chunk){ *id, (uint32_t)chunk.len };
    memcpy(g->data + g->len, chunk.data, chunk.len);
    g->len += chunk.len;
    return SW_OK;
}

int sw_segment_compress(void *zstd, const struct sw_group *g, struct sw_segment *out)
{
    const size_t len =
        ZSTD_compressCCtx(zstd, out->data, SW_SEGMENT_MAX, g->data, g->len, ZSTD_LEVEL);
    if (!ZSTD_isError(len) && len < g->len) {
        out->method = PACK_METHOD_ZSTD;
        out->len = len;
        return SW_OK;
    }
    if (ZSTD_isError(len) && ZSTD_getErrorCode(len) == ZSTD_error_memory_allocation) {
        return SW_ERR_NOMEM;
    }
    out->method = PACK_METHOD_RAW;
    out->len = g->len;
    memcpy(out->data, g->data, g->len);
    return SW_OK;
}

int sw_pack_begin(struct sw_pack_writer *w, const struct sw_epoch *epoch,
                  const struct sw_digest *repo, const uint8_t nonce[32])
{
    *w = (struct sw_pack_writer){ .epoch = epoch, .repo = repo, .buf = malloc(SW_PACK_SIZE) };
    if (w->buf == NULL) {
        return SW_ERR_NOMEM;
    }
    uint8_t commitment[32];
    memcpy(w->nonce, nonce, sizeof w->nonce);
    sw_pack_key(epoch->key, nonce, w->key);
    sw_pack_commit(w->key, commitment);
    struct sw_wr h = { w->buf, SW_PACK_HEADER, 0, false };
    sw_wr_bytes(&h, pack_magic, sizeof pack_magic);
    sw_wr_u8(&h, PACK_VERSION);
    sw_wr_u8(&h, SW_SUITE_1);
    sw_wr_u16(&h, 0);
    sw_wr_u32(&h, 0);
    sw_wr_bytes(&h, epoch->id, SW_EPOCH_ID_LEN);
    sw_wr_bytes(&h, nonce, 32);
    sw_wr_bytes(&h, commitment, sizeof commitment);
    SW_ASSERT(!h.overflow && h.len <= SW_PACK_HEADER);
    memset(w->buf + h.len, 0, SW_PACK_HEADER - h.len);
    w->len = SW_PACK_HEADER;
    return SW_OK;
}

void sw_pack_fini(struct sw_pack_writer *w)
{
    sodium_memzero(w->key, sizeof w->key);
    free(w->buf);
    sw_blob_fini(&w->segments);
    sw_blob_fini(&w->chunks);
    *w = (struct sw_pack_writer){ 0 };
}

/* Bytes of a pack of @body header and segment bytes, unpadded. */
static size_t total(size_t body, size_t n_segments, size_t n_chunks)
{
    return body + 8 + n_segments * PACK_SEGMENT_ENTRY + n_chunks * PACK_CHUNK_ENTRY + SW_TAG_LEN +
           PACK_TRAILER;
}

bool sw_pack_fits(const struct sw_pack_writer *w, const struct sw_group *g,
                  const struct sw_segment *s)
{
    return total(w->len + s->len + SW_TAG_LEN, (size_t)w->n_segments + 1, w->n_chunks + g->n) <=
           SW_PACK_SIZE;
}

static void seal(struct sw_pack_writer *w, uint64_t segment, uint8_t type, uint8_t *at,
                 struct sw_bytes plain)
{
    struct sw_pack_aead p;
    sw_pack_seal_params(w->buf, w->repo, segment, type, &p);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(at, NULL, plain.data, plain.len, p.aad,
                                                     sizeof p.aad, NULL, p.nonce, w->key);
}

static int note_chunks(struct sw_pack_writer *w, const struct sw_group *g)
{
    uint32_t offset = 0;
    int err = sw_blob_reserve(&w->chunks, w->chunks.len + g->n * PACK_CHUNK_ENTRY);
    for (size_t i = 0; err == SW_OK && i < g->n; i++) {
        uint8_t entry[PACK_CHUNK_ENTRY];
        struct sw_wr e = { entry, sizeof entry, 0, false };
        sw_wr_bytes(&e, g->chunks[i].id.b, SW_DIGEST_LEN);
        sw_wr_u32(&e, w->n_segments);
        sw_wr_u32(&e, offset);
        sw_wr_u32(&e, g->chunks[i].len);
        offset += g->chunks[i].len;
        err = sw_blob_append(&w->chunks, entry, sizeof entry);
    }
    return err;
}

int sw_pack_add(struct sw_pack_writer *w, const struct sw_group *g, const struct sw_segment *s)
{
    uint8_t entry[PACK_SEGMENT_ENTRY];
    struct sw_wr e = { entry, sizeof entry, 0, false };
    SW_ASSERT(sw_pack_fits(w, g, s));
    sw_wr_u32(&e, (uint32_t)(s->len + SW_TAG_LEN));
    sw_wr_u32(&e, (uint32_t)g->len);
    sw_wr_u8(&e, s->method);
    int err = sw_blob_append(&w->segments, entry, sizeof entry);
    if (err == SW_OK) {
        err = note_chunks(w, g);
    }
    if (err != SW_OK) {
        return err;
    }
    seal(w, w->n_segments, PACK_TYPE_SEGMENT, w->buf + w->len,
         (struct sw_bytes){ s->data, s->len });
    w->len += s->len + SW_TAG_LEN;
    w->n_segments++;
    w->n_chunks += (uint32_t)g->n;
    return SW_OK;
}

int sw_pack_finish(struct sw_pack_writer *w, bool full, struct sw_digest *name)
{
    const size_t bare = total(w->len, w->n_segments, w->n_chunks);
    size_t size = full ? SW_PACK_SIZE : sw_padme(bare);
    size = size < SW_PACK_MIN ? SW_PACK_MIN : size;
    size = size > SW_PACK_SIZE ? SW_PACK_SIZE : size;
    SW_ASSERT(bare <= size);

    const size_t footer = size - w->len - PACK_TRAILER; /* sealed */
    struct sw_wr f = { w->buf + w->len, footer - SW_TAG_LEN, 0, false };
    sw_wr_u32(&f, w->n_segments);
    sw_wr_u32(&f, w->n_chunks);
    sw_wr_bytes(&f, w->segments.data, w->segments.len);
    sw_wr_bytes(&f, w->chunks.data, w->chunks.len);
    SW_ASSERT(!f.overflow);
    memset(f.buf + f.len, 0, f.cap - f.len);
    seal(w, PACK_FOOTER_NUMBER, PACK_TYPE_FOOTER, w->buf + w->len,
         (struct sw_bytes){ w->buf + w->len, f.cap });

    struct sw_wr t = { w->buf + size - PACK_TRAILER, PACK_TRAILER, 0, false };
    sw_wr_u32(&t, (uint32_t)footer);
    w->len = size;
    sw_object_name((struct sw_bytes){ w->buf, w->len }, name);
    return SW_OK;
}

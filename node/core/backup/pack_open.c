/* SPDX-License-Identifier: GPL-3.0-or-later
 * Packs, read: everything in them may be damaged or forged until an AEAD says otherwise, and is
 * bounded even then. */
#include "node/core/backup/pack.h"

#include "node/base/err.h"
#include "node/core/backup/pack_format.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* The public head: a version, suite or flag we do not know is refused. */
static int check_header(const uint8_t header[SW_PACK_HEADER])
{
    struct sw_rd r = { header, SW_PACK_HEADER, sizeof pack_magic, false };
    if (memcmp(header, pack_magic, sizeof pack_magic) != 0) {
        return SW_ERR_MALFORMED;
    }
    const uint8_t version = sw_rd_u8(&r);
    const uint8_t suite = sw_rd_u8(&r);
    const uint16_t flags = sw_rd_u16(&r);
    const uint32_t zero = sw_rd_u32(&r);
    const bool known = version == PACK_VERSION && suite == SW_SUITE_1 && flags == 0 && zero == 0 &&
                       sodium_is_zero(header + PACK_RESERVED_AT, SW_PACK_HEADER - PACK_RESERVED_AT);
    return known ? SW_OK : SW_ERR_UNSUPPORTED;
}

static int unseal(const struct sw_pack_reader *r, uint64_t number, uint8_t type, uint8_t *out,
                  struct sw_bytes sealed)
{
    struct sw_pack_aead p;
    sw_pack_seal_params(r->header, &r->repo, number, type, &p);
    return crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.data, sealed.len,
                                                      p.aad, sizeof p.aad, p.nonce, r->key) == 0
               ? SW_OK
               : SW_ERR_CRYPTO;
}

/* Segments must follow each other from the header to the footer without a gap. */
static int read_segments(struct sw_pack_reader *r, struct sw_rd *in, size_t footer_at)
{
    size_t at = SW_PACK_HEADER;
    for (uint32_t i = 0; i < r->n_segments; i++) {
        struct sw_pack_segment *s = &r->segments[i];
        s->offset = (uint32_t)at;
        s->sealed = sw_rd_u32(in);
        s->plain = sw_rd_u32(in);
        s->method = sw_rd_u8(in);
        if (s->plain == 0 || s->plain > SW_SEGMENT_MAX || s->sealed <= SW_TAG_LEN ||
            s->sealed > footer_at - at || s->method > PACK_METHOD_ZSTD ||
            (s->method == PACK_METHOD_RAW && s->sealed != s->plain + SW_TAG_LEN)) {
            return SW_ERR_MALFORMED;
        }
        at += s->sealed;
    }
    return at == footer_at ? SW_OK : SW_ERR_MALFORMED;
}

/* Chunks must cover every segment from its first byte to its last, in order. */
static int read_chunks(struct sw_pack_reader *r, struct sw_rd *in)
{
    uint32_t segment = 0;
    uint32_t at = 0;
    for (uint32_t i = 0; i < r->n_chunks; i++) {
        struct sw_pack_chunk *c = &r->chunks[i];
        memcpy(c->id.b, sw_rd_bytes(in, SW_DIGEST_LEN), SW_DIGEST_LEN);
        c->segment = sw_rd_u32(in);
        c->offset = sw_rd_u32(in);
        c->len = sw_rd_u32(in);
        if (segment < r->n_segments && at == r->segments[segment].plain) {
            segment++;
            at = 0;
        }
        if (segment >= r->n_segments || c->segment != segment || c->offset != at || c->len == 0 ||
            c->len > r->segments[segment].plain - at) {
            return SW_ERR_MALFORMED;
        }
        at += c->len;
    }
    const bool whole = r->n_segments == 0
                           ? r->n_chunks == 0
                           : segment == r->n_segments - 1 && at == r->segments[segment].plain;
    return whole ? SW_OK : SW_ERR_MALFORMED;
}

static int read_footer(struct sw_pack_reader *r, struct sw_bytes footer, size_t footer_at)
{
    struct sw_rd in = { footer.data, footer.len, 0, false };
    r->n_segments = sw_rd_u32(&in);
    r->n_chunks = sw_rd_u32(&in);
    const uint64_t need =
        (uint64_t)r->n_segments * PACK_SEGMENT_ENTRY + (uint64_t)r->n_chunks * PACK_CHUNK_ENTRY;
    if (in.fail || need > sw_rd_left(&in)) {
        return SW_ERR_MALFORMED;
    }
    r->segments = calloc((size_t)r->n_segments + 1, sizeof *r->segments);
    r->chunks = calloc((size_t)r->n_chunks + 1, sizeof *r->chunks);
    if (r->segments == NULL || r->chunks == NULL) {
        return SW_ERR_NOMEM;
    }
    const int err = read_segments(r, &in, footer_at);
    return err != SW_OK ? err : read_chunks(r, &in);
}

int sw_pack_tail(uint64_t size, const uint8_t last[4], uint64_t *at)
{
    struct sw_rd t = { last, PACK_TRAILER, 0, false };
    const uint64_t sealed = sw_rd_u32(&t);
    if (size > SW_PACK_SIZE || size < SW_PACK_HEADER + SW_TAG_LEN + 8 + PACK_TRAILER ||
        sealed < SW_TAG_LEN + 8 || sealed > size - SW_PACK_HEADER - PACK_TRAILER) {
        return SW_ERR_MALFORMED;
    }
    *at = size - PACK_TRAILER - sealed;
    return SW_OK;
}

static int open_footer(struct sw_pack_reader *r, struct sw_bytes tail, size_t at)
{
    const size_t sealed = tail.len - PACK_TRAILER;
    uint8_t *plain = malloc(sealed);
    if (plain == NULL) {
        return SW_ERR_NOMEM;
    }
    int err = unseal(r, PACK_FOOTER_NUMBER, PACK_TYPE_FOOTER, plain,
                     (struct sw_bytes){ tail.data, sealed });
    if (err == SW_OK) {
        err = read_footer(r, (struct sw_bytes){ plain, sealed - SW_TAG_LEN }, at);
    }
    free(plain);
    return err;
}

int sw_pack_open(struct sw_pack_reader *r, const uint8_t header[SW_PACK_HEADER], uint64_t at,
                 struct sw_bytes tail, const struct sw_epoch *epoch, const struct sw_digest *repo)
{
    uint8_t commitment[32];
    uint64_t begins = 0;
    *r = (struct sw_pack_reader){ .repo = *repo };
    int err = check_header(header);
    if (err == SW_OK && tail.len < PACK_TRAILER) {
        err = SW_ERR_MALFORMED;
    }
    if (err == SW_OK) {
        err = sw_pack_tail(at + tail.len, tail.data + tail.len - PACK_TRAILER, &begins);
    }
    if (err != SW_OK || begins != at) {
        return err != SW_OK ? err : SW_ERR_MALFORMED;
    }
    memcpy(r->header, header, SW_PACK_HEADER);
    sw_pack_key(epoch->key, header + PACK_NONCE_AT, r->key);
    sw_pack_commit(r->key, commitment);
    if (memcmp(header + PACK_EPOCH_AT, epoch->id, SW_EPOCH_ID_LEN) != 0 ||
        sodium_memcmp(commitment, header + PACK_COMMIT_AT, sizeof commitment) != 0) {
        err = SW_ERR_CRYPTO;
    } else {
        err = open_footer(r, tail, (size_t)at);
    }
    if (err != SW_OK) {
        sw_pack_close(r);
    }
    return err;
}

int sw_pack_open_whole(struct sw_pack_reader *r, struct sw_bytes pack, const struct sw_epoch *epoch,
                       const struct sw_digest *repo)
{
    uint64_t at = 0;
    if (pack.len < SW_PACK_HEADER + PACK_TRAILER) {
        return SW_ERR_MALFORMED;
    }
    const int err = sw_pack_tail(pack.len, pack.data + pack.len - PACK_TRAILER, &at);
    return err != SW_OK ? err
                        : sw_pack_open(r, pack.data, at,
                                       (struct sw_bytes){ pack.data + at, pack.len - (size_t)at },
                                       epoch, repo);
}

void sw_pack_close(struct sw_pack_reader *r)
{
    sodium_memzero(r->key, sizeof r->key);
    free(r->segments);
    free(r->chunks);
    r->segments = NULL;
    r->chunks = NULL;
    r->n_segments = 0;
    r->n_chunks = 0;
}

int sw_pack_segment(const struct sw_pack_reader *r, void *zstd, uint32_t i, const uint8_t *sealed,
                    uint8_t *out)
{
    const struct sw_pack_segment *s = &r->segments[i];
    if (s->method == PACK_METHOD_RAW) {
        return unseal(r, i, PACK_TYPE_SEGMENT, out, (struct sw_bytes){ sealed, s->sealed });
    }
    uint8_t *packed = malloc(s->sealed - SW_TAG_LEN);
    if (packed == NULL) {
        return SW_ERR_NOMEM;
    }
    int err = unseal(r, i, PACK_TYPE_SEGMENT, packed, (struct sw_bytes){ sealed, s->sealed });
    if (err == SW_OK) {
        const size_t n = ZSTD_decompressDCtx(zstd, out, s->plain, packed, s->sealed - SW_TAG_LEN);
        err = !ZSTD_isError(n) && n == s->plain ? SW_OK : SW_ERR_MALFORMED;
    }
    free(packed);
    return err;
}

int sw_pack_verify(struct sw_bytes pack, const struct sw_epoch *epoch, const struct sw_digest *repo,
                   const struct sw_job_host *host)
{
    struct sw_pack_reader r;
    int err = sw_pack_open_whole(&r, pack, epoch, repo);
    if (err != SW_OK) {
        return err;
    }
    uint8_t *plain = malloc(SW_SEGMENT_MAX);
    ZSTD_DCtx *zstd = ZSTD_createDCtx();
    uint32_t c = 0;
    host->charge(host->self, SW_WORK_SEAL, pack.len);
    if (plain == NULL || zstd == NULL) {
        err = SW_ERR_NOMEM;
    }
    for (uint32_t i = 0; err == SW_OK && i < r.n_segments; i++) {
        err = sw_pack_segment(&r, zstd, i, pack.data + r.segments[i].offset, plain);
        host->charge(host->self, SW_WORK_DECOMPRESS, r.segments[i].plain);
        host->charge(host->self, SW_WORK_HASH, r.segments[i].plain);
        for (; err == SW_OK && c < r.n_chunks && r.chunks[c].segment == i; c++) {
            struct sw_digest id;
            sw_chunk_id(epoch, (struct sw_bytes){ plain + r.chunks[c].offset, r.chunks[c].len },
                        &id);
            err = memcmp(id.b, r.chunks[c].id.b, SW_DIGEST_LEN) == 0 ? SW_OK : SW_ERR_CRYPTO;
        }
    }
    if (plain != NULL) {
        sodium_memzero(plain, SW_SEGMENT_MAX);
    }
    free(plain);
    (void)ZSTD_freeDCtx(zstd);
    sw_pack_close(&r);
    return err;
}

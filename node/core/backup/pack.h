/* SPDX-License-Identifier: GPL-3.0-or-later
 * Packs: sealed objects of one size that carry chunks.  In memory; no files here.
 *
 *     header, 128 bytes | sealed segments | sealed footer, padded | u32 length of the footer
 *
 * A pack is 8 MiB, the last ones of a snapshot smaller (Padme, Nikitin 2019).  All that tells
 * what is inside is encrypted, the padding too. */
#ifndef SW_CORE_BACKUP_PACK_H
#define SW_CORE_BACKUP_PACK_H

#include "node/base/buf.h"
#include "node/core/backup/chunk.h"
#include "node/core/backup/seal.h"
#include "node/core/job.h"

#define SW_PACK_SIZE (8 * SW_MIB)
#define SW_PACK_MIN (4 * SW_KIB) /* no pack is smaller: that would tell about small changes */
#define SW_PACK_HEADER 128
#define SW_SEGMENT_MAX (256 * SW_KIB) /* plain bytes of a segment */

/* Chunks of one segment being gathered: they are compressed together. */
struct sw_group {
    uint8_t *data; /* SW_SEGMENT_MAX bytes */
    size_t len;
    struct sw_group_chunk {
        struct sw_digest id;
        uint32_t len;
    } * chunks;
    size_t n, cap;
};

int sw_group_init(struct sw_group *g); /* Errors: SW_ERR_NOMEM */
void sw_group_fini(struct sw_group *g);
bool sw_group_fits(const struct sw_group *g, size_t len);
/* Errors: SW_ERR_NOMEM.  The chunk must fit. */
int sw_group_add(struct sw_group *g, const struct sw_digest *id, struct sw_bytes chunk);

/* A pack being filled. */
struct sw_pack_writer {
    const struct sw_epoch *epoch;
    const struct sw_digest *repo;
    uint8_t nonce[32];
    uint8_t key[SW_KEY_LEN];
    uint8_t *buf; /* SW_PACK_SIZE bytes */
    size_t len;   /* header and segments so far */
    uint32_t n_segments;
    struct sw_blob segments; /* footer entries so far */
    struct sw_blob chunks;
    uint32_t n_chunks;
};

/* @nonce: 32 fresh bytes.  @epoch and @repo are borrowed until fini.  Errors: SW_ERR_NOMEM. */
int sw_pack_begin(struct sw_pack_writer *w, const struct sw_epoch *epoch,
                  const struct sw_digest *repo, const uint8_t nonce[32]);
void sw_pack_fini(struct sw_pack_writer *w);

/* Compressed form of @g's bytes: zstd -3, or as they are where that is no smaller.
 * @out: SW_SEGMENT_MAX bytes. */
struct sw_segment {
    uint8_t method;
    size_t len;
    uint8_t *data;
};
/* @zstd: a ZSTD_CCtx.  Errors: SW_ERR_NOMEM. */
int sw_segment_compress(void *zstd, const struct sw_group *g, struct sw_segment *out);

bool sw_pack_fits(const struct sw_pack_writer *w, const struct sw_group *g,
                  const struct sw_segment *s);
/* Seal @s, the compressed form of @g, into the pack.  It must fit.  Errors: SW_ERR_NOMEM. */
int sw_pack_add(struct sw_pack_writer *w, const struct sw_group *g, const struct sw_segment *s);
/* Pad and close: w->buf holds w->len bytes, the object named @name.
 * @full: pad to SW_PACK_SIZE; otherwise by Padme.  Errors: SW_ERR_NOMEM. */
int sw_pack_finish(struct sw_pack_writer *w, bool full, struct sw_digest *name);

/* A pack that was opened: footer decrypted and checked; segments are opened as they are asked
 * for, so a reader needs no whole pack in memory. */
struct sw_pack_reader {
    uint8_t header[SW_PACK_HEADER];
    struct sw_digest repo;
    uint8_t key[SW_KEY_LEN];
    struct sw_pack_segment {
        uint32_t offset; /* in the pack */
        uint32_t sealed; /* bytes there */
        uint32_t plain;  /* bytes when opened */
        uint8_t method;
    } * segments;
    uint32_t n_segments;
    struct sw_pack_chunk {
        struct sw_digest id;
        uint32_t segment;
        uint32_t offset; /* in the opened segment */
        uint32_t len;
    } * chunks; /* in the order of segments and offsets */
    uint32_t n_chunks;
};

/* Where the tail (sealed footer and its length) of a pack of @size bytes begins, from its last 4
 * bytes.  Errors: SW_ERR_MALFORMED. */
int sw_pack_tail(uint64_t size, const uint8_t last[4], uint64_t *at);
/* Open by the header's 128 bytes and the @tail, which begins at @at.
 * Errors: SW_ERR_MALFORMED, SW_ERR_UNSUPPORTED (a version, suite or flag we do not know),
 * SW_ERR_CRYPTO (wrong key, or damaged), SW_ERR_NOMEM; @r is closed then. */
int sw_pack_open(struct sw_pack_reader *r, const uint8_t header[SW_PACK_HEADER], uint64_t at,
                 struct sw_bytes tail, const struct sw_epoch *epoch, const struct sw_digest *repo);
/* The same from all of its bytes. */
int sw_pack_open_whole(struct sw_pack_reader *r, struct sw_bytes pack, const struct sw_epoch *epoch,
                       const struct sw_digest *repo);
void sw_pack_close(struct sw_pack_reader *r);
/* Open segment @i, its @sealed bytes as they lie in the pack, into @out (SW_SEGMENT_MAX bytes;
 * r->segments[i].plain of them are filled).  @zstd: a ZSTD_DCtx.
 * Errors: SW_ERR_CRYPTO, SW_ERR_MALFORMED, SW_ERR_NOMEM. */
int sw_pack_segment(const struct sw_pack_reader *r, void *zstd, uint32_t i, const uint8_t *sealed,
                    uint8_t *out);

/* Open everything and hash every chunk: what a snapshot does before it offers a pack.
 * Errors: as open and segment; SW_ERR_CRYPTO also when a chunk is not what its name says. */
int sw_pack_verify(struct sw_bytes pack, const struct sw_epoch *epoch, const struct sw_digest *repo,
                   const struct sw_job_host *host);

/* Padme: the length to which @len is padded; at most 12 % more. */
size_t sw_padme(size_t len);

#endif

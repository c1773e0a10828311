/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the writer and the reader of packs must agree on; FORMAT.md says it for people. */
#ifndef SW_CORE_BACKUP_PACK_FORMAT_H
#define SW_CORE_BACKUP_PACK_FORMAT_H

#include "node/core/backup/pack.h"

static const uint8_t pack_magic[8] = { 'Q', 'B', 'P', 'A', 'C', 'K', '\r', '\n' };

enum {
    PACK_VERSION = 1,
    PACK_EPOCH_AT = 16, /* in the header */
    PACK_NONCE_AT = 32,
    PACK_COMMIT_AT = 64,
    PACK_RESERVED_AT = 96, /* zero */
    PACK_TRAILER = 4,
    PACK_SEGMENT_ENTRY = 9, /* u32 sealed length, u32 plain length, u8 method */
    PACK_CHUNK_ENTRY = 44,  /* id, u32 segment, u32 offset, u32 length */
    PACK_METHOD_RAW = 0,
    PACK_METHOD_ZSTD = 1,
    PACK_TYPE_SEGMENT = 1,
    PACK_TYPE_FOOTER = 2,
    GROUP_CHUNKS_MAX = 4096, /* so that any group fits an empty pack */
};
#define PACK_FOOTER_NUMBER UINT64_MAX /* the footer's in place of a segment's number */

/* Nonce and associated data of one AEAD call. */
struct sw_pack_aead {
    uint8_t nonce[24];                               /* 16 bytes of the pack nonce, number */
    uint8_t aad[SW_PACK_HEADER + SW_DIGEST_LEN + 9]; /* header, repository, number, type */
};
void sw_pack_seal_params(const uint8_t *header, const struct sw_digest *repo, uint64_t segment,
                         uint8_t type, struct sw_pack_aead *out);
void sw_pack_key(const uint8_t epoch_key[SW_KEY_LEN], const uint8_t nonce[32],
                 uint8_t key[SW_KEY_LEN]);
void sw_pack_commit(const uint8_t key[SW_KEY_LEN], uint8_t out[32]);

#endif

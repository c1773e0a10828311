/* SPDX-License-Identifier: GPL-3.0-or-later
 * Keys and their uses: who derives what from what, and how an epoch's keys reach the recipient.
 * FORMAT.md has the byte-level account. */
#ifndef SW_CORE_BACKUP_SEAL_H
#define SW_CORE_BACKUP_SEAL_H

#include "node/base/types.h"

#define SW_SUITE_1 1 /* XChaCha20-Poly1305, BLAKE2b-256, zstd, HPKE as in hpke.h, Ed25519 */
#define SW_KEY_LEN 32
#define SW_TAG_LEN 16
#define SW_EPOCH_ID_LEN 16
#define SW_SEALED_EPOCH_LEN (32 + 2 * SW_KEY_LEN + 16) /* enc, sealed {EK, id key}, tag */

/* Whose repository: BLAKE2b-256 of node, set and signing key.  Bound into every AEAD call, so
 * that nothing of one repository can be passed off as another's. */
void sw_repo_id(const char *node, const char *set, const uint8_t identity[32],
                struct sw_digest *out);

/* out = BLAKE2b-256(@key, @label || big-endian @counter). */
void sw_derive(const uint8_t key[SW_KEY_LEN], const char *label, uint64_t counter,
               uint8_t out[SW_KEY_LEN]);

/* What a reader of one epoch's packs must know. */
struct sw_epoch {
    uint8_t id[SW_EPOCH_ID_LEN]; /* public */
    uint8_t key[SW_KEY_LEN];     /* EK: secret, new for each epoch */
    uint8_t id_key[SW_KEY_LEN];  /* names chunks: secret, the repository's */
};

/* An epoch from 32 fresh secret bytes and the node's Ed25519 @seed. */
void sw_epoch_make(struct sw_epoch *e, const uint8_t entropy[32], const uint8_t seed[32],
                   const struct sw_digest *repo);
void sw_epoch_wipe(struct sw_epoch *e);

/* Seal the epoch's secrets to @recipient.  @ikm: 32 fresh secret bytes.
 * Errors: SW_ERR_CRYPTO: @recipient is not a usable key. */
int sw_epoch_seal(const struct sw_epoch *e, const struct sw_digest *repo,
                  const uint8_t recipient[32], const uint8_t ikm[32],
                  uint8_t out[SW_SEALED_EPOCH_LEN]);
/* @e->id says which epoch @sealed is for; fills in the secrets.  Errors: SW_ERR_CRYPTO. */
int sw_epoch_open(struct sw_epoch *e, const struct sw_digest *repo, const uint8_t secret[32],
                  const uint8_t sealed[SW_SEALED_EPOCH_LEN]);

/* A chunk's name: BLAKE2b-256(id key, @data). */
void sw_chunk_id(const struct sw_epoch *e, struct sw_bytes data, struct sw_digest *out);
/* An object's name: BLAKE2b-256(@data). */
void sw_object_name(struct sw_bytes data, struct sw_digest *out);

static inline struct sw_bytes sw_digest_bytes(const struct sw_digest *d)
{
    return (struct sw_bytes){ d->b, SW_DIGEST_LEN };
}

#endif

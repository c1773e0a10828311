/* SPDX-License-Identifier: GPL-3.0-or-later
 * Manifests: what one snapshot consists of, signed by the node that took it.  Storage nodes read
 * whose it is and which packs it needs; what is in them takes the recipient's key. */
#ifndef SW_CORE_BACKUP_MANIFEST_H
#define SW_CORE_BACKUP_MANIFEST_H

#include "node/base/buf.h"
#include "node/core/backup/seal.h"

#define SW_MANIFEST_MAX (16 * SW_MIB)
#define SW_MANIFEST_EPOCHS_MAX 65536

/* Where the tree lies: only the recipient can read it. */
struct sw_root {
    struct sw_digest id; /* of the chunk at the top */
    uint8_t levels;      /* lists of chunk references above the tree's own bytes */
    uint32_t len;        /* of that chunk */
    uint64_t tree_bytes;
    uint64_t files, bytes; /* of the snapshot */
};
#define SW_ROOT_LEN (SW_DIGEST_LEN + 1 + 4 + 8 + 8 + 8)

struct sw_manifest_epoch {
    uint8_t id[SW_EPOCH_ID_LEN];
    uint8_t sealed[SW_SEALED_EPOCH_LEN];
};

struct sw_manifest_pack {
    struct sw_digest name;
    uint32_t size;
    uint32_t epoch; /* index into the epochs */
};

/* To write one: fill in, then build.  The arrays are the caller's. */
struct sw_manifest_parts {
    const char *node, *set;
    uint64_t sequence;
    sw_wall taken_at;
    struct sw_digest previous; /* zero at first */
    const struct sw_manifest_epoch *epochs;
    size_t n_epochs; /* the last one is this snapshot's own */
    const struct sw_manifest_pack *packs;
    size_t n_packs; /* in ascending order of names */
    struct sw_root root;
    uint8_t root_nonce[24]; /* fresh */
};
/* @epoch: this snapshot's own, under which the root is sealed.  @seed: Ed25519, signs.
 * Errors: SW_ERR_NOMEM, SW_ERR_FULL (larger than SW_MANIFEST_MAX). */
int sw_manifest_build(const struct sw_manifest_parts *p, const struct sw_epoch *epoch,
                      const struct sw_digest *repo, const uint8_t seed[32], struct sw_blob *out);

/* One that was read: pointers into the borrowed bytes. */
struct sw_manifest {
    struct sw_bytes bytes;
    uint8_t identity[32]; /* Ed25519 public key it claims to be signed with */
    struct sw_name node, set;
    uint64_t sequence;
    sw_wall taken_at;
    struct sw_digest previous;
    const uint8_t *epochs;
    uint32_t n_epochs;
    const uint8_t *packs;
    uint32_t n_packs;
    const uint8_t *root; /* nonce and sealed root */
};
/* Errors: SW_ERR_MALFORMED (also: packs out of order, an epoch index out of range),
 * SW_ERR_UNSUPPORTED. */
int sw_manifest_parse(struct sw_bytes bytes, struct sw_manifest *out);
/* Is it signed by the key it names?  SW_ERR_CRYPTO when not. */
int sw_manifest_verify(const struct sw_manifest *m);
void sw_manifest_epoch(const struct sw_manifest *m, uint32_t i, struct sw_manifest_epoch *out);
void sw_manifest_pack(const struct sw_manifest *m, uint32_t i, struct sw_manifest_pack *out);
/* Errors: SW_ERR_CRYPTO, SW_ERR_MALFORMED. */
int sw_manifest_root(const struct sw_manifest *m, const struct sw_epoch *epoch,
                     const struct sw_digest *repo, struct sw_root *out);

#endif

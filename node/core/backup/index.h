/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which chunks lie in which packs, so that a chunk is sealed once: in memory during a snapshot,
 * and in a file of the local store between snapshots.  The file is a cache, bound to one
 * recipient: without it the next snapshot is a full one.  It names chunks by keyed digests and
 * holds no key. */
#ifndef SW_CORE_BACKUP_INDEX_H
#define SW_CORE_BACKUP_INDEX_H

#include "node/core/backup/manifest.h"
#include "node/core/backup/store.h"

#define SW_INDEX_NO_PACK UINT32_MAX /* of a chunk: gathered, not yet in a pack */
#define SW_INDEX_MAX (4 * SW_GIB)   /* bytes of the file: about 120 million chunks */

struct sw_index_chunk {
    struct sw_digest id;
    uint32_t pack;
};

struct sw_index_pack {
    struct sw_manifest_pack pack;
    bool used; /* by the snapshot being taken */
    bool made; /* by it */
};

/* Zero-initialised is a valid empty index. */
struct sw_index {
    struct sw_index_chunk *chunks;
    size_t n_chunks, cap_chunks;
    uint32_t *slots; /* 1 + number of a chunk, 0 free; a power of two of them */
    size_t n_slots;
    struct sw_index_pack *packs;
    size_t n_packs, cap_packs;
    struct sw_manifest_epoch *epochs;
    size_t n_epochs, cap_epochs;
    uint8_t notes[16]; /* which notes (seen.h) go with it; zero: none */
    bool whole;        /* it was read from a file, and all of its packs are in the store */
};

void sw_index_fini(struct sw_index *ix);
/* NULL when unknown.  Valid until the next add. */
struct sw_index_chunk *sw_index_find(const struct sw_index *ix, const struct sw_digest *id);
/* @id must be unknown.  Errors: SW_ERR_NOMEM, SW_ERR_FULL. */
int sw_index_add(struct sw_index *ix, const struct sw_digest *id, uint32_t pack);
/* Errors: SW_ERR_NOMEM. */
int sw_index_add_pack(struct sw_index *ix, const struct sw_index_pack *pack);
int sw_index_add_epoch(struct sw_index *ix, const struct sw_manifest_epoch *epoch);

/* What ties an index to its keys: another recipient or repository, another binding. */
void sw_index_binding(const struct sw_digest *repo, const uint8_t recipient[32],
                      struct sw_digest *out);
/* Fill the empty @ix from the store.  Chunks of packs that are no longer in the store are left
 * out.  A missing, foreign or damaged file leaves it empty, and that is no error.
 * Errors: SW_ERR_NOMEM, SW_ERR_CRASHED. */
int sw_index_load(struct sw_index *ix, const struct sw_job_host *host, const char *store,
                  const char *set, const struct sw_digest *binding);
/* Keep what lies in used packs, for the next snapshot.  Errors: the disk's, SW_ERR_NOMEM. */
int sw_index_save(const struct sw_index *ix, const struct sw_job_host *host, const char *store,
                  const char *set, const struct sw_digest *binding);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * From chunks to packs on disk: leaves out what the index knows, gathers the rest into segments,
 * fills two packs at a time (which chunk goes where is drawn), verifies each pack and writes it. */
#ifndef SW_CORE_BACKUP_PACKER_H
#define SW_CORE_BACKUP_PACKER_H

#include "node/core/backup/index.h"
#include "node/core/backup/pack.h"
#include "node/core/backup/tree.h"

struct sw_packer_options {
    const struct sw_job_host *host;
    const char *store;
    const struct sw_epoch *epoch;
    const struct sw_digest *repo;
    const uint8_t *entropy; /* 32 secret bytes: pack nonces and the shuffle come from them */
    struct sw_index *index;
    uint32_t epoch_number; /* of @epoch in the index */
};

/* One of the two that are being filled. */
struct sw_lane {
    struct sw_group group;
    struct sw_pack_writer writer;
    bool open;       /* the writer has begun */
    uint32_t number; /* of its pack in the index */
};

struct sw_packer {
    struct sw_packer_options o;
    struct sw_lane lanes[2];
    struct sw_segment segment;
    void *zstd;        /* ZSTD_CCtx */
    uint64_t n_begun;  /* packs */
    uint64_t n_drawn;  /* chunks assigned to a lane */
    uint8_t coins[32]; /* 256 draws */
};

/* Everything in @o is borrowed until fini.  Errors: SW_ERR_NOMEM. */
int sw_packer_init(struct sw_packer *p, const struct sw_packer_options *o);
/* Keep @data and say what it is called.  Errors: the disk's, SW_ERR_NOMEM, SW_ERR_CRYPTO (a pack
 * did not verify: memory or processor are broken). */
int sw_packer_chunk(struct sw_packer *p, struct sw_bytes data, struct sw_tree_ref *out);
/* Close the last packs: everything kept is in a file.  The folder is not yet on disk. */
int sw_packer_finish(struct sw_packer *p);
/* Remove the packs written, when the snapshot fails. */
void sw_packer_undo(struct sw_packer *p);
void sw_packer_fini(struct sw_packer *p);

#endif

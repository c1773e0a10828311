/* SPDX-License-Identifier: GPL-3.0-or-later
 * A tree stream becomes chunks, their references become chunks, until one is left: the root. */
#ifndef SW_CORE_BACKUP_TREE_WRITER_H
#define SW_CORE_BACKUP_TREE_WRITER_H

#include "node/core/backup/manifest.h"
#include "node/core/backup/packer.h"

#define SW_TREE_LEVELS_MAX 8
#define SW_TREE_REF_LEN (SW_DIGEST_LEN + 4) /* a reference in a list: id, u32 length */

struct sw_tree_writer {
    struct sw_packer *packer;
    const struct sw_chunker *chunker;
    uint8_t *buf; /* tree bytes not yet cut */
    size_t len;
    struct sw_blob refs; /* of the level being written */
    uint64_t bytes;
};

/* @packer and @chunker are borrowed until fini.  Errors: SW_ERR_NOMEM. */
int sw_tree_writer_init(struct sw_tree_writer *t, struct sw_packer *packer,
                        const struct sw_chunker *chunker);
/* Errors: sw_packer_chunk's. */
int sw_tree_writer_record(struct sw_tree_writer *t, const struct sw_tree_record *r);
/* All records came: fill in id, levels, len and tree_bytes of @root. */
int sw_tree_writer_finish(struct sw_tree_writer *t, struct sw_root *root);
void sw_tree_writer_fini(struct sw_tree_writer *t);

#endif

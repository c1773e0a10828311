/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where every chunk of a snapshot lies: read from the footers of its packs, so that nothing else
 * is needed to restore.  Takes 48 bytes of memory a chunk. */
#ifndef SW_CORE_BACKUP_CATALOG_H
#define SW_CORE_BACKUP_CATALOG_H

#include "node/core/backup/manifest.h"
#include "node/core/backup/pack.h"
#include "node/core/backup/store.h"

struct sw_catalog_options {
    const struct sw_job_host *host;
    const char *store;
    const struct sw_manifest *manifest;
    const struct sw_digest *repo;
    const struct sw_epoch *epochs; /* the manifest's; a zero key: could not be opened */
    bool whole;                    /* a pack that can't be read is an error at once */
};

struct sw_location {
    struct sw_digest id;
    uint32_t pack, segment, offset, len;
};

/* A pack with its file open. */
struct sw_catalog_pack {
    bool open;
    uint32_t number;
    int fd;
    struct sw_pack_reader reader;
};

/* A segment with its bytes. */
struct sw_catalog_segment {
    bool full;
    uint32_t pack, segment;
    uint8_t *plain; /* SW_SEGMENT_MAX */
};

struct sw_catalog {
    struct sw_catalog_options o;
    struct sw_location *locations; /* in the order of packs, segments and offsets */
    size_t n, cap;
    uint32_t *by_id;                       /* the same in the order of ids */
    struct sw_catalog_pack packs[2];       /* neighbouring chunks lie in two packs */
    struct sw_catalog_segment segments[2]; /* likewise */
    uint32_t turn_pack, turn_segment;      /* which to replace next */
    uint8_t *sealed;                       /* SW_SEGMENT_MAX + SW_TAG_LEN */
    void *zstd;                            /* ZSTD_DCtx */
    bool failed;                           /* a pack could not be read, or not as it was written */
};

/* Read the footers.  A pack that is missing or damaged adds nothing, and that is no error unless
 * @o->whole: the files that need it will miss their chunks.  Everything in @o is borrowed until
 * fini.  Errors: SW_ERR_NOMEM, SW_ERR_CRASHED; of a whole one those of sw_catalog_read too. */
int sw_catalog_init(struct sw_catalog *c, const struct sw_catalog_options *o);
void sw_catalog_fini(struct sw_catalog *c);

/* Number of the location of @id; SIZE_MAX when no pack has it. */
size_t sw_catalog_find(const struct sw_catalog *c, const struct sw_digest *id);
/* The bytes at location @i, decrypted and checked against their name; lent until the next call.
 * Errors: SW_ERR_CRYPTO, SW_ERR_MALFORMED, SW_ERR_NOTFOUND, SW_ERR_NOMEM, the disk's. */
int sw_catalog_read(struct sw_catalog *c, size_t i, struct sw_bytes *out);

#endif

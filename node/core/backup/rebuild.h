/* SPDX-License-Identifier: GPL-3.0-or-later
 * Writes a tree back to disk: takes its records in order, its chunks in the order in which packs
 * hold them, so that a segment is opened once a batch however many files share it.
 *
 * Everything is first made in TARGET/.restore-TAG, synced (at once where the disk can), then moved
 * up, entry by entry: what stands in TARGET under its own name is whole and on disk.  A file that
 * can't be made is left out and listed.  TARGET must be missing, or empty but for a
 * TARGET/.restore-TAG that an earlier, interrupted run left: that is removed. */
#ifndef SW_CORE_BACKUP_REBUILD_H
#define SW_CORE_BACKUP_REBUILD_H

#include "node/core/backup/catalog.h"
#include "node/core/backup/tree.h"

#define SW_DAMAGED_MAX 1000 /* paths listed; the others are counted */

struct sw_rebuild;

/* @tag: a few hexadecimal digits.  @catalog is borrowed until free.
 * Errors: SW_ERR_NOT_EMPTY, SW_ERR_NOT_A_DIRECTORY, SW_ERR_RANGE (path too long), SW_ERR_NOMEM,
 * the disk's. */
int sw_rebuild_new(const struct sw_job_host *host, struct sw_catalog *catalog, const char *target,
                   const char *tag, struct sw_rebuild **out);
/* The next record, and the path of the entry that it is or belongs to.  Errors end the restore:
 * SW_ERR_FULL, SW_ERR_NOMEM, SW_ERR_CRASHED; when the catalog is to be whole, its own too. */
int sw_rebuild_record(struct sw_rebuild *b, const struct sw_tree_record *r, const char *path);
/* After END: write what waits, sync, move it into place. */
int sw_rebuild_finish(struct sw_rebuild *b);
/* When finish was not reached, what was made is removed. */
void sw_rebuild_free(struct sw_rebuild *b);

struct sw_rebuild_counts {
    uint64_t files, bytes; /* restored */
    char **damaged;        /* "path: reason" */
    size_t n_damaged;
    uint64_t more_damaged; /* as many more, not listed */
};
/* Lent until free. */
const struct sw_rebuild_counts *sw_rebuild_counts(const struct sw_rebuild *b);

#endif

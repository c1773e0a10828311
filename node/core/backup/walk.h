/* SPDX-License-Identifier: GPL-3.0-or-later
 * Walks a folder and tells a sink what is there, as tree records and chunks, in canonical order.
 * Memory: the names of the folders open at a time, one file buffer; never a whole file. */
#ifndef SW_CORE_BACKUP_WALK_H
#define SW_CORE_BACKUP_WALK_H

#include "node/base/buf.h"
#include "node/core/backup/chunk.h"
#include "node/core/backup/tree.h"
#include "node/core/job.h"

struct sw_walk_sink {
    void *self;
    /* Keep a piece of a file: say what it is called.  Errors end the walk. */
    int (*chunk)(void *self, struct sw_bytes data, struct sw_tree_ref *out);
    /* The next record of the tree; @r is borrowed. */
    int (*record)(void *self, const struct sw_tree_record *r);
    /* A file as found, before its FILE record: true when it is known and need not be read; its
     * references then come from @known. */
    bool (*found)(void *self, const char *path, const struct sw_stat *st);
    /* The next up to SW_TREE_REFS_MAX references of that file: how many, 0 at the end, or an
     * error, which ends the walk. */
    int64_t (*known)(void *self, struct sw_tree_ref *refs);
    /* @path could not be read (whole), or changed meanwhile (@reason SW_ERR_BUSY; kept as read). */
    int (*skipped)(void *self, const char *path, int reason);
};

struct sw_walk_options {
    const char *path;  /* the folder */
    const char *avoid; /* a folder not to enter (the store), as a path beginning like @path */
};

/* Records FOLDER "" to END.  What can't be read is a SKIPPED or BROKEN record.
 * Errors: the folder itself can't be read; SW_ERR_CRASHED, SW_ERR_NOMEM, the sink's. */
int sw_walk(const struct sw_job_host *host, const struct sw_chunker *chunker,
            const struct sw_walk_options *options, const struct sw_walk_sink *sink);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * A tree being written back, as rebuild.c and rebuild_batch.c see it. */
#ifndef SW_CORE_BACKUP_REBUILD_INSIDE_H
#define SW_CORE_BACKUP_REBUILD_INSIDE_H

#include "node/core/backup/rebuild.h"

#define REBUILD_PATH_CAP 8192
#define REBUILD_FILES 1024          /* of a batch; folders likewise */
#define REBUILD_REFS 2048           /* about 128 MiB of files */
#define REBUILD_TEXT (256 * SW_KIB) /* bytes of paths */
#define REBUILD_FILE_MODE 0600
#define REBUILD_FOLDER_MODE 0700

struct sw_rebuild_meta {
    uint32_t mode, uid, gid;
    sw_wall mtime;
};

struct sw_rebuild_file {
    size_t path; /* in the text */
    struct sw_rebuild_meta meta;
    uint64_t size;
    uint32_t owed; /* references not yet written */
    bool created;
    bool complete; /* all of its references are known */
    bool done;
    int damage; /* enum sw_err, 0 while it is well */
};

struct sw_rebuild_ref {
    uint32_t location, file;
    uint64_t offset;
};

/* A folder whose content is complete: what is left is to sync it and dress it. */
struct sw_rebuild_folder {
    size_t path;
    struct sw_rebuild_meta meta;
};

struct sw_rebuild {
    const struct sw_job_host *host;
    const struct sw_fs *fs;
    struct sw_catalog *catalog;
    char *path;       /* REBUILD_PATH_CAP: the staging folder, then what is being worked on */
    size_t stage_len; /* of the staging folder's path */
    size_t target_len;
    bool finished;
    bool one_sync; /* the disk can sync all at once: no fsync a file */

    struct sw_rebuild_file *files;
    size_t n_files;
    struct sw_rebuild_ref *refs;
    size_t n_refs;
    struct sw_rebuild_folder *folders;
    size_t n_folders;
    struct sw_blob text;
    struct sw_blob
        tops; /* struct sw_rebuild_folder of those in the staging folder itself: dressed last */
    struct sw_blob top_text;

    struct sw_rebuild_meta *open; /* of the folders being read, SW_TREE_DEPTH_MAX */
    size_t depth;
    struct sw_rebuild_meta root;

    int fd; /* of files[fd_file], -1 when none */
    uint32_t fd_file;
    struct sw_rebuild_counts counts;
};

/* These end the restore; anything else is one file's misfortune. */
bool sw_rebuild_fatal(int err);
/* Set b->path to the staging folder's @relative.  Errors: SW_ERR_RANGE. */
int sw_rebuild_at(struct sw_rebuild *b, const char *relative);
/* List it.  Errors: SW_ERR_NOMEM. */
int sw_rebuild_damage(struct sw_rebuild *b, const char *path, int reason);
/* Give b->path its owner, permissions and time.  Errors: the disk's. */
int sw_rebuild_dress(struct sw_rebuild *b, const struct sw_rebuild_meta *m, bool is_link);
/* Keep @s at *@where of @text.  Errors: SW_ERR_NOMEM. */
int sw_rebuild_text(struct sw_blob *text, const char *s, size_t *where);
static inline const char *sw_rebuild_text_at(const struct sw_blob *text, size_t i)
{
    return (const char *)text->data + i;
}

/* rebuild_batch.c: serve the batch.  A file that is not complete yet is the first of the next. */
int sw_rebuild_flush(struct sw_rebuild *b);
int sw_rebuild_close(struct sw_rebuild *b, bool sync);
/* Dress and sync folders whose content is complete; b->path is changed. */
int sw_rebuild_settle(struct sw_rebuild *b, const struct sw_rebuild_folder *v, size_t n,
                      const struct sw_blob *text);
int sw_rebuild_settle_one(struct sw_rebuild *b, const struct sw_rebuild_meta *m);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Notes: files as the last snapshot saw them.  A file of the same size, times and inode number is
 * taken over with its chunks and not read again.  They lie in the local store beside the index,
 * sealed, and are worth nothing without exactly that index.
 *
 * What changed less than 2 s before the snapshot began is never noted: it could change once more
 * and bear the same times. */
#ifndef SW_CORE_BACKUP_SEEN_H
#define SW_CORE_BACKUP_SEEN_H

#include "node/core/backup/seal.h"
#include "node/core/backup/store.h"
#include "node/core/backup/tree.h"

/* What notes are sealed with: the key is the repository's, the number these notes' own. */
struct sw_seen_key {
    uint8_t key[SW_KEY_LEN];
    uint8_t number[16];
};
void sw_seen_key(const struct sw_epoch *epoch, const uint8_t number[16], struct sw_seen_key *out);

/* Remove a set's notes: the next snapshot reads everything. */
void sw_seen_forget(const struct sw_job_host *host, const char *store, const char *set);

/* Reads and writes go in the walk's order, a block at a time. */
struct sw_seen_reader {
    const struct sw_job_host *host;
    struct sw_seen_key key;
    int fd; /* -1: there is nothing to take over */
    uint8_t *buf;
    size_t at, len;
    uint64_t block;                  /* the next one */
    char path[SW_TREE_PATH_MAX + 1]; /* of the file at hand, "" before the first */
    struct sw_stat st;
};

/* Missing, damaged or foreign notes are no error: nothing is found in them.
 * Errors: SW_ERR_NOMEM, SW_ERR_CRASHED. */
int sw_seen_open(struct sw_seen_reader *r, const struct sw_job_host *host, const char *store,
                 const char *set, const struct sw_seen_key *key);
void sw_seen_close(struct sw_seen_reader *r);
/* Was the file at @path (later in the walk than any asked for before) as @st says? */
bool sw_seen_find(struct sw_seen_reader *r, const char *path, const struct sw_stat *st);
/* After true: its next references, up to SW_TREE_REFS_MAX; 0 at the end.
 * Errors: SW_ERR_IO: the notes end in the middle of it. */
int64_t sw_seen_refs(struct sw_seen_reader *r, struct sw_tree_ref *refs);

struct sw_seen_writer {
    const struct sw_job_host *host;
    struct sw_seen_key key;
    int fd; /* -1: not writing */
    struct sw_path temporary;
    uint8_t *buf;
    size_t len;
    uint64_t block;
    sw_wall before; /* files changed from here on are not noted */
    bool noting;    /* the file at hand is */
};

/* @taken_at: when the snapshot began.  Errors: SW_ERR_NOMEM, the disk's. */
int sw_seen_begin(struct sw_seen_writer *w, const struct sw_job_host *host, const char *store,
                  const char *set, const struct sw_seen_key *key, sw_wall taken_at);
int sw_seen_file(struct sw_seen_writer *w, const char *path, const struct sw_stat *st);
int sw_seen_chunks(struct sw_seen_writer *w, const struct sw_tree_ref *refs, size_t n);
/* Put them in place of the older ones. */
int sw_seen_commit(struct sw_seen_writer *w, const char *store, const char *set);
/* Forget what was not committed. */
void sw_seen_fini(struct sw_seen_writer *w);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * A folder as a stream of records: what a snapshot remembers besides content.  The stream is
 * canonical: one folder state has one encoding, and a reader refuses any other.
 *
 *     START, FOLDER "", ( FOLDER name ... UP | FILE name CHUNKS* BROKEN? | LINK name
 *     | SKIPPED name )*, UP, END
 *
 * Names of a folder come in strictly ascending byte order, so no name comes twice, and a name
 * has no slash and is neither "." nor "..": joining them can't leave the folder. */
#ifndef SW_CORE_BACKUP_TREE_H
#define SW_CORE_BACKUP_TREE_H

#include "node/base/types.h"
#include "node/core/fs.h"

#define SW_TREE_NAME_MAX 255
#define SW_TREE_TARGET_MAX 4095
#define SW_TREE_PATH_MAX 4095  /* of a path inside the folder */
#define SW_TREE_DEPTH_MAX 1024 /* folders inside each other */
#define SW_TREE_REFS_MAX 1024  /* chunk references in one record */
#define SW_TREE_RECORD_MAX (3 + SW_TREE_REFS_MAX * 36)

enum sw_tree_kind {
    SW_TREE_START = 1,
    SW_TREE_FOLDER,
    SW_TREE_UP,
    SW_TREE_FILE,
    SW_TREE_CHUNKS, /* full, or the last of its file */
    SW_TREE_BROKEN, /* the rest of this file could not be read */
    SW_TREE_LINK,
    SW_TREE_SKIPPED,
    SW_TREE_END,
};

struct sw_tree_ref {
    struct sw_digest id;
    uint32_t len;
};

struct sw_tree_record {
    enum sw_tree_kind kind;
    char name[SW_TREE_NAME_MAX + 1]; /* FOLDER, FILE, LINK, SKIPPED */
    uint32_t mode, uid, gid;         /* FOLDER, FILE, LINK; 07777 */
    sw_wall mtime;
    char target[SW_TREE_TARGET_MAX + 1]; /* LINK */
    int reason;                          /* SKIPPED, BROKEN: enum sw_err */
    struct sw_tree_ref *refs;            /* CHUNKS; the encoder's caller's, the reader's */
    size_t n_refs;
    uint64_t files, bytes; /* END: of the whole tree */
};

/* Below, at or above 0 as path @a comes before, at or after @b in the stream: names are compared
 * one by one, so that a folder's content follows it at once. */
int sw_tree_path_order(const char *a, const char *b);

/* May @name be an entry of a folder? */
bool sw_tree_name_valid(const char *name, size_t len);

/* Encode @r into @out (SW_TREE_RECORD_MAX bytes); the length. */
size_t sw_tree_encode(const struct sw_tree_record *r, uint8_t *out);

/* Reads records from a stream and holds them to the rules above. */
struct sw_tree_reader {
    /* Fill @buf with up to @cap bytes of the stream: how many, 0 at its end, or an error. */
    int64_t (*fill)(void *arg, uint8_t *buf, size_t cap);
    void *arg;
    uint8_t *buf; /* SW_TREE_RECORD_MAX bytes */
    size_t at, len;
    struct sw_tree_ref *refs; /* SW_TREE_REFS_MAX, where records' references lie */
    enum sw_tree_kind last;
    bool complete; /* the current file's last CHUNKS came */
    uint64_t files, bytes;
    size_t depth;                    /* folders open */
    char path[SW_TREE_PATH_MAX + 1]; /* of the last entry, "" for the root */
    size_t name_at;                  /* where that entry's name begins */
    bool fresh;                      /* nothing came in this folder yet */
};

/* Errors: SW_ERR_NOMEM. */
int sw_tree_reader_init(struct sw_tree_reader *t,
                        int64_t (*fill)(void *arg, uint8_t *buf, size_t cap), void *arg);
void sw_tree_reader_fini(struct sw_tree_reader *t);
/* The next record.  t->path is then the path of the entry that @r is or belongs to.  After END:
 * SW_ERR_NOTFOUND.  Errors: SW_ERR_MALFORMED, SW_ERR_UNSUPPORTED (an unknown record), fill's. */
int sw_tree_next(struct sw_tree_reader *t, struct sw_tree_record *r);

#endif

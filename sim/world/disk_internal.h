/* SPDX-License-Identifier: GPL-3.0-or-later
 * The virtual disk's inside: inodes with a present and a durable state, shared by disk*.c only.
 *
 * A directory has two maps, what jobs see and what a crash leaves; every change of names is one
 * operation in a log until an fsync of a directory it touches moves it to the durable map.  A file
 * keeps its present bytes and, for each write since its last fsync, what that write replaced. */
#ifndef SIM_DISK_INTERNAL_H
#define SIM_DISK_INTERNAL_H

#include "node/base/map.h"
#include "node/base/rng.h"
#include "sim/world/disk.h"

enum { SIM_NAME_MAX = 255, SIM_PATH_MAX = 4096, SIM_SECTOR = 512 };

struct attributes {
    uint32_t mode, uid, gid;
    sw_wall mtime;
};

/* One pwrite or truncate since the last fsync. */
struct change {
    struct change *older, *newer;
    uint64_t number; /* the disk's count of changes */
    bool truncates;
    uint64_t offset, len; /* of a write; of a truncation, what it cut off */
    uint64_t old_size, new_size;
    uint8_t *replaced; /* @kept bytes from @offset as they were before */
    uint64_t kept;
};

struct inode {
    uint64_t number;
    struct inode *older, *newer; /* all of the disk's, by number */
    enum sw_file_type type;
    struct attributes now, durable;
    uint32_t refs;  /* names now and durable, log entries, descriptors; 0 frees it */
    uint32_t links; /* names now */
    uint32_t opens; /* descriptors */
    bool counted;   /* in the disk's used bytes: it has a name or a descriptor */

    /* SW_FILE_REGULAR.  Bytes of @data from @size to @cap are zero. */
    uint8_t *data;
    uint64_t size, cap;
    struct change *oldest, *newest;
    uint64_t dirty; /* bytes written since the last fsync */

    /* SW_FILE_DIRECTORY: names to inodes. */
    struct sw_map names, durable_names;
    struct inode *parent; /* now; the root's is itself */
    bool marked;          /* used within one pass over the log */

    char *target; /* SW_FILE_SYMLINK */
};

/* A change of names: one assignment, or two at once (rename).  @to NULL removes the name. */
struct name_set {
    struct inode *dir;
    char *name;
    struct inode *to;
};
struct name_op {
    uint64_t number;
    struct name_set set[2];
    unsigned n;
    bool chosen; /* used within one pass */
};

struct descriptor {
    struct inode *file; /* NULL: free */
    unsigned flags;
};

/* What one sw_fs is bound to: a disk as it was between two crashes. */
struct sim_disk_view {
    struct sim_disk_state *disk;
    struct sim_disk_view *next;
    bool dead;
    struct descriptor *open;
    size_t n_open;
};

struct sim_disk_state {
    struct sim_engine *engine;
    struct sim_disk model;
    sw_wall epoch; /* wall clock at time 0 */
    struct sw_rng faults, jitter;
    double slow;
    struct sw_rng_key sectors; /* which can't be read */
    double unreadable;         /* share of them */
    void (*on_write)(void *self);
    void *on_write_self;
    bool lies; /* fsync does nothing */
    bool full; /* whatever its capacity */

    struct inode *root, *oldest, *newest;
    struct inode *dying; /* of no reference, linked by @newer, to be freed */
    uint64_t inodes;     /* number of the last made */
    uint64_t used;       /* bytes */
    uint64_t changes;    /* number of the last change of data or names */
    struct name_op *log;
    size_t n_log, log_cap;
    sw_time busy_until;
    struct sim_disk_view *views; /* the first is the one alive */
};

/* ---- disk_tree.c: inodes, names, paths ---- */

struct inode *sim_inode_new(struct sim_disk_state *d, enum sw_file_type type, uint32_t mode);
void sim_inode_ref(struct inode *i);
void sim_inode_unref(struct sim_disk_state *d, struct inode *i);
/* Names or descriptors changed: see whether its bytes still count as used. */
void sim_inode_account(struct sim_disk_state *d, struct inode *i);
void sim_inode_stat(const struct inode *i, struct sw_stat *out);
sw_wall sim_disk_wall(const struct sim_disk_state *d);
/* Bind or (@to NULL) remove @name in @map, which is one of @dir's two. */
void sim_name_put(struct sim_disk_state *d, struct inode *dir, struct sw_map *map, const char *name,
                  struct inode *to);
/* Change names now, and log the change until a directory is synced.  @sets are copied. */
void sim_names_change(struct sim_disk_state *d, const struct name_set *sets, unsigned n);
/* A path's end. */
struct place {
    struct inode *dir;           /* where the last name is looked up */
    struct inode *file;          /* NULL: there is no such name in @dir */
    char name[SIM_NAME_MAX + 1]; /* "" for the root */
};
/* Errors: SW_ERR_NOTFOUND (a folder on the way), SW_ERR_NOT_A_DIRECTORY, SW_ERR_LOOP, SW_ERR_RANGE.
 */
int sim_disk_resolve(const struct sim_disk_state *d, const char *path, bool follow,
                     struct place *out);

/* ---- disk_data.c: bytes of files ---- */

/* Errors: SW_ERR_FULL: nothing written. */
int sim_file_write(struct sim_disk_state *d, struct inode *f, const void *buf, size_t len,
                   uint64_t offset);
int sim_file_truncate(struct sim_disk_state *d, struct inode *f, uint64_t size);
/* Changes up to @number are durable. */
void sim_file_sync(struct inode *f, uint64_t number);
/* Roll @f back to its durable bytes, then let each sector keep, with probability @keep, some
 * prefix of the changes that touched it. */
void sim_file_crash(struct inode *f, struct sw_rng *rng, double keep);
/* Give up bytes and history. */
void sim_file_clear(struct inode *f);

/* ---- disk_crash.c: durability of names ---- */

/* Changes of names up to @number that touch @dir, and whatever must come with them, are durable. */
void sim_names_sync(struct sim_disk_state *d, struct inode *dir, uint64_t number);
void sim_log_clear(struct sim_disk_state *d);

/* ---- disk_harm.c ---- */

/* Can @len bytes at @offset be read? */
bool sim_file_readable(const struct sim_disk_state *d, const struct inode *f, uint64_t offset,
                       uint64_t len);

/* ---- disk_fs.c: time, descriptors, bytes ---- */

/* The host goes away: descriptors close, calls through views made so far fail. */
void sim_disk_detach(struct sim_disk_state *d);
/* What a call costs on the device. */
sw_dur sim_view_cost(const struct sim_disk_state *d, sw_dur fixed, uint64_t bytes);
sw_dur sim_view_latency(const struct sim_disk_view *v);
/* Wait for @work on the device, after what was asked of it before; SW_ERR_CRASHED if the host
 * went away meanwhile. */
int sim_view_take(struct sim_disk_view *v, sw_dur work);
/* A change was made, with result @err: wait for it, and say how it went. */
int sim_view_took(struct sim_disk_view *v, sw_dur work, int err);

/* ---- disk_names.c ---- */

/* Fill in the calls that go by path, all but open. */
void sim_disk_name_calls(struct sw_fs *fs);

#endif

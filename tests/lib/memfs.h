/* SPDX-License-Identifier: GPL-3.0-or-later
 * Files in memory with a power switch: what was not synced is lost, or half lost, when it is
 * thrown.  Serves code that runs on struct sw_fs, one call at a time. */
#ifndef SW_TESTS_LIB_MEMFS_H
#define SW_TESTS_LIB_MEMFS_H

#include "node/base/buf.h"
#include "node/core/fs.h"

struct memfs;

struct memfs *memfs_new(void);
void memfs_free(struct memfs *m);
/* Calls of this file system; valid as long as it is. */
const struct sw_fs *memfs_fs(struct memfs *m);

/* A disk without the sync call. */
void memfs_no_sync(struct memfs *m);
/* Calls made so far. */
uint64_t memfs_calls(const struct memfs *m);
/* Power fails in place of the @n-th call from now (1 is the next): it and all after it have no
 * effect and return SW_ERR_CRASHED, until memfs_restart.  0: never. */
void memfs_crash_at(struct memfs *m, uint64_t n);
bool memfs_crashed(const struct memfs *m);
/* Power is back.  @seed 0: everything not synced is gone.  Otherwise each unsynced thing (a file's
 * bytes, an entry of a folder) survives, or not, or (bytes) in part, as @seed draws. */
void memfs_restart(struct memfs *m, uint64_t seed);

/* The @n-th call from now that writes or syncs returns @err and has no effect, once.  0: never. */
void memfs_fail_at(struct memfs *m, uint64_t n, int err);
/* Opening, reading or listing exactly this path fails with @err; NULL: none does. */
void memfs_refuse(struct memfs *m, const char *path, int err);
/* Bytes that fit in all; writes beyond get SW_ERR_FULL.  UINT64_MAX at first. */
void memfs_limit(struct memfs *m, uint64_t bytes);

/* From outside, at once, durable, folders made as needed.  False when it can't be. */
bool memfs_put(struct memfs *m, const char *path, const void *data, size_t len);
bool memfs_put_folder(struct memfs *m, const char *path);
/* The content, lent until it changes; data is NULL when there is no such file. */
struct sw_bytes memfs_get(struct memfs *m, const char *path);
/* Change one bit of a file. */
bool memfs_flip(struct memfs *m, const char *path, uint64_t bit);
/* Are the two trees equal in names, types, contents, modes, owners and times?  Says in @why
 * what is not. */
bool memfs_same(struct memfs *m, const char *a, const char *b, char why[256]);
/* Call @each for every file below @path. */
void memfs_each(struct memfs *m, const char *path,
                void (*each)(void *arg, const char *path, struct sw_bytes content), void *arg);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Files as a job sees them: POSIX live, a virtual disk in simulation.  Every call may block,
 * may let others run, and may fail because the node crashed (SW_ERR_CRASHED: unwind and return).
 * Paths are NUL-terminated, relative to the node's own root in simulation. */
#ifndef SW_CORE_FS_H
#define SW_CORE_FS_H

#include "node/base/types.h"

enum sw_file_type { SW_FILE_REGULAR = 1, SW_FILE_DIRECTORY, SW_FILE_SYMLINK, SW_FILE_OTHER };

struct sw_stat {
    enum sw_file_type type;
    uint64_t size; /* bytes */
    uint32_t mode; /* permission bits, 07777 */
    uint32_t uid, gid;
    uint64_t inode, links;
    sw_wall mtime;
    sw_wall ctime; /* last change of content or attributes; 0 where it is not kept */
};

enum sw_open_flags {
    SW_OPEN_READ = 1,
    SW_OPEN_WRITE = 2,
    SW_OPEN_CREATE = 4,    /* with WRITE: make it when absent */
    SW_OPEN_EXCLUSIVE = 8, /* with CREATE: fail when present */
    SW_OPEN_TRUNCATE = 16,
    SW_OPEN_NO_LINK = 32, /* fail with SW_ERR_LOOP where @path itself is a symbolic link; writers
                           * always do */
};

/* All return 0 (or a count where stated) or a negative enum sw_err. */
struct sw_fs {
    void *self; /* first argument of every call */

    /* A descriptor >= 0.  @mode: permission bits of a file that is made. */
    int (*open)(void *self, const char *path, unsigned flags, uint32_t mode);
    int (*close)(void *self, int fd);
    /* Bytes read, 0 at the end of the file.  Short only at the end. */
    int64_t (*pread)(void *self, int fd, void *buf, size_t len, uint64_t offset);
    /* All of @len, or an error. */
    int (*pwrite)(void *self, int fd, const void *buf, size_t len, uint64_t offset);
    int (*truncate)(void *self, int fd, uint64_t size);
    int (*fsync)(void *self, int fd);
    int (*fsync_dir)(void *self, const char *path);
    int (*fstat)(void *self, int fd, struct sw_stat *out);
    int (*lstat)(void *self, const char *path, struct sw_stat *out);
    /* Call @each for every entry except . and .., in byte order of names; stop at its first
     * non-zero return and return that.  @path itself must not be a symbolic link. */
    int (*list)(void *self, const char *path, int (*each)(void *arg, const char *name), void *arg);
    int (*mkdir)(void *self, const char *path, uint32_t mode);
    int (*rmdir)(void *self, const char *path);
    int (*rename)(void *self, const char *from, const char *to);
    int (*unlink)(void *self, const char *path);
    /* Bytes of the target written to @buf, not terminated. */
    int64_t (*readlink)(void *self, const char *path, char *buf, size_t cap);
    int (*symlink)(void *self, const char *target, const char *path);
    int (*link)(void *self, const char *from, const char *to);
    int (*chmod)(void *self, const char *path, uint32_t mode);
    int (*chown)(void *self, const char *path, uint32_t uid,
                 uint32_t gid);                                /* no symlink followed */
    int (*utime)(void *self, const char *path, sw_wall mtime); /* no symlink followed */
    int (*free_space)(void *self, const char *path, uint64_t *bytes);
    /* All that was written, named and set before, on the disk that holds the folder @path, is
     * durable: for thousands of files much cheaper than an fsync each.  NULL: there is none. */
    int (*sync)(void *self, const char *path);
};

#endif

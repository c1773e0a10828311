/* SPDX-License-Identifier: GPL-3.0-or-later
 * struct sw_fs on POSIX. */
#define _GNU_SOURCE /* O_NOFOLLOW, O_DIRECTORY, utimensat on symlinks */
#include "node/live/fs_posix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

int live_fs_error(int errnum)
{
    switch (errnum) {
    case 0:
        return 0;
    case ENOMEM:
        return SW_ERR_NOMEM;
    case ENOENT:
        return SW_ERR_NOTFOUND;
    case EEXIST:
        return SW_ERR_EXISTS;
    case ENOSPC:
    case EDQUOT:
        return SW_ERR_FULL;
    case EACCES:
    case EPERM:
    case EROFS:
        return SW_ERR_DENIED;
    case ENOTDIR:
        return SW_ERR_NOT_A_DIRECTORY;
    case EISDIR:
        return SW_ERR_IS_A_DIRECTORY;
    case ENOTEMPTY:
        return SW_ERR_NOT_EMPTY;
    case ELOOP:
        return SW_ERR_LOOP;
    case EBUSY:
    case EAGAIN:
    case EMFILE:
    case ENFILE:
        return SW_ERR_BUSY;
    case EINVAL:
    case ENAMETOOLONG:
    case EFBIG:
        return SW_ERR_RANGE;
    case EOPNOTSUPP:
    case ENOSYS:
    case EXDEV:
        return SW_ERR_UNSUPPORTED;
    case ETIMEDOUT:
        return SW_ERR_TIMEOUT;
    default:
        return SW_ERR_IO;
    }
}

/* 0, or what errno says. */
static int result(int rv)
{
    return rv < 0 ? live_fs_error(errno) : 0;
}

static int fs_open(void *self, const char *path, unsigned flags, uint32_t mode)
{
    (void)self;
    int how = O_CLOEXEC | O_NOCTTY;
    const bool writing = (flags & SW_OPEN_WRITE) != 0;
    /* A FIFO put where a file was must not hang a reader. */
    how |= writing ? O_NOFOLLOW | ((flags & SW_OPEN_READ) != 0 ? O_RDWR : O_WRONLY)
                   : O_RDONLY | O_NONBLOCK;
    how |= (flags & SW_OPEN_NO_LINK) != 0 ? O_NOFOLLOW : 0;
    how |= writing && (flags & SW_OPEN_CREATE) != 0 ? O_CREAT : 0;
    how |= writing && (flags & SW_OPEN_EXCLUSIVE) != 0 ? O_EXCL : 0;
    how |= writing && (flags & SW_OPEN_TRUNCATE) != 0 ? O_TRUNC : 0;
    int fd = -1;
    do {
        fd = open(path, how, (mode_t)mode);
    } while (fd < 0 && errno == EINTR);
    return fd < 0 ? live_fs_error(errno) : fd;
}

/* Linux closes the descriptor even when it says EINTR: never twice. */
static int fs_close(void *self, int fd)
{
    (void)self;
    return close(fd) == 0 || errno == EINTR ? 0 : live_fs_error(errno);
}

static int64_t fs_pread(void *self, int fd, void *buf, size_t len, uint64_t offset)
{
    (void)self;
    size_t done = 0;
    while (done < len) {
        const ssize_t n = pread(fd, (uint8_t *)buf + done, len - done, (off_t)(offset + done));
        if (n == 0) {
            break;
        }
        if (n < 0 && errno != EINTR) {
            return live_fs_error(errno);
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return (int64_t)done;
}

static int fs_pwrite(void *self, int fd, const void *buf, size_t len, uint64_t offset)
{
    (void)self;
    for (size_t done = 0; done < len;) {
        const ssize_t n =
            pwrite(fd, (const uint8_t *)buf + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno != EINTR) {
            return live_fs_error(errno);
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int fs_truncate(void *self, int fd, uint64_t size)
{
    (void)self;
    int rv = -1;
    do {
        rv = ftruncate(fd, (off_t)size);
    } while (rv < 0 && errno == EINTR);
    return result(rv);
}

/* A failed fsync may have dropped the data: it is never retried. */
static int fs_fsync(void *self, int fd)
{
    (void)self;
    return result(fsync(fd));
}

static int fs_fsync_dir(void *self, const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return live_fs_error(errno);
    }
    const int err = result(fsync(fd));
    (void)fs_close(self, fd);
    return err;
}

static int fs_sync(void *self, const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return live_fs_error(errno);
    }
    const int err = result(syncfs(fd));
    (void)fs_close(self, fd);
    return err;
}

static enum sw_file_type type_of(mode_t mode)
{
    if (S_ISREG(mode)) {
        return SW_FILE_REGULAR;
    }
    if (S_ISDIR(mode)) {
        return SW_FILE_DIRECTORY;
    }
    return S_ISLNK(mode) ? SW_FILE_SYMLINK : SW_FILE_OTHER;
}

static void fill(const struct stat *st, struct sw_stat *out)
{
    *out = (struct sw_stat){
        .type = type_of(st->st_mode),
        .size = (uint64_t)st->st_size,
        .mode = st->st_mode & 07777U,
        .uid = st->st_uid,
        .gid = st->st_gid,
        .inode = st->st_ino,
        .links = st->st_nlink,
        .mtime = (sw_wall)st->st_mtim.tv_sec * (sw_wall)SW_SEC + st->st_mtim.tv_nsec,
        .ctime = (sw_wall)st->st_ctim.tv_sec * (sw_wall)SW_SEC + st->st_ctim.tv_nsec,
    };
}

static int fs_fstat(void *self, int fd, struct sw_stat *out)
{
    (void)self;
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return live_fs_error(errno);
    }
    fill(&st, out);
    return 0;
}

static int fs_lstat(void *self, const char *path, struct sw_stat *out)
{
    (void)self;
    struct stat st;
    if (lstat(path, &st) != 0) {
        return live_fs_error(errno);
    }
    fill(&st, out);
    return 0;
}

/* ---- folders ---- */

struct names {
    char **v;
    size_t n, cap;
};

static void names_fini(struct names *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->v[i]);
    }
    free(l->v);
}

static int names_add(struct names *l, const char *name)
{
    if (l->n == l->cap) {
        const size_t cap = l->cap == 0 ? 64 : 2 * l->cap;
        char **v = realloc(l->v, cap * sizeof *v);
        if (v == NULL) {
            return SW_ERR_NOMEM;
        }
        l->v = v;
        l->cap = cap;
    }
    l->v[l->n] = strdup(name);
    return l->v[l->n++] != NULL ? 0 : SW_ERR_NOMEM;
}

static int read_names(DIR *dir, struct names *l)
{
    for (;;) {
        errno = 0;
        const struct dirent *e = readdir(dir);
        if (e == NULL) {
            return live_fs_error(errno);
        }
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
            continue;
        }
        if (names_add(l, e->d_name) != 0) {
            return SW_ERR_NOMEM;
        }
    }
}

/* strcmp compares as unsigned char: byte order (C11 7.24.4). */
static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int fs_list(void *self, const char *path, int (*each)(void *arg, const char *name),
                   void *arg)
{
    struct names l = { 0 };
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        const int err = live_fs_error(errno);
        if (fd >= 0) {
            (void)fs_close(self, fd);
        }
        return err;
    }
    int err = read_names(dir, &l);
    (void)closedir(dir);
    if (err == 0 && l.n > 0) {
        qsort(l.v, l.n, sizeof *l.v, by_bytes);
    }
    for (size_t i = 0; i < l.n && err == 0; i++) {
        err = each(arg, l.v[i]);
    }
    names_fini(&l);
    return err;
}

static int fs_mkdir(void *self, const char *path, uint32_t mode)
{
    (void)self;
    return result(mkdir(path, (mode_t)mode));
}

static int fs_rmdir(void *self, const char *path)
{
    (void)self;
    return result(rmdir(path));
}

static int fs_rename(void *self, const char *from, const char *to)
{
    (void)self;
    return result(rename(from, to));
}

static int fs_unlink(void *self, const char *path)
{
    (void)self;
    return result(unlink(path));
}

/* ---- links, owners, times ---- */

static int64_t fs_readlink(void *self, const char *path, char *buf, size_t cap)
{
    (void)self;
    const ssize_t n = readlink(path, buf, cap);
    return n < 0 ? live_fs_error(errno) : n;
}

static int fs_symlink(void *self, const char *target, const char *path)
{
    (void)self;
    return result(symlink(target, path));
}

static int fs_link(void *self, const char *from, const char *to)
{
    (void)self;
    return result(link(from, to));
}

static int fs_chmod(void *self, const char *path, uint32_t mode)
{
    (void)self;
    return result(chmod(path, (mode_t)mode));
}

static int fs_chown(void *self, const char *path, uint32_t uid, uint32_t gid)
{
    (void)self;
    return result(lchown(path, uid, gid));
}

static int fs_utime(void *self, const char *path, sw_wall mtime)
{
    (void)self;
    const sw_wall ns = ((mtime % (sw_wall)SW_SEC) + (sw_wall)SW_SEC) % (sw_wall)SW_SEC;
    const struct timespec times[2] = {
        { .tv_nsec = UTIME_OMIT },
        { .tv_sec = (time_t)((mtime - ns) / (sw_wall)SW_SEC), .tv_nsec = (long)ns },
    };
    return result(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
}

static int fs_free_space(void *self, const char *path, uint64_t *bytes)
{
    (void)self;
    struct statvfs st;
    if (statvfs(path, &st) != 0) {
        return live_fs_error(errno);
    }
    *bytes = (uint64_t)st.f_bavail * st.f_frsize;
    return 0;
}

const struct sw_fs live_fs_posix = {
    .open = fs_open,
    .close = fs_close,
    .pread = fs_pread,
    .pwrite = fs_pwrite,
    .truncate = fs_truncate,
    .fsync = fs_fsync,
    .fsync_dir = fs_fsync_dir,
    .sync = fs_sync,
    .fstat = fs_fstat,
    .lstat = fs_lstat,
    .list = fs_list,
    .mkdir = fs_mkdir,
    .rmdir = fs_rmdir,
    .rename = fs_rename,
    .unlink = fs_unlink,
    .readlink = fs_readlink,
    .symlink = fs_symlink,
    .link = fs_link,
    .chmod = fs_chmod,
    .chown = fs_chown,
    .utime = fs_utime,
    .free_space = fs_free_space,
};

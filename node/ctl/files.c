/* SPDX-License-Identifier: GPL-3.0-or-later
 * Files that swarmctl reads and makes. */
#define _GNU_SOURCE
#include "node/ctl/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MOST (4u << 20)

static int failed(struct sw_diag *d, const char *path)
{
    static const struct {
        int errnum;
        int err;
    } rows[] = {
        { ENOENT, SW_ERR_NOTFOUND }, { EEXIST, SW_ERR_EXISTS }, { EACCES, SW_ERR_DENIED },
        { EPERM, SW_ERR_DENIED },    { ENOSPC, SW_ERR_FULL },   { EDQUOT, SW_ERR_FULL },
    };
    const int errnum = errno;
    int err = SW_ERR_IO;
    for (size_t i = 0; i < SW_LEN(rows); i++) {
        err = rows[i].errnum == errnum ? rows[i].err : err;
    }
    return sw_diag_set(d, err, "%s: %s", path, strerror(errnum));
}

static int read_all(int fd, struct sw_blob *out)
{
    uint8_t buf[4096];
    for (;;) {
        const ssize_t n = read(fd, buf, sizeof buf);
        if (n == 0) {
            return 0;
        }
        if (n < 0 && errno != EINTR) {
            return SW_ERR_IO;
        }
        if (n > 0 &&
            (out->len + (size_t)n > FILE_MOST || sw_blob_append(out, buf, (size_t)n) != 0)) {
            errno = EFBIG;
            return SW_ERR_RANGE;
        }
    }
}

int ctl_read(const char *path, struct sw_blob *out, struct sw_diag *d)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return failed(d, path);
    }
    const int err = read_all(fd, out) == 0 ? 0 : failed(d, path);
    (void)close(fd);
    return err;
}

static int write_all(int fd, struct sw_bytes content)
{
    for (size_t done = 0; done < content.len;) {
        const ssize_t n = write(fd, content.data + done, content.len - done);
        if (n < 0 && errno != EINTR) {
            return -1;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return fsync(fd);
}

static int sync_folder_of(const char *path)
{
    char *copy = strdup(path);
    const int fd = copy == NULL ? -1 : open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copy);
    if (fd < 0) {
        return -1;
    }
    const int rv = fsync(fd);
    (void)close(fd);
    return rv;
}

int ctl_write_new(const char *path, unsigned mode, struct sw_bytes content, struct sw_diag *d)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode);
    if (fd < 0) {
        return failed(d, path);
    }
    int err = fchmod(fd, (mode_t)mode) != 0 || write_all(fd, content) != 0 ? failed(d, path) : 0;
    if (close(fd) != 0 && err == 0) {
        err = failed(d, path);
    }
    if (err == 0 && sync_folder_of(path) != 0) {
        err = failed(d, path);
    }
    if (err != 0) {
        (void)unlink(path); /* half a key is worse than none */
    }
    return err;
}

int ctl_path(char *out, size_t cap, const char *dir, const char *name, const char *suffix)
{
    const int n = snprintf(out, cap, "%s/%s%s", dir, name, suffix);
    return n > 0 && (size_t)n < cap ? 0 : SW_ERR_RANGE;
}

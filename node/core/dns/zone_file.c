/* SPDX-License-Identifier: GPL-3.0-or-later
 * Reading a file of a zone whole. */
#include "node/core/dns/zone_file.h"

#define FILE_MAX SW_GIB
#define CHUNK (256 * SW_KIB)

static int read_open(const struct sw_fs *fs, int fd, struct sw_blob *text, struct sw_diag *d)
{
    struct sw_stat stat;
    const int seen = fs->fstat(fs->self, fd, &stat);
    if (seen != SW_OK) {
        return sw_diag_set(d, seen, "can't be read: %s", sw_strerror(seen));
    }
    if (stat.type != SW_FILE_REGULAR || stat.size > FILE_MAX) {
        return sw_diag_set(d, SW_ERR_RANGE, "not a regular file of at most 1 GiB");
    }
    const int room = sw_blob_reserve(text, (size_t)stat.size + CHUNK); /* grows by no copy */
    if (room != SW_OK) {
        return sw_diag_set(d, room, "out of memory");
    }
    for (;;) {
        const int err = sw_blob_reserve(text, text->len + CHUNK);
        if (err != SW_OK) {
            return sw_diag_set(d, err, "out of memory");
        }
        const int64_t n = fs->pread(fs->self, fd, text->data + text->len, CHUNK, text->len);
        if (n < 0) {
            return sw_diag_set(d, (int)n, "can't be read: %s", sw_strerror((int)n));
        }
        text->len += (size_t)n;
        if ((size_t)n < CHUNK) {
            return SW_OK;
        }
        if (text->len > FILE_MAX) {
            return sw_diag_set(d, SW_ERR_RANGE, "larger than 1 GiB");
        }
    }
}

int sw_zone_file_read(const struct sw_fs *fs, const char *path, struct sw_blob *text,
                      struct sw_diag *d)
{
    const int fd = fs->open(fs->self, path, SW_OPEN_READ, 0);
    if (fd < 0) {
        return sw_diag_set(d, fd, "can't be opened: %s", sw_strerror(fd));
    }
    const int err = read_open(fs, fd, text, d);
    const int closed = fs->close(fs->self, fd);
    if (err == SW_OK && closed != SW_OK) {
        return sw_diag_set(d, closed, "can't be read: %s", sw_strerror(closed));
    }
    return err;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Names in the store folder, and the order of calls that makes a file durable. */
#include "node/core/backup/store.h"

#include "node/base/err.h"
#include "node/base/name.h"
#include "node/core/backup/manifest.h"
#include "node/core/backup/pack.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MODE 0600
#define FOLDER_MODE 0700

void sw_hex(const struct sw_digest *d, char out[2 * SW_DIGEST_LEN + 1])
{
    (void)sodium_bin2hex(out, 2 * SW_DIGEST_LEN + 1, d->b, SW_DIGEST_LEN);
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool sw_unhex(const char *text, struct sw_digest *out)
{
    if (strlen(text) != 2 * sizeof out->b) {
        return false;
    }
    for (size_t i = 0; i < SW_DIGEST_LEN; i++) {
        const int high = nibble(text[2 * i]);
        const int low = nibble(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out->b[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool sw_digest_from(ProtobufCBinaryData b, struct sw_digest *out)
{
    if (b.len != SW_DIGEST_LEN) {
        return false;
    }
    memcpy(out->b, b.data, SW_DIGEST_LEN);
    return true;
}

int sw_message_pack(const ProtobufCMessage *m, struct sw_blob *out)
{
    const size_t len = protobuf_c_message_get_packed_size(m);
    const int err = sw_blob_reserve(out, len + 1);
    if (err != SW_OK) {
        return err;
    }
    out->len = protobuf_c_message_pack(m, out->data);
    return SW_OK;
}

static int checked(int printed)
{
    return printed > 0 && printed < SW_STORE_PATH_MAX ? SW_OK : SW_ERR_RANGE;
}

int sw_store_folder(const char *store, struct sw_path *out)
{
    return checked(snprintf(out->s, sizeof out->s, "%s/objects", store));
}

int sw_store_index(const char *store, const char *set, struct sw_path *out)
{
    return checked(snprintf(out->s, sizeof out->s, "%s/index/%s", store, set));
}

static char prefix(uint32_t kind)
{
    switch (kind) {
    case SWARM__V1__OBJECT_KIND__OBJECT_PACK:
        return 'p';
    case SWARM__V1__OBJECT_KIND__OBJECT_MANIFEST:
        return 'm';
    default:
        return '\0';
    }
}

uint64_t sw_store_largest(uint32_t kind)
{
    switch (prefix(kind)) {
    case 'p':
        return SW_PACK_SIZE;
    case 'm':
        return SW_MANIFEST_MAX;
    default:
        return 0;
    }
}

int sw_store_object(const char *store, uint32_t kind, const struct sw_digest *name,
                    struct sw_path *out)
{
    char hex[2 * SW_DIGEST_LEN + 1];
    if (prefix(kind) == '\0') {
        return SW_ERR_RANGE;
    }
    sw_hex(name, hex);
    return checked(snprintf(out->s, sizeof out->s, "%s/objects/%c-%s", store, prefix(kind), hex));
}

int sw_store_incoming(const char *store, const struct sw_digest *name, const char *from,
                      struct sw_path *out)
{
    char hex[2 * SW_DIGEST_LEN + 1];
    const size_t len = strlen(from);
    if (len > 0 && !sw_name_valid_bytes((const uint8_t *)from, len)) {
        return SW_ERR_RANGE;
    }
    sw_hex(name, hex);
    return checked(snprintf(out->s, sizeof out->s, "%s/objects/t-%s-%s", store, hex, from));
}

/* The folder that holds @path. */
static void parent(const char *path, struct sw_path *out)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        (void)snprintf(out->s, sizeof out->s, ".");
    } else if (slash == path) {
        (void)snprintf(out->s, sizeof out->s, "/");
    } else {
        (void)snprintf(out->s, sizeof out->s, "%.*s", (int)(slash - path), path);
    }
}

static int make_folder(const struct sw_job_host *host, const char *path)
{
    const struct sw_fs *fs = host->fs;
    struct sw_stat st;
    struct sw_path up;
    int err = fs->lstat(fs->self, path, &st);
    if (err == SW_OK) {
        return st.type == SW_FILE_REGULAR ? SW_ERR_NOT_A_DIRECTORY : SW_OK;
    }
    if (err != SW_ERR_NOTFOUND) {
        return err;
    }
    err = fs->mkdir(fs->self, path, FOLDER_MODE);
    if (err != SW_OK && err != SW_ERR_EXISTS) {
        return err;
    }
    parent(path, &up);
    return fs->fsync_dir(fs->self, up.s);
}

int sw_store_make(const struct sw_job_host *host, const char *store)
{
    struct sw_path path;
    int err = store[0] == '\0' ? SW_ERR_RANGE : sw_store_folder(store, &path);
    if (err == SW_OK) {
        err = make_folder(host, store);
    }
    if (err == SW_OK) {
        err = make_folder(host, path.s);
    }
    if (err == SW_OK) {
        err = checked(snprintf(path.s, sizeof path.s, "%s/index", store));
    }
    return err == SW_OK ? make_folder(host, path.s) : err;
}

int sw_store_sync(const struct sw_job_host *host, const char *store)
{
    struct sw_path path;
    const int err = sw_store_folder(store, &path);
    return err == SW_OK ? host->fs->fsync_dir(host->fs->self, path.s) : err;
}

static int write_all(const struct sw_fs *fs, int fd, struct sw_bytes data)
{
    const size_t step = 4 * SW_PART_MAX;
    for (size_t at = 0; at < data.len; at += step) {
        const size_t n = data.len - at < step ? data.len - at : step;
        const int err = fs->pwrite(fs->self, fd, data.data + at, n, at);
        if (err != SW_OK) {
            return err;
        }
    }
    return fs->fsync(fs->self, fd);
}

int sw_store_write(const struct sw_job_host *host, const struct sw_path *temporary,
                   const struct sw_path *path, struct sw_bytes data)
{
    const struct sw_fs *fs = host->fs;
    const int fd = fs->open(fs->self, temporary->s,
                            SW_OPEN_WRITE | SW_OPEN_CREATE | SW_OPEN_TRUNCATE, FILE_MODE);
    if (fd < 0) {
        return fd;
    }
    int err = write_all(fs, fd, data);
    const int closed = fs->close(fs->self, fd);
    err = err == SW_OK ? closed : err;
    if (err == SW_OK) {
        err = fs->rename(fs->self, temporary->s, path->s);
    }
    if (err != SW_OK) {
        (void)fs->unlink(fs->self, temporary->s);
    }
    return err;
}

int sw_store_put(const struct sw_job_host *host, const char *store, uint32_t kind,
                 const struct sw_digest *name, struct sw_bytes data)
{
    struct sw_path path;
    struct sw_path temporary;
    char hex[2 * SW_DIGEST_LEN + 1];
    int err = sw_store_object(store, kind, name, &path);
    sw_hex(name, hex);
    if (err == SW_OK) {
        err = checked(snprintf(temporary.s, sizeof temporary.s, "%s/objects/s-%s", store, hex));
    }
    return err == SW_OK ? sw_store_write(host, &temporary, &path, data) : err;
}

int sw_store_read(const struct sw_job_host *host, const char *path, uint64_t most,
                  struct sw_blob *out)
{
    const struct sw_fs *fs = host->fs;
    struct sw_stat st;
    const int fd = fs->open(fs->self, path, SW_OPEN_READ, 0);
    if (fd < 0) {
        return fd;
    }
    int err = fs->fstat(fs->self, fd, &st);
    if (err == SW_OK && (st.type != SW_FILE_REGULAR || st.size > most)) {
        err = SW_ERR_RANGE;
    }
    if (err == SW_OK) {
        err = sw_blob_reserve(out, out->len + (size_t)st.size + 1);
    }
    if (err == SW_OK) {
        const int64_t n = fs->pread(fs->self, fd, out->data + out->len, (size_t)st.size, 0);
        err = n < 0 ? (int)n : SW_OK;
        out->len += n > 0 ? (size_t)n : 0;
    }
    (void)fs->close(fs->self, fd);
    return err;
}

int sw_store_check(const struct sw_job_host *host, int fd, uint64_t size,
                   const struct sw_digest *name)
{
    crypto_generichash_state st;
    struct sw_digest found;
    int err = SW_OK;
    uint8_t *buf = malloc(SW_PART_MAX);
    if (buf == NULL) {
        return SW_ERR_NOMEM;
    }
    (void)crypto_generichash_init(&st, NULL, 0, SW_DIGEST_LEN);
    for (uint64_t at = 0; err == SW_OK && at < size;) {
        const uint64_t left = size - at;
        const size_t most = left < SW_PART_MAX ? (size_t)left : SW_PART_MAX;
        const int64_t n = host->fs->pread(host->fs->self, fd, buf, most, at);
        if (n <= 0) {
            err = n < 0 ? (int)n : SW_ERR_IO;
        } else {
            (void)crypto_generichash_update(&st, buf, (size_t)n);
            at += (uint64_t)n;
        }
    }
    free(buf);
    host->charge(host->self, SW_WORK_HASH, size);
    (void)crypto_generichash_final(&st, found.b, SW_DIGEST_LEN);
    return err == SW_OK && memcmp(found.b, name->b, SW_DIGEST_LEN) != 0 ? SW_ERR_CRYPTO : err;
}

int sw_store_check_at(const struct sw_job_host *host, const char *path, uint64_t size,
                      const struct sw_digest *name)
{
    const struct sw_fs *fs = host->fs;
    struct sw_stat st;
    const int fd = fs->open(fs->self, path, SW_OPEN_READ, 0);
    int err = fd < 0 ? fd : fs->fstat(fs->self, fd, &st);
    if (err == SW_OK) {
        err = st.size == size ? sw_store_check(host, fd, size, name) : SW_ERR_CRYPTO;
    }
    if (fd >= 0) {
        (void)fs->close(fs->self, fd);
    }
    return err;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * The copy of a zone that a node keeps on its disk. */
#include "node/core/dns/zone_copy.h"

#include "node/core/backup/store.h"
#include "node/core/dns/zone_file.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define MAGIC "SWCOPY1\n"
#define MAGIC_LEN 8U
#define HEADER (MAGIC_LEN + 1U + 8U + 4U + SW_ZONEMD_LEN + 8U)
#define HASH 32U
#define FOLDER_MODE 0755
#define PATH_MOST 4000U

/* ---- the header ---- */

static void put_header(uint8_t *out, const struct sw_zone_version *v, bool primary, uint64_t size)
{
    struct sw_wr w = { .buf = out, .cap = HEADER };
    sw_wr_bytes(&w, MAGIC, MAGIC_LEN);
    sw_wr_u8(&w, primary);
    sw_wr_u64(&w, v->epoch);
    sw_wr_u32(&w, v->serial);
    sw_wr_bytes(&w, v->digest, SW_ZONEMD_LEN);
    sw_wr_u64(&w, size);
}

static int get_header(struct sw_bytes header, struct sw_zone_copy *out, uint64_t *size)
{
    struct sw_rd r = { .buf = header.data, .len = header.len };
    const uint8_t *magic = sw_rd_bytes(&r, MAGIC_LEN);
    out->primary = sw_rd_u8(&r) != 0;
    out->version.epoch = sw_rd_u64(&r);
    out->version.serial = sw_rd_u32(&r);
    const uint8_t *digest = sw_rd_bytes(&r, SW_ZONEMD_LEN);
    *size = sw_rd_u64(&r);
    if (r.fail || memcmp(magic, MAGIC, MAGIC_LEN) != 0 || *size > SW_CONTENT_MAX ||
        out->version.epoch > SW_EPOCH_MOST) {
        return SW_ERR_CRYPTO;
    }
    memcpy(out->version.digest, digest, SW_ZONEMD_LEN);
    return SW_OK;
}

/* ---- reading ---- */

static int open_copy(struct sw_bytes file, const uint8_t *origin, struct sw_zone_copy *out)
{
    uint8_t hash[HASH];
    uint64_t size;
    const int err = get_header(file, out, &size);
    if (err != SW_OK || file.len != HEADER + size + HASH) {
        return SW_ERR_CRYPTO;
    }
    (void)crypto_generichash(hash, sizeof hash, file.data, file.len - HASH, NULL, 0);
    if (memcmp(hash, file.data + file.len - HASH, HASH) != 0) {
        return SW_ERR_CRYPTO;
    }
    const int got = sw_content_get(&out->records, origin,
                                   (struct sw_bytes){ file.data + HEADER, (size_t)size });
    return got == SW_ERR_MALFORMED ? SW_ERR_CRYPTO : got;
}

int sw_zone_copy_read(const struct sw_job_host *host, const char *path, const uint8_t *origin,
                      struct sw_zone_copy *out)
{
    struct sw_blob file = { 0 };
    struct sw_diag d = { "" };
    *out = (struct sw_zone_copy){ 0 };
    int err = sw_zone_file_read(host->fs, path, &file, &d);
    if (err == SW_OK) {
        host->charge(host->self, SW_WORK_HASH, file.len);
        err = open_copy(sw_blob_bytes(&file), origin, out);
    }
    sw_blob_fini(&file);
    if (err != SW_OK) {
        sw_records_fini(&out->records);
    }
    return err;
}

int sw_zone_copy_part(const struct sw_job_host *host, const char *path,
                      const struct sw_zone_version *version, uint64_t offset, uint32_t len,
                      struct sw_blob *out, uint64_t *size)
{
    const struct sw_fs *fs = host->fs;
    uint8_t header[HEADER];
    struct sw_zone_copy copy = { 0 };
    const int fd = fs->open(fs->self, path, SW_OPEN_READ, 0);
    if (fd < 0) {
        return fd;
    }
    int64_t n = fs->pread(fs->self, fd, header, sizeof header, 0);
    int err = n < 0 ? (int)n : get_header((struct sw_bytes){ header, (size_t)n }, &copy, size);
    if (err == SW_OK && !sw_version_same(&copy.version, version)) {
        err = SW_ERR_NOTFOUND;
    }
    if (err == SW_OK && offset > *size) {
        err = SW_ERR_RANGE;
    }
    if (err == SW_OK) {
        len = len < *size - offset ? len : (uint32_t)(*size - offset);
        err = sw_blob_reserve(out, out->len + len + 1);
    }
    if (err == SW_OK) {
        n = fs->pread(fs->self, fd, out->data + out->len, len, HEADER + offset);
        err = n < 0 ? (int)n : n < len ? SW_ERR_IO : SW_OK;
        out->len += err == SW_OK ? len : 0;
    }
    (void)fs->close(fs->self, fd);
    return err;
}

/* ---- writing ---- */

/* Make @folder where it is missing, and its name durable in @above.  Also where it is there:
 * another job may have made it just now. */
static int make_folder(const struct sw_fs *fs, const char *folder, const char *above)
{
    const int made = fs->mkdir(fs->self, folder, FOLDER_MODE);
    if (made != SW_OK && made != SW_ERR_EXISTS) {
        return made;
    }
    const int err = fs->fsync_dir(fs->self, above);
    return made == SW_ERR_EXISTS && err == SW_ERR_DENIED ? SW_OK : err; /* an operator's */
}

/* The folder that holds @path, and the one above it. */
static int make_folders(const struct sw_fs *fs, const char *path)
{
    char folder[3][PATH_MOST]; /* the last but two, the last but one, the last */
    size_t end[3] = { 0 };
    int err = SW_OK;
    for (size_t at = 1; path[at - 1] != '\0' && path[at] != '\0'; at++) {
        if (path[at] == '/') {
            end[0] = end[1];
            end[1] = end[2];
            end[2] = at;
        }
    }
    for (unsigned i = 0; i < 3; i++) {
        (void)snprintf(folder[i], PATH_MOST, "%.*s", (int)end[i], path);
    }
    const char *root = path[0] == '/' ? "/" : ".";
    for (unsigned i = 1; i < 3 && err == SW_OK; i++) {
        if (end[i] > 0) {
            err = make_folder(fs, folder[i], end[i - 1] > 0 ? folder[i - 1] : root);
        }
    }
    return err;
}

int sw_zone_file_write(const struct sw_job_host *host, const char *path, struct sw_bytes data)
{
    struct sw_path temporary;
    struct sw_path final;
    const int n = snprintf(final.s, PATH_MOST, "%s", path);
    if (n < 0 || (unsigned)n >= PATH_MOST) {
        return SW_ERR_RANGE;
    }
    (void)snprintf(temporary.s, sizeof temporary.s, "%s.new", path);
    const int err = sw_store_write(host, &temporary, &final, data);
    char *slash = strrchr(final.s, '/');
    if (err != SW_OK) {
        return err;
    }
    if (slash != NULL) {
        slash[slash == final.s] = '\0';
    }
    return host->fs->fsync_dir(host->fs->self, slash != NULL ? final.s : ".");
}

int sw_zone_copy_write(const struct sw_job_host *host, const char *path,
                       const struct sw_zone_version *version, bool primary, struct sw_bytes content)
{
    struct sw_blob file = { 0 };
    int err = content.len > SW_CONTENT_MAX ? SW_ERR_RANGE
                                           : sw_blob_reserve(&file, HEADER + content.len + HASH);
    if (err != SW_OK) {
        return err;
    }
    put_header(file.data, version, primary, content.len);
    memcpy(file.data + HEADER, content.data, content.len);
    file.len = HEADER + content.len + HASH;
    host->charge(host->self, SW_WORK_HASH, file.len);
    (void)crypto_generichash(file.data + file.len - HASH, HASH, file.data, file.len - HASH, NULL,
                             0);
    struct sw_stat st;
    err = strlen(path) < PATH_MOST ? host->fs->lstat(host->fs->self, path, &st) : SW_ERR_RANGE;
    if (err == SW_ERR_NOTFOUND) {
        err = make_folders(host->fs, path);
    }
    err = err == SW_OK ? sw_zone_file_write(host, path, sw_blob_bytes(&file)) : err;
    sw_blob_fini(&file);
    return err;
}

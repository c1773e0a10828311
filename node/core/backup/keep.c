/* SPDX-License-Identifier: GPL-3.0-or-later
 * The STORE and FETCH jobs: one part of an object in, one part out.  Nothing received is kept
 * under its name before all of it is here, is what its name says, and is on disk. */
#include "node/base/err.h"
#include "node/core/backup/manifest.h"
#include "node/core/backup/store.h"
#include "node/core/buggify.h"
#include "node/core/proto/job.pb-c.h"

#include <stdlib.h>
#include <string.h>

#define FILE_MODE 0600

struct keeping {
    const struct sw_job_host *host;
    const Swarm__Job__StoreJob *job;
    struct sw_digest name;
    struct sw_path path;      /* where it is to be */
    struct sw_path temporary; /* where it grows */
    struct sw_manifest manifest;
    struct sw_blob bytes; /* of a manifest */
};

static int check(struct keeping *k)
{
    const Swarm__Job__StoreJob *j = k->job;
    const uint64_t largest = sw_store_largest(j->kind);
    if (!sw_digest_from(j->name, &k->name) || j->size == 0 || j->size > largest ||
        j->data.len == 0 || j->data.len > SW_PART_MAX || j->offset > j->size ||
        j->data.len > j->size - j->offset) {
        return SW_ERR_RANGE;
    }
    if (j->capacity != 0 && j->size > j->capacity) {
        return SW_ERR_FULL;
    }
    const int err = sw_store_object(j->store, j->kind, &k->name, &k->path);
    return err == SW_OK ? sw_store_incoming(j->store, &k->name, j->from, &k->temporary) : err;
}

/* Room on the disk for the whole object, before its first byte is written. */
static int check_space(const struct keeping *k)
{
    uint64_t free_bytes = 0;
    const struct sw_fs *fs = k->host->fs;
    const int err = fs->free_space(fs->self, k->job->store, &free_bytes);
    const bool full = free_bytes < k->job->size || SW_BUGGIFY(k->host->buggify, store_full);
    return err == SW_OK && full ? SW_ERR_FULL : err;
}

/* The file that grows, @offset bytes long by now; or an error. */
static int open_temporary(const struct keeping *k)
{
    const struct sw_fs *fs = k->host->fs;
    const bool first = k->job->offset == 0;
    struct sw_stat st;
    const unsigned flags =
        SW_OPEN_READ | SW_OPEN_WRITE | (first ? (unsigned)(SW_OPEN_CREATE | SW_OPEN_TRUNCATE) : 0U);
    const int fd = fs->open(fs->self, k->temporary.s, flags, FILE_MODE);
    if (fd < 0) {
        return fd == SW_ERR_NOTFOUND ? SW_ERR_STATE : fd;
    }
    const int err = fs->fstat(fs->self, fd, &st);
    if (err != SW_OK || st.size != k->job->offset) {
        (void)fs->close(fs->self, fd);
        return err != SW_OK ? err : SW_ERR_STATE;
    }
    return fd;
}

/* A manifest is kept only whole, signed, and from the node that it speaks of. */
static int check_manifest(struct keeping *k, const char *path)
{
    if (k->job->kind != SWARM__V1__OBJECT_KIND__OBJECT_MANIFEST) {
        return SW_OK;
    }
    int err = sw_store_read(k->host, path, SW_MANIFEST_MAX, &k->bytes);
    if (err == SW_OK) {
        err = sw_manifest_parse(sw_blob_bytes(&k->bytes), &k->manifest);
    }
    if (err == SW_OK) {
        k->host->charge(k->host->self, SW_WORK_HASH, k->bytes.len);
        err = sw_manifest_verify(&k->manifest);
    }
    if (err == SW_OK && k->job->from[0] != '\0' && strcmp(k->job->from, k->manifest.node.s) != 0) {
        err = SW_ERR_DENIED;
    }
    return err;
}

static int write_part(struct keeping *k, int fd, bool last)
{
    const struct sw_fs *fs = k->host->fs;
    const Swarm__Job__StoreJob *j = k->job;
    int err = fs->pwrite(fs->self, fd, j->data.data, j->data.len, j->offset);
    if (err == SW_OK && last) {
        err = sw_store_check(k->host, fd, j->size, &k->name);
    }
    if (err == SW_OK && last) {
        err = check_manifest(k, k->temporary.s);
    }
    return err == SW_OK && last ? fs->fsync(fs->self, fd) : err;
}

static int keep(struct keeping *k, bool *complete)
{
    const struct sw_fs *fs = k->host->fs;
    const bool last = k->job->offset + k->job->data.len == k->job->size;
    int err = k->job->offset == 0 ? check_space(k) : SW_OK;
    const int fd = err == SW_OK ? open_temporary(k) : err;
    if (fd < 0) {
        return fd; /* a gap, or a part out of turn: what is there may be another attempt's */
    }
    err = write_part(k, fd, last);
    const int closed = fs->close(fs->self, fd);
    err = err == SW_OK ? closed : err;
    if (err == SW_OK && last) {
        err = fs->rename(fs->self, k->temporary.s, k->path.s);
    }
    if (err == SW_OK && last) {
        err = sw_store_sync(k->host, k->job->store);
    }
    if (err != SW_OK) {
        (void)fs->unlink(fs->self, k->temporary.s);
    }
    *complete = err == SW_OK && last;
    return err;
}

/* Had before, whole?  Its name may not be on disk yet, when the sync failed that time.  What rotted
 * since is had no more: the file that grows takes its place. */
static int had(const struct keeping *k, bool *out)
{
    const struct sw_fs *fs = k->host->fs;
    const bool first = k->job->offset == 0;
    struct sw_stat st;
    int err = fs->lstat(fs->self, k->path.s, &st);
    if (err == SW_OK && st.size == k->job->size) {
        err = first ? sw_store_check_at(k->host, k->path.s, st.size, &k->name)
                    : fs->lstat(fs->self, k->temporary.s, &st);
        *out = first ? err == SW_OK : err == SW_ERR_NOTFOUND;
    }
    if (*out) {
        return sw_store_sync(k->host, k->job->store);
    }
    return err == SW_ERR_CRASHED || err == SW_ERR_NOMEM ? err : SW_OK;
}

static int store(const Swarm__Job__StoreJob *j, const struct sw_job_host *host, struct sw_blob *out)
{
    Swarm__Job__StoreResult result = SWARM__JOB__STORE_RESULT__INIT;
    bool complete = false;
    struct keeping *k = calloc(1, sizeof *k);
    if (k == NULL) {
        return SW_ERR_NOMEM;
    }
    k->host = host;
    k->job = j;
    int err = check(k);
    if (err == SW_OK) {
        err = sw_store_make(host, j->store);
    }
    if (err == SW_OK) {
        err = had(k, &complete);
    }
    if (err == SW_OK) {
        err = complete ? check_manifest(k, k->path.s) : keep(k, &complete);
    }
    if (err == SW_OK) {
        result.complete = complete;
        result.kept = complete ? j->size : j->offset + j->data.len;
        result.node = k->manifest.node.s;
        result.set = k->manifest.set.s;
        result.sequence = k->manifest.sequence;
        result.taken_at = k->manifest.taken_at;
        err = sw_message_pack(&result.base, out);
    }
    sw_blob_fini(&k->bytes);
    free(k);
    return err;
}

int sw_job_store(struct sw_job *job, const struct sw_job_host *host)
{
    Swarm__Job__StoreJob *j = swarm__job__store_job__unpack(NULL, job->in.len, job->in.data);
    if (j == NULL) {
        return SW_ERR_MALFORMED;
    }
    const int err = store(j, host, &job->out);
    swarm__job__store_job__free_unpacked(j, NULL);
    return err;
}

/* Packs are asked for more often than manifests: try them first. */
static int open_object(const struct sw_job_host *host, const char *store_folder,
                       const struct sw_digest *name)
{
    static const uint32_t kinds[] = { SWARM__V1__OBJECT_KIND__OBJECT_PACK,
                                      SWARM__V1__OBJECT_KIND__OBJECT_MANIFEST };
    int fd = SW_ERR_NOTFOUND;
    for (size_t i = 0; fd == SW_ERR_NOTFOUND && i < SW_LEN(kinds); i++) {
        struct sw_path path;
        const int err = sw_store_object(store_folder, kinds[i], name, &path);
        fd = err == SW_OK ? host->fs->open(host->fs->self, path.s, SW_OPEN_READ, 0) : err;
    }
    return fd;
}

static int fetch(const Swarm__Job__FetchJob *j, const struct sw_job_host *host, struct sw_blob *out)
{
    const struct sw_fs *fs = host->fs;
    Swarm__Job__FetchResult result = SWARM__JOB__FETCH_RESULT__INIT;
    struct sw_digest name;
    struct sw_stat st;
    if (!sw_digest_from(j->name, &name) || j->length > SW_PART_MAX) {
        return SW_ERR_RANGE;
    }
    const int fd = open_object(host, j->store, &name);
    if (fd < 0) {
        return fd;
    }
    uint8_t *buf = malloc(j->length > 0 ? j->length : 1);
    int err = buf == NULL ? SW_ERR_NOMEM : fs->fstat(fs->self, fd, &st);
    if (err == SW_OK && j->offset > st.size) {
        err = SW_ERR_RANGE;
    }
    if (err == SW_OK && j->length > 0) {
        const int64_t n = fs->pread(fs->self, fd, buf, j->length, j->offset);
        err = n < 0 ? (int)n : SW_OK;
        result.data = (ProtobufCBinaryData){ n > 0 ? (size_t)n : 0, buf };
    }
    (void)fs->close(fs->self, fd);
    if (err == SW_OK) {
        result.size = st.size;
        err = sw_message_pack(&result.base, out);
    }
    free(buf);
    return err;
}

int sw_job_fetch(struct sw_job *job, const struct sw_job_host *host)
{
    Swarm__Job__FetchJob *j = swarm__job__fetch_job__unpack(NULL, job->in.len, job->in.data);
    if (j == NULL) {
        return SW_ERR_MALFORMED;
    }
    const int err = fetch(j, host, &job->out);
    swarm__job__fetch_job__free_unpacked(j, NULL);
    return err;
}

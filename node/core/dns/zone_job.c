/* SPDX-License-Identifier: GPL-3.0-or-later
 * The job that reads and compiles a master file. */
#include <stdlib.h>
#include <string.h>

#include "node/core/buggify.h"
#include "node/core/dns/zone.h"
#include "node/core/job.h"
#include "node/core/proto/job.pb-c.h"

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

static int read_file(const struct sw_fs *fs, const char *path, struct sw_blob *text,
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

static int compile(const Swarm__Job__ZoneJob *job, const struct sw_job_host *host,
                   struct sw_blob *image, struct sw_diag *d)
{
    struct sw_blob text = { 0 };
    int err = read_file(host->fs, job->file, &text, d);
    if (err == SW_OK) {
        host->charge(host->self, SW_WORK_PARSE, text.len);
        err = sw_zone_compile(job->name, sw_blob_bytes(&text), image, d);
    }
    sw_blob_fini(&text);
    return err;
}

static int put_result(struct sw_blob *out, const struct sw_blob *image, struct sw_diag *d)
{
    Swarm__Job__ZoneResult result = SWARM__JOB__ZONE_RESULT__INIT;
    result.image.data = image->data;
    result.image.len = image->len;
    result.reason = d->text;
    const size_t size = swarm__job__zone_result__get_packed_size(&result);
    const int err = sw_blob_reserve(out, size);
    if (err == SW_OK) {
        out->len = swarm__job__zone_result__pack(&result, out->data);
    }
    return err;
}

int sw_job_zone(struct sw_job *job, const struct sw_job_host *host)
{
    Swarm__Job__ZoneJob *in = swarm__job__zone_job__unpack(NULL, job->in.len, job->in.data);
    if (in == NULL) {
        return SW_ERR_NOMEM;
    }
    if (SW_BUGGIFY(host->buggify, zone_unread)) {
        swarm__job__zone_job__free_unpacked(in, NULL);
        return SW_ERR_NOMEM;
    }
    struct sw_blob image = { 0 };
    struct sw_diag d = { { 0 } };
    const int err = compile(in, host, &image, &d);
    const int put = put_result(&job->out, &image, &d);
    sw_blob_fini(&image);
    swarm__job__zone_job__free_unpacked(in, NULL);
    return err != SW_OK ? err : put;
}

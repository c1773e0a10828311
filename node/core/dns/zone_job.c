/* SPDX-License-Identifier: GPL-3.0-or-later
 * The jobs of a zone: read what is on disk, take in what a peer sent, begin an epoch, read a part
 * for a peer.  Each leaves what it says is served in the copy on disk. */
#include "node/core/buggify.h"
#include "node/core/dns/bytes.h"
#include "node/core/dns/master_text.h"
#include "node/core/dns/wire.h"
#include "node/core/dns/zone.h"
#include "node/core/dns/zone_copy.h"
#include "node/core/dns/zone_file.h"
#include "node/core/proto/job.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A difference is worked out where it is no longer than this. */
#define DIFFERENCE_MOST (1 * SW_MIB)

/* What a job made. */
struct made {
    const struct sw_job_host *host;
    const char *name;             /* of the zone */
    uint8_t origin[SW_DNAME_MAX]; /* the same, wire form */
    struct sw_zone_copy before;   /* the copy that was there */
    bool has_before;
    bool was_text;             /* what reading and compiling it costs was charged */
    struct sw_records records; /* the version made; empty where it is the one before */
    struct sw_zone_version version;
    bool primary;
    struct sw_blob image, difference;
    struct sw_diag d; /* what is wrong, even where something is served */
};

static int begin(struct made *m, const struct sw_job_host *host, const char *name)
{
    *m = (struct made){ .host = host, .name = name };
    const int len = sw_dname_from_text(name, m->origin);
    if (len < 0) {
        return sw_diag_set(&m->d, SW_ERR_MALFORMED, "\"%.200s\" is not a domain name", name);
    }
    sw_dname_lower(m->origin, (size_t)len);
    return SW_OK;
}

/* Read the copy; errors as sw_zone_copy_read. */
static int read_before(struct made *m, const char *path)
{
    const int err =
        path[0] == '\0' ? SW_ERR_NOTFOUND : sw_zone_copy_read(m->host, path, m->origin, &m->before);
    m->has_before = err == SW_OK;
    return err;
}

/* The serial and digest of @m->records. */
static int identify(struct made *m)
{
    uint8_t digest[SW_ZONEMD_MAX];
    if (!sw_records_serial(&m->records, &m->version.serial)) {
        return sw_diag_set(&m->d, SW_ERR_MALFORMED, "no SOA at the zone's apex");
    }
    int err = sw_zonemd_verify(&m->records, &m->d);
    if (err == SW_OK) {
        err = sw_zonemd_digest(&m->records, SW_ZONEMD_SHA384, digest);
        memcpy(m->version.digest, digest, SW_ZONEMD_LEN);
    }
    return err;
}

/* What the difference to the version before is, where that is short. */
static void differ(struct made *m)
{
    if (m->has_before &&
        sw_content_difference(&m->before.records, &m->records, &m->difference) != SW_OK) {
        sw_blob_fini(&m->difference);
    }
    if (m->difference.len > DIFFERENCE_MOST) {
        sw_blob_fini(&m->difference);
    }
}

/* Make the image of @m->records, and keep them in the copy @path. */
static int finish(struct made *m, const char *path)
{
    struct sw_blob content = { 0 };
    differ(m);
    int err = sw_content_put(&m->records, &content);
    if (!m->was_text) { /* all of it is compiled and digested, however little came */
        m->host->charge(m->host->self, SW_WORK_PARSE, content.len);
        m->host->charge(m->host->self, SW_WORK_HASH, content.len);
    }
    err = err == SW_OK ? sw_zone_compile_records(&m->records, &m->image, &m->d) : err;
    if (err == SW_OK && path[0] != '\0') {
        err = sw_zone_copy_write(m->host, path, &m->version, m->primary, sw_blob_bytes(&content));
        if (err != SW_OK) {
            (void)sw_diag_set(&m->d, err, "its copy can't be written: %s", sw_strerror(err));
        }
    }
    sw_blob_fini(&content);
    return err;
}

static int put_result(struct sw_job *job, struct made *m, int err)
{
    Swarm__Job__ZoneResult result = SWARM__JOB__ZONE_RESULT__INIT;
    Swarm__Job__ZoneVersion version = SWARM__JOB__ZONE_VERSION__INIT;
    result.reason = m->d.text;
    if (m->image.len > 0) {
        version.epoch = m->version.epoch;
        version.serial = m->version.serial;
        version.digest = (ProtobufCBinaryData){ SW_ZONEMD_LEN, m->version.digest };
        result.version = &version;
        result.primary = m->primary;
        result.image = (ProtobufCBinaryData){ m->image.len, m->image.data };
    }
    if (m->difference.len > 0) {
        result.from = (ProtobufCBinaryData){ SW_ZONEMD_LEN, m->before.version.digest };
        result.difference = (ProtobufCBinaryData){ m->difference.len, m->difference.data };
    }
    const size_t size = swarm__job__zone_result__get_packed_size(&result);
    const int put = sw_blob_reserve(&job->out, size);
    if (put == SW_OK) {
        job->out.len = swarm__job__zone_result__pack(&result, job->out.data);
    }
    sw_blob_fini(&m->image);
    sw_blob_fini(&m->difference);
    sw_records_fini(&m->records);
    sw_records_fini(&m->before.records);
    return err != SW_OK ? err : put;
}

/* ---- what is on disk ---- */

static int read_master(struct made *m, const char *path)
{
    struct sw_blob text = { 0 };
    int err = sw_zone_file_read(m->host->fs, path, &text, &m->d);
    if (err == SW_OK) {
        m->host->charge(m->host->self, SW_WORK_PARSE, text.len);
        m->was_text = true;
        err = sw_records_read(&m->records, m->name, sw_blob_bytes(&text), &m->d);
    }
    sw_blob_fini(&text);
    return err == SW_OK ? identify(m) : err;
}

/* Serve the copy as it is. */
static int serve_before(struct made *m)
{
    sw_records_fini(&m->records);
    m->records = m->before.records;
    m->before.records = (struct sw_records){ 0 };
    m->version = m->before.version;
    m->primary = m->before.primary;
    m->has_before = false;
    struct sw_diag none = { "" };
    return sw_zone_compile_records(&m->records, &m->image, &none);
}

/* May the master file that was read follow the copy?  Otherwise @m->d says why not. */
static bool follows(struct made *m, const Swarm__Job__ZoneJob *in)
{
    const struct sw_zone_version *last = &m->before.version;
    m->version.epoch = last->epoch;
    if (sw_version_same(&m->version, last)) {
        return false;
    }
    if (m->version.serial == last->serial) {
        (void)sw_diag_set(&m->d, SW_ERR_STATE, "its content changed, but not its serial %u",
                          last->serial);
        return false;
    }
    if (!sw_serial_newer(m->version.serial, last->serial)) {
        (void)sw_diag_set(&m->d, SW_ERR_STATE, "serial %u is older than %u, which was served",
                          m->version.serial, last->serial);
        return false;
    }
    const uint32_t known = in->limited ? in->known : last->serial;
    if (m->version.serial - known >= SW_SERIAL_STRIDE) {
        (void)sw_diag_set(&m->d, SW_ERR_RANGE,
                          "serial %u is 2^30 or more beyond %u, which others hold",
                          m->version.serial, known);
        return false;
    }
    return true;
}

static int load(struct made *m, const Swarm__Job__ZoneJob *in)
{
    const int before = read_before(m, in->copy);
    if (before == SW_ERR_NOMEM || before == SW_ERR_CRASHED) {
        return before;
    }
    m->primary = m->has_before ? m->before.primary : in->primary != 0;
    if (m->has_before && !m->primary) {
        return serve_before(m);
    }
    int err = read_master(m, in->file);
    if (err == SW_ERR_CRASHED) {
        return err;
    }
    if (m->has_before && (err != SW_OK || !follows(m, in))) {
        return serve_before(m);
    }
    if (err == SW_OK) {
        err = finish(m, in->copy);
        err =
            err != SW_ERR_CRASHED && m->image.len > 0 ? SW_OK : err; /* served; @d says what not */
    }
    if (err == SW_OK && before != SW_OK && before != SW_ERR_NOTFOUND) {
        (void)sw_diag_set(&m->d, before, "its copy can't be read: %s", sw_strerror(before));
    }
    return err;
}

int sw_job_zone(struct sw_job *job, const struct sw_job_host *host)
{
    Swarm__Job__ZoneJob *in = swarm__job__zone_job__unpack(NULL, job->in.len, job->in.data);
    struct made m;
    if (in == NULL) {
        return SW_ERR_NOMEM;
    }
    if (SW_BUGGIFY(host->buggify, zone_unread)) {
        swarm__job__zone_job__free_unpacked(in, NULL);
        return SW_ERR_NOMEM;
    }
    int err = begin(&m, host, in->name);
    err = err == SW_OK ? load(&m, in) : err;
    err = put_result(job, &m, err);
    swarm__job__zone_job__free_unpacked(in, NULL);
    return err;
}

/* ---- what a peer sent ---- */

/* Write the text to edit from now on; what was there stays beside it. */
static int write_master(struct made *m, const char *path)
{
    const struct sw_fs *fs = m->host->fs;
    struct sw_blob text = { 0 };
    char old[4096];
    const int n = snprintf(old, sizeof old, "%s.before", path);
    int err =
        n < 0 || (size_t)n >= sizeof old ? SW_ERR_RANGE : sw_master_text_put(&m->records, &text);
    if (err == SW_OK) {
        err = fs->rename(fs->self, path, old);
        err = err == SW_ERR_NOTFOUND ? SW_OK : err;
    }
    err = err == SW_OK ? sw_zone_file_write(m->host, path, sw_blob_bytes(&text)) : err;
    sw_blob_fini(&text);
    return err == SW_OK
               ? err
               : sw_diag_set(&m->d, err, "%.200s can't be written: %s", path, sw_strerror(err));
}

static bool version_of(const Swarm__Job__ZoneVersion *said, struct sw_zone_version *out)
{
    if (said == NULL || said->digest.len != SW_ZONEMD_LEN) {
        return false;
    }
    out->epoch = said->epoch;
    out->serial = said->serial;
    memcpy(out->digest, said->digest.data, SW_ZONEMD_LEN);
    return true;
}

/* The records of the version that came, unchecked. */
static int assemble(struct made *m, const Swarm__Job__ZoneUpdateJob *in)
{
    const struct sw_bytes data = { in->data.data, in->data.len };
    struct sw_zone_version base;
    const int before = read_before(m, in->copy);
    if (before == SW_ERR_NOMEM || before == SW_ERR_CRASHED) {
        return before;
    }
    if (!in->difference) {
        return sw_content_get(&m->records, m->origin, data);
    }
    if (!m->has_before || !version_of(in->from, &base) ||
        !sw_version_same(&base, &m->before.version)) {
        return sw_diag_set(&m->d, SW_ERR_STATE, "the copy is not what the difference is from");
    }
    struct sw_blob content = { 0 }; /* the copy's records, once more, to change */
    int err = sw_content_put(&m->before.records, &content);
    err = err == SW_OK ? sw_content_get(&m->records, m->origin, sw_blob_bytes(&content)) : err;
    err = err == SW_OK ? sw_content_apply(&m->records, data) : err;
    sw_blob_fini(&content);
    return err;
}

static int update(struct made *m, const Swarm__Job__ZoneUpdateJob *in)
{
    struct sw_zone_version wanted;
    if (!version_of(in->version, &wanted)) {
        return SW_ERR_MALFORMED;
    }
    int err = assemble(m, in);
    err = err == SW_OK ? identify(m) : err;
    if (err != SW_OK) {
        return err;
    }
    m->version.epoch = wanted.epoch;
    m->primary = in->primary != 0;
    if (!sw_version_same(&m->version, &wanted)) {
        return sw_diag_set(&m->d, SW_ERR_CRYPTO, "what came is not what its digest says");
    }
    err = m->primary ? write_master(m, in->file) : SW_OK;
    err = err == SW_OK ? finish(m, in->copy) : err;
    if (err != SW_OK) {
        sw_blob_fini(&m->image); /* not served before it is durable */
        m->image = (struct sw_blob){ 0 };
    }
    return err;
}

int sw_job_zone_update(struct sw_job *job, const struct sw_job_host *host)
{
    Swarm__Job__ZoneUpdateJob *in =
        swarm__job__zone_update_job__unpack(NULL, job->in.len, job->in.data);
    struct made m;
    if (in == NULL) {
        return SW_ERR_NOMEM;
    }
    int err = begin(&m, host, in->name);
    err = err == SW_OK ? update(&m, in) : err;
    err = put_result(job, &m, err);
    swarm__job__zone_update_job__free_unpacked(in, NULL);
    return err;
}

/* ---- the next epoch ---- */

/* Another serial, and no ZONEMD: it was of the old one. */
static int renumber(struct sw_records *r, uint32_t serial)
{
    struct sw_record *soa = sw_records_soa(r);
    uint8_t *data = soa != NULL ? sw_arena_copy(&r->arena, soa->data, soa->data_len) : NULL;
    size_t kept = 0;
    if (data == NULL) {
        return SW_ERR_NOMEM;
    }
    sw_put_be32(data + soa->data_len - 20, serial);
    soa->data = data;
    for (size_t i = 0; i < r->n; i++) {
        if (r->v[i]->type != SW_TYPE_ZONEMD || sw_dname_compare(r->v[i]->owner, r->origin) != 0) {
            r->v[kept++] = r->v[i];
        }
    }
    r->n = kept;
    return SW_OK;
}

static int promote(struct made *m, const Swarm__Job__ZonePromoteJob *in)
{
    struct sw_blob content = { 0 };
    int err = read_before(m, in->copy);
    if (err != SW_OK) {
        return sw_diag_set(&m->d, err, "its copy can't be read: %s", sw_strerror(err));
    }
    err = sw_content_put(&m->before.records, &content);
    err = err == SW_OK ? sw_content_get(&m->records, m->origin, sw_blob_bytes(&content)) : err;
    err = err == SW_OK ? renumber(&m->records, in->serial) : err;
    err = err == SW_OK ? identify(m) : err;
    m->version.epoch = in->epoch;
    m->primary = true;
    err = err == SW_OK ? write_master(m, in->file) : err;
    err = err == SW_OK ? finish(m, in->copy) : err;
    if (err != SW_OK) {
        sw_blob_fini(&m->image); /* no primary before it is durable */
        m->image = (struct sw_blob){ 0 };
    }
    sw_blob_fini(&content);
    return err;
}

int sw_job_zone_promote(struct sw_job *job, const struct sw_job_host *host)
{
    Swarm__Job__ZonePromoteJob *in =
        swarm__job__zone_promote_job__unpack(NULL, job->in.len, job->in.data);
    struct made m;
    if (in == NULL) {
        return SW_ERR_NOMEM;
    }
    int err = begin(&m, host, in->name);
    err = err == SW_OK ? promote(&m, in) : err;
    err = put_result(job, &m, err);
    swarm__job__zone_promote_job__free_unpacked(in, NULL);
    return err;
}

/* ---- a part for a peer ---- */

int sw_job_zone_part(struct sw_job *job, const struct sw_job_host *host)
{
    Swarm__Job__ZonePartJob *in =
        swarm__job__zone_part_job__unpack(NULL, job->in.len, job->in.data);
    Swarm__Job__ZonePart part = SWARM__JOB__ZONE_PART__INIT;
    struct sw_zone_version version;
    struct sw_blob data = { 0 };
    if (in == NULL) {
        return SW_ERR_NOMEM;
    }
    int err = version_of(in->version, &version) ? SW_OK : SW_ERR_MALFORMED;
    if (err == SW_OK) {
        err =
            sw_zone_copy_part(host, in->copy, &version, in->offset, in->length, &data, &part.size);
    }
    if (err == SW_OK) {
        part.data = (ProtobufCBinaryData){ data.len, data.data };
        err = sw_blob_reserve(&job->out, swarm__job__zone_part__get_packed_size(&part) + 1);
        job->out.len = err == SW_OK ? swarm__job__zone_part__pack(&part, job->out.data) : 0;
    }
    sw_blob_fini(&data);
    swarm__job__zone_part_job__free_unpacked(in, NULL);
    return err;
}

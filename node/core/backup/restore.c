/* SPDX-License-Identifier: GPL-3.0-or-later
 * The RESTORE job: check whose manifest it is, open the epochs with the recipient's key, then
 * either list the packs that are missing, or rebuild the tree from those that are here.  What lies
 * here and is not what its name says counts as missing. */
#include "node/base/err.h"
#include "node/core/backup/rebuild.h"
#include "node/core/backup/tree_writer.h"
#include "node/core/proto/job.pb-c.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct restore {
    const struct sw_job_host *host;
    const Swarm__Job__RestoreJob *job;
    struct sw_digest name; /* of the manifest */
    bool no_manifest;      /* what lies here under that name is something else, or nothing */
    bool no_tree;          /* a part of the tree itself can't be read */
    struct sw_blob bytes;
    struct sw_manifest manifest;
    struct sw_digest repo;
    struct sw_epoch *epochs;
    struct sw_root root;
    struct sw_catalog catalog;
    struct sw_blob refs;  /* of the tree's own chunks */
    size_t at;            /* in refs */
    struct sw_bytes rest; /* of the chunk being read */
    uint8_t *chunk;
    struct sw_tree_reader reader;
    struct sw_tree_record *record;
    struct sw_rebuild *rebuild;
};

/* Who named this manifest may have meant another set's, or an older one: the recipient's key would
 * open those as well. */
static bool is_asked_for(const struct sw_manifest *m, const Swarm__Job__RestoreJob *j)
{
    return memcmp(m->identity, j->identity.data, sizeof m->identity) == 0 &&
           strcmp(m->node.s, j->node) == 0 && strcmp(m->set.s, j->set) == 0 &&
           (j->sequence == 0 || m->sequence == j->sequence);
}

/* Of those errors another copy would have the same. */
static bool fatal(int err)
{
    return err == SW_ERR_CRASHED || err == SW_ERR_NOMEM;
}

static int read_object(struct restore *r)
{
    struct sw_path path;
    struct sw_digest found;
    int err =
        sw_store_object(r->job->store, SWARM__V1__OBJECT_KIND__OBJECT_MANIFEST, &r->name, &path);
    if (err == SW_OK) {
        err = sw_store_read(r->host, path.s, SW_MANIFEST_MAX, &r->bytes);
    }
    if (err == SW_OK) {
        r->host->charge(r->host->self, SW_WORK_HASH, 2 * r->bytes.len);
        sw_object_name(sw_blob_bytes(&r->bytes), &found);
        err = memcmp(found.b, r->name.b, SW_DIGEST_LEN) == 0 ? SW_OK : SW_ERR_CRYPTO;
    }
    return err;
}

static int read_manifest(struct restore *r)
{
    int err = read_object(r);
    if (err != SW_OK) {
        r->no_manifest = !fatal(err);
        return err;
    }
    err = sw_manifest_parse(sw_blob_bytes(&r->bytes), &r->manifest);
    if (err == SW_OK) {
        err = sw_manifest_verify(&r->manifest);
    }
    if (err == SW_OK && !is_asked_for(&r->manifest, r->job)) {
        err = SW_ERR_CRYPTO; /* well signed, but by somebody else or for something else */
    }
    return err;
}

/* Without the snapshot's own epoch there is nothing; without an older one, its packs count as
 * damaged. */
static int open_epochs(struct restore *r)
{
    const struct sw_manifest *m = &r->manifest;
    sw_repo_id(m->node.s, m->set.s, m->identity, &r->repo);
    r->epochs = calloc(m->n_epochs, sizeof *r->epochs);
    if (r->epochs == NULL) {
        return SW_ERR_NOMEM;
    }
    int err = SW_OK;
    for (uint32_t i = 0; i < m->n_epochs; i++) {
        struct sw_manifest_epoch e;
        sw_manifest_epoch(m, i, &e);
        memcpy(r->epochs[i].id, e.id, SW_EPOCH_ID_LEN);
        err = sw_epoch_open(&r->epochs[i], &r->repo, r->job->secret.data, e.sealed);
    }
    return err == SW_OK ? sw_manifest_root(m, &r->epochs[m->n_epochs - 1], &r->repo, &r->root)
                        : err;
}

/* ---- the tree as a stream ---- */

static int find_and_read(struct restore *r, const struct sw_digest *id, uint32_t len,
                         struct sw_bytes *out)
{
    const size_t i = sw_catalog_find(&r->catalog, id);
    int err = i == SIZE_MAX ? SW_ERR_NOTFOUND : sw_catalog_read(&r->catalog, i, out);
    if (err == SW_OK && out->len != len) {
        err = SW_ERR_MALFORMED;
    }
    r->no_tree = err != SW_OK;
    return err;
}

/* Replace the references in r->refs by what they point to. */
static int descend(struct restore *r)
{
    struct sw_blob below = { 0 };
    struct sw_rd in = { r->refs.data, r->refs.len, 0, false };
    int err = SW_OK;
    while (err == SW_OK && sw_rd_left(&in) >= SW_TREE_REF_LEN) {
        struct sw_digest id;
        struct sw_bytes chunk;
        memcpy(id.b, sw_rd_bytes(&in, SW_DIGEST_LEN), SW_DIGEST_LEN);
        err = find_and_read(r, &id, sw_rd_u32(&in), &chunk);
        if (err == SW_OK) {
            err = sw_blob_append(&below, chunk.data, chunk.len);
        }
    }
    sw_blob_fini(&r->refs);
    r->refs = below;
    return err == SW_OK && below.len % SW_TREE_REF_LEN != 0 ? SW_ERR_MALFORMED : err;
}

static int find_tree(struct restore *r)
{
    uint8_t entry[SW_TREE_REF_LEN];
    struct sw_wr w = { entry, sizeof entry, 0, false };
    if (r->root.levels > SW_TREE_LEVELS_MAX) {
        return SW_ERR_MALFORMED;
    }
    sw_wr_bytes(&w, r->root.id.b, SW_DIGEST_LEN);
    sw_wr_u32(&w, r->root.len);
    int err = sw_blob_append(&r->refs, entry, sizeof entry);
    for (uint8_t i = 0; err == SW_OK && i < r->root.levels; i++) {
        err = descend(r);
    }
    return err;
}

/* The next bytes of the tree; the chunk is copied, for rebuilding reads others meanwhile. */
static int64_t fill(void *arg, uint8_t *buf, size_t cap)
{
    struct restore *r = arg;
    if (r->rest.len == 0) {
        struct sw_rd in = { r->refs.data, r->refs.len, r->at, false };
        struct sw_digest id;
        struct sw_bytes chunk;
        if (sw_rd_left(&in) < SW_TREE_REF_LEN) {
            return 0;
        }
        memcpy(id.b, sw_rd_bytes(&in, SW_DIGEST_LEN), SW_DIGEST_LEN);
        const int err = find_and_read(r, &id, sw_rd_u32(&in), &chunk);
        if (err != SW_OK) {
            return err;
        }
        memcpy(r->chunk, chunk.data, chunk.len);
        r->rest = (struct sw_bytes){ r->chunk, chunk.len };
        r->at = in.off;
    }
    const size_t n = r->rest.len < cap ? r->rest.len : cap;
    memcpy(buf, r->rest.data, n);
    r->rest = (struct sw_bytes){ r->rest.data + n, r->rest.len - n };
    return (int64_t)n;
}

static int rebuild(struct restore *r)
{
    int err = SW_OK;
    while (err == SW_OK) {
        err = sw_tree_next(&r->reader, r->record);
        if (err == SW_OK) {
            err = sw_rebuild_record(r->rebuild, r->record, r->reader.path);
        }
    }
    if (err == SW_ERR_NOTFOUND && r->reader.last == SW_TREE_END) {
        err = sw_rebuild_finish(r->rebuild);
    }
    return err;
}

static int write_files(struct restore *r)
{
    const struct sw_catalog_options co = { r->host,  r->job->store, &r->manifest,
                                           &r->repo, r->epochs,     r->job->whole };
    char tag[2 * SW_DIGEST_LEN + 1];
    sw_hex(&r->name, tag);
    tag[16] = '\0';
    r->chunk = malloc(SW_CHUNK_MAX);
    r->record = malloc(sizeof *r->record);
    int err = r->chunk == NULL || r->record == NULL ? SW_ERR_NOMEM : SW_OK;
    if (err == SW_OK) {
        err = sw_catalog_init(&r->catalog, &co);
    }
    if (err == SW_OK) {
        err = find_tree(r);
    }
    if (err == SW_OK) {
        err = sw_tree_reader_init(&r->reader, fill, r);
    }
    if (err == SW_OK) {
        err = sw_rebuild_new(r->host, &r->catalog, r->job->target, tag, &r->rebuild);
    }
    return err == SW_OK ? rebuild(r) : err;
}

/* ---- the result ---- */

/* Is there nothing of that name and size, or, when @by_digest, nothing that is what it says? */
static int missing(const struct restore *r, const struct sw_manifest_pack *p, bool by_digest,
                   bool *out)
{
    struct sw_path path;
    struct sw_stat st;
    int err = sw_store_object(r->job->store, SWARM__V1__OBJECT_KIND__OBJECT_PACK, &p->name, &path);
    if (err == SW_OK) {
        err = r->host->fs->lstat(r->host->fs->self, path.s, &st);
    }
    if (err == SW_OK && st.size != p->size) {
        err = SW_ERR_CRYPTO;
    }
    if (err == SW_OK && by_digest) {
        err = sw_store_check_at(r->host, path.s, p->size, &p->name);
    }
    *out = err != SW_OK;
    return fatal(err) ? err : SW_OK;
}

static int add_needed(Swarm__Job__RestoreResult *result, const struct sw_digest *name,
                      uint64_t size, uint32_t kind)
{
    Swarm__Job__ObjectRef *ref = malloc(sizeof *ref);
    uint8_t *copy = malloc(SW_DIGEST_LEN);
    if (ref == NULL || copy == NULL) {
        free(ref);
        free(copy);
        return SW_ERR_NOMEM;
    }
    memcpy(copy, name->b, SW_DIGEST_LEN);
    swarm__job__object_ref__init(ref);
    ref->name = (ProtobufCBinaryData){ SW_DIGEST_LEN, copy };
    ref->size = size;
    ref->kind = kind;
    result->needed[result->n_needed++] = ref;
    return SW_OK;
}

static int list_needed(const struct restore *r, Swarm__Job__RestoreResult *result)
{
    const uint32_t n = r->manifest.n_packs; /* none when there is no manifest */
    int err = SW_OK;
    result->needed = calloc((size_t)n + 1, sizeof(void *));
    if (result->needed == NULL) {
        return SW_ERR_NOMEM;
    }
    if (r->no_manifest) {
        return add_needed(result, &r->name, 0, SWARM__V1__OBJECT_KIND__OBJECT_MANIFEST);
    }
    for (uint32_t i = 0; err == SW_OK && i < n; i++) {
        struct sw_manifest_pack p;
        bool need = false;
        sw_manifest_pack(&r->manifest, i, &p);
        err = missing(r, &p, result->unfit, &need);
        if (err == SW_OK && need) {
            err = add_needed(result, &p.name, p.size, SWARM__V1__OBJECT_KIND__OBJECT_PACK);
        }
    }
    return err;
}

static int report(const struct restore *r, int status, bool unfit, struct sw_blob *out)
{
    Swarm__Job__RestoreResult result = SWARM__JOB__RESTORE_RESULT__INIT;
    int err = SW_OK;
    result.unfit = unfit;
    result.reason = (char *)(status == SW_OK ? "" : sw_strerror(status));
    result.sequence = r->manifest.sequence;
    result.taken_at = r->manifest.taken_at;
    if (unfit || (status == SW_OK && r->job->plan_only)) {
        err = list_needed(r, &result);
    }
    if (r->rebuild != NULL) {
        const struct sw_rebuild_counts *c = sw_rebuild_counts(r->rebuild);
        result.files = c->files;
        result.bytes = c->bytes;
        result.damaged = c->damaged;
        result.n_damaged = c->n_damaged;
        result.more_damaged = c->more_damaged;
    }
    if (err == SW_OK) {
        err = sw_message_pack(&result.base, out);
    }
    for (size_t i = 0; i < result.n_needed; i++) {
        free(result.needed[i]->name.data);
        free(result.needed[i]);
    }
    free(result.needed);
    return err;
}

static void fini(struct restore *r)
{
    sw_rebuild_free(r->rebuild);
    sw_tree_reader_fini(&r->reader);
    sw_catalog_fini(&r->catalog);
    if (r->epochs != NULL) {
        sodium_memzero(r->epochs, r->manifest.n_epochs * sizeof *r->epochs);
    }
    free(r->epochs);
    free(r->chunk);
    free(r->record);
    sw_blob_fini(&r->refs);
    sw_blob_fini(&r->bytes);
    free(r);
}

static int restore(const Swarm__Job__RestoreJob *j, const struct sw_job_host *host,
                   struct sw_blob *out)
{
    struct restore *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return SW_ERR_NOMEM;
    }
    r->host = host;
    r->job = j;
    int err = j->secret.len == 32 && j->identity.len == 32 && sw_digest_from(j->manifest, &r->name)
                  ? read_manifest(r)
                  : SW_ERR_RANGE;
    if (err == SW_OK) {
        err = open_epochs(r);
    }
    if (err == SW_OK && !j->plan_only) {
        err = write_files(r);
    }
    /* what another copy may have right is no failure of the job */
    const bool unfit =
        !fatal(err) && (r->no_manifest || r->no_tree || (j->whole && r->catalog.failed));
    err = unfit ? SW_OK : err;
    const int told = report(r, err, unfit, out);
    fini(r);
    return err == SW_OK ? told : err;
}

int sw_job_restore(struct sw_job *job, const struct sw_job_host *host)
{
    Swarm__Job__RestoreJob *j = swarm__job__restore_job__unpack(NULL, job->in.len, job->in.data);
    if (j == NULL) {
        return SW_ERR_MALFORMED;
    }
    const int err = restore(j, host, &job->out);
    if (j->secret.data != NULL) {
        sodium_memzero(j->secret.data, j->secret.len);
    }
    swarm__job__restore_job__free_unpacked(j, NULL);
    return err;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * The SNAPSHOT job: walk, cut, leave out what is known, compress, seal, write packs, then the
 * manifest.  Order on disk: packs, folder, manifest, folder, index.  Cut off anywhere, the store
 * holds whole snapshots and perhaps packs that no manifest names. */
#include "node/base/err.h"
#include "node/base/name.h"
#include "node/core/backup/seen.h"
#include "node/core/backup/tree_writer.h"
#include "node/core/backup/walk.h"
#include "node/core/buggify.h"
#include "node/core/proto/job.pb-c.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SKIPPED_MAX 1000 /* files named in the result; the others are counted */

struct snapshot {
    const struct sw_job_host *host;
    const Swarm__Job__SnapshotJob *job;
    uint8_t identity[32]; /* Ed25519 public key */
    struct sw_digest repo;
    struct sw_digest binding;
    struct sw_epoch epoch;
    struct sw_chunker chunker;
    struct sw_index index;
    struct sw_packer packer;
    struct sw_tree_writer tree;
    struct sw_seen_reader before; /* files as the last snapshot saw them */
    struct sw_seen_writer after;  /* as this one does */
    const char *path;             /* of the file at hand, and its state */
    struct sw_stat st;
    bool note;     /* all is well with @after */
    bool distrust; /* nothing is with @before */
    struct sw_root root;
    struct sw_manifest_pack *packs; /* what the manifest names, in order */
    bool *made;
    size_t n_packs;
    struct sw_digest manifest;
    uint64_t manifest_size;
    char **skipped;
    size_t n_skipped;
    uint64_t more_skipped;
};

static int check(const Swarm__Job__SnapshotJob *j)
{
    const bool fine = j->recipient.len == 32 && j->identity.len == 32 && j->entropy.len == 32 &&
                      (j->previous.len == 0 || j->previous.len == SW_DIGEST_LEN) &&
                      sw_name_valid(j->node) && sw_name_valid(j->set) &&
                      !sodium_is_zero(j->recipient.data, 32);
    return fine ? SW_OK : SW_ERR_RANGE;
}

static int make_keys(struct snapshot *s)
{
    const Swarm__Job__SnapshotJob *j = s->job;
    struct sw_manifest_epoch epoch;
    uint8_t secret[64];
    uint8_t ikm[32];
    (void)crypto_sign_seed_keypair(s->identity, secret, j->identity.data);
    sodium_memzero(secret, sizeof secret);
    sw_repo_id(j->node, j->set, s->identity, &s->repo);
    sw_index_binding(&s->repo, j->recipient.data, &s->binding);
    sw_epoch_make(&s->epoch, j->entropy.data, j->identity.data, &s->repo);
    sw_chunker_init(&s->chunker, s->epoch.id_key);
    int err = sw_index_load(&s->index, s->host, j->store, j->set, &s->binding);
    if (err == SW_OK) {
        sw_derive(j->entropy.data, "QBhpke", 0, ikm);
        memcpy(epoch.id, s->epoch.id, SW_EPOCH_ID_LEN);
        err = sw_epoch_seal(&s->epoch, &s->repo, j->recipient.data, ikm, epoch.sealed);
        sodium_memzero(ikm, sizeof ikm);
    }
    return err == SW_OK ? sw_index_add_epoch(&s->index, &epoch) : err;
}

static int on_chunk(void *self, struct sw_bytes data, struct sw_tree_ref *out)
{
    struct snapshot *s = self;
    return sw_packer_chunk(&s->packer, data, out);
}

/* What goes wrong with the notes for the next snapshot costs time then, and nothing now. */
static int note(struct snapshot *s, const struct sw_tree_record *r)
{
    int err = SW_OK;
    if (s->note && r->kind == SW_TREE_FILE) {
        err = sw_seen_file(&s->after, s->path, &s->st);
    } else if (s->note && r->kind == SW_TREE_CHUNKS) {
        err = sw_seen_chunks(&s->after, r->refs, r->n_refs);
    } else if (r->kind == SW_TREE_BROKEN) {
        err = SW_ERR_IO; /* to be read again, although it may look the same */
    }
    s->note = s->note && err == SW_OK;
    return err == SW_ERR_CRASHED ? err : SW_OK;
}

static int on_record(void *self, const struct sw_tree_record *r)
{
    struct snapshot *s = self;
    const int err = note(s, r);
    if (r->kind == SW_TREE_END) {
        s->root.files = r->files;
        s->root.bytes = r->bytes;
    }
    return err == SW_OK ? sw_tree_writer_record(&s->tree, r) : err;
}

static bool on_found(void *self, const char *path, const struct sw_stat *st)
{
    struct snapshot *s = self;
    s->path = path;
    s->st = *st;
    return sw_seen_find(&s->before, path, st);
}

static int64_t on_known(void *self, struct sw_tree_ref *refs)
{
    struct snapshot *s = self;
    const int64_t n = sw_seen_refs(&s->before, refs);
    for (int64_t i = 0; i < n; i++) {
        const struct sw_index_chunk *c = sw_index_find(&s->index, &refs[i].id);
        if (c == NULL) { /* the notes and the index were written together: this can't be */
            s->distrust = true;
            return SW_ERR_BUSY;
        }
        if (c->pack != SW_INDEX_NO_PACK) {
            s->index.packs[c->pack].used = true;
        }
    }
    return n;
}

static const char *reason_text(int reason)
{
    return reason == SW_ERR_BUSY ? "changed while it was read" : sw_strerror(reason);
}

static int on_skipped(void *self, const char *path, int reason)
{
    struct snapshot *s = self;
    if (reason == SW_ERR_UNSUPPORTED) {
        return SW_OK; /* pipes, sockets and devices: nobody misses them */
    }
    if (s->n_skipped == SKIPPED_MAX) {
        s->more_skipped++;
        return SW_OK;
    }
    const size_t len = strlen(path) + strlen(reason_text(reason)) + 3;
    char *text = malloc(len);
    if (text == NULL) {
        return SW_ERR_NOMEM;
    }
    (void)snprintf(text, len, "%s: %s", path, reason_text(reason));
    s->skipped[s->n_skipped++] = text;
    return SW_OK;
}

/* The notes of the last snapshot are believed only with the very index they were written with. */
static int open_notes(struct snapshot *s)
{
    const Swarm__Job__SnapshotJob *j = s->job;
    struct sw_seen_key key;
    uint8_t fresh[SW_KEY_LEN];
    int err = SW_OK;
    s->before.fd = -1;
    if (s->index.whole && !SW_BUGGIFY(s->host->buggify, notes_lost)) {
        sw_seen_key(&s->epoch, s->index.notes, &key);
        err = sw_seen_open(&s->before, s->host, j->store, j->set, &key);
    }
    if (err == SW_OK) {
        sw_derive(j->entropy.data, "QBnotes", 0, fresh);
        memcpy(s->index.notes, fresh, sizeof s->index.notes);
        sw_seen_key(&s->epoch, fresh, &key);
        err = sw_seen_begin(&s->after, s->host, j->store, j->set, &key, j->taken_at);
        s->note = err == SW_OK;
    }
    sodium_memzero(&key, sizeof key);
    return err == SW_ERR_CRASHED || err == SW_ERR_NOMEM ? err : SW_OK;
}

static int write_packs(struct snapshot *s)
{
    const struct sw_packer_options po = {
        .host = s->host,
        .store = s->job->store,
        .epoch = &s->epoch,
        .repo = &s->repo,
        .entropy = s->job->entropy.data,
        .index = &s->index,
        .epoch_number = (uint32_t)(s->index.n_epochs - 1),
    };
    const struct sw_walk_sink sink = { s, on_chunk, on_record, on_found, on_known, on_skipped };
    const struct sw_walk_options wo = { .path = s->job->path, .avoid = s->job->store };
    int err = open_notes(s);
    if (err == SW_OK) {
        err = sw_packer_init(&s->packer, &po);
    }
    if (err == SW_OK) {
        err = sw_tree_writer_init(&s->tree, &s->packer, &s->chunker);
    }
    if (err == SW_OK) {
        err = sw_walk(s->host, &s->chunker, &wo, &sink);
    }
    if (err == SW_OK) {
        err = sw_tree_writer_finish(&s->tree, &s->root);
    }
    if (err == SW_OK) {
        err = sw_packer_finish(&s->packer);
    }
    return err == SW_OK ? sw_store_sync(s->host, s->job->store) : err;
}

static int by_name(const void *a, const void *b)
{
    const struct sw_index_pack *const *x = a;
    const struct sw_index_pack *const *y = b;
    return memcmp((*x)->pack.name.b, (*y)->pack.name.b, SW_DIGEST_LEN);
}

/* The used packs in order of names, their epochs renumbered as in @numbers. */
static int list_packs(struct snapshot *s, const uint32_t *numbers)
{
    const struct sw_index_pack **used = malloc((s->index.n_packs + 1) * sizeof(void *));
    s->packs = malloc((s->index.n_packs + 1) * sizeof *s->packs);
    s->made = malloc((s->index.n_packs + 1) * sizeof *s->made);
    if (used == NULL || s->packs == NULL || s->made == NULL) {
        free(used);
        return SW_ERR_NOMEM;
    }
    for (size_t i = 0; i < s->index.n_packs; i++) {
        if (s->index.packs[i].used) {
            used[s->n_packs++] = &s->index.packs[i];
        }
    }
    qsort(used, s->n_packs, sizeof(void *), by_name);
    for (size_t i = 0; i < s->n_packs; i++) {
        s->packs[i] = used[i]->pack;
        s->packs[i].epoch = numbers[used[i]->pack.epoch];
        s->made[i] = used[i]->made;
    }
    free(used);
    return SW_OK;
}

/* The epochs of used packs and this snapshot's own, which stays last. */
static int list_epochs(struct snapshot *s, struct sw_manifest_epoch *out, uint32_t *numbers,
                       size_t *n)
{
    const size_t own = s->index.n_epochs - 1;
    memset(numbers, 0, s->index.n_epochs * sizeof *numbers);
    for (size_t i = 0; i < s->index.n_packs; i++) {
        numbers[s->index.packs[i].pack.epoch] |= s->index.packs[i].used ? 1 : 0;
    }
    numbers[own] = 1;
    *n = 0;
    for (size_t i = 0; i <= own; i++) {
        if (numbers[i] != 0) {
            out[*n] = s->index.epochs[i];
            numbers[i] = (uint32_t)(*n)++;
        }
    }
    return list_packs(s, numbers);
}

static int store_manifest(struct snapshot *s, const struct sw_manifest_parts *parts)
{
    struct sw_blob bytes = { 0 };
    struct sw_manifest m;
    int err = sw_manifest_build(parts, &s->epoch, &s->repo, s->job->identity.data, &bytes);
    if (err == SW_OK) { /* as packs are: read back before it is offered */
        err = sw_manifest_parse(sw_blob_bytes(&bytes), &m);
    }
    if (err == SW_OK) {
        err = sw_manifest_verify(&m);
    }
    if (err == SW_OK) {
        sw_object_name(sw_blob_bytes(&bytes), &s->manifest);
        s->manifest_size = bytes.len;
        s->host->charge(s->host->self, SW_WORK_HASH, 3 * bytes.len);
        err = sw_store_put(s->host, s->job->store, SWARM__V1__OBJECT_KIND__OBJECT_MANIFEST,
                           &s->manifest, sw_blob_bytes(&bytes));
    }
    sw_blob_fini(&bytes);
    return err;
}

static int write_manifest(struct snapshot *s)
{
    const Swarm__Job__SnapshotJob *j = s->job;
    struct sw_manifest_parts parts = {
        .node = j->node,
        .set = j->set,
        .sequence = j->sequence,
        .taken_at = j->taken_at,
        .root = s->root,
    };
    struct sw_manifest_epoch *epochs = malloc(s->index.n_epochs * sizeof *epochs);
    uint32_t *numbers = malloc(s->index.n_epochs * sizeof *numbers);
    uint8_t nonce[SW_KEY_LEN];
    int err = epochs == NULL || numbers == NULL ? SW_ERR_NOMEM : SW_OK;
    if (err == SW_OK) {
        err = list_epochs(s, epochs, numbers, &parts.n_epochs);
    }
    if (err == SW_OK) {
        parts.epochs = epochs;
        parts.packs = s->packs;
        parts.n_packs = s->n_packs;
        (void)sw_digest_from(j->previous, &parts.previous);
        sw_derive(j->entropy.data, "QBrootnonce", 0, nonce);
        memcpy(parts.root_nonce, nonce, sizeof parts.root_nonce);
        err = store_manifest(s, &parts);
    }
    free(epochs);
    free(numbers);
    return err == SW_OK ? sw_store_sync(s->host, j->store) : err;
}

static int run(struct snapshot *s)
{
    int err = sw_store_make(s->host, s->job->store);
    if (err == SW_OK) {
        err = make_keys(s);
    }
    if (err == SW_OK) {
        err = write_packs(s);
    }
    if (err == SW_OK) {
        err = write_manifest(s);
    }
    if (err != SW_OK) {
        if (s->packer.o.index != NULL && s->manifest_size == 0) {
            sw_packer_undo(&s->packer); /* not once a manifest may name them */
        }
        if (s->distrust) {
            sw_seen_forget(s->host, s->job->store, s->job->set);
        }
        return err;
    }
    /* The snapshot stands; without its index the next one is merely larger, without the notes
     * slower. */
    err = SW_BUGGIFY(s->host->buggify, index_unsaved)
              ? SW_ERR_FULL
              : sw_index_save(&s->index, s->host, s->job->store, s->job->set, &s->binding);
    if (err == SW_OK && s->note) {
        err = sw_seen_commit(&s->after, s->job->store, s->job->set);
    }
    return err == SW_ERR_CRASHED ? err : SW_OK;
}

static int report(const struct snapshot *s, int status, struct sw_blob *out)
{
    Swarm__Job__SnapshotResult result = SWARM__JOB__SNAPSHOT_RESULT__INIT;
    const size_t n = status == SW_OK ? s->n_packs + 1 : 0;
    Swarm__Job__ObjectRef *refs = calloc(n + 1, sizeof *refs);
    Swarm__Job__ObjectRef **list = calloc(n + 1, sizeof(void *));
    int err = refs == NULL || list == NULL ? SW_ERR_NOMEM : SW_OK;
    for (size_t i = 0; err == SW_OK && i < n; i++) {
        const bool manifest = i == s->n_packs;
        const struct sw_digest *name = manifest ? &s->manifest : &s->packs[i].name;
        swarm__job__object_ref__init(&refs[i]);
        refs[i].name = (ProtobufCBinaryData){ SW_DIGEST_LEN, (uint8_t *)name->b };
        refs[i].size = manifest ? s->manifest_size : s->packs[i].size;
        refs[i].kind = manifest ? SWARM__V1__OBJECT_KIND__OBJECT_MANIFEST
                                : SWARM__V1__OBJECT_KIND__OBJECT_PACK;
        refs[i].reused = !manifest && !s->made[i];
        list[i] = &refs[i];
    }
    if (err == SW_OK) {
        result.objects = list;
        result.n_objects = n;
        result.files = s->root.files;
        result.bytes = s->root.bytes;
        result.reason = (char *)(status == SW_OK ? "" : sw_strerror(status));
        result.skipped = s->skipped;
        result.n_skipped = s->n_skipped;
        result.more_skipped = s->more_skipped;
        err = sw_message_pack(&result.base, out);
    }
    free(refs);
    free(list);
    return err;
}

static void fini(struct snapshot *s)
{
    sw_epoch_wipe(&s->epoch);
    sw_chunker_wipe(&s->chunker);
    sw_packer_fini(&s->packer);
    sw_tree_writer_fini(&s->tree);
    sw_seen_close(&s->before);
    sw_seen_fini(&s->after);
    sw_index_fini(&s->index);
    free(s->packs);
    free(s->made);
    for (size_t i = 0; i < s->n_skipped; i++) {
        free(s->skipped[i]);
    }
    free(s->skipped);
    free(s);
}

static int snapshot(const Swarm__Job__SnapshotJob *j, const struct sw_job_host *host,
                    struct sw_blob *out)
{
    int err = check(j);
    struct snapshot *s = err == SW_OK ? calloc(1, sizeof *s) : NULL;
    if (s == NULL) {
        return err == SW_OK ? SW_ERR_NOMEM : err;
    }
    s->host = host;
    s->job = j;
    s->skipped = calloc(SKIPPED_MAX, sizeof(char *));
    err = s->skipped == NULL ? SW_ERR_NOMEM : run(s);
    const int told = report(s, err, out);
    fini(s);
    return err == SW_OK ? told : err;
}

/* Wipe what protobuf-c copied. */
static void forget(Swarm__Job__SnapshotJob *j)
{
    if (j->identity.data != NULL) {
        sodium_memzero(j->identity.data, j->identity.len);
    }
    if (j->entropy.data != NULL) {
        sodium_memzero(j->entropy.data, j->entropy.len);
    }
    swarm__job__snapshot_job__free_unpacked(j, NULL);
}

int sw_job_snapshot(struct sw_job *job, const struct sw_job_host *host)
{
    Swarm__Job__SnapshotJob *j = swarm__job__snapshot_job__unpack(NULL, job->in.len, job->in.data);
    if (j == NULL) {
        return SW_ERR_MALFORMED;
    }
    const int err = snapshot(j, host, &job->out);
    forget(j);
    return err;
}

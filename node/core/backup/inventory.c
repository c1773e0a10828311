/* SPDX-License-Identifier: GPL-3.0-or-later
 * The INVENTORY job: what the store holds, after a start.  Temporaries that nobody will finish
 * are removed; a manifest that does not read, or is not what its name says, is left out and left
 * alone.  Packs are not read: there may be many, and who uses one checks it. */
#include "node/base/err.h"
#include "node/core/backup/manifest.h"
#include "node/core/backup/store.h"
#include "node/core/proto/job.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct inventory {
    const struct sw_job_host *host;
    const char *store;
    struct sw_blob names; /* each ended by a NUL */
    Swarm__Job__InventoryResult result;
    size_t cap;
};

static int note_name(void *arg, const char *name)
{
    struct sw_blob *names = arg;
    return sw_blob_append(names, name, strlen(name) + 1);
}

static char *copy(const char *s)
{
    char *c = malloc(strlen(s) + 1);
    if (c != NULL) {
        memcpy(c, s, strlen(s) + 1);
    }
    return c;
}

static int describe_manifest(const struct sw_job_host *host, const char *path,
                             const struct sw_digest *name, Swarm__Job__StoredObject *o)
{
    struct sw_blob bytes = { 0 };
    struct sw_digest found;
    struct sw_manifest m;
    int err = sw_store_read(host, path, SW_MANIFEST_MAX, &bytes);
    if (err == SW_OK) {
        host->charge(host->self, SW_WORK_HASH, bytes.len);
        sw_object_name(sw_blob_bytes(&bytes), &found);
        err = memcmp(found.b, name->b, SW_DIGEST_LEN) == 0 ? SW_OK : SW_ERR_CRYPTO;
    }
    if (err == SW_OK) {
        err = sw_manifest_parse(sw_blob_bytes(&bytes), &m);
    }
    if (err == SW_OK) {
        o->node = copy(m.node.s);
        o->set = copy(m.set.s);
        o->sequence = m.sequence;
        o->taken_at = m.taken_at;
        err = o->node == NULL || o->set == NULL ? SW_ERR_NOMEM : SW_OK;
    }
    sw_blob_fini(&bytes);
    return err;
}

static void forget(Swarm__Job__StoredObject *o)
{
    if (o == NULL) {
        return;
    }
    free(o->name.data);
    if (o->node != protobuf_c_empty_string) {
        free(o->node);
    }
    if (o->set != protobuf_c_empty_string) {
        free(o->set);
    }
    free(o);
}

static int add(struct inventory *v, Swarm__Job__StoredObject *o)
{
    if (v->result.n_objects == v->cap) {
        const size_t cap = v->cap == 0 ? 64 : 2 * v->cap;
        Swarm__Job__StoredObject **list = realloc(v->result.objects, cap * sizeof(void *));
        if (list == NULL) {
            return SW_ERR_NOMEM;
        }
        v->result.objects = list;
        v->cap = cap;
    }
    v->result.objects[v->result.n_objects++] = o;
    return SW_OK;
}

static int describe(struct inventory *v, const char *path, char prefix, const char *hex)
{
    struct sw_stat st;
    struct sw_digest name;
    const int seen = v->host->fs->lstat(v->host->fs->self, path, &st);
    if (seen != SW_OK || st.type != SW_FILE_REGULAR || !sw_unhex(hex, &name)) {
        return seen == SW_ERR_CRASHED ? seen : SW_OK;
    }
    Swarm__Job__StoredObject *o = malloc(sizeof *o);
    if (o == NULL) {
        return SW_ERR_NOMEM;
    }
    swarm__job__stored_object__init(o);
    o->size = st.size;
    o->kind = prefix == 'p' ? SWARM__V1__OBJECT_KIND__OBJECT_PACK
                            : SWARM__V1__OBJECT_KIND__OBJECT_MANIFEST;
    o->name = (ProtobufCBinaryData){ SW_DIGEST_LEN, malloc(SW_DIGEST_LEN) };
    int err = o->name.data == NULL ? SW_ERR_NOMEM : SW_OK;
    if (err == SW_OK) {
        memcpy(o->name.data, name.b, SW_DIGEST_LEN);
        err = prefix == 'm' ? describe_manifest(v->host, path, &name, o) : SW_OK;
    }
    if (err == SW_OK) {
        err = add(v, o);
    }
    if (err != SW_OK) {
        forget(o);
    }
    return err == SW_ERR_NOMEM || err == SW_ERR_CRASHED ? err : SW_OK;
}

static int visit(struct inventory *v, const char *folder, const char *name)
{
    struct sw_path path;
    const int n = snprintf(path.s, sizeof path.s, "%s/%s", folder, name);
    if (n < 0 || n >= (int)sizeof path.s || name[0] == '\0' || name[1] != '-') {
        return SW_OK; /* not ours */
    }
    if (name[0] == 't' || name[0] == 's') {
        const int err = v->host->fs->unlink(v->host->fs->self, path.s);
        return err == SW_ERR_CRASHED ? err : SW_OK;
    }
    return name[0] == 'p' || name[0] == 'm' ? describe(v, path.s, name[0], name + 2) : SW_OK;
}

/* The folder is synced first: a name that was renamed but not yet durable when we died must not
 * be counted on and then lost. */
static int take(struct inventory *v)
{
    struct sw_path folder;
    int err = sw_store_make(v->host, v->store);
    if (err == SW_OK) {
        err = sw_store_sync(v->host, v->store);
    }
    if (err == SW_OK) {
        err = sw_store_folder(v->store, &folder);
    }
    if (err == SW_OK) {
        err = v->host->fs->list(v->host->fs->self, folder.s, note_name, &v->names);
    }
    for (size_t i = 0; err == SW_OK && i < v->names.len;) {
        const char *name = (const char *)v->names.data + i;
        err = visit(v, folder.s, name);
        i += strlen(name) + 1;
    }
    return err;
}

int sw_job_inventory(struct sw_job *job, const struct sw_job_host *host)
{
    Swarm__Job__InventoryJob *j =
        swarm__job__inventory_job__unpack(NULL, job->in.len, job->in.data);
    if (j == NULL) {
        return SW_ERR_MALFORMED;
    }
    struct inventory v = { .host = host, .store = j->store };
    swarm__job__inventory_result__init(&v.result);
    int err = take(&v);
    if (err == SW_OK) {
        err = sw_message_pack(&v.result.base, &job->out);
    }
    for (size_t i = 0; i < v.result.n_objects; i++) {
        forget(v.result.objects[i]);
    }
    free(v.result.objects);
    sw_blob_fini(&v.names);
    swarm__job__inventory_job__free_unpacked(j, NULL);
    return err;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Backup jobs as a test asks for them, on a memfs, with fixed keys. */
#ifndef SW_TESTS_LIB_BACKUP_KIT_H
#define SW_TESTS_LIB_BACKUP_KIT_H

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "node/base/err.h"
#include "node/core/backup/store.h"
#include "node/core/proto/job.pb-c.h"
#include "tests/lib/memfs.h"

struct kit {
    struct memfs *fs;
    struct sw_job_host host;
    uint64_t charged[SW_WORK_COUNT];
    uint8_t seed[32];     /* Ed25519 */
    uint8_t identity[32]; /* its public key */
    uint8_t secret[32];   /* X25519 */
    uint8_t recipient[32];
    uint64_t sequence; /* of the last snapshot tried */
};

static inline void kit_charge(void *self, enum sw_work work, uint64_t units)
{
    struct kit *k = self;
    k->charged[work] += units;
}

static inline void kit_init(struct kit *k)
{
    uint8_t secret[64];
    *k = (struct kit){ .fs = memfs_new() };
    k->host = (struct sw_job_host){ .fs = memfs_fs(k->fs), .self = k, .charge = kit_charge };
    memset(k->seed, 0x11, sizeof k->seed);
    memset(k->secret, 0x22, sizeof k->secret);
    (void)crypto_sign_seed_keypair(k->identity, secret, k->seed);
    (void)crypto_scalarmult_base(k->recipient, k->secret);
}

static inline void kit_fini(struct kit *k)
{
    memfs_free(k->fs);
}

static inline ProtobufCBinaryData kit_bytes(const void *data, size_t len)
{
    return (ProtobufCBinaryData){ len, (uint8_t *)(uintptr_t)data };
}

/* Run a job with @in packed; @out is the caller's to fini. */
static inline int kit_run(struct kit *k, enum sw_job_kind kind, const ProtobufCMessage *in,
                          struct sw_blob *out)
{
    struct sw_job job = { .kind = kind };
    if (sw_message_pack(in, &job.in) != SW_OK) {
        abort();
    }
    sw_job_run(&job, &k->host);
    sw_blob_fini(&job.in);
    *out = job.out;
    return job.status;
}

/* Snapshot "data" into "store".  @result is NULL when the job left none; free it unpacked. */
static inline int kit_snapshot(struct kit *k, Swarm__Job__SnapshotResult **result)
{
    Swarm__Job__SnapshotJob j = SWARM__JOB__SNAPSHOT_JOB__INIT;
    struct sw_blob out;
    uint8_t entropy[32];
    memset(entropy, (int)++k->sequence, sizeof entropy);
    j.store = (char *)(uintptr_t) "store";
    j.node = (char *)(uintptr_t) "node-a";
    j.set = (char *)(uintptr_t) "etc";
    j.path = (char *)(uintptr_t) "data";
    j.recipient = kit_bytes(k->recipient, 32);
    j.identity = kit_bytes(k->seed, 32);
    j.entropy = kit_bytes(entropy, 32);
    j.sequence = k->sequence;
    j.taken_at = 1000000000000000000 + (int64_t)k->sequence; /* long after any file changed */
    const int status = kit_run(k, SW_JOB_SNAPSHOT, &j.base, &out);
    *result =
        out.data != NULL ? swarm__job__snapshot_result__unpack(NULL, out.len, out.data) : NULL;
    sw_blob_fini(&out);
    return status;
}

struct kit_asked {
    const char *node, *set;
    uint64_t sequence; /* 0: any */
};

/* Restore @manifest, which should be the one @asked for, from @store into @target. */
static inline int kit_restore_asked(struct kit *k, struct kit_asked asked, const char *store,
                                    ProtobufCBinaryData manifest, const char *target,
                                    bool plan_only, Swarm__Job__RestoreResult **result)
{
    Swarm__Job__RestoreJob j = SWARM__JOB__RESTORE_JOB__INIT;
    struct sw_blob out;
    j.store = (char *)(uintptr_t)store;
    j.manifest = manifest;
    j.target = (char *)(uintptr_t)target;
    j.secret = kit_bytes(k->secret, 32);
    j.identity = kit_bytes(k->identity, 32);
    j.node = (char *)(uintptr_t)asked.node;
    j.set = (char *)(uintptr_t)asked.set;
    j.sequence = asked.sequence;
    j.plan_only = plan_only;
    const int status = kit_run(k, SW_JOB_RESTORE, &j.base, &out);
    *result = out.data != NULL ? swarm__job__restore_result__unpack(NULL, out.len, out.data) : NULL;
    sw_blob_fini(&out);
    return status;
}

static inline int kit_restore(struct kit *k, const char *store, ProtobufCBinaryData manifest,
                              const char *target, bool plan_only,
                              Swarm__Job__RestoreResult **result)
{
    const struct kit_asked any = { "node-a", "etc", 0 };
    return kit_restore_asked(k, any, store, manifest, target, plan_only, result);
}

/* The manifest of a snapshot's result. */
static inline ProtobufCBinaryData kit_manifest(const Swarm__Job__SnapshotResult *r)
{
    return r->objects[r->n_objects - 1]->name;
}

/* Where the store keeps an object. */
static inline void kit_path(const char *store, const Swarm__Job__ObjectRef *o, struct sw_path *out)
{
    struct sw_digest name;
    if (!sw_digest_from(o->name, &name) || sw_store_object(store, o->kind, &name, out) != SW_OK) {
        abort();
    }
}

/* Bytes that do not compress, the same for the same @seed. */
static inline void kit_noise(uint8_t *buf, size_t len, uint64_t seed)
{
    uint8_t key[randombytes_SEEDBYTES] = { 0 };
    memcpy(key, &seed, sizeof seed);
    randombytes_buf_deterministic(buf, len, key);
}

static inline bool kit_put_noise(struct kit *k, const char *path, size_t len, uint64_t seed)
{
    uint8_t *buf = malloc(len + 1);
    if (buf == NULL) {
        return false;
    }
    kit_noise(buf, len, seed);
    const bool done = memfs_put(k->fs, path, buf, len);
    free(buf);
    return done;
}

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * The store folder: how objects are named in it and how they become durable.
 *
 *     STORE/objects/p-HEX            a pack, HEX its name
 *     STORE/objects/m-HEX            a manifest
 *     STORE/objects/t-HEX-FROM       one being received from a peer
 *     STORE/objects/s-HEX            one being written by a snapshot
 *     STORE/index/SET                what the last snapshot of a set knew (index.h)
 *
 * An object appears under its final name by a rename, after its bytes are on disk; it counts as
 * kept when the folder is on disk too. */
#ifndef SW_CORE_BACKUP_STORE_H
#define SW_CORE_BACKUP_STORE_H

#include "node/base/buf.h"
#include "node/core/job.h"
#include "node/core/proto/swarm.pb-c.h"

#define SW_STORE_PATH_MAX 4096
#define SW_PART_MAX (256 * SW_KIB) /* bytes of an object that travel in one message */

struct sw_path {
    char s[SW_STORE_PATH_MAX];
};

/* STORE/objects, STORE/index/SET, an object, a temporary.  Errors: SW_ERR_RANGE: too long, or
 * @kind is neither pack nor manifest. */
int sw_store_folder(const char *store, struct sw_path *out);
int sw_store_index(const char *store, const char *set, struct sw_path *out);
int sw_store_object(const char *store, uint32_t kind, const struct sw_digest *name,
                    struct sw_path *out);
int sw_store_incoming(const char *store, const struct sw_digest *name, const char *from,
                      struct sw_path *out);

/* Largest object of @kind; 0 when there is no such kind. */
uint64_t sw_store_largest(uint32_t kind);

/* Make the store's folders, durably, where they are missing.  Errors: the disk's. */
int sw_store_make(const struct sw_job_host *host, const char *store);
/* Put the folder of objects on disk: everything renamed before now stays. */
int sw_store_sync(const struct sw_job_host *host, const char *store);

/* Write @data to @path by way of @temporary: write, fsync, rename.  The folder is left to
 * sw_store_sync.  Errors: the disk's; @temporary is removed then. */
int sw_store_write(const struct sw_job_host *host, const struct sw_path *temporary,
                   const struct sw_path *path, struct sw_bytes data);
/* Write an object that this node made.  Durable after sw_store_sync. */
int sw_store_put(const struct sw_job_host *host, const char *store, uint32_t kind,
                 const struct sw_digest *name, struct sw_bytes data);

/* All of a file of at most @most bytes, appended to @out.  Errors: SW_ERR_RANGE (larger),
 * SW_ERR_NOTFOUND, SW_ERR_NOMEM, the disk's. */
int sw_store_read(const struct sw_job_host *host, const char *path, uint64_t most,
                  struct sw_blob *out);

/* Are the first @size bytes of the file what @name says?  SW_OK when they are.
 * Errors: SW_ERR_CRYPTO (they are not), SW_ERR_IO (it is shorter), SW_ERR_NOMEM, the disk's. */
int sw_store_check(const struct sw_job_host *host, int fd, uint64_t size,
                   const struct sw_digest *name);
/* The same of the object at @path, which must be of that size. */
int sw_store_check_at(const struct sw_job_host *host, const char *path, uint64_t size,
                      const struct sw_digest *name);

/* Lower-case hexadecimal with a NUL, and back (false when @text is not 64 such digits). */
void sw_hex(const struct sw_digest *d, char out[2 * SW_DIGEST_LEN + 1]);
bool sw_unhex(const char *text, struct sw_digest *out);

/* A digest from a message's bytes; false when the length is wrong. */
bool sw_digest_from(ProtobufCBinaryData b, struct sw_digest *out);

/* Pack a message of job.proto or swarm.proto into @out (empty).  Errors: SW_ERR_NOMEM. */
int sw_message_pack(const ProtobufCMessage *m, struct sw_blob *out);

#endif

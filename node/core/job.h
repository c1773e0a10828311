/* SPDX-License-Identifier: GPL-3.0-or-later
 * A job: blocking work off the loop.  Bytes in, bytes out: it owns its input, shares nothing
 * with the loop, and its result crosses the seam like any other event.  Jobs of one strand run
 * one after another in the order submitted; strands run side by side. */
#ifndef SW_CORE_JOB_H
#define SW_CORE_JOB_H

#include "node/base/buf.h"
#include "node/core/fs.h"

/* What a job spends processor time on.  Live this is only counted; in simulation it advances
 * virtual time by the calibrated cost. */
enum sw_work {
    SW_WORK_HASH,       /* bytes */
    SW_WORK_CUT,        /* bytes */
    SW_WORK_COMPRESS,   /* bytes in */
    SW_WORK_DECOMPRESS, /* bytes out */
    SW_WORK_SEAL,       /* bytes; opening costs the same */
    SW_WORK_PARSE,      /* bytes of zone text */
    SW_WORK_COUNT
};

struct sw_buggify;

/* What a running job may call. */
struct sw_job_host {
    const struct sw_fs *fs;
    void *self;
    void (*charge)(void *self, enum sw_work work, uint64_t units);
    struct sw_buggify *buggify; /* set by sw_job_run, from the job */
};

enum sw_strand { SW_STRAND_ZONES, SW_STRAND_BACKUP, SW_STRAND_STORE, SW_STRAND_COUNT };

/* One line a kind: name, function.  int fn(struct sw_job *, const struct sw_job_host *). */
#define SW_JOB_LIST(X)                                                                         \
    X(SW_JOB_ZONE, sw_job_zone)                 /* read and compile a zone's files */          \
    X(SW_JOB_SNAPSHOT, sw_job_snapshot)         /* walk, cut, compress, seal, write packs */   \
    X(SW_JOB_STORE, sw_job_store)               /* keep an object durably, for a peer */       \
    X(SW_JOB_FETCH, sw_job_fetch)               /* read a part of an object */                 \
    X(SW_JOB_INVENTORY, sw_job_inventory)       /* list what the store holds, after a start */ \
    X(SW_JOB_RESTORE, sw_job_restore)           /* open packs, verify, write files */          \
    X(SW_JOB_ZONE_UPDATE, sw_job_zone_update)   /* take in a zone's version that came */       \
    X(SW_JOB_ZONE_PROMOTE, sw_job_zone_promote) /* begin a zone's next epoch */                \
    X(SW_JOB_ZONE_PART, sw_job_zone_part)       /* read a part of a zone's copy */

enum sw_job_kind {
#define X(kind, function) kind,
    SW_JOB_LIST(X)
#undef X
        SW_JOB_KIND_COUNT
};

struct sw_job {
    uint64_t id; /* unique in one node's life */
    enum sw_job_kind kind;
    enum sw_strand strand;
    struct sw_blob in;          /* what to do: a message of node/core/proto/job.proto */
    struct sw_blob out;         /* the result, in that file's words */
    int status;                 /* 0 or a negative enum sw_err, set by sw_job_run */
    struct sw_buggify *buggify; /* the node's: NULL in every live one */
};

/* Run to the end, on any thread or fibre; sets @job->status.  Reads no clock and draws no
 * randomness: both come in @job->in where needed. */
void sw_job_run(struct sw_job *job, const struct sw_job_host *host);
void sw_job_free(struct sw_job *job);
/* Text for people: "zone". */
const char *sw_job_name(enum sw_job_kind kind);

/* What sw_job_run calls: each reads @job->in, writes @job->out and returns the status. */
#define X(kind, function) int function(struct sw_job *job, const struct sw_job_host *host);
SW_JOB_LIST(X)
#undef X

#endif

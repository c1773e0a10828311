/* SPDX-License-Identifier: GPL-3.0-or-later
 * QuantumBackup on the loop: takes snapshots on schedule or on command, sees to it that enough
 * peers in different regions hold every object, keeps objects for peers, and brings a set back
 * from whoever holds it.  It decides and asks; everything that touches a file is a job.
 *
 * It never calls the world: what it wants done it asks of its struct sw_backup_host, whose calls
 * only append to the node's actions and never call back.  Errors inside (no memory, a refused
 * job) end the operation they belong to, by a trace and a reply, never the node. */
#ifndef SW_CORE_BACKUP_BACKUP_H
#define SW_CORE_BACKUP_BACKUP_H

#include "node/base/types.h"
#include "node/core/config.h"
#include "node/core/event.h"
#include "node/core/job.h"
#include "node/core/proto/swarm.pb-c.h"

struct sw_backup;

/* Another node, as far as backups care. */
struct sw_backup_peer {
    struct sw_name name;
    struct sw_name region;
    bool stores;    /* it keeps others' objects; assumed until its Hello says otherwise */
    bool connected; /* its bulk connection stands and its Hello came on it */
};

/* What the node provides.  All calls must be set; all must live as long as the module. */
struct sw_backup_host {
    void *self;                 /* first argument of every call */
    struct sw_buggify *buggify; /* NULL in every live node: the one that may be */

    /* Number @i of the other nodes known (configured or met), in order of name; false past the
     * end.  @self's own node is not among them. */
    bool (*peer)(void *self, size_t i, struct sw_backup_peer *out);

    /* Pack @envelope and send it on the bulk connection of @peer.
     * Errors: SW_ERR_UNREACHABLE: no such connection; SW_ERR_NOMEM.  Nothing was sent then. */
    int (*send)(void *self, const struct sw_name *peer, const Swarm__V1__Envelope *envelope);

    /* Connect with every node that may hold objects, as a restore must; true while that is under
     * way. */
    bool (*reach)(void *self);

    /* Submit a job.  Takes the bytes of @in (emptied) whatever the outcome.  Its DONE is given to
     * sw_backup_on_done.  Errors: SW_ERR_NOMEM: not submitted, @in wiped and freed. */
    int (*submit)(void *self, enum sw_job_kind kind, enum sw_strand strand, struct sw_blob *in,
                  uint64_t *id);

    /* Append a TRACE; everything in @t is copied. */
    void (*trace)(void *self, const struct sw_trace *t);

    /* The one reply to @command: @status is a gRPC status code, @reason a sentence when it is
     * not 0, @message a packed reply when it is.  Copied. */
    void (*reply)(void *self, uint64_t command, int status, const char *reason,
                  struct sw_bytes message);

    /* Secret bytes from the node's key generator.  Errors: SW_ERR_STATE: no entropy yet. */
    int (*draw)(void *self, uint8_t *out, size_t len);

    /* Of the event being handled; called in events only. */
    sw_time (*now)(void *self);
    sw_wall (*wall)(void *self);
};

/* A module without configuration: it refuses commands and keeps nothing.  @host is copied.
 * NULL when memory is out. */
struct sw_backup *sw_backup_new(const struct sw_backup_host *host);
void sw_backup_free(struct sw_backup *b);

/* Start with, or change to, @cfg, lent until the next call or free.  The first call (and one
 * that names another store) submits the inventory job; snapshots and keeping objects wait for
 * it.  A node whose cfg->store is NULL or empty keeps nothing and snapshots nothing.
 * Errors: SW_ERR_NOMEM. */
int sw_backup_configure(struct sw_backup *b, const struct sw_config *cfg);
/* The inventory is in (or there is no store to read). */
bool sw_backup_ready(const struct sw_backup *b);

/* A job ended whose kind is SNAPSHOT, STORE, FETCH, INVENTORY or RESTORE.  @job is borrowed. */
void sw_backup_on_done(struct sw_backup *b, const struct sw_job *job);

/* @peer sent @e on a bulk connection; looks only at bodies 10 to 15 and ignores others. */
void sw_backup_on_message(struct sw_backup *b, const struct sw_name *peer,
                          const Swarm__V1__Envelope *e);

/* The bulk connection of @peer stands and its Hello came; it is gone; the host buffers much for
 * it; it may be sent to again. */
void sw_backup_on_peer_up(struct sw_backup *b, const struct sw_backup_peer *peer);
void sw_backup_on_peer_down(struct sw_backup *b, const struct sw_name *peer);
void sw_backup_on_peer_blocked(struct sw_backup *b, const struct sw_name *peer);
void sw_backup_on_peer_writable(struct sw_backup *b, const struct sw_name *peer);

/* Operators' commands; each gets exactly one reply, at once or later. */
void sw_backup_snapshot(struct sw_backup *b, uint64_t command,
                        const Swarm__V1__SnapshotRequest *request);
/* @request->secret is copied; the caller wipes its own. */
void sw_backup_restore(struct sw_backup *b, uint64_t command,
                       const Swarm__V1__RestoreRequest *request);

/* Do what is due at host->now. */
void sw_backup_tick(struct sw_backup *b);
/* When to call tick again at the latest; SW_TIME_NEVER when idle. */
sw_time sw_backup_deadline(const struct sw_backup *b);

/* Begin nothing new (scheduled snapshots, commands, objects for peers). */
void sw_backup_drain(struct sw_backup *b);
/* Is a restore going on? */
bool sw_backup_recovers(const struct sw_backup *b);
/* Nothing of this module is in flight. */
bool sw_backup_idle(const struct sw_backup *b);

/* What the store holds. */
void sw_backup_counts(const struct sw_backup *b, uint64_t *objects, uint64_t *bytes);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Snapshots on their way to holders.  Each object goes to as many peers as the configuration
 * says, in different regions as long as there are some; packs first, the manifest when every
 * pack is where it belongs or can't be brought there at present.  A snapshot is safe when every
 * object has all its copies; until then it goes on trying, or gives way to the next one. */
#ifndef SW_CORE_BACKUP_REPLICATE_H
#define SW_CORE_BACKUP_REPLICATE_H

#include "node/core/backup/sets.h"
#include "node/core/job.h"
#include "node/core/proto/job.pb-c.h"

#define SW_COPIES_MAX 16
#define SW_PUTS_MAX 16                /* transfers at a time */
#define SW_PUTS_PER_PEER 4            /* of those to one peer */
#define SW_PUT_WINDOW (2 * SW_MIB)    /* sent and not acknowledged, a transfer */
#define SW_PUT_PATIENCE (30 * SW_SEC) /* without progress, then another peer */
#define SW_PUT_RETRY (1 * SW_SEC)     /* after memory was short */
#define SW_AVOID (30 * SW_SEC)        /* a peer that failed gets nothing new for so long */
#define SW_AVOID_FULL (5 * SW_MIN)    /* and one that is full */

struct sw_backup;
struct sw_holder;
struct sw_spread;
struct sw_put;

struct sw_replicate {
    struct sw_spread *spreads; /* a list, oldest first */
    struct sw_put *puts;       /* a list */
    uint32_t n_puts;
    uint64_t n_begun; /* transfers so far: their numbers */
    sw_time retry_at; /* when memory was short: when to look again; 0: it was not */
};

/* What a snapshot was, for its reply. */
struct sw_spread_options {
    struct sw_name set;
    uint64_t sequence;
    sw_wall taken_at;
    struct sw_waiters waiting; /* taken over */
};
/* Bring the objects of @r to their holders.  An older snapshot of the set gives way; who waits for
 * it waits for this one, which is newer.
 * Errors: SW_ERR_NOMEM, SW_ERR_MALFORMED: who waits was told. */
int sw_replicate_begin(struct sw_backup *b, const struct sw_spread_options *o,
                       const Swarm__Job__SnapshotResult *r);
void sw_replicate_stored(struct sw_backup *b, struct sw_holder *h,
                         const Swarm__V1__ObjectStored *m);
/* The answer to a probe: is an older pack still there?  False when none was asked. */
bool sw_replicate_data(struct sw_backup *b, struct sw_holder *h, const Swarm__V1__ObjectData *m);
void sw_replicate_peer_down(struct sw_backup *b, struct sw_holder *h);
/* What could not be placed may be placed now: a peer came, or may be tried again. */
void sw_replicate_retry(struct sw_backup *b);
/* Something changed: send on, begin transfers, see what is safe. */
void sw_replicate_pump(struct sw_backup *b);
/* Give up what made no progress. */
void sw_replicate_tick(struct sw_backup *b);
sw_time sw_replicate_deadline(const struct sw_backup *b);
/* Forget everything; who waits is told. */
void sw_replicate_cancel(struct sw_backup *b);
void sw_replicate_fini(struct sw_replicate *r);

#endif

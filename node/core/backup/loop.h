/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the loop side of backups consists of.  Each part is defined and changed by the file it is
 * named after.  Private to this folder. */
#ifndef SW_CORE_BACKUP_LOOP_H
#define SW_CORE_BACKUP_LOOP_H

#include "node/base/bug.h"
#include "node/base/err.h"
#include "node/core/backup/backup.h"
#include "node/core/backup/holder.h"
#include "node/core/backup/recover.h"
#include "node/core/backup/replicate.h"
#include "node/core/backup/serve.h"
#include "node/core/backup/sets.h"
#include "node/core/backup/stock.h"
#include "node/core/backup/ticket.h"
#include "node/core/buggify.h"

/* Statuses of gRPC that commands end with (gRPC, doc/statuscodes.md). */
enum sw_backup_status {
    SW_BACKUP_OK = 0,
    SW_BACKUP_INVALID = 3,
    SW_BACKUP_NOT_FOUND = 5,
    SW_BACKUP_EXHAUSTED = 8,
    SW_BACKUP_PRECONDITION = 9,
    SW_BACKUP_ABORTED = 10,
    SW_BACKUP_INTERNAL = 13,
    SW_BACKUP_UNAVAILABLE = 14,
};

struct sw_backup {
    struct sw_backup_host host;
    const struct sw_config *cfg; /* NULL before the first */
    char *store;                 /* as configured when the inventory was asked for; NULL: none */
    sw_time now;                 /* of the latest event */
    bool ready;                  /* the inventory is in */
    bool draining;
    uint64_t stores_read;          /* inventories asked for; an older one's result is stale */
    sw_time retry_at;              /* when to ask again after one that failed */
    struct sw_tickets tickets;     /* jobs that are out */
    struct sw_stock stock;         /* what the store holds */
    struct sw_holders holders;     /* the other nodes */
    struct sw_serve serve;         /* what others keep with us */
    struct sw_sets sets;           /* what we protect */
    struct sw_replicate replicate; /* snapshots on their way to holders */
    struct sw_recovers recovers;   /* restores going on */
};

static inline sw_time sw_backup_now(const struct sw_backup *b)
{
    return b->now;
}

/* @peer and @object may be NULL, @text too. */
void sw_backup_trace(struct sw_backup *b, enum sw_trace_kind kind, const struct sw_name *peer,
                     const struct sw_digest *object, uint64_t va, uint64_t vb, const char *text);
/* The command's reply when it failed. */
void sw_backup_refuse(struct sw_backup *b, uint64_t command, enum sw_backup_status status,
                      const char *reason);
/* The command's reply. */
void sw_backup_answer(struct sw_backup *b, uint64_t command, const ProtobufCMessage *reply);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Jobs that are out, and who waits for them. */
#ifndef SW_CORE_BACKUP_TICKET_H
#define SW_CORE_BACKUP_TICKET_H

#include "node/base/map.h"
#include "node/core/job.h"

#include <protobuf-c/protobuf-c.h>

struct sw_backup;
struct sw_ticket;

/* @job->status and @job->out say how it went. */
typedef void sw_ticket_done(struct sw_backup *b, struct sw_ticket *t, const struct sw_job *job);

struct sw_ticket {
    uint64_t id;
    sw_ticket_done *done;
    void *owner;  /* who waits; NULL when he no longer does */
    uint64_t tag; /* the rest is the owner's */
    struct sw_name peer;
    struct sw_digest object;
    uint64_t offset;
};

struct sw_tickets {
    struct sw_map by_id;
};

/* Submit @in and remember @t (copied).  @out, when not NULL, gets the ticket kept, which lives
 * until its done returns: an owner that goes first sets t->owner to NULL.
 * Errors: SW_ERR_NOMEM: not submitted. */
int sw_ticket_submit(struct sw_backup *b, enum sw_job_kind kind, const ProtobufCMessage *in,
                     const struct sw_ticket *t, struct sw_ticket **out);
/* DONE came. */
void sw_ticket_settle(struct sw_backup *b, const struct sw_job *job);
void sw_tickets_fini(struct sw_tickets *t);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tickets by job id. */
#include "node/core/backup/ticket.h"

#include <sodium.h>
#include <stdlib.h>

#include "node/core/backup/loop.h"
#include "node/core/backup/store.h"

struct id_key {
    uint8_t b[8];
};

static struct id_key key_of(uint64_t id)
{
    struct id_key k;
    for (size_t i = 0; i < sizeof k.b; i++) {
        k.b[i] = (uint8_t)(id >> (56 - 8 * i));
    }
    return k;
}

static enum sw_strand strand_of(enum sw_job_kind kind)
{
    return kind == SW_JOB_SNAPSHOT || kind == SW_JOB_RESTORE ? SW_STRAND_BACKUP : SW_STRAND_STORE;
}

int sw_ticket_submit(struct sw_backup *b, enum sw_job_kind kind, const ProtobufCMessage *in,
                     const struct sw_ticket *t, struct sw_ticket **out)
{
    struct sw_blob bytes = { 0 };
    struct sw_ticket *kept = malloc(sizeof *kept);
    const bool short_of = kept == NULL || SW_BUGGIFY(b->host.buggify, job_unsubmitted);
    int err = short_of ? SW_ERR_NOMEM : sw_message_pack(in, &bytes);
    if (err != SW_OK) {
        free(kept);
        return err;
    }
    *kept = *t;
    err = b->host.submit(b->host.self, kind, strand_of(kind), &bytes, &kept->id);
    if (err == SW_OK) {
        const struct id_key key = key_of(kept->id);
        /* without the ticket the job still runs; its DONE then finds nobody */
        err = sw_map_put(&b->tickets.by_id, (struct sw_bytes){ key.b, sizeof key.b }, kept, NULL);
    }
    if (err != SW_OK) {
        free(kept);
        return err;
    }
    if (out != NULL) {
        *out = kept;
    }
    return SW_OK;
}

void sw_ticket_settle(struct sw_backup *b, const struct sw_job *job)
{
    const struct id_key key = key_of(job->id);
    struct sw_ticket *t = sw_map_del(&b->tickets.by_id, (struct sw_bytes){ key.b, sizeof key.b });
    if (t != NULL) {
        t->done(b, t, job);
        free(t);
    }
}

void sw_tickets_fini(struct sw_tickets *t)
{
    struct sw_bytes key;
    const struct sw_bytes *after = NULL;
    for (struct sw_ticket *k = sw_map_next(&t->by_id, after, &key); k != NULL;
         k = sw_map_next(&t->by_id, after, &key)) {
        free(k);
        after = &key;
    }
    sw_map_fini(&t->by_id);
}

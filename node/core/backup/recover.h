/* SPDX-License-Identifier: GPL-3.0-or-later
 * Restores: find the newest snapshot of a set that anybody holds, fetch what is missing here from
 * many holders at once, write the files.  What lies here and is not what its name says is fetched
 * from the others, like what is missing.  A manifest that does not verify, or a snapshot that
 * can't be had whole, gives way to the next older one; when none is whole, the newest is restored
 * as far as it goes and what is missing is listed.  One restore runs at a time; others wait. */
#ifndef SW_CORE_BACKUP_RECOVER_H
#define SW_CORE_BACKUP_RECOVER_H

#include "node/base/types.h"
#include "node/core/proto/swarm.pb-c.h"

#define SW_RECOVERS_MAX 16          /* that run or wait */
#define SW_RECOVER_HEADS 512        /* snapshots considered */
#define SW_RECOVER_ASK (1 * SW_SEC) /* for peers to say what they hold, once one did */
#define SW_RECOVER_REPAIRS 3        /* times that rot found here is fetched anew, a snapshot */
#define SW_RECOVER_PATIENCE (15 * SW_SEC) /* for any to say something */

struct sw_backup;
struct sw_holder;
struct sw_recover;
struct sw_fetch;

struct sw_recovers {
    struct sw_recover *first; /* runs; those after it wait */
    struct sw_fetch *fetches; /* of it */
    uint32_t n_fetches;
    uint64_t n_begun; /* fetches so far: their numbers */
};

void sw_recover_command(struct sw_backup *b, uint64_t command,
                        const Swarm__V1__RestoreRequest *request);
void sw_recover_heads(struct sw_backup *b, struct sw_holder *h, const Swarm__V1__Heads *m);
void sw_recover_data(struct sw_backup *b, struct sw_holder *h, const Swarm__V1__ObjectData *m);
void sw_recover_peer_up(struct sw_backup *b, struct sw_holder *h);
void sw_recover_peer_down(struct sw_backup *b, struct sw_holder *h);
void sw_recover_tick(struct sw_backup *b);
sw_time sw_recover_deadline(const struct sw_backup *b);
/* End all of them; who waits is told. */
void sw_recover_cancel(struct sw_backup *b, const char *reason);
void sw_recovers_fini(struct sw_recovers *r);

#endif

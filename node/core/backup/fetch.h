/* SPDX-License-Identifier: GPL-3.0-or-later
 * Objects on their way from holders into our store, several at once, each from one holder at a
 * time and from another when that one fails. */
#ifndef SW_CORE_BACKUP_FETCH_H
#define SW_CORE_BACKUP_FETCH_H

#include "node/core/backup/recover.h"

#define SW_FETCHES_MAX 8                /* objects at a time */
#define SW_FETCHES_PER_PEER 4           /* of those from one holder */
#define SW_FETCH_WINDOW (2 * SW_MIB)    /* asked for and not yet on our disk, an object */
#define SW_FETCH_PATIENCE (10 * SW_SEC) /* without a part, then another holder */
#define SW_FETCH_PAUSE (2 * SW_SEC)     /* before all holders are tried again */
#define SW_FETCH_ROUNDS 3               /* times that all holders are tried */
#define SW_FETCH_TRIED 64               /* holders tried in a round at most */

/* What a restore still needs. */
struct sw_wanted {
    struct sw_digest name;
    uint64_t size; /* 0: the holder will say */
    uint32_t kind;
    bool here;    /* in our store, and as far as we know what its name says */
    bool missing; /* nobody has it */
    bool fetching;
    uint32_t rounds;
    sw_time not_before; /* of the next round */
    const struct sw_holder *tried[SW_FETCH_TRIED];
    uint32_t n_tried;
};

/* Ask for what is wanted and not under way.  True when nothing is left to wait for. */
bool sw_fetch_pump(struct sw_backup *b, struct sw_wanted *wanted, size_t n);
/* A part came.  False when it was not asked for. */
bool sw_fetch_data(struct sw_backup *b, struct sw_holder *h, const Swarm__V1__ObjectData *m);
void sw_fetch_peer_down(struct sw_backup *b, const struct sw_holder *h);
/* Give up on holders that are silent. */
void sw_fetch_tick(struct sw_backup *b);
sw_time sw_fetch_deadline(const struct sw_backup *b, const struct sw_wanted *wanted, size_t n);
/* Forget all that is under way. */
void sw_fetch_drop(struct sw_recovers *r);

/* recover.c: a fetch ended, well or not; @from delivered @bytes. */
void sw_recover_fetched(struct sw_backup *b, const struct sw_holder *from, uint64_t bytes);
/* recover.c: whose set is being restored. */
const struct sw_name *sw_recover_source(const struct sw_backup *b);

#endif

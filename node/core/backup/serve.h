/* SPDX-License-Identifier: GPL-3.0-or-later
 * Keeping objects for peers, and giving them back.  What a peer can make us hold in memory is
 * bounded: objects under way, parts waiting for the disk, requests waiting to be read. */
#ifndef SW_CORE_BACKUP_SERVE_H
#define SW_CORE_BACKUP_SERVE_H

#include "node/base/map.h"
#include "node/core/proto/swarm.pb-c.h"

#define SW_INCOMING_PER_PEER 16         /* objects that one peer may be sending */
#define SW_INCOMING_BYTES (64 * SW_MIB) /* parts received and not yet written, of all peers */
#define SW_INCOMING_PATIENCE                                                         \
    (2 * SW_MIN)              /* silence after which a half-sent object is forgotten \
                               */
#define SW_READING_PER_PEER 4 /* parts read and sent at a time */

struct sw_backup;
struct sw_holder;

struct sw_serve {
    struct sw_map incoming; /* objects being received, by peer and name */
    uint64_t reserved;      /* bytes that those will take */
    uint64_t waiting;       /* bytes of parts submitted and not done */
    uint64_t begun;         /* objects, so far */
};

void sw_serve_put(struct sw_backup *b, struct sw_holder *h, const Swarm__V1__ObjectPut *m);
void sw_serve_get(struct sw_backup *b, struct sw_holder *h, const Swarm__V1__ObjectGet *m);
void sw_serve_heads_get(struct sw_backup *b, struct sw_holder *h, const Swarm__V1__HeadsGet *m);
/* Room again: read on for @h. */
void sw_serve_resume(struct sw_backup *b, struct sw_holder *h);
/* The peer is gone, and with it what it was sending and what it asked for. */
void sw_serve_drop(struct sw_backup *b, struct sw_holder *h);
/* Forget objects whose sender fell silent. */
void sw_serve_tick(struct sw_backup *b);
sw_time sw_serve_deadline(const struct sw_backup *b);
void sw_serve_fini(struct sw_serve *s);

#endif

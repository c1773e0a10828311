/* SPDX-License-Identifier: GPL-3.0-or-later
 * The other nodes as partners in backup: who can be reached, who can be sent to, who refused. */
#ifndef SW_CORE_BACKUP_HOLDER_H
#define SW_CORE_BACKUP_HOLDER_H

#include "node/base/map.h"
#include "node/core/proto/swarm.pb-c.h"

#define SW_HOLDER_GETS 64 /* requests of a peer that wait here at most */
#define SW_HEADS_MAX 64   /* snapshots that one answer to HeadsGet names */

struct sw_backup;
struct sw_backup_peer;

/* A part that a peer asked for. */
struct sw_get {
    struct sw_digest name;
    uint64_t offset;
    uint32_t length;
};

struct sw_holder {
    struct sw_name name;
    struct sw_name region;
    bool stores;
    bool known;          /* the node still knows it */
    bool up;             /* it can be reached */
    uint64_t life;       /* counts connections: what belongs to an older one is stale */
    bool blocked;        /* its connection is full: nothing large to it */
    sw_time avoid;       /* it refused or was slow: no new object to it before then */
    uint32_t puts;       /* objects on their way to it */
    uint32_t fetches;    /* packs on their way from it */
    uint32_t heads_owed; /* answers of our own sets that it was asked for */
    bool heads_asked;    /* it owes one of the set that is being restored */

    struct sw_get *gets; /* what it wants of us, a ring of SW_HOLDER_GETS; NULL before the first */
    uint32_t gets_at, n_gets;
    uint32_t reading;  /* of those, being read */
    uint32_t incoming; /* objects that it is sending us */
};

struct sw_holders {
    struct sw_map by_name;
    bool behind; /* one could not be taken in: memory was out */
};

/* Bring names, regions and roles up to date with the node's peers.  Errors: SW_ERR_NOMEM. */
int sw_holders_refresh(struct sw_backup *b);
/* The same for one of them.  NULL when memory is out. */
struct sw_holder *sw_holder_take(struct sw_backup *b, const struct sw_backup_peer *p);
/* NULL when unknown. */
struct sw_holder *sw_holder_find(const struct sw_backup *b, const struct sw_name *name);
/* The next in order of names after @h; the first after NULL; NULL at the end. */
struct sw_holder *sw_holder_next(const struct sw_backup *b, const struct sw_holder *h);
void sw_holders_fini(struct sw_holders *h);

/* Keeps others' objects, can be reached and did not just refuse. */
bool sw_holder_usable(const struct sw_backup *b, const struct sw_holder *h);

/* Send one message on the peer's bulk connection.  Errors: SW_ERR_UNREACHABLE, SW_ERR_NOMEM. */
int sw_send_put(struct sw_backup *b, const struct sw_holder *h, Swarm__V1__ObjectPut *m);
int sw_send_stored(struct sw_backup *b, const struct sw_holder *h, const struct sw_digest *name,
                   int status, uint64_t offset);
int sw_send_get(struct sw_backup *b, const struct sw_holder *h, const struct sw_get *get);
int sw_send_data(struct sw_backup *b, const struct sw_holder *h, Swarm__V1__ObjectData *m);
int sw_send_heads_get(struct sw_backup *b, const struct sw_holder *h, const struct sw_name *node,
                      const struct sw_name *set);

#endif

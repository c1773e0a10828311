/* SPDX-License-Identifier: GPL-3.0-or-later
 * The sets this node protects: when each is due, which number its next snapshot gets, and who
 * waits for it. */
#ifndef SW_CORE_BACKUP_SETS_H
#define SW_CORE_BACKUP_SETS_H

#include "node/core/config.h"
#include "node/core/proto/swarm.pb-c.h"

#define SW_SET_COMMANDS 16         /* operators that may wait for one snapshot */
#define SW_SET_ASK (5 * SW_SEC)    /* how long peers have to say what they hold of a set */
#define SW_SET_RETRY (30 * SW_SEC) /* after a snapshot that failed */

struct sw_backup;
struct sw_holder;

/* Who waits for a snapshot. */
struct sw_waiters {
    uint64_t command[SW_SET_COMMANDS];
    size_t n;
};

struct sw_set {
    struct sw_name name;
    const struct sw_set_config *cfg; /* lent with the configuration */
    sw_time due;                     /* when to take the next one; SW_TIME_NEVER: when asked */
    bool wanted;                     /* now, or as soon as it can be */
    bool running;                    /* its job is out */
    uint64_t number;           /* of the job's configuration: a DONE of an older one is ignored */
    struct sw_waiters waiting; /* for the next one */
    struct sw_waiters served;  /* for the one that runs */
    uint64_t sequence; /* the last number used; numbers of failed snapshots are not used again */
    struct sw_digest manifest; /* of the newest snapshot we know of */
    sw_wall taken_at;
    /* what peers hold of it: our own store may be new */
    bool asked, learned;
    bool confirmed; /* a peer holds the newest snapshot, or it is being brought to some */
    sw_time asked_at;
    uint32_t answers_owed;
};

struct sw_sets {
    struct sw_set *v;
    size_t n;
    uint64_t configured; /* how often */
};

/* Take over the configuration's sets, keep what is known of those that stay.
 * Errors: SW_ERR_NOMEM: nothing changed. */
int sw_sets_configure(struct sw_backup *b, const struct sw_config *cfg);
/* The inventory is in: where each set stands. */
void sw_sets_begin(struct sw_backup *b);
/* An operator wants one now. */
void sw_sets_command(struct sw_backup *b, uint64_t command, const char *set);
/* A peer says what it holds of one of our sets. */
void sw_sets_heads(struct sw_backup *b, struct sw_holder *h, const Swarm__V1__Heads *m);
/* A peer can be asked now. */
void sw_sets_peer_up(struct sw_backup *b, struct sw_holder *h);
/* Start what is due. */
void sw_sets_tick(struct sw_backup *b);
sw_time sw_sets_deadline(const struct sw_backup *b);
/* Nothing more will be started: who waits is told. */
void sw_sets_drain(struct sw_backup *b);
void sw_sets_fini(struct sw_sets *s);

/* Tell all who wait that it failed. */
void sw_waiters_refuse(struct sw_backup *b, struct sw_waiters *w, int status, const char *reason);

#endif

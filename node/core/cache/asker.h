/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who waits for what no zone has, clients and peers, and how they are answered. */
#ifndef SW_CACHE_ASKER_H
#define SW_CACHE_ASKER_H

#include "node/core/cache/lookup.h"

/* An answer for whoever waits. */
struct sw_finding {
    struct sw_kept *kept; /* NULL: nobody knows */
    uint32_t stale;       /* s since it expired; 0: it has not */
    enum sw_cache_use use;
    enum sw_ede ede; /* of a failure */
    bool hit;        /* nobody had to be asked for it */
};

/* When the present event came to us. */
sw_time sw_asker_arrival(const struct sw_event *ev);

/* @message, how it was found, to a client that asked at @since. */
void sw_asker_give_client(struct sw_node *n, const struct sw_client *client,
                          struct sw_bytes message, enum sw_cache_use use, sw_time since);
/* @message, which expired @stale s ago, to a peer's Query @id; an empty one is a refusal. */
void sw_asker_give_peer(struct sw_node *n, sw_conn conn, uint64_t id, struct sw_bytes message,
                        uint32_t stale, bool hit);
/* SERVFAIL for @query; empty when memory is out. */
struct sw_bytes sw_asker_failure(struct sw_node *n, struct sw_bytes query, enum sw_ede ede);
/* @e as the answer to @query, which says @q; empty when memory is out. */
struct sw_bytes sw_asker_recalled(struct sw_node *n, const struct sw_entry *e,
                                  struct sw_bytes query, const struct sw_question *q, bool stream);

/* Whoever @who is waits for @l from now on.  False: too many wait, of all or of
 * one client, or memory is out. */
bool sw_asker_wait(struct sw_node *n, struct sw_lookup *l, struct sw_bytes query,
                   const struct sw_asker *who);
/* Answer all who wait for @l. */
void sw_askers_give(struct sw_node *n, struct sw_lookup *l, const struct sw_finding *f);
/* The peer of @conn waits no more. */
void sw_askers_forget(struct sw_node *n, struct sw_lookup *l, sw_conn conn);
/* From now on only those who wait already are owed an answer. */
void sw_askers_drain(struct sw_node *n);

#endif

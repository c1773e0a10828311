/* SPDX-License-Identifier: GPL-3.0-or-later
 * Inside the clients: groups and the queries that wait. */
#ifndef SIM_CLIENT_INSIDE_H
#define SIM_CLIENT_INSIDE_H

#include "sim/world/client.h"
#include "sim/world/client_resolved.h"
#include "sim/world/diurnal.h"
#include "sim/world/question.h"

#define SIM_QUERY_CHUNK 1024U /* queries allocated at once */

struct group;
struct sim_route;

/* Queries that wait equally long: in order of deadline. */
struct line {
    struct group *group;
    struct query *head, *tail;
    sw_dur timeout;
    bool armed; /* an event will look at head */
};

/* A query that waits for its answer.  Its slot follows from the source port. */
struct query {
    struct query *next, *previous; /* in its line; next free one */
    struct line *line;
    struct group *group; /* NULL: the slot is free */
    uint64_t number;
    sw_time sent_at;  /* first transmission */
    sw_time deadline; /* of the present attempt */
    uint32_t slot;
    uint32_t client;
    uint32_t server;        /* node that it waits for */
    uint32_t transmissions; /* so far */
    uint32_t stream;        /* the clientele's number of its TCP connection; 0: by datagram */
    uint16_t start;         /* resolv.conf: where in the list it began */
    uint16_t choice;        /* resolved: address that it was sent to */
    uint16_t picked;        /* resolved: how often another one than before */
    uint8_t level, clamp;   /* resolved: feature level; no higher one for this query */
    bool by_stream;         /* it is sent by TCP from the start */
    struct sim_question question;
};

struct group {
    struct sim_clientele *c;
    const struct sim_clients *spec;
    uint32_t index;
    struct sim_place place;
    uint32_t *servers;
    uint32_t n_addresses;          /* servers, or 1 */
    struct sim_route *routes;      /* NULL: every server has an address of its own */
    uint32_t leads_to;             /* node that the one address leads to; UINT32_MAX: none */
    struct sim_resolved *resolved; /* NULL: resolv.conf's rules */
    struct sim_questions *questions;
    struct sim_day *day; /* NULL: the rate is the same all day */
    struct sw_rng_key key;
    double mean_gap; /* ns between the group's arrivals */
    double pace;     /* faults make it ask so many times as often */
    uint64_t number; /* of the next query */
    double crowd;    /* of these, those that ask for what clients ask for */
    size_t position; /* in the replay */
    double share;    /* of the way to a capture's question at @position that is behind */
    struct sim_demand demand;
    struct line datagrams, streams; /* streams: of resolved, which waits longer for them */
};

struct sim_clientele {
    struct sim_world *w;
    struct group *groups;
    size_t n_groups;
    struct sim_truth **truths; /* a zone of the scenario; NULL: nobody asks for it */
    sw_time *dark_until;       /* a region: end of its latest darkness */
    struct query **chunks;
    uint32_t n_slots, cap_chunks;
    struct query *unused;
    uint32_t streams; /* connections so far */
    bool routed;      /* some group has routes */
    bool looking;     /* an event will look at the routes */
};

/* Query slot @i, in use or not. */
static inline struct query *sim_query_slot(const struct sim_clientele *c, uint32_t i)
{
    return &c->chunks[i / SIM_QUERY_CHUNK][i % SIM_QUERY_CHUNK];
}

/* A free slot, and back with it. */
struct query *sim_query_take(struct sim_clientele *c);
void sim_query_release(struct query *q);
/* Wait from now on, in @l; and no longer, in whatever line it does. */
void sim_query_wait(struct query *q, struct line *l);
void sim_query_leave(struct query *q);
/* An event will look at the head of @l; and that event: those whose deadline has come. */
void sim_line_arm(struct line *l);
void sim_queries_late(void *self, uint64_t arg);

/* The query's message, ready to travel; @framed: with its length before it. */
struct sim_datagram *sim_query_message(struct query *q, bool framed);
/* Events: a message arrives at a node; a reply arrives at its client.  @self: the datagram. */
void sim_query_arrives(void *self, uint64_t arg);
void sim_reply_arrives(void *self, uint64_t arg);
/* The next query of group @self comes. */
void sim_group_arrival(void *self, uint64_t arg);
/* Draw @g's next query, and schedule its arrival. */
void sim_group_next(struct group *g);
/* Make the routes of a group with one address. */
void sim_group_routes(struct group *g);

/* TCP: the query arrives one and a half round trips from now. */
void sim_query_by_stream(struct query *q);

#endif

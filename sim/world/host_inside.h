/* SPDX-License-Identifier: GPL-3.0-or-later
 * Inside a simulated host. */
#ifndef SIM_HOST_INSIDE_H
#define SIM_HOST_INSIDE_H

#include "node/base/rng.h"
#include "node/core/buggify.h"
#include "node/core/front.h"
#include "sim/world/host.h"

/* A job from SUBMIT to DONE. */
struct running {
    struct running *next;            /* in its strand's queue */
    struct running *older, *younger; /* all of a host */
    struct sim_host *host;
    struct sw_job *job;
    uint64_t life; /* of the node that submitted it */
};

struct strand {
    struct running *head, *tail; /* wait for their turn */
    bool busy;
};

struct command {
    struct command *next;
    uint64_t id;
    sim_reply_fn reply;
    void *arg;
};

/* What reached a process that stands still: an event for it, or something to call. */
struct sim_late {
    struct sim_late *next;
    struct sw_event event; /* owns nothing and borrows nothing */
    struct sim_luck cause;
    sim_fn fn; /* NULL: the event is for the node, or, of a stream, for its front */
    void *self;
};

struct sim_host {
    /* what most events touch, together */
    struct sim_world *w;
    struct sw_node *node; /* NULL while it is down */
    struct sw_front *front;
    struct sim_processor_state *processor;
    uint32_t index;
    struct sim_place place;
    uint32_t paused;       /* how many pauses hold the present process */
    sw_wall ahead;         /* its clock, at the start */
    double understates;    /* by what the load is divided that the node hears of */
    struct sim_luck cause; /* what the present event travels for */
    uint64_t effects;      /* packets it brought about so far */
    sw_time tick_at;       /* when the tick is scheduled; SW_TIME_NEVER: it is not */
    sim_event_id tick;
    struct sim_datagram *datagrams; /* in the processor */
    struct sim_mail *mails;         /* likewise */
    struct sim_ending *endings;     /* likewise, newest first */
    size_t n_retired;
    bool drifts; /* its clock */
    bool wants_entropy;

    const struct sw_config *config;
    uint32_t down;     /* how many faults hold it down */
    uint64_t life;     /* counts its nodes */
    uint32_t stopping; /* how many restarts wait for the present process to end */
    uint32_t unpaused; /* how many more have yet to end, whose process is gone */
    double silent;     /* share of the moments when it does not hear of it */
    struct sw_rng_key silence;
    uint32_t tears;                    /* how many wait for a write */
    uint32_t torn;                     /* and how many held the host down after one */
    struct sim_late *late, **late_end; /* oldest first */
    sw_time lost_at;
    uint32_t disks; /* how many burnt: now, and when it was lost */
    uint32_t disks_at_loss;

    struct sim_disk_state *disk;
    struct sw_buggify buggify; /* for all its nodes, when the run has it */
    struct sw_rng_key entropy;
    uint64_t entropy_drawn;

    const struct sw_view *view;
    const struct sw_view *retired[8]; /* to be told to the node after its present step */

    struct strand strands[SW_STRAND_COUNT];
    struct running *runs; /* youngest first */
    struct command *commands;
    uint64_t command_id;
};

/* An event with the time, the clock and the load filled in. */
struct sw_event sim_host_event(const struct sim_host *h, enum sw_event_kind kind);
/* Step the node, carry out what it wants, and what follows from that. */
void sim_host_step(struct sim_host *h, struct sw_event *ev);
/* Step the front with an event from outside, and carry out what it wants. */
void sim_host_step_front(struct sim_host *h, struct sw_event *ev);
/* The process is given @ev, now or when it goes on. */
void sim_host_hear(struct sim_host *h, struct sw_event *ev, struct sim_luck cause);
/* While the process stands still: call @fn(@self, 0) when it goes on, or is gone; true then. */
bool sim_host_put_off(struct sim_host *h, sim_fn fn, void *self);
/* The process is gone: whatever waits for it learns. */
void sim_host_drop_late(struct sim_host *h);
/* A front's query for its node, which takes processor time first. */
void sim_host_forward(struct sim_host *h, const struct sw_client *client, struct sw_bytes message,
                      sw_time arrived_at);
/* The node said that nothing is in flight any longer. */
void sim_host_drained(struct sim_host *h);
/* See that the tick comes when the node or its front want it. */
void sim_host_set_tick(struct sim_host *h);
/* Whatever is drawn while the present event is handled belongs to @cause. */
void sim_host_because(struct sim_host *h, struct sim_luck cause);

extern const struct sim_conn_user sim_host_peers;
/* The process is gone: forget what it has not read yet of its peers. */
void sim_host_drop_mails(struct sim_host *h);
/* What the service time of a request that travels for @luck belongs to. */
uint64_t sim_host_request_of(struct sim_luck luck);

void sim_host_submit(struct sim_host *h, struct sw_job *job);
void sim_host_drop_jobs(struct sim_host *h); /* those that wait for their turn */
void sim_host_free_jobs(struct sim_host *h); /* all; no fibre may be left */

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * The simulated host of one node: turns the world's happenings into the node's events and carries
 * its actions out, as the live host does with sockets, timers and threads. */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include "sim/world/control.h"
#include "sim/world/disk.h"
#include "sim/world/inside.h"
#include "sim/world/processor.h"

/* A DNS datagram on its way, in either direction.  From the world's pool. */
struct sim_datagram {
    struct sim_datagram *next, *previous; /* the holder's */
    struct sim_host *host;                /* the node's end */
    struct sw_client client;              /* the other end */
    struct sim_luck luck;
    sw_time arrived_at;
    uint32_t len;
    uint8_t data[];
};

/* For struct sw_truth; @world is a struct sim_world.  What is on its way to a node from others
 * counts as waiting there. */
bool sim_host_true_load(void *world, const struct sw_name *node, struct sw_load *out);

/* Errors: SW_ERR_NOMEM, SW_ERR_NOTFOUND (zone), SW_ERR_FULL (the disk). */
int sim_host_new(struct sim_world *w, uint32_t index, struct sim_host **out, struct sw_diag *d);
void sim_host_free(struct sim_host *h);

/* A new node is made and configured, unless one runs or a fault holds the host down. */
void sim_host_start(struct sim_host *h);
/* The node is gone, with everything it held in memory; each kill needs its revive. */
void sim_host_kill(struct sim_host *h, enum sim_death how);
void sim_host_revive(struct sim_host *h);
/* The process ends in order, and is held down until the next restart, which revives it. */
void sim_host_stop(struct sim_host *h);
void sim_host_restart(struct sim_host *h);
/* The process stands still; each beginning needs its end. */
void sim_host_pause(struct sim_host *h, bool begins);
/* What the node is told of its own load, and tells others, is divided by @factor; 1: the truth. */
void sim_host_lie(struct sim_host *h, double factor);
/* At this share of the moments the node does not know its load, and tells others none. */
void sim_host_silence(struct sim_host *h, double share);
/* Power fails inside the next write; each beginning needs its end. */
void sim_host_tear(struct sim_host *h, bool begins);
/* A new disk, provisioned like a fresh machine. */
void sim_host_burn(struct sim_host *h);

/* @d arrives; the host takes it. */
void sim_host_datagram(struct sim_host *h, struct sim_datagram *d);

/* An upstream's answer to ASK @id of the node's life @life; empty: nobody is there. */
void sim_host_upstream(struct sim_host *h, uint64_t life, uint64_t id, struct sw_bytes message,
                       struct sim_luck luck);
/* Counts its nodes: another number, another one. */
uint64_t sim_host_life(const struct sim_host *h);

/* A client's TCP stream: all that was written has left, or the client closed it. */
void sim_host_stream_event(struct sim_host *h, enum sw_event_kind kind, uint64_t stream);

/* An operator asks: @method of service Control with a packed @request.  @reply is called from a
 * later event, at least once, the last time with @last; with status 14 (UNAVAILABLE) when the
 * node is down or dies meanwhile. */
typedef void (*sim_reply_fn)(void *arg, int status, const char *reason, struct sw_bytes message,
                             bool last);
void sim_host_command(struct sim_host *h, const char *method, struct sw_bytes request,
                      sim_reply_fn reply, void *arg);

struct sim_world *sim_host_world(const struct sim_host *h);
uint32_t sim_host_index(const struct sim_host *h);
struct sim_place sim_host_place(const struct sim_host *h);
const struct sw_config *sim_host_config(const struct sim_host *h);
const struct sw_node *sim_host_node(const struct sim_host *h); /* NULL while it is down */
struct sim_disk_state *sim_host_disk(const struct sim_host *h);
struct sim_processor_state *sim_host_processor(const struct sim_host *h);
const struct sw_buggify *sim_host_buggify(const struct sim_host *h);
uint32_t sim_host_disk_number(const struct sim_host *h); /* how often it burnt */
/* Since when the node, or what was on its disk, is lost; SW_TIME_NEVER when it is not. */
sw_time sim_host_lost_at(const struct sim_host *h);

#endif

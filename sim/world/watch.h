/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who watches a run from outside: recorders and oracles.  A watcher knows the truth, changes
 * nothing, and its verdict never feeds back into the world. */
#ifndef SIM_WATCH_H
#define SIM_WATCH_H

#include "node/core/event.h"
#include "sim/scenario/scenario.h"

struct sim_world;

/* One stub query, when its client accepted an answer or gave up. */
struct sim_query_done {
    uint32_t group;   /* index in scenario->clients */
    uint32_t region;  /* the client's */
    bool client_dark; /* its region was out while it waited: reported apart */
    sw_time sent_at;  /* first transmission */
    sw_time done_at;
    bool answered; /* accepted an answer before giving up */
    uint32_t transmissions;
    uint32_t server;         /* node index that answered, UINT32_MAX when none */
    const uint8_t *question; /* wire name, as asked */
    uint16_t type;
    bool outside;           /* no zone of the scenario has the name: REFUSED is the right answer */
    struct sw_bytes answer; /* the accepted message; empty when none */
};

/* A file set came back, or did not. */
struct sim_restore_done {
    const struct sim_operation *operation; /* "restore" or "copy_back" */
    sw_time asked_at, done_at;
    int status;        /* 0 or enum sw_err */
    sw_time lost_at;   /* when the source node was lost; SW_TIME_NEVER when it was not */
    sw_time taken_at;  /* virtual time of the snapshot's source state; SW_TIME_NEVER unknown */
    uint64_t sequence; /* of the snapshot; 0 for a copy */
    uint64_t bytes, files;
    const char *differs; /* status 0: NULL when bit-identical with the source state at taken_at,
                          * otherwise what differs */
    const char *reason;  /* for people, when status is not 0 */
};

/* A version of a zone, as the text that its primary serves it from. */
struct sim_zone_version {
    const char *zone;
    uint64_t epoch;
    uint32_t serial;
    struct sw_bytes text; /* empty: none with this serial was ever its master file */
};

struct sim_watcher {
    const char *name, *help;
    bool oracle; /* its complaint fails the run */
    /* Each may be NULL.  @self is what start made. */
    int (*start)(struct sim_world *w, void **self);
    void (*on_query)(void *self, struct sim_world *w, const struct sim_query_done *q);
    /* A stub of @group answered from its own cache: no query left it. */
    void (*on_cached)(void *self, struct sim_world *w, uint32_t group);
    void (*on_trace)(void *self, struct sim_world *w, uint32_t node, const struct sw_trace *t);
    void (*on_fault)(void *self, struct sim_world *w, const struct sim_fault *f, bool begins);
    void (*on_restore)(void *self, struct sim_world *w, const struct sim_restore_done *r);
    /* Primary @node serves @v from now on. */
    void (*on_zone)(void *self, struct sim_world *w, uint32_t node,
                    const struct sim_zone_version *v);
    void (*on_job)(void *self, struct sim_world *w, uint32_t node, const struct sw_job *job,
                   bool begins); /* it ran to its end: none for a job that a crash ended */
    /* Bits of a file on node @node's disk are about to rot. */
    void (*on_rot)(void *self, struct sim_world *w, uint32_t node, const char *path,
                   struct sw_bytes content);
    /* Upstream @upstream of the scenario sends node @node this answer. */
    void (*on_upstream)(void *self, struct sim_world *w, uint32_t upstream, uint32_t node,
                        struct sw_bytes answer);
    /* A node gives its host a message for a peer. */
    void (*on_message)(void *self, struct sim_world *w, uint32_t node, struct sw_bytes message);
    void (*on_sample)(void *self, struct sim_world *w); /* every scenario->interval */
    /* Of an oracle that waits for quiet: did it get to judge?  NULL: it always judges. */
    bool (*judged)(const void *self);
    void (*finish)(void *self, struct sim_world *w); /* the run ended; frees nothing */
    void (*stop)(void *self);                        /* free */
};

/* An oracle found a violation: the first is kept, with the time; the run ends. */
void sim_complain(struct sim_world *w, const char *oracle, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif

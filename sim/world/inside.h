/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the parts of a world share.  For sim/world only; faults use control.h, watchers watch.h. */
#ifndef SIM_INSIDE_H
#define SIM_INSIDE_H

#include "node/core/node.h"
#include "sim/engine/engine.h"
#include "sim/faults/fault.h"
#include "sim/world/network.h"
#include "sim/world/peerlink.h"
#include "sim/world/pool.h"
#include "sim/world/shelf.h"
#include "sim/world/signatures.h"
#include "sim/world/world.h"

/* The wall clock at virtual time 0: 2026-01-01T00:00Z. */
#define SIM_EPOCH INT64_C(1767225600000000000)

struct sim_host;
struct sim_clientele;
struct sim_operations;
struct sim_zone_text;
struct sim_upstreams;
struct sim_effecting;

/* What the trace hash says of an event: which entity, and one of these.  One line a kind: name,
 * what the entity is an index of, text. */
#define SIM_KIND_LIST(X)                                              \
    X(SIM_KIND_DATAGRAM, SIM_OF_NODE, "a query reaches")              \
    X(SIM_KIND_REPLY, SIM_OF_CLIENTS, "a reply reaches")              \
    X(SIM_KIND_GAVE_UP, SIM_OF_CLIENTS, "no reply in time for")       \
    X(SIM_KIND_CACHED, SIM_OF_CLIENTS, "a stub's cache answers")      \
    X(SIM_KIND_PEER_UP, SIM_OF_NODE, "a connection stands for")       \
    X(SIM_KIND_PEER_MESSAGE, SIM_OF_NODE, "a peer's message reaches") \
    X(SIM_KIND_PEER_DOWN, SIM_OF_NODE, "a connection ends for")       \
    X(SIM_KIND_TICK, SIM_OF_NODE, "a timer fires on")                 \
    X(SIM_KIND_DONE, SIM_OF_NODE, "a job is done on")                 \
    X(SIM_KIND_COMMAND, SIM_OF_NODE, "an operator's command reaches") \
    X(SIM_KIND_START, SIM_OF_NODE, "a new process of")                \
    X(SIM_KIND_DEATH, SIM_OF_NODE, "an end of")                       \
    X(SIM_KIND_FAULT, SIM_OF_FAULT, "a begin or end of")              \
    X(SIM_KIND_UPSTREAM, SIM_OF_UPSTREAM, "a query reaches upstream") \
    X(SIM_KIND_SAID, SIM_OF_NODE, "an upstream's answer reaches")

enum sim_kind {
    SIM_KIND_NONE,
#define X(kind, of, text) kind,
    SIM_KIND_LIST(X)
#undef X
        SIM_KIND_COUNT
};

struct sim_watching {
    const struct sim_watcher *watcher;
    void *self;
};

struct sim_world {
    const struct sim_scenario *s;
    struct sim_scenario stormy; /* what @s is when it has a storm: with the faults drawn */
    uint64_t seed;
    struct sim_engine *engine;
    struct sim_network *net;
    struct sim_conns *conns;
    struct sim_host **hosts; /* a node */
    struct sim_clientele *clientele;
    struct sim_operations *operations;
    struct sim_zone_text *zone_texts; /* what master files said around edits */
    struct sim_upstreams *upstreams;
    struct sim_pool pool;
    /* Of the step that is being taken, of whatever host: of its node, and of its front for a client
     * or for its node, since carrying one list out may take the next step. */
    struct sw_actions node_out, front_out, answer_out;
    struct sw_arena scratch; /* of all nodes */
    struct sim_shelf shelf;  /* likewise */
    struct sim_signatures signatures;
    struct sim_watching *watching;
    size_t n_watching;
    struct sim_hooks hooks;
    struct sw_truth truth;         /* of how busy its nodes are */
    struct sim_effecting *effects; /* of faults that last */
    size_t n_effects;
    struct sim_progress {
        uint32_t steps; /* how often it began */
        bool ended;
    } * progress;    /* of each fault */
    uint64_t acting; /* the fault whose begin or end is called */
    struct sim_result result;
    bool buggify;  /* an option of this run */
    bool finished; /* watchers were told that the run ended */
    bool closing;  /* being freed: nothing begins any more */
};

static inline sw_wall sim_wall(sw_time t)
{
    return SIM_EPOCH + (sw_wall)t;
}

/* What node @node takes for the time. */
sw_wall sim_world_wall(const struct sim_world *w, uint32_t node);

/* Index of a name in the scenario; UINT32_MAX when there is none. */
uint32_t sim_find_node(const struct sim_scenario *s, const char *name);
uint32_t sim_find_region(const struct sim_scenario *s, const char *name);
/* The text of a zone, or NULL. */
const struct sim_zone *sim_find_zone(const struct sim_scenario *s, const char *name);

/* Tell every watcher. */
void sim_tell_query(struct sim_world *w, const struct sim_query_done *q);
void sim_tell_cached(struct sim_world *w, uint32_t group);
void sim_tell_trace(struct sim_world *w, uint32_t node, const struct sw_trace *t);
void sim_tell_job(struct sim_world *w, uint32_t node, const struct sw_job *job, bool begins);
void sim_tell_message(struct sim_world *w, uint32_t node, struct sw_bytes message);
void sim_tell_upstream(struct sim_world *w, uint32_t upstream, uint32_t node,
                       struct sw_bytes answer);
void sim_tell_zone(struct sim_world *w, uint32_t node, const struct sim_zone_version *v);
void sim_tell_restore(struct sim_world *w, const struct sim_restore_done *r);

#endif

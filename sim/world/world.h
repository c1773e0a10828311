/* SPDX-License-Identifier: GPL-3.0-or-later
 * One run: a scenario's world, made, run to its end, looked at, freed. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "node/core/buggify.h"
#include "node/core/node.h"
#include "sim/engine/engine.h"
#include "sim/world/watch.h"

struct sim_world;
struct sim_disk_state;

struct sim_result {
    uint64_t seed;
    uint64_t trace_hash; /* over (time, entity, event kind, payload digest) of every event */
    uint64_t events;
    sw_time ended_at;
    char complaint[512]; /* first oracle's, "" when none */
    char oracle[32];     /* who complained */
    sw_time complained_at;
};

/* Errors: SW_ERR_NOMEM, SW_ERR_NOTFOUND (a name in the scenario), SW_ERR_RANGE. */
int sim_world_new(const struct sim_scenario *s, uint64_t seed, struct sim_world **out,
                  struct sw_diag *d);
/* How the engine goes about it.  No result may depend on @queue; @shuffle_ties and @buggify give
 * other histories, equally possible, as repeatable. */
struct sim_world_options {
    enum sim_queue queue;
    bool shuffle_ties; /* events of one moment in an order drawn from the seed */
    bool buggify;      /* nodes are unlucky on purpose, by the seed (node/core/buggify.h) */
};
/* sim_world_new with other options than its own: the wheel, ties in the order scheduled. */
int sim_world_new_with(const struct sim_scenario *s, uint64_t seed,
                       const struct sim_world_options *options, struct sim_world **out,
                       struct sw_diag *d);
void sim_world_free(struct sim_world *w);
/* Watchers are called in the order added, for what happens from then on.  Oracles named by the
 * scenario are added by new.  @self (may be NULL) gets what the watcher's start made. */
int sim_world_watch(struct sim_world *w, const struct sim_watcher *watcher, void **self);
/* Run until @until (or the end, or a complaint); may be called again to go on. */
int sim_world_run(struct sim_world *w, sw_time until, struct sim_result *out);

/* Looking in. */
const struct sim_scenario *sim_world_scenario(const struct sim_world *w);
sw_time sim_world_now(const struct sim_world *w);
uint64_t sim_world_events(const struct sim_world *w);
/* Node @i as in the scenario; NULL while it is down. */
const struct sw_node *sim_world_node(const struct sim_world *w, uint32_t i);
bool sim_world_region_dark(const struct sim_world *w, uint32_t region);
/* Which disk node @i has: 0 the first, one more each time it burnt. */
uint32_t sim_world_disk_number(const struct sim_world *w, uint32_t i);
/* The present one, for a look from outside (sim/world/disk.h). */
const struct sim_disk_state *sim_world_disk(const struct sim_world *w, uint32_t i);

/* Requests that wait for node @i's processor. */
uint32_t sim_world_waiting(const struct sim_world *w, uint32_t i);
/* Node @i's processor: core time that requests asked of it since the run began, and what it can
 * give now, in healthy cores; 0 while the node is down. */
sw_dur sim_world_asked(const struct sim_world *w, uint32_t i);
double sim_world_speed(const struct sim_world *w, uint32_t i);
/* Bytes that wait to leave, of the connection where most do; @node gets whose they are. */
uint64_t sim_world_pending(const struct sim_world *w, uint32_t *node);

/* How often the nodes came by each site of the core, and how often it fired there; nothing without
 * the option.  Adds to @out. */
void sim_world_sites(const struct sim_world *w, struct sw_site_count out[SW_SITE_COUNT]);

/* Bit i: oracle sim_oracle_at(i) watches and had quiet enough to judge. */
uint32_t sim_world_judged(const struct sim_world *w);

/* sim_trace_tell on the run's engine. */
void sim_world_tell_trace(struct sim_world *w, sim_trace_fn fn, void *self);
/* What @kind of @entity means in a run of @s: "a timer fires on nyc-1". */
void sim_traced_text(const struct sim_scenario *s, uint32_t entity, uint32_t kind, char out[160]);

/* Registered oracles; NULL past the end, and for an unknown name. */
const struct sim_watcher *sim_oracle_at(size_t i);
const struct sim_watcher *sim_oracle_find(const char *name);

/* Planted errors, by which tests see that oracles fire.  Set before the first run. */
struct sim_hooks {
    void *self;
    /* A DNS answer leaves node @node: change it at will. */
    void (*on_reply)(void *self, uint32_t node, uint8_t *message, size_t len);
    /* A job of node @node gets these file calls: replace some. */
    void (*on_fs)(void *self, uint32_t node, struct sw_fs *fs);
    /* Node @node sends a peer this message: change it at will.  How often it is sent. */
    unsigned (*on_send)(void *self, uint32_t node, uint8_t *message, size_t len);
    /* Jobs run in one piece and take no time, to see what interleaving finds. */
    bool whole_jobs;
    unsigned planted; /* enum sw_planted, of every node */
};
void sim_world_hook(struct sim_world *w, const struct sim_hooks *hooks);

#endif

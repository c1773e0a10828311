/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a fault may do to the world.  Everything that begins has an end, overlapping faults
 * count, and an end without a beginning is nothing. */
#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H

#include "sim/world/network.h"
#include "sim/world/world.h"

enum sim_death {
    SIM_PROCESS_DIES, /* its machine closes its connections, and keeps what it wrote */
    SIM_MACHINE_DIES, /* its peers hear nothing; unsynced writes are lost, or parts of them */
    SIM_POWER_TEARS,  /* the same, and what was being written is torn */
};

/* Node @node dies with its memory and queues. */
void sim_world_kill(struct sim_world *w, uint32_t node, enum sim_death how);
/* The end of one kill: the node starts again, from its configuration and disk, when no other
 * fault holds it down. */
void sim_world_revive(struct sim_world *w, uint32_t node);
/* Its disk burns.  A new one is there at once, with configuration and zone files as a fresh
 * installation has them and nothing else. */
void sim_world_burn(struct sim_world *w, uint32_t node);

/* Node @node's process is told to stop in order (SIGTERM): it finishes what is in flight, ten
 * seconds at most; the end starts it again, also if it had not finished. */
void sim_world_restart(struct sim_world *w, uint32_t node, bool begins);
/* The process of node @node stands still (SIGSTOP), while its machine's kernel goes on: what
 * arrives waits, timers are late, peers that hear nothing hang up.  A process that dies meanwhile
 * takes its pauses with it. */
void sim_world_pause(struct sim_world *w, uint32_t node, bool begins);
/* Power fails inside the next write of node @node's jobs, and returns at the end.  Nothing happens
 * when nothing is written until then. */
void sim_world_tear(struct sim_world *w, uint32_t node, bool begins);
/* @bits bits flip on node @node's disk: in its backup store (@store_only), or in any file. */
void sim_world_rot(struct sim_world *w, uint32_t node, bool store_only, uint64_t bits);

/* A fault that unfolds, from inside its begin: call that again after @delay, unless its end comes
 * first. */
void sim_world_again(struct sim_world *w, sw_dur delay);
/* From inside begin: how often it was called before.  From inside end: how often in all. */
uint32_t sim_world_steps(const struct sim_world *w);

/* The network of a region is off, for nodes and clients in it. */
void sim_world_darken(struct sim_world *w, uint32_t region, bool begins);
/* No packet gets from region @from to region @to. */
void sim_world_cut(struct sim_world *w, uint32_t from, uint32_t to, bool begins);
/* No packet gets from the nodes flagged in @from to those in @to; clients reach both. */
void sim_world_divide(struct sim_world *w, const bool *from, const bool *to, bool begins);
/* No packet gets to or from a node. */
void sim_world_isolate(struct sim_world *w, uint32_t node, bool begins);

/* Upstreams in @region, SIM_ANY: all, answer nothing. */
void sim_world_upstreams(struct sim_world *w, uint32_t region, bool begins);

/* What packets suffer; the end names the same values as the beginning. */
void sim_world_impair(struct sim_world *w, const struct sim_impairment *what, bool begins);

/* What a fault may do to a node or a region, by an amount; several at once add up as said. */
enum sim_effect {
    SIM_SLOW_PROCESSOR, /* node: work takes this many times as long; factors multiply */
    SIM_LYING_LOAD,     /* node: the load that it tells others is divided by it; factors multiply */
    SIM_SILENT_LOAD,    /* node: of its messages this share tells others no load; added */
    SIM_SLOW_DISK,      /* node: file calls take this many times as long; factors multiply */
    SIM_FULL_DISK,      /* node: no file grows; amount unused */
    SIM_UNREADABLE,     /* node: this share of its disk's sectors can't be read; added */
    SIM_CLOCK_STEP,     /* node: its wall clock is ahead by ns (behind: negative); added */
    SIM_CLOCK_DRIFT,    /* node: its wall clock gains ppm from now on; added */
    SIM_CROWD,          /* region: its clients ask this many times as often; factors multiply */
    SIM_ATTACK,         /* region: so many times the usual queries beside them, for names that do
                         * not exist; added */
};
/* The end names the same values as the beginning. */
void sim_world_affect(struct sim_world *w, enum sim_effect effect, uint32_t where, double amount,
                      bool begins);

/* Index of the region that node @node stands in. */
uint32_t sim_world_region_of(const struct sim_world *w, uint32_t node);

#endif

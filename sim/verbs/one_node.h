/* SPDX-License-Identifier: GPL-3.0-or-later
 * The self test's smallest world: one region, one node with a zone, one group of clients that ask
 * it.  All of it is the scenarios' own: clients, network, host, processor and the node's code. */
#ifndef SIM_ONE_NODE_H
#define SIM_ONE_NODE_H

#include "sim/scenario/scenario.h"
#include "sim/world/world.h"

#define SIM_ONE_NODE_START (500 * SW_MS) /* until then the node may still be starting */

struct sim_one_node {
    struct sim_scenario s;
    struct sim_region region;
    struct sim_zone zone;
    struct sw_zone_config zone_config;
    struct sim_node node;
    struct sim_clients clients;
    char *oracles[1];
};

/* Make @w, which must not move afterwards, with the zone example.org of @text (which must outlive
 * it).  Left to the caller: count, rate, timeout and attempts of the clients, the network's loss,
 * the duration. */
void sim_one_node_init(struct sim_one_node *w, char *text);

/* Run it with @seed under @watcher, and copy the @len bytes of the watcher's state to @out.  Adds
 * to @events.  An oracle's complaint is a bug. */
void sim_one_node_run(const struct sim_one_node *w, uint64_t seed,
                      const struct sim_watcher *watcher, void *out, size_t len, uint64_t *events);

#endif

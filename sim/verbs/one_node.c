/* SPDX-License-Identifier: GPL-3.0-or-later
 * The self test's smallest world. */
#include "sim/verbs/one_node.h"
#include "node/base/bug.h"
#include "sim/scenario/keys.h"

#include <string.h>

static char zone_name[] = "example.org";
static char zone_file[] = "example.org.zone";
static char policy[] = "random";
static char store[] = "store";
static char oracle[] = "answers";

static void set_node(struct sim_one_node *w)
{
    struct sw_config *c = &w->node.config;
    c->name = (struct sw_name){ "n0" };
    c->region = w->region.name;
    c->address = c->name.s;
    c->membership = (struct sw_membership_config){
        .period = SW_SEC, .timeout = 500 * SW_MS, .open = true, .connections = 64, .lifeguard = true
    };
    c->cores = 1;
    c->policy = policy;
    c->query_deadline = SW_SEC;
    c->query_attempts = 1;
    c->max_waiting = 1000;
    c->udp_size = 1232;
    c->copies = 1;
    c->store = store;
    c->zones = &w->zone_config;
    c->n_zones = 1;
    sim_identity_seed(c->name.s, c->identity);
    w->node.processor = (struct sim_processor){
        .cores = 1, .distribution = SIM_CONSTANT, .service = 10 * SW_US, .queue = 100000
    };
    w->node.disk = (struct sim_disk){ .latency = 100 * SW_US,
                                      .bandwidth = UINT64_C(200000000),
                                      .fsync = 2 * SW_MS,
                                      .capacity = SW_GIB };
}

void sim_one_node_init(struct sim_one_node *w, char *text)
{
    *w = (struct sim_one_node){ .region = { .name = { "here" } } };
    w->zone = (struct sim_zone){
        .name = zone_name, .file = zone_file, .text = text, .len = strlen(text)
    };
    w->zone_config = (struct sw_zone_config){ .name = zone_name, .file = zone_file };
    set_node(w);
    w->clients = (struct sim_clients){ .region = w->region.name,
                                       .servers = &w->node.config.name,
                                       .n_servers = 1,
                                       .zone = zone_name,
                                       .zipf = 1 };
    w->oracles[0] = oracle;
    w->s = (struct sim_scenario){ .name = zone_name,
                                  .replications = 1,
                                  .interval = SW_SEC,
                                  .regions = &w->region,
                                  .n_regions = 1,
                                  .stretch = 1,
                                  .local = { .latency = 200 * SW_US },
                                  .zones = &w->zone,
                                  .n_zones = 1,
                                  .nodes = &w->node,
                                  .n_nodes = 1,
                                  .clients = &w->clients,
                                  .n_clients = 1,
                                  .oracles = w->oracles,
                                  .n_oracles = 1 };
}

void sim_one_node_run(const struct sim_one_node *w, uint64_t seed,
                      const struct sim_watcher *watcher, void *out, size_t len, uint64_t *events)
{
    struct sim_world *world = NULL;
    struct sim_result r = { 0 };
    struct sw_diag d = { 0 };
    void *self = NULL;
    if (sim_world_new(&w->s, seed, &world, &d) != 0 ||
        sim_world_watch(world, watcher, &self) != 0) {
        sim_out_of_memory("the self test");
    }
    const int err = sim_world_run(world, SW_TIME_NEVER, &r);
    SW_ASSERT(err == 0 && r.complaint[0] == '\0');
    memcpy(out, self, len);
    *events += r.events;
    sim_world_free(world);
}

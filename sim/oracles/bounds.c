/* SPDX-License-Identifier: GPL-3.0-or-later
 * Nothing grows beyond its limit: queries that wait for peers, requests in the host's queue, bytes
 * that wait for a connection, bytes kept for others, bytes on the disk.  Looked at with every
 * sample. */
#include "sim/world/disk.h"
#include "sim/world/world.h"

/* What one connection may hold back: the host asks to stop at 1 MiB, a pack may be on its way
 * then, and answers to what was asked before still come. */
#define PENDING_MAX (16 * SW_MIB)

struct bound {
    const char *what;
    uint64_t is, limit; /* limit 0: none */
};

static void check(struct sim_world *w, uint32_t node, const struct bound *b)
{
    if (b->limit != 0 && b->is > b->limit) {
        sim_complain(w, "bounds", "%s: %llu %s, and the limit is %llu",
                     sim_world_scenario(w)->nodes[node].config.name.s, (unsigned long long)b->is,
                     b->what, (unsigned long long)b->limit);
    }
}

static void look(struct sim_world *w, uint32_t node)
{
    const struct sim_node *spec = &sim_world_scenario(w)->nodes[node];
    const struct sw_node *n = sim_world_node(w, node);
    struct sw_node_counts counts = { 0 };
    if (n != NULL) {
        sw_node_counts(n, &counts);
    }
    const struct bound bounds[] = {
        { "queries wait for peers", counts.waiting, spec->config.max_waiting },
        { "bytes in the store", counts.object_bytes, spec->config.capacity },
        { "bytes on the disk", sim_disk_used(sim_world_disk(w, node)), spec->disk.capacity },
        { "requests wait for the processor", sim_world_waiting(w, node), spec->processor.queue },
    };
    for (size_t i = 0; i < SW_LEN(bounds); i++) {
        check(w, node, &bounds[i]);
    }
}

static void on_sample(void *self, struct sim_world *w)
{
    (void)self;
    for (uint32_t i = 0; i < sim_world_scenario(w)->n_nodes; i++) {
        look(w, i);
    }
    uint32_t node;
    const uint64_t pending = sim_world_pending(w, &node);
    check(w, node, &(struct bound){ "bytes wait for one connection", pending, PENDING_MAX });
}

extern const struct sim_watcher sim_oracle_bounds;
const struct sim_watcher sim_oracle_bounds = {
    .name = "bounds",
    .help = "queues, stores, disks and connections stay under their limits",
    .oracle = true,
    .on_sample = on_sample,
};

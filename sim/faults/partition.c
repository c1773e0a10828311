/* SPDX-License-Identifier: GPL-3.0-or-later
 * Packets no longer get from one set of places to another, while both go on: a region and others,
 * a node and everybody, some nodes and others that all the rest still reaches. */
#include "sim/faults/fault.h"
#include "sim/world/control.h"
#include "sim/world/pool.h"

#include <stdlib.h>

enum { REGION, FROM, NODE, NODES, OTHERS, ONE_WAY };

static const struct sim_fault_param params[] = {
    [REGION] = { .key = "region", .type = SIM_PARAM_REGION, .help = "this region is cut off" },
    [FROM] = { .key = "from",
               .type = SIM_PARAM_REGION,
               .help = "from this region only; from all others when absent" },
    [NODE] = { .key = "node",
               .type = SIM_PARAM_NODE,
               .help = "this node is cut off from everybody" },
    [NODES] = { .key = "nodes",
                .type = SIM_PARAM_NODES,
                .help = "these nodes are cut off from other nodes; clients still reach them" },
    [OTHERS] = { .key = "others",
                 .type = SIM_PARAM_NODES,
                 .help = "from these nodes only; from all others when absent" },
    [ONE_WAY] = { .key = "one_way",
                  .type = SIM_PARAM_FLAG,
                  .help = "what the region or the nodes send is lost, what is sent to them "
                          "arrives" },
};

/* Is a node among @nodes to be parted from another? */
static bool parts(const struct sim_scenario *s, const char *nodes, const char *others)
{
    for (size_t i = 0; i < s->n_nodes; i++) {
        const char *one = s->nodes[i].config.name.s;
        for (size_t j = 0; j < s->n_nodes && sim_fault_names(nodes, one); j++) {
            const char *other = s->nodes[j].config.name.s;
            if (i != j &&
                sim_fault_names(others != NULL ? others : nodes, other) == (others != NULL)) {
                return true;
            }
        }
    }
    return false;
}

static const char *check(const struct sim_scenario *s, const union sim_fault_value *v)
{
    const bool region = v[REGION].index != SIM_PARAM_ABSENT;
    if (!region && v[NODE].index == SIM_PARAM_ABSENT && v[NODES].nodes == NULL) {
        return "nothing is cut off (expected region, node or nodes)";
    }
    if (v[FROM].index != SIM_PARAM_ABSENT && (!region || v[FROM].index == v[REGION].index)) {
        return "from is for a region that is cut off from another one (expected region to be it)";
    }
    if (region && s->n_regions == 1) {
        return "the only region has none to be cut off from (expected node or nodes)";
    }
    if (v[OTHERS].nodes != NULL && v[NODES].nodes == NULL) {
        return "others is for nodes that are cut off from them (expected nodes)";
    }
    if (v[NODES].nodes != NULL && !parts(s, v[NODES].nodes, v[OTHERS].nodes)) {
        return "nodes have nobody to be cut off from (expected others, or not all of the nodes)";
    }
    return "";
}

static void cut_region(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    const uint32_t region = v[REGION].index;
    const uint32_t n = (uint32_t)sim_world_scenario(w)->n_regions;
    for (uint32_t other = 0; other < n; other++) {
        if (other == region || (v[FROM].index != SIM_PARAM_ABSENT && v[FROM].index != other)) {
            continue;
        }
        sim_world_cut(w, region, other, begins);
        if (!v[ONE_WAY].flag) {
            sim_world_cut(w, other, region, begins);
        }
    }
}

static void cut_nodes(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    const struct sim_scenario *s = sim_world_scenario(w);
    bool *these = sim_calloc(s->n_nodes, sizeof *these);
    bool *others = sim_calloc(s->n_nodes, sizeof *others);
    for (size_t i = 0; i < s->n_nodes; i++) {
        const char *name = s->nodes[i].config.name.s;
        these[i] = sim_fault_names(v[NODES].nodes, name);
        others[i] = v[OTHERS].nodes != NULL ? sim_fault_names(v[OTHERS].nodes, name) : !these[i];
    }
    sim_world_divide(w, these, others, begins);
    if (!v[ONE_WAY].flag) {
        sim_world_divide(w, others, these, begins);
    }
    free(these);
    free(others);
}

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    if (v[NODE].index != SIM_PARAM_ABSENT) {
        sim_world_isolate(w, v[NODE].index, begins);
    }
    if (v[REGION].index != SIM_PARAM_ABSENT) {
        cut_region(w, v, begins);
    }
    if (v[NODES].nodes != NULL) {
        cut_nodes(w, v, begins);
    }
}

extern const struct sim_fault_kind sim_fault_partition;
const struct sim_fault_kind sim_fault_partition = {
    .name = "partition",
    .help = "regions or nodes can't be reached, and go on by themselves",
    .params = params,
    .n_params = SW_LEN(params),
    .check = check,
    .apply = apply,
};

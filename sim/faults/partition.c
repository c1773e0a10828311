/* SPDX-License-Identifier: GPL-3.0-or-later
 * Packets no longer get from one set of places to another, while both go on. */
#include "sim/faults/fault.h"
#include "sim/world/control.h"

enum { REGION, FROM, NODE, ONE_WAY };

static const struct sim_fault_param params[] = {
    [REGION] = { .key = "region", .type = SIM_PARAM_REGION, .help = "this region is cut off" },
    [FROM] = { .key = "from",
               .type = SIM_PARAM_REGION,
               .help = "from this region only; from all others when absent" },
    [NODE] = { .key = "node",
               .type = SIM_PARAM_NODE,
               .help = "this node is cut off from everybody" },
    [ONE_WAY] = { .key = "one_way",
                  .type = SIM_PARAM_FLAG,
                  .help = "what the region sends is lost, what is sent to it arrives" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    const uint32_t region = v[REGION].index;
    if (v[NODE].index != SIM_PARAM_ABSENT) {
        sim_world_isolate(w, v[NODE].index, begins);
    }
    if (region == SIM_PARAM_ABSENT) {
        return;
    }
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

static void begin(struct sim_world *w, const union sim_fault_value *v)
{
    apply(w, v, true);
}

static void end(struct sim_world *w, const union sim_fault_value *v)
{
    apply(w, v, false);
}

extern const struct sim_fault_kind sim_fault_partition;
const struct sim_fault_kind sim_fault_partition = {
    .name = "partition",
    .help = "a region or a node can't be reached, and goes on by itself",
    .params = params,
    .n_params = SW_LEN(params),
    .begin = begin,
    .end = end,
};

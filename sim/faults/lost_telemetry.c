/* SPDX-License-Identifier: GPL-3.0-or-later
 * Reports of load get lost: answers and ants come back without any. */
#include "sim/faults/fault.h"
#include "sim/world/control.h"

enum { NODE, SHARE };

static const struct sim_fault_param params[] = {
    [NODE] = { .key = "node", .type = SIM_PARAM_NODE, .help = "which one; default: all" },
    [SHARE] = { .key = "share",
                .type = SIM_PARAM_NUMBER,
                .low = 0,
                .high = 1,
                .fallback = 1,
                .unit = "a share, 0 to 1",
                .help = "of what a node sends" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    const uint32_t nodes = (uint32_t)sim_world_scenario(w)->n_nodes;
    for (uint32_t i = 0; i < nodes; i++) {
        if (v[NODE].index == SIM_PARAM_ABSENT || v[NODE].index == i) {
            sim_world_affect(w, SIM_SILENT_LOAD, i, v[SHARE].number, begins);
        }
    }
}

extern const struct sim_fault_kind sim_fault_lost_telemetry;
const struct sim_fault_kind sim_fault_lost_telemetry = {
    .name = "lost_telemetry",
    .help = "nodes do not tell others their load",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

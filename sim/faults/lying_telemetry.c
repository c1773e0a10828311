/* SPDX-License-Identifier: GPL-3.0-or-later
 * A node that lies about its load: whoever believes it sends it too much. */
#include "sim/faults/fault.h"
#include "sim/world/control.h"

enum { NODE, FACTOR };

static const struct sim_fault_param params[] = {
    [NODE] = { .key = "node", .type = SIM_PARAM_NODE, .required = true, .help = "which one" },
    [FACTOR] = { .key = "factor",
                 .type = SIM_PARAM_NUMBER,
                 .low = 1,
                 .high = 1000,
                 .fallback = 100,
                 .unit = "a factor, 1 to 1000",
                 .help = "its queue and its service time are this many times what it says" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    sim_world_affect(w, SIM_LYING_LOAD, v[NODE].index, v[FACTOR].number, begins);
}

extern const struct sim_fault_kind sim_fault_lying_telemetry;
const struct sim_fault_kind sim_fault_lying_telemetry = {
    .name = "lying_telemetry",
    .help = "a node claims to be idle and fast",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

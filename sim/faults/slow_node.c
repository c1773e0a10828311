/* SPDX-License-Identifier: GPL-3.0-or-later
 * A grey failure: a node works on, slowly. */
#include "sim/faults/fault.h"
#include "sim/world/control.h"

enum { NODE, FACTOR };

static const struct sim_fault_param params[] = {
    [NODE] = { .key = "node", .type = SIM_PARAM_NODE, .required = true, .help = "which one" },
    [FACTOR] = { .key = "factor",
                 .type = SIM_PARAM_NUMBER,
                 .low = 1,
                 .high = 1000,
                 .fallback = 10,
                 .unit = "a factor, 1 to 1000",
                 .help = "work takes this many times as long" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    sim_world_affect(w, SIM_SLOW_PROCESSOR, v[NODE].index, v[FACTOR].number, begins);
}

extern const struct sim_fault_kind sim_fault_slow_node;
const struct sim_fault_kind sim_fault_slow_node = {
    .name = "slow_node",
    .help = "a processor becomes slow",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

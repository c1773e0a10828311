/* SPDX-License-Identifier: GPL-3.0-or-later
 * An operator restarts a node: it finishes what is in flight, says goodbye, and starts again at the
 * fault's end. */
#include "sim/faults/fault.h"
#include "sim/world/control.h"

enum { NODE };

static const struct sim_fault_param params[] = {
    [NODE] = { .key = "node", .type = SIM_PARAM_NODE, .required = true, .help = "which one" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    sim_world_restart(w, v[NODE].index, begins);
}

extern const struct sim_fault_kind sim_fault_restart;
const struct sim_fault_kind sim_fault_restart = {
    .name = "restart",
    .help = "a node stops in order and starts again",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

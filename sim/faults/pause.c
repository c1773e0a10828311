/* SPDX-License-Identifier: GPL-3.0-or-later
 * A process stands still and goes on later, as after SIGSTOP, a long garbage collection of the
 * machine below it, or a debugger. */
#include "sim/faults/fault.h"
#include "sim/world/control.h"

enum { NODE };

static const struct sim_fault_param params[] = {
    [NODE] = { .key = "node", .type = SIM_PARAM_NODE, .required = true, .help = "which one" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    sim_world_pause(w, v[NODE].index, begins);
}

extern const struct sim_fault_kind sim_fault_pause;
const struct sim_fault_kind sim_fault_pause = {
    .name = "pause",
    .help = "a process stands still: its peers hear nothing, then all at once",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

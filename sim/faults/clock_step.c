/* SPDX-License-Identifier: GPL-3.0-or-later
 * The wall clock jumps, and back at the end. */
#include "sim/faults/fault.h"
#include "sim/world/control.h"

enum { NODE, BY, TO };

static const struct sim_fault_param params[] = {
    [NODE] = { .key = "node", .type = SIM_PARAM_NODE, .required = true, .help = "which one" },
    [BY] = { .key = "by",
             .type = SIM_PARAM_DURATION,
             .low = 1,
             .high = 3e18,
             .fallback = 3600e9,
             .help = "how far" },
    [TO] = { .key = "to", .type = SIM_PARAM_CHOICE, .choices = "future|past", .help = "which way" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    const double by = (double)v[BY].duration;
    sim_world_affect(w, SIM_CLOCK_STEP, v[NODE].index, v[TO].index == 0 ? by : -by, begins);
}

extern const struct sim_fault_kind sim_fault_clock_step;
const struct sim_fault_kind sim_fault_clock_step = {
    .name = "clock_step",
    .help = "a wall clock jumps",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Power fails in the middle of a write: the next one of the node's jobs.  Of what was not synced,
 * each sector and each name is there or not; the power is back at the fault's end. */
#include "sim/faults/fault.h"
#include "sim/world/control.h"

enum { NODE };

static const struct sim_fault_param params[] = {
    [NODE] = { .key = "node", .type = SIM_PARAM_NODE, .required = true, .help = "which one" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    sim_world_tear(w, v[NODE].index, begins);
}

extern const struct sim_fault_kind sim_fault_torn_write;
const struct sim_fault_kind sim_fault_torn_write = {
    .name = "torn_write",
    .help = "power fails inside the next write",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

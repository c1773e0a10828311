/* SPDX-License-Identifier: GPL-3.0-or-later
 * Somebody else fills the disk: no file grows. */
#include "sim/faults/fault.h"
#include "sim/world/control.h"

enum { NODE };

static const struct sim_fault_param params[] = {
    [NODE] = { .key = "node", .type = SIM_PARAM_NODE, .required = true, .help = "which one" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    sim_world_affect(w, SIM_FULL_DISK, v[NODE].index, 0, begins);
}

extern const struct sim_fault_kind sim_fault_full_disk;
const struct sim_fault_kind sim_fault_full_disk = {
    .name = "full_disk",
    .help = "a disk is full",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

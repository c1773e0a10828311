/* SPDX-License-Identifier: GPL-3.0-or-later
 * Latent sector errors: some sectors of a disk can't be read while the fault lasts, always the same
 * ones (Bairavasundaram, Goodson, Pasupathy, Schindler 2007). */
#include "sim/faults/fault.h"
#include "sim/world/control.h"

enum { NODE, SHARE };

static const struct sim_fault_param params[] = {
    [NODE] = { .key = "node", .type = SIM_PARAM_NODE, .required = true, .help = "which one" },
    [SHARE] = { .key = "share",
                .type = SIM_PARAM_NUMBER,
                .low = 0,
                .high = 1,
                .fallback = 0.001,
                .unit = "a share, 0 to 1",
                .help = "of the sectors of 512 bytes" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    sim_world_affect(w, SIM_UNREADABLE, v[NODE].index, v[SHARE].number, begins);
}

extern const struct sim_fault_kind sim_fault_read_errors;
const struct sim_fault_kind sim_fault_read_errors = {
    .name = "read_errors",
    .help = "sectors of a disk can't be read",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

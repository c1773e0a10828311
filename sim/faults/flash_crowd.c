/* SPDX-License-Identifier: GPL-3.0-or-later
 * Clients of a region ask much more than usual. */
#include "sim/faults/fault.h"
#include "sim/world/control.h"

enum { REGION, FACTOR };

static const struct sim_fault_param params[] = {
    [REGION] = { .key = "region", .type = SIM_PARAM_REGION, .required = true, .help = "which one" },
    [FACTOR] = { .key = "factor",
                 .type = SIM_PARAM_NUMBER,
                 .low = 0.01,
                 .high = 100,
                 .fallback = 5,
                 .unit = "a factor, 0.01 to 100",
                 .help = "they ask this many times as often" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    sim_world_affect(w, SIM_CROWD, v[REGION].index, v[FACTOR].number, begins);
}

extern const struct sim_fault_kind sim_fault_flash_crowd;
const struct sim_fault_kind sim_fault_flash_crowd = {
    .name = "flash_crowd",
    .help = "clients ask much more",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

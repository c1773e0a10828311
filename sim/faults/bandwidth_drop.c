/* SPDX-License-Identifier: GPL-3.0-or-later
 * Hosts' uplinks and downlinks, and the lines between regions, become narrow. */
#include "sim/faults/fault.h"
#include "sim/faults/path.h"
#include "sim/world/control.h"

enum { FACTOR = PATH_PARAMS };

static const struct sim_fault_param params[] = {
    PATH_TABLE,
    [FACTOR] = { .key = "factor",
                 .type = SIM_PARAM_NUMBER,
                 .low = 1,
                 .high = 100,
                 .fallback = 10,
                 .unit = "a factor, 1 to 100",
                 .help = "bandwidth is divided by it" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    struct sim_impairment i = path_of(v);
    i.narrowing = v[FACTOR].number;
    sim_world_impair(w, &i, begins);
}

extern const struct sim_fault_kind sim_fault_bandwidth_drop;
const struct sim_fault_kind sim_fault_bandwidth_drop = {
    .name = "bandwidth_drop",
    .help = "uplinks, downlinks and lines between regions become narrow",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

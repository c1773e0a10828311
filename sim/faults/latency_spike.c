/* SPDX-License-Identifier: GPL-3.0-or-later
 * Packets take longer. */
#include "sim/faults/fault.h"
#include "sim/faults/path.h"
#include "sim/world/control.h"

enum { BY = PATH_PARAMS };

static const struct sim_fault_param params[] = {
    PATH_TABLE,
    [BY] = { .key = "by",
             .type = SIM_PARAM_DURATION,
             .low = 1e3,
             .high = 60e9,
             .fallback = 200e6,
             .help = "one way, added" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    struct sim_impairment i = path_of(v);
    i.add.latency = v[BY].duration;
    sim_world_impair(w, &i, begins);
}

extern const struct sim_fault_kind sim_fault_latency_spike;
const struct sim_fault_kind sim_fault_latency_spike = {
    .name = "latency_spike",
    .help = "packets take longer",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

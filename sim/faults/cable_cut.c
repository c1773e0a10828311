/* SPDX-License-Identifier: GPL-3.0-or-later
 * A cable between two regions is cut, in both directions. */
#include "sim/faults/fault.h"
#include "sim/world/control.h"

enum { FROM, TO };

static const struct sim_fault_param params[] = {
    [FROM] = { .key = "from", .type = SIM_PARAM_REGION, .required = true, .help = "one end" },
    [TO] = { .key = "to", .type = SIM_PARAM_REGION, .required = true, .help = "the other end" },
};

static const char *check(const struct sim_scenario *s, const union sim_fault_value *v)
{
    (void)s;
    return v[FROM].index == v[TO].index
               ? "both ends are one region (expected from and to to differ)"
               : "";
}

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    sim_world_cut(w, v[FROM].index, v[TO].index, begins);
    sim_world_cut(w, v[TO].index, v[FROM].index, begins);
}

extern const struct sim_fault_kind sim_fault_cable_cut;
const struct sim_fault_kind sim_fault_cable_cut = {
    .name = "cable_cut",
    .help = "two regions do not reach each other",
    .params = params,
    .n_params = SW_LEN(params),
    .check = check,
    .apply = apply,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * A random-subdomain attack: beside their usual queries, clients of a region ask for names that do
 * not exist, each another. */
#include "sim/faults/fault.h"
#include "sim/world/control.h"

enum { REGION, FACTOR };

static const struct sim_fault_param params[] = {
    [REGION] = { .key = "region", .type = SIM_PARAM_REGION, .required = true, .help = "which one" },
    [FACTOR] = { .key = "factor",
                 .type = SIM_PARAM_NUMBER,
                 .low = 0,
                 .high = 100,
                 .fallback = 10,
                 .unit = "a factor, 0 to 100",
                 .help = "so many times the usual queries, beside them" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    sim_world_affect(w, SIM_ATTACK, v[REGION].index, v[FACTOR].number, begins);
}

extern const struct sim_fault_kind sim_fault_random_subdomain;
const struct sim_fault_kind sim_fault_random_subdomain = {
    .name = "random_subdomain",
    .help = "an attack by queries for made-up names",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * A whole region goes at once: its nodes lose power, its network is dark, its clients are cut
 * off (and counted apart).  At the end the network returns and the nodes start again. */
#include "sim/faults/fault.h"
#include "sim/world/control.h"

enum { REGION, DISKS };

static const struct sim_fault_param params[] = {
    [REGION] = { .key = "region", .type = SIM_PARAM_REGION, .required = true, .help = "which one" },
    [DISKS] = { .key = "disks",
                .type = SIM_PARAM_CHOICE,
                .choices = "kept|lost",
                .help = "whether its nodes' disks survive" },
};

static void begin(struct sim_world *w, const union sim_fault_value *v)
{
    const uint32_t n = (uint32_t)sim_world_scenario(w)->n_nodes;
    sim_world_darken(w, v[REGION].index, true);
    for (uint32_t i = 0; i < n; i++) {
        if (sim_world_region_of(w, i) == v[REGION].index) {
            sim_world_kill(w, i, SIM_MACHINE_DIES);
            if (v[DISKS].index == 1) {
                sim_world_burn(w, i);
            }
        }
    }
}

static void end(struct sim_world *w, const union sim_fault_value *v)
{
    const uint32_t n = (uint32_t)sim_world_scenario(w)->n_nodes;
    sim_world_darken(w, v[REGION].index, false);
    for (uint32_t i = 0; i < n; i++) {
        if (sim_world_region_of(w, i) == v[REGION].index) {
            sim_world_revive(w, i);
        }
    }
}

extern const struct sim_fault_kind sim_fault_regional_outage;
const struct sim_fault_kind sim_fault_regional_outage = {
    .name = "regional_outage",
    .help = "a region loses power and network at once",
    .params = params,
    .n_params = SW_LEN(params),
    .begin = begin,
    .end = end,
};

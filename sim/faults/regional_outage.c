/* SPDX-License-Identifier: GPL-3.0-or-later
 * A whole region goes, at once or node by node: its nodes lose power, and with the last of them its
 * network is dark and its clients are cut off (and counted apart).  At the end the network returns
 * and the nodes start again.  With `disks: lost` the region's data is gone for good; with `for: 0`
 * the region is. */
#include "sim/faults/fault.h"
#include "sim/world/control.h"

enum { REGION, DISKS, OVER };

static const struct sim_fault_param params[] = {
    [REGION] = { .key = "region", .type = SIM_PARAM_REGION, .required = true, .help = "which one" },
    [DISKS] = { .key = "disks",
                .type = SIM_PARAM_CHOICE,
                .choices = "kept|lost",
                .help = "whether its nodes' disks survive" },
    [OVER] = { .key = "over",
               .type = SIM_PARAM_DURATION,
               .low = 0,
               .high = 86400e9,
               .help = "from the first node that goes to the last, one after another" },
};

static uint32_t nodes_in(const struct sim_world *w, uint32_t region)
{
    const uint32_t n = (uint32_t)sim_world_scenario(w)->n_nodes;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += sim_world_region_of(w, i) == region;
    }
    return sum;
}

/* How many of @nodes are gone after @steps: all at once, or one a step. */
static uint32_t gone(const union sim_fault_value *v, uint32_t steps, uint32_t nodes)
{
    return v[OVER].duration == 0 || steps > nodes ? nodes : steps;
}

static void take(struct sim_world *w, uint32_t node, bool disk_lost)
{
    sim_world_kill(w, node, SIM_MACHINE_DIES);
    if (disk_lost) {
        sim_world_burn(w, node);
    }
}

static void begin(struct sim_world *w, const union sim_fault_value *v)
{
    const uint32_t region = v[REGION].index;
    const uint32_t nodes = nodes_in(w, region);
    const uint32_t before = sim_world_steps(w);
    const uint32_t now = gone(v, before + 1, nodes);
    uint32_t number = 0;
    if (nodes < 2 || now == nodes) {
        sim_world_darken(w, region, true);
    } else {
        sim_world_again(w, v[OVER].duration / (nodes - 1));
    }
    for (uint32_t i = 0; number < now; i++) {
        if (sim_world_region_of(w, i) == region && number++ >= before) {
            take(w, i, v[DISKS].index == 1);
        }
    }
}

static void end(struct sim_world *w, const union sim_fault_value *v)
{
    const uint32_t region = v[REGION].index;
    const uint32_t nodes = nodes_in(w, region);
    const uint32_t all = gone(v, sim_world_steps(w), nodes);
    uint32_t number = 0;
    if (all == nodes) {
        sim_world_darken(w, region, false);
    }
    for (uint32_t i = 0; number < all; i++) {
        if (sim_world_region_of(w, i) == region) {
            number++;
            sim_world_revive(w, i);
        }
    }
}

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    (begins ? begin : end)(w, v);
}

extern const struct sim_fault_kind sim_fault_regional_outage;
const struct sim_fault_kind sim_fault_regional_outage = {
    .name = "regional_outage",
    .help = "a region loses power and network, at once or node by node",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * What faults of the network have in common: whose packets they hit. */
#ifndef SIM_FAULT_PATH_H
#define SIM_FAULT_PATH_H

#include "sim/faults/fault.h"
#include "sim/world/network.h"

enum { PATH_REGION, PATH_OTHER, PATH_NODE, PATH_PARAMS };

#define PATH_TABLE                                                      \
    [PATH_REGION] = { .key = "region",                                  \
                      .type = SIM_PARAM_REGION,                         \
                      .help = "packets from and to it; default: all" }, \
    [PATH_OTHER] = { .key = "other",                                    \
                     .type = SIM_PARAM_REGION,                          \
                     .help = "between `region` and this one only" },    \
    [PATH_NODE] = { .key = "node",                                      \
                    .type = SIM_PARAM_NODE,                             \
                    .help = "packets from and to it; default: all" }

/* An impairment of what the values name, that does nothing yet. */
static inline struct sim_impairment path_of(const union sim_fault_value *v)
{
    return (struct sim_impairment){ .region = v[PATH_REGION].index,
                                    .other = v[PATH_OTHER].index,
                                    .host = v[PATH_NODE].index };
}

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Some packets come later than those sent after them. */
#include "sim/faults/fault.h"
#include "sim/faults/path.h"
#include "sim/world/control.h"

enum { SHARE = PATH_PARAMS, BY };

static const struct sim_fault_param params[] = {
    PATH_TABLE,
    [SHARE] = { .key = "share",
                .type = SIM_PARAM_NUMBER,
                .low = 0,
                .high = 1,
                .fallback = 0.1,
                .unit = "a share, 0 to 1",
                .help = "of the packets, which come late" },
    [BY] = { .key = "by",
             .type = SIM_PARAM_DURATION,
             .low = 1e3,
             .high = 60e9,
             .fallback = 20e6,
             .help = "how late" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    struct sim_impairment i = path_of(v);
    i.add.reordering = v[SHARE].number;
    i.add.reordered_by = v[BY].duration;
    sim_world_impair(w, &i, begins);
}

extern const struct sim_fault_kind sim_fault_reordering;
const struct sim_fault_kind sim_fault_reordering = {
    .name = "reordering",
    .help = "packets overtake each other",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

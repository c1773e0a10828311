/* SPDX-License-Identifier: GPL-3.0-or-later
 * Datagrams arrive twice, the second up to 10 ms after the first. */
#include "sim/faults/fault.h"
#include "sim/faults/path.h"
#include "sim/world/control.h"

enum { SHARE = PATH_PARAMS };

static const struct sim_fault_param params[] = {
    PATH_TABLE,
    [SHARE] = { .key = "share",
                .type = SIM_PARAM_NUMBER,
                .low = 0,
                .high = 1,
                .fallback = 0.1,
                .unit = "a share, 0 to 1",
                .help = "of the datagrams" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    struct sim_impairment i = path_of(v);
    i.add.duplication = v[SHARE].number;
    sim_world_impair(w, &i, begins);
}

extern const struct sim_fault_kind sim_fault_duplication;
const struct sim_fault_kind sim_fault_duplication = {
    .name = "duplication",
    .help = "datagrams arrive twice",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

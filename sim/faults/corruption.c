/* SPDX-License-Identifier: GPL-3.0-or-later
 * A bit flips in datagrams.  Connections have TLS, which notices. */
#include "sim/faults/fault.h"
#include "sim/faults/path.h"
#include "sim/world/control.h"

enum { SHARE = PATH_PARAMS, CHECKSUM };

static const struct sim_fault_param params[] = {
    PATH_TABLE,
    [SHARE] = { .key = "share",
                .type = SIM_PARAM_NUMBER,
                .low = 0,
                .high = 1,
                .fallback = 0.1,
                .unit = "a share, 0 to 1",
                .help = "of the datagrams" },
    [CHECKSUM] = { .key = "checksum",
                   .type = SIM_PARAM_CHOICE,
                   .choices = "catches|misses_at_nodes|misses",
                   .tame = true,
                   .help = "whether receivers drop what was altered: all, clients only, nobody" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    static const unsigned checksums[] = { SIM_CHECKSUM_CATCHES, SIM_CHECKSUM_MISSES_AT_NODES,
                                          SIM_CHECKSUM_MISSES };
    struct sim_impairment i = path_of(v);
    i.add.corruption = v[SHARE].number;
    i.checksum = checksums[v[CHECKSUM].index];
    sim_world_impair(w, &i, begins);
}

extern const struct sim_fault_kind sim_fault_corruption;
const struct sim_fault_kind sim_fault_corruption = {
    .name = "corruption",
    .help = "bits flip in datagrams",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

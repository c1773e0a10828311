/* SPDX-License-Identifier: GPL-3.0-or-later
 * One node dies, and at the fault's end starts again. */
#include "sim/faults/fault.h"
#include "sim/world/control.h"

enum { NODE, OF, DISK };

static const struct sim_fault_param params[] = {
    [NODE] = { .key = "node", .type = SIM_PARAM_NODE, .required = true, .help = "which one" },
    [OF] = { .key = "of",
             .type = SIM_PARAM_CHOICE,
             .choices = "machine|process",
             .help = "a dead machine is silent and loses unsynced writes; a dead process's machine "
                     "closes its connections and keeps what it wrote" },
    [DISK] = { .key = "disk",
               .type = SIM_PARAM_CHOICE,
               .choices = "kept|lost",
               .help = "whether what was synced is there at the restart" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    if (!begins) {
        sim_world_revive(w, v[NODE].index);
        return;
    }
    sim_world_kill(w, v[NODE].index, v[OF].index == 0 ? SIM_MACHINE_DIES : SIM_PROCESS_DIES);
    if (v[DISK].index == 1) {
        sim_world_burn(w, v[NODE].index);
    }
}

extern const struct sim_fault_kind sim_fault_crash;
const struct sim_fault_kind sim_fault_crash = {
    .name = "crash",
    .help = "a node dies with its memory, and a machine with its unsynced writes too",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

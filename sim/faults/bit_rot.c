/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bits flip on a disk at rest, for good, and nothing tells. */
#include "sim/faults/fault.h"
#include "sim/world/control.h"

enum { NODE, BITS, WHERE };

static const struct sim_fault_param params[] = {
    [NODE] = { .key = "node", .type = SIM_PARAM_NODE, .required = true, .help = "which one" },
    [BITS] = { .key = "bits",
               .type = SIM_PARAM_NUMBER,
               .low = 1,
               .high = 1000,
               .fallback = 8,
               .unit = "a number, 1 to 1000",
               .help = "how many flip, at once, anywhere in the files" },
    [WHERE] = { .key = "where",
                .type = SIM_PARAM_CHOICE,
                .choices = "store|disk",
                .tame = true,
                .help = "in which files: the backup store's, which are verified, or any, zones and "
                        "protected sets among them" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    if (begins) { /* what is rotten stays so */
        sim_world_rot(w, v[NODE].index, v[WHERE].index == 0, (uint64_t)v[BITS].number);
    }
}

extern const struct sim_fault_kind sim_fault_bit_rot;
const struct sim_fault_kind sim_fault_bit_rot = {
    .name = "bit_rot",
    .help = "bits of a disk's files flip",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

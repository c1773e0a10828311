/* SPDX-License-Identifier: GPL-3.0-or-later
 * Packets get lost by chance, each for itself or in bursts, beside what links lose anyway.  A
 * quarter at most: what a connection
 * repairs was decided when it was sent, so a path that loses nearly all is a partition. */
#include "sim/faults/fault.h"
#include "sim/faults/path.h"
#include "sim/world/control.h"

enum { SHARE = PATH_PARAMS, BURST };

#define STEPS 20 /* of the burst model in a burst of mean length */

static const struct sim_fault_param params[] = {
    PATH_TABLE,
    [SHARE] = { .key = "share",
                .type = SIM_PARAM_NUMBER,
                .low = 0,
                .high = 0.25,
                .fallback = 0.1,
                .unit = "a share, 0 to 0.25",
                .help = "of the packets" },
    [BURST] = { .key = "burst",
                .type = SIM_PARAM_DURATION,
                .low = 1e6,
                .high = 60e9,
                .fallback = 0,
                .help = "all are lost, for so long on average; default: each for itself" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    struct sim_impairment i = path_of(v);
    const double share = v[SHARE].number;
    if (v[BURST].duration > 0) { /* bad for share = p / (p + r) of the time, 1/r steps at once */
        const double r = 1.0 / STEPS;
        i.add.burst = (struct sim_burst){
            .p = r * share / (1 - share), .r = r, .bad = 1, .slot = v[BURST].duration / STEPS
        };
    } else {
        i.add.loss = share;
    }
    sim_world_impair(w, &i, begins);
}

extern const struct sim_fault_kind sim_fault_packet_loss;
const struct sim_fault_kind sim_fault_packet_loss = {
    .name = "packet_loss",
    .help = "packets get lost",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

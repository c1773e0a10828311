/* SPDX-License-Identifier: GPL-3.0-or-later
 * Packets get lost by chance, beside what links lose anyway.  A quarter at most: what a connection
 * repairs was decided when it was sent, so a path that loses nearly all is a partition. */
#include "sim/faults/fault.h"
#include "sim/faults/path.h"
#include "sim/world/control.h"

enum { SHARE = PATH_PARAMS };

static const struct sim_fault_param params[] = {
    PATH_TABLE,
    [SHARE] = { .key = "share",
                .type = SIM_PARAM_NUMBER,
                .low = 0,
                .high = 0.25,
                .fallback = 0.1,
                .unit = "a share, 0 to 0.25",
                .help = "of the packets" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    struct sim_impairment i = path_of(v);
    i.add.loss = v[SHARE].number;
    sim_world_impair(w, &i, begins);
}

static void begin(struct sim_world *w, const union sim_fault_value *v)
{
    apply(w, v, true);
}

static void end(struct sim_world *w, const union sim_fault_value *v)
{
    apply(w, v, false);
}

extern const struct sim_fault_kind sim_fault_packet_loss;
const struct sim_fault_kind sim_fault_packet_loss = {
    .name = "packet_loss",
    .help = "packets get lost",
    .params = params,
    .n_params = SW_LEN(params),
    .begin = begin,
    .end = end,
};

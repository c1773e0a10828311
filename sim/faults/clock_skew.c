/* SPDX-License-Identifier: GPL-3.0-or-later
 * The wall clock runs too fast or too slow, and is set right at the end. */
#include "sim/faults/fault.h"
#include "sim/world/control.h"

enum { NODE, PPM, RUNS };

static const struct sim_fault_param params[] = {
    [NODE] = { .key = "node", .type = SIM_PARAM_NODE, .required = true, .help = "which one" },
    [PPM] = { .key = "ppm",
              .type = SIM_PARAM_NUMBER,
              .low = 0,
              .high = 1e6,
              .fallback = 500,
              .unit = "parts per million, 0 to 1e6",
              .help = "how much" },
    [RUNS] = { .key = "runs",
               .type = SIM_PARAM_CHOICE,
               .choices = "fast|slow",
               .help = "which way" },
};

static void apply(struct sim_world *w, const union sim_fault_value *v, bool begins)
{
    const double ppm = v[PPM].number;
    sim_world_affect(w, SIM_CLOCK_DRIFT, v[NODE].index, v[RUNS].index == 0 ? ppm : -ppm, begins);
}

extern const struct sim_fault_kind sim_fault_clock_skew;
const struct sim_fault_kind sim_fault_clock_skew = {
    .name = "clock_skew",
    .help = "a wall clock drifts",
    .params = params,
    .n_params = SW_LEN(params),
    .apply = apply,
};

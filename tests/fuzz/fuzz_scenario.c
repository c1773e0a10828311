/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any bytes as a scenario file: an error that says where and what, or a scenario, never a crash. */
#include "sim/scenario/scenario.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sim_scenario *s = NULL;
    struct sw_diag d = { 0 };
    if (sim_scenario_parse("fuzz/x.yaml", (const char *)data, size, NULL, &s, &d) == 0) {
        sim_scenario_free(s);
    } else if (d.text[0] == '\0' || s != NULL) {
        __builtin_trap(); /* every refusal explains itself, and leaves nothing */
    }
    return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * The registry of oracles. */
#include "sim/world/world.h"

#include <string.h>

#define SIM_ORACLE(name) extern const struct sim_watcher sim_oracle_##name;
#include "sim/oracles/oracles.def"
#undef SIM_ORACLE

static const struct sim_watcher *const registry[] = {
#define SIM_ORACLE(name) &sim_oracle_##name,
#include "sim/oracles/oracles.def"
#undef SIM_ORACLE
};

const struct sim_watcher *sim_oracle_at(size_t i)
{
    return i < SW_LEN(registry) ? registry[i] : NULL;
}

const struct sim_watcher *sim_oracle_find(const char *name)
{
    for (size_t i = 0; i < SW_LEN(registry); i++) {
        if (strcmp(registry[i]->name, name) == 0) {
            return registry[i];
        }
    }
    return NULL;
}

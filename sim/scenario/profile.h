/* SPDX-License-Identifier: GPL-3.0-or-later
 * A processor's profile: what operations cost on one machine, as `swarmsim calibrate` writes it. */
#ifndef SIM_SCENARIO_PROFILE_H
#define SIM_SCENARIO_PROFILE_H

#include "node/conf/yaml.h"
#include "node/core/job.h"

struct sim_profile {
    char *machine;
    uint32_t repetitions;
    sw_dur query, forward, peer, urgent;
    double work[SW_WORK_COUNT]; /* ns a byte */
};

extern const struct sw_yaml_table sim_profile_table;

/* Errors as sw_yaml_read and sw_yaml_bind; @out is to be released in any case. */
int sim_profile_read(const char *path, struct sim_profile *out, struct sw_diag *d);
void sim_profile_release(struct sim_profile *p);

#endif

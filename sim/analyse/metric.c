/* SPDX-License-Identifier: GPL-3.0-or-later
 * The registry of metrics. */
#include "sim/analyse/metric.h"

#include <string.h>

#define SIM_METRIC_GROUP(x) extern const struct sim_metric_group sim_metric_group_##x;
#include "sim/analyse/metrics.def"
#undef SIM_METRIC_GROUP

static const struct sim_metric_group *const groups[] = {
#define SIM_METRIC_GROUP(x) &sim_metric_group_##x,
#include "sim/analyse/metrics.def"
#undef SIM_METRIC_GROUP
};

const struct sim_metric_group *sim_metric_group_at(size_t i)
{
    return i < SW_LEN(groups) ? groups[i] : NULL;
}

const struct sim_metric *sim_metric_find(const char *name, size_t *group, size_t *index)
{
    for (size_t g = 0; g < SW_LEN(groups); g++) {
        for (size_t i = 0; i < groups[g]->n_metrics; i++) {
            if (strcmp(groups[g]->metrics[i].name, name) == 0) {
                if (group != NULL) {
                    *group = g;
                }
                if (index != NULL) {
                    *index = i;
                }
                return &groups[g]->metrics[i];
            }
        }
    }
    return NULL;
}

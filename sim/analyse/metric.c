/* SPDX-License-Identifier: GPL-3.0-or-later
 * The registry of metrics. */
#include "sim/analyse/metric.h"
#include "node/conf/yaml.h"
#include "sim/analyse/hist.h"

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

double sim_metric_error(size_t group, size_t index)
{
    return index < groups[group]->n_quantiles ? SIM_HIST_ERROR : 0;
}

int sim_metric_unknown(const char *name, struct sw_diag *d)
{
    const char *names[128];
    size_t n = 0;
    const struct sim_metric_group *g;
    for (size_t i = 0; (g = sim_metric_group_at(i)) != NULL; i++) {
        for (size_t k = 0; k < g->n_metrics && n < SW_LEN(names); k++) {
            names[n++] = g->metrics[k].name;
        }
    }
    const char *near = sw_yaml_nearest(name, names, n);
    return sw_diag_set(d, SW_ERR_NOTFOUND, "no metric is called '%.40s' (%s%s%s", name,
                       near != NULL ? "did you mean '" : "see swarmsim list metrics",
                       near != NULL ? near : "", near != NULL ? "'?)" : ")");
}

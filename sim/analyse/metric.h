/* SPDX-License-Identifier: GPL-3.0-or-later
 * Metrics: what is measured in a run.  A group of metrics is one file in metrics/ and one line
 * in metrics.def; it watches the world and says its values when the run has ended.
 *
 * Values are in SI units (seconds, bytes, shares of 1), NaN when there was nothing to measure. */
#ifndef SIM_METRIC_H
#define SIM_METRIC_H

#include "sim/world/watch.h"

struct sim_rows;

struct sim_metric {
    const char *name; /* "dns.latency.p99" */
    const char *unit; /* "s", "B", "1" (a share), "" (a count) */
    const char *help; /* one line: what it is, over which window */
    bool windowed;    /* may be asked `during FAULT` */
};

struct sim_metric_group {
    const char *name;
    const struct sim_metric *metrics;
    size_t n_metrics;
    size_t n_quantiles;         /* the first so many are read from a sim_hist, and have its error */
    struct sim_watcher watcher; /* its self is what the functions below get */
    /* Metric @i over the whole run after warm-up, or during the fault kind @during. */
    double (*value)(void *self, struct sim_world *w, size_t i, const char *during);
    /* Series and histograms of the run; NULL when it has none. */
    void (*emit)(void *self, struct sim_world *w, struct sim_rows *rows);
};

/* Registered groups in registry order; NULL past the end. */
const struct sim_metric_group *sim_metric_group_at(size_t i);
/* The metric called @name, or NULL.  @group and @index, when not NULL, say where it is. */
const struct sim_metric *sim_metric_find(const char *name, size_t *group, size_t *index);

/* How far a value of metric @index of group @group may be from what it was read as, relative:
 * SIM_HIST_ERROR for quantiles, otherwise 0. */
double sim_metric_error(size_t group, size_t index);

/* Say in @d that no metric is called @name, and which one may be meant; SW_ERR_NOTFOUND. */
int sim_metric_unknown(const char *name, struct sw_diag *d);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Series of a study as columns of a table, and the plot of one.  For sim/analyse only. */
#ifndef SIM_PLOT_TABLE_H
#define SIM_PLOT_TABLE_H

#include "sim/analyse/plot.h"

/* One row an interval, a column a series, NaN where it has no value.  The caller frees @v. */
struct sim_plot_table {
    size_t rows, columns;
    double *v;
};

/* All NaN.  Errors: SW_ERR_NOMEM. */
int sim_plot_table_init(struct sim_plots *p, struct sim_plot_table *t, size_t columns);
/* Fill @column with the mean over runs.  Errors: SW_ERR_MALFORMED. */
int sim_plot_series(struct sim_plots *p, struct sim_plot_table *t, size_t column, const char *arm,
                    const char *metric, const char *entity);
/* "swarm: @what; mean of 20 runs" */
void sim_plot_subtitle(const struct sim_plots *p, size_t arm, const char *what, char *out,
                       size_t cap);
/* The data, the script around @script, and what @special appends to it; nothing where no row has
 * a value. */
int sim_plot_table_draw(struct sim_plots *p, const struct sim_plot_head *head,
                        const struct sim_plot_table *t, const char *special, const char *script);

#endif

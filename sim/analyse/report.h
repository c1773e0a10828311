/* SPDX-License-Identifier: GPL-3.0-or-later
 * Plots of a study, by gnuplot: everything is a query over the database (results/queries).  The
 * scripts and their data are kept in OUT/plots, so that a plot can be made anew by hand. */
#ifndef SIM_REPORT_H
#define SIM_REPORT_H

#include "node/base/err.h"
#include "node/base/types.h"

struct sim_comparison;

struct sim_report_options {
    const char *database;
    const char *out;                         /* folder that exists */
    const struct sim_comparison *comparison; /* judged: draw only that, as intervals; NULL: all */
    /* Of what is drawn as intervals when all is: as in sim/analyse/compare.h, NULL the usual. */
    const char *metrics, *baseline;
};

/* Write OUT/NAME.svg and .png: latency, availability, answered, trails; with several
 * configurations one of each a configuration, and a comparison; when these ran with the same seeds,
 * several, their means as intervals.  Plots without data are left out.
 * Returns how many were drawn.
 * Errors: those of sim_comparison_add_list and sim_comparison_base, SW_ERR_UNREACHABLE (gnuplot is
 * not installed), SW_ERR_MALFORMED (no study's database, or one without runs), SW_ERR_IO,
 * SW_ERR_STATE (gnuplot failed), SW_ERR_NOMEM. */
int sim_report(const struct sim_report_options *o, struct sw_diag *d);

/* How many runs the last call asked for, and how many of those are stored, over all
 * configurations. */
struct sim_report_progress {
    uint64_t wanted, stored;
};
/* Errors: SW_ERR_MALFORMED, SW_ERR_IO. */
int sim_report_progress(const char *database, struct sim_report_progress *out, struct sw_diag *d);

#endif

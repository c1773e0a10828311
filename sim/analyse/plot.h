/* SPDX-License-Identifier: GPL-3.0-or-later
 * From a study's database to gnuplot's scripts and data.  For sim/analyse only. */
#ifndef SIM_PLOT_H
#define SIM_PLOT_H

#include "sim/analyse/report.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SIM_PLOT_ARMS 16
#define SIM_PLOT_NAME ((size_t)64)

/* The study that is plotted. */
struct sim_plots {
    sqlite3 *sq;
    char folder[600]; /* OUT/plots */
    struct sw_diag *d;
    int64_t study;
    char name[SIM_PLOT_NAME];
    char question[512];
    double warmup, duration, interval, end;  /* s; series end at @end */
    char arms[SIM_PLOT_ARMS][SIM_PLOT_NAME]; /* configurations; one, "", when there are none */
    int64_t runs[SIM_PLOT_ARMS];
    size_t n_arms;
    int drawn; /* plots so far */
};

/* A query of results/queries with its parameters bound: ?1 study, ?2 configuration and so on.
 * NULL with the diag set when it can't be made; finalise it. */
sqlite3_stmt *sim_plot_query(struct sim_plots *p, const char *sql, const char *configuration,
                             const char *three, const char *four);
/* Open @name in the plots folder for writing; NULL with the diag set. */
FILE *sim_plot_open(struct sim_plots *p, const char *name);
/* Close it; SW_ERR_IO with the diag set when something did not reach the disk. */
int sim_plot_close(struct sim_plots *p, FILE *f, const char *name);

/* What a script begins with: names, times, titles, faults as shaded areas. */
struct sim_plot_head {
    const char *kind; /* "latency" */
    const char *arm;  /* configuration; "" none */
    const char *title, *subtitle;
    bool labels;           /* name the faults beside their areas */
    const char *faults_of; /* the configuration whose faults are shown; NULL: arm's */
};
/* Begin the script KIND.gp (or ARM-KIND.gp) with @head and the style; append what is special to
 * it, then pass it to sim_plot_finish with the rest of its text. */
FILE *sim_plot_begin(struct sim_plots *p, const struct sim_plot_head *head);
int sim_plot_finish(struct sim_plots *p, const struct sim_plot_head *head, FILE *f,
                    const char *script);
/* "latency", or "swarm-latency": what files of this plot are called. */
void sim_plot_image(const struct sim_plot_head *head, char out[2 * SIM_PLOT_NAME]);
/* @text as a string of gnuplot's. */
void sim_plot_text(FILE *f, const char *text);

/* Each writes its data and script and runs gnuplot. */
int sim_plot_latency(struct sim_plots *p, size_t arm);
int sim_plot_availability(struct sim_plots *p, size_t arm);
int sim_plot_answered(struct sim_plots *p, size_t arm);
int sim_plot_sent(struct sim_plots *p, size_t arm);
int sim_plot_load(struct sim_plots *p, size_t arm);
int sim_plot_trails(struct sim_plots *p, size_t arm);
int sim_plot_members(struct sim_plots *p, size_t arm);
int sim_plot_comparison(struct sim_plots *p);
int sim_plot_intervals(struct sim_plots *p, const struct sim_comparison *c);
/* The same of what is stored, where it is a comparison (report.h). */
int sim_plot_stored_intervals(struct sim_plots *p, const struct sim_report_options *o);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmsim report: a study's plots, made anew from its database. */
#define _POSIX_C_SOURCE 200809L
#include "sim/analyse/report.h"
#include "sim/verbs/verb.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* What a killed study shows is true of the runs that it stored, and of no more. */
static int tell_progress(const char *database)
{
    struct sw_diag d = { 0 };
    struct sim_report_progress p;
    const int err = sim_report_progress(database, &p, &d);
    if (err != 0) {
        return sim_quit(sim_exit_of(err), "%s", d.text);
    }
    if (p.stored < p.wanted) {
        (void)printf("runs      %llu of %llu: the study was not finished (swarmsim run or compare "
                     "with the same --out goes on)\n",
                     (unsigned long long)p.stored, (unsigned long long)p.wanted);
    } else {
        (void)printf("runs      %llu\n", (unsigned long long)p.stored);
    }
    return 0;
}

static int run(int argc, char **argv)
{
    const char *database = NULL;
    const char *out = NULL;
    struct sim_report_options o = { 0 };
    const struct sim_option options[] = {
        { "--out", false, &out },
        { "--metric", false, &o.metrics },
        { "--baseline", false, &o.baseline },
    };
    size_t n = 0;
    if (sim_parse_options(argc, argv, options, SW_LEN(options), &database, 1, &n) != 0) {
        return SIM_EXIT_USAGE;
    }
    if (n == 0) {
        return sim_quit(SIM_EXIT_USAGE, "report needs a database (results/runs/NAME/study.db)");
    }
    char inside[SIM_STUDY_PATH];
    database = sim_study_in(database, inside);
    struct stat st;
    if (stat(database, &st) != 0) {
        return sim_quit(SIM_EXIT_USAGE, "%s: %s", database, strerror(errno));
    }
    char folder[512];
    int code = sim_choose_folder(database, out, "", folder, sizeof folder);
    if (code == 0) {
        code = tell_progress(database);
    }
    if (code != 0) {
        return code;
    }
    struct sw_diag d = { 0 };
    o.database = database;
    o.out = folder;
    const int err = sim_report(&o, &d);
    if (err < 0) {
        /* gnuplot's own failure is the environment's */
        return sim_quit(err == SW_ERR_STATE ? SIM_EXIT_ENVIRONMENT : sim_exit_of(err), "%s",
                        d.text);
    }
    if (err == 0) {
        (void)printf("plots     none: no client asked anything\n");
        return SIM_EXIT_OK;
    }
    (void)printf("plots     %d in %s/*.svg, *.png\nscripts   %s/plots\n", err, folder, folder);
    return SIM_EXIT_OK;
}

extern const struct sim_verb sim_verb_report;
const struct sim_verb sim_verb_report = {
    .name = "report",
    .usage = "STUDY.db|DIR [--metric M,...] [--baseline NAME] [--out DIR]",
    .help = "Draws a study's plots as SVG and PNG: latency, availability, who answered, who\n"
            "sent what where, load against capacity, trails;\n"
            "with several configurations one set each, and a comparison, and what compare draws:\n"
            "means with their intervals (of the metrics and beside the baseline that it takes by\n"
            "itself, unless others are named).  Scripts and data stay in DIR/plots (default:\n"
            "beside the database).  Says so when runs are missing that were asked for; works\n"
            "while they run.  Needs gnuplot.\n",
    .run = run,
};

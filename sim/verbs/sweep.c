/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmsim sweep: a study's points over its scenarios and seeds, whole or in shards. */
#define _POSIX_C_SOURCE 200809L
#include "sim/verbs/sweep.h"
#include "sim/verbs/study.h"
#include "sim/verbs/verb.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct command {
    const char *study, *policy, *jobs, *shard, *json, *out, *no_plots;
    uint64_t number, of; /* shard, from 1; 1 of 1: everything */
    char folder[512], database[600];
    struct sim_sweep sweep;
};

static int parse(int argc, char **argv, struct command *c)
{
    const struct sim_option options[] = {
        { "--policy", false, &c->policy }, { "-j", false, &c->jobs },
        { "--shard", false, &c->shard },   { "--json", true, &c->json },
        { "--out", false, &c->out },       { "--no-plots", true, &c->no_plots },
    };
    size_t n = 0;
    uint64_t jobs = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
    int err = sim_parse_options(argc, argv, options, SW_LEN(options), &c->study, 1, &n);
    if (err == 0 && n == 0) {
        err = sim_quit(SW_ERR_MALFORMED, "sweep needs a study (see swarmsim sweep --help)");
    }
    if (err == 0 && c->jobs != NULL) {
        err = sim_parse_number("-j", c->jobs, 1, &jobs);
    }
    c->sweep.lab.jobs = (uint32_t)(jobs < 1024 ? jobs : 1024);
    c->number = c->of = 1;
    return err == 0 && c->shard != NULL ? sim_parse_shard(c->shard, c->out, &c->number, &c->of)
                                        : err;
}

/* The folder, and the database in it: a shard has its own. */
static int open_lab(struct command *c, struct sw_diag *d)
{
    int err = sim_study_folder(c->out, c->sweep.file.name.s, c->folder, d);
    if (c->shard != NULL) {
        (void)snprintf(c->database, sizeof c->database, "%s/shard-%llu-of-%llu.db", c->folder,
                       (unsigned long long)c->number, (unsigned long long)c->of);
    } else {
        (void)snprintf(c->database, sizeof c->database, "%s/study.db", c->folder);
    }
    c->sweep.lab.database = c->database;
    return err == 0 ? sim_lab_open(&c->sweep.lab, d) : err;
}

static void tell_shard(const struct command *c)
{
    (void)fprintf(c->json != NULL ? stderr : stdout,
                  "shard %llu of %llu: %llu runs, %llu of them stored already, in %s\n",
                  (unsigned long long)c->number, (unsigned long long)c->of,
                  (unsigned long long)c->sweep.lab.tried, (unsigned long long)c->sweep.lab.reused,
                  c->database);
}

/* The whole sweep is there: tables and plots. */
static int conclude(struct command *c, struct sw_diag *d)
{
    FILE *words = c->json != NULL ? stderr : stdout;
    int err = sim_sweep_judge(&c->sweep, d);
    if (err == 0) {
        err = sim_sweep_tables(&c->sweep, c->folder, d);
    }
    if (err != 0) {
        return err;
    }
    (c->json != NULL ? sim_sweep_print_json : sim_sweep_print)(&c->sweep, stdout);
    (void)fprintf(words, "\ndatabase  %s\ntables    %s/points.csv, effects.csv\n", c->database,
                  c->folder);
    if (c->no_plots == NULL) {
        struct sw_diag why = { 0 };
        const int drawn = sim_sweep_plot(&c->sweep, c->folder, &why);
        if (drawn >= 0) {
            (void)fprintf(words, "plots     %d in %s/response-*.svg, *.png\n", drawn, c->folder);
        } else {
            (void)fprintf(stderr, "swarmsim: no plots: %s\n", why.text);
        }
    }
    return 0;
}

static int execute(struct command *c)
{
    struct sw_diag d = { 0 };
    int err = sim_sweep_read(&c->sweep, c->study, c->policy, &d);
    if (err != 0) {
        return sim_quit(sim_exit_of_input(err), "%s", d.text);
    }
    err = open_lab(c, &d);
    if (err == 0) {
        err = sim_sweep_run(&c->sweep, c->number - 1, c->of, &d);
    }
    if (err == 0 && c->shard != NULL) {
        tell_shard(c);
        return SIM_EXIT_OK;
    }
    if (err == 0) {
        err = conclude(c, &d);
    }
    if (err != 0) {
        return sim_quit(sim_exit_of(err), "%s", d.text);
    }
    return sim_sweep_print_complaints(&c->sweep, stderr) > 0 ? SIM_EXIT_FAILED : SIM_EXIT_OK;
}

static int run(int argc, char **argv)
{
    struct command *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return sim_quit(SIM_EXIT_ENVIRONMENT, "out of memory");
    }
    const int code = parse(argc, argv, c) == 0 ? execute(c) : SIM_EXIT_USAGE;
    sim_sweep_fini(&c->sweep);
    free(c);
    return code;
}

extern const struct sim_verb sim_verb_sweep;
const struct sim_verb sim_verb_sweep = {
    .name = "sweep",
    .usage = "STUDY.yaml [--policy P] [-j N] [--shard I/N] [--out DIR] [--json]\n"
             "               [--no-plots]",
    .help =
        "Tries every point of a study's design over its scenarios and seeds, the same for all\n"
        "points, and writes DIR/study.db, points.csv (means, paired differences to the defaults\n"
        "with 95 % intervals and corrected p), effects.csv (what each parameter explains) and\n"
        "response plots.  `swarmsim list study` documents a study's keys.\n\n"
        "  --policy P   instead of the study's; the study is then called NAME-P\n"
        "  -j N         processes at once (default: as many as processors)\n"
        "  --shard I/N  only every N-th run, from the I-th on, into DIR/shard-I-of-N.db; when all\n"
        "               are there: swarmsim merge DIR/study.db DIR/shard-*.db, and sweep again\n"
        "               without --shard\n"
        "  --out DIR    default: results/runs/NAME-DATE; runs that are there already are reused:\n"
        "               a sweep that was killed goes on where it stopped\n"
        "  --json       one JSON object on standard output\n"
        "  --no-plots   no plots\n\n"
        "Exit code 1: an oracle stopped a run, or something was not measured.\n",
    .run = run,
};

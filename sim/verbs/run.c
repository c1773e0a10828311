/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmsim run: a scenario, its replications, its verdicts. */
#define _POSIX_C_SOURCE 200809L
#include "sim/analyse/report.h"
#include "sim/verbs/study.h"
#include "sim/verbs/verb.h"

#include <string.h>
#include <unistd.h>

#define MOST_SEEDS 100000U
#define DEFAULT_MOST 1000U /* runs with --until */

struct words {
    const char *seed, *seeds, *jobs, *json, *out, *configuration, *no_plots, *until, *most;
};

static int parse_numbers(const struct words *w, struct sim_study_options *o)
{
    uint64_t jobs = 0;
    int err = 0;
    if (w->seed != NULL && w->seeds != NULL) {
        (void)sim_quit(0, "--seed and --seeds exclude each other");
        return SW_ERR_MALFORMED;
    }
    if (w->seed != NULL) {
        err = sim_parse_number("--seed", w->seed, 0, &o->first_seed);
        o->n_seeds = 1;
    } else if (w->seeds != NULL) {
        err = sim_parse_seeds(w->seeds, MOST_SEEDS, &o->first_seed, &o->n_seeds);
    }
    o->seeds_given = w->seed != NULL || w->seeds != NULL;
    if (err == 0 && w->jobs != NULL) {
        err = sim_parse_number("-j", w->jobs, 1, &jobs);
        o->jobs = (uint32_t)(jobs < 1024 ? jobs : 1024);
    } else {
        const long n = sysconf(_SC_NPROCESSORS_ONLN);
        o->jobs = n > 0 && n <= 1024 ? (uint32_t)n : 1;
    }
    return err;
}

static int parse_until(const struct words *w, struct sim_study_options *o, struct sim_until *until)
{
    struct sw_diag d = { 0 };
    uint64_t most = DEFAULT_MOST;
    int err = 0;
    if (w->until == NULL) {
        return w->most == NULL ? 0 : sim_quit(SW_ERR_MALFORMED, "--max-seeds needs --until");
    }
    if (w->seeds != NULL) {
        return sim_quit(SW_ERR_MALFORMED, "--seeds and --until exclude each other (give --seed for "
                                          "the first and --max-seeds)");
    }
    if (w->most != NULL) {
        err = sim_parse_number("--max-seeds", w->most, 2, &most);
    }
    if (err == 0 && most > MOST_SEEDS) {
        err = sim_quit(SW_ERR_RANGE, "--max-seeds: at most %u", MOST_SEEDS);
    }
    if (err == 0) {
        err = sim_until_parse(until, w->until, most, &d);
        if (err != 0) {
            (void)sim_quit(0, "--until: %s", d.text);
        }
    }
    o->until = until;
    return err;
}

static int parse(int argc, char **argv, struct sim_study_options *o, struct sim_until *until,
                 bool *plots)
{
    struct words w = { 0 };
    const struct sim_option options[] = {
        { "--seed", false, &w.seed },
        { "--seeds", false, &w.seeds },
        { "-j", false, &w.jobs },
        { "--json", true, &w.json },
        { "--out", false, &w.out },
        { "--configuration", false, &w.configuration },
        { "--no-plots", true, &w.no_plots },
        { "--until", false, &w.until },
        { "--max-seeds", false, &w.most },
    };
    size_t n = 0;
    int err = sim_parse_options(argc, argv, options, SW_LEN(options), &o->scenario, 1, &n);
    if (err == 0 && n == 0) {
        (void)sim_quit(0, "run needs a scenario (see swarmsim run --help)");
        err = SW_ERR_MALFORMED;
    }
    if (err == 0) {
        err = parse_numbers(&w, o);
    }
    if (err == 0) {
        err = parse_until(&w, o, until);
    }
    o->out = w.out;
    o->json = w.json != NULL;
    o->configuration = w.configuration;
    *plots = w.no_plots == NULL;
    return err;
}

/* Plots are a help, not the result: without gnuplot the run is as good. */
static void plot(const struct sim_study *st, FILE *to)
{
    struct sw_diag d = { 0 };
    const struct sim_report_options o = { .database = st->database, .out = st->out };
    const int drawn = sim_report(&o, &d);
    if (drawn == 0) {
        (void)fprintf(to, "plots     none: no client asked anything\n");
    } else if (drawn > 0) {
        (void)fprintf(to, "plots     %d in %s/*.svg, *.png\n", drawn, st->out);
    } else {
        (void)fprintf(stderr, "swarmsim: no plots: %s\n", d.text);
    }
}

static int check_until(const struct sim_study *st)
{
    const struct sim_until *u = st->options.until;
    if (u == NULL) {
        return 0;
    }
    if (st->n_arms > SW_LEN(u->found)) {
        return sim_quit(SW_ERR_RANGE, "--until: more than %zu configurations", SW_LEN(u->found));
    }
    if (u->measure.during[0] != '\0' && !sim_study_has_fault(st, u->measure.during)) {
        return sim_quit(SW_ERR_NOTFOUND, "--until: no fault '%s' happens in this scenario",
                        u->measure.during);
    }
    return 0;
}

static int execute(struct sim_study *st, bool plots)
{
    struct sw_diag d = { 0 };
    int err = sim_study_load(st, &d);
    if (err != 0) {
        return sim_quit(sim_exit_of_input(err), "%s", d.text);
    }
    if (check_until(st) != 0) {
        return SIM_EXIT_USAGE;
    }
    sim_study_warn(st, stderr);
    err = sim_study_open(st, &d);
    if (err == 0) {
        if (!st->options.json) {
            (void)printf("database  %s\n", st->database);
            (void)fflush(stdout);
        }
        sim_study_on_interrupt(st);
        err = sim_study_run(st, &d);
    }
    if (err != 0) {
        return sim_quit(sim_exit_of(err), "%s", d.text);
    }
    if (st->options.json) {
        sim_study_print_json(st, stdout);
    } else {
        sim_study_print(st, stdout);
    }
    if (plots) {
        plot(st, st->options.json ? stderr : stdout);
    }
    return sim_study_failed(st) ? SIM_EXIT_FAILED : SIM_EXIT_OK;
}

static int run(int argc, char **argv)
{
    struct sim_study st = { 0 };
    struct sim_until until;
    bool plots = true;
    if (parse(argc, argv, &st.options, &until, &plots) != 0) {
        return SIM_EXIT_USAGE;
    }
    const int code = execute(&st, plots);
    sim_study_fini(&st);
    return code;
}

extern const struct sim_verb sim_verb_run;
const struct sim_verb sim_verb_run = {
    .name = "run",
    .usage = "SCENARIO [--seed N | --seeds A..B] [-j N] [--json] [--out DIR]\n"
             "               [--configuration NAME] [--no-plots]\n"
             "               [--until 'METRIC [during FAULT] +- P %'] [--max-seeds N]",
    .help =
        "Runs every configuration of the scenario with every seed, prints each expectation\n"
        "with its value, interval and margin, and writes DIR/study.db and plots.\n\n"
        "  --seed N, --seeds A..B  instead of the scenario's own\n"
        "  -j N                    processes at once (default: as many as processors)\n"
        "  --json                  one JSON object on standard output\n"
        "  --out DIR               default: results/runs/NAME-DATE; runs that are there\n"
        "                          already, of the same scenario and build, are reused: a\n"
        "                          study that was killed goes on where it stopped\n"
        "  --configuration NAME    only this one\n"
        "  --no-plots              only the database\n"
        "  --until 'M +- P %'      seeds until the 95 % interval of M's mean is within P % of it\n"
        "                          on either side, in every configuration: looks after 10, 20,\n"
        "                          40 ... runs, corrected for their number\n"
        "  --max-seeds N           with --until: no more than these; default 1000\n\n"
        "Exit code 1: an expectation failed, an oracle stopped a run, or --until was not "
        "reached.\n",
    .run = run,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmsim tune: the best point of a space, and what it is worth where the search never was. */
#define _POSIX_C_SOURCE 200809L
#include "sim/verbs/tune.h"
#include "sim/record/merge.h"
#include "sim/verbs/study.h"
#include "sim/verbs/verb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct command {
    const char *study, *policy, *optimiser, *budget, *seed, *sensitive, *jobs, *shard, *json, *out;
    uint64_t number, of; /* shard, from 1 */
    char folder[512], database[600], file[700];
    char line[1000]; /* the command, for who wants to repeat it */
    struct sim_tune tune;
};

static int unknown_optimiser(const char *name)
{
    char names[400] = "";
    size_t len = 0;
    for (size_t i = 0; sw_optimiser_at(i) != NULL && len < sizeof names; i++) {
        len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", i > 0 ? ", " : "",
                                sw_optimiser_at(i)->name);
    }
    return sim_quit(SW_ERR_NOTFOUND, "--optimiser: '%s' is none (there are %s)", name, names);
}

static int parse_numbers(struct command *c)
{
    struct sim_tune *t = &c->tune;
    uint64_t jobs = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t sensitive = 5;
    t->search_seed = 1;
    int err = sim_parse_number("--budget", c->budget, 1, &t->budget);
    if (err == 0 && t->budget > 1000000) {
        err = sim_quit(SW_ERR_RANGE, "--budget: at most 1000000");
    }
    if (err == 0 && c->seed != NULL) {
        err = sim_parse_number("--seed", c->seed, 1, &t->search_seed);
    }
    if (err == 0 && c->sensitive != NULL) {
        err = sim_parse_number("--sensitive", c->sensitive, 1, &sensitive);
    }
    if (err == 0 && c->jobs != NULL) {
        err = sim_parse_number("-j", c->jobs, 1, &jobs);
    }
    if (err == 0 && c->shard != NULL) {
        err = sim_parse_shard(c->shard, c->out, &c->number, &c->of);
        t->lab.shard = (size_t)c->number - 1;
        t->lab.shards = (size_t)c->of;
    }
    t->sensitive = (size_t)sensitive;
    t->lab.jobs = (uint32_t)(jobs < 1024 ? jobs : 1024);
    return err;
}

static int parse(int argc, char **argv, struct command *c)
{
    const struct sim_option options[] = {
        { "--policy", false, &c->policy },
        { "--optimiser", false, &c->optimiser },
        { "--budget", false, &c->budget },
        { "--seed", false, &c->seed },
        { "--sensitive", false, &c->sensitive },
        { "-j", false, &c->jobs },
        { "--json", true, &c->json },
        { "--out", false, &c->out },
        { "--shard", false, &c->shard },
    };
    size_t n = 0;
    if (sim_parse_options(argc, argv, options, SW_LEN(options), &c->study, 1, &n) != 0) {
        return SW_ERR_MALFORMED;
    }
    if (n == 0 || c->budget == NULL) {
        return sim_quit(SW_ERR_MALFORMED,
                        "tune needs a study and --budget N (see swarmsim tune --help)");
    }
    c->tune.optimiser = sw_optimiser_find(c->optimiser != NULL ? c->optimiser : "pso");
    if (c->tune.optimiser == NULL) {
        return unknown_optimiser(c->optimiser);
    }
    const int err = parse_numbers(c);
    (void)snprintf(c->line, sizeof c->line,
                   "swarmsim tune %s%s%s --optimiser %s --budget %llu --seed %llu --sensitive %zu",
                   c->study, c->policy != NULL ? " --policy " : "",
                   c->policy != NULL ? c->policy : "", c->tune.optimiser->name,
                   (unsigned long long)c->tune.budget, (unsigned long long)c->tune.search_seed,
                   c->tune.sensitive);
    return err;
}

static void tell(void *self, const char *words)
{
    const struct command *c = self;
    (void)fprintf(stderr, "swarmsim: %s (%llu of %llu trials)\n", words,
                  (unsigned long long)c->tune.spent, (unsigned long long)c->tune.budget);
}

static int write_file(const struct command *c, const char *path,
                      void (*put)(const struct sim_tune *, const char *, FILE *), struct sw_diag *d)
{
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        return sw_diag_set(d, SW_ERR_IO, "%.150s: %s", path, strerror(errno));
    }
    put(&c->tune, c->line, f);
    const bool bad = ferror(f) != 0;
    return fclose(f) == 0 && !bad ? 0 : sw_diag_set(d, SW_ERR_IO, "%.150s: can't be written", path);
}

/* A shard begins with all that is known so far. */
static int take_known(const struct command *c, struct sw_diag *d)
{
    char known[600];
    struct sim_db *db = NULL;
    struct sim_merged merged;
    (void)snprintf(known, sizeof known, "%s/study.db", c->folder);
    if (access(known, F_OK) != 0) {
        return 0;
    }
    int err = sim_db_open(c->database, &db, d);
    err = err == 0 ? sim_merge_database(db, known, &merged, d) : err;
    sim_db_close(db);
    return err;
}

static int search(struct command *c, struct sw_diag *d)
{
    char path[700];
    int err = sim_study_folder(c->out, c->tune.file.name.s, c->folder, d);
    (void)snprintf(c->database, sizeof c->database, "%s/study.db", c->folder);
    (void)snprintf(c->file, sizeof c->file, "%s/%s.yaml", c->folder, c->tune.file.name.s);
    (void)snprintf(path, sizeof path, "%s/search.csv", c->folder);
    c->tune.lab.database = c->database;
    if (err == 0 && c->shard != NULL) {
        (void)snprintf(c->database, sizeof c->database, "%s/shard-%llu-of-%llu.db", c->folder,
                       (unsigned long long)c->number, (unsigned long long)c->of);
        err = take_known(c, d);
    }
    err = err == 0 ? sim_lab_open(&c->tune.lab, d) : err;
    err = err == 0 ? sim_tune_search(&c->tune, d) : err;
    err = err == 0 ? sim_tune_judge(&c->tune, d) : err;
    if (err != 0 || c->shard != NULL) {
        return err; /* what was found is for the call without --shard to say */
    }
    err = write_file(c, c->file, sim_tune_write, d);
    return err == 0 ? write_file(c, path, sim_tune_write_search, d) : err;
}

static int execute(struct command *c)
{
    struct sw_diag d = { 0 };
    c->tune.self = c;
    c->tune.tell = tell;
    int err = sim_tune_read(&c->tune, c->study, c->policy, &d);
    if (err != 0) {
        return sim_quit(sim_exit_of_input(err), "%s", d.text);
    }
    err = search(c, &d);
    if (c->shard != NULL && (err == 0 || c->tune.lab.incomplete)) {
        (void)printf("shard %llu of %llu: %s\n", (unsigned long long)c->number,
                     (unsigned long long)c->of,
                     err == 0 ? "nothing is missing" : "its share of this round is done");
        return SIM_EXIT_OK;
    }
    if (err != 0) {
        return sim_quit(sim_exit_of(err), "%s", d.text);
    }
    if (c->json != NULL) {
        sim_tune_print_json(&c->tune, c->line, stdout);
    } else {
        sim_tune_print(&c->tune, stdout);
    }
    (void)fprintf(c->json != NULL ? stderr : stdout,
                  "\nparameters  %s\nsearch      %s/search.csv\ndatabase    %s\n", c->file,
                  c->folder, c->database);
    if (c->tune.lab.stopped > 0) {
        return sim_quit(SIM_EXIT_FAILED, "an oracle stopped %llu runs, the first: %s",
                        (unsigned long long)c->tune.lab.stopped, c->tune.lab.first);
    }
    return SIM_EXIT_OK;
}

static int run(int argc, char **argv)
{
    struct command *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return sim_quit(SIM_EXIT_ENVIRONMENT, "out of memory");
    }
    const int code = parse(argc, argv, c) == 0 ? execute(c) : SIM_EXIT_USAGE;
    sim_tune_fini(&c->tune);
    free(c);
    return code;
}

extern const struct sim_verb sim_verb_tune;
const struct sim_verb sim_verb_tune = {
    .name = "tune",
    .usage = "STUDY.yaml --budget N [--policy P] [--optimiser NAME] [--seed N]\n"
             "               [--sensitive K] [-j N] [--shard I/N] [--out DIR] [--json]",
    .help =
        "Finds the parameters with the lowest objective over the study's scenarios: screening by\n"
        "Sobol points and the defaults, successive halving, an optimiser over the parameters that\n"
        "matter most, and a race on fresh seeds.  Then the winner, the defaults and the study's\n"
        "baselines are judged on seeds and held-out scenarios that the search never saw, and\n"
        "DIR/NAME.yaml gets the parameters, how they were found, and both tables.  Its `routing`\n"
        "is what a scenario and a node's configuration have under that key, and evaluate takes\n"
        "the file as --params.  `swarmsim list study` documents a study's keys.\n\n"
        "  --budget N         trials of the search: runs of one scenario with one seed;\n"
        "                     50 for each scenario at least\n"
        "  --policy P         instead of the study's; the study is then called NAME-P\n"
        "  --optimiser NAME   see `swarmsim list optimisers`; default: pso\n"
        "  --seed N           of the search itself; default 1\n"
        "  --sensitive K      so many parameters for the optimiser; default 5\n"
        "  -j N               processes at once; changes nothing in what comes out\n"
        "  --shard I/N        only a share of the next round that is missing, into\n"
        "                     DIR/shard-I-of-N.db: see scripts/slurm-sweep\n"
        "  --out DIR          default: results/runs/NAME-DATE; trials that are there already are\n"
        "                     reused: a search that was killed goes on where it stopped\n"
        "  --json             one JSON object on standard output\n\n"
        "Exit code 1: an oracle stopped a run (which counts as worse than any other).\n",
    .run = run,
};

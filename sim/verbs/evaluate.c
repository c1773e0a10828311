/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmsim evaluate: one point, its objective and metrics, for somebody else's tuner. */
#define _POSIX_C_SOURCE 200809L
#include "sim/analyse/verdict.h"
#include "sim/search/lab.h"
#include "sim/verbs/json.h"
#include "sim/verbs/study.h"
#include "sim/verbs/verb.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct command {
    const char *params, *seeds, *policy, *jobs, *metrics, *json, *out;
    struct sim_lab lab;
    struct sim_point point;
    struct sim_trial *trials;
    size_t n;
    uint64_t first_seed, n_seeds;
    char database[600];
};

static int parse(int argc, char **argv, struct command *c)
{
    const struct sim_option options[] = {
        { "--params", false, &c->params },  { "--seeds", false, &c->seeds },
        { "--policy", false, &c->policy },  { "-j", false, &c->jobs },
        { "--metric", false, &c->metrics }, { "--json", true, &c->json },
        { "--out", false, &c->out },
    };
    uint64_t jobs = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
    int err = sim_parse_options(argc, argv, options, SW_LEN(options), c->lab.scenarios, SIM_FAMILY,
                                &c->lab.n_scenarios);
    if (err == 0 && c->lab.n_scenarios == 0) {
        err =
            sim_quit(SW_ERR_MALFORMED, "evaluate needs a scenario (see swarmsim evaluate --help)");
    }
    if (err == 0) {
        err =
            sim_parse_seeds(c->seeds != NULL ? c->seeds : "1", 100000, &c->first_seed, &c->n_seeds);
    }
    if (err == 0 && c->jobs != NULL) {
        err = sim_parse_number("-j", c->jobs, 1, &jobs);
    }
    c->lab.jobs = (uint32_t)(jobs < 1024 ? jobs : 1024);
    return err;
}

/* The point, the objective and what else is to be measured. */
static int prepare(struct command *c)
{
    struct sw_diag d = { 0 };
    struct sim_objective usual;
    int err = c->params != NULL ? sim_point_read(&c->point, c->params, &d) : 0;
    if (err == 0) {
        err = sim_point_route_by(&c->point, c->policy, &d);
    }
    if (err == 0) {
        err = sim_point_check(&c->point, &d);
    }
    sim_objective_usual(&usual);
    sim_lab_aim(&c->lab, &usual);
    char *list = c->metrics != NULL ? strdup(c->metrics) : NULL;
    char *rest = NULL;
    for (char *item = list != NULL ? strtok_r(list, ",", &rest) : NULL; item != NULL && err == 0;
         item = strtok_r(NULL, ",", &rest)) {
        size_t index;
        err = sim_lab_measure(&c->lab, item, &index, &d);
    }
    free(list);
    return err == 0 ? 0 : sim_quit(err, "%s", d.text);
}

static int make_trials(struct command *c)
{
    c->n = c->lab.n_scenarios * c->n_seeds;
    c->trials = calloc(c->n, sizeof *c->trials);
    for (size_t i = 0; c->trials != NULL && i < c->n; i++) {
        c->trials[i] = (struct sim_trial){ .point = &c->point,
                                           .scenario = i % c->lab.n_scenarios,
                                           .seed = c->first_seed + i / c->lab.n_scenarios };
    }
    c->lab.first_seed = c->first_seed;
    c->lab.seeds = c->n_seeds;
    return c->trials != NULL ? 0 : SW_ERR_NOMEM;
}

static double mean(const struct command *c, size_t measure)
{
    double sum = 0;
    for (size_t k = 0; k < c->n; k++) {
        sum += c->trials[k].values[measure];
    }
    return sum / (double)c->n;
}

static double mean_objective(const struct command *c)
{
    double sum = 0;
    for (size_t k = 0; k < c->n; k++) {
        sum += c->trials[k].objective;
    }
    return sum / (double)c->n;
}

static void print(const struct command *c)
{
    const double objective = mean_objective(c);
    if (isfinite(objective)) {
        (void)printf("objective %.6f\n", objective);
    } else {
        (void)printf("objective not measured\n");
    }
    for (size_t i = 0; i < c->lab.n_measures; i++) {
        char name[160];
        char value[40];
        sim_measure_name(&c->lab.measures[i], name, sizeof name);
        sim_show_value(value, sizeof value, c->lab.measures[i].metric->unit, mean(c, i));
        (void)printf("%-24s %s\n", name, value);
    }
    for (size_t i = 0; i < c->n; i++) {
        if (c->trials[i].complaint[0] != '\0') {
            (void)printf("\n%s, seed %llu: %s\n", c->lab.names[c->trials[i].scenario].s,
                         (unsigned long long)c->trials[i].seed, c->trials[i].complaint);
        }
    }
}

static void json_values(const struct command *c, const double *values)
{
    (void)fputs("{", stdout);
    for (size_t i = 0; i < c->lab.n_measures; i++) {
        char name[160];
        sim_measure_name(&c->lab.measures[i], name, sizeof name);
        (void)fputs(i > 0 ? "," : "", stdout);
        sim_json_string(stdout, name);
        (void)fputc(':', stdout);
        sim_json_number(stdout, values != NULL ? values[i] : mean(c, i));
    }
    (void)fputs("}", stdout);
}

static void print_json(const struct command *c)
{
    char build[300];
    sim_lab_build(build);
    (void)printf("{\"policy\":");
    sim_json_string(stdout, c->point.policy);
    (void)fputs(",\"parameters\":", stdout);
    sim_point_print_json(&c->point, stdout);
    (void)fputs(",\"build\":", stdout);
    sim_json_string(stdout, build);
    (void)fputs(",\n\"objective\":", stdout);
    sim_json_number(stdout, mean_objective(c));
    (void)fputs(",\n\"metrics\":", stdout);
    json_values(c, NULL);
    (void)fputs(",\n\"runs\":[", stdout);
    for (size_t i = 0; i < c->n; i++) {
        const struct sim_trial *t = &c->trials[i];
        (void)printf("%s\n{\"scenario\":", i > 0 ? "," : "");
        sim_json_string(stdout, c->lab.names[t->scenario].s);
        (void)printf(",\"seed\":%llu,\"objective\":", (unsigned long long)t->seed);
        sim_json_number(stdout, t->objective);
        (void)fputs(",\"metrics\":", stdout);
        json_values(c, t->values);
        if (t->complaint[0] != '\0') {
            (void)fputs(",\"complaint\":", stdout);
            sim_json_string(stdout, t->complaint);
        }
        (void)fputs("}", stdout);
    }
    (void)fputs("]}\n", stdout);
}

static int execute(struct command *c)
{
    struct sw_diag d = { 0 };
    if (make_trials(c) != 0) {
        return sim_quit(SIM_EXIT_ENVIRONMENT, "out of memory");
    }
    if (c->out != NULL) {
        char folder[512];
        const int err = sim_study_folder(c->out, "", folder, &d);
        if (err != 0) {
            return sim_quit(sim_exit_of(err), "%s", d.text);
        }
        (void)snprintf(c->database, sizeof c->database, "%s/study.db", folder);
        c->lab.database = c->database;
    }
    int err = sim_lab_open(&c->lab, &d);
    if (err != 0) {
        return sim_quit(sim_exit_of_input(err), "%s", d.text);
    }
    err = sim_lab_try(&c->lab, c->trials, c->n, &d);
    if (err != 0) {
        return sim_quit(sim_exit_of(err), "%s", d.text);
    }
    (c->json != NULL ? print_json : print)(c);
    return isfinite(mean_objective(c)) ? SIM_EXIT_OK : SIM_EXIT_FAILED;
}

static int run(int argc, char **argv)
{
    struct command *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return sim_quit(SIM_EXIT_ENVIRONMENT, "out of memory");
    }
    int code = SIM_EXIT_USAGE;
    if (parse(argc, argv, c) == 0 && prepare(c) == 0) {
        code = execute(c);
    }
    sim_lab_fini(&c->lab);
    free(c->trials);
    free(c);
    return code;
}

extern const struct sim_verb sim_verb_evaluate;
const struct sim_verb sim_verb_evaluate = {
    .name = "evaluate",
    .usage = "SCENARIO ... [--params FILE|K=V,...] [--policy P] [--seeds A..B]\n"
             "               [--metric M,...] [-j N] [--json] [--out DIR]",
    .help = "Runs the scenarios with one set of parameters and prints the objective that\n"
            "`swarmsim tune` minimises, and the metrics behind it, as means over all runs: what a\n"
            "tuner from elsewhere needs to know.\n\n"
            "  --params K=V,...  parameters of the policy, and keys of the scenario by their path\n"
            "                    (network.wide.loss=1%, clients.0.rate=2/s)\n"
            "  --params FILE     the same from a file that `swarmsim tune` wrote, or like it\n"
            "  --policy P        the routing policy of every node; default: the scenario's own\n"
            "  --seeds A..B      default: 1\n"
            "  --metric M,...    further metrics\n"
            "  -j N              processes at once (default: as many as processors)\n"
            "  --json            one JSON object on standard output\n"
            "  --out DIR         keep every run in DIR/study.db, and reuse those that are there\n\n"
            "Exit code 1: an oracle stopped a run, or something was not measured.\n",
    .run = run,
};

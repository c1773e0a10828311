/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmsim verify: the same run in two fresh processes must leave the same trace. */
#define _GNU_SOURCE
#include "sim/verbs/checkpoint.h"
#include "sim/verbs/verb.h"
#include "sim/world/world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_SEEDS 100000U

/* ---- one process: write what is compared ---- */

/* The trace hash at every checkpoint, or everything traced in @gap. */
static int write_run(const char *path, const char *configuration, uint64_t seed,
                     const struct sim_gap *gap)
{
    struct sw_diag d = { 0 };
    struct sim_scenario *s = NULL;
    struct sim_world *w = NULL;
    int err = sim_scenario_load(path, configuration, &s, &d);
    if (err == 0) {
        err = sim_world_new(s, seed, &w, &d);
    }
    if (err == 0) {
        err = gap == NULL ? sim_write_checkpoints(w, stdout) : sim_write_traced(w, gap, stdout);
    }
    if (err != 0) {
        (void)sim_quit(0, "%s", d.text[0] != '\0' ? d.text : sw_strerror(err));
    }
    sim_world_free(w);
    sim_scenario_free(s);
    return sim_exit_of(err);
}

/* ---- the two processes ---- */

struct process {
    pid_t pid;
    FILE *out;
};

static int start(struct process *p, const char *scenario, const char *configuration,
                 const char *seed, const char *gap)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return sim_quit(SIM_EXIT_ENVIRONMENT, "no pipe: %s", strerror(errno));
    }
    (void)fflush(NULL);
    p->pid = fork();
    if (p->pid == 0) {
        (void)dup2(fds[1], STDOUT_FILENO);
        (void)execl("/proc/self/exe", "swarmsim", "verify", "--checkpoints", "--seed", seed,
                    "--between", gap, "--configuration", configuration, "--", scenario,
                    (char *)NULL);
        _exit(SIM_EXIT_ENVIRONMENT);
    }
    (void)close(fds[1]);
    p->out = p->pid > 0 ? fdopen(fds[0], "r") : NULL;
    if (p->out == NULL) {
        (void)close(fds[0]);
        return sim_quit(SIM_EXIT_ENVIRONMENT, "no process: %s", strerror(errno));
    }
    return 0;
}

static int finish(struct process *p)
{
    int status = 0;
    if (p->out != NULL) {
        (void)fclose(p->out);
    }
    while (p->pid > 0 && waitpid(p->pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
        return sim_quit(SIM_EXIT_INTERNAL, "a run's process died: %s", strsignal(WTERMSIG(status)));
    }
    return WEXITSTATUS(status);
}

/* What two fresh processes write, compared by @compare. */
struct pair {
    const char *scenario, *configuration, *seed;
    const struct sim_scenario *s;
    struct sim_gap gap;
};

static int compare_hashes(struct pair *x, FILE *one, FILE *other)
{
    return sim_compare_checkpoints(one, other, x->seed, stdout, &x->gap);
}

static int compare_events(struct pair *x, FILE *one, FILE *other)
{
    (void)sim_compare_traced(one, other, x->s, stdout);
    return SIM_EXIT_FAILED;
}

static int run_pair(struct pair *x, const char *gap,
                    int (*compare)(struct pair *x, FILE *one, FILE *other))
{
    struct process p[2] = { { 0 } };
    int code = start(&p[0], x->scenario, x->configuration, x->seed, gap);
    if (code == 0) {
        code = start(&p[1], x->scenario, x->configuration, x->seed, gap);
    }
    if (code == 0) {
        code = compare(x, p[0].out, p[1].out);
    }
    for (size_t i = 0; i < SW_LEN(p); i++) {
        const int ended = finish(&p[i]);
        code = ended != SIM_EXIT_OK && (code == SIM_EXIT_OK || code == SIM_EXIT_INTERNAL) ? ended
                                                                                          : code;
    }
    return code;
}

static int verify_seed(const char *scenario, const char *configuration,
                       const struct sim_scenario *s, uint64_t seed)
{
    char text[32];
    char gap[64];
    struct pair x = { .scenario = scenario, .configuration = configuration, .seed = text, .s = s };
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    const int code = run_pair(&x, "", compare_hashes);
    if (code != SIM_EXIT_FAILED) {
        return code;
    }
    (void)snprintf(gap, sizeof gap, "%llu..%llu", (unsigned long long)x.gap.from,
                   (unsigned long long)x.gap.until);
    return run_pair(&x, gap, compare_events);
}

/* ---- the verb ---- */

/* Every configuration of the scenario, or the one that was named, with each seed. */
static int verify_all(const char *scenario, const char *only, uint64_t first, uint64_t n)
{
    struct sim_configuration *names = NULL;
    size_t count = 0;
    struct sw_diag d = { 0 };
    const int err = sim_configurations(scenario, &names, &count, &d);
    if (err != 0) {
        return sim_quit(sim_exit_of_input(err), "%s", d.text);
    }
    int code = SIM_EXIT_OK;
    const bool all = only == NULL && count > 0;
    for (size_t c = 0; c < (all ? count : 1); c++) {
        const char *name = all ? names[c].name.s : only != NULL ? only : "";
        struct sim_scenario *s = NULL;
        const int bad = sim_scenario_load(scenario, name, &s, &d); /* told once, not by each */
        if (bad != 0) {
            sim_scenario_free(s);
            code = sim_quit(sim_exit_of_input(bad), "%s", d.text);
            break;
        }
        if (all) {
            (void)printf("%s\n", name);
        }
        for (uint64_t i = 0; i < n && (code == SIM_EXIT_OK || code == SIM_EXIT_FAILED); i++) {
            const int this = verify_seed(scenario, name, s, first + i);
            code = this > code ? this : code;
        }
        sim_scenario_free(s);
    }
    sim_configurations_free(names);
    return code;
}

/* "1200000000..1260000000" */
static int parse_gap(const char *text, struct sim_gap *out)
{
    char *end = NULL;
    out->from = strtoull(text, &end, 10);
    const bool two = end != text && strncmp(end, "..", 2) == 0;
    const char *second = two ? end + 2 : text;
    out->until = strtoull(second, &end, 10);
    if (two && end != second && *end == '\0' && out->until > out->from) {
        return 0;
    }
    (void)sim_quit(0, "--between: '%s' is no range of nanoseconds (like 0..60000000)", text);
    return SW_ERR_MALFORMED;
}

static int parse_seed_words(const char *seed, const char *seeds, uint64_t *first, uint64_t *count)
{
    if (seed != NULL && seeds != NULL) {
        return sim_quit(SW_ERR_MALFORMED, "--seed and --seeds exclude each other");
    }
    if (seed != NULL) {
        return sim_parse_number("--seed", seed, 0, first);
    }
    return seeds != NULL ? sim_parse_seeds(seeds, MOST_SEEDS, first, count) : 0;
}

static int run(int argc, char **argv)
{
    const char *seed = NULL;
    const char *seeds = NULL;
    const char *configuration = NULL;
    const char *checkpoints = NULL;
    const char *between = NULL;
    const char *scenario = NULL;
    const struct sim_option options[] = {
        { "--seed", false, &seed },
        { "--seeds", false, &seeds },
        { "--configuration", false, &configuration },
        { "--checkpoints", true, &checkpoints },
        { "--between", false, &between },
    };
    struct sim_gap gap = { 0 };
    size_t n = 0;
    uint64_t first = 1;
    uint64_t count = 1;
    int err = sim_parse_options(argc, argv, options, SW_LEN(options), &scenario, 1, &n);
    if (err == 0 && n == 0) {
        return sim_quit(SIM_EXIT_USAGE, "verify needs a scenario (see swarmsim verify --help)");
    }
    if (err == 0) {
        err = parse_seed_words(seed, seeds, &first, &count);
    }
    if (err == 0 && between != NULL && between[0] != '\0') {
        err = parse_gap(between, &gap);
    }
    if (err == 0 && count > 1 && (checkpoints != NULL || gap.until > 0)) {
        err = sim_quit(SW_ERR_MALFORMED, "--checkpoints and --between print one seed's run");
    }
    if (err != 0) {
        return SIM_EXIT_USAGE;
    }
    if (checkpoints != NULL || gap.until > 0) {
        return write_run(scenario, configuration, first, gap.until > 0 ? &gap : NULL);
    }
    return verify_all(scenario, configuration, first, count);
}

extern const struct sim_verb sim_verb_verify;
const struct sim_verb sim_verb_verify = {
    .name = "verify",
    .usage = "SCENARIO [--seed N | --seeds A..B] [--configuration NAME] [--checkpoints]\n"
             "               [--between FROM..TO]",
    .help = "Runs each seed in two fresh processes and compares their trace hashes at a thousand\n"
            "checkpoints.  Equal: exit code 0.  Different: runs both once more, looks\n"
            "at everything between the last equal checkpoint and the next, and names the first\n"
            "event that differs; exit code 1.\n\n"
            "  --seed N, --seeds A..B  default: 1\n"
            "  --configuration NAME    only this one\n"
            "  --checkpoints           only print the time, events and hash at each checkpoint:\n"
            "                          to compare builds, compilers and machines\n"
            "  --between FROM..TO      only print what is traced between two simulated times, in\n"
            "                          nanoseconds: time, number of the entity, kind, hash\n",
    .run = run,
};

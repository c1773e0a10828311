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
#define CHECKPOINTS 1000U /* trace hashes a run is compared at */

/* ---- one process: say the trace hash at every checkpoint ---- */

static int write_checkpoints(const char *path, const char *configuration, uint64_t seed)
{
    struct sw_diag d = { 0 };
    struct sim_scenario *s = NULL;
    struct sim_world *w = NULL;
    struct sim_result r = { 0 };
    int err = sim_scenario_load(path, configuration, &s, &d);
    if (err == 0) {
        err = sim_world_new(s, seed, &w, &d);
    }
    for (uint64_t i = 1; err == 0 && i <= CHECKPOINTS; i++) {
        const sw_time until = i == CHECKPOINTS ? s->duration : s->duration / CHECKPOINTS * i;
        err = sim_world_run(w, until, &r);
        (void)printf("%.9f %llu %016llx\n", (double)sim_world_now(w) * 1e-9,
                     (unsigned long long)r.events, (unsigned long long)r.trace_hash);
        if (r.complaint[0] != '\0') {
            break; /* both must stop alike: the hashes so far are compared */
        }
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
                 const char *seed)
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
                    "--configuration", configuration, "--", scenario, (char *)NULL);
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
    return WIFEXITED(status) ? WEXITSTATUS(status) : SIM_EXIT_INTERNAL;
}

static int verify_seed(const char *scenario, const char *configuration, uint64_t seed)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    struct process p[2] = { { 0 } };
    int code = start(&p[0], scenario, configuration, text);
    if (code == 0) {
        code = start(&p[1], scenario, configuration, text);
    }
    if (code == 0) {
        code = sim_compare_checkpoints(p[0].out, p[1].out, text, stdout);
    }
    for (size_t i = 0; i < SW_LEN(p); i++) {
        const int ended = finish(&p[i]);
        code = ended != SIM_EXIT_OK && (code == SIM_EXIT_OK || code == SIM_EXIT_INTERNAL) ? ended
                                                                                          : code;
    }
    return code;
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
        sim_scenario_free(s);
        if (bad != 0) {
            code = sim_quit(sim_exit_of_input(bad), "%s", d.text);
            break;
        }
        if (all) {
            (void)printf("%s\n", name);
        }
        for (uint64_t i = 0; i < n && (code == SIM_EXIT_OK || code == SIM_EXIT_FAILED); i++) {
            const int this = verify_seed(scenario, name, first + i);
            code = this > code ? this : code;
        }
    }
    sim_configurations_free(names);
    return code;
}

static int run(int argc, char **argv)
{
    const char *seed = NULL;
    const char *seeds = NULL;
    const char *configuration = NULL;
    const char *checkpoints = NULL;
    const char *scenario = NULL;
    const struct sim_option options[] = {
        { "--seed", false, &seed },
        { "--seeds", false, &seeds },
        { "--configuration", false, &configuration },
        { "--checkpoints", true, &checkpoints },
    };
    size_t n = 0;
    uint64_t first = 1;
    uint64_t count = 1;
    int err = sim_parse_options(argc, argv, options, SW_LEN(options), &scenario, 1, &n);
    if (err == 0 && n == 0) {
        return sim_quit(SIM_EXIT_USAGE, "verify needs a scenario (see swarmsim verify --help)");
    }
    if (err == 0 && seed != NULL) {
        err = sim_parse_number("--seed", seed, 0, &first);
    } else if (err == 0 && seeds != NULL) {
        err = sim_parse_seeds(seeds, MOST_SEEDS, &first, &count);
    }
    if (err != 0) {
        return SIM_EXIT_USAGE;
    }
    if (checkpoints != NULL) {
        return write_checkpoints(scenario, configuration, first);
    }
    return verify_all(scenario, configuration, first, count);
}

extern const struct sim_verb sim_verb_verify;
const struct sim_verb sim_verb_verify = {
    .name = "verify",
    .usage = "SCENARIO [--seed N | --seeds A..B] [--configuration NAME] [--checkpoints]",
    .help = "Runs each seed in two fresh processes and compares their trace hashes at a thousand\n"
            "checkpoints.  Equal: exit code 0.  Different: says between which two simulated\n"
            "times, exit code 1.\n\n"
            "  --seed N, --seeds A..B  default: 1\n"
            "  --configuration NAME    only this one\n"
            "  --checkpoints           only print the time, events and hash at each checkpoint:\n"
            "                          to compare builds, compilers and machines\n",
    .run = run,
};

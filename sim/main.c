/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmsim: the simulator's command line. */
#define _POSIX_C_SOURCE 200809L
#include "node/conf/version.h"
#include "node/conf/yaml.h"
#include "sim/verbs/verb.h"
#include "sim/world/hugepages.h"

#include <signal.h>
#include <string.h>

static int usage(FILE *to)
{
    (void)fputs("swarmsim runs the nodes of SwarmDNS in a simulated world.\n\n"
                "usage: swarmsim VERB ...\n\n",
                to);
    const struct sim_verb *v;
    for (size_t i = 0; (v = sim_verb_at(i)) != NULL; i++) {
        (void)fprintf(to, "  swarmsim %s %s\n", v->name, v->usage);
    }
    (void)fputs("\n  swarmsim VERB --help      what a verb does\n"
                "  swarmsim --version        version, core digest, compiler, libraries\n\n"
                "exit codes: 0 done, expectations met; 1 an expectation or a check failed;\n"
                "  2 bad usage or input; 3 environment (missing program, full disk); 4 internal\n",
                to);
    return to == stdout ? SIM_EXIT_OK : SIM_EXIT_USAGE;
}

static int help(const struct sim_verb *v)
{
    (void)printf("usage: swarmsim %s %s\n\n%s", v->name, v->usage, v->help);
    return SIM_EXIT_OK;
}

static int unknown_verb(const char *word)
{
    const char *names[32];
    size_t n = 0;
    for (; n < SW_LEN(names) && sim_verb_at(n) != NULL; n++) {
        names[n] = sim_verb_at(n)->name;
    }
    const char *near = sw_yaml_nearest(word, names, n);
    return sim_quit(SIM_EXIT_USAGE, "unknown verb '%s' (%s%s%s", word,
                    near != NULL ? "did you mean '" : "see swarmsim --help",
                    near != NULL ? near : "", near != NULL ? "'?)" : ")");
}

/* Results that did not reach their reader are no success. */
static int flushed(int code)
{
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        return code == SIM_EXIT_OK ? sim_quit(SIM_EXIT_ENVIRONMENT, "standard output: write failed")
                                   : code;
    }
    return code;
}

int main(int argc, char **argv)
{
    /* a limit on files is an error of a write, told like a full disk, not the end of the process */
    (void)signal(SIGXFSZ, SIG_IGN);
    sim_want_hugepages();
    if (argc < 2) {
        return usage(stderr);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        return flushed(usage(stdout));
    }
    if (strcmp(argv[1], "--version") == 0) {
        return flushed(sw_version_print(stdout, "swarmsim") == 0 ? SIM_EXIT_OK
                                                                 : SIM_EXIT_ENVIRONMENT);
    }
    const struct sim_verb *v;
    for (size_t i = 0; (v = sim_verb_at(i)) != NULL; i++) {
        if (strcmp(v->name, argv[1]) == 0) {
            const bool asked =
                argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0);
            return flushed(asked ? help(v) : v->run(argc - 1, argv + 1));
        }
    }
    return unknown_verb(argv[1]);
}

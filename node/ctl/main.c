/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmctl: the operators' tool. */
#define _GNU_SOURCE
#include "node/conf/version.h"
#include "node/conf/yaml.h"
#include "node/ctl/ctl.h"

#include <signal.h>
#include <sodium.h>
#include <string.h>

static const struct ctl_verb ctl_verbs[] = {
    { "status", "what a node knows of itself and of the others", ctl_status },
    { "members", "who is in the swarm, as a node sees it", ctl_members },
    { "zones reload", "have a zone's master file read again", ctl_zones_reload },
    { "zones", "which versions of its zones a node and others hold", ctl_zones },
    { "promote", "make a node the primary of a zone", ctl_promote },
    { "health", "is a node ready? (exit code)", ctl_health },
    { "drain", "let a node finish and end", ctl_drain },
    { "ca init", "make a certificate authority", ctl_ca_init },
    { "ca csr", "make a key and a request", ctl_ca_csr },
    { "ca sign", "sign a request", ctl_ca_sign },
    { "ca show", "show a certificate or request", ctl_ca_show },
    { "backup key", "make the keys of a node's backups", ctl_backup_key },
    { "backup snapshot", "take a snapshot now", ctl_backup_snapshot },
    { "backup restore", "bring a set back on any node", ctl_backup_restore },
    { NULL, NULL, NULL },
};

/* All verbs, or those that begin with the word @group; how many that were. */
static unsigned print_verbs(FILE *to, const char *group)
{
    unsigned n = 0;
    const size_t len = strlen(group);
    for (const struct ctl_verb *v = ctl_verbs; v->name != NULL; v++) {
        if (len == 0 || (strncmp(v->name, group, len) == 0 && v->name[len] == ' ')) {
            (void)fprintf(to, "  %-16s  %s\n", v->name, v->help);
            n++;
        }
    }
    return n;
}

static void print_usage(FILE *to)
{
    (void)fputs("usage: swarmctl VERB [options]\n\nOperates a swarm of SwarmDNS nodes.\n\n", to);
    (void)print_verbs(to, "");
    (void)fputs("\nswarmctl VERB --help tells more; --version what this is.\n"
                "exit codes: 0 done; 1 done, but something failed; 2 bad usage or input; 3 the\n"
                "environment (unreachable, no permission, no space); 4 internal error\n",
                to);
}

/* How many words of @argv name the verb @v; 0: another is meant. */
static int matches(const struct ctl_verb *v, int argc, char **argv)
{
    const char *space = strchr(v->name, ' ');
    if (space == NULL) {
        return strcmp(v->name, argv[0]) == 0 ? 1 : 0;
    }
    const size_t first = (size_t)(space - v->name);
    return argc > 1 && strlen(argv[0]) == first && strncmp(v->name, argv[0], first) == 0 &&
                   strcmp(space + 1, argv[1]) == 0
               ? 2
               : 0;
}

static int no_verb(int argc, char **argv)
{
    char typed[64];
    const bool two = argc > 2 && argv[2][0] != '-';
    (void)snprintf(typed, sizeof typed, "%s%s%s", argv[1], two ? " " : "", two ? argv[2] : "");
    const char *names[SW_LEN(ctl_verbs)];
    size_t n = 0;
    for (; ctl_verbs[n].name != NULL; n++) {
        names[n] = ctl_verbs[n].name;
    }
    const char *near = sw_yaml_nearest(typed, names, n);
    (void)fprintf(stderr, "swarmctl: no verb '%s' (%s%s%s\n", typed,
                  near != NULL ? "did you mean '" : "try swarmctl --help", near != NULL ? near : "",
                  near != NULL ? "'?)" : ")");
    return CTL_BAD_INPUT;
}

static bool is_group(const char *word)
{
    const size_t len = strlen(word);
    for (const struct ctl_verb *v = ctl_verbs; v->name != NULL; v++) {
        if (strncmp(v->name, word, len) == 0 && v->name[len] == ' ') {
            return true;
        }
    }
    return false;
}

/* A group alone, `swarmctl backup`: which verbs it has. */
static int group_only(const char *group)
{
    (void)fprintf(stderr, "swarmctl: %s what?\n", group);
    (void)print_verbs(stderr, group);
    return CTL_BAD_INPUT;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return CTL_BAD_INPUT;
    }
    if (strcmp(argv[1], "--help") == 0) {
        print_usage(stdout);
        return CTL_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        return sw_version_print(stdout, "swarmctl") == 0 ? CTL_DONE : CTL_ENVIRONMENT;
    }
    if (sodium_init() < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        (void)fputs("swarmctl: no source of randomness\n", stderr);
        return CTL_ENVIRONMENT;
    }
    for (const struct ctl_verb *v = ctl_verbs; v->name != NULL; v++) {
        const int words = matches(v, argc - 1, argv + 1);
        if (words > 0) {
            const int code = v->run(argc - 1 - words, argv + 1 + words);
            return fflush(stdout) == 0 ? code : CTL_ENVIRONMENT;
        }
    }
    if (argc == 3 && strcmp(argv[2], "--help") == 0 && print_verbs(stdout, argv[1]) > 0) {
        return CTL_DONE;
    }
    return argc == 2 && is_group(argv[1]) ? group_only(argv[1]) : no_verb(argc, argv);
}

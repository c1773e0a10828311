/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmnode: the daemon. */
#define _GNU_SOURCE
#include "node/conf/version.h"
#include "node/live/host.h"
#include "node/live/log.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Exit codes that all programs of the project share. */
enum { EXIT_DONE = 0, EXIT_CHECK_FAILED = 1, EXIT_BAD_INPUT = 2, EXIT_ENVIRONMENT = 3 };

static const char usage[] =
    "usage: swarmnode --config FILE [--check-config]\n"
    "\n"
    "One SwarmDNS node: answers DNS, forwards to other nodes, keeps their backups.\n"
    "\n"
    "  --config FILE   its configuration (YAML)\n"
    "  --check-config  read and check the configuration and the certificates it names, then exit:\n"
    "                  0 good, 1 bad\n"
    "  --version       what this is, the digest of its core, and the libraries it was built with\n"
    "  --help          this text\n"
    "\n"
    "SIGHUP reads configuration and certificates again; what is bad changes nothing.\n"
    "SIGTERM finishes what is in flight, says goodbye to the other nodes, and ends.\n"
    "\n"
    "exit codes: 0 stopped as asked; 1 a check failed; 2 bad usage or configuration; 3 the\n"
    "environment is at fault (address in use, no permission)\n";

struct options {
    const char *config;
    bool check;
};

/* -1: go on; otherwise the exit code. */
static int parse(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {
        { "config", required_argument, NULL, 'c' },
        { "check-config", no_argument, NULL, 'k' },
        { "version", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        switch (c) {
        case 'c':
            o->config = optarg;
            break;
        case 'k':
            o->check = true;
            break;
        case 'v':
            return sw_version_print(stdout, "swarmnode") == 0 ? EXIT_DONE : EXIT_ENVIRONMENT;
        case 'h':
            (void)fputs(usage, stdout);
            return EXIT_DONE;
        default:
            (void)fputs("try swarmnode --help\n", stderr);
            return EXIT_BAD_INPUT;
        }
    }
    if (o->config == NULL || optind < argc) {
        (void)fputs(usage, stderr);
        return EXIT_BAD_INPUT;
    }
    return -1;
}

static int check_config(const char *path)
{
    struct sw_diag d = { "" };
    struct sw_node_file *file = NULL;
    struct sw_tls_context *tls = NULL;
    int err = sw_config_load(path, &file, &d);
    err = err != 0 ? err : live_tls_load(&file->host, &tls, &d);
    err = err != 0 ? err : live_check_identity(tls, &file->config, &d);
    if (err == 0) {
        (void)printf("%s: good\n", path);
    } else {
        (void)fprintf(stderr, "%s\n", d.text[0] != '\0' ? d.text : sw_strerror(err));
    }
    sw_tls_context_free(tls);
    sw_config_free(file);
    return err == 0 ? EXIT_DONE : EXIT_CHECK_FAILED;
}

/* Whose fault it is that the node can't start. */
static int exit_code_of(int err)
{
    switch (err) {
    case SW_ERR_MALFORMED:
    case SW_ERR_RANGE:
    case SW_ERR_NOTFOUND:
    case SW_ERR_STATE:
        return EXIT_BAD_INPUT;
    default:
        return EXIT_ENVIRONMENT;
    }
}

/* libuv reads this once, before the first job. */
static void size_thread_pool(const char *path)
{
    struct sw_node_file *file = NULL;
    if (sw_config_load(path, &file, NULL) == 0) {
        char text[16];
        (void)snprintf(text, sizeof text, "%u", file->host.jobs + 1); /* one looks up names */
        (void)setenv("UV_THREADPOOL_SIZE", text, 1);
    }
    sw_config_free(file);
}

/* A front holds many connections; the usual soft limit is for programs that use select(2). */
static void allow_many_files(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

int main(int argc, char **argv)
{
    struct options o = { NULL, false };
    const int parsed = parse(argc, argv, &o);
    if (parsed >= 0) {
        return parsed;
    }
    if (sodium_init() < 0) {
        (void)fputs("swarmnode: no source of randomness\n", stderr);
        return EXIT_ENVIRONMENT;
    }
    if (o.check) {
        return check_config(o.config);
    }
    size_thread_pool(o.config);
    allow_many_files();
    static struct live_host host;
    struct sw_diag d = { "" };
    const int err = live_host_open(&host, o.config, &d);
    int code = EXIT_DONE;
    if (err != 0) {
        (void)fprintf(stderr, "swarmnode: %s\n", d.text[0] != '\0' ? d.text : sw_strerror(err));
        code = exit_code_of(err);
    } else {
        code = live_host_run(&host);
    }
    live_host_close(&host);
    return code;
}

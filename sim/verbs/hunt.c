/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmsim hunt: look for what breaks, and say how to see it again. */
#define _POSIX_C_SOURCE 200809L
#include "sim/hunt/hunt.h"
#include "node/conf/version.h"
#include "node/conf/yaml.h"
#include "sim/analyse/stats.h"
#include "sim/verbs/json.h"
#include "sim/verbs/verb.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MOST_SCENARIOS 64U
#define TELL_EVERY 10.0 /* s, where there is no terminal */

struct command {
    const char *scenarios[MOST_SCENARIOS];
    struct sim_hunt h;
    bool json;
    bool terminal;
    double told;
};

/* ---- the command line ---- */

/* "5", "5..", "5..20" */
static int parse_seeds(const char *text, struct sim_hunt *h)
{
    const size_t n = strlen(text);
    uint64_t count = 0;
    char first[32];
    if (n > 2 && n < sizeof first && strcmp(text + n - 2, "..") == 0) {
        (void)snprintf(first, sizeof first, "%.*s", (int)(n - 2), text);
        return sim_parse_number("--seeds", first, 0, &h->first);
    }
    const int err = sim_parse_seeds(text, UINT32_MAX, &h->first, &count);
    h->last = h->first + count - 1;
    return err;
}

static int parse_time(const char *text, double *out)
{
    static const struct sw_yaml_field duration = { .type = SW_YAML_DURATION };
    sw_dur v = 0;
    if (sw_yaml_scalar(&duration, NULL, text, &v) != 0 || v == 0) {
        (void)sim_quit(0, "--time: '%s' is no duration (like 60s, 30m)", text);
        return SW_ERR_MALFORMED;
    }
    *out = (double)v * 1e-9;
    return 0;
}

static int parse(int argc, char **argv, struct command *c)
{
    const char *seeds = NULL;
    const char *time = NULL;
    const char *jobs = NULL;
    const char *json = NULL;
    const struct sim_option options[] = {
        { "--time", false, &time },    { "--seeds", false, &seeds }, { "-j", false, &jobs },
        { "--out", false, &c->h.out }, { "--json", true, &json },
    };
    uint64_t n_jobs = 0;
    int err = sim_parse_options(argc, argv, options, SW_LEN(options), c->scenarios, MOST_SCENARIOS,
                                &c->h.n_scenarios);
    if (err == 0 && seeds != NULL) {
        err = parse_seeds(seeds, &c->h);
    }
    if (err == 0 && time != NULL) {
        err = parse_time(time, &c->h.seconds);
    }
    if (err == 0 && jobs != NULL) {
        err = sim_parse_number("-j", jobs, 1, &n_jobs);
        c->h.jobs = (uint32_t)(n_jobs < 1024 ? n_jobs : 1024);
    } else {
        const long n = sysconf(_SC_NPROCESSORS_ONLN);
        c->h.jobs = n > 0 && n <= 1024 ? (uint32_t)n : 1;
    }
    c->json = json != NULL;
    c->h.scenarios = c->scenarios;
    return err;
}

/* ---- progress ---- */

static void on_progress(void *self, const struct sim_hunt_progress *p)
{
    struct command *c = self;
    if (p->seconds - c->told < (c->terminal ? 0.2 : TELL_EVERY)) {
        return;
    }
    c->told = p->seconds;
    (void)fprintf(stderr, "%s", c->terminal ? "\r\033[K" : "");
    if (p->trials > 0) {
        (void)fprintf(stderr, "shrinking: %u runs, %zu faults, %zu nodes left", p->trials,
                      p->faults, p->nodes);
    } else {
        (void)fprintf(stderr, "hunting: %llu seeds clean, %.2f h simulated, %.0f of %.0f s",
                      (unsigned long long)p->seeds, p->simulated / 3600, p->seconds, c->h.seconds);
    }
    (void)fprintf(stderr, "%s", c->terminal ? "" : "\n");
}

/* ---- results ---- */

static void print_replay(FILE *to, const char *path, uint64_t seed, struct sim_world_options how)
{
    (void)fprintf(to, "swarmsim replay %s --seed %llu%s%s", path, (unsigned long long)seed,
                  how.shuffle_ties ? " --shuffle-ties" : "", how.buggify ? " --buggify" : "");
}

/* The sites that never fired, and were reached or not. */
static void print_missed(const struct sim_hunt_result *r, const char *how, bool reached)
{
    const char *before = how;
    for (unsigned i = 0; i < SW_SITE_COUNT; i++) {
        if (r->sites[i].fired == 0 && (r->sites[i].reached > 0) == reached) {
            (void)printf("%s%s", before, sw_site_name(i));
            before = ", ";
        }
    }
    (void)fputs(before != how ? "\n" : "", stdout);
}

/* Bad luck on purpose, and what of it this hunt could not try. */
static void print_sites(const struct sim_hunt_result *r)
{
    unsigned n = 0;
    for (unsigned i = 0; i < SW_SITE_COUNT; i++) {
        n += r->sites[i].fired > 0;
    }
    (void)printf("%llu of them with unlucky nodes: %u of %u sites fired\n",
                 (unsigned long long)r->buggified, n, (unsigned)SW_SITE_COUNT);
    if (r->buggified > 0) {
        print_missed(r, "  never reached: ", false);
        print_missed(r, "  reached, never fired: ", true);
    }
}

/* Oracles that wait for quiet, and in how many worlds they had it. */
static void print_judged(const struct sim_hunt_result *r)
{
    const struct sim_watcher *o;
    for (size_t i = 0; (o = sim_oracle_at(i)) != NULL; i++) {
        if (o->judged != NULL) {
            (void)printf("oracle '%s' had quiet enough to judge in %llu of them\n", o->name,
                         (unsigned long long)r->judged[i]);
        }
    }
}

static void print(const struct sim_hunt_result *r)
{
    static const char *const words[SIM_PART_KINDS] = { "faults",  "operations", "groups of clients",
                                                       "regions", "nodes",      "upstreams" };
    if (r->seeds == 0 && !r->found) {
        (void)printf("no seed finished: a longer --time\n");
        return;
    }
    (void)printf("%llu seed%s ran clean, %.2f simulated hours\n", (unsigned long long)r->seeds,
                 r->seeds == 1 ? "" : "s", r->simulated / 3600);
    if (r->seeds > 0) {
        print_sites(r);
        print_judged(r);
    }
    if (!r->found) {
        if (r->seeds > 3) {
            (void)printf(
                "at 95 %% confidence, at most %.2g %% of such seeds find something (3/n)\n",
                100 * sim_stats_never(r->seeds));
        }
        return;
    }
    (void)printf("\nseed %llu: oracle '%s' at %.6f s: %s\n  replay: ", (unsigned long long)r->seed,
                 r->finding.r.oracle, (double)r->finding.r.complained_at * 1e-9,
                 r->finding.r.complaint);
    print_replay(stdout, r->scenario, r->seed, r->how);
    (void)printf("\n\nshrunk by %u runs:", r->shrunk.trials);
    const char *comma = "";
    for (unsigned k = 0; k < SIM_PART_KINDS; k++) {
        if (r->shrunk.before[k] > 0) {
            (void)printf("%s %zu of %zu %s", comma, r->shrunk.after[k], r->shrunk.before[k],
                         words[k]);
            comma = ",";
        }
    }
    (void)printf("\n  at %.6f s: %s\n  replay: ", (double)r->shrunk.finding.r.complained_at * 1e-9,
                 r->shrunk.finding.r.complaint);
    print_replay(stdout, r->minimal, r->shrunk.finding.r.seed, r->shrunk.how);
    (void)fputc('\n', stdout);
}

static void json_finding(const char *key, const struct sim_result *r, const char *path,
                         struct sim_world_options how)
{
    (void)printf(",\n\"%s\":{\"scenario\":", key);
    sim_json_string(stdout, path);
    (void)printf(",\"seed\":%llu,\"shuffle_ties\":%s,\"buggify\":%s,\"oracle\":",
                 (unsigned long long)r->seed, how.shuffle_ties ? "true" : "false",
                 how.buggify ? "true" : "false");
    sim_json_string(stdout, r->oracle);
    (void)fputs(",\"complaint\":", stdout);
    sim_json_string(stdout, r->complaint);
    (void)printf(",\"at\":%.9f,\"trace_hash\":\"%016llx\"", (double)r->complained_at * 1e-9,
                 (unsigned long long)r->trace_hash);
}

static void json_sites(const struct sim_hunt_result *r)
{
    (void)printf(",\"buggified\":%llu,\"sites\":{", (unsigned long long)r->buggified);
    for (unsigned i = 0; i < SW_SITE_COUNT; i++) {
        (void)printf("%s\n\"%s\":{\"reached\":%llu,\"fired\":%llu}", i > 0 ? "," : "",
                     sw_site_name(i), (unsigned long long)r->sites[i].reached,
                     (unsigned long long)r->sites[i].fired);
    }
    (void)fputs("}", stdout);
}

static void json_judged(const struct sim_hunt_result *r)
{
    const struct sim_watcher *o;
    (void)fputs(",\"judged\":{", stdout);
    for (size_t i = 0; (o = sim_oracle_at(i)) != NULL; i++) {
        (void)printf("%s\"%s\":%llu", i > 0 ? "," : "", o->name, (unsigned long long)r->judged[i]);
    }
    (void)fputs("}", stdout);
}

static void print_json(const struct sim_hunt_result *r)
{
    (void)fputs("{\"core_digest\":", stdout);
    sim_json_string(stdout, sw_core_digest());
    (void)printf(",\"seeds\":%llu,\"simulated_hours\":%.6f,\"found\":%s",
                 (unsigned long long)r->seeds, r->simulated / 3600, r->found ? "true" : "false");
    json_judged(r);
    json_sites(r);
    if (r->found) {
        json_finding("drawn", &r->finding.r, r->scenario, r->how);
        (void)fputc('}', stdout);
        json_finding("minimal", &r->shrunk.finding.r, r->minimal, r->shrunk.how);
        (void)printf(",\"trials\":%u,\"faults\":%zu,\"nodes\":%zu}", r->shrunk.trials,
                     r->shrunk.after[SIM_PART_FAULT], r->shrunk.after[SIM_PART_NODE]);
    }
    (void)fputs("}\n", stdout);
}

/* results/hunt/DATE, made with what is above it. */
static const char *default_folder(char out[64])
{
    const time_t now = time(NULL);
    struct tm tm;
    (void)mkdir("results", 0777);
    (void)mkdir("results/hunt", 0777);
    if (gmtime_r(&now, &tm) == NULL || strftime(out, 64, "results/hunt/%Y%m%dT%H%M%SZ", &tm) == 0) {
        (void)snprintf(out, 64, "results/hunt/latest");
    }
    return out;
}

/* What is wrong with a user's file is told as such, before anything runs. */
static int check_scenarios(const struct command *c, struct sw_diag *d)
{
    int err = 0;
    for (size_t i = 0; i < c->h.n_scenarios && err == 0; i++) {
        struct sim_scenario *s = NULL;
        err = sim_scenario_load(c->scenarios[i], NULL, &s, d);
        sim_scenario_free(s);
    }
    return err;
}

static int run(int argc, char **argv)
{
    struct command c = {
        .h = { .first = 1, .last = UINT64_MAX, .seconds = 60, .on_progress = on_progress },
        .terminal = isatty(STDERR_FILENO) != 0
    };
    struct sim_hunt_result r;
    struct sw_diag d = { 0 };
    char folder[64];
    if (parse(argc, argv, &c) != 0) {
        return SIM_EXIT_USAGE;
    }
    const int bad = check_scenarios(&c, &d);
    if (bad != 0) {
        return sim_quit(sim_exit_of_input(bad), "%s", d.text);
    }
    if (c.h.out == NULL) {
        c.h.out = default_folder(folder);
    }
    c.h.self = &c;
    const int err = sim_hunt(&c.h, &r, &d);
    if (c.terminal) {
        (void)fputs("\r\033[K", stderr);
    }
    if (err != 0 && !r.found) {
        return sim_quit(sim_exit_of(err), "%s", d.text[0] != '\0' ? d.text : sw_strerror(err));
    }
    if (r.unusable > 0 && !r.found) {
        return sim_quit(SIM_EXIT_INTERNAL, "the scenario of seed %llu can't be made: %s",
                        (unsigned long long)r.seed, r.finding.r.complaint);
    }
    if (c.json) {
        print_json(&r);
    } else {
        print(&r);
    }
    if (err != 0) {
        (void)sim_quit(0, "not shrunk: %s", d.text);
    }
    return r.found ? SIM_EXIT_FAILED : SIM_EXIT_OK;
}

extern const struct sim_verb sim_verb_hunt;
const struct sim_verb sim_verb_hunt = {
    .name = "hunt",
    .usage = "[SCENARIO ...] [--time DURATION] [--seeds FROM..[TO]] [-j N] [--out DIR]\n"
             "               [--json]",
    .help = "Draws a world, its load and its troubles from each seed and runs it under all\n"
            "oracles, until the time is up or one complains.  With scenarios, each seed adds\n"
            "faults to one of them.  A seed enables a random subset of the kinds of faults.  Half\n"
            "of the seeds take events of one moment in a drawn order; half, drawn for itself,\n"
            "make nodes unlucky on purpose (swarmsim list sites).  What is found is cut down by\n"
            "delta debugging and written to DIR as a scenario.\n\n"
            "  --time DURATION       of this machine's clock (default: 60s)\n"
            "  --seeds FROM..[TO]    default: 1..\n"
            "  -j N                  processes at once (default: as many as processors)\n"
            "  --out DIR             default: results/hunt/DATE\n"
            "  --json                one JSON object on standard output\n\n"
            "Exit code 1: an oracle complained, or a run's process died.\n",
    .run = run,
};

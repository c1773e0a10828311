/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmsim replay: a run once more, and what happened in it around a time. */
#define _POSIX_C_SOURCE 200809L
#include "node/conf/yaml.h"
#include "sim/verbs/json.h"
#include "sim/verbs/replay_log.h"
#include "sim/verbs/replay_source.h"
#include "sim/verbs/verb.h"

#include <string.h>

struct replay {
    struct sim_replay_wanted wanted;
    struct sim_replay_source source;
    const char *node;
    bool at_given, json;
    struct sim_world_options how;
    sw_time at;
    sw_dur window;
    uint32_t kinds;
};

/* ---- the command line ---- */

static int parse_duration(const char *option, const char *text, sw_dur *out)
{
    static const struct sw_yaml_field duration = { .type = SW_YAML_DURATION };
    if (sw_yaml_scalar(&duration, NULL, text, out) == 0) {
        return 0;
    }
    (void)sim_quit(0, "%s: '%s' is no duration (like 80ms, 2.5s, 1h30m)", option, text);
    return SW_ERR_MALFORMED;
}

/* "trace,job" */
static int parse_kinds(const char *text, uint32_t *out)
{
    *out = 0;
    while (*text != '\0') {
        const size_t n = strcspn(text, ",");
        unsigned i = 0;
        while (i < SIM_LOG_KINDS &&
               (strlen(sim_log_kind_name(i)) != n || strncmp(sim_log_kind_name(i), text, n) != 0)) {
            i++;
        }
        if (i == SIM_LOG_KINDS) {
            (void)sim_quit(0,
                           "--kind: '%.*s' is none of trace, peer, job, query, fault, restore and "
                           "oracle",
                           (int)n, text);
            return SW_ERR_MALFORMED;
        }
        *out |= 1U << i;
        text += n + (text[n] == ',');
    }
    return 0;
}

static int parse(int argc, char **argv, struct replay *r)
{
    const char *seed = NULL;
    const char *at = NULL;
    const char *window = NULL;
    const char *kinds = NULL;
    const char *json = NULL;
    const char *shuffle = NULL;
    const char *buggify = NULL;
    const struct sim_option options[] = {
        { "--seed", false, &seed },
        { "--at", false, &at },
        { "--window", false, &window },
        { "--node", false, &r->node },
        { "--kind", false, &kinds },
        { "--configuration", false, &r->wanted.configuration },
        { "--scenario", false, &r->wanted.scenario },
        { "--shuffle-ties", true, &shuffle },
        { "--buggify", true, &buggify },
        { "--json", true, &json },
    };
    size_t n = 0;
    int err = sim_parse_options(argc, argv, options, SW_LEN(options), &r->wanted.path, 1, &n);
    if (err == 0 && (n == 0 || seed == NULL)) {
        (void)sim_quit(0, "replay needs a scenario or a study's database, and --seed");
        return SW_ERR_MALFORMED;
    }
    if (err == 0) {
        err = sim_parse_number("--seed", seed, 0, &r->wanted.seed);
    }
    if (err == 0 && at != NULL) {
        err = parse_duration("--at", at, &r->at);
    }
    if (err == 0 && window != NULL) {
        err = parse_duration("--window", window, &r->window);
    }
    if (err == 0 && kinds != NULL) {
        err = parse_kinds(kinds, &r->kinds);
    }
    r->at_given = at != NULL;
    r->json = json != NULL;
    r->how.shuffle_ties = shuffle != NULL;
    r->how.buggify = buggify != NULL;
    return err;
}

/* ---- the run ---- */

static int make_world(const struct replay *r, struct sim_world **w, struct sw_diag *d)
{
    return sim_world_new_with(r->source.s, r->wanted.seed, &r->how, w, d);
}

/* Without --at, the time that matters is when an oracle stopped the run. */
static int find_complaint(struct replay *r, struct sw_diag *d)
{
    struct sim_world *w = NULL;
    struct sim_result result = { 0 };
    int err = make_world(r, &w, d);
    if (err == 0) {
        err = sim_world_run(w, SW_TIME_NEVER, &result);
    }
    sim_world_free(w);
    if (err == 0 && result.complaint[0] == '\0') {
        return sw_diag_set(d, SW_ERR_NOTFOUND, "no oracle stops this run: say --at TIME");
    }
    r->at = result.complained_at;
    return err;
}

static int find_node(const struct replay *r, uint32_t *out, struct sw_diag *d)
{
    *out = UINT32_MAX;
    for (uint32_t i = 0; r->node != NULL && i < r->source.s->n_nodes; i++) {
        if (strcmp(r->source.s->nodes[i].config.name.s, r->node) == 0) {
            *out = i;
        }
    }
    return r->node == NULL || *out != UINT32_MAX
               ? 0
               : sw_diag_set(d, SW_ERR_NOTFOUND, "--node: no node is called '%.31s'", r->node);
}

static void json_head(const struct replay *r, const struct sim_log *log)
{
    (void)fputs("{\"scenario\":", stdout);
    sim_json_string(stdout, r->source.s->name);
    (void)fputs(",\"configuration\":", stdout);
    sim_json_string(stdout, r->source.s->configuration.s);
    (void)printf(",\"seed\":%llu,\"from\":%.9f,\"until\":%.9f,\"events\":[",
                 (unsigned long long)r->wanted.seed, (double)log->from * 1e-9,
                 (double)log->until * 1e-9);
}

static void json_tail(const struct sim_result *result)
{
    (void)fputs("],\n\"oracle\":", stdout);
    sim_json_string(stdout, result->oracle);
    (void)fputs(",\"complaint\":", stdout);
    sim_json_string(stdout, result->complaint);
    (void)printf(",\"trace_hash\":\"%016llx\"}\n", (unsigned long long)result->trace_hash);
}

/* A stored run's hash says whether this is that run: run on to its end. */
static int check_hash(const struct replay *r, struct sim_world *w, struct sw_diag *d)
{
    struct sim_result result = { 0 };
    if (!r->source.stored || r->how.shuffle_ties || r->how.buggify) {
        return 0;
    }
    const int err = sim_world_run(w, SW_TIME_NEVER, &result);
    if (err == 0 && result.trace_hash != r->source.trace_hash) {
        return sw_diag_set(d, SW_ERR_EXISTS,
                           "this is not the run that %.150s holds (trace hash %016llx, there "
                           "%016llx): another build made it, or a file that the scenario names has "
                           "changed",
                           r->wanted.path, (unsigned long long)result.trace_hash,
                           (unsigned long long)r->source.trace_hash);
    }
    return err;
}

static int show(const struct replay *r, struct sw_diag *d)
{
    struct sim_log settings = { .to = stdout, .json = r->json, .kinds = r->kinds };
    struct sim_log *log = NULL;
    struct sim_world *w = NULL;
    struct sim_result result = { 0 };
    settings.from = r->at > r->window ? r->at - r->window : 0;
    settings.until = r->at + r->window;
    int err = find_node(r, &settings.node, d);
    if (err == 0) {
        err = make_world(r, &w, d);
    }
    if (err == 0) {
        err = sim_log_watch(w, &settings, &log);
    }
    if (err == 0) {
        if (r->json) {
            json_head(r, log);
        }
        err = sim_world_run(w, log->until, &result);
        sim_log_result(log, &result);
        if (r->json) {
            json_tail(&result);
        } else if (log->lines == 0) {
            (void)printf("nothing happened from %.6f s to %.6f s\n", (double)log->from * 1e-9,
                         (double)log->until * 1e-9);
        }
    }
    if (err == 0) {
        err = check_hash(r, w, d);
    }
    sim_world_free(w);
    return err;
}

static int run(int argc, char **argv)
{
    struct replay r = { .how = { .queue = SIM_QUEUE_WHEEL },
                        .window = SW_SEC,
                        .kinds = (1U << SIM_LOG_KINDS) - 1 };
    struct sw_diag d = { 0 };
    if (parse(argc, argv, &r) != 0) {
        return SIM_EXIT_USAGE;
    }
    char inside[SIM_STUDY_PATH];
    r.wanted.path = sim_study_in(r.wanted.path, inside);
    int err = sim_replay_source(&r.wanted, &r.source, &d);
    if (err != 0) {
        return sim_quit(sim_exit_of_input(err), "%s", d.text);
    }
    const sw_time end = r.source.s->duration;
    if (!r.at_given) {
        err = find_complaint(&r, &d);
    } else if (r.at > end) {
        err = sw_diag_set(&d, SW_ERR_RANGE, "--at: %.6f s is after the end of the run (%.6f s)",
                          (double)r.at * 1e-9, (double)end * 1e-9);
    }
    if (err == 0) {
        err = show(&r, &d);
    }
    sim_scenario_free(r.source.s);
    return err == 0
               ? SIM_EXIT_OK
               : sim_quit(sim_exit_of(err), "%s", d.text[0] != '\0' ? d.text : sw_strerror(err));
}

extern const struct sim_verb sim_verb_replay;
const struct sim_verb sim_verb_replay = {
    .name = "replay",
    .usage = "SCENARIO|STUDY.db|DIR --seed N [--at TIME] [--window DURATION] [--node NAME]\n"
             "               [--kind KIND,...] [--configuration NAME] [--scenario NAME]\n"
             "               [--shuffle-ties] [--buggify] [--json]",
    .help = "Runs a seed once more and prints what happened around a time, a line an event: what\n"
            "nodes say of themselves, their connections and jobs, what clients got, faults,\n"
            "restores, and the oracle that stopped the run.\n\n"
            "  --seed N              which run\n"
            "  --at TIME             default: when an oracle stopped it\n"
            "  --window DURATION     this long before and after it (default: 1s)\n"
            "  --node NAME           only what concerns this node\n"
            "  --kind KIND,...       only trace, peer, job, query, fault, restore or oracle\n"
            "  --configuration NAME  when there are several\n"
            "  --scenario NAME       of a sweep's database that has several\n"
            "  --shuffle-ties        events of one moment in an order drawn from the seed, as\n"
            "                        swarmsim hunt may have run them\n"
            "  --buggify             nodes unlucky on purpose, likewise\n"
            "  --json                one JSON object on standard output\n\n"
            "A study's database keeps its scenario, and what a sweep set in it: zone files are\n"
            "looked for beside the path it had then.  Where the run ends with another trace hash\n"
            "than is stored, by another build or with files that changed, the exit code is 2.\n",
    .run = run,
};

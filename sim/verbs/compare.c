/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmsim compare: the same seeds under several policies, and which differences hold. */
#define _POSIX_C_SOURCE 200809L
#include "sim/verbs/compare.h"
#include "algorithms/route/policy.h"
#include "node/conf/yaml.h"
#include "sim/analyse/report.h"
#include "sim/analyse/settling.h"
#include "sim/verbs/verb.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_SEEDS 100000U
#define MOST_JOBS 1024

struct words {
    const char *scenarios[SIM_FAMILIES];
    size_t n_scenarios;
    const char *policies, *seeds, *jobs, *metrics, *baseline, *expect, *json, *out, *configuration,
        *no_plots;
    char *lists[2]; /* copies that the lists' items point into */
};

/* ---- the command line ---- */

/* Items of @text, separated by commas, into @out: pointers into the copy *@copy.  Returns how many,
 * or -1 when there are more than @max or memory is out. */
static int split(const char *text, char **copy, const char **out, int max)
{
    int n = 0;
    *copy = strdup(text);
    char *rest = NULL;
    for (char *item = *copy != NULL ? strtok_r(*copy, ",", &rest) : NULL; item != NULL;
         item = strtok_r(NULL, ",", &rest)) {
        item += strspn(item, " ");
        if (n == max) {
            return -1;
        }
        out[n++] = item;
    }
    return *copy != NULL ? n : -1;
}

/* Lists are one option with commas: of an option that is repeated only the last would count. */
static int refuse_repeats(int argc, char **argv)
{
    static const char *const lists[] = { "--policies", "--metric", "--expect" };
    for (size_t i = 0; i < SW_LEN(lists); i++) {
        int seen = 0;
        const size_t len = strlen(lists[i]);
        for (int k = 1; k < argc; k++) {
            const bool same = strncmp(argv[k], lists[i], len) == 0;
            seen += same && (argv[k][len] == '\0' || argv[k][len] == '=') ? 1 : 0;
        }
        if (seen > 1) {
            return sim_quit(SW_ERR_MALFORMED, "%s is given twice (separate its items by commas)",
                            lists[i]);
        }
    }
    return 0;
}

static int parse_words(int argc, char **argv, struct words *w)
{
    const struct sim_option options[] = {
        { "--policies", false, &w->policies },
        { "--seeds", false, &w->seeds },
        { "-j", false, &w->jobs },
        { "--metric", false, &w->metrics },
        { "--baseline", false, &w->baseline },
        { "--expect", false, &w->expect },
        { "--json", true, &w->json },
        { "--out", false, &w->out },
        { "--configuration", false, &w->configuration },
        { "--no-plots", true, &w->no_plots },
    };
    int err = refuse_repeats(argc, argv);
    if (err == 0) {
        err = sim_parse_options(argc, argv, options, SW_LEN(options), w->scenarios, SIM_FAMILIES,
                                &w->n_scenarios);
    }
    if (err == 0 && w->n_scenarios == 0) {
        err = sim_quit(SW_ERR_MALFORMED, "compare needs a scenario (see swarmsim compare --help)");
    }
    return err;
}

static int parse_numbers(const struct words *w, struct sim_study_options *o)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t jobs = processors > 0 ? (uint64_t)processors : 1;
    int err = 0;
    if (w->seeds != NULL) {
        err = sim_parse_seeds(w->seeds, MOST_SEEDS, &o->first_seed, &o->n_seeds);
        o->seeds_given = true;
    }
    if (err == 0 && w->jobs != NULL) {
        err = sim_parse_number("-j", w->jobs, 1, &jobs);
    }
    o->jobs = (uint32_t)(jobs < MOST_JOBS ? jobs : MOST_JOBS);
    return err;
}

/* ---- who is compared ---- */

static int check_policy(const char *name)
{
    if (sw_policy_find(name) != NULL) {
        return 0;
    }
    const char *names[SIM_POLICIES];
    size_t n = 0;
    for (const struct sw_policy *p; n < SW_LEN(names) && (p = sw_policy_at(n)) != NULL; n++) {
        names[n] = p->name;
    }
    const char *near = sw_yaml_nearest(name, names, n);
    return sim_quit(SW_ERR_NOTFOUND, "--policies: no policy is called '%s' (%s%s%s", name,
                    near != NULL ? "did you mean '" : "see swarmsim list policies",
                    near != NULL ? near : "", near != NULL ? "'?)" : ")");
}

static int named_policies(struct words *w, struct sim_study_options *o)
{
    const int n = split(w->policies, &w->lists[0], o->policies, SIM_POLICIES);
    if (n < 1) {
        return sim_quit(SW_ERR_MALFORMED, "--policies: name 1 to %d, separated by commas",
                        SIM_POLICIES);
    }
    o->n_policies = (size_t)n;
    int err = 0;
    for (size_t i = 0; i < o->n_policies && err == 0; i++) {
        err = check_policy(o->policies[i]);
        for (size_t k = 0; k < i && err == 0; k++) {
            if (strcmp(o->policies[i], o->policies[k]) == 0) {
                err = sim_quit(SW_ERR_MALFORMED, "--policies: '%s' is named twice", o->policies[i]);
            }
        }
    }
    return err;
}

/* Those that --policies names; otherwise the scenario's configurations, unless one was named;
 * otherwise all policies. */
static int choose_arms(struct words *w, struct sim_study_options *o)
{
    if (w->policies != NULL) {
        return named_policies(w, o);
    }
    struct sw_diag d = { 0 };
    struct sim_configuration *names = NULL;
    size_t n = 0;
    const int err = sim_configurations(o->scenario, &names, &n, &d);
    sim_configurations_free(names);
    if (err != 0) {
        return sim_quit(err, "%s", d.text);
    }
    const bool own = n > 0 && o->configuration == NULL;
    const struct sw_policy *p;
    for (size_t i = 0; !own && i < SIM_POLICIES && (p = sw_policy_at(i)) != NULL; i++) {
        o->policies[o->n_policies++] = p->name;
    }
    if (own && n > SIM_COMPARE_ARMS) {
        return sim_quit(SW_ERR_RANGE, "%s: more than %d configurations", o->scenario,
                        SIM_COMPARE_ARMS);
    }
    return 0;
}

/* ---- what is compared ---- */

static int check_windows(const struct sim_compare_study *cs)
{
    for (size_t i = 0; i < cs->comparison.n_measures; i++) {
        const struct sim_measure *m = &cs->comparison.measures[i];
        if (m->during[0] != '\0' && !sim_study_has_fault(&cs->study, m->during)) {
            return sim_quit(SW_ERR_NOTFOUND, "no fault '%s' happens in this scenario", m->during);
        }
    }
    return 0;
}

static int add_claims(struct words *w, struct sim_compare_study *cs)
{
    const char *items[SIM_CLAIMS];
    const int n = w->expect != NULL ? split(w->expect, &w->lists[1], items, SIM_CLAIMS) : 0;
    if (n < 0 || (n == 0 && w->expect != NULL)) {
        return sim_quit(SW_ERR_MALFORMED, "--expect: 1 to %d claims, separated by commas",
                        SIM_CLAIMS);
    }
    struct sw_diag d = { 0 };
    for (int i = 0; i < n; i++) {
        const int err = sim_claim_parse(&cs->claims[i], items[i], &cs->comparison, &d);
        if (err != 0) {
            return sim_quit(err, "--expect: %s", d.text);
        }
    }
    cs->n_claims = (size_t)n;
    return 0;
}

static int prepare(struct words *w, struct sim_compare_study *cs)
{
    const struct sim_study *st = &cs->study;
    struct sim_comparison *c = &cs->comparison;
    c->n_arms = st->n_arms;
    for (size_t i = 0; i < st->n_arms; i++) {
        c->arms[i] = st->arms[i].s->configuration.s;
    }
    c->first_seed = st->tasks[0].seed;
    c->runs = st->n_arms > 0 ? st->n_tasks / st->n_arms : 0; /* which no loader leaves */
    struct sw_diag d = { 0 };
    int err = sim_comparison_base(c, w->baseline, &d);
    if (err != 0) {
        return sim_quit(err, "--baseline: %s", d.text);
    }
    err = sim_comparison_add_list(c, w->metrics, &d);
    if (err != 0) {
        return sim_quit(err, "--metric: %s", d.text);
    }
    err = add_claims(w, cs);
    return err == 0 ? check_windows(cs) : err;
}

/* ---- at work ---- */

static int judge(struct sim_compare_study *cs, struct sw_diag *d)
{
    struct sqlite3 *sq = NULL;
    int err = sim_db_read(cs->study.database, &sq, d);
    if (err == 0) {
        err = sim_comparison_read(&cs->comparison, sq, d);
    }
    for (size_t i = 0; i < cs->study.n_arms && err == 0; i++) {
        err = sim_settling(sq, cs->comparison.arms[i], "dns.latency.p99", &cs->settled[i]);
    }
    (void)sqlite3_close(sq);
    if (err == 0) {
        sim_comparison_judge(&cs->comparison);
        for (size_t i = 0; i < cs->n_claims; i++) {
            sim_claim_judge(&cs->claims[i], &cs->comparison);
        }
    }
    return err;
}

static bool failed(const struct sim_compare_study *cs)
{
    bool bad = false;
    for (size_t i = 0; i < cs->n_claims; i++) {
        bad = bad || !cs->claims[i].holds;
    }
    for (size_t i = 0; i < cs->study.n_tasks; i++) {
        bad = bad || cs->study.infos[i].result.complaint[0] != '\0';
    }
    return bad;
}

static void plot(const struct sim_compare_study *cs, FILE *to)
{
    struct sw_diag d = { 0 };
    const struct sim_report_options o = { .database = cs->study.database,
                                          .out = cs->study.out,
                                          .comparison = &cs->comparison };
    if (sim_report(&o, &d) >= 0) {
        (void)fprintf(to, "plot      %s/intervals.svg, .png\n", cs->study.out);
    } else {
        (void)fprintf(stderr, "swarmsim: no plot: %s\n", d.text);
    }
}

/* One scenario: a family. */
struct family {
    struct words w;
    struct sim_compare_study cs;
    char out[400];
};

/* The folder of scenario @path, the family @number from 0 on: with several, one in --out for each,
 * called like its file. */
static int choose_folder(struct family *f, const char *path, size_t number)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    const int len = dot != NULL ? (int)(dot - name) : (int)strlen(name);
    f->cs.study.options.out = f->w.out;
    f->cs.study.options.family = f->w.n_scenarios > 1 ? (unsigned)number + 1 : 0;
    if (f->w.out == NULL || f->w.n_scenarios == 1) {
        return 0;
    }
    f->cs.study.options.out = f->out;
    return snprintf(f->out, sizeof f->out, "%s/%.*s", f->w.out, len, name) < (int)sizeof f->out
               ? 0
               : sim_quit(SW_ERR_RANGE, "--out: too long");
}

/* Read the scenario and all that is asked of it.  Returns an exit code. */
static int load(struct family *f, const char *path, size_t number)
{
    struct sim_study_options *o = &f->cs.study.options;
    struct sw_diag d = { 0 };
    o->scenario = path;
    o->configuration = f->w.configuration;
    o->json = f->w.json != NULL;
    if (parse_numbers(&f->w, o) != 0 || choose_folder(f, path, number) != 0 ||
        choose_arms(&f->w, o) != 0) {
        return SIM_EXIT_USAGE;
    }
    const int err = sim_study_load(&f->cs.study, &d);
    if (err != 0) {
        return sim_quit(sim_exit_of_input(err), "%s", d.text);
    }
    return prepare(&f->w, &f->cs) == 0 ? SIM_EXIT_OK : SIM_EXIT_USAGE;
}

/* Run, judge and print.  Returns an exit code. */
static int execute(struct family *f, FILE *to)
{
    struct sim_compare_study *cs = &f->cs;
    struct sw_diag d = { 0 };
    int err = sim_study_open(&cs->study, &d);
    if (err == 0) {
        sim_study_on_interrupt(&cs->study);
        err = sim_study_run(&cs->study, &d);
    }
    if (err == 0) {
        err = judge(cs, &d);
    }
    if (err != 0) {
        return sim_quit(sim_exit_of(err), "%s", d.text);
    }
    if (f->w.json != NULL) {
        sim_compare_print_json(cs, to);
    } else {
        sim_compare_print(cs, to);
    }
    if (f->w.no_plots == NULL) {
        plot(cs, f->w.json != NULL ? stderr : to);
    }
    return failed(cs) ? SIM_EXIT_FAILED : SIM_EXIT_OK;
}

/* All families; then what holds over them.  The worst exit code of theirs. */
static int execute_all(struct family *f, size_t n, FILE *to)
{
    const struct sim_comparison *each[SIM_FAMILIES];
    const bool several = n > 1;
    const bool json = f[0].w.json != NULL;
    int worst = SIM_EXIT_OK;
    (void)fputs(several && json ? "{\"families\":[\n" : "", to);
    for (size_t i = 0; i < n && worst <= SIM_EXIT_FAILED; i++) {
        (void)fputs(i == 0 ? "" : json ? ",\n" : "\n\n", to);
        const int code = execute(&f[i], to);
        worst = code > worst ? code : worst;
        each[i] = &f[i].cs.comparison;
    }
    if (several && worst <= SIM_EXIT_FAILED) {
        (json ? sim_families_print_json : sim_families_print)(each, n, to);
    }
    return worst;
}

/* A whole object or nothing. */
static int execute_json(struct family *f, size_t n)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    if (to == NULL) {
        return sim_quit(SIM_EXIT_ENVIRONMENT, "out of memory");
    }
    const int code = execute_all(f, n, to);
    const bool whole = fclose(to) == 0;
    if (whole && code <= SIM_EXIT_FAILED) {
        (void)fwrite(text, 1, len, stdout);
    }
    free(text);
    return whole ? code : sim_quit(SIM_EXIT_ENVIRONMENT, "out of memory");
}

/* Read the first @n scenarios.  Returns an exit code. */
static int load_all(struct family *f, size_t n, const struct words *w)
{
    int code = SIM_EXIT_OK;
    for (size_t i = 0; i < n && code == SIM_EXIT_OK; i++) {
        f[i].w = *w;
        code = load(&f[i], w->scenarios[i], i);
        for (size_t k = 0; k < i && code == SIM_EXIT_OK; k++) {
            code = sim_families_check(&f[k].cs.study, &f[i].cs.study);
        }
    }
    return code;
}

static int run(int argc, char **argv)
{
    struct words w = { 0 };
    if (parse_words(argc, argv, &w) != 0) {
        return SIM_EXIT_USAGE;
    }
    struct family *f = calloc(w.n_scenarios, sizeof *f);
    if (f == NULL) {
        return sim_quit(SIM_EXIT_ENVIRONMENT, "out of memory");
    }
    int code = load_all(f, w.n_scenarios, &w);
    if (code == SIM_EXIT_OK) {
        code =
            w.json != NULL ? execute_json(f, w.n_scenarios) : execute_all(f, w.n_scenarios, stdout);
    }
    for (size_t i = 0; i < w.n_scenarios; i++) {
        sim_comparison_fini(&f[i].cs.comparison);
        sim_study_fini(&f[i].cs.study);
        for (size_t k = 0; k < SW_LEN(f[i].w.lists); k++) {
            free(f[i].w.lists[k]);
        }
    }
    free(f);
    return code;
}

extern const struct sim_verb sim_verb_compare;
const struct sim_verb sim_verb_compare = {
    .name = "compare",
    .usage = "SCENARIO ... [--policies A,B,...] [--seeds A..B] [-j N] [--metric M,...]\n"
             "               [--baseline NAME] [--expect 'M: A < B,...'] [--json] [--out DIR]\n"
             "               [--configuration NAME] [--no-plots]",
    .help =
        "Runs the scenario under each routing policy with the same seeds, and says which\n"
        "differences hold.  Equal seeds mean equal arrivals, names, delays and faults, so that\n"
        "policies are compared pair by pair.  Each figure is a mean over runs with its 95 %\n"
        "interval (Student's t, widened by the error of reading quantiles from histograms).\n"
        "A difference holds when its interval leaves 0 out and its p, after Holm's correction\n"
        "over everything in the table, is below 5 %.  Seeds of one scenario say nothing about\n"
        "another: with several, each is a family, compared by itself, and a table over families\n"
        "follows, with bootstrap intervals from six families on.\n\n"
        "  --policies A,B,...      those; default: the scenario's configurations, or every\n"
        "                          registered policy when it has none.  Nodes with another\n"
        "                          policy in the scenario get default parameters\n"
        "  --seeds A..B            instead of the scenario's own\n"
        "  -j N                    processes at once (default: as many as processors)\n"
        "  --metric M,...          what to compare: `METRIC` or `METRIC during FAULT`\n"
        "  --baseline NAME         the others are compared with it (default: random, or the\n"
        "                          first)\n"
        "  --expect 'M: A < B,...' claims: A's whole interval lies below B's, and that of\n"
        "                          their paired difference below 0 (or > and above)\n"
        "  --json                  one JSON object on standard output\n"
        "  --out DIR               default: results/runs/NAME-DATE, of several scenarios\n"
        "                          NAME-1-DATE, NAME-2-DATE ...; runs that are there already are\n"
        "                          reused, as of swarmsim run; a folder in it for each of several\n"
        "  --configuration NAME    with --policies: the scenario's configuration to vary\n"
        "  --no-plots              only the database\n\n"
        "Exit code 1: a claim does not hold, or an oracle stopped a run.  The scenario's own\n"
        "expectations are judged and kept in the database, and don't count here.\n",
    .run = run,
};

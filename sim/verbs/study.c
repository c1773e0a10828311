/* SPDX-License-Identifier: GPL-3.0-or-later
 * Running a study. */
#define _POSIX_C_SOURCE 200809L
#include "sim/verbs/study.h"
#include "node/conf/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static int no_memory(struct sw_diag *d)
{
    (void)sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
    return SW_ERR_NOMEM;
}

/* ---- loading ---- */

static int load_arms(struct sim_study *st, const struct sim_configuration *names, size_t n,
                     struct sw_diag *d)
{
    const char *only = st->options.configuration;
    const bool all = n > 0 && only == NULL;
    const size_t count = all ? n : 1;
    st->arms = calloc(count, sizeof *st->arms);
    if (st->arms == NULL) {
        return no_memory(d);
    }
    int err = 0;
    for (size_t i = 0; i < count && err == 0; i++) {
        err = sim_scenario_load(st->options.scenario, all ? names[i].name.s : only, &st->arms[i].s,
                                d);
        st->n_arms = i + 1;
    }
    return err;
}

/* One arm a policy. */
static int load_policies(struct sim_study *st, struct sw_diag *d)
{
    const struct sim_study_options *o = &st->options;
    st->arms = calloc(o->n_policies, sizeof *st->arms);
    int err = st->arms == NULL ? no_memory(d) : 0;
    for (size_t i = 0; i < o->n_policies && err == 0; i++) {
        err = sim_scenario_load(o->scenario, o->configuration, &st->arms[i].s, d);
        st->n_arms = i + 1;
        if (err == 0 && sim_scenario_route_by(st->arms[i].s, o->policies[i]) != 0) {
            err = no_memory(d);
        }
    }
    return err;
}

static int make_tasks(struct sim_study *st, struct sw_diag *d)
{
    const struct sim_scenario *s = st->arms[0].s;
    const uint64_t first = st->options.seeds_given ? st->options.first_seed : s->seed;
    const uint64_t seeds = st->options.until != NULL ? st->options.until->rule.most
                           : st->options.seeds_given ? st->options.n_seeds
                                                     : s->replications;
    st->n_tasks = (size_t)seeds * st->n_arms;
    st->tasks = calloc(st->n_tasks, sizeof *st->tasks);
    st->infos = calloc(st->n_tasks, sizeof *st->infos);
    st->missing = calloc(st->n_tasks, sizeof *st->missing);
    if (st->tasks == NULL || st->infos == NULL || st->missing == NULL) {
        return no_memory(d);
    }
    for (size_t i = 0; i < st->n_tasks; i++) {
        st->tasks[i] =
            (struct sim_task){ .s = st->arms[i % st->n_arms].s, .seed = first + i / st->n_arms };
    }
    return 0;
}

int sim_study_load(struct sim_study *st, struct sw_diag *d)
{
    struct sim_configuration *names = NULL;
    size_t n = 0;
    int err = sim_configurations(st->options.scenario, &names, &n, d);
    if (err == 0) {
        err = st->options.n_policies > 0 ? load_policies(st, d) : load_arms(st, names, n, d);
    }
    sim_configurations_free(names);
    return err == 0 ? make_tasks(st, d) : err;
}

/* ---- the folder and the database ---- */

static int make_folders(char *path, struct sw_diag *d)
{
    struct stat at;
    if (stat(path, &at) == 0 && !S_ISDIR(at.st_mode)) {
        return sw_diag_set(d, SW_ERR_IO, "%.150s: is not a folder", path);
    }
    for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash != NULL) {
            *slash = '\0';
        }
        const int failed = mkdir(path, 0777) != 0 && errno != EEXIST ? errno : 0;
        if (slash != NULL) {
            *slash = '/';
        }
        if (failed != 0) {
            return sw_diag_set(d, SW_ERR_IO, "%.150s: can't be made: %s", path, strerror(failed));
        }
        if (slash == NULL) {
            return 0;
        }
    }
}

int sim_study_folder(const char *out, const char *name, char folder[512], struct sw_diag *d)
{
    char date[32] = "";
    struct tm tm;
    const time_t now = time(NULL);
    if (localtime_r(&now, &tm) != NULL) {
        (void)strftime(date, sizeof date, "%Y%m%d-%H%M%S", &tm);
    }
    const int len = out != NULL ? snprintf(folder, 512, "%s", out)
                                : snprintf(folder, 512, "results/runs/%s-%s", name, date);
    if (len <= 0 || len >= 512) {
        return sw_diag_set(d, SW_ERR_RANGE, "--out: no usable folder");
    }
    return make_folders(folder, d);
}

static int describe_arms(struct sim_study *st, struct sw_diag *d)
{
    int err = 0;
    for (size_t i = 0; i < st->n_arms && err == 0; i++) {
        err = sim_db_configuration(st->db, i, st->arms[i].s, st->tasks[0].seed,
                                   st->n_tasks / st->n_arms, d);
    }
    return err;
}

/* What made the runs: anything that differs here may make others. */
static int describe(struct sim_study *st, struct sw_diag *d)
{
    char build[300];
    char id[SW_BUILD_ID];
    sw_program_id(id);
    if (id[0] == '\0') {
        return sw_diag_set(d, SW_ERR_STATE,
                           "this swarmsim has no build-id (link with -Wl,--build-id): its runs "
                           "could not be told from another build's");
    }
    (void)snprintf(build, sizeof build, "swarmsim %s, core %s, program %s", sw_version(),
                   sw_core_digest(), id);
    const int err = sim_db_study(st->db, st->arms[0].s, build, d);
    return err == 0 ? describe_arms(st, d) : err;
}

static int find_missing(struct sim_study *st, struct sw_diag *d)
{
    for (size_t i = 0; i < st->n_tasks; i++) {
        const struct sim_task *t = &st->tasks[i];
        const int stored = sim_db_stored(st->db, t->s->configuration.s, t->seed, &st->infos[i], d);
        if (stored < 0) {
            return stored;
        }
        if (stored == 0) {
            st->missing[st->n_missing++] = i;
        }
    }
    return 0;
}

int sim_study_open(struct sim_study *st, struct sw_diag *d)
{
    char name[300];
    char family[16] = "";
    if (st->options.family > 0) {
        (void)snprintf(family, sizeof family, "-%u", st->options.family);
    }
    (void)snprintf(name, sizeof name, "%.250s%s", st->arms[0].s->name, family);
    int err = sim_study_folder(st->options.out, name, st->out, d);
    (void)snprintf(st->database, sizeof st->database, "%s/study.db", st->out);
    if (err == 0) {
        err = sim_db_open(st->database, &st->db, d);
    }
    if (err == 0) {
        err = describe(st, d);
    }
    return err == 0 ? find_missing(st, d) : err;
}

/* ---- running ---- */

struct running {
    struct sim_study *st;
    struct sim_task *tasks; /* of those that are missing, from number @first on */
    size_t first;
    struct sim_progress_line line;
};

static int keep_info(void *self, const struct sim_run_info *info)
{
    *(struct sim_run_info *)self = *info;
    return 0;
}

static int on_done(void *self, size_t number, struct sw_bytes rows, struct sw_diag *d)
{
    struct sim_study *st = ((struct running *)self)->st;
    const size_t task = st->missing[((struct running *)self)->first + number];
    const struct sim_row_handler h = { .self = &st->infos[task], .info = keep_info };
    int err = sim_rows_each(rows, &h);
    if (err != 0) {
        return sw_diag_set(d, SW_ERR_STATE, "a run sent rows that are none");
    }
    return sim_db_run(st->db, st->tasks[task].s->configuration.s, rows, d);
}

static void on_progress(void *self, const struct sim_crew_progress *now)
{
    sim_progress_tell(&((struct running *)self)->line, now);
}

/* The metric of @e in every run of this study's own seeds and configuration @s. */
static int judge(struct sim_study *st, const struct sim_scenario *s,
                 const struct sim_expectation *e, struct sim_verdict *out, struct sw_diag *d)
{
    const size_t cap = st->n_tasks / st->n_arms;
    double *values = calloc(cap, sizeof *values);
    uint64_t *seeds = calloc(cap, sizeof *seeds);
    if (values == NULL || seeds == NULL) {
        free(values);
        free(seeds);
        return no_memory(d);
    }
    const struct sim_db_choice choice = { .configuration = s->configuration.s,
                                          .metric = e->metric,
                                          .during = e->during != NULL ? e->during : "",
                                          .first_seed = st->tasks[0].seed,
                                          .seeds = cap,
                                          .which = seeds };
    const int64_t n = sim_db_values(st->db, &choice, values, d);
    if (n >= 0) {
        *out = sim_judge(e, values, (size_t)n);
        out->worst_seed = n > 0 ? seeds[out->worst] : 0;
    }
    free(values);
    free(seeds);
    return n < 0 ? (int)n : 0;
}

static int judge_arm(struct sim_study *st, struct sim_arm *a, struct sw_diag *d)
{
    const struct sim_scenario *s = a->s;
    if (s->n_expectations == 0) {
        return 0;
    }
    a->verdicts = calloc(s->n_expectations, sizeof *a->verdicts);
    int err = a->verdicts == NULL ? no_memory(d) : 0;
    for (size_t i = 0; i < s->n_expectations && err == 0; i++) {
        err = judge(st, s, &s->expectations[i], &a->verdicts[i], d);
    }
    if (err == 0) {
        err = sim_db_verdicts(st->db, s->configuration.s, a->verdicts, s->n_expectations, d);
    }
    return err;
}

/* Run what is missing of the first @n tasks. */
static int run_missing(struct sim_study *st, size_t n, struct sw_diag *d)
{
    struct running r = { .st = st, .first = st->n_begun };
    while (st->n_begun < st->n_missing && st->missing[st->n_begun] < n) {
        st->n_begun++;
    }
    const size_t count = st->n_begun - r.first;
    r.tasks = calloc(count + 1, sizeof *r.tasks);
    if (r.tasks == NULL) {
        return no_memory(d);
    }
    for (size_t i = 0; i < count; i++) {
        r.tasks[i] = st->tasks[st->missing[r.first + i]];
    }
    const struct sim_crew crew = { .tasks = r.tasks,
                                   .n = count,
                                   .jobs = st->options.jobs,
                                   .self = &r,
                                   .on_done = on_done,
                                   .on_progress = on_progress };
    sim_progress_begin(&r.line);
    const int err = sim_crew_run(&crew, d);
    st->elapsed += sim_progress_end(&r.line);
    free(r.tasks);
    return err;
}

/* The interval of every configuration after @n runs of each. */
static int look(struct sim_study *st, uint64_t n, struct sw_diag *d)
{
    struct sim_until *u = st->options.until;
    double *values = calloc((size_t)n, sizeof *values);
    int64_t got = values == NULL ? no_memory(d) : 0;
    u->runs = n;
    u->n_arms = st->n_arms;
    u->reached = true;
    for (size_t i = 0; i < st->n_arms && got >= 0; i++) {
        u->arms[i] = st->arms[i].s->configuration.s;
        const struct sim_db_choice choice = { .configuration = u->arms[i],
                                              .metric = u->measure.metric->name,
                                              .during = u->measure.during,
                                              .first_seed = st->tasks[0].seed,
                                              .seeds = n };
        got = sim_db_values(st->db, &choice, values, d);
        u->values[i] = got > 0 ? (uint64_t)got : 0;
        u->reached =
            got >= 0 &&
            sim_sequential_look(&u->rule, values, (size_t)got, u->measure.error, &u->found[i]) &&
            u->reached;
    }
    free(values);
    return got < 0 ? (int)got : 0;
}

/* Whether an oracle stopped one of the first @n tasks. */
static bool complained(const struct sim_study *st, size_t n)
{
    bool found = false;
    for (size_t i = 0; i < n; i++) {
        found = found || st->infos[i].result.complaint[0] != '\0';
    }
    return found;
}

/* Look by look, until the interval is short enough.  What a look says does not depend on how many
 * processes there are, nor on which runs were stored by an earlier call; nor does it see those that
 * it has not come to. */
static int run_until(struct sim_study *st, struct sw_diag *d)
{
    struct sim_until *u = st->options.until;
    const unsigned looks = sim_sequential_looks(&u->rule);
    int err = 0;
    bool stopped = false;
    for (unsigned k = 0; k < looks && err == 0 && !u->reached && !stopped; k++) {
        const uint64_t n = sim_sequential_runs(&u->rule, k);
        err = run_missing(st, (size_t)n * st->n_arms, d);
        if (err == 0) {
            err = look(st, n, d);
            stopped = complained(st, (size_t)n * st->n_arms);
        }
    }
    st->n_tasks = (size_t)u->runs * st->n_arms;
    st->n_missing = st->n_begun;
    return err == 0 ? describe_arms(st, d) : err; /* so many were wanted after all */
}

int sim_study_run(struct sim_study *st, struct sw_diag *d)
{
    const size_t stored = st->n_tasks - st->n_missing;
    if (stored > 0) {
        (void)fprintf(stderr, "swarmsim: %zu of %s%zu runs are stored in %s already\n", stored,
                      st->options.until != NULL ? "at most " : "", st->n_tasks, st->database);
    }
    int err = st->options.until != NULL ? run_until(st, d) : run_missing(st, st->n_tasks, d);
    for (size_t i = 0; i < st->n_arms && err == 0; i++) {
        err = judge_arm(st, &st->arms[i], d);
    }
    sim_db_close(st->db);
    st->db = NULL;
    return err;
}

bool sim_study_has_fault(const struct sim_study *st, const char *kind)
{
    size_t i = 0;
    while (i < st->n_arms && sim_scenario_has_fault(st->arms[i].s, kind)) {
        i++;
    }
    return i == st->n_arms;
}

bool sim_study_failed(const struct sim_study *st)
{
    bool failed =
        complained(st, st->n_tasks) || (st->options.until != NULL && !st->options.until->reached);
    for (size_t i = 0; i < st->n_arms; i++) {
        const struct sim_arm *a = &st->arms[i];
        for (size_t k = 0; a->verdicts != NULL && k < a->s->n_expectations; k++) {
            failed = failed || !a->verdicts[k].holds;
        }
    }
    return failed;
}

void sim_study_fini(struct sim_study *st)
{
    sim_db_close(st->db);
    for (size_t i = 0; i < st->n_arms; i++) {
        sim_scenario_free(st->arms[i].s);
        free(st->arms[i].verdicts);
    }
    free(st->arms);
    free(st->tasks);
    free(st->infos);
    free(st->missing);
}

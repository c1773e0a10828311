/* SPDX-License-Identifier: GPL-3.0-or-later
 * Trials: found or run. */
#include "sim/search/lab.h"
#include "node/conf/version.h"
#include "node/conf/yaml.h"
#include "sim/verbs/study.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define AT_ONCE 256U /* trials whose scenarios are in memory together; more with many processes */

static int no_memory(struct sw_diag *d)
{
    return sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
}

/* ---- setting up ---- */

static bool same_measure(const struct sim_measure *a, const struct sim_measure *b)
{
    return a->metric == b->metric && strcmp(a->during, b->during) == 0;
}

int sim_lab_measure(struct sim_lab *lab, const char *text, size_t *index, struct sw_diag *d)
{
    struct sim_measure m;
    const int err = sim_measure_parse(&m, text, d);
    if (err != 0) {
        return err;
    }
    for (*index = 0; *index < lab->n_measures; ++*index) {
        if (same_measure(&lab->measures[*index], &m)) {
            return 0;
        }
    }
    if (lab->n_measures == SIM_MEASURES) {
        return sw_diag_set(d, SW_ERR_RANGE, "more than %d metrics", SIM_MEASURES);
    }
    lab->measures[lab->n_measures++] = m;
    return 0;
}

void sim_lab_aim(struct sim_lab *lab, const struct sim_objective *o)
{
    lab->objective = *o;
    lab->n_measures = o->n;
    for (size_t i = 0; i < o->n; i++) {
        lab->measures[i] = o->terms[i].measure;
    }
}

void sim_lab_build(char out[300])
{
    char id[SW_BUILD_ID];
    sw_program_id(id);
    (void)snprintf(out, 300, "swarmsim %s, core %s, program %s", sw_version(), sw_core_digest(),
                   id);
}

int sim_lab_seeds(const char *text, uint64_t *first, uint64_t *n, struct sw_diag *d)
{
    static const struct sw_yaml_field whole = { .type = SW_YAML_INTEGER };
    char low[32] = "";
    const char *dots = strstr(text, "..");
    const size_t len = dots != NULL ? (size_t)(dots - text) : strlen(text);
    uint64_t last = 0;
    (void)snprintf(low, sizeof low, "%.*s", len < sizeof low ? (int)len : 0, text);
    if (sw_yaml_scalar(&whole, NULL, low, first) != 0 ||
        sw_yaml_scalar(&whole, NULL, dots != NULL ? dots + 2 : low, &last) != 0 || last < *first ||
        last - *first >= 100000) {
        return sw_diag_set(d, SW_ERR_MALFORMED,
                           "'%.60s' is no range of at most 100000 seeds (like 1..20)", text);
    }
    *n = last - *first + 1;
    return 0;
}

/* A fault that never happens has no metrics. */
static int check_windows(const struct sim_lab *lab, const struct sim_scenario *s, struct sw_diag *d)
{
    for (size_t i = 0; i < lab->n_measures; i++) {
        const char *during = lab->measures[i].during;
        if (during[0] != '\0' && !sim_scenario_has_fault(s, during)) {
            return sw_diag_set(d, SW_ERR_NOTFOUND, "%.150s: no fault '%s' happens in it", s->path,
                               during);
        }
    }
    return 0;
}

static int check_names(const struct sim_lab *lab, size_t i, struct sw_diag *d)
{
    for (size_t k = 0; k < i; k++) {
        if (strcmp(lab->names[i].s, lab->names[k].s) == 0) {
            return sw_diag_set(d, SW_ERR_EXISTS, "%.100s and %.100s are both named '%s'",
                               lab->scenarios[k], lab->scenarios[i], lab->names[i].s);
        }
    }
    return 0;
}

static int open_scenario(struct sim_lab *lab, size_t i, struct sw_diag *d)
{
    char build[300];
    struct sim_scenario *s = NULL;
    int err = sim_scenario_load(lab->scenarios[i], NULL, &s, d);
    if (err == 0) {
        (void)snprintf(lab->names[i].s, sizeof lab->names[i].s, "%s", s->name);
        err = check_names(lab, i, d);
    }
    if (err == 0) {
        err = check_windows(lab, s, d);
    }
    if (err == 0 && lab->db != NULL) {
        sim_lab_build(build);
        err = sim_db_family(lab->db, s, build, &lab->studies[i], d);
    }
    sim_scenario_free(s);
    return err;
}

int sim_lab_open(struct sim_lab *lab, struct sw_diag *d)
{
    int err = lab->database != NULL ? sim_db_open(lab->database, &lab->db, d) : 0;
    for (size_t i = 0; i < lab->n_scenarios && err == 0; i++) {
        err = open_scenario(lab, i, d);
    }
    return err;
}

void sim_lab_fini(struct sim_lab *lab)
{
    sim_db_close(lab->db);
    lab->db = NULL;
}

/* ---- trials that are stored ---- */

static void conclude(struct sim_lab *lab, struct sim_trial *t, const char *complaint)
{
    if (complaint[0] != '\0' && lab->stopped++ == 0) {
        (void)snprintf(lab->first, sizeof lab->first, "%s, seed %llu: %.120s",
                       lab->names[t->scenario].s, (unsigned long long)t->seed, complaint);
    }
    (void)snprintf(t->complaint, sizeof t->complaint, "%.159s", complaint);
    t->objective = complaint[0] == '\0' ? sim_objective_value(&lab->objective, t->values) : NAN;
}

/* 1 when it is stored. */
static int find(struct sim_lab *lab, struct sim_trial *t, struct sw_diag *d)
{
    if (lab->db == NULL) {
        return 0;
    }
    const struct sw_name name = sim_point_name(t->point);
    struct sim_run_info info;
    sim_db_select(lab->db, lab->studies[t->scenario]);
    int found = sim_db_stored(lab->db, name.s, t->seed, &info, d);
    for (size_t i = 0; i < lab->n_measures && found > 0; i++) {
        const struct sim_db_choice c = { .configuration = name.s,
                                         .metric = lab->measures[i].metric->name,
                                         .during = lab->measures[i].during,
                                         .first_seed = t->seed,
                                         .seeds = 1 };
        t->values[i] = NAN;
        const int64_t n = sim_db_values(lab->db, &c, &t->values[i], d);
        found = n < 0 ? (int)n : found;
    }
    if (found > 0) {
        conclude(lab, t, info.result.complaint);
    }
    return found;
}

/* ---- trials that are run ---- */

struct batch {
    struct sim_lab *lab;
    struct sim_trial **trials;
    struct sim_task *tasks;
    size_t n;
    struct sim_scenario **scenarios; /* of the tasks; equal neighbours share one */
    size_t n_scenarios;
    struct sim_progress_line line;
};

struct taking {
    const struct sim_lab *lab;
    struct sim_trial *t;
    struct sim_run_info info;
};

static int take_info(void *self, const struct sim_run_info *info)
{
    ((struct taking *)self)->info = *info;
    return 0;
}

static int take_metric(void *self, const char *metric, const char *during, double value)
{
    struct taking *k = self;
    for (size_t i = 0; i < k->lab->n_measures; i++) {
        const struct sim_measure *m = &k->lab->measures[i];
        if (strcmp(m->metric->name, metric) == 0 && strcmp(m->during, during) == 0) {
            k->t->values[i] = value;
        }
    }
    return 0;
}

static int on_done(void *self, size_t number, struct sw_bytes rows, struct sw_diag *d)
{
    struct batch *b = self;
    struct sim_trial *t = b->trials[number];
    struct taking k = { .lab = b->lab, .t = t };
    const struct sim_row_handler h = { .self = &k, .info = take_info, .metric = take_metric };
    for (size_t i = 0; i < b->lab->n_measures; i++) {
        t->values[i] = NAN;
    }
    if (sim_rows_each(rows, &h) != 0) {
        return sw_diag_set(d, SW_ERR_STATE, "a run sent rows that are none");
    }
    conclude(b->lab, t, k.info.result.complaint);
    if (b->lab->db == NULL) {
        return 0;
    }
    sim_db_select(b->lab->db, b->lab->studies[t->scenario]);
    return sim_db_run(b->lab->db, b->tasks[number].s->configuration.s, rows, d);
}

static void on_progress(void *self, const struct sim_crew_progress *now)
{
    sim_progress_tell(&((struct batch *)self)->line, now);
}

static int register_point(struct sim_lab *lab, const struct sim_trial *t,
                          const struct sim_scenario *s, struct sw_diag *d)
{
    sim_db_select(lab->db, lab->studies[t->scenario]);
    int err = sim_db_configuration(lab->db, t->number, s, lab->first_seed, lab->seeds, d);
    for (size_t i = 0; i < t->point->n && err == 0; i++) {
        const struct sim_setting *p = &t->point->settings[i];
        err = sim_db_setting(lab->db, s->configuration.s, p->key, p->value, d);
    }
    return err;
}

/* The scenario of trial @t: that of an earlier one of the batch, or a new one. */
static int load(struct batch *b, const struct sim_trial *t, struct sim_scenario **out,
                struct sw_diag *d)
{
    for (size_t i = b->n; i-- > 0;) {
        if (b->trials[i]->point == t->point && b->trials[i]->scenario == t->scenario) {
            memcpy(out, &b->tasks[i].s, sizeof *out);
            return 0;
        }
    }
    int err = sim_point_load(t->point, b->lab->scenarios[t->scenario], out, d);
    if (err == 0) {
        b->scenarios[b->n_scenarios++] = *out;
        err = b->lab->db != NULL ? register_point(b->lab, t, *out, d) : 0;
    }
    return err;
}

static int run(struct batch *b, struct sw_diag *d)
{
    const struct sim_crew crew = { .tasks = b->tasks,
                                   .n = b->n,
                                   .jobs = b->lab->jobs,
                                   .self = b,
                                   .on_done = on_done,
                                   .on_progress = on_progress };
    sim_progress_begin(&b->line);
    const int err = sim_crew_run(&crew, d);
    b->lab->elapsed += sim_progress_end(&b->line);
    for (size_t i = 0; i < b->n_scenarios; i++) {
        sim_scenario_free(b->scenarios[i]);
    }
    b->n = 0;
    b->n_scenarios = 0;
    return err;
}

int sim_lab_try(struct sim_lab *lab, struct sim_trial *t, size_t n, struct sw_diag *d)
{
    const size_t most = lab->jobs * 8U > AT_ONCE ? lab->jobs * 8U : AT_ONCE;
    struct batch b = { .lab = lab };
    b.trials = calloc(most, sizeof(struct sim_trial *));
    b.tasks = calloc(most, sizeof *b.tasks);
    b.scenarios = calloc(most, sizeof(struct sim_scenario *));
    int err = b.trials == NULL || b.tasks == NULL || b.scenarios == NULL ? no_memory(d) : 0;
    for (size_t i = 0; i < n && err == 0; i++) {
        const int found = find(lab, &t[i], d);
        if (found == 0 && lab->shards > 1 && i % lab->shards != lab->shard) {
            lab->incomplete = true;
            continue;
        }
        struct sim_scenario *s = NULL;
        err = found < 0 ? found : found > 0 ? 0 : load(&b, &t[i], &s, d);
        lab->tried++;
        lab->reused += found > 0 ? 1 : 0;
        if (err == 0 && found == 0) {
            b.trials[b.n] = &t[i];
            b.tasks[b.n++] = (struct sim_task){ .s = s, .seed = t[i].seed };
        }
        if (err == 0 && b.n == most) {
            err = run(&b, d);
        }
    }
    if (err == 0) {
        err = run(&b, d);
    }
    if (err == 0 && lab->incomplete) {
        err = sw_diag_set(d, SW_ERR_BUSY, "trials of other shards are missing");
    }
    for (size_t i = 0; i < b.n_scenarios; i++) {
        sim_scenario_free(b.scenarios[i]);
    }
    free(b.trials);
    free(b.tasks);
    free(b.scenarios);
    return err;
}

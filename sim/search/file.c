/* SPDX-License-Identifier: GPL-3.0-or-later
 * The keys of a study file, and what they mean together. */
#define _POSIX_C_SOURCE 200809L
#include "sim/search/file.h"
#include "algorithms/route/policy.h"
#include "node/conf/yaml.h"

#include <stdlib.h>
#include <string.h>

#define FIELD(type, member) .offset = offsetof(type, member)
#define LIST(type, member, item_type) \
    .offset = offsetof(type, member), .count = offsetof(type, n_##member), .size = sizeof(item_type)
#define TABLE(title, array)                                    \
    {                                                          \
        .name = (title), .fields = (array), .n = SW_LEN(array) \
    }

static const struct sw_yaml_field parameter_fields[] = {
    { "key", SW_YAML_STRING, FIELD(struct sim_dimension, key), .required = true,
      .help = "parameter of the policy; or, with dots, a scenario's key by its path: "
              "`network.wide.loss`, `clients.0.rate` (items of lists by place, from 0)" },
    { "low", SW_YAML_STRING, FIELD(struct sim_dimension, low),
      .help = "of the range, with its unit; a policy's parameter has one of its own" },
    { "high", SW_YAML_STRING, FIELD(struct sim_dimension, high), .help = "likewise" },
    { "scale", SW_YAML_STRING, FIELD(struct sim_dimension, scale),
      .help = "`linear` or `log`; by default as the policy has it, or linear" },
    { "whole", SW_YAML_BOOL, FIELD(struct sim_dimension, whole), .fallback = "false",
      .help = "whole numbers only" },
    { "values", SW_YAML_LIST, .offset = offsetof(struct sim_dimension, values),
      .count = offsetof(struct sim_dimension, n_values), .size = sizeof(char *),
      .item = SW_YAML_STRING, .help = "instead of a range: these and no others" },
    { NULL, SW_YAML_LINE, FIELD(struct sim_dimension, line) },
};
static const struct sw_yaml_table parameter_table = TABLE("parameter", parameter_fields);

static const struct sw_yaml_field term_fields[] = {
    { "metric", SW_YAML_STRING, FIELD(struct sim_term_entry, metric), .required = true,
      .help = "as in `swarmsim list metrics`, also `METRIC during FAULT`" },
    { "weight", SW_YAML_NUMBER, FIELD(struct sim_term_entry, weight), .fallback = "1",
      .help = "negative where more is better" },
    { "log", SW_YAML_BOOL, FIELD(struct sim_term_entry, log), .fallback = "false",
      .help = "of the natural logarithm, so that only ratios count" },
};
static const struct sw_yaml_table term_table = TABLE("term of the objective", term_fields);

static const struct sw_yaml_field baseline_fields[] = {
    { "policy", SW_YAML_STRING, FIELD(struct sim_baseline_entry, policy), .required = true,
      .help = "routing policy" },
    { "params", SW_YAML_STRING, FIELD(struct sim_baseline_entry, params),
      .help = "what differs from its defaults: `k=v,k=v`, or a file that `swarmsim tune` wrote, "
              "relative to this one" },
};
static const struct sw_yaml_table baseline_table = TABLE("baseline", baseline_fields);

static const struct sw_yaml_field held_out_fields[] = {
    { "scenarios", SW_YAML_LIST, LIST(struct sim_held_out, scenarios, char *), .item = SW_YAML_PATH,
      .help = "that the search never sees" },
    { "seed", SW_YAML_INTEGER, FIELD(struct sim_held_out, seed), .fallback = "1000001",
      .help = "the first" },
    { "replications", SW_YAML_COUNT, FIELD(struct sim_held_out, replications), .fallback = "20",
      .low = 1, .high = 100000, .help = "seeds from there on" },
};
static const struct sw_yaml_table held_out_table = TABLE("held_out", held_out_fields);

static const char *const designs[] = { "grid", "latin_hypercube", "sobol", NULL };
static const struct sw_yaml_field study_fields[] = {
    { "name", SW_YAML_NAME, FIELD(struct sim_search_file, name), .required = true,
      .help = "what results are called" },
    { "question", SW_YAML_STRING, FIELD(struct sim_search_file, question),
      .help = "in a sentence" },
    { "scenarios", SW_YAML_LIST, LIST(struct sim_search_file, scenarios, char *), .required = true,
      .item = SW_YAML_PATH,
      .help = "scenario files, relative to this one: every point is tried in "
              "each" },
    { "policy", SW_YAML_STRING, FIELD(struct sim_search_file, policy),
      .help = "routing policy of every node; by default the scenarios' own" },
    { "parameters", SW_YAML_LIST, .offset = offsetof(struct sim_search_file, dims),
      .count = offsetof(struct sim_search_file, n_dims), .size = sizeof(struct sim_dimension),
      .table = &parameter_table, .item = SW_YAML_MAPPING,
      .help = "what is varied; by default all parameters of the policy" },
    { "design", SW_YAML_ENUM, FIELD(struct sim_search_file, design), .fallback = "sobol",
      .names = designs, .help = "of a sweep: where its points lie" },
    { "points", SW_YAML_COUNT, FIELD(struct sim_search_file, points), .fallback = "32", .low = 1,
      .high = SIM_DESIGN_MOST, .help = "of a sweep; with `grid`, of each parameter" },
    { "seed", SW_YAML_INTEGER, FIELD(struct sim_search_file, seed), .fallback = "1",
      .help = "the first; every point meets the same seeds" },
    { "replications", SW_YAML_COUNT, FIELD(struct sim_search_file, replications), .fallback = "3",
      .low = 1, .high = 100000, .help = "of a sweep: seeds from there on" },
    { "metrics", SW_YAML_LIST, LIST(struct sim_search_file, metrics, char *),
      .item = SW_YAML_STRING, .help = "of a sweep: what is reported beside the objective" },
    { "objective", SW_YAML_LIST, .offset = offsetof(struct sim_search_file, terms),
      .count = offsetof(struct sim_search_file, n_terms), .size = sizeof(struct sim_term_entry),
      .table = &term_table, .item = SW_YAML_MAPPING,
      .help = "a weighted sum, minimised; by default 1/4 ln p50 + 1/4 ln mean + 0.35 ln p99 + 0.15 "
              "ln p99.9 - 20 availability + 0.01 messages a query" },
    { "baselines", SW_YAML_LIST, LIST(struct sim_search_file, baselines, struct sim_baseline_entry),
      .table = &baseline_table, .item = SW_YAML_MAPPING,
      .help = "of a tuning: policies that its winner is compared with" },
    { "held_out", SW_YAML_MAPPING, FIELD(struct sim_search_file, held_out),
      .table = &held_out_table, .help = "of a tuning: where its winner is judged" },
};
static const struct sw_yaml_table study_table = TABLE("study", study_fields);

void sim_search_file_document(FILE *to)
{
    sw_yaml_document(to, &study_table);
}

/* ---- what the keys mean ---- */

static int no_memory(const struct sw_yaml *y, struct sw_diag *d)
{
    return sw_diag_set(d, SW_ERR_NOMEM, "%s: out of memory", y->file);
}

/* What @why says, about key @key. */
static int blame(const struct sw_yaml *y, const char *key, int err, const struct sw_diag *why,
                 struct sw_diag *d)
{
    return err == 0 ? 0 : sw_yaml_fail(y, sw_yaml_get(y->root, key), key, err, d, "%s", why->text);
}

/* Without `parameters`: all that the policy has. */
static int take_every_param(struct sim_search_file *f, const struct sw_yaml *y, struct sw_diag *d)
{
    const struct sw_policy *p = sw_policy_find(f->defaults.policy);
    if (p == NULL || p->n_params == 0) {
        return sw_yaml_fail(y, y->root, "parameters", SW_ERR_MALFORMED, d,
                            p == NULL ? "is missing, and so is `policy`"
                                      : "is missing, and the policy has none");
    }
    f->dims = calloc(p->n_params, sizeof *f->dims);
    for (size_t i = 0; f->dims != NULL && i < p->n_params; i++) {
        f->dims[i].key = strdup(p->params[i].name);
        f->n_dims = i + 1;
        if (f->dims[i].key == NULL) {
            return no_memory(y, d);
        }
    }
    return f->dims != NULL ? 0 : no_memory(y, d);
}

static int settle_dims(struct sim_search_file *f, const struct sw_yaml *y, struct sw_diag *d)
{
    struct sw_diag why = { 0 };
    if (f->n_dims > SIM_DIMENSIONS) {
        return sw_yaml_fail(y, y->root, "parameters", SW_ERR_RANGE, d, "more than %d",
                            SIM_DIMENSIONS);
    }
    for (size_t i = 0; i < f->n_dims; i++) {
        const struct sw_yaml_node at = { .line = f->dims[i].line, .column = 1 };
        int err = sim_dimension_settle(&f->dims[i], f->defaults.policy, &why);
        for (size_t k = 0; k < i && err == 0; k++) {
            if (strcmp(f->dims[k].key, f->dims[i].key) == 0) {
                err = sw_diag_set(&why, SW_ERR_EXISTS, "%.60s is there twice", f->dims[i].key);
            }
        }
        if (err != 0) {
            return sw_yaml_fail(y, at.line > 0 ? &at : NULL, "parameters", err, d, "%s", why.text);
        }
    }
    /* both ends must be possible; what scenarios say to their own keys shows when they are read */
    struct sim_point p = f->defaults;
    int err = 0;
    for (int end = 0; end <= 1 && err == 0; end++) {
        double u[SIM_DIMENSIONS];
        for (size_t i = 0; i < f->n_dims; i++) {
            u[i] = end;
        }
        err = sim_space_place(f->dims, f->n_dims, u, &p, &why);
        err = err == 0 ? sim_point_check(&p, &why) : err;
    }
    return blame(y, "parameters", err, &why, d);
}

static int settle_objective(struct sim_search_file *f, const struct sw_yaml *y, struct sw_diag *d)
{
    struct sw_diag why = { 0 };
    if (f->n_terms == 0) {
        sim_objective_usual(&f->objective);
        return 0;
    }
    if (f->n_terms > SIM_TERMS) {
        return sw_yaml_fail(y, sw_yaml_get(y->root, "objective"), "objective", SW_ERR_RANGE, d,
                            "more than %d terms", SIM_TERMS);
    }
    int err = 0;
    for (size_t i = 0; i < f->n_terms && err == 0; i++) {
        struct sim_term *t = &f->objective.terms[i];
        *t = (struct sim_term){ .weight = f->terms[i].weight, .log = f->terms[i].log };
        err = sim_measure_parse(&t->measure, f->terms[i].metric, &why);
        f->objective.n = i + 1;
    }
    return blame(y, "objective", err, &why, d);
}

/* A file named beside this one, unless it is "k=v". */
static int read_params(struct sim_point *p, const struct sw_yaml *y, const char *params,
                       struct sw_diag *d)
{
    static const struct sw_yaml_field path = { .type = SW_YAML_PATH };
    char *file = NULL;
    if (params == NULL || strchr(params, '=') != NULL) {
        return params != NULL ? sim_point_read(p, params, d) : 0;
    }
    int err = sw_yaml_scalar(&path, y->folder, params, &file);
    err = err == 0 ? sim_point_read(p, file, d) : err;
    free(file);
    return err;
}

static int settle_baselines(struct sim_search_file *f, const struct sw_yaml *y, struct sw_diag *d)
{
    struct sw_diag why = { 0 };
    if (f->n_baselines > SIM_BASELINES) {
        return sw_yaml_fail(y, sw_yaml_get(y->root, "baselines"), "baselines", SW_ERR_RANGE, d,
                            "more than %d", SIM_BASELINES);
    }
    f->others = calloc(f->n_baselines + 1, sizeof *f->others);
    int err = f->others == NULL ? no_memory(y, &why) : 0;
    for (size_t i = 0; i < f->n_baselines && err == 0; i++) {
        err = read_params(&f->others[i], y, f->baselines[i].params, &why);
        if (err == 0) { /* the policy named here, whatever the file says */
            err = sim_point_route_by(&f->others[i], f->baselines[i].policy, &why);
        }
        if (err == 0) {
            err = sim_point_check(&f->others[i], &why);
        }
    }
    return blame(y, "baselines", err, &why, d);
}

int sim_search_file_read(const char *path, const char *policy, struct sim_search_file *out,
                         struct sw_diag *d)
{
    struct sw_yaml y;
    struct sw_diag why = { 0 };
    int err = sw_yaml_read(path, &y, d);
    if (err != 0) {
        return err;
    }
    err = sw_yaml_bind(&y, y.root, &study_table, out, d);
    if (err == 0) {
        err = sim_point_route_by(&out->defaults, policy != NULL ? policy : out->policy, &why);
        err = blame(&y, "policy", err, &why, d);
    }
    if (err == 0 && policy != NULL) {
        const struct sw_name own = out->name;
        (void)snprintf(out->name.s, sizeof out->name.s, "%.*s-%s",
                       (int)(SW_NAME_MAX - 1 - strlen(out->defaults.policy)), own.s, policy);
    }
    if (err == 0 && out->n_dims == 0) {
        err = take_every_param(out, &y, d);
    }
    if (err == 0) {
        err = settle_dims(out, &y, d);
    }
    if (err == 0) {
        err = settle_objective(out, &y, d);
    }
    if (err == 0) {
        err = settle_baselines(out, &y, d);
    }
    sw_yaml_fini(&y);
    return err;
}

void sim_search_file_fini(struct sim_search_file *f)
{
    free(f->others);
    sw_yaml_release(&study_table, f);
    *f = (struct sim_search_file){ 0 };
}

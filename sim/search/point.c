/* SPDX-License-Identifier: GPL-3.0-or-later
 * Points: their text, their names, and the scenarios that they make. */
#define _POSIX_C_SOURCE 200809L
#include "sim/search/point.h"
#include "algorithms/route/policy.h"
#include "node/conf/config.h"
#include "node/conf/yaml.h"
#include "sim/engine/xxh64.h"
#include "sim/verbs/json.h"

#include <stdlib.h>
#include <string.h>

static bool is_path(const char *key)
{
    return strchr(key, '.') != NULL;
}

/* ---- setting ---- */

int sim_point_set(struct sim_point *p, const char *key, const char *value, struct sw_diag *d)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                " _-+./%:";
    if (key[0] == '\0' || strlen(key) >= SIM_KEY || key[strspn(key, plain)] != '\0') {
        return sw_diag_set(d, SW_ERR_MALFORMED, "'%.100s' is no parameter's name", key);
    }
    if (value[0] == '\0' || strlen(value) >= SIM_VALUE || value[strspn(value, plain)] != '\0') {
        return sw_diag_set(d, SW_ERR_MALFORMED, "%.100s: '%.60s' is not a value", key, value);
    }
    size_t at = 0;
    while (at < p->n && strcmp(p->settings[at].key, key) < 0) {
        at++;
    }
    if (at == p->n || strcmp(p->settings[at].key, key) != 0) {
        if (p->n == SIM_SETTINGS) {
            return sw_diag_set(d, SW_ERR_RANGE, "more than %d parameters", SIM_SETTINGS);
        }
        memmove(&p->settings[at + 1], &p->settings[at], (p->n - at) * sizeof *p->settings);
        p->n++;
    }
    (void)snprintf(p->settings[at].key, SIM_KEY, "%s", key);
    (void)snprintf(p->settings[at].value, SIM_VALUE, "%s", value);
    return 0;
}

int sim_point_route_by(struct sim_point *p, const char *policy, struct sw_diag *d)
{
    if (policy == NULL) {
        return 0;
    }
    if (sw_policy_find(policy) == NULL) {
        const char *names[64];
        size_t n = 0;
        for (const struct sw_policy *k; n < SW_LEN(names) && (k = sw_policy_at(n)) != NULL; n++) {
            names[n] = k->name;
        }
        const char *near = sw_yaml_nearest(policy, names, n);
        return sw_diag_set(d, SW_ERR_NOTFOUND, "no policy is called '%.40s' (%s%s%s", policy,
                           near != NULL ? "did you mean '" : "see swarmsim list policies",
                           near != NULL ? near : "", near != NULL ? "'?)" : ")");
    }
    (void)snprintf(p->policy, sizeof p->policy, "%s", policy);
    return 0;
}

/* "k=v,k=v" */
static int read_list(struct sim_point *p, const char *text, struct sw_diag *d)
{
    char *copy = strdup(text);
    char *rest = NULL;
    int err = copy == NULL ? sw_diag_set(d, SW_ERR_NOMEM, "out of memory") : 0;
    for (char *item = copy != NULL ? strtok_r(copy, ",", &rest) : NULL; item != NULL && err == 0;
         item = strtok_r(NULL, ",", &rest)) {
        item += strspn(item, " ");
        char *equals = strchr(item, '=');
        if (equals == NULL) {
            err = sw_diag_set(d, SW_ERR_MALFORMED, "'%.100s': expected KEY=VALUE", item);
        } else {
            *equals = '\0';
            err = sim_point_set(p, item, equals + 1, d);
        }
    }
    free(copy);
    return err;
}

static int set_all(struct sim_point *p, const struct sw_yaml *y, const struct sw_yaml_node *n,
                   const char *key, struct sw_diag *d)
{
    if (n != NULL && n->kind != SW_YAML_IS_MAPPING) {
        return sw_yaml_fail(y, n, key, SW_ERR_MALFORMED, d, "expected a mapping of keys to values");
    }
    struct sw_diag why = { 0 };
    for (size_t i = 0; n != NULL && i < n->n; i++) {
        const struct sw_yaml_node *value = n->pairs[i].value;
        if (value->kind != SW_YAML_IS_SCALAR) {
            return sw_yaml_fail(y, value, n->pairs[i].key, SW_ERR_MALFORMED, d,
                                "expected a single value");
        }
        const int err = sim_point_set(p, n->pairs[i].key, value->text, &why);
        if (err != 0) {
            return sw_yaml_fail(y, value, n->pairs[i].key, err, d, "%s", why.text);
        }
    }
    return 0;
}

static int read_file(struct sim_point *p, const char *path, struct sw_diag *d)
{
    struct sw_yaml y;
    int err = sw_yaml_read(path, &y, d);
    if (err != 0) {
        return err;
    }
    const struct sw_yaml_node *routing = sw_yaml_get(y.root, "routing");
    const struct sw_yaml_node *policy = sw_yaml_get(routing, "policy");
    const struct sw_yaml_node *scenario = sw_yaml_get(y.root, "scenario");
    if (routing == NULL && scenario == NULL) {
        err = sw_yaml_fail(&y, y.root, "routing", SW_ERR_MALFORMED, d,
                           "is missing, and so is `scenario` (what is to be set?)");
    }
    if (err == 0 && policy != NULL && policy->kind == SW_YAML_IS_SCALAR) {
        struct sw_diag why = { 0 };
        err = sim_point_route_by(p, policy->text, &why);
        err = err == 0 ? 0 : sw_yaml_fail(&y, policy, "policy", err, d, "%s", why.text);
    }
    if (err == 0) {
        err = set_all(p, &y, sw_yaml_get(routing, "parameters"), "parameters", d);
    }
    if (err == 0) {
        err = set_all(p, &y, scenario, "scenario", d);
    }
    sw_yaml_fini(&y);
    return err;
}

int sim_point_read(struct sim_point *p, const char *text, struct sw_diag *d)
{
    return strchr(text, '=') != NULL ? read_list(p, text, d) : read_file(p, text, d);
}

/* ---- saying ---- */

struct sw_name sim_point_name(const struct sim_point *p)
{
    struct sw_name name = { "" };
    if (p->n == 0) {
        (void)snprintf(name.s, sizeof name.s, "%s", p->policy);
        return name;
    }
    uint64_t digest = sim_xxh64(p->policy, strlen(p->policy) + 1, 0);
    for (size_t i = 0; i < p->n; i++) {
        const struct sim_setting *s = &p->settings[i];
        digest = sim_xxh64(s->key, strlen(s->key) + 1, digest);
        digest = sim_xxh64(s->value, strlen(s->value) + 1, digest);
    }
    (void)snprintf(name.s, sizeof name.s, "%.17s%s%012llx", p->policy,
                   p->policy[0] != '\0' ? "-" : "", (unsigned long long)(digest >> 16));
    return name;
}

void sim_point_print(const struct sim_point *p, FILE *to)
{
    for (size_t i = 0; i < p->n; i++) {
        (void)fprintf(to, "%s%s=%s", i > 0 ? ", " : "", p->settings[i].key, p->settings[i].value);
    }
    (void)fputs(p->n == 0 ? "defaults" : "", to);
}

void sim_point_print_json(const struct sim_point *p, FILE *to)
{
    (void)fputc('{', to);
    for (size_t i = 0; i < p->n; i++) {
        (void)fputs(i > 0 ? "," : "", to);
        sim_json_string(to, p->settings[i].key);
        (void)fputc(':', to);
        sim_json_string(to, p->settings[i].value);
    }
    (void)fputc('}', to);
}

/* "key: value" of the settings that are paths, or of those that are not. */
static void write_settings(const struct sim_point *p, bool paths, const char *indent, FILE *to)
{
    for (size_t i = 0; i < p->n; i++) {
        if (is_path(p->settings[i].key) == paths) {
            (void)fprintf(to, "%s%s: %s\n", indent, p->settings[i].key, p->settings[i].value);
        }
    }
}

static size_t count_paths(const struct sim_point *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        n += is_path(p->settings[i].key) ? 1 : 0;
    }
    return n;
}

void sim_point_write(const struct sim_point *p, FILE *to)
{
    const size_t paths = count_paths(p);
    if (p->policy[0] != '\0') {
        (void)fprintf(to, "routing:\n  policy: %s\n%s", p->policy,
                      p->n > paths ? "  parameters:\n" : "");
        write_settings(p, false, "    ", to);
    }
    if (paths > 0 || p->policy[0] == '\0') {
        (void)fprintf(to, "scenario:%s\n", paths == 0 ? " {}" : "");
        write_settings(p, true, "  ", to);
    }
}

/* ---- scenarios ---- */

/* The policy and its parameters, read as a scenario's `routing` is; freed by the caller. */
static int bind(const struct sim_point *p, struct sw_config *c, struct sw_diag *d)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (f == NULL) {
        return sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
    }
    (void)fprintf(f, "routing: {parameters: {");
    for (size_t i = 0; i < p->n; i++) {
        if (!is_path(p->settings[i].key)) {
            (void)fprintf(f, "\"%s\": \"%s\",", p->settings[i].key, p->settings[i].value);
        }
    }
    (void)fputs("}}\n", f);
    struct sw_yaml y;
    int err = fclose(f) == 0 ? sw_yaml_parse(p->policy, text, len, &y, d)
                             : sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
    if (err == 0) {
        char policy[sizeof p->policy];
        memcpy(policy, p->policy, sizeof policy);
        c->policy = policy;
        err = sw_config_routing(&y, y.root, c, d);
        c->policy = NULL;
        sw_yaml_fini(&y);
    }
    free(text);
    return err;
}

static int check_names(const struct sim_point *p, struct sw_diag *d)
{
    for (size_t i = 0; i < p->n && p->policy[0] == '\0'; i++) {
        if (!is_path(p->settings[i].key)) {
            return sw_diag_set(d, SW_ERR_MALFORMED,
                               "%s: a parameter of which policy? (name it; keys of the scenario "
                               "have dots)",
                               p->settings[i].key);
        }
    }
    return 0;
}

int sim_point_check(const struct sim_point *p, struct sw_diag *d)
{
    struct sw_config c = { 0 };
    int err = check_names(p, d);
    if (err == 0 && p->policy[0] != '\0') {
        err = bind(p, &c, d);
        sw_config_routing_free(&c);
    }
    return err;
}

static int route(const struct sim_point *p, struct sim_scenario *s, struct sw_diag *d)
{
    struct sw_config c = { 0 };
    int err = bind(p, &c, d);
    if (err == 0 && sim_scenario_route_by(s, p->policy) != 0) {
        err = sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
    }
    if (err != 0) {
        sw_config_routing_free(&c);
    } else {
        sim_scenario_route_with(s, c.params, c.n_params);
    }
    return err;
}

/* @text without data: what @path holds. */
static int load(const struct sim_point *p, const char *path, struct sw_bytes text,
                struct sim_scenario **out, struct sw_diag *d)
{
    struct sim_override items[SIM_SETTINGS];
    struct sim_overrides o = { .items = items };
    *out = NULL;
    for (size_t i = 0; i < p->n; i++) {
        if (is_path(p->settings[i].key)) {
            items[o.n++] = (struct sim_override){ p->settings[i].key, p->settings[i].value };
        }
    }
    int err = check_names(p, d);
    if (err == 0) {
        err = text.data == NULL ? sim_scenario_vary(path, NULL, &o, out, d)
                                : sim_scenario_vary_text(path, text, NULL, &o, out, d);
    }
    if (err == 0 && p->policy[0] != '\0') {
        err = route(p, *out, d);
    }
    if (err != 0) {
        sim_scenario_free(*out);
        *out = NULL;
        return err;
    }
    (*out)->configuration = sim_point_name(p);
    return 0;
}

int sim_point_load(const struct sim_point *p, const char *path, struct sim_scenario **out,
                   struct sw_diag *d)
{
    return load(p, path, (struct sw_bytes){ NULL, 0 }, out, d);
}

int sim_point_load_text(const struct sim_point *p, const char *path, struct sw_bytes text,
                        struct sim_scenario **out, struct sw_diag *d)
{
    return load(p, path, text, out, d);
}

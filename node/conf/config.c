/* SPDX-License-Identifier: GPL-3.0-or-later
 * Reading a node's configuration file, and checking what a table alone can't. */
#define _POSIX_C_SOURCE 200809L
#include "node/conf/config.h"
#include "algorithms/route/policy.h"
#include "node/base/prefix.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- routing ---- */

static int unknown_policy(const struct sw_yaml *y, const struct sw_yaml_node *at, const char *name,
                          struct sw_diag *d)
{
    const char *names[64];
    size_t n = 0;
    for (const struct sw_policy *p; n < SW_LEN(names) && (p = sw_policy_at(n)) != NULL; n++) {
        names[n] = p->name;
    }
    const char *near = sw_yaml_nearest(name, names, n);
    return sw_yaml_fail(y, at, "policy", SW_ERR_NOTFOUND, d, "no policy is called '%.40s' (%s%s%s",
                        name, near != NULL ? "did you mean '" : "see swarmsim list policies",
                        near != NULL ? near : "", near != NULL ? "'?)" : ")");
}

static const struct sw_param *find_param(const struct sw_policy *p, const char *name)
{
    for (size_t i = 0; i < p->n_params; i++) {
        if (strcmp(p->params[i].name, name) == 0) {
            return &p->params[i];
        }
    }
    return NULL;
}

static int unknown_param(const struct sw_yaml *y, const struct sw_yaml_pair *pair,
                         const struct sw_policy *p, struct sw_diag *d)
{
    const struct sw_yaml_node at = { .line = pair->line, .column = pair->column };
    const char *names[64];
    size_t n = 0;
    for (; n < p->n_params && n < SW_LEN(names); n++) {
        names[n] = p->params[n].name;
    }
    const char *near = sw_yaml_nearest(pair->key, names, n);
    return sw_yaml_fail(y, &at, pair->key, SW_ERR_NOTFOUND, d, "%s has no such parameter (%s%s%s",
                        p->name, near != NULL ? "did you mean '" : "see swarmsim list parameters",
                        near != NULL ? near : "", near != NULL ? "'?)" : ")");
}

/* One parameter: a duration where its unit is ns, otherwise a number. */
static int read_param(const struct sw_yaml *y, const struct sw_yaml_pair *pair,
                      const struct sw_policy *p, double *out, struct sw_diag *d)
{
    const struct sw_param *param = find_param(p, pair->key);
    if (param == NULL) {
        return unknown_param(y, pair, p, d);
    }
    const bool time = strcmp(param->unit, "ns") == 0;
    const struct sw_yaml_field f = { .type = time ? SW_YAML_DURATION : SW_YAML_NUMBER,
                                     .low = param->low,
                                     .high = param->high };
    char scratch[160];
    uint64_t ns = 0;
    int err = SW_ERR_MALFORMED;
    if (pair->value->kind == SW_YAML_IS_SCALAR) {
        err = sw_yaml_scalar(&f, NULL, pair->value->text, time ? (void *)&ns : (void *)out);
    }
    if (err == SW_ERR_RANGE) {
        return sw_yaml_fail(y, pair->value, pair->key, err, d, "%.40s is out of range (%s)",
                            pair->value->text, sw_yaml_range(&f, scratch));
    }
    if (err != 0) {
        return sw_yaml_fail(y, pair->value, pair->key, err, d, "is not %s",
                            sw_yaml_expected(&f, scratch));
    }
    if (time) {
        *out = (double)ns;
    }
    return 0;
}

int sw_config_routing(const struct sw_yaml *y, const struct sw_yaml_node *n, struct sw_config *c,
                      struct sw_diag *d)
{
    const struct sw_yaml_node *routing = sw_yaml_get(n, "routing");
    const struct sw_policy *p = sw_policy_find(c->policy);
    if (p == NULL) {
        return unknown_policy(y, sw_yaml_get(routing, "policy"), c->policy, d);
    }
    const struct sw_yaml_node *params = sw_yaml_get(routing, "parameters");
    if (params == NULL) {
        return 0;
    }
    if (params->kind != SW_YAML_IS_MAPPING) {
        return sw_yaml_fail(y, params, "parameters", SW_ERR_MALFORMED, d,
                            "expected a mapping (keys and values, like {name: x})");
    }
    c->params = calloc(params->n + 1, sizeof *c->params);
    int err = c->params == NULL ? SW_ERR_NOMEM : 0;
    for (size_t i = 0; i < params->n && err == 0; i++) {
        struct sw_param_config *slot = &c->params[c->n_params++];
        slot->name = strdup(params->pairs[i].key);
        err = slot->name == NULL ? SW_ERR_NOMEM
                                 : read_param(y, &params->pairs[i], p, &slot->value, d);
    }
    return err == SW_ERR_NOMEM ? sw_diag_set(d, err, "%s: out of memory", y->file) : err;
}

void sw_config_routing_free(struct sw_config *c)
{
    for (size_t i = 0; i < c->n_params; i++) {
        free(c->params[i].name);
    }
    free(c->params);
    c->params = NULL;
    c->n_params = 0;
}

/* ---- membership ---- */

int sw_config_membership(const struct sw_yaml *y, const struct sw_yaml_node *n,
                         const struct sw_config *c, struct sw_diag *d)
{
    const struct sw_yaml_node *at = sw_yaml_get(n, "membership");
    const char *key = sw_yaml_get(at, "timeout") != NULL ? "timeout" : "period";
    if (c->membership.timeout < c->membership.period) {
        return 0;
    }
    return sw_yaml_fail(y, sw_yaml_get(at, key), key, SW_ERR_RANGE, d,
                        "a probe would time out after %.9g s, and the next begins after %.9g s "
                        "(timeout less than period)",
                        (double)c->membership.timeout * 1e-9, (double)c->membership.period * 1e-9);
}

/* ---- forwarding ---- */

int sw_config_forwarding(const struct sw_yaml *y, const struct sw_yaml_node *n,
                         const struct sw_config *c, struct sw_diag *d)
{
    const struct sw_yaml_node *clients = sw_yaml_get(sw_yaml_get(n, "forwarding"), "clients");
    for (size_t i = 0; i < c->n_clients; i++) {
        struct sw_prefix p;
        if (sw_prefix_parse(c->clients[i], &p) != 0) {
            return sw_yaml_fail(y, sw_yaml_item(clients, i), "clients", SW_ERR_MALFORMED, d,
                                "'%.60s' is no prefix (like 192.0.2.0/24 or 2001:db8::/32)",
                                c->clients[i]);
        }
    }
    return 0;
}

/* Where a live node's upstreams are: no names, which would have to be resolved. */
static int check_upstreams(const struct sw_yaml *y, const struct sw_node_file *f, struct sw_diag *d)
{
    const struct sw_yaml_node *list = sw_yaml_get(sw_yaml_get(y->root, "forwarding"), "upstreams");
    for (size_t i = 0; i < f->config.n_upstreams; i++) {
        struct sw_prefix p;
        char host[80];
        const char *text = f->config.upstreams[i];
        const char *colon = strrchr(text, ':');
        const bool brackets = text[0] == '[' && colon != NULL && colon > text && colon[-1] == ']';
        const size_t len = colon == NULL ? 0 : (size_t)(colon - text) - (brackets ? 2U : 0U);
        const size_t digits = colon == NULL ? 0 : strspn(colon + 1, "0123456789");
        if (len > 0 && len < sizeof host) {
            memcpy(host, text + brackets, len);
            host[len] = '\0';
        }
        if (len == 0 || len >= sizeof host || digits == 0 || digits > 5 ||
            colon[1 + digits] != '\0' || strchr(host, '/') != NULL ||
            (strchr(host, ':') != NULL) != brackets || sw_prefix_parse(host, &p) != 0) {
            return sw_yaml_fail(y, sw_yaml_item(list, i), "upstreams", SW_ERR_MALFORMED, d,
                                "'%.60s' is no address with a port (like 192.0.2.1:53 or "
                                "[2001:db8::1]:53)",
                                text);
        }
    }
    return 0;
}

/* ---- the identity ---- */

static int read_identity(const struct sw_yaml *y, struct sw_node_file *f, struct sw_diag *d)
{
    const struct sw_yaml_node *at = sw_yaml_get(y->root, "identity");
    char digits[66] = "";
    struct stat st;
    FILE *file = fopen(f->host.identity, "rb");
    if (file == NULL || fstat(fileno(file), &st) != 0) {
        const int why = errno;
        if (file != NULL) {
            (void)fclose(file);
        }
        return sw_yaml_fail(y, at, "identity", SW_ERR_IO, d, "%.80s: %s", f->host.identity,
                            strerror(why));
    }
    const size_t len = fread(digits, 1, sizeof digits - 1, file);
    (void)fclose(file);
    digits[strcspn(digits, "\n")] = '\0';
    const struct sw_yaml_field key = { .type = SW_YAML_HEX, .size = sizeof f->config.identity };
    int err = 0;
    if ((st.st_mode & 077) != 0) {
        err = sw_yaml_fail(y, at, "identity", SW_ERR_DENIED, d,
                           "%.80s can be read by others (mode 0600 is expected)", f->host.identity);
    } else if (len < 64 || sw_yaml_scalar(&key, NULL, digits, f->config.identity) != 0) {
        err = sw_yaml_fail(y, at, "identity", SW_ERR_MALFORMED, d,
                           "%.80s holds no key (64 hexadecimal digits)", f->host.identity);
    }
    sodium_memzero(digits, sizeof digits);
    return err;
}

/* ---- the whole file ---- */

int sw_config_sets(const struct sw_yaml *y, const struct sw_yaml_node *n, const struct sw_config *c,
                   struct sw_diag *d)
{
    const struct sw_yaml_node *sets = sw_yaml_get(sw_yaml_get(n, "backup"), "sets");
    for (size_t i = 0; i < c->n_sets; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(c->sets[k].name.s, c->sets[i].name.s) == 0) {
                return sw_yaml_fail(y, sw_yaml_get(sw_yaml_item(sets, i), "name"), "name",
                                    SW_ERR_EXISTS, d, "two sets are called '%s'",
                                    c->sets[i].name.s);
            }
        }
    }
    return 0;
}

static int check_sets(const struct sw_yaml *y, const struct sw_node_file *f, struct sw_diag *d)
{
    const struct sw_yaml_node *sets = sw_yaml_get(sw_yaml_get(y->root, "backup"), "sets");
    for (size_t i = 0; i < f->config.n_sets; i++) {
        const struct sw_yaml_node *set = sw_yaml_item(sets, i);
        if (sw_yaml_get(set, "recipient") == NULL) {
            return sw_yaml_fail(y, set, "recipient", SW_ERR_MALFORMED, d,
                                "is missing (a set without a reader can't be restored)");
        }
    }
    if (f->config.n_sets > 0 && f->host.identity == NULL) {
        return sw_yaml_fail(y, y->root, "identity", SW_ERR_MALFORMED, d,
                            "is missing (needed to sign what is protected)");
    }
    return sw_config_sets(y, y->root, &f->config, d);
}

static int check_names(const struct sw_yaml *y, const struct sw_node_file *f, struct sw_diag *d)
{
    const struct sw_yaml_node *peers = sw_yaml_get(y->root, "peers");
    for (size_t i = 0; i < f->config.n_peers; i++) {
        const char *name = f->config.peers[i].name.s;
        const struct sw_yaml_node *at = sw_yaml_get(sw_yaml_item(peers, i), "name");
        if (strcmp(name, f->config.name.s) == 0) {
            return sw_yaml_fail(y, at, "name", SW_ERR_EXISTS, d, "'%s' is this node itself", name);
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(f->config.peers[k].name.s, name) == 0) {
                return sw_yaml_fail(y, at, "name", SW_ERR_EXISTS, d, "two peers are called '%s'",
                                    name);
            }
        }
    }
    const struct sw_yaml_node *zones = sw_yaml_get(y->root, "zones");
    for (size_t i = 0; i < f->config.n_zones; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(f->config.zones[k].name, f->config.zones[i].name) == 0) {
                return sw_yaml_fail(y, sw_yaml_get(sw_yaml_item(zones, i), "name"), "name",
                                    SW_ERR_EXISTS, d, "two zones are called '%.60s'",
                                    f->config.zones[i].name);
            }
        }
    }
    return 0;
}

static int load(const struct sw_yaml *y, struct sw_node_file *f, struct sw_diag *d)
{
    int err = sw_yaml_bind(y, y->root, &sw_node_file_table, f, d);
    if (err == 0) {
        err = sw_config_routing(y, y->root, &f->config, d);
    }
    if (err == 0 && sw_policy_find(f->config.policy)->reference) {
        err = sw_yaml_fail(y, sw_yaml_get(sw_yaml_get(y->root, "routing"), "policy"), "policy",
                           SW_ERR_STATE, d, "%s is a reference for scenarios: " SW_REFERENCE_WHY,
                           f->config.policy);
    }
    if (err == 0) {
        err = sw_config_membership(y, y->root, &f->config, d);
    }
    if (err == 0) {
        err = sw_config_forwarding(y, y->root, &f->config, d);
    }
    if (err == 0) {
        err = check_upstreams(y, f, d);
    }
    if (err == 0 && f->host.n_dns == 0) {
        err = sw_yaml_fail(y, sw_yaml_get(sw_yaml_get(y->root, "listen"), "dns"), "dns",
                           SW_ERR_RANGE, d, "is empty (at least one address)");
    }
    if (err == 0) {
        err = check_names(y, f, d);
    }
    if (err == 0) {
        err = check_sets(y, f, d);
    }
    if (err == 0 && f->host.identity != NULL) {
        err = read_identity(y, f, d);
    }
    return err;
}

int sw_config_load(const char *path, struct sw_node_file **out, struct sw_diag *d)
{
    struct sw_yaml y;
    *out = NULL;
    int err = sw_yaml_read(path, &y, d);
    if (err != 0) {
        return err;
    }
    struct sw_node_file *f = calloc(1, sizeof *f);
    err = f == NULL ? sw_diag_set(d, SW_ERR_NOMEM, "%s: out of memory", path) : load(&y, f, d);
    sw_yaml_fini(&y);
    if (err != 0) {
        sw_config_free(f);
        return err;
    }
    *out = f;
    return 0;
}

void sw_config_free(struct sw_node_file *f)
{
    if (f != NULL) {
        sw_config_routing_free(&f->config);
        sw_yaml_release(&sw_node_file_table, f);
        sodium_memzero(f->config.identity, sizeof f->config.identity);
        free(f);
    }
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * The keys of a node's configuration file, and what a table alone can't check. */
#define _POSIX_C_SOURCE 200809L
#include "node/conf/config.h"
#include "algorithms/route/policy.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FIELD(type, member) .offset = offsetof(type, member)
#define TABLE(title, array)                                    \
    {                                                          \
        .name = (title), .fields = (array), .n = SW_LEN(array) \
    }

/* ---- what live and simulated nodes share ---- */

static const struct sw_yaml_field routing_fields[] = {
    { "policy", SW_YAML_STRING, FIELD(struct sw_config, policy), .fallback = "ant_colony",
      .help = "who picks the node that answers: see `swarmsim list policies`" },
    { "parameters", SW_YAML_SKIP,
      .help = "of the policy: see `swarmsim list parameters`; those not named keep their default" },
    { "deadline", SW_YAML_DURATION, FIELD(struct sw_config, query_deadline), .fallback = "1.9s",
      .low = 1e6, .high = 30e9, .help = "a forwarded query gets SERVFAIL after this" },
    { "attempts", SW_YAML_COUNT, FIELD(struct sw_config, query_attempts), .fallback = "3", .low = 1,
      .high = 16, .help = "nodes asked at most for one query" },
    { "retry_budget", SW_YAML_NUMBER, FIELD(struct sw_config, retry_budget), .fallback = "0.2",
      .low = 0, .high = 1, .help = "retries as a share of queries" },
    { "max_waiting", SW_YAML_COUNT, FIELD(struct sw_config, max_waiting), .fallback = "8192",
      .low = 1, .high = 1048576, .help = "forwarded queries in flight at once" },
};
static const struct sw_yaml_table routing_table = TABLE("routing", routing_fields);

static const struct sw_yaml_field dns_fields[] = {
    { "udp_size", SW_YAML_COUNT, FIELD(struct sw_config, udp_size), .fallback = "1232", .low = 512,
      .high = 4096, .help = "largest datagram sent, bytes (RFC 9715)" },
};
static const struct sw_yaml_table dns_table = TABLE("dns", dns_fields);

static const struct sw_yaml_field set_fields[] = {
    { "name", SW_YAML_NAME, FIELD(struct sw_set_config, name), .required = true,
      .help = "of the protected set" },
    { "path", SW_YAML_PATH, FIELD(struct sw_set_config, path), .required = true,
      .help = "folder that is protected" },
    { "every", SW_YAML_DURATION, FIELD(struct sw_set_config, every), .fallback = "0", .low = 0,
      .high = 31536000e9, .help = "time between snapshots; 0: only when asked" },
    { "recipient", SW_YAML_HEX, FIELD(struct sw_set_config, recipient), .size = 32,
      .help = "X25519 public key that can read it; a scenario makes its own when it gives none" },
};
static const struct sw_yaml_table set_table = TABLE("set", set_fields);

static const struct sw_yaml_field backup_fields[] = {
    { "store", SW_YAML_PATH, FIELD(struct sw_config, store), .fallback = "store",
      .help = "folder for packs and manifests, one's own and others'" },
    { "capacity", SW_YAML_SIZE, FIELD(struct sw_config, capacity), .fallback = "0",
      .help = "bytes the store may hold; 0: what the disk has" },
    { "copies", SW_YAML_COUNT, FIELD(struct sw_config, copies), .fallback = "3", .low = 1,
      .high = 16, .help = "nodes that must hold a pack, each in another region" },
    { "sets", SW_YAML_LIST, FIELD(struct sw_config, sets), .table = &set_table,
      .size = sizeof(struct sw_set_config), .count = offsetof(struct sw_config, n_sets),
      .item = SW_YAML_MAPPING, .help = "what this node protects" },
};
static const struct sw_yaml_table backup_table = TABLE("backup", backup_fields);

static const struct sw_yaml_field node_fields[] = {
    { "cores", SW_YAML_COUNT, FIELD(struct sw_config, cores), .fallback = "1", .low = 1,
      .high = 1024, .help = "processor cores, as told to peers" },
    { "routing", SW_YAML_MAPPING, .table = &routing_table, .help = "forwarding of queries" },
    { "dns", SW_YAML_MAPPING, .table = &dns_table, .help = "DNS service" },
    { "backup", SW_YAML_MAPPING, .table = &backup_table, .help = "QuantumBackup" },
};
const struct sw_yaml_table sw_node_table = TABLE("node", node_fields);

/* ---- the live file ---- */

static const struct sw_yaml_field zone_fields[] = {
    { "name", SW_YAML_ZONE_NAME, FIELD(struct sw_zone_config, name), .required = true,
      .help = "the zone's name" },
    { "file", SW_YAML_PATH, FIELD(struct sw_zone_config, file), .required = true,
      .help = "its master file (RFC 1035)" },
    { "primary", SW_YAML_BOOL, FIELD(struct sw_zone_config, primary), .fallback = "false",
      .help = "true where the zone is edited" },
};
static const struct sw_yaml_table zone_table = TABLE("zone", zone_fields);

static const struct sw_yaml_field peer_fields[] = {
    { "name", SW_YAML_NAME, FIELD(struct sw_peer_config, name), .required = true,
      .help = "as in its certificate" },
    { "region", SW_YAML_NAME, FIELD(struct sw_peer_config, region), .required = true,
      .help = "where it stands" },
    { "address", SW_YAML_ADDRESS, FIELD(struct sw_peer_config, address), .required = true,
      .help = "its `listen.peers`, as reached from here" },
};
static const struct sw_yaml_table peer_table = TABLE("peer", peer_fields);

static const struct sw_yaml_field listen_fields[] = {
    { "dns", SW_YAML_LIST, FIELD(struct sw_host_config, dns), .required = true,
      .size = sizeof(char *), .count = offsetof(struct sw_host_config, n_dns),
      .item = SW_YAML_ADDRESS, .help = "DNS over UDP and TCP" },
    { "peers", SW_YAML_ADDRESS, FIELD(struct sw_host_config, peers), .required = true,
      .help = "gRPC with mutual TLS: other nodes and operators" },
    { "admin", SW_YAML_ADDRESS, FIELD(struct sw_host_config, admin),
      .help = "metrics over plain HTTP; none when absent" },
};
static const struct sw_yaml_table listen_table = TABLE("listen", listen_fields);

static const struct sw_yaml_field tls_fields[] = {
    { "certificate", SW_YAML_PATH, FIELD(struct sw_host_config, certificate), .required = true,
      .help = "this node's, PEM" },
    { "key", SW_YAML_PATH, FIELD(struct sw_host_config, key), .required = true,
      .help = "its private key, PEM" },
    { "ca", SW_YAML_PATH, FIELD(struct sw_host_config, ca), .required = true,
      .help = "authorities that are trusted, PEM" },
    { "crl", SW_YAML_PATH, FIELD(struct sw_host_config, crl), .help = "revocations, PEM" },
};
static const struct sw_yaml_table tls_table = TABLE("tls", tls_fields);

static const struct sw_yaml_field threads_fields[] = {
    { "fronts", SW_YAML_COUNT, FIELD(struct sw_host_config, fronts), .fallback = "1", .low = 1,
      .high = 256, .help = "threads that answer DNS" },
    { "jobs", SW_YAML_COUNT, FIELD(struct sw_host_config, jobs), .fallback = "4", .low = 1,
      .high = 64, .help = "threads for blocking work" },
};
static const struct sw_yaml_table threads_table = TABLE("threads", threads_fields);

static const char *const levels[] = { "error", "warning", "info", "debug", NULL };
static const char *const formats[] = { "logfmt", "json", NULL };
static const struct sw_yaml_field log_fields[] = {
    { "level", SW_YAML_ENUM, FIELD(struct sw_host_config, log_level), .fallback = "info",
      .names = levels, .help = "what is logged" },
    { "format", SW_YAML_ENUM, FIELD(struct sw_host_config, log_format), .fallback = "logfmt",
      .names = formats, .help = "how: one event a line" },
};
static const struct sw_yaml_table log_table = TABLE("log", log_fields);

#define HOST .offset = offsetof(struct sw_node_file, host)
static const struct sw_yaml_field file_fields[] = {
    { "name", SW_YAML_NAME, FIELD(struct sw_node_file, config.name), .required = true,
      .help = "unique in the swarm; as in the certificate" },
    { "region", SW_YAML_NAME, FIELD(struct sw_node_file, config.region), .required = true,
      .help = "what fails together with this node" },
    { NULL, SW_YAML_INCLUDE, FIELD(struct sw_node_file, config), .table = &sw_node_table },
    { "zones", SW_YAML_LIST, FIELD(struct sw_node_file, config.zones), .table = &zone_table,
      .size = sizeof(struct sw_zone_config), .count = offsetof(struct sw_node_file, config.n_zones),
      .item = SW_YAML_MAPPING, .help = "zones held here" },
    { "peers", SW_YAML_LIST, FIELD(struct sw_node_file, config.peers), .table = &peer_table,
      .size = sizeof(struct sw_peer_config), .count = offsetof(struct sw_node_file, config.n_peers),
      .item = SW_YAML_MAPPING, .help = "every other node" },
    { "listen", SW_YAML_MAPPING, HOST, .required = true, .table = &listen_table,
      .help = "addresses" },
    { "tls", SW_YAML_MAPPING, HOST, .required = true, .table = &tls_table, .help = "identity" },
    { "identity", SW_YAML_PATH, FIELD(struct sw_node_file, host.identity),
      .help = "file with the Ed25519 seed that signs manifests, 64 hexadecimal digits; needed "
              "where something is protected" },
    { "threads", SW_YAML_MAPPING, HOST, .table = &threads_table, .help = "threads" },
    { "log", SW_YAML_MAPPING, HOST, .table = &log_table, .help = "the log" },
};
const struct sw_yaml_table sw_node_file_table = TABLE("node file", file_fields);

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
    return sw_yaml_fail(y, at, "policy", SW_ERR_NOTFOUND, d, "no policy is called '%.40s' (%s%s)",
                        name, near != NULL ? "did you mean " : "see swarmsim list policies",
                        near != NULL ? near : "");
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
    return sw_yaml_fail(y, &at, pair->key, SW_ERR_NOTFOUND, d, "%s has no such parameter (%s%s)",
                        p->name, near != NULL ? "did you mean " : "see swarmsim list parameters",
                        near != NULL ? near : "");
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

static int check_sets(const struct sw_yaml *y, const struct sw_node_file *f, struct sw_diag *d)
{
    const struct sw_yaml_node *sets = sw_yaml_get(sw_yaml_get(y->root, "backup"), "sets");
    for (size_t i = 0; i < f->config.n_sets; i++) {
        const struct sw_yaml_node *set = sw_yaml_item(sets, i);
        if (sw_yaml_get(set, "recipient") == NULL) {
            return sw_yaml_fail(y, set, "recipient", SW_ERR_MALFORMED, d,
                                "is missing (a set without a reader can't be restored)");
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(f->config.sets[k].name.s, f->config.sets[i].name.s) == 0) {
                return sw_yaml_fail(y, sw_yaml_get(set, "name"), "name", SW_ERR_EXISTS, d,
                                    "two sets are called '%s'", f->config.sets[i].name.s);
            }
        }
    }
    if (f->config.n_sets > 0 && f->host.identity == NULL) {
        return sw_yaml_fail(y, y->root, "identity", SW_ERR_MALFORMED, d,
                            "is missing (needed to sign what is protected)");
    }
    return 0;
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

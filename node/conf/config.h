/* SPDX-License-Identifier: GPL-3.0-or-later
 * A node's configuration file: what the node is told (struct sw_config, the same keys as in a
 * scenario's nodes) and what only a live host needs to know (struct sw_host_config). */
#ifndef SW_CONF_CONFIG_H
#define SW_CONF_CONFIG_H

#include "node/conf/yaml.h"
#include "node/core/config.h"

enum sw_log_level { SW_LOG_ERROR, SW_LOG_WARNING, SW_LOG_INFO, SW_LOG_DEBUG };
enum sw_log_format { SW_LOG_LOGFMT, SW_LOG_JSON };

/* Where a live node listens and who it is.  Addresses are "host:port" with an IPv6 address in
 * brackets, paths are resolved against the file's folder. */
struct sw_host_config {
    char **dns; /* UDP and TCP; at least one */
    size_t n_dns;
    char *peers; /* gRPC with mutual TLS: other nodes and operators */
    char *admin; /* metrics over plain HTTP; NULL: none */

    char *certificate, *key, *ca; /* PEM */
    char *crl;                    /* PEM; NULL: none */
    char *identity;               /* file with the Ed25519 seed as 64 hexadecimal digits; read
                                   * into sw_config.identity; NULL when nothing is protected */

    uint32_t fronts; /* DNS threads; 1..256 */
    uint32_t jobs;   /* threads for blocking work; 1..64 */

    enum sw_log_level log_level;
    enum sw_log_format log_format;
};

struct sw_node_file {
    struct sw_config config;
    struct sw_host_config host;
};

/* Read and check @path.  The policy and its parameters are checked against the registry.
 * Errors: SW_ERR_IO, SW_ERR_MALFORMED, SW_ERR_RANGE, SW_ERR_NOTFOUND (unknown policy or
 * parameter), SW_ERR_DENIED (the identity file is readable by others), SW_ERR_NOMEM; the diag
 * reads "file:line:column: key: what is wrong (what is expected)". */
int sw_config_load(const char *path, struct sw_node_file **out, struct sw_diag *d);
void sw_config_free(struct sw_node_file *f);

/* The keys of a live node's file; and those it shares with a scenario's nodes: all of struct
 * sw_config but name, region, zones and peers. */
extern const struct sw_yaml_table sw_node_file_table;
extern const struct sw_yaml_table sw_node_table;

/* What the shared table can't do: fill @c->params from routing.parameters of the mapping @n, and
 * check them and the policy's name against the registry.
 * Errors: SW_ERR_NOTFOUND, SW_ERR_RANGE, SW_ERR_MALFORMED, SW_ERR_NOMEM. */
int sw_config_routing(const struct sw_yaml *y, const struct sw_yaml_node *n, struct sw_config *c,
                      struct sw_diag *d);
/* A probe times out before the next begins, as membership of the mapping @n, read into @c, says.
 * Errors: SW_ERR_RANGE. */
int sw_config_membership(const struct sw_yaml *y, const struct sw_yaml_node *n,
                         const struct sw_config *c, struct sw_diag *d);
/* forwarding.clients of the mapping @n, as read into @c, are prefixes.  Errors: SW_ERR_MALFORMED.
 */
int sw_config_forwarding(const struct sw_yaml *y, const struct sw_yaml_node *n,
                         const struct sw_config *c, struct sw_diag *d);
/* Names of protected sets, as read into @c from backup.sets of the mapping @n, are given once.
 * Errors: SW_ERR_EXISTS. */
int sw_config_sets(const struct sw_yaml *y, const struct sw_yaml_node *n, const struct sw_config *c,
                   struct sw_diag *d);
/* Free what sw_config_routing allocated. */
void sw_config_routing_free(struct sw_config *c);

#endif

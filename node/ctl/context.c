/* SPDX-License-Identifier: GPL-3.0-or-later
 * Whom to ask, and as whom. */
#define _GNU_SOURCE
#include "node/ctl/context.h"

#include "node/base/name.h"
#include "node/conf/yaml.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct sw_yaml_field node_fields[] = {
    { .key = "name",
      .type = SW_YAML_NAME,
      .offset = offsetof(struct ctl_context_node, name),
      .required = true,
      .help = "as in its certificate" },
    { .key = "address",
      .type = SW_YAML_ADDRESS,
      .offset = offsetof(struct ctl_context_node, address),
      .required = true,
      .help = "its `listen.peers`, as reached from here" },
};
static const struct sw_yaml_table node_table = { "node", node_fields, SW_LEN(node_fields) };

static const struct sw_yaml_field context_fields[] = {
    { .key = "ca",
      .type = SW_YAML_PATH,
      .offset = offsetof(struct ctl_context, ca),
      .help = "the swarm's authority, PEM" },
    { .key = "certificate",
      .type = SW_YAML_PATH,
      .offset = offsetof(struct ctl_context, certificate),
      .help = "the operator's, PEM" },
    { .key = "key",
      .type = SW_YAML_PATH,
      .offset = offsetof(struct ctl_context, key),
      .help = "its private key, PEM" },
    { .key = "nodes",
      .type = SW_YAML_LIST,
      .offset = offsetof(struct ctl_context, nodes),
      .table = &node_table,
      .size = sizeof(struct ctl_context_node),
      .count = offsetof(struct ctl_context, n_nodes),
      .item = SW_YAML_MAPPING,
      .help = "the swarm's nodes" },
};
static const struct sw_yaml_table context_table = { "context", context_fields,
                                                    SW_LEN(context_fields) };

static int load(const char *path, struct ctl_context *c, struct sw_diag *d)
{
    struct sw_yaml y = { 0 };
    int err = sw_yaml_read(path, &y, d);
    err = err != 0 ? err : sw_yaml_bind(&y, y.root, &context_table, c, d);
    sw_yaml_fini(&y);
    return err;
}

int ctl_context_load(const char *path, struct ctl_context *c, struct sw_diag *d)
{
    char usual[512];
    const char *home = getenv("HOME");
    path = path != NULL ? path : getenv("SWARMCTL_CONTEXT");
    if (path != NULL) {
        return load(path, c, d);
    }
    (void)snprintf(usual, sizeof usual, "%s/.config/swarmctl.yaml", home != NULL ? home : "");
    return home != NULL && access(usual, F_OK) == 0 ? load(usual, c, d) : 0;
}

void ctl_context_release(struct ctl_context *c)
{
    sw_yaml_release(&context_table, c);
}

static const struct ctl_context_node *find(const struct ctl_context *c, const char *name)
{
    for (size_t i = 0; i < c->n_nodes; i++) {
        if (strcmp(c->nodes[i].name.s, name) == 0) {
            return &c->nodes[i];
        }
    }
    return NULL;
}

static int resolve_node(const char *node, const struct ctl_context *c, struct ctl_resolved *out,
                        struct sw_diag *d)
{
    const char *at = strchr(node, '@');
    const struct ctl_context_node *known = find(c, node);
    if (known != NULL) {
        out->name = known->name;
        (void)snprintf(out->address, sizeof out->address, "%s", known->address);
        return 0;
    }
    if (strchr(node, ':') == NULL) {
        return sw_diag_set(d, SW_ERR_NOTFOUND, "the context has no node '%s'", node);
    }
    memset(&out->name, 0, sizeof out->name);
    if (at != NULL) {
        (void)snprintf(out->name.s, sizeof out->name.s, "%.*s", (int)(at - node), node);
        if (at - node > SW_NAME_MAX || !sw_name_valid(out->name.s)) {
            return sw_diag_set(d, SW_ERR_MALFORMED, "--node: no name before @ in '%s'", node);
        }
    }
    (void)snprintf(out->address, sizeof out->address, "%s", at != NULL ? at + 1 : node);
    return 0;
}

int ctl_resolve(const struct ctl_target *t, const struct ctl_context *c, struct ctl_resolved *out,
                struct sw_diag *d)
{
    out->certificate = t->certificate != NULL ? t->certificate : c->certificate;
    out->key = t->key != NULL ? t->key : c->key;
    out->ca = t->ca != NULL ? t->ca : c->ca;
    if (out->certificate == NULL || out->key == NULL || out->ca == NULL) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "needs --%s, or a context that names it",
                           out->certificate == NULL ? "cert" : (out->key == NULL ? "key" : "ca"));
    }
    if (t->node != NULL) {
        return resolve_node(t->node, c, out, d);
    }
    if (c->n_nodes == 0) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "needs --node, or a context that lists nodes");
    }
    return resolve_node(c->nodes[0].name.s, c, out, d);
}

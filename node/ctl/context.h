/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where the nodes are and who we are: from options, or from a small YAML file:
 *
 *     ca: ca.pem
 *     certificate: ann.pem
 *     key: ann.key
 *     nodes:
 *       - {name: tokyo-1, address: "192.0.2.1:7053"}
 */
#ifndef SW_CTL_CONTEXT_H
#define SW_CTL_CONTEXT_H

#include "node/ctl/client.h"

struct ctl_context {
    char *ca, *certificate, *key;
    struct ctl_context_node {
        struct sw_name name;
        char *address;
    } * nodes;
    size_t n_nodes;
};

/* Whom to connect to, by which certificates. */
struct ctl_resolved {
    char address[300];
    struct sw_name name;                /* empty: any node */
    const char *certificate, *key, *ca; /* of the target or the context */
};

/* Zeroed @c is fine to release.  A missing usual place is an empty context.
 * Errors: as sw_yaml_read and sw_yaml_bind. */
int ctl_context_load(const char *path, struct ctl_context *c, struct sw_diag *d);
void ctl_context_release(struct ctl_context *c);
/* Errors: SW_ERR_MALFORMED, SW_ERR_NOTFOUND. */
int ctl_resolve(const struct ctl_target *t, const struct ctl_context *c, struct ctl_resolved *out,
                struct sw_diag *d);

#endif

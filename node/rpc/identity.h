/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who somebody is by his certificate: a role and a name.
 *     node      SAN URI:spiffe://swarm/node/NAME, DNS:NAME.swarm.internal
 *     operator  SAN URI:spiffe://swarm/operator/NAME
 * Exactly one such URI; a certificate with other spiffe URIs is nobody's. */
#ifndef SW_RPC_IDENTITY_H
#define SW_RPC_IDENTITY_H

#include "node/base/err.h"
#include "node/base/types.h"

#include <openssl/x509v3.h>

enum sw_role { SW_ROLE_NONE, SW_ROLE_NODE, SW_ROLE_OPERATOR };

struct sw_identity {
    enum sw_role role;
    struct sw_name name;
};

#define SW_HOST_MAX 64 /* "NAME.swarm.internal", with its NUL */
#define SW_SAN_MAX 160

const char *sw_role_name(enum sw_role role);
/* "node", "operator"; SW_ROLE_NONE for anything else. */
enum sw_role sw_role_parse(const char *text);
/* The DNS name that a node's certificate proves. */
void sw_identity_host(struct sw_name name, char out[SW_HOST_MAX]);
/* The subjectAltName in OpenSSL's configuration syntax. */
void sw_identity_san(const struct sw_identity *id, char out[SW_SAN_MAX]);
/* What @names say.  Errors: SW_ERR_DENIED: nobody we know. */
int sw_identity_of_names(const GENERAL_NAMES *names, struct sw_identity *out);
int sw_identity_of(const X509 *certificate, struct sw_identity *out);

#endif

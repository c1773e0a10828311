/* SPDX-License-Identifier: GPL-3.0-or-later
 * A small certificate authority on libcrypto: a root, requests, signatures; PEM in, PEM out, no
 * files.  Keys are P-256.  (RFC 5280, RFC 2986.) */
#ifndef SW_RPC_CA_H
#define SW_RPC_CA_H

#include "node/base/buf.h"
#include "node/rpc/identity.h"

/* A blob that may hold a key: wiped, then freed. */
void sw_ca_wipe(struct sw_blob *b);

/* A new root @name, valid @days, that signs nothing but end certificates.  Errors: SW_ERR_CRYPTO,
 * SW_ERR_NOMEM; nothing is made then. */
int sw_ca_root(const char *name, uint32_t days, struct sw_blob *key, struct sw_blob *certificate,
               struct sw_diag *d);

/* A new key and a request for @id's certificate.  Errors: as sw_ca_root. */
int sw_ca_request(const struct sw_identity *id, struct sw_blob *key, struct sw_blob *request,
                  struct sw_diag *d);

struct sw_ca_sign {
    struct sw_bytes ca_key, ca_certificate, request; /* PEM */
    struct sw_identity id;   /* whom the operator believes the request to come from */
    int64_t from_s, until_s; /* validity, seconds from now; may be negative in tests */
};
/* Errors: SW_ERR_MALFORMED: not PEM of that kind; SW_ERR_DENIED: the request is for another
 * identity, its own signature is wrong, or its key is weak; SW_ERR_STATE: key and certificate of
 * the authority do not belong together; SW_ERR_CRYPTO, SW_ERR_NOMEM. */
int sw_ca_sign(const struct sw_ca_sign *o, struct sw_blob *certificate, struct sw_diag *d);

/* What a person wants to know of a certificate or a request. */
struct sw_ca_info {
    bool request;
    bool authority;
    struct sw_identity id; /* role NONE when it names nobody of the swarm */
    char subject[128], issuer[128];
    char from[32], until[32]; /* "Nov 22 21:36:00 2026 GMT"; empty for a request */
    int64_t left_s;           /* until it expires */
    char serial[48];          /* hexadecimal */
    char fingerprint[65];     /* SHA-256 of the DER, hexadecimal */
};
/* Errors: SW_ERR_MALFORMED. */
int sw_ca_show(struct sw_bytes pem, struct sw_ca_info *out, struct sw_diag *d);

#endif

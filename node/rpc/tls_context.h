/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the two halves of the TLS layer share.  Private. */
#ifndef SW_RPC_TLS_CONTEXT_H
#define SW_RPC_TLS_CONTEXT_H

#include "node/rpc/tls.h"

#include <openssl/ssl.h>

struct sw_tls_context {
    SSL_CTX *ssl;
    struct sw_identity own;
};

/* Verify @x with the help of @chain.  @why tells what is wrong (static text).
 * Errors: SW_ERR_STATE: not trusted; SW_ERR_NOMEM. */
int sw_tls_verify(struct sw_tls_context *c, X509 *x, STACK_OF(X509) * chain, const char **why);

#endif

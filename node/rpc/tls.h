/* SPDX-License-Identifier: GPL-3.0-or-later
 * TLS with certificates on both sides, without input or output of its own: bytes in, bytes out
 * over OpenSSL memory BIOs.  TLS 1.3, or 1.2 with forward secrecy; ALPN "h2" is required.  No
 * session is resumed: every connection proves its identity anew. */
#ifndef SW_RPC_TLS_H
#define SW_RPC_TLS_H

#include "node/rpc/identity.h"

struct sw_tls_context;
struct sw_tls;

/* PEM, as read from files. */
struct sw_tls_material {
    struct sw_bytes chain; /* our certificate first */
    struct sw_bytes key;
    struct sw_bytes ca;  /* whom we trust: one or more certificates */
    struct sw_bytes crl; /* of each authority in @ca; empty: nothing is revoked */
};

/* Check everything (the key fits the certificate, which @ca signed, now, for an identity of the
 * swarm) and make a context.
 * Errors: SW_ERR_MALFORMED: not PEM of that kind; SW_ERR_STATE: they do not fit together;
 * SW_ERR_DENIED: the certificate names nobody; SW_ERR_NOMEM. */
int sw_tls_context_new(const struct sw_tls_material *m, struct sw_tls_context **out,
                       struct sw_diag *d);
/* Connections made from it live on. */
void sw_tls_context_free(struct sw_tls_context *c);
const struct sw_identity *sw_tls_context_identity(const struct sw_tls_context *c);
/* SHA-256 of its certificate, DER. */
void sw_tls_context_fingerprint(const struct sw_tls_context *c, uint8_t out[32]);

/* A connection.  A client must say whom it @expects (an empty name: anybody of that role); a server
 * takes NULL and any identity that the authority signed.  NULL when memory is out. */
struct sw_tls *sw_tls_new(struct sw_tls_context *c, bool server, const struct sw_identity *expects);
void sw_tls_free(struct sw_tls *t);

/* Take bytes from the transport; goes on with the handshake.
 * Errors: SW_ERR_CRYPTO, SW_ERR_DENIED (sw_tls_reason tells): send what sw_tls_send still has (an
 * alert) and close; SW_ERR_NOMEM. */
int sw_tls_receive(struct sw_tls *t, struct sw_bytes in);
/* Decrypted bytes, up to @cap: how many, 0 when more input is needed.
 * Errors: SW_ERR_STATE: the peer closed in order; SW_ERR_CRYPTO. */
int sw_tls_read(struct sw_tls *t, uint8_t *buf, size_t cap);
/* Encrypt @in.  Only when ready.  Errors: SW_ERR_STATE, SW_ERR_CRYPTO, SW_ERR_NOMEM. */
int sw_tls_write(struct sw_tls *t, struct sw_bytes in);
/* Lend bytes for the transport, valid until the next call on @t; empty when there are none. */
struct sw_bytes sw_tls_send(struct sw_tls *t);
/* Say that nothing more will be written. */
void sw_tls_close(struct sw_tls *t);

/* The handshake is done and the peer is who it must be. */
bool sw_tls_ready(const struct sw_tls *t);
/* Who the peer is, once ready. */
const struct sw_identity *sw_tls_peer(const struct sw_tls *t);
/* Why it failed, for people; "" when it did not. */
const char *sw_tls_reason(const struct sw_tls *t);
/* Would the peer's certificate still be taken by @c (which may have a newer CRL or CA)? */
bool sw_tls_still_trusted(const struct sw_tls *t, struct sw_tls_context *c);

#endif

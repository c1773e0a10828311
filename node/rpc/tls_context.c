/* SPDX-License-Identifier: GPL-3.0-or-later
 * Keys and certificates, checked and made ready for connections. */
#include "node/rpc/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t alpn_h2[] = { 2, 'h', '2' };

static int failed(struct sw_diag *d, int err, const char *what)
{
    const char *why = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return why != NULL ? sw_diag_set(d, err, "%s: %s", what, why) : sw_diag_set(d, err, "%s", what);
}

static BIO *reader(struct sw_bytes pem)
{
    return pem.len > 0 && pem.len <= INT32_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
}

static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
    (void)buf;
    (void)size;
    (void)rwflag;
    (void)arg;
    return 0;
}

static int use_chain(SSL_CTX *ssl, struct sw_bytes pem)
{
    BIO *bio = reader(pem);
    X509 *x = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    bool ok = x != NULL && SSL_CTX_use_certificate(ssl, x) == 1;
    X509_free(x);
    while (ok && (x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL) {
        ok = SSL_CTX_add0_chain_cert(ssl, x) == 1;
        if (!ok) {
            X509_free(x);
        }
    }
    ERR_clear_error(); /* "no start line" ends the chain */
    BIO_free(bio);
    return ok ? 0 : SW_ERR_MALFORMED;
}

static int use_key(SSL_CTX *ssl, struct sw_bytes pem)
{
    BIO *bio = reader(pem);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    if (key == NULL) {
        return SW_ERR_MALFORMED;
    }
    const bool ok = SSL_CTX_use_PrivateKey(ssl, key) == 1 && SSL_CTX_check_private_key(ssl) == 1;
    EVP_PKEY_free(key);
    return ok ? 0 : SW_ERR_STATE;
}

static int use_ca(SSL_CTX *ssl, struct sw_bytes pem)
{
    X509_STORE *store = SSL_CTX_get_cert_store(ssl);
    BIO *bio = reader(pem);
    unsigned n = 0;
    for (X509 *x; bio != NULL && (x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL;) {
        n += X509_STORE_add_cert(store, x) == 1 && SSL_CTX_add_client_CA(ssl, x) == 1 ? 1 : 0;
        X509_free(x);
    }
    ERR_clear_error();
    BIO_free(bio);
    return n > 0 ? 0 : SW_ERR_MALFORMED;
}

static int use_crl(SSL_CTX *ssl, struct sw_bytes pem)
{
    if (pem.len == 0) {
        return 0;
    }
    X509_STORE *store = SSL_CTX_get_cert_store(ssl);
    BIO *bio = reader(pem);
    unsigned n = 0;
    for (X509_CRL *crl;
         bio != NULL && (crl = PEM_read_bio_X509_CRL(bio, NULL, no_passphrase, NULL)) != NULL;) {
        n += X509_STORE_add_crl(store, crl) == 1 ? 1 : 0;
        X509_CRL_free(crl);
    }
    ERR_clear_error();
    BIO_free(bio);
    return n > 0 && X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK) == 1 ? 0 : SW_ERR_MALFORMED;
}

int sw_tls_verify(struct sw_tls_context *c, X509 *x, STACK_OF(X509) * chain, const char **why)
{
    X509_STORE_CTX *v = X509_STORE_CTX_new();
    int err = SW_ERR_NOMEM;
    *why = "out of memory";
    if (v != NULL && X509_STORE_CTX_init(v, SSL_CTX_get_cert_store(c->ssl), x, chain) == 1) {
        err = X509_verify_cert(v) == 1 ? 0 : SW_ERR_STATE;
        *why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(v));
    }
    X509_STORE_CTX_free(v);
    ERR_clear_error();
    return err;
}

static int select_h2(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                     const unsigned char *in, unsigned in_len, void *arg)
{
    (void)ssl;
    (void)arg;
    unsigned char *chosen = NULL;
    if (SSL_select_next_proto(&chosen, out_len, alpn_h2, sizeof alpn_h2, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static bool set_rules(SSL_CTX *ssl)
{
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(ssl, select_h2, NULL);
    return SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_num_tickets(ssl, 0) == 1 &&
           SSL_CTX_set_cipher_list(ssl, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
           SSL_CTX_set_alpn_protos(ssl, alpn_h2, sizeof alpn_h2) == 0;
}

static int load(struct sw_tls_context *c, const struct sw_tls_material *m, struct sw_diag *d)
{
    int err = use_chain(c->ssl, m->chain);
    if (err != 0) {
        return failed(d, err, "certificate");
    }
    err = use_key(c->ssl, m->key);
    if (err != 0) {
        return failed(d, err, err == SW_ERR_STATE ? "the key does not fit the certificate" : "key");
    }
    err = use_ca(c->ssl, m->ca);
    if (err != 0) {
        return failed(d, err, "certificate of the authority");
    }
    err = use_crl(c->ssl, m->crl);
    if (err != 0) {
        return failed(d, err, "revocation list");
    }
    X509 *own = SSL_CTX_get0_certificate(c->ssl);
    STACK_OF(X509) *chain = NULL;
    const char *why = "";
    (void)SSL_CTX_get0_chain_certs(c->ssl, &chain);
    err = sw_tls_verify(c, own, chain, &why);
    if (err != 0) {
        return sw_diag_set(d, err, "our own certificate: %s", why);
    }
    err = sw_identity_of(own, &c->own);
    return err == 0 ? 0 : sw_diag_set(d, err, "our own certificate names nobody of the swarm");
}

int sw_tls_context_new(const struct sw_tls_material *m, struct sw_tls_context **out,
                       struct sw_diag *d)
{
    struct sw_tls_context *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
    }
    c->ssl = SSL_CTX_new(TLS_method());
    int err = c->ssl != NULL && set_rules(c->ssl) ? 0 : failed(d, SW_ERR_NOMEM, "TLS");
    err = err != 0 ? err : load(c, m, d);
    if (err != 0) {
        sw_tls_context_free(c);
        return err;
    }
    *out = c;
    return 0;
}

void sw_tls_context_free(struct sw_tls_context *c)
{
    if (c != NULL) {
        SSL_CTX_free(c->ssl);
        free(c);
    }
}

void sw_tls_context_fingerprint(const struct sw_tls_context *c, uint8_t out[32])
{
    unsigned n = 0;
    if (X509_digest(SSL_CTX_get0_certificate(c->ssl), EVP_sha256(), out, &n) != 1) {
        memset(out, 0, 32); /* memory is out: not told */
    }
}

const struct sw_identity *sw_tls_context_identity(const struct sw_tls_context *c)
{
    return &c->own;
}

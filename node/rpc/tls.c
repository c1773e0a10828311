/* SPDX-License-Identifier: GPL-3.0-or-later
 * One TLS connection between two memory buffers. */
#include "node/rpc/tls.h"

#include "node/rpc/tls_context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_UNREAD (1u << 20) /* bytes a caller may leave undecrypted */

struct sw_tls {
    SSL *ssl;
    BIO *in, *out; /* the SSL's */
    bool lent;     /* what @out holds was given to the transport */
    bool ready;
    bool expecting;
    struct sw_identity expects, peer;
    char reason[128];
};

static int fail(struct sw_tls *t, int err, const char *why)
{
    if (t->reason[0] == '\0') {
        const char *detail = ERR_reason_error_string(ERR_peek_last_error());
        const long verdict = SSL_get_verify_result(t->ssl);
        if (why == NULL && verdict != X509_V_OK) {
            why = X509_verify_cert_error_string(verdict);
        } else if (why == NULL) {
            why = detail != NULL ? detail : "the peer broke off";
        }
        (void)snprintf(t->reason, sizeof t->reason, "%s", why);
    }
    ERR_clear_error();
    return err;
}

/* Before anything new is written: what was lent is gone. */
static void settle(struct sw_tls *t)
{
    ERR_clear_error();
    if (t->lent) {
        (void)BIO_reset(t->out);
        t->lent = false;
    }
}

static bool set_expected(struct sw_tls *t, const struct sw_identity *expects)
{
    char host[SW_HOST_MAX];
    t->expecting = true;
    t->expects = *expects;
    if (expects->name.s[0] == '\0') {
        return true;
    }
    sw_identity_host(expects->name, host);
    SSL_set_hostflags(t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NO_WILDCARDS |
                                  X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return SSL_set1_host(t->ssl, host) == 1 && SSL_set_tlsext_host_name(t->ssl, host) == 1;
}

struct sw_tls *sw_tls_new(struct sw_tls_context *c, bool server, const struct sw_identity *expects)
{
    struct sw_tls *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return NULL;
    }
    t->ssl = SSL_new(c->ssl);
    t->in = BIO_new(BIO_s_mem());
    t->out = BIO_new(BIO_s_mem());
    if (t->ssl == NULL || t->in == NULL || t->out == NULL ||
        (expects != NULL && !set_expected(t, expects))) {
        BIO_free(t->in);
        BIO_free(t->out);
        SSL_free(t->ssl);
        free(t);
        return NULL;
    }
    SSL_set_bio(t->ssl, t->in, t->out);
    if (server) {
        SSL_set_accept_state(t->ssl);
    } else {
        SSL_set_connect_state(t->ssl);
        (void)SSL_do_handshake(t->ssl); /* the first flight; it wants an answer now */
        ERR_clear_error();
    }
    return t;
}

void sw_tls_free(struct sw_tls *t)
{
    if (t != NULL) {
        SSL_free(t->ssl);
        free(t);
    }
}

/* The certificate is verified; is it the right one, and the right protocol? */
static int check_peer(struct sw_tls *t)
{
    const unsigned char *alpn = NULL;
    unsigned alpn_len = 0;
    SSL_get0_alpn_selected(t->ssl, &alpn, &alpn_len);
    if (alpn_len != 2 || memcmp(alpn, "h2", 2) != 0) {
        return fail(t, SW_ERR_DENIED, "the peer does not speak HTTP/2");
    }
    X509 *x = SSL_get0_peer_certificate(t->ssl);
    if (x == NULL || sw_identity_of(x, &t->peer) != 0) {
        return fail(t, SW_ERR_DENIED, "the certificate names nobody of the swarm");
    }
    const struct sw_identity *want = &t->expects;
    if (t->expecting && (t->peer.role != want->role ||
                         (want->name.s[0] != '\0' && strcmp(t->peer.name.s, want->name.s) != 0))) {
        return fail(t, SW_ERR_DENIED, "the certificate is another's");
    }
    t->ready = true;
    return 0;
}

int sw_tls_receive(struct sw_tls *t, struct sw_bytes in)
{
    settle(t);
    if (BIO_pending(t->in) > (int)MAX_UNREAD || in.len > MAX_UNREAD ||
        (in.len > 0 && BIO_write(t->in, in.data, (int)in.len) != (int)in.len)) {
        return fail(t, SW_ERR_NOMEM, "input is not read");
    }
    if (t->ready) {
        return 0;
    }
    if (t->reason[0] != '\0') {
        return SW_ERR_CRYPTO;
    }
    const int rv = SSL_do_handshake(t->ssl);
    if (rv == 1) {
        return check_peer(t);
    }
    return SSL_get_error(t->ssl, rv) == SSL_ERROR_WANT_READ ? 0 : fail(t, SW_ERR_CRYPTO, NULL);
}

int sw_tls_read(struct sw_tls *t, uint8_t *buf, size_t cap)
{
    settle(t);
    if (!t->ready) {
        return 0;
    }
    size_t n = 0;
    const int rv = SSL_read_ex(t->ssl, buf, cap < INT32_MAX ? cap : INT32_MAX, &n);
    if (rv == 1) {
        return (int)n;
    }
    switch (SSL_get_error(t->ssl, rv)) {
    case SSL_ERROR_WANT_READ:
        return 0;
    case SSL_ERROR_ZERO_RETURN:
        return SW_ERR_STATE;
    default:
        return fail(t, SW_ERR_CRYPTO, NULL);
    }
}

int sw_tls_write(struct sw_tls *t, struct sw_bytes in)
{
    if (!t->ready) {
        return SW_ERR_STATE;
    }
    settle(t);
    size_t n = 0;
    if (in.len > 0 && SSL_write_ex(t->ssl, in.data, in.len, &n) != 1) {
        return fail(t, SW_ERR_CRYPTO, NULL);
    }
    return 0;
}

struct sw_bytes sw_tls_send(struct sw_tls *t)
{
    settle(t);
    char *data = NULL;
    const long n = BIO_get_mem_data(t->out, &data);
    if (n <= 0) {
        return (struct sw_bytes){ NULL, 0 };
    }
    t->lent = true;
    return (struct sw_bytes){ (const uint8_t *)data, (size_t)n };
}

void sw_tls_close(struct sw_tls *t)
{
    settle(t);
    if (t->ready) {
        (void)SSL_shutdown(t->ssl);
        ERR_clear_error();
    }
}

bool sw_tls_ready(const struct sw_tls *t)
{
    return t->ready;
}

const struct sw_identity *sw_tls_peer(const struct sw_tls *t)
{
    return &t->peer;
}

const char *sw_tls_reason(const struct sw_tls *t)
{
    return t->reason;
}

bool sw_tls_still_trusted(const struct sw_tls *t, struct sw_tls_context *c)
{
    const char *why = "";
    X509 *x = SSL_get0_peer_certificate(t->ssl);
    return x != NULL && sw_tls_verify(c, x, SSL_get_peer_cert_chain(t->ssl), &why) == 0;
}

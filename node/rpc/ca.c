/* SPDX-License-Identifier: GPL-3.0-or-later
 * Root, requests, signatures. */
#include "node/rpc/ca.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

#define DAY_S INT64_C(86400)
#define CLOCK_SLACK_S 300 /* a node's clock may be behind ours */
#define MIN_SECURITY_BITS 112

void sw_ca_wipe(struct sw_blob *b)
{
    if (b->data != NULL) {
        OPENSSL_cleanse(b->data, b->cap);
    }
    sw_blob_fini(b);
}

static int crypto_failed(struct sw_diag *d, const char *doing)
{
    const char *why = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return sw_diag_set(d, SW_ERR_CRYPTO, "%s: %s", doing, why != NULL ? why : "libcrypto failed");
}

/* ---- PEM ---- */

static int blob_of(BIO *bio, struct sw_blob *out)
{
    char *data = NULL;
    const long n = BIO_get_mem_data(bio, &data);
    *out = (struct sw_blob){ 0 };
    const int err = n > 0 ? sw_blob_append(out, data, (size_t)n) : SW_ERR_NOMEM;
    if (n > 0) {
        OPENSSL_cleanse(data, (size_t)n);
    }
    return err;
}

static int write_key(EVP_PKEY *key, struct sw_blob *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const bool ok =
        bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
    const int err = ok ? blob_of(bio, out) : SW_ERR_NOMEM;
    BIO_free(bio);
    return err;
}

static int write_certificate(X509 *x, struct sw_blob *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const bool ok = bio != NULL && PEM_write_bio_X509(bio, x) == 1;
    const int err = ok ? blob_of(bio, out) : SW_ERR_NOMEM;
    BIO_free(bio);
    return err;
}

static int write_request(X509_REQ *r, struct sw_blob *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const bool ok = bio != NULL && PEM_write_bio_X509_REQ(bio, r) == 1;
    const int err = ok ? blob_of(bio, out) : SW_ERR_NOMEM;
    BIO_free(bio);
    return err;
}

static BIO *reader(struct sw_bytes pem)
{
    return pem.len > 0 && pem.len <= INT32_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
}

/* Keys are never encrypted here; without this, libcrypto would ask the terminal. */
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
    (void)buf;
    (void)size;
    (void)rwflag;
    (void)arg;
    return 0;
}

static EVP_PKEY *read_key(struct sw_bytes pem)
{
    BIO *bio = reader(pem);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    return key;
}

static X509 *read_certificate(struct sw_bytes pem)
{
    BIO *bio = reader(pem);
    X509 *x = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    return x;
}

static X509_REQ *read_request(struct sw_bytes pem)
{
    BIO *bio = reader(pem);
    X509_REQ *r = bio == NULL ? NULL : PEM_read_bio_X509_REQ(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    return r;
}

/* ---- certificates ---- */

static bool set_common_name(X509_NAME *name, const char *text)
{
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)text, -1,
                                      -1, 0) == 1;
}

static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    const bool ok = e != NULL && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

static bool set_random_serial(X509 *x)
{
    unsigned char bytes[16];
    if (RAND_bytes(bytes, sizeof bytes) != 1) {
        return false;
    }
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); /* positive, always 16 bytes */
    BIGNUM *n = BN_bin2bn(bytes, sizeof bytes, NULL);
    const bool ok = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
    BN_free(n);
    return ok;
}

static X509 *new_certificate(EVP_PKEY *key, const char *name, int64_t from_s, int64_t until_s)
{
    X509 *x = X509_new();
    if (x == NULL || X509_set_version(x, X509_VERSION_3) != 1 || !set_random_serial(x) ||
        X509_gmtime_adj(X509_getm_notBefore(x), (long)from_s) == NULL ||
        X509_gmtime_adj(X509_getm_notAfter(x), (long)until_s) == NULL ||
        X509_set_pubkey(x, key) != 1 || !set_common_name(X509_get_subject_name(x), name)) {
        X509_free(x);
        return NULL;
    }
    return x;
}

static X509 *self_signed(EVP_PKEY *key, const char *name, uint32_t days)
{
    X509 *x = new_certificate(key, name, -CLOCK_SLACK_S, DAY_S * days);
    if (x == NULL || X509_set_issuer_name(x, X509_get_subject_name(x)) != 1 ||
        !add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
        !add_extension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !add_extension(x, x, NID_subject_key_identifier, "hash") ||
        X509_sign(x, key, EVP_sha256()) == 0) {
        X509_free(x);
        return NULL;
    }
    return x;
}

int sw_ca_root(const char *name, uint32_t days, struct sw_blob *key, struct sw_blob *certificate,
               struct sw_diag *d)
{
    EVP_PKEY *k = EVP_EC_gen("P-256");
    X509 *x = k == NULL ? NULL : self_signed(k, name, days);
    int err = x == NULL ? crypto_failed(d, "making the root") : write_key(k, key);
    if (err == 0) {
        err = write_certificate(x, certificate);
        if (err != 0) {
            sw_ca_wipe(key);
        }
    }
    X509_free(x);
    EVP_PKEY_free(k);
    return err;
}

static bool ask_for(X509_REQ *r, const struct sw_identity *id)
{
    char san[SW_SAN_MAX];
    sw_identity_san(id, san);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
    STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
    bool ok = e != NULL && list != NULL && sk_X509_EXTENSION_push(list, e) > 0;
    if (ok) {
        ok = X509_REQ_add_extensions(r, list) == 1;
        e = NULL; /* the list's */
    }
    X509_EXTENSION_free(e);
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    return ok;
}

int sw_ca_request(const struct sw_identity *id, struct sw_blob *key, struct sw_blob *request,
                  struct sw_diag *d)
{
    EVP_PKEY *k = EVP_EC_gen("P-256");
    X509_REQ *r = X509_REQ_new();
    int err = 0;
    if (k == NULL || r == NULL || X509_REQ_set_version(r, X509_REQ_VERSION_1) != 1 ||
        X509_REQ_set_pubkey(r, k) != 1 ||
        !set_common_name(X509_REQ_get_subject_name(r), id->name.s) || !ask_for(r, id) ||
        X509_REQ_sign(r, k, EVP_sha256()) == 0) {
        err = crypto_failed(d, "making the request");
    }
    if (err == 0) {
        err = write_key(k, key);
    }
    if (err == 0) {
        err = write_request(r, request);
        if (err != 0) {
            sw_ca_wipe(key);
        }
    }
    X509_REQ_free(r);
    EVP_PKEY_free(k);
    return err;
}

static int identity_of_request(X509_REQ *r, struct sw_identity *out)
{
    STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(r);
    GENERAL_NAMES *names = X509V3_get_d2i(list, NID_subject_alt_name, NULL, NULL);
    const int err = names == NULL ? SW_ERR_DENIED : sw_identity_of_names(names, out);
    GENERAL_NAMES_free(names);
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    return err;
}

static int check_request(X509_REQ *r, const struct sw_identity *want, struct sw_diag *d)
{
    struct sw_identity asks;
    EVP_PKEY *key = X509_REQ_get0_pubkey(r);
    if (key == NULL || X509_REQ_verify(r, key) != 1) {
        ERR_clear_error();
        return sw_diag_set(d, SW_ERR_DENIED, "the request's own signature is wrong");
    }
    if (EVP_PKEY_get_security_bits(key) < MIN_SECURITY_BITS) {
        return sw_diag_set(d, SW_ERR_DENIED, "the request's key is too weak");
    }
    if (identity_of_request(r, &asks) != 0) {
        return sw_diag_set(d, SW_ERR_DENIED, "the request names nobody of the swarm");
    }
    if (asks.role != want->role || strcmp(asks.name.s, want->name.s) != 0) {
        return sw_diag_set(d, SW_ERR_DENIED, "the request is for %s %s, not for %s %s",
                           sw_role_name(asks.role), asks.name.s, sw_role_name(want->role),
                           want->name.s);
    }
    return 0;
}

static X509 *sign_for(X509 *ca, EVP_PKEY *ca_key, EVP_PKEY *key, const struct sw_ca_sign *o)
{
    char san[SW_SAN_MAX];
    sw_identity_san(&o->id, san);
    const char *usage = o->id.role == SW_ROLE_NODE ? "serverAuth,clientAuth" : "clientAuth";
    X509 *x = new_certificate(key, o->id.name.s, o->from_s, o->until_s);
    if (x == NULL || X509_set_issuer_name(x, X509_get_subject_name(ca)) != 1 ||
        !add_extension(x, ca, NID_basic_constraints, "critical,CA:FALSE") ||
        !add_extension(x, ca, NID_key_usage, "critical,digitalSignature") ||
        !add_extension(x, ca, NID_ext_key_usage, usage) ||
        !add_extension(x, ca, NID_subject_alt_name, san) ||
        !add_extension(x, ca, NID_subject_key_identifier, "hash") ||
        !add_extension(x, ca, NID_authority_key_identifier, "keyid:always") ||
        X509_sign(x, ca_key, EVP_sha256()) == 0) {
        X509_free(x);
        return NULL;
    }
    return x;
}

int sw_ca_sign(const struct sw_ca_sign *o, struct sw_blob *certificate, struct sw_diag *d)
{
    EVP_PKEY *key = read_key(o->ca_key);
    X509 *ca = read_certificate(o->ca_certificate);
    X509_REQ *r = read_request(o->request);
    X509 *x = NULL;
    int err = 0;
    if (key == NULL || ca == NULL || r == NULL) {
        ERR_clear_error();
        err = sw_diag_set(d, SW_ERR_MALFORMED, "not a PEM %s",
                          r == NULL ? "certificate request"
                                    : (ca == NULL ? "certificate" : "private key"));
    } else if (X509_check_private_key(ca, key) != 1) {
        ERR_clear_error();
        err = sw_diag_set(d, SW_ERR_STATE, "the authority's key and certificate do not match");
    } else {
        err = check_request(r, &o->id, d);
    }
    if (err == 0) {
        x = sign_for(ca, key, X509_REQ_get0_pubkey(r), o);
        err = x == NULL ? crypto_failed(d, "signing") : write_certificate(x, certificate);
    }
    X509_free(x);
    X509_REQ_free(r);
    X509_free(ca);
    EVP_PKEY_free(key);
    return err;
}

/* ---- looking ---- */

static void show_name(const X509_NAME *name, char *out, size_t cap)
{
    BIO *bio = BIO_new(BIO_s_mem());
    out[0] = '\0';
    if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
        const int n = BIO_read(bio, out, (int)cap - 1);
        out[n > 0 ? n : 0] = '\0';
    }
    BIO_free(bio);
}

static void show_time(const ASN1_TIME *t, char *out, size_t cap)
{
    BIO *bio = BIO_new(BIO_s_mem());
    out[0] = '\0';
    if (bio != NULL && ASN1_TIME_print(bio, t) == 1) {
        const int n = BIO_read(bio, out, (int)cap - 1);
        out[n > 0 ? n : 0] = '\0';
    }
    BIO_free(bio);
}

static void show_hex(const uint8_t *data, size_t len, char *out, size_t cap)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;
    for (size_t i = 0; i < len && n + 2 < cap; i++) {
        out[n++] = hex[data[i] >> 4];
        out[n++] = hex[data[i] & 15];
    }
    out[n] = '\0';
}

static void show_certificate(X509 *x, struct sw_ca_info *out)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    int days = 0;
    int seconds = 0;
    show_name(X509_get_subject_name(x), out->subject, sizeof out->subject);
    show_name(X509_get_issuer_name(x), out->issuer, sizeof out->issuer);
    show_time(X509_get0_notBefore(x), out->from, sizeof out->from);
    show_time(X509_get0_notAfter(x), out->until, sizeof out->until);
    if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x)) == 1) {
        out->left_s = days * DAY_S + seconds;
    }
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
    show_hex(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial), out->serial,
             sizeof out->serial);
    if (X509_digest(x, EVP_sha256(), digest, &n) == 1) {
        show_hex(digest, n, out->fingerprint, sizeof out->fingerprint);
    }
    out->authority = X509_check_ca(x) != 0;
    if (sw_identity_of(x, &out->id) != 0) {
        out->id = (struct sw_identity){ SW_ROLE_NONE, { "" } };
    }
}

int sw_ca_show(struct sw_bytes pem, struct sw_ca_info *out, struct sw_diag *d)
{
    *out = (struct sw_ca_info){ .request = false };
    X509 *x = read_certificate(pem);
    X509_REQ *r = x == NULL ? read_request(pem) : NULL;
    ERR_clear_error();
    int err = 0;
    if (x != NULL) {
        show_certificate(x, out);
    } else if (r != NULL) {
        out->request = true;
        show_name(X509_REQ_get_subject_name(r), out->subject, sizeof out->subject);
        (void)identity_of_request(r, &out->id);
    } else {
        err = sw_diag_set(d, SW_ERR_MALFORMED, "neither a PEM certificate nor a request");
    }
    X509_free(x);
    X509_REQ_free(r);
    return err;
}

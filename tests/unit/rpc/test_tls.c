/* SPDX-License-Identifier: GPL-3.0-or-later
 * TLS connections between two buffers: who gets in, who does not. */
#include "tests/lib/check.h"
#include "tests/lib/pki.h"

#include <openssl/pem.h>
#include <stdlib.h>

/* Move what @from has to @to in pieces of @piece bytes (0: all); the first error. */
static int move(struct sw_tls *from, struct sw_tls *to, size_t piece)
{
    int err = 0;
    const struct sw_bytes out = sw_tls_send(from);
    for (size_t off = 0; off < out.len && err == 0;) {
        size_t n = out.len - off;
        n = piece > 0 && n > piece ? piece : n;
        uint8_t *copy = malloc(n);
        memcpy(copy, out.data + off, n);
        err = sw_tls_receive(to, (struct sw_bytes){ copy, n });
        free(copy);
        off += n;
    }
    return err;
}

struct handshake {
    struct sw_tls *client, *server;
    int client_error, server_error;
};

static void shake(struct handshake *h, struct sw_tls_context *client, struct sw_tls_context *server,
                  const char *expects, size_t piece)
{
    const struct sw_identity id = pki_id(SW_ROLE_NODE, expects);
    memset(h, 0, sizeof *h);
    h->client = sw_tls_new(client, false, &id);
    h->server = sw_tls_new(server, true, NULL);
    for (int i = 0; i < 4; i++) {
        const int to_server = move(h->client, h->server, piece);
        const int to_client = move(h->server, h->client, piece);
        h->server_error = h->server_error != 0 ? h->server_error : to_server;
        h->client_error = h->client_error != 0 ? h->client_error : to_client;
    }
}

static void shake_fini(struct handshake *h)
{
    sw_tls_free(h->client);
    sw_tls_free(h->server);
}

static void both_sides_learn_who_the_other_is(void)
{
    struct pki pki;
    REQUIRE(pki_init(&pki) == 0);
    struct sw_tls_context *a = pki_new(&pki, SW_ROLE_NODE, "a");
    struct sw_tls_context *ann = pki_new(&pki, SW_ROLE_OPERATOR, "ann");
    REQUIRE(a != NULL && ann != NULL);
    CHECK_STR(sw_tls_context_identity(ann)->name.s, "ann");
    for (size_t piece = 0; piece < 40; piece += 13) {
        struct handshake h;
        shake(&h, ann, a, "a", piece);
        CHECK(sw_tls_ready(h.client) && sw_tls_ready(h.server));
        CHECK_STR(sw_tls_peer(h.client)->name.s, "a");
        CHECK_I64(sw_tls_peer(h.client)->role, SW_ROLE_NODE);
        CHECK_STR(sw_tls_peer(h.server)->name.s, "ann");
        CHECK_I64(sw_tls_peer(h.server)->role, SW_ROLE_OPERATOR);
        shake_fini(&h);
    }
    sw_tls_context_free(a);
    sw_tls_context_free(ann);
    pki_fini(&pki);
}

static void bytes_cross_unchanged_and_the_end_is_seen(void)
{
    struct pki pki;
    REQUIRE(pki_init(&pki) == 0);
    struct sw_tls_context *a = pki_new(&pki, SW_ROLE_NODE, "a");
    struct sw_tls_context *b = pki_new(&pki, SW_ROLE_NODE, "b");
    struct handshake h;
    shake(&h, a, b, "b", 0);
    REQUIRE(sw_tls_ready(h.client) && sw_tls_ready(h.server));
    static uint8_t sent[100000];
    static uint8_t got[sizeof sent + 1];
    for (size_t i = 0; i < sizeof sent; i++) {
        sent[i] = (uint8_t)(i >> 3);
    }
    CHECK_I64(sw_tls_write(h.client, (struct sw_bytes){ sent, sizeof sent }), 0);
    CHECK_I64(move(h.client, h.server, 1000), 0);
    size_t n = 0;
    for (int k; (k = sw_tls_read(h.server, got + n, sizeof got - n)) > 0;) {
        n += (size_t)k;
    }
    CHECK_U64(n, sizeof sent);
    CHECK(memcmp(sent, got, sizeof sent) == 0);
    CHECK_I64(sw_tls_read(h.server, got, sizeof got), 0);
    sw_tls_close(h.client);
    CHECK_I64(move(h.client, h.server, 0), 0);
    CHECK_I64(sw_tls_read(h.server, got, sizeof got), SW_ERR_STATE);
    shake_fini(&h);
    sw_tls_context_free(a);
    sw_tls_context_free(b);
    pki_fini(&pki);
}

static void a_tampered_record_ends_the_connection(void)
{
    struct pki pki;
    REQUIRE(pki_init(&pki) == 0);
    struct sw_tls_context *a = pki_new(&pki, SW_ROLE_NODE, "a");
    struct handshake h;
    shake(&h, a, a, "a", 0);
    REQUIRE(sw_tls_ready(h.client) && sw_tls_ready(h.server));
    CHECK_I64(sw_tls_write(h.client, (struct sw_bytes){ (const uint8_t *)"secret", 6 }), 0);
    const struct sw_bytes out = sw_tls_send(h.client);
    uint8_t wire[256];
    uint8_t got[16];
    REQUIRE(out.len < sizeof wire);
    memcpy(wire, out.data, out.len);
    wire[out.len - 1] ^= 1;
    CHECK_I64(sw_tls_receive(h.server, (struct sw_bytes){ wire, out.len }), 0);
    CHECK_I64(sw_tls_read(h.server, got, sizeof got), SW_ERR_CRYPTO);
    shake_fini(&h);
    sw_tls_context_free(a);
    pki_fini(&pki);
}

static void the_dialler_takes_nobody_but_whom_it_expects(void)
{
    struct pki pki;
    REQUIRE(pki_init(&pki) == 0);
    struct sw_tls_context *a = pki_new(&pki, SW_ROLE_NODE, "a");
    struct sw_tls_context *b = pki_new(&pki, SW_ROLE_NODE, "b");
    struct handshake h;
    shake(&h, a, b, "c", 0);
    CHECK_I64(h.client_error, SW_ERR_CRYPTO);
    CHECK(!sw_tls_ready(h.client));
    CHECK_STR(sw_tls_reason(h.client), "hostname mismatch");
    shake_fini(&h);
    sw_tls_context_free(a);
    sw_tls_context_free(b);
    pki_fini(&pki);
}

static void a_dialler_may_take_any_node_but_no_operator(void)
{
    struct pki pki;
    REQUIRE(pki_init(&pki) == 0);
    struct sw_tls_context *a = pki_new(&pki, SW_ROLE_NODE, "a");
    struct sw_tls_context *ann = pki_new(&pki, SW_ROLE_OPERATOR, "ann");
    struct handshake h;
    shake(&h, ann, a, "", 0);
    CHECK(sw_tls_ready(h.client));
    CHECK_STR(sw_tls_peer(h.client)->name.s, "a");
    shake_fini(&h);
    shake(&h, a, ann, "", 0);
    CHECK(!sw_tls_ready(h.client));
    shake_fini(&h);
    sw_tls_context_free(a);
    sw_tls_context_free(ann);
    pki_fini(&pki);
}

static void an_operator_can_not_pose_as_a_node(void)
{
    struct pki pki;
    REQUIRE(pki_init(&pki) == 0);
    struct sw_tls_context *a = pki_new(&pki, SW_ROLE_NODE, "a");
    struct sw_tls_context *b = pki_new(&pki, SW_ROLE_OPERATOR, "b");
    struct handshake h;
    shake(&h, a, b, "b", 0);
    CHECK(h.client_error != 0);
    CHECK(!sw_tls_ready(h.client));
    shake_fini(&h);
    sw_tls_context_free(a);
    sw_tls_context_free(b);
    pki_fini(&pki);
}

static void strangers_are_refused_both_ways(void)
{
    struct pki ours;
    struct pki theirs;
    REQUIRE(pki_init(&ours) == 0 && pki_init(&theirs) == 0);
    struct sw_tls_context *a = pki_new(&ours, SW_ROLE_NODE, "a");
    struct sw_tls_context *fake = pki_new(&theirs, SW_ROLE_NODE, "b");
    struct handshake h;
    shake(&h, a, fake, "b", 0);
    CHECK(h.client_error != 0 && !sw_tls_ready(h.client) && !sw_tls_ready(h.server));
    shake_fini(&h);
    shake(&h, fake, a, "a", 0);
    CHECK(!sw_tls_ready(h.server));
    shake_fini(&h);
    sw_tls_context_free(a);
    sw_tls_context_free(fake);
    pki_fini(&ours);
    pki_fini(&theirs);
}

static void a_context_refuses_what_does_not_fit(void)
{
    struct pki pki;
    struct pki_party a;
    struct pki_party b;
    struct pki_party old;
    struct pki_party early;
    struct sw_tls_context *c = NULL;
    struct sw_diag d = { "" };
    REQUIRE(pki_init(&pki) == 0);
    REQUIRE(pki_issue(&pki, pki_id(SW_ROLE_NODE, "a"), -60, 3600, &a) == 0);
    REQUIRE(pki_issue(&pki, pki_id(SW_ROLE_NODE, "b"), -60, 3600, &b) == 0);
    REQUIRE(pki_issue(&pki, pki_id(SW_ROLE_NODE, "c"), -7200, -3600, &old) == 0);
    REQUIRE(pki_issue(&pki, pki_id(SW_ROLE_NODE, "d"), 3600, 7200, &early) == 0);
    const struct pki_party mixed = { a.key, b.certificate };
    CHECK_I64(pki_context(&pki, &mixed, &c, &d), SW_ERR_STATE);
    CHECK(strstr(d.text, "the key does not fit the certificate") != NULL);
    d.text[0] = '\0';
    CHECK_I64(pki_context(&pki, &old, &c, &d), SW_ERR_STATE);
    CHECK_STR(d.text, "our own certificate: certificate has expired");
    d.text[0] = '\0';
    CHECK_I64(pki_context(&pki, &early, &c, &d), SW_ERR_STATE);
    CHECK_STR(d.text, "our own certificate: certificate is not yet valid");
    const struct pki_party no_key = { a.certificate, a.certificate };
    CHECK_I64(pki_context(&pki, &no_key, &c, NULL), SW_ERR_MALFORMED);
    const struct pki_party nothing = { a.key, { 0 } };
    CHECK_I64(pki_context(&pki, &nothing, &c, NULL), SW_ERR_MALFORMED);
    const struct pki_party root = { pki.key, pki.certificate };
    CHECK_I64(pki_context(&pki, &root, &c, NULL), SW_ERR_DENIED);
    CHECK(c == NULL);
    pki_party_fini(&a);
    pki_party_fini(&b);
    pki_party_fini(&old);
    pki_party_fini(&early);
    pki_fini(&pki);
}

static void trust_can_be_asked_again_later(void)
{
    struct pki pki;
    struct pki other;
    REQUIRE(pki_init(&pki) == 0 && pki_init(&other) == 0);
    struct sw_tls_context *a = pki_new(&pki, SW_ROLE_NODE, "a");
    struct sw_tls_context *moved = pki_new(&other, SW_ROLE_NODE, "a");
    struct handshake h;
    shake(&h, a, a, "a", 0);
    REQUIRE(sw_tls_ready(h.client));
    CHECK(sw_tls_still_trusted(h.client, a));
    CHECK(!sw_tls_still_trusted(h.client, moved));
    shake_fini(&h);
    sw_tls_context_free(a);
    sw_tls_context_free(moved);
    pki_fini(&pki);
    pki_fini(&other);
}

/* A list, signed by @p, that revokes @x; PEM in @out. */
static bool revoke(const struct pki *p, const struct sw_blob *x, struct sw_blob *out)
{
    BIO *key_pem = BIO_new_mem_buf(p->key.data, (int)p->key.len);
    BIO *ca_pem = BIO_new_mem_buf(p->certificate.data, (int)p->certificate.len);
    BIO *x_pem = BIO_new_mem_buf(x->data, (int)x->len);
    BIO *list_pem = BIO_new(BIO_s_mem());
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_pem, NULL, NULL, NULL);
    X509 *ca = PEM_read_bio_X509(ca_pem, NULL, NULL, NULL);
    X509 *certificate = PEM_read_bio_X509(x_pem, NULL, NULL, NULL);
    X509_CRL *list = X509_CRL_new();
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, -60);
    ASN1_TIME *next = X509_gmtime_adj(NULL, 3600);
    bool ok =
        X509_CRL_set_version(list, X509_CRL_VERSION_2) == 1 &&
        X509_CRL_set_issuer_name(list, X509_get_subject_name(ca)) == 1 &&
        X509_CRL_set1_lastUpdate(list, now) == 1 && X509_CRL_set1_nextUpdate(list, next) == 1 &&
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate)) == 1 &&
        X509_REVOKED_set_revocationDate(entry, now) == 1 &&
        X509_CRL_add0_revoked(list, entry) == 1 && X509_CRL_sign(list, key, EVP_sha256()) > 0 &&
        PEM_write_bio_X509_CRL(list_pem, list) == 1;
    char *data = NULL;
    const long n = BIO_get_mem_data(list_pem, &data);
    ok = ok && sw_blob_append(out, data, (size_t)n) == 0;
    ASN1_TIME_free(now);
    ASN1_TIME_free(next);
    X509_CRL_free(list);
    X509_free(certificate);
    X509_free(ca);
    EVP_PKEY_free(key);
    BIO_free(list_pem);
    BIO_free(x_pem);
    BIO_free(ca_pem);
    BIO_free(key_pem);
    return ok;
}

static void who_was_revoked_is_refused(void)
{
    struct pki pki;
    struct pki_party a;
    struct pki_party b;
    struct sw_blob list = { 0 };
    REQUIRE(pki_init(&pki) == 0);
    REQUIRE(pki_issue(&pki, pki_id(SW_ROLE_NODE, "a"), -60, 3600, &a) == 0);
    REQUIRE(pki_issue(&pki, pki_id(SW_ROLE_NODE, "b"), -60, 3600, &b) == 0);
    REQUIRE(revoke(&pki, &b.certificate, &list));
    struct sw_tls_material m = { sw_blob_bytes(&a.certificate),
                                 sw_blob_bytes(&a.key),
                                 sw_blob_bytes(&pki.certificate),
                                 { NULL, 0 } };
    struct sw_tls_context *trusting = NULL;
    struct sw_tls_context *knowing = NULL;
    struct sw_tls_context *revoked = NULL;
    struct handshake h;
    CHECK_I64(sw_tls_context_new(&m, &trusting, NULL), 0);
    m.crl = sw_blob_bytes(&list);
    CHECK_I64(sw_tls_context_new(&m, &knowing, NULL), 0);
    REQUIRE(pki_context(&pki, &b, &revoked, NULL) == 0);
    shake(&h, trusting, revoked, "b", 0);
    CHECK(sw_tls_ready(h.client));
    CHECK(sw_tls_still_trusted(h.client, trusting));
    CHECK(!sw_tls_still_trusted(h.client, knowing)); /* what a reload asks */
    shake_fini(&h);
    shake(&h, knowing, revoked, "b", 0);
    CHECK(!sw_tls_ready(h.client));
    CHECK_STR(sw_tls_reason(h.client), "certificate revoked");
    shake_fini(&h);
    shake(&h, revoked, knowing, "a", 0);
    CHECK(!sw_tls_ready(h.server));
    shake_fini(&h);
    m.crl = sw_blob_bytes(&pki.certificate); /* no list */
    struct sw_tls_context *none = NULL;
    CHECK_I64(sw_tls_context_new(&m, &none, NULL), SW_ERR_MALFORMED);
    sw_tls_context_free(trusting);
    sw_tls_context_free(knowing);
    sw_tls_context_free(revoked);
    sw_blob_fini(&list);
    pki_party_fini(&a);
    pki_party_fini(&b);
    pki_fini(&pki);
}

static void noise_is_refused(void)
{
    struct pki pki;
    REQUIRE(pki_init(&pki) == 0);
    struct sw_tls_context *a = pki_new(&pki, SW_ROLE_NODE, "a");
    struct sw_tls *t = sw_tls_new(a, true, NULL);
    CHECK_I64(sw_tls_receive(t, (struct sw_bytes){ (const uint8_t *)"GET / HTTP/1.0\r\n\r\n", 18 }),
              SW_ERR_CRYPTO);
    CHECK(sw_tls_reason(t)[0] != '\0');
    CHECK_I64(sw_tls_write(t, (struct sw_bytes){ (const uint8_t *)"x", 1 }), SW_ERR_STATE);
    CHECK_I64(sw_tls_receive(t, (struct sw_bytes){ (const uint8_t *)"more", 4 }), SW_ERR_CRYPTO);
    sw_tls_free(t);
    sw_tls_context_free(a);
    pki_fini(&pki);
}

extern CU_TestInfo tests_tls[];
CU_TestInfo tests_tls[] = {
    { "both_sides_learn_who_the_other_is", both_sides_learn_who_the_other_is },
    { "bytes_cross_unchanged_and_the_end_is_seen", bytes_cross_unchanged_and_the_end_is_seen },
    { "a_tampered_record_ends_the_connection", a_tampered_record_ends_the_connection },
    { "the_dialler_takes_nobody_but_whom_it_expects",
      the_dialler_takes_nobody_but_whom_it_expects },
    { "a_dialler_may_take_any_node_but_no_operator", a_dialler_may_take_any_node_but_no_operator },
    { "an_operator_can_not_pose_as_a_node", an_operator_can_not_pose_as_a_node },
    { "strangers_are_refused_both_ways", strangers_are_refused_both_ways },
    { "a_context_refuses_what_does_not_fit", a_context_refuses_what_does_not_fit },
    { "trust_can_be_asked_again_later", trust_can_be_asked_again_later },
    { "who_was_revoked_is_refused", who_was_revoked_is_refused },
    { "noise_is_refused", noise_is_refused },
    CU_TEST_INFO_NULL,
};

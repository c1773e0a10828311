/* SPDX-License-Identifier: GPL-3.0-or-later
 * An authority and certificates in memory, for tests. */
#ifndef SW_TESTS_LIB_PKI_H
#define SW_TESTS_LIB_PKI_H

#include "node/rpc/ca.h"
#include "node/rpc/tls.h"

#include <stdio.h>
#include <string.h>

struct pki {
    struct sw_blob key, certificate;
};

struct pki_party {
    struct sw_blob key, certificate;
};

static inline struct sw_identity pki_id(enum sw_role role, const char *name)
{
    struct sw_identity id = { role, { "" } };
    (void)snprintf(id.name.s, sizeof id.name.s, "%s", name);
    return id;
}

static inline int pki_init(struct pki *p)
{
    memset(p, 0, sizeof *p);
    return sw_ca_root("test authority", 30, &p->key, &p->certificate, NULL);
}

/* A certificate for @id, valid from now + @from_s to now + @until_s. */
static inline int pki_issue(const struct pki *p, struct sw_identity id, int64_t from_s,
                            int64_t until_s, struct pki_party *out)
{
    struct sw_blob request = { 0 };
    memset(out, 0, sizeof *out);
    int err = sw_ca_request(&id, &out->key, &request, NULL);
    const struct sw_ca_sign sign = {
        .ca_key = sw_blob_bytes(&p->key),
        .ca_certificate = sw_blob_bytes(&p->certificate),
        .request = sw_blob_bytes(&request),
        .id = id,
        .from_s = from_s,
        .until_s = until_s,
    };
    err = err != 0 ? err : sw_ca_sign(&sign, &out->certificate, NULL);
    sw_blob_fini(&request);
    return err;
}

static inline int pki_context(const struct pki *p, const struct pki_party *party,
                              struct sw_tls_context **out, struct sw_diag *d)
{
    const struct sw_tls_material m = {
        .chain = sw_blob_bytes(&party->certificate),
        .key = sw_blob_bytes(&party->key),
        .ca = sw_blob_bytes(&p->certificate),
    };
    return sw_tls_context_new(&m, out, d);
}

/* All three steps: a context for a fresh certificate, or NULL. */
static inline struct sw_tls_context *pki_new(const struct pki *p, enum sw_role role,
                                             const char *name)
{
    struct pki_party party;
    struct sw_tls_context *c = NULL;
    if (pki_issue(p, pki_id(role, name), -60, 3600, &party) == 0) {
        (void)pki_context(p, &party, &c, NULL);
    }
    sw_ca_wipe(&party.key);
    sw_blob_fini(&party.certificate);
    return c;
}

static inline void pki_fini(struct pki *p)
{
    sw_ca_wipe(&p->key);
    sw_blob_fini(&p->certificate);
}

static inline void pki_party_fini(struct pki_party *p)
{
    sw_ca_wipe(&p->key);
    sw_blob_fini(&p->certificate);
}

#endif

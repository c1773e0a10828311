/* SPDX-License-Identifier: GPL-3.0-or-later
 * Roles and names in certificates. */
#include "node/rpc/identity.h"

#include "node/base/name.h"

#include <stdio.h>
#include <string.h>

static const char *const roles[] = { "none", "node", "operator" };

const char *sw_role_name(enum sw_role role)
{
    return (size_t)role < SW_LEN(roles) ? roles[role] : roles[SW_ROLE_NONE];
}

enum sw_role sw_role_parse(const char *text)
{
    for (size_t i = SW_ROLE_NODE; i < SW_LEN(roles); i++) {
        if (strcmp(text, roles[i]) == 0) {
            return (enum sw_role)i;
        }
    }
    return SW_ROLE_NONE;
}

void sw_identity_host(struct sw_name name, char out[SW_HOST_MAX])
{
    (void)snprintf(out, SW_HOST_MAX, "%s.swarm.internal", name.s);
}

void sw_identity_san(const struct sw_identity *id, char out[SW_SAN_MAX])
{
    char host[SW_HOST_MAX];
    sw_identity_host(id->name, host);
    (void)snprintf(out, SW_SAN_MAX, "%s%s%sURI:spiffe://swarm/%s/%s",
                   id->role == SW_ROLE_NODE ? "DNS:" : "", id->role == SW_ROLE_NODE ? host : "",
                   id->role == SW_ROLE_NODE ? "," : "", sw_role_name(id->role), id->name.s);
}

/* A copy of an IA5 string without NUL inside; false when it is no such thing or too long. */
static bool text_of(const ASN1_IA5STRING *s, char *out, size_t cap)
{
    const int len = ASN1_STRING_length(s);
    if (len <= 0 || (size_t)len >= cap ||
        memchr(ASN1_STRING_get0_data(s), 0, (size_t)len) != NULL) {
        return false;
    }
    memcpy(out, ASN1_STRING_get0_data(s), (size_t)len);
    out[len] = '\0';
    return true;
}

static bool parse_uri(const char *uri, struct sw_identity *out)
{
    static const char scheme[] = "spiffe://swarm/";
    char role[16];
    const char *rest = uri + sizeof scheme - 1;
    const char *slash = strncmp(uri, scheme, sizeof scheme - 1) == 0 ? strchr(rest, '/') : NULL;
    if (slash == NULL || (size_t)(slash - rest) >= sizeof role || !sw_name_valid(slash + 1)) {
        return false;
    }
    memcpy(role, rest, (size_t)(slash - rest));
    role[slash - rest] = '\0';
    out->role = sw_role_parse(role);
    (void)snprintf(out->name.s, sizeof out->name.s, "%s", slash + 1);
    return out->role != SW_ROLE_NONE;
}

int sw_identity_of_names(const GENERAL_NAMES *names, struct sw_identity *out)
{
    char text[SW_SAN_MAX];
    char host[SW_HOST_MAX];
    unsigned uris = 0;
    bool named = false;
    struct sw_identity id = { SW_ROLE_NONE, { "" } };
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
        if (n->type == GEN_URI) {
            uris++;
            if (!text_of(n->d.uniformResourceIdentifier, text, sizeof text) ||
                !parse_uri(text, &id)) {
                return SW_ERR_DENIED;
            }
        }
    }
    sw_identity_host(id.name, host);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
        named = named || (n->type == GEN_DNS && text_of(n->d.dNSName, text, sizeof text) &&
                          strcmp(text, host) == 0);
    }
    if (uris != 1 || (id.role == SW_ROLE_NODE && !named)) {
        return SW_ERR_DENIED;
    }
    *out = id;
    return 0;
}

int sw_identity_of(const X509 *certificate, struct sw_identity *out)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    const int err = names == NULL ? SW_ERR_DENIED : sw_identity_of_names(names, out);
    GENERAL_NAMES_free(names);
    return err;
}

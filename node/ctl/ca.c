/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmctl ca: the swarm's certificates.  Keys are made where they stay: a node makes its own key
 * and a request, and only the request travels. */
#define _GNU_SOURCE
#include "node/rpc/ca.h"
#include "node/ctl/ctl.h"

#include "node/base/name.h"

#include <limits.h>
#include <string.h>

#define CLOCK_SLACK_S (-300)
#define DAY_S INT64_C(86400)

/* Two new files that belong together: the second failing takes the first back. */
static int write_pair(const char *key_path, struct sw_bytes key, const char *other_path,
                      struct sw_bytes other, struct sw_diag *d)
{
    int err = ctl_write_new(key_path, 0600, key, d);
    if (err == 0) {
        err = ctl_write_new(other_path, 0644, other, d);
        if (err != 0) {
            (void)remove(key_path);
        }
    }
    return err;
}

int ctl_ca_init(int argc, char **argv)
{
    const char *dir = NULL;
    const char *name = "swarm authority";
    const char *days = "3650";
    const struct ctl_option options[] = {
        { NULL, "DIR", "existing folder for ca.key and ca.pem", &dir, NULL, true },
        { "name", "TEXT", "common name (swarm authority)", &name, NULL, false },
        { "days", "N", "validity (3650)", &days, NULL, false },
    };
    const struct ctl_usage u = {
        "ca init",
        "Makes a new certificate authority: DIR/ca.key (P-256, mode 0600) and DIR/ca.pem.  Keep\n"
        "ca.key off the nodes; every node and operator gets ca.pem.",
        options, SW_LEN(options)
    };
    const int parsed = ctl_parse(&u, argc, argv);
    if (parsed >= 0) {
        return parsed;
    }
    struct sw_diag d = { "" };
    struct sw_blob key = { 0 };
    struct sw_blob certificate = { 0 };
    char key_path[PATH_MAX];
    char ca_path[PATH_MAX];
    uint64_t n = 0;
    int err = ctl_number(days, 1, 36500, &n);
    err = err != 0 ? sw_diag_set(&d, err, "--days: 1 to 36500") : 0;
    err = err != 0 ? err : ctl_path(key_path, sizeof key_path, dir, "ca", ".key");
    err = err != 0 ? err : ctl_path(ca_path, sizeof ca_path, dir, "ca", ".pem");
    err = err != 0 ? err : sw_ca_root(name, (uint32_t)n, &key, &certificate, &d);
    err = err != 0
              ? err
              : write_pair(key_path, sw_blob_bytes(&key), ca_path, sw_blob_bytes(&certificate), &d);
    sw_ca_wipe(&key);
    sw_blob_fini(&certificate);
    if (err != 0) {
        return ctl_fail(err, &d);
    }
    (void)printf("%s\n%s\n", key_path, ca_path);
    return CTL_DONE;
}

/* The identity that options name. */
static int identity_of(const char *name, const char *role, struct sw_identity *out,
                       struct sw_diag *d)
{
    out->role = sw_role_parse(role);
    if (out->role == SW_ROLE_NONE) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "--role: node or operator, not '%s'", role);
    }
    if (!sw_name_valid(name)) {
        return sw_diag_set(d, SW_ERR_MALFORMED, "'%s' is no name: 1 to %d of a-z 0-9 -", name,
                           SW_NAME_MAX);
    }
    memset(&out->name, 0, sizeof out->name);
    (void)snprintf(out->name.s, sizeof out->name.s, "%s", name);
    return 0;
}

int ctl_ca_csr(int argc, char **argv)
{
    const char *name = NULL;
    const char *role = "node";
    const char *dir = ".";
    const struct ctl_option options[] = {
        { NULL, "NAME", "of the node or operator", &name, NULL, true },
        { "role", "ROLE", "node or operator (node)", &role, NULL, false },
        { "out", "DIR", "existing folder for NAME.key and NAME.csr (.)", &dir, NULL, false },
    };
    const struct ctl_usage u = {
        "ca csr",
        "Makes a key that stays here (NAME.key, P-256, mode 0600) and a request (NAME.csr) for\n"
        "`swarmctl ca sign`, where the authority is.",
        options, SW_LEN(options)
    };
    const int parsed = ctl_parse(&u, argc, argv);
    if (parsed >= 0) {
        return parsed;
    }
    struct sw_diag d = { "" };
    struct sw_identity id;
    struct sw_blob key = { 0 };
    struct sw_blob request = { 0 };
    char key_path[PATH_MAX];
    char csr_path[PATH_MAX];
    int err = identity_of(name, role, &id, &d);
    err = err != 0 ? err : ctl_path(key_path, sizeof key_path, dir, name, ".key");
    err = err != 0 ? err : ctl_path(csr_path, sizeof csr_path, dir, name, ".csr");
    err = err != 0 ? err : sw_ca_request(&id, &key, &request, &d);
    err = err != 0
              ? err
              : write_pair(key_path, sw_blob_bytes(&key), csr_path, sw_blob_bytes(&request), &d);
    sw_ca_wipe(&key);
    sw_blob_fini(&request);
    if (err != 0) {
        return ctl_fail(err, &d);
    }
    (void)printf("%s\n%s\n", key_path, csr_path);
    return CTL_DONE;
}

struct sign {
    const char *name, *role, *ca, *csr, *out, *days;
};

static int sign(const struct sign *o, char *out_path, struct sw_diag *d)
{
    char path[PATH_MAX];
    struct sw_blob key = { 0 };
    struct sw_blob ca = { 0 };
    struct sw_blob request = { 0 };
    struct sw_blob certificate = { 0 };
    struct sw_ca_sign s = { .from_s = CLOCK_SLACK_S };
    uint64_t days = 0;
    int err = identity_of(o->name, o->role, &s.id, d);
    if (err == 0 && ctl_number(o->days, 1, 3650, &days) != 0) {
        err = sw_diag_set(d, SW_ERR_RANGE, "--days: 1 to 3650");
    }
    s.until_s = DAY_S * (int64_t)days;
    err = err != 0 ? err : ctl_path(path, sizeof path, o->ca, "ca", ".key");
    err = err != 0 ? err : ctl_read(path, &key, d);
    err = err != 0 ? err : ctl_path(path, sizeof path, o->ca, "ca", ".pem");
    err = err != 0 ? err : ctl_read(path, &ca, d);
    err = err != 0 ? err : ctl_path(path, sizeof path, ".", o->name, ".csr");
    err = err != 0 ? err : ctl_read(o->csr != NULL ? o->csr : path, &request, d);
    s.ca_key = sw_blob_bytes(&key);
    s.ca_certificate = sw_blob_bytes(&ca);
    s.request = sw_blob_bytes(&request);
    if (err == 0) {
        err = sw_ca_sign(&s, &certificate, d);
        err = err == SW_ERR_DENIED ? SW_ERR_CRYPTO : err; /* a check failed, no file is at fault */
    }
    err = err != 0 ? err : ctl_path(out_path, PATH_MAX, o->out, o->name, ".pem");
    err = err != 0 ? err : ctl_write_new(out_path, 0644, sw_blob_bytes(&certificate), d);
    sw_ca_wipe(&key);
    sw_blob_fini(&ca);
    sw_blob_fini(&request);
    sw_blob_fini(&certificate);
    return err;
}

int ctl_ca_sign(int argc, char **argv)
{
    struct sign o = { .role = "node", .ca = ".", .out = ".", .days = "397" };
    const struct ctl_option options[] = {
        { NULL, "NAME", "whose request it is, as you know it", &o.name, NULL, true },
        { "csr", "FILE", "the request (NAME.csr)", &o.csr, NULL, false },
        { "role", "ROLE", "node or operator (node)", &o.role, NULL, false },
        { "ca", "DIR", "folder with ca.key and ca.pem (.)", &o.ca, NULL, false },
        { "out", "DIR", "existing folder for NAME.pem (.)", &o.out, NULL, false },
        { "days", "N", "validity (397)", &o.days, NULL, false },
    };
    const struct ctl_usage u = {
        "ca sign",
        "Signs a request, if it is for the name and role that you say, and writes NAME.pem.  An\n"
        "operator's certificate may control nodes; a node's may not.",
        options, SW_LEN(options)
    };
    const int parsed = ctl_parse(&u, argc, argv);
    if (parsed >= 0) {
        return parsed;
    }
    struct sw_diag d = { "" };
    char path[PATH_MAX];
    const int err = sign(&o, path, &d);
    if (err != 0) {
        return ctl_fail(err, &d);
    }
    (void)printf("%s\n", path);
    return CTL_DONE;
}

static void print_info(const struct sw_ca_info *i)
{
    (void)printf("%-12s %s\n", "kind",
                 i->request ? "request" : (i->authority ? "authority" : "certificate"));
    (void)printf("%-12s %s\n", "subject", i->subject);
    if (i->id.role != SW_ROLE_NONE) {
        (void)printf("%-12s %s %s\n", "identity", sw_role_name(i->id.role), i->id.name.s);
    }
    if (!i->request) {
        (void)printf("%-12s %s\n%-12s %s\n%-12s %s\n%-12s %lld\n%-12s %s\n%-12s %s\n", "issuer",
                     i->issuer, "from", i->from, "until", i->until, "days left",
                     (long long)(i->left_s / DAY_S), "serial", i->serial, "sha256", i->fingerprint);
    }
}

int ctl_ca_show(int argc, char **argv)
{
    const char *path = NULL;
    const struct ctl_option options[] = {
        { NULL, "FILE", "a PEM certificate or request", &path, NULL, true },
    };
    const struct ctl_usage u = {
        "ca show",
        "Shows what a certificate or request says.  Exit code 1 when it has "
        "expired.",
        options, SW_LEN(options)
    };
    const int parsed = ctl_parse(&u, argc, argv);
    if (parsed >= 0) {
        return parsed;
    }
    struct sw_diag d = { "" };
    struct sw_blob pem = { 0 };
    struct sw_ca_info info;
    int err = ctl_read(path, &pem, &d);
    err = err != 0 ? err : sw_ca_show(sw_blob_bytes(&pem), &info, &d);
    sw_blob_fini(&pem);
    if (err != 0) {
        return ctl_fail(err, &d);
    }
    print_info(&info);
    return info.request || info.left_s > 0 ? CTL_DONE : CTL_FAILED;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Reading keys and configuration, at the start and again on SIGHUP. */
#define _GNU_SOURCE /* what uv.h needs */
#include "node/base/buf.h"
#include "node/conf/version.h"
#include "node/live/clock.h"
#include "node/live/fs_posix.h"
#include "node/live/host.h"
#include "node/live/log.h"
#include "node/live/peer.h"
#include "node/rpc/ca.h"

#include <string.h>

#define FILE_MAX (4u << 20)

static int read_file(const char *path, struct sw_blob *out, struct sw_diag *d)
{
    const struct sw_fs *fs = &live_fs_posix;
    struct sw_stat st;
    const int fd = fs->open(NULL, path, SW_OPEN_READ, 0);
    int err = fd < 0 ? fd : fs->fstat(NULL, fd, &st);
    if (err == 0) {
        err = st.type != SW_FILE_REGULAR || st.size > FILE_MAX ? SW_ERR_RANGE
                                                               : sw_blob_reserve(out, st.size + 1);
    }
    if (err == 0) {
        const int64_t n = fs->pread(NULL, fd, out->data, out->cap, 0);
        err = n < 0 ? (int)n : 0;
        out->len = n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0) {
        (void)fs->close(NULL, fd);
    }
    return err == 0 ? 0 : sw_diag_set(d, err, "%s: %s", path, sw_strerror(err));
}

int live_tls_load(const struct sw_host_config *c, struct sw_tls_context **out, struct sw_diag *d)
{
    struct sw_blob chain = { 0 };
    struct sw_blob key = { 0 };
    struct sw_blob ca = { 0 };
    struct sw_blob crl = { 0 };
    int err = read_file(c->certificate, &chain, d);
    err = err != 0 ? err : read_file(c->key, &key, d);
    err = err != 0 ? err : read_file(c->ca, &ca, d);
    if (err == 0 && c->crl != NULL) {
        err = read_file(c->crl, &crl, d);
    }
    if (err == 0) {
        const struct sw_tls_material m = {
            .chain = sw_blob_bytes(&chain),
            .key = sw_blob_bytes(&key),
            .ca = sw_blob_bytes(&ca),
            .crl = sw_blob_bytes(&crl),
        };
        err = sw_tls_context_new(&m, out, d);
    }
    sw_blob_fini(&chain);
    sw_ca_wipe(&key);
    sw_blob_fini(&ca);
    sw_blob_fini(&crl);
    return err;
}

int live_check_identity(const struct sw_tls_context *tls, const struct sw_config *c,
                        struct sw_diag *d)
{
    const struct sw_identity *id = sw_tls_context_identity(tls);
    if (id->role != SW_ROLE_NODE || strcmp(id->name.s, c->name.s) != 0) {
        return sw_diag_set(d, SW_ERR_DENIED, "the certificate is for %s %s, not for node %s",
                           sw_role_name(id->role), id->name.s, c->name.s);
    }
    return 0;
}

int live_complete(struct sw_node_file *file, const struct sw_tls_context *tls, struct sw_diag *d)
{
    struct sw_config *c = &file->config;
    if (c->address == NULL) {
        c->address = strdup(file->host.peers);
    }
    const struct sw_yaml_field hex = { .type = SW_YAML_HEX, .size = sizeof c->core_digest };
    (void)sw_yaml_scalar(&hex, NULL, sw_core_digest(), c->core_digest);
    sw_tls_context_fingerprint(tls, c->certificate);
    return c->address != NULL ? 0 : sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* What was bound or started can't change while the node runs: say so. */
static void warn_of_restart(const struct sw_host_config *was, const struct sw_host_config *is)
{
    bool same = was->n_dns == is->n_dns;
    for (size_t i = 0; same && i < was->n_dns; i++) {
        same = strcmp(was->dns[i], is->dns[i]) == 0;
    }
    const struct {
        const char *key;
        bool same;
    } rows[] = {
        { "listen.dns", same },
        { "listen.peers", same_text(was->peers, is->peers) },
        { "listen.admin", same_text(was->admin, is->admin) },
        { "threads.fronts", was->fronts == is->fronts },
        { "threads.jobs", was->jobs == is->jobs },
    };
    for (size_t i = 0; i < SW_LEN(rows); i++) {
        if (!rows[i].same) {
            LIVE_LOG(SW_LOG_WARNING, "needs a restart", LIVE_TEXT("key", rows[i].key));
        }
    }
}

/* Take a file that was read and checked: the node's part first, it may refuse. */
static int take(struct live_host *h, struct sw_node_file *file, struct sw_tls_context *tls)
{
    struct sw_event ev = { .kind = SW_EV_CONFIGURE, .u.configure = &file->config };
    const int err = live_host_step(h, &ev, live_now());
    if (err != 0) {
        return err; /* the node said why */
    }
    struct sw_node_file *old_file = h->file;
    struct sw_tls_context *old_tls = h->tls;
    warn_of_restart(&old_file->host, &file->host);
    h->file = file;
    h->tls = tls;
    live_log_set(file->host.log_level, file->host.log_format);
    live_peers_recheck(h->peers);
    sw_config_free(old_file);
    sw_tls_context_free(old_tls);
    return 0;
}

void live_host_reload(struct live_host *h)
{
    struct sw_diag d = { "" };
    struct sw_node_file *file = NULL;
    struct sw_tls_context *tls = NULL;
    int err = sw_config_load(h->path, &file, &d);
    err = err != 0 ? err : live_tls_load(&file->host, &tls, &d);
    err = err != 0 ? err : live_check_identity(tls, &file->config, &d);
    err = err != 0 ? err : live_complete(file, tls, &d);
    err = err != 0 ? err : take(h, file, tls);
    if (err == 0) {
        LIVE_LOG(SW_LOG_INFO, "configuration reloaded", LIVE_TEXT("file", h->path));
        return;
    }
    LIVE_LOG(SW_LOG_ERROR, "configuration refused, the old one stays",
             LIVE_TEXT("error", sw_strerror(err)), LIVE_TEXT("reason", d.text));
    sw_config_free(file);
    sw_tls_context_free(tls);
}

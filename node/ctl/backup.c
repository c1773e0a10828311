/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmctl backup: keys made, snapshots asked for, sets brought back. */
#define _GNU_SOURCE
#include "node/core/proto/swarm.pb-c.h"
#include "node/ctl/client.h"
#include "node/ctl/json.h"
#include "node/rpc/ca.h"

#include "node/base/name.h"

#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* ---- keys ---- */

/* A recovery file: what a restore needs, one "name hexadecimal" a line, # begins a comment. */
struct recovery {
    uint8_t secret[crypto_box_SECRETKEYBYTES];
    uint8_t identity[crypto_sign_PUBLICKEYBYTES];
};

struct key_pair {
    struct recovery recovery;
    uint8_t recipient[crypto_box_PUBLICKEYBYTES];
    uint8_t seed[crypto_sign_SEEDBYTES];
};

static void make_keys(struct key_pair *k)
{
    uint8_t full[crypto_sign_SECRETKEYBYTES];
    (void)crypto_box_keypair(k->recipient, k->recovery.secret);
    randombytes_buf(k->seed, sizeof k->seed);
    (void)crypto_sign_seed_keypair(k->recovery.identity, full, k->seed);
    sodium_memzero(full, sizeof full);
}

static int write_keys(const struct key_pair *k, const char *dir, const char *name,
                      char recovery_path[PATH_MAX], char identity_path[PATH_MAX], struct sw_diag *d)
{
    char text[512];
    char secret[65];
    char identity[65];
    ctl_hex(k->recovery.secret, sizeof k->recovery.secret, secret);
    ctl_hex(k->recovery.identity, sizeof k->recovery.identity, identity);
    int n = snprintf(text, sizeof text,
                     "# Reads every snapshot of %s: keep it offline, and not in one place only.\n"
                     "secret %s\nidentity %s\n",
                     name, secret, identity);
    int err = ctl_path(recovery_path, PATH_MAX, dir, name, ".recovery");
    err = err != 0 ? err : ctl_path(identity_path, PATH_MAX, dir, name, ".identity");
    err = err != 0 ? err
                   : ctl_write_new(recovery_path, 0600,
                                   (struct sw_bytes){ (uint8_t *)text, (size_t)n }, d);
    if (err == 0) {
        ctl_hex(k->seed, sizeof k->seed, text);
        n = (int)strlen(text);
        text[n++] = '\n';
        err =
            ctl_write_new(identity_path, 0600, (struct sw_bytes){ (uint8_t *)text, (size_t)n }, d);
        if (err != 0) {
            (void)remove(recovery_path);
        }
    }
    sodium_memzero(text, sizeof text);
    sodium_memzero(secret, sizeof secret);
    return err;
}

int ctl_backup_key(int argc, char **argv)
{
    const char *name = NULL;
    const char *dir = ".";
    const struct ctl_option options[] = {
        { NULL, "NAME", "of the node", &name, NULL, true },
        { "out", "DIR", "existing folder for both files (.)", &dir, NULL, false },
    };
    const struct ctl_usage u = {
        "backup key",
        "Makes the keys of a node's backups, two files of mode 0600:\n"
        "  NAME.recovery  reads its snapshots (X25519 secret, and the key that proves who signed\n"
        "                 them); never goes to a node except for a restore\n"
        "  NAME.identity  signs them (Ed25519 seed); the node's `identity`\n"
        "and prints the recipient, for the node's `backup.sets`.",
        options, SW_LEN(options)
    };
    const int parsed = ctl_parse(&u, argc, argv);
    if (parsed >= 0) {
        return parsed;
    }
    struct sw_diag d = { "" };
    struct key_pair k;
    char recovery[PATH_MAX];
    char identity[PATH_MAX];
    char hex[65];
    int err =
        sw_name_valid(name) ? 0 : sw_diag_set(&d, SW_ERR_MALFORMED, "'%s' is no node name", name);
    make_keys(&k);
    err = err != 0 ? err : write_keys(&k, dir, name, recovery, identity, &d);
    ctl_hex(k.recipient, sizeof k.recipient, hex);
    sodium_memzero(&k, sizeof k);
    if (err != 0) {
        return ctl_fail(err, &d);
    }
    (void)printf("recovery   %s\nidentity   %s\nrecipient  %s\n", recovery, identity, hex);
    return CTL_DONE;
}

/* The value of "@name value" in a recovery file. */
static int find_value(struct sw_bytes text, const char *name, uint8_t *out, size_t len)
{
    const size_t n = strlen(name);
    while (text.len > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        const size_t line = end != NULL ? (size_t)(end - text.data) : text.len;
        if (line > n && memcmp(text.data, name, n) == 0 && text.data[n] == ' ') {
            return ctl_unhex((struct sw_bytes){ text.data + n, line - n }, out, len);
        }
        const size_t skip = end != NULL ? line + 1 : line;
        text.data += skip;
        text.len -= skip;
    }
    return SW_ERR_NOTFOUND;
}

static int read_recovery(const char *path, struct recovery *out, struct sw_diag *d)
{
    struct sw_blob text = { 0 };
    int err = ctl_read(path, &text, d);
    if (err == 0 &&
        (find_value(sw_blob_bytes(&text), "secret", out->secret, sizeof out->secret) != 0 ||
         find_value(sw_blob_bytes(&text), "identity", out->identity, sizeof out->identity) != 0)) {
        err =
            sw_diag_set(d, SW_ERR_MALFORMED, "%s: no recovery file of `swarmctl backup key`", path);
    }
    sw_ca_wipe(&text);
    return err;
}

/* ---- snapshot ---- */

static void print_snapshot(const Swarm__V1__SnapshotReply *r, const char *node)
{
    char bytes[32];
    char stored[32];
    char taken[32];
    ctl_size(r->bytes, bytes);
    ctl_size(r->stored_bytes, stored);
    ctl_time(r->taken_at, taken);
    (void)printf("%s/%s #%llu of %s: %llu files, %s; stored %s in %u packs, held by", node, r->set,
                 (unsigned long long)r->sequence, taken, (unsigned long long)r->files, bytes,
                 stored, r->packs);
    for (size_t i = 0; i < r->n_holders; i++) {
        (void)printf("%s %s", i > 0 ? "," : "", r->holders[i]);
    }
    (void)putchar('\n');
    for (size_t i = 0; i < r->n_skipped; i++) {
        (void)printf("left out: %s\n", r->skipped[i]);
    }
    if (r->more_skipped > 0) {
        (void)printf("left out: %llu more\n", (unsigned long long)r->more_skipped);
    }
}

static void print_list(struct ctl_json *j, const char *key, char *const *items, size_t n)
{
    ctl_json_open(j, key, '[');
    for (size_t i = 0; i < n; i++) {
        ctl_json_text(j, NULL, items[i]);
    }
    ctl_json_close(j, ']');
}

static void print_snapshot_json(const Swarm__V1__SnapshotReply *r, const char *node)
{
    struct ctl_json j = { .to = stdout };
    ctl_json_open(&j, NULL, '{');
    ctl_json_text(&j, "node", node);
    ctl_json_text(&j, "set", r->set);
    ctl_json_number(&j, "sequence", r->sequence);
    ctl_json_number(&j, "taken_at", (uint64_t)r->taken_at);
    ctl_json_number(&j, "files", r->files);
    ctl_json_number(&j, "bytes", r->bytes);
    ctl_json_number(&j, "stored_bytes", r->stored_bytes);
    ctl_json_number(&j, "packs", r->packs);
    print_list(&j, "holders", r->holders, r->n_holders);
    ctl_json_hex(&j, "manifest", (struct sw_bytes){ r->manifest.data, r->manifest.len });
    print_list(&j, "skipped", r->skipped, r->n_skipped);
    ctl_json_number(&j, "more_skipped", r->more_skipped);
    ctl_json_close(&j, '}');
    (void)putchar('\n');
}

int ctl_backup_snapshot(int argc, char **argv)
{
    struct ctl_target t = { .timeout = "1h" };
    const char *set = NULL;
    const struct ctl_option options[] = {
        { "set", "SET", "one of the node's `backup.sets`", &set, NULL, true },
        CTL_TARGET_OPTIONS(t),
    };
    const struct ctl_usage u = {
        "backup snapshot",
        "Takes a snapshot of a node's set now, and waits until all its holders have it on disk.\n"
        "Exit code 1: some files could not be read, or changed meanwhile; they are listed.",
        options, SW_LEN(options)
    };
    const int parsed = ctl_parse(&u, argc, argv);
    if (parsed >= 0) {
        return parsed;
    }
    struct sw_diag d = { "" };
    struct ctl_client *c = NULL;
    struct sw_blob reply = { 0 };
    Swarm__V1__SnapshotReply *r = NULL;
    Swarm__V1__SnapshotRequest request = SWARM__V1__SNAPSHOT_REQUEST__INIT;
    request.set = (char *)(uintptr_t)set;
    int err = ctl_connect(&t, false, &c, &d);
    err = err != 0
              ? err
              : ctl_call(c, "/swarm.v1.Control/Snapshot", &request.base, "snapshot", &reply, &d);
    if (err == 0) {
        r = swarm__v1__snapshot_reply__unpack(NULL, reply.len, reply.data);
        err = r != NULL ? 0 : sw_diag_set(&d, SW_ERR_MALFORMED, "the answer is malformed");
    }
    if (r != NULL && t.json) {
        print_snapshot_json(r, ctl_client_node(c));
    } else if (r != NULL) {
        print_snapshot(r, ctl_client_node(c));
    }
    const bool partial = r != NULL && r->n_skipped > 0;
    swarm__v1__snapshot_reply__free_unpacked(r, NULL);
    ctl_disconnect(c);
    sw_blob_fini(&reply);
    if (err != 0) {
        return ctl_fail(err, &d);
    }
    return partial ? CTL_FAILED : CTL_DONE;
}

/* ---- restore ---- */

static void print_restore(const Swarm__V1__RestoreReply *r, const char *target)
{
    char bytes[32];
    char fetched[32];
    char fetch_time[32];
    char write_time[32];
    char taken[32];
    ctl_size(r->bytes, bytes);
    ctl_size(r->fetched_bytes, fetched);
    ctl_span((double)r->fetch_time, fetch_time);
    ctl_span((double)r->write_time, write_time);
    ctl_time(r->taken_at, taken);
    (void)printf("#%llu of %s: %llu files, %s in %s\n", (unsigned long long)r->sequence, taken,
                 (unsigned long long)r->files, bytes, target);
    if (r->n_holders == 0) { /* it kept a copy itself */
        (void)printf("nothing to fetch");
    } else {
        (void)printf("fetched %s in %s from", fetched, fetch_time);
    }
    for (size_t i = 0; i < r->n_holders; i++) {
        (void)printf("%s %s", i > 0 ? "," : "", r->holders[i]);
    }
    (void)printf("; written and verified in %s\n", write_time);
    for (size_t i = 0; i < r->n_damaged; i++) {
        (void)printf("damaged: %s\n", r->damaged[i]);
    }
    if (r->more_damaged > 0) {
        (void)printf("damaged: %llu more\n", (unsigned long long)r->more_damaged);
    }
}

static void print_restore_json(const Swarm__V1__RestoreReply *r)
{
    struct ctl_json j = { .to = stdout };
    ctl_json_open(&j, NULL, '{');
    ctl_json_number(&j, "sequence", r->sequence);
    ctl_json_number(&j, "taken_at", (uint64_t)r->taken_at);
    ctl_json_number(&j, "files", r->files);
    ctl_json_number(&j, "bytes", r->bytes);
    ctl_json_number(&j, "fetched_bytes", r->fetched_bytes);
    ctl_json_number(&j, "fetch_time", r->fetch_time);
    ctl_json_number(&j, "write_time", r->write_time);
    print_list(&j, "holders", r->holders, r->n_holders);
    print_list(&j, "damaged", r->damaged, r->n_damaged);
    ctl_json_number(&j, "more_damaged", r->more_damaged);
    ctl_json_close(&j, '}');
    (void)putchar('\n');
}

struct restore {
    const char *from, *set, *to, *key_file, *sequence;
};

/* The answer of the node, or NULL with an error. */
static Swarm__V1__RestoreReply *ask_restore(const struct restore *o, const struct ctl_target *t,
                                            int *err, struct sw_diag *d)
{
    struct recovery keys;
    struct ctl_client *c = NULL;
    struct sw_blob reply = { 0 };
    Swarm__V1__RestoreReply *r = NULL;
    Swarm__V1__RestoreRequest request = SWARM__V1__RESTORE_REQUEST__INIT;
    request.node = (char *)(uintptr_t)o->from;
    request.set = (char *)(uintptr_t)o->set;
    request.target = (char *)(uintptr_t)o->to;
    request.secret = (ProtobufCBinaryData){ sizeof keys.secret, keys.secret };
    request.identity = (ProtobufCBinaryData){ sizeof keys.identity, keys.identity };
    if (o->to[0] != '/') {
        *err = sw_diag_set(d, SW_ERR_MALFORMED, "--to: '%s' is no absolute path", o->to);
        return NULL;
    }
    *err = ctl_number(o->sequence, 0, UINT64_MAX / 2, &request.sequence);
    *err = *err != 0 ? sw_diag_set(d, *err, "--sequence: a number") : 0;
    *err = *err != 0 ? *err : read_recovery(o->key_file, &keys, d);
    *err = *err != 0 ? *err : ctl_connect(t, true, &c, d);
    *err = *err != 0
               ? *err
               : ctl_call(c, "/swarm.v1.Control/Restore", &request.base, "restore", &reply, d);
    sodium_memzero(&keys, sizeof keys);
    if (*err == 0) {
        r = swarm__v1__restore_reply__unpack(NULL, reply.len, reply.data);
        *err = r != NULL ? 0 : sw_diag_set(d, SW_ERR_MALFORMED, "the answer is malformed");
    }
    ctl_disconnect(c);
    sw_blob_fini(&reply);
    return r;
}

int ctl_backup_restore(int argc, char **argv)
{
    struct ctl_target t = { .timeout = "24h" };
    struct restore o = { .sequence = "0" };
    const struct ctl_option options[] = {
        { "from", "NAME", "the node whose set it was", &o.from, NULL, true },
        { "set", "SET", "its set", &o.set, NULL, true },
        { "to", "DIR", "absolute path on the node that is asked", &o.to, NULL, true },
        { "recovery", "FILE", "NAME.recovery of `swarmctl backup key`", &o.key_file, NULL, true },
        { "sequence", "N", "a snapshot's number (the newest)", &o.sequence, NULL, false },
        CTL_TARGET_OPTIONS(t),
    };
    const struct ctl_usage u = {
        "backup restore",
        "Lets a node fetch a snapshot from those that hold it, verify it, and write it to a\n"
        "folder.  Exit code 1: some files are damaged; they are listed, the others are there.",
        options, SW_LEN(options)
    };
    const int parsed = ctl_parse(&u, argc, argv);
    if (parsed >= 0) {
        return parsed;
    }
    struct sw_diag d = { "" };
    int err = 0;
    Swarm__V1__RestoreReply *r = ask_restore(&o, &t, &err, &d);
    if (r == NULL) {
        return ctl_fail(err, &d);
    }
    if (t.json) {
        print_restore_json(r);
    } else {
        print_restore(r, o.to);
    }
    const bool damaged = r->n_damaged > 0;
    swarm__v1__restore_reply__free_unpacked(r, NULL);
    return damaged ? CTL_FAILED : CTL_DONE;
}

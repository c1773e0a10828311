/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a backup costs: processor seconds, bytes stored and bytes added after a change, for a tree
 * of small text files and one database, or for a folder of yours.
 *   usage: bench_backup [FOLDER]     (needs room for twice its size in $TMPDIR or /tmp) */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "node/core/backup/remove.h"
#include "node/core/backup/store.h"
#include "node/core/proto/job.pb-c.h"
#include "node/live/fs_posix.h"
#include "tests/bench/bench.h"

#define FILES 8000
#define DATABASE (64 * SW_MIB)
#define PAGE 4096

struct bench {
    char root[512], data[600], store[600], target[600];
    bool own_data;
    uint8_t seed[32], identity[32], secret[32], recipient[32];
    uint64_t sequence, charged[SW_WORK_COUNT];
    ProtobufCBinaryData manifest;
};

static void fail(const char *what)
{
    (void)fprintf(stderr, "bench_backup: %s: %s\n", what, strerror(errno));
    exit(3);
}

static void charge(void *self, enum sw_work work, uint64_t units)
{
    struct bench *b = self;
    b->charged[work] += units;
}

static double wall(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double peak_mb(void)
{
    struct rusage r;
    (void)getrusage(RUSAGE_SELF, &r);
    return (double)r.ru_maxrss / 1024;
}

static void write_file(const char *path, const void *data, size_t len, off_t at)
{
    const int fd = open(path, O_WRONLY | O_CREAT, 0644);
    if (fd < 0 || pwrite(fd, data, len, at) != (ssize_t)len || close(fd) != 0) {
        fail(path);
    }
}

/* Lines that compress about as configuration files do. */
static size_t make_text(char *out, size_t cap, uint64_t *x)
{
    static const char *const words[] = { "server",  "listen",  "address", "zone", "allow",
                                         "deny",    "timeout", "cache",   "path", "# comment",
                                         "include", "option",  "example", "host", "network" };
    size_t len = 0;
    while (len + 64 < cap) {
        const uint64_t d = bench_draw(x);
        len += (size_t)snprintf(out + len, cap - len, "%s-%s %llu;\n", words[d % SW_LEN(words)],
                                words[(d >> 8) % SW_LEN(words)],
                                (unsigned long long)(d >> 16) % 100000);
    }
    return len;
}

static void make_page(uint8_t page[PAGE], uint64_t *x)
{
    const size_t text = make_text((char *)page, PAGE * 3 / 4, x);
    for (size_t i = text; i < PAGE; i++) {
        page[i] = (uint8_t)bench_draw(x);
    }
}

static void make_data(const struct bench *b)
{
    static char text[64 * 1024];
    uint8_t page[PAGE];
    char path[700];
    uint64_t x = 88172645463325252;
    for (int i = 0; i < FILES; i++) {
        if (i % 100 == 0) {
            (void)snprintf(path, sizeof path, "%s/d%02d", b->data, i / 100);
            if (mkdir(path, 0755) != 0) {
                fail(path);
            }
        }
        const size_t len = make_text(text, 1024 + bench_draw(&x) % 30000, &x);
        (void)snprintf(path, sizeof path, "%s/d%02d/f%d.conf", b->data, i / 100, i);
        write_file(path, text, len, 0);
    }
    (void)snprintf(path, sizeof path, "%s/main.db", b->data);
    for (uint64_t at = 0; at < DATABASE; at += PAGE) {
        make_page(page, &x);
        if (at == 0) {
            memcpy(page, "SQLite format 3", 16);
        }
        write_file(path, page, PAGE, (off_t)at);
    }
}

/* One per cent of the files and of the database's pages. */
static void change_data(const struct bench *b)
{
    static char text[64 * 1024];
    uint8_t page[PAGE];
    char path[700];
    uint64_t x = 1234567;
    for (int i = 0; i < FILES; i += 100) {
        const size_t len = make_text(text, 1024 + bench_draw(&x) % 30000, &x);
        (void)snprintf(path, sizeof path, "%s/d%02d/f%d.conf", b->data, i / 100, i);
        if (truncate(path, 0) != 0) {
            fail(path);
        }
        write_file(path, text, len, 0);
    }
    (void)snprintf(path, sizeof path, "%s/main.db", b->data);
    for (uint64_t i = 0; i < DATABASE / PAGE / 100; i++) {
        make_page(page, &x);
        write_file(path, page, PAGE, (off_t)((1 + bench_draw(&x) % (DATABASE / PAGE - 1)) * PAGE));
    }
}

static int run_job(struct bench *b, enum sw_job_kind kind, const ProtobufCMessage *in,
                   struct sw_blob *out)
{
    const struct sw_job_host host = { .fs = &live_fs_posix, .self = b, .charge = charge };
    struct sw_job job = { .kind = kind };
    if (sw_message_pack(in, &job.in) != SW_OK) {
        fail("memory");
    }
    sw_job_run(&job, &host);
    sw_blob_fini(&job.in);
    *out = job.out;
    return job.status;
}

static void snapshot(struct bench *b, const char *what)
{
    Swarm__Job__SnapshotJob j = SWARM__JOB__SNAPSHOT_JOB__INIT;
    struct sw_blob out;
    uint8_t entropy[32];
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    memset(entropy, (int)++b->sequence, sizeof entropy);
    j.store = b->store;
    j.node = (char *)(uintptr_t) "bench";
    j.set = (char *)(uintptr_t) "set";
    j.path = b->data;
    j.recipient = (ProtobufCBinaryData){ 32, b->recipient };
    j.identity = (ProtobufCBinaryData){ 32, b->seed };
    j.entropy = (ProtobufCBinaryData){ 32, entropy };
    j.sequence = b->sequence;
    j.taken_at = (int64_t)now.tv_sec * (int64_t)SW_SEC + now.tv_nsec;
    const double cpu = bench_cpu();
    const double at = wall();
    const int status = run_job(b, SW_JOB_SNAPSHOT, &j.base, &out);
    const double spent = bench_cpu() - cpu;
    const double took = wall() - at;
    Swarm__Job__SnapshotResult *r = swarm__job__snapshot_result__unpack(NULL, out.len, out.data);
    if (status != SW_OK || r == NULL) {
        (void)fprintf(stderr, "bench_backup: snapshot: %s\n", sw_strerror(status));
        exit(1);
    }
    uint64_t added = 0;
    uint64_t all = 0;
    for (size_t i = 0; i < r->n_objects; i++) {
        all += r->objects[i]->size;
        added += r->objects[i]->reused ? 0 : r->objects[i]->size;
    }
    (void)printf("%-22s %7.2f CPU-s %7.2f s  %6llu files %8.1f MB  added %7.2f MB of %7.1f MB  "
                 "peak %5.0f MB\n",
                 what, spent, took, (unsigned long long)r->files, (double)r->bytes / 1e6,
                 (double)added / 1e6, (double)all / 1e6, peak_mb());
    free(b->manifest.data);
    b->manifest.len = SW_DIGEST_LEN;
    b->manifest.data = malloc(SW_DIGEST_LEN);
    if (b->manifest.data == NULL) {
        fail("memory");
    }
    memcpy(b->manifest.data, r->objects[r->n_objects - 1]->name.data, SW_DIGEST_LEN);
    swarm__job__snapshot_result__free_unpacked(r, NULL);
    sw_blob_fini(&out);
}

static void restore(struct bench *b)
{
    Swarm__Job__RestoreJob j = SWARM__JOB__RESTORE_JOB__INIT;
    struct sw_blob out;
    j.store = b->store;
    j.node = (char *)(uintptr_t) "bench";
    j.set = (char *)(uintptr_t) "set";
    j.manifest = b->manifest;
    j.target = b->target;
    j.secret = (ProtobufCBinaryData){ 32, b->secret };
    j.identity = (ProtobufCBinaryData){ 32, b->identity };
    const double cpu = bench_cpu();
    const double at = wall();
    const int status = run_job(b, SW_JOB_RESTORE, &j.base, &out);
    Swarm__Job__RestoreResult *r = swarm__job__restore_result__unpack(NULL, out.len, out.data);
    if (status != SW_OK || r == NULL || r->n_damaged > 0) {
        (void)fprintf(stderr, "bench_backup: restore: %s\n", sw_strerror(status));
        exit(1);
    }
    (void)printf(
        "%-22s %7.2f CPU-s %7.2f s  %6llu files %8.1f MB  every file synced%18s peak %5.0f "
        "MB\n",
        "restore", bench_cpu() - cpu, wall() - at, (unsigned long long)r->files,
        (double)r->bytes / 1e6, "", peak_mb());
    swarm__job__restore_result__free_unpacked(r, NULL);
    sw_blob_fini(&out);
}

static void make_folders(struct bench *b, const char *data)
{
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(b->root, sizeof b->root, "%s/bench_backup.XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(b->root) == NULL) {
        fail(b->root);
    }
    (void)snprintf(b->store, sizeof b->store, "%s/store", b->root);
    (void)snprintf(b->target, sizeof b->target, "%s/back", b->root);
    (void)snprintf(b->data, sizeof b->data, "%s%s", data != NULL ? data : b->root,
                   data != NULL ? "" : "/data");
    b->own_data = data == NULL;
    if (b->own_data && mkdir(b->data, 0755) != 0) {
        fail(b->data);
    }
}

int main(int argc, char **argv)
{
    static struct bench b;
    uint8_t secret[64];
    if (sodium_init() < 0) {
        return 3;
    }
    make_folders(&b, argc > 1 ? argv[1] : NULL);
    memset(b.seed, 1, sizeof b.seed);
    memset(b.secret, 2, sizeof b.secret);
    (void)crypto_sign_seed_keypair(b.identity, secret, b.seed);
    (void)crypto_scalarmult_base(b.recipient, b.secret);
    if (b.own_data) {
        make_data(&b);
        (void)sleep(3); /* files of the last 2 s would be read again: not what is measured */
    }
    snapshot(&b, "first snapshot");
    snapshot(&b, "second, no change");
    if (b.own_data) {
        change_data(&b);
        snapshot(&b, "third, 1 % changed");
    }
    restore(&b);
    if (sw_remove_tree(&live_fs_posix, b.root) != SW_OK) {
        (void)fprintf(stderr, "bench_backup: %s was left behind\n", b.root);
    }
    free(b.manifest.data);
    return 0;
}

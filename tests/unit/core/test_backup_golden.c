/* SPDX-License-Identifier: GPL-3.0-or-later
 * A repository of every format version, written once and kept for ever, must restore: version 1
 * is tests/golden/backup-1.  To make a new one (never to replace one), set SW_MAKE_GOLDEN to a
 * folder that has a subfolder "objects". */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <stdio.h>

#include "tests/lib/backup_kit.h"
#include "tests/lib/check.h"

extern CU_TestInfo tests_backup_golden[];

static bool make_data(struct kit *k)
{
    const struct sw_fs *fs = memfs_fs(k->fs);
    char text[3000];
    memset(text, 'z', sizeof text);
    return memfs_put(k->fs, "data/etc/hosts", "127.0.0.1 localhost\n", 20) &&
           memfs_put(k->fs, "data/text", text, sizeof text) &&
           kit_put_noise(k, "data/noise", 5000, 1) && memfs_put(k->fs, "data/empty", "", 0) &&
           fs->symlink(fs->self, "etc/hosts", "data/link") == SW_OK &&
           fs->chmod(fs->self, "data/text", 0640) == SW_OK &&
           fs->chown(fs->self, "data/text", 10, 20) == SW_OK &&
           fs->utime(fs->self, "data/text", 1700000000000000000) == SW_OK;
}

static void save(void *arg, const char *path, struct sw_bytes content)
{
    char to[1024];
    (void)snprintf(to, sizeof to, "%s/%s", (const char *)arg, path + strlen("store/"));
    FILE *f = strncmp(path, "store/objects/", 14) == 0 ? fopen(to, "wb") : NULL;
    if (f != NULL) {
        CHECK_U64(fwrite(content.data, 1, content.len, f), content.len);
        CHECK(fclose(f) == 0);
    }
}

/* Put the golden objects into @store; the manifest's name. */
static bool load(struct kit *k, const char *folder, const char *store, struct sw_digest *manifest)
{
    static uint8_t buf[1 << 20];
    char path[1200];
    bool found = false;
    DIR *d = opendir(folder);
    if (d == NULL) {
        return false;
    }
    for (const struct dirent *e; (e = readdir(d)) != NULL;) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        FILE *f = e->d_name[0] != '.' ? fopen(path, "rb") : NULL;
        if (f == NULL) {
            continue;
        }
        const size_t len = fread(buf, 1, sizeof buf, f);
        (void)fclose(f);
        (void)snprintf(path, sizeof path, "%s/objects/%s", store, e->d_name);
        CHECK(memfs_put(k->fs, path, buf, len));
        found = found || (e->d_name[0] == 'm' && sw_unhex(e->d_name + 2, manifest));
    }
    (void)closedir(d);
    return found;
}

static void version_1_still_restores(void)
{
    struct kit k;
    struct sw_digest manifest;
    Swarm__Job__RestoreResult *r = NULL;
    const char *make = getenv("SW_MAKE_GOLDEN");
    kit_init(&k);
    REQUIRE(make_data(&k));
    if (make != NULL) {
        Swarm__Job__SnapshotResult *s = NULL;
        REQUIRE(kit_snapshot(&k, &s) == SW_OK);
        memfs_each(k.fs, "store", save, (void *)(uintptr_t)make);
        swarm__job__snapshot_result__free_unpacked(s, NULL);
    }
    REQUIRE(load(&k, SW_SOURCE_DIR "/tests/golden/backup-1/objects", "golden", &manifest));
    REQUIRE(kit_restore(&k, "golden", kit_bytes(manifest.b, SW_DIGEST_LEN), "back", false, &r) ==
            SW_OK);
    CHECK_U64(r->files, 4);
    CHECK_U64(r->n_damaged, 0);
    CHECK_U64(r->sequence, 1);
    REQUIRE(memfs_get(k.fs, "back/etc/hosts").len == 20);
    CHECK(memcmp(memfs_get(k.fs, "back/etc/hosts").data, "127.0.0.1 localhost\n", 20) == 0);
    const struct sw_bytes was = memfs_get(k.fs, "data/noise");
    const struct sw_bytes is = memfs_get(k.fs, "back/noise");
    REQUIRE(is.len == was.len);
    CHECK(memcmp(is.data, was.data, was.len) == 0);
    struct sw_stat st;
    REQUIRE(k.host.fs->lstat(k.host.fs->self, "back/text", &st) == SW_OK);
    CHECK_U64(st.size, 3000);
    CHECK_U64(st.mode, 0640);
    CHECK_U64(st.uid, 10);
    CHECK_U64(st.gid, 20);
    CHECK_I64(st.mtime, 1700000000000000000);
    REQUIRE(k.host.fs->lstat(k.host.fs->self, "back/link", &st) == SW_OK);
    CHECK(st.type == SW_FILE_SYMLINK);
    swarm__job__restore_result__free_unpacked(r, NULL);
    kit_fini(&k);
}

CU_TestInfo tests_backup_golden[] = {
    { "version 1 still restores", version_1_still_restores },
    CU_TEST_INFO_NULL,
};

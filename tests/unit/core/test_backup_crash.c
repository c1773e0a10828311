/* SPDX-License-Identifier: GPL-3.0-or-later
 * Power fails in place of every storage call, one run each, and what was not synced is lost, or
 * in part: what was acknowledged is still there, and what is there is whole. */
#include <stdio.h>

#include "tests/lib/backup_kit.h"
#include "tests/lib/check.h"

extern CU_TestInfo tests_backup_crash[];

#define LOTTERIES 4 /* ways in which unsynced things survive, beside "not at all" */

static bool make_data(struct kit *k)
{
    const struct sw_fs *fs = memfs_fs(k->fs);
    return memfs_put(k->fs, "data/a/file", "one", 3) &&
           kit_put_noise(k, "data/a/noise", 100000, 1) && memfs_put(k->fs, "data/empty", "", 0) &&
           fs->symlink(fs->self, "b", "data/link") == SW_OK &&
           memfs_put(k->fs, "data/b", "two", 3); /* which syncs it all */
}

static Swarm__Job__InventoryResult *inventory(struct kit *k)
{
    Swarm__Job__InventoryJob j = SWARM__JOB__INVENTORY_JOB__INIT;
    struct sw_blob out;
    j.store = (char *)(uintptr_t) "store";
    const int status = kit_run(k, SW_JOB_INVENTORY, &j.base, &out);
    Swarm__Job__InventoryResult *r =
        status == SW_OK ? swarm__job__inventory_result__unpack(NULL, out.len, out.data) : NULL;
    sw_blob_fini(&out);
    return r;
}

/* Every manifest that the store lists restores without damage; the newest number, 0 for none. */
static uint64_t newest_whole(struct kit *k, const char *target)
{
    uint64_t newest = 0;
    Swarm__Job__InventoryResult *v = inventory(k);
    if (!check_that(v != NULL, "the inventory reads", __FILE__, __LINE__)) {
        return 0;
    }
    for (size_t i = 0; i < v->n_objects; i++) {
        Swarm__Job__RestoreResult *r = NULL;
        char path[64];
        if (v->objects[i]->kind != SWARM__V1__OBJECT_KIND__OBJECT_MANIFEST) {
            continue;
        }
        (void)snprintf(path, sizeof path, "%s-%d", target, (int)v->objects[i]->sequence);
        CHECK_I64(kit_restore(k, "store", v->objects[i]->name, path, false, &r), SW_OK);
        CHECK(r != NULL && r->n_damaged == 0);
        swarm__job__restore_result__free_unpacked(r, NULL);
        newest = v->objects[i]->sequence > newest ? v->objects[i]->sequence : newest;
    }
    swarm__job__inventory_result__free_unpacked(v, NULL);
    return newest;
}

static size_t temporaries;

static void count_temporaries(void *arg, const char *path, struct sw_bytes content)
{
    (void)arg;
    (void)content;
    temporaries += strstr(path, "/s-") != NULL || strstr(path, "/t-") != NULL;
}

/* A first snapshot stands; the second dies at call @at.  Returns false when it did not die. */
static bool snapshot_dies(uint64_t at, uint64_t lottery)
{
    struct kit k;
    Swarm__Job__SnapshotResult *one = NULL;
    Swarm__Job__SnapshotResult *two = NULL;
    Swarm__Job__SnapshotResult *three = NULL;
    char why[256];
    kit_init(&k);
    CHECK(make_data(&k));
    CHECK_I64(kit_snapshot(&k, &one), SW_OK);
    CHECK(memfs_put(k.fs, "data/c", "three", 5));
    memfs_crash_at(k.fs, at);
    const int status = kit_snapshot(&k, &two);
    const bool died = memfs_crashed(k.fs);
    CHECK(status == SW_OK || (died && status == SW_ERR_CRASHED));
    memfs_restart(k.fs, lottery);
    const uint64_t newest = newest_whole(&k, "back");
    CHECK(newest == 2 || (status != SW_OK && newest == 1)); /* acknowledged is there */
    temporaries = 0;
    memfs_each(k.fs, "store", count_temporaries, NULL);
    CHECK_U64(temporaries, 0);
    /* and life goes on */
    CHECK_I64(kit_snapshot(&k, &three), SW_OK);
    CHECK_U64(newest_whole(&k, "again"), 3);
    CHECK(memfs_same(k.fs, "data", "again-3", why));
    CHECK_STR(why, "");
    swarm__job__snapshot_result__free_unpacked(one, NULL);
    swarm__job__snapshot_result__free_unpacked(two, NULL);
    swarm__job__snapshot_result__free_unpacked(three, NULL);
    kit_fini(&k);
    return died;
}

static void a_snapshot_may_die_at_any_call(void)
{
    uint64_t at = 1;
    for (bool died = true; died && CU_get_number_of_failures() == 0; at++) {
        for (uint64_t lottery = 0; lottery <= LOTTERIES; lottery++) {
            died = snapshot_dies(at, lottery * at);
        }
    }
    CHECK(at > 40); /* it really has that many */
}

/* ---- keeping an object for a peer ---- */

static int store_part(struct kit *k, const Swarm__Job__ObjectRef *o, struct sw_bytes object,
                      uint64_t offset, size_t len, bool *complete)
{
    Swarm__Job__StoreJob j = SWARM__JOB__STORE_JOB__INIT;
    struct sw_blob out;
    j.store = (char *)(uintptr_t) "kept";
    j.name = o->name;
    j.kind = o->kind;
    j.size = o->size;
    j.offset = offset;
    j.data = kit_bytes(object.data + offset, len);
    j.from = (char *)(uintptr_t) "node-a";
    const int status = kit_run(k, SW_JOB_STORE, &j.base, &out);
    Swarm__Job__StoreResult *r =
        status == SW_OK ? swarm__job__store_result__unpack(NULL, out.len, out.data) : NULL;
    *complete = r != NULL && r->complete;
    if (r != NULL) {
        swarm__job__store_result__free_unpacked(r, NULL);
    }
    sw_blob_fini(&out);
    return status;
}

/* Send all objects of @s in parts to "kept"; the number of them that were acknowledged. */
static size_t store_all(struct kit *k, const Swarm__Job__SnapshotResult *s, int *status)
{
    size_t acknowledged = 0;
    *status = SW_OK;
    for (size_t i = 0; i < s->n_objects; i++) {
        struct sw_path path;
        bool complete = false;
        kit_path("store", s->objects[i], &path);
        const struct sw_bytes o = memfs_get(k->fs, path.s);
        for (size_t at = 0; at < o.len && *status == SW_OK; at += 60000) {
            const size_t n = o.len - at < 60000 ? o.len - at : 60000;
            *status = store_part(k, s->objects[i], o, at, n, &complete);
        }
        acknowledged += complete ? 1 : 0;
    }
    return acknowledged;
}

static size_t whole_objects(struct kit *k, const Swarm__Job__SnapshotResult *s)
{
    size_t whole = 0;
    for (size_t i = 0; i < s->n_objects; i++) {
        struct sw_path path;
        struct sw_digest name;
        kit_path("kept", s->objects[i], &path);
        const struct sw_bytes o = memfs_get(k->fs, path.s);
        if (o.data != NULL) { /* what has its name is what it says */
            (void)crypto_generichash(name.b, SW_DIGEST_LEN, o.data, o.len, NULL, 0);
            CHECK(memcmp(name.b, s->objects[i]->name.data, SW_DIGEST_LEN) == 0);
            whole++;
        }
    }
    return whole;
}

static bool keeping_dies(uint64_t at, uint64_t lottery)
{
    struct kit k;
    Swarm__Job__SnapshotResult *s = NULL;
    int status = SW_OK;
    kit_init(&k);
    CHECK(make_data(&k));
    CHECK_I64(kit_snapshot(&k, &s), SW_OK);
    memfs_crash_at(k.fs, at);
    const size_t acknowledged = store_all(&k, s, &status);
    const bool died = memfs_crashed(k.fs);
    memfs_restart(k.fs, lottery);
    CHECK(whole_objects(&k, s) >= acknowledged);
    CHECK(died || acknowledged == s->n_objects);
    /* sent again, all of it is kept */
    CHECK_U64(store_all(&k, s, &status), s->n_objects);
    CHECK_U64(whole_objects(&k, s), s->n_objects);
    swarm__job__snapshot_result__free_unpacked(s, NULL);
    kit_fini(&k);
    return died;
}

static void keeping_an_object_may_die_at_any_call(void)
{
    uint64_t at = 1;
    for (bool died = true; died && CU_get_number_of_failures() == 0; at++) {
        for (uint64_t lottery = 0; lottery <= LOTTERIES; lottery++) {
            died = keeping_dies(at, lottery * at);
        }
    }
    CHECK(at > 40);
}

/* ---- restoring ---- */

static bool restore_dies(uint64_t at, uint64_t lottery, bool one_sync)
{
    struct kit k;
    Swarm__Job__SnapshotResult *s = NULL;
    Swarm__Job__RestoreResult *r = NULL;
    char why[256];
    kit_init(&k);
    CHECK(make_data(&k));
    CHECK_I64(kit_snapshot(&k, &s), SW_OK);
    if (!one_sync) {
        memfs_no_sync(k.fs);
    }
    memfs_crash_at(k.fs, at);
    const int status = kit_restore(&k, "store", kit_manifest(s), "back", false, &r);
    const bool died = memfs_crashed(k.fs);
    swarm__job__restore_result__free_unpacked(r, NULL);
    memfs_restart(k.fs, lottery);
    if (!died) {
        CHECK_I64(status, SW_OK);
        CHECK(memfs_same(k.fs, "data", "back", why)); /* said to be done: it stays */
        CHECK_STR(why, "");
    } else { /* what has its name is whole */
        CHECK(memfs_get(k.fs, "back/b").data == NULL || memfs_get(k.fs, "back/b").len == 3);
        CHECK(memfs_get(k.fs, "back/a/noise").data == NULL ||
              memfs_get(k.fs, "back/a/noise").len == 100000);
        /* into another folder it can always be done again */
        CHECK_I64(kit_restore(&k, "store", kit_manifest(s), "other", false, &r), SW_OK);
        CHECK(memfs_same(k.fs, "data", "other", why));
        CHECK_STR(why, "");
        swarm__job__restore_result__free_unpacked(r, NULL);
    }
    swarm__job__snapshot_result__free_unpacked(s, NULL);
    kit_fini(&k);
    return died;
}

static void restore_dies_everywhere(bool one_sync)
{
    uint64_t at = 1;
    for (bool died = true; died && CU_get_number_of_failures() == 0; at++) {
        for (uint64_t lottery = 0; lottery <= LOTTERIES; lottery++) {
            died = restore_dies(at, lottery * at, one_sync);
        }
    }
    CHECK(at > 60);
}

static void a_restore_may_die_at_any_call(void)
{
    restore_dies_everywhere(true);
}

static void a_restore_may_die_at_any_call_of_a_disk_that_syncs_one_by_one(void)
{
    restore_dies_everywhere(false);
}

static void a_restore_that_died_early_can_be_repeated_in_the_same_folder(void)
{
    struct kit k;
    Swarm__Job__SnapshotResult *s = NULL;
    Swarm__Job__RestoreResult *r = NULL;
    char why[256];
    kit_init(&k);
    REQUIRE(make_data(&k));
    REQUIRE(kit_snapshot(&k, &s) == SW_OK);
    memfs_crash_at(k.fs, 40);
    CHECK_I64(kit_restore(&k, "store", kit_manifest(s), "back", false, &r), SW_ERR_CRASHED);
    swarm__job__restore_result__free_unpacked(r, NULL);
    memfs_restart(k.fs, 0);
    CHECK_I64(kit_restore(&k, "store", kit_manifest(s), "back", false, &r), SW_OK);
    CHECK(memfs_same(k.fs, "data", "back", why));
    CHECK_STR(why, "");
    swarm__job__restore_result__free_unpacked(r, NULL);
    swarm__job__snapshot_result__free_unpacked(s, NULL);
    kit_fini(&k);
}

/* ---- a disk that fails without power going ---- */

static void an_error_of_any_writing_call_fails_the_snapshot_or_changes_nothing(void)
{
    for (uint64_t at = 1;; at++) {
        struct kit k;
        Swarm__Job__SnapshotResult *s = NULL;
        const uint64_t before = CU_get_number_of_failures();
        kit_init(&k);
        REQUIRE(make_data(&k));
        memfs_fail_at(k.fs, at, SW_ERR_IO);
        const int status = kit_snapshot(&k, &s);
        memfs_fail_at(k.fs, 0, SW_OK);
        memfs_restart(k.fs, 0);
        const uint64_t newest = newest_whole(&k, "back");
        CHECK(status == SW_OK ? newest == 1 : status == SW_ERR_IO);
        swarm__job__snapshot_result__free_unpacked(s, NULL);
        kit_fini(&k);
        if ((status == SW_OK && at > 25) || CU_get_number_of_failures() != before) {
            return;
        }
    }
}

CU_TestInfo tests_backup_crash[] = {
    { "a snapshot may die at any call", a_snapshot_may_die_at_any_call },
    { "keeping an object may die at any call", keeping_an_object_may_die_at_any_call },
    { "a restore may die at any call", a_restore_may_die_at_any_call },
    { "a restore may die at any call of a disk that syncs one by one",
      a_restore_may_die_at_any_call_of_a_disk_that_syncs_one_by_one },
    { "a restore that died early can be repeated in the same folder",
      a_restore_that_died_early_can_be_repeated_in_the_same_folder },
    { "an error of any writing call fails the snapshot or changes nothing",
      an_error_of_any_writing_call_fails_the_snapshot_or_changes_nothing },
    CU_TEST_INFO_NULL,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Snapshot and restore as jobs: what goes in comes out, whatever happened to the packs. */
#include "tests/lib/backup_kit.h"
#include "tests/lib/check.h"

extern CU_TestInfo tests_backup_jobs[];

#define MARK "this sentence must never be readable in the store"

/* A folder with a bit of everything. */
static bool make_data(struct kit *k)
{
    const struct sw_fs *fs = memfs_fs(k->fs);
    char text[20000];
    for (size_t i = 0; i + sizeof MARK < sizeof text; i += sizeof MARK) {
        memcpy(text + i, MARK, sizeof MARK);
    }
    bool done = memfs_put_folder(k->fs, "data/empty-folder") &&
                memfs_put(k->fs, "data/empty", "", 0) &&
                memfs_put(k->fs, "data/one-byte", "x", 1) &&
                memfs_put(k->fs, "data/secret.txt", text, sizeof text) &&
                memfs_put(k->fs, "data/copy-of-secret.txt", text, sizeof text) &&
                kit_put_noise(k, "data/a/b/c/deep", 70000, 1) &&
                kit_put_noise(k, "data/big", 9 * 1024 * 1024, 2) &&
                kit_put_noise(k, "data/exactly-64-kib", 65536, 3) &&
                kit_put_noise(k, "data/bigger-than-64-kib", 65537, 4);
    done = done && fs->symlink(fs->self, "../elsewhere", "data/a/link") == SW_OK &&
           fs->chmod(fs->self, "data/secret.txt", 0600) == SW_OK &&
           fs->chmod(fs->self, "data/one-byte", 04755) == SW_OK &&
           fs->chmod(fs->self, "data/a/b", 0700) == SW_OK &&
           fs->chmod(fs->self, "data/empty-folder", 0555) == SW_OK &&
           fs->chown(fs->self, "data/big", 1000, 1001) == SW_OK &&
           fs->utime(fs->self, "data/big", -5) == SW_OK;
    return done;
}

static void free_snapshot(Swarm__Job__SnapshotResult *r)
{
    swarm__job__snapshot_result__free_unpacked(r, NULL);
}

static void free_restore(Swarm__Job__RestoreResult *r)
{
    swarm__job__restore_result__free_unpacked(r, NULL);
}

static void a_restore_is_bit_identical_with_metadata(void)
{
    struct kit k;
    Swarm__Job__SnapshotResult *s = NULL;
    Swarm__Job__RestoreResult *r = NULL;
    char why[256];
    kit_init(&k);
    REQUIRE(make_data(&k));
    REQUIRE(kit_snapshot(&k, &s) == SW_OK);
    CHECK_U64(s->files, 8);
    CHECK_U64(s->n_skipped, 0);
    REQUIRE(kit_restore(&k, "store", kit_manifest(s), "back", false, &r) == SW_OK);
    CHECK_U64(r->files, 8);
    CHECK_U64(r->bytes, s->bytes);
    CHECK_U64(r->n_damaged, 0);
    CHECK_U64(r->sequence, 1);
    CHECK_I64(r->taken_at, 1000000000000000001);
    CHECK(memfs_same(k.fs, "data", "back", why));
    CHECK_STR(why, "");
    free_snapshot(s);
    free_restore(r);
    kit_fini(&k);
}

struct needle {
    bool found;
};

static void search(void *arg, const char *path, struct sw_bytes content)
{
    struct needle *n = arg;
    (void)path;
    for (size_t i = 0; content.len >= 20 && i <= content.len - 20; i++) {
        n->found = n->found || memcmp(content.data + i, MARK, 20) == 0 ||
                   memcmp(content.data + i, "bigger-than-64-kib", 18) == 0;
    }
}

static void no_plaintext_and_no_file_name_is_in_the_store(void)
{
    struct kit k;
    struct needle n = { 0 };
    Swarm__Job__SnapshotResult *s = NULL;
    kit_init(&k);
    REQUIRE(make_data(&k));
    memfs_each(k.fs, "data", search, &n);
    CHECK(n.found); /* the search finds what is there */
    n.found = false;
    REQUIRE(kit_snapshot(&k, &s) == SW_OK);
    memfs_each(k.fs, "store", search, &n);
    CHECK(!n.found);
    free_snapshot(s);
    kit_fini(&k);
}

static void equal_chunks_are_stored_once(void)
{
    struct kit k;
    Swarm__Job__SnapshotResult *one = NULL;
    Swarm__Job__SnapshotResult *two = NULL;
    uint64_t a = 0;
    uint64_t b = 0;
    kit_init(&k);
    REQUIRE(kit_put_noise(&k, "data/x", 3000000, 1));
    REQUIRE(kit_snapshot(&k, &one) == SW_OK);
    kit_fini(&k);
    kit_init(&k);
    REQUIRE(kit_put_noise(&k, "data/x", 3000000, 1));
    REQUIRE(kit_put_noise(&k, "data/y", 3000000, 1));
    REQUIRE(kit_snapshot(&k, &two) == SW_OK);
    for (size_t i = 0; i < one->n_objects; i++) {
        a += one->objects[i]->size;
    }
    for (size_t i = 0; i < two->n_objects; i++) {
        b += two->objects[i]->size;
    }
    CHECK(a > 3000000);
    CHECK(b < a + 100000);
    free_snapshot(one);
    free_snapshot(two);
    kit_fini(&k);
}

static void packs_have_one_size_but_for_the_last_two(void)
{
    struct kit k;
    Swarm__Job__SnapshotResult *s = NULL;
    size_t full = 0;
    kit_init(&k);
    REQUIRE(kit_put_noise(&k, "data/x", 40 * 1024 * 1024, 1));
    REQUIRE(kit_snapshot(&k, &s) == SW_OK);
    for (size_t i = 0; i + 1 < s->n_objects; i++) {
        full += s->objects[i]->size == 8 * SW_MIB;
        CHECK(i == 0 || memcmp(s->objects[i - 1]->name.data, s->objects[i]->name.data, 32) < 0);
    }
    CHECK(full + 3 >= s->n_objects);
    CHECK(full >= 3);
    free_snapshot(s);
    kit_fini(&k);
}

static void a_second_snapshot_stores_only_what_changed(void)
{
    struct kit k;
    Swarm__Job__SnapshotResult *one = NULL;
    Swarm__Job__SnapshotResult *two = NULL;
    Swarm__Job__RestoreResult *r = NULL;
    uint64_t made = 0;
    uint64_t reused = 0;
    char why[256];
    kit_init(&k);
    REQUIRE(make_data(&k));
    REQUIRE(kit_snapshot(&k, &one) == SW_OK);
    REQUIRE(kit_put_noise(&k, "data/new", 100000, 9));
    REQUIRE(kit_snapshot(&k, &two) == SW_OK);
    for (size_t i = 0; i < two->n_objects; i++) {
        made += two->objects[i]->reused ? 0 : two->objects[i]->size;
        reused += two->objects[i]->reused ? 1 : 0;
    }
    CHECK(made > 100000 && made < 200000);
    CHECK(reused > 0);
    REQUIRE(kit_restore(&k, "store", kit_manifest(two), "back", false, &r) == SW_OK);
    CHECK(memfs_same(k.fs, "data", "back", why));
    CHECK_STR(why, "");
    free_snapshot(one);
    free_snapshot(two);
    free_restore(r);
    kit_fini(&k);
}

/* Bytes that a snapshot reads and cuts. */
static uint64_t bytes_read(struct kit *k)
{
    Swarm__Job__SnapshotResult *s = NULL;
    const uint64_t before = k->charged[SW_WORK_CUT];
    CHECK_I64(kit_snapshot(k, &s), SW_OK);
    free_snapshot(s);
    return k->charged[SW_WORK_CUT] - before;
}

static void files_that_did_not_change_are_not_read_again(void)
{
    struct kit k;
    Swarm__Job__SnapshotResult *s = NULL;
    Swarm__Job__RestoreResult *r = NULL;
    char why[256];
    uint8_t other[70000];
    struct sw_stat st;
    kit_init(&k);
    REQUIRE(make_data(&k));
    const struct sw_fs *fs = memfs_fs(k.fs);
    CHECK(bytes_read(&k) > 9000000);
    CHECK_U64(bytes_read(&k), 0);
    CHECK_U64(bytes_read(&k), 0);
    /* the same size and the same time, but other bytes: the change time tells */
    kit_noise(other, sizeof other, 77);
    REQUIRE(fs->lstat(fs->self, "data/a/b/c/deep", &st) == SW_OK);
    REQUIRE(memfs_put(k.fs, "data/a/b/c/deep", other, sizeof other));
    REQUIRE(fs->utime(fs->self, "data/a/b/c/deep", st.mtime) == SW_OK);
    CHECK_U64(bytes_read(&k), sizeof other);
    /* what is damaged, or goes with another index, is not believed */
    REQUIRE(memfs_flip(k.fs, "store/index/etc.seen", 801));
    CHECK(bytes_read(&k) > 9000000);
    CHECK_U64(bytes_read(&k), 0);
    REQUIRE(memfs_flip(k.fs, "store/index/etc", 801));
    CHECK(bytes_read(&k) > 9000000);
    /* and after all that a restore is what the folder is */
    REQUIRE(memfs_put(k.fs, "data/a/b/new", "n", 1));
    REQUIRE(kit_snapshot(&k, &s) == SW_OK);
    REQUIRE(kit_restore(&k, "store", kit_manifest(s), "back", false, &r) == SW_OK);
    CHECK(memfs_same(k.fs, "data", "back", why));
    CHECK_STR(why, "");
    free_snapshot(s);
    free_restore(r);
    kit_fini(&k);
}

static void a_file_that_changed_just_now_is_read_again(void)
{
    struct kit k;
    Swarm__Job__SnapshotResult *s = NULL;
    const struct sw_fs *fs = NULL;
    kit_init(&k);
    REQUIRE(make_data(&k));
    fs = memfs_fs(k.fs);
    REQUIRE(fs->utime(fs->self, "data/one-byte", 1000000000000000001) == SW_OK);
    REQUIRE(kit_snapshot(&k, &s) == SW_OK);
    free_snapshot(s);
    CHECK_U64(bytes_read(&k), 1);
    kit_fini(&k);
}

static void a_file_that_could_not_be_opened_is_not_taken_for_an_empty_one(void)
{
    struct kit k;
    Swarm__Job__SnapshotResult *s = NULL;
    Swarm__Job__RestoreResult *r = NULL;
    kit_init(&k);
    REQUIRE(memfs_put(k.fs, "data/a", "aaa", 3));
    memfs_refuse(k.fs, "data/a", SW_ERR_DENIED);
    REQUIRE(kit_snapshot(&k, &s) == SW_OK);
    CHECK_U64(s->files, 0);
    free_snapshot(s);
    memfs_refuse(k.fs, NULL, SW_OK);
    REQUIRE(kit_snapshot(&k, &s) == SW_OK);
    REQUIRE(kit_restore(&k, "store", kit_manifest(s), "back", false, &r) == SW_OK);
    CHECK_U64(memfs_get(k.fs, "back/a").len, 3);
    free_snapshot(s);
    free_restore(r);
    kit_fini(&k);
}

static void another_recipient_gets_a_full_snapshot_of_its_own(void)
{
    struct kit k;
    Swarm__Job__SnapshotResult *one = NULL;
    Swarm__Job__SnapshotResult *two = NULL;
    Swarm__Job__RestoreResult *r = NULL;
    kit_init(&k);
    REQUIRE(make_data(&k));
    REQUIRE(kit_snapshot(&k, &one) == SW_OK);
    memset(k.secret, 0x33, sizeof k.secret);
    (void)crypto_scalarmult_base(k.recipient, k.secret);
    REQUIRE(kit_snapshot(&k, &two) == SW_OK);
    for (size_t i = 0; i < two->n_objects; i++) {
        CHECK(!two->objects[i]->reused);
    }
    CHECK_I64(kit_restore(&k, "store", kit_manifest(one), "back", false, &r), SW_ERR_CRYPTO);
    free_restore(r);
    REQUIRE(kit_restore(&k, "store", kit_manifest(two), "back", false, &r) == SW_OK);
    free_snapshot(one);
    free_snapshot(two);
    free_restore(r);
    kit_fini(&k);
}

/* Without memfs_put, which syncs everything each time. */
static bool put_quick(struct kit *k, const char *path, const void *data, size_t len)
{
    const struct sw_fs *fs = memfs_fs(k->fs);
    const int fd = fs->open(fs->self, path, SW_OPEN_WRITE | SW_OPEN_CREATE, 0600);
    return fd >= 0 && fs->pwrite(fs->self, fd, data, len, 0) == SW_OK &&
           fs->close(fs->self, fd) == SW_OK;
}

static void a_restore_of_many_batches_is_bit_identical(void)
{
    struct kit k;
    Swarm__Job__SnapshotResult *s = NULL;
    Swarm__Job__RestoreResult *r = NULL;
    char path[64];
    char why[256];
    const size_t len = 40U * 1024 * 1024;
    uint8_t *db = malloc(len);
    kit_init(&k);
    const struct sw_fs *fs = memfs_fs(k.fs);
    REQUIRE(db != NULL && memfs_put_folder(k.fs, "data"));
    for (int i = 0; i < 2500; i++) { /* a batch takes 1024 */
        (void)snprintf(path, sizeof path, "data/%d", i / 50);
        REQUIRE(i % 50 != 0 || fs->mkdir(fs->self, path, 0755) == SW_OK);
        (void)snprintf(path, sizeof path, "data/%d/%d", i / 50, i);
        REQUIRE(put_quick(&k, path, path, (size_t)(i % 60)));
    }
    kit_noise(db, len, 3);
    memcpy(db, "SQLite format 3", 16); /* 2560 pages; a batch takes 2048 */
    REQUIRE(put_quick(&k, "data/7-db", db, len));
    REQUIRE(kit_snapshot(&k, &s) == SW_OK);
    CHECK_U64(s->files, 2501);
    REQUIRE(kit_restore(&k, "store", kit_manifest(s), "back", false, &r) == SW_OK);
    CHECK_U64(r->files, 2501);
    CHECK(memfs_same(k.fs, "data", "back", why));
    CHECK_STR(why, "");
    free(db);
    free_snapshot(s);
    free_restore(r);
    kit_fini(&k);
}

static void a_damaged_index_costs_space_but_no_file(void)
{
    struct kit k;
    Swarm__Job__SnapshotResult *one = NULL;
    Swarm__Job__SnapshotResult *two = NULL;
    Swarm__Job__RestoreResult *r = NULL;
    char why[256];
    kit_init(&k);
    REQUIRE(make_data(&k));
    REQUIRE(kit_snapshot(&k, &one) == SW_OK);
    REQUIRE(memfs_flip(k.fs, "store/index/etc", 8000));
    REQUIRE(kit_snapshot(&k, &two) == SW_OK);
    REQUIRE(kit_restore(&k, "store", kit_manifest(two), "back", false, &r) == SW_OK);
    CHECK(memfs_same(k.fs, "data", "back", why));
    CHECK(!two->objects[0]->reused);
    free_snapshot(one);
    free_snapshot(two);
    free_restore(r);
    kit_fini(&k);
}

static void a_damaged_pack_costs_its_files_and_no_others(void)
{
    struct kit k;
    Swarm__Job__SnapshotResult *one = NULL;
    Swarm__Job__SnapshotResult *two = NULL;
    Swarm__Job__RestoreResult *r = NULL;
    struct sw_path path;
    kit_init(&k);
    REQUIRE(kit_put_noise(&k, "data/old", 50000, 1));
    REQUIRE(kit_snapshot(&k, &one) == SW_OK);
    REQUIRE(kit_put_noise(&k, "data/new-1", 50000, 2));
    REQUIRE(kit_put_noise(&k, "data/new-2", 0, 2));
    REQUIRE(kit_snapshot(&k, &two) == SW_OK);
    for (size_t i = 0; i + 1 < one->n_objects; i++) { /* the first's file or its tree */
        kit_path("store", one->objects[i], &path);
        REQUIRE(memfs_flip(k.fs, path.s, 8 * 1000));
    }
    REQUIRE(kit_restore(&k, "store", kit_manifest(two), "back", false, &r) == SW_OK);
    CHECK_U64(r->files, 2);
    REQUIRE(r->n_damaged == 1);
    CHECK_STR(r->damaged[0], "old: authentication failed");
    CHECK(memfs_get(k.fs, "back/old").data == NULL);
    CHECK_U64(memfs_get(k.fs, "back/new-1").len, 50000);
    CHECK(memfs_get(k.fs, "back/new-2").data != NULL);
    free_snapshot(one);
    free_snapshot(two);
    free_restore(r);
    kit_fini(&k);
}

static void a_missing_pack_is_in_the_plan_and_costs_its_files(void)
{
    struct kit k;
    Swarm__Job__SnapshotResult *one = NULL;
    Swarm__Job__SnapshotResult *two = NULL;
    Swarm__Job__RestoreResult *r = NULL;
    struct sw_path path;
    kit_init(&k);
    REQUIRE(kit_put_noise(&k, "data/old", 50000, 1));
    REQUIRE(kit_snapshot(&k, &one) == SW_OK);
    REQUIRE(kit_put_noise(&k, "data/new", 50000, 2));
    REQUIRE(kit_snapshot(&k, &two) == SW_OK);
    REQUIRE(kit_restore(&k, "store", kit_manifest(two), "back", true, &r) == SW_OK);
    CHECK_U64(r->n_needed, 0);
    free_restore(r);
    size_t gone = 0;
    for (size_t i = 0; i + 1 < two->n_objects; i++) {
        if (two->objects[i]->reused) {
            kit_path("store", two->objects[i], &path);
            REQUIRE(k.host.fs->unlink(k.host.fs->self, path.s) == SW_OK);
            gone++;
        }
    }
    REQUIRE(kit_restore(&k, "store", kit_manifest(two), "back", true, &r) == SW_OK);
    CHECK_U64(r->n_needed, gone);
    free_restore(r);
    REQUIRE(kit_restore(&k, "store", kit_manifest(two), "back", false, &r) == SW_OK);
    CHECK_U64(r->files, 1);
    REQUIRE(r->n_damaged == 1);
    CHECK_STR(r->damaged[0], "old: not found");
    free_snapshot(one);
    free_snapshot(two);
    free_restore(r);
    kit_fini(&k);
}

static void a_manifest_signed_by_another_is_refused(void)
{
    struct kit k;
    Swarm__Job__SnapshotResult *s = NULL;
    Swarm__Job__RestoreResult *r = NULL;
    kit_init(&k);
    REQUIRE(make_data(&k));
    REQUIRE(kit_snapshot(&k, &s) == SW_OK);
    k.identity[0] ^= 1;
    CHECK_I64(kit_restore(&k, "store", kit_manifest(s), "back", false, &r), SW_ERR_CRYPTO);
    free_restore(r);
    k.identity[0] ^= 1;
    k.secret[5] ^= 1;
    CHECK_I64(kit_restore(&k, "store", kit_manifest(s), "back", true, &r), SW_ERR_CRYPTO);
    free_restore(r);
    free_snapshot(s);
    kit_fini(&k);
}

static void a_manifest_of_another_set_or_another_time_is_refused(void)
{
    static const struct {
        struct kit_asked asked;
        int expected;
    } rows[] = {
        { { "node-b", "etc", 0 }, SW_ERR_CRYPTO }, { { "node-a", "db", 0 }, SW_ERR_CRYPTO },
        { { "node-a", "etc", 2 }, SW_ERR_CRYPTO }, { { "node-a", "etc", 1 }, SW_OK },
        { { "node-a", "etc", 0 }, SW_OK },
    };
    struct kit k;
    Swarm__Job__SnapshotResult *s = NULL;
    kit_init(&k);
    REQUIRE(make_data(&k));
    REQUIRE(kit_snapshot(&k, &s) == SW_OK);
    for (size_t i = 0; i < SW_LEN(rows); i++) {
        Swarm__Job__RestoreResult *r = NULL;
        CHECK_I64(kit_restore_asked(&k, rows[i].asked, "store", kit_manifest(s), "back", true, &r),
                  rows[i].expected);
        free_restore(r);
    }
    free_snapshot(s);
    kit_fini(&k);
}

static void a_restore_refuses_a_folder_that_is_in_use(void)
{
    struct kit k;
    Swarm__Job__SnapshotResult *s = NULL;
    Swarm__Job__RestoreResult *r = NULL;
    kit_init(&k);
    REQUIRE(make_data(&k));
    REQUIRE(kit_snapshot(&k, &s) == SW_OK);
    REQUIRE(memfs_put(k.fs, "back/mine", "keep", 4));
    CHECK_I64(kit_restore(&k, "store", kit_manifest(s), "back", false, &r), SW_ERR_NOT_EMPTY);
    CHECK_U64(memfs_get(k.fs, "back/mine").len, 4);
    free_restore(r);
    free_snapshot(s);
    kit_fini(&k);
}

static void what_cannot_be_read_is_listed_and_the_rest_kept(void)
{
    struct kit k;
    Swarm__Job__SnapshotResult *s = NULL;
    Swarm__Job__RestoreResult *r = NULL;
    kit_init(&k);
    REQUIRE(make_data(&k));
    memfs_refuse(k.fs, "data/a/b", SW_ERR_DENIED);
    REQUIRE(kit_snapshot(&k, &s) == SW_OK);
    REQUIRE(s->n_skipped == 1);
    CHECK_STR(s->skipped[0], "a/b: permission denied");
    REQUIRE(kit_restore(&k, "store", kit_manifest(s), "back", false, &r) == SW_OK);
    CHECK_U64(r->files, 7);
    REQUIRE(r->n_damaged == 1);
    CHECK_STR(r->damaged[0], "a/b: permission denied");
    free_snapshot(s);
    free_restore(r);
    kit_fini(&k);
}

static void a_full_disk_fails_a_snapshot_and_leaves_no_pack_behind(void)
{
    struct kit k;
    Swarm__Job__SnapshotResult *s = NULL;
    Swarm__Job__RestoreResult *r = NULL;
    struct needle n = { 0 };
    kit_init(&k);
    REQUIRE(kit_put_noise(&k, "data/x", 20000000, 1));
    memfs_limit(k.fs, 30000000);
    CHECK_I64(kit_snapshot(&k, &s), SW_ERR_FULL);
    REQUIRE(s != NULL);
    CHECK_U64(s->n_objects, 0);
    free_snapshot(s);
    uint64_t room = 0;
    REQUIRE(k.host.fs->free_space(k.host.fs->self, "store", &room) == SW_OK);
    CHECK_U64(room, 10000000);
    memfs_limit(k.fs, UINT64_MAX);
    REQUIRE(kit_snapshot(&k, &s) == SW_OK);
    memfs_limit(k.fs, 50000000);
    CHECK_I64(kit_restore(&k, "store", kit_manifest(s), "back", false, &r), SW_ERR_FULL);
    memfs_each(k.fs, "back", search, &n);
    CHECK(!n.found);
    free_snapshot(s);
    free_restore(r);
    kit_fini(&k);
}

static void the_store_inside_the_folder_is_not_backed_up(void)
{
    struct kit k;
    Swarm__Job__SnapshotJob j = SWARM__JOB__SNAPSHOT_JOB__INIT;
    Swarm__Job__SnapshotResult *s = NULL;
    struct sw_blob out;
    uint8_t entropy[32] = { 7 };
    kit_init(&k);
    REQUIRE(memfs_put(k.fs, "data/file", "1", 1));
    REQUIRE(memfs_put(k.fs, "data/store/file", "2", 1));
    j.store = (char *)(uintptr_t) "data/store";
    j.node = (char *)(uintptr_t) "a";
    j.set = (char *)(uintptr_t) "b";
    j.path = (char *)(uintptr_t) "data";
    j.recipient = kit_bytes(k.recipient, 32);
    j.identity = kit_bytes(k.seed, 32);
    j.entropy = kit_bytes(entropy, 32);
    REQUIRE(kit_run(&k, SW_JOB_SNAPSHOT, &j.base, &out) == SW_OK);
    s = swarm__job__snapshot_result__unpack(NULL, out.len, out.data);
    REQUIRE(s != NULL);
    CHECK_U64(s->files, 1);
    free_snapshot(s);
    sw_blob_fini(&out);
    kit_fini(&k);
}

static void malformed_jobs_are_refused(void)
{
    struct kit k;
    struct sw_job job = { 0 };
    uint8_t junk[] = { 0xff, 0xff, 0xff, 0x01 };
    static const enum sw_job_kind kinds[] = { SW_JOB_SNAPSHOT, SW_JOB_STORE, SW_JOB_FETCH,
                                              SW_JOB_INVENTORY, SW_JOB_RESTORE };
    kit_init(&k);
    for (size_t i = 0; i < SW_LEN(kinds); i++) {
        job.kind = kinds[i];
        job.in = (struct sw_blob){ junk, sizeof junk, sizeof junk };
        sw_job_run(&job, &k.host);
        CHECK_I64(job.status, SW_ERR_MALFORMED);
        job.in = (struct sw_blob){ 0 };
        sw_job_run(&job, &k.host);
        CHECK(job.status != SW_OK);
        sw_blob_fini(&job.out);
    }
    kit_fini(&k);
}

CU_TestInfo tests_backup_jobs[] = {
    { "a restore is bit-identical with metadata", a_restore_is_bit_identical_with_metadata },
    { "no plaintext and no file name is in the store",
      no_plaintext_and_no_file_name_is_in_the_store },
    { "equal chunks are stored once", equal_chunks_are_stored_once },
    { "packs have one size but for the last two", packs_have_one_size_but_for_the_last_two },
    { "a second snapshot stores only what changed", a_second_snapshot_stores_only_what_changed },
    { "files that did not change are not read again",
      files_that_did_not_change_are_not_read_again },
    { "a file that changed just now is read again", a_file_that_changed_just_now_is_read_again },
    { "a file that could not be opened is not taken for an empty one",
      a_file_that_could_not_be_opened_is_not_taken_for_an_empty_one },
    { "another recipient gets a full snapshot of its own",
      another_recipient_gets_a_full_snapshot_of_its_own },
    { "a restore of many batches is bit-identical", a_restore_of_many_batches_is_bit_identical },
    { "a damaged index costs space but no file", a_damaged_index_costs_space_but_no_file },
    { "a damaged pack costs its files and no others",
      a_damaged_pack_costs_its_files_and_no_others },
    { "a missing pack is in the plan and costs its files",
      a_missing_pack_is_in_the_plan_and_costs_its_files },
    { "a manifest signed by another is refused", a_manifest_signed_by_another_is_refused },
    { "a manifest of another set or another time is refused",
      a_manifest_of_another_set_or_another_time_is_refused },
    { "a restore refuses a folder that is in use", a_restore_refuses_a_folder_that_is_in_use },
    { "what cannot be read is listed and the rest kept",
      what_cannot_be_read_is_listed_and_the_rest_kept },
    { "a full disk fails a snapshot and leaves no pack behind",
      a_full_disk_fails_a_snapshot_and_leaves_no_pack_behind },
    { "the store inside the folder is not backed up",
      the_store_inside_the_folder_is_not_backed_up },
    { "malformed jobs are refused", malformed_jobs_are_refused },
    CU_TEST_INFO_NULL,
};

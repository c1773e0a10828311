/* SPDX-License-Identifier: GPL-3.0-or-later
 * Backups while memory runs out: each allocation fails in turn, one run each.  Nothing crashes,
 * nothing leaks (the sanitizer looks), what was promised is kept, and afterwards all is as before.
 * Allocations of shared libraries (zstd's, protobuf-c's) do not fail here. */
#include "tests/lib/backup_kit.h"
#include "tests/lib/backup_swarm.h"
#include "tests/lib/check.h"
#include "tests/lib/fail_alloc.h"

extern CU_TestInfo tests_backup_memory[];

static bool make_data(struct memfs *fs)
{
    static uint8_t noise[100000];
    kit_noise(noise, sizeof noise, 5);
    return memfs_put(fs, "data/a/file", "one", 3) &&
           memfs_put(fs, "data/a/noise", noise, sizeof noise) && memfs_put(fs, "data/empty", "", 0);
}

/* A job that is packed before memory runs out.  (memfs tries its own allocations twice.) */
static int run_short(struct kit *k, enum sw_job_kind kind, const ProtobufCMessage *in,
                     uint64_t index, uint64_t *asked, struct sw_blob *out)
{
    struct sw_job job = { .kind = kind };
    if (sw_message_pack(in, &job.in) != SW_OK) {
        abort();
    }
    fail_alloc_only(index);
    sw_job_run(&job, &k->host);
    *asked = fail_alloc_stop();
    sw_blob_fini(&job.in);
    *out = job.out;
    return job.status;
}

static int snapshot_short(struct kit *k, uint64_t index, uint64_t *asked, struct sw_blob *out)
{
    Swarm__Job__SnapshotJob j = SWARM__JOB__SNAPSHOT_JOB__INIT;
    uint8_t entropy[32] = { (uint8_t)++k->sequence };
    j.store = (char *)(uintptr_t) "store";
    j.node = (char *)(uintptr_t) "node-a";
    j.set = (char *)(uintptr_t) "etc";
    j.path = (char *)(uintptr_t) "data";
    j.recipient = kit_bytes(k->recipient, 32);
    j.identity = kit_bytes(k->seed, 32);
    j.entropy = kit_bytes(entropy, 32);
    j.sequence = k->sequence;
    j.taken_at = 1000000000000000000;
    return run_short(k, SW_JOB_SNAPSHOT, &j.base, index, asked, out);
}

static void a_snapshot_without_memory_fails_or_is_whole(void)
{
    uint64_t asked = 1;
    uint64_t i = 0;
    for (; i < asked && CU_get_number_of_failures() == 0; i++) {
        struct kit k;
        struct sw_blob out;
        Swarm__Job__SnapshotResult *s = NULL;
        Swarm__Job__RestoreResult *r = NULL;
        char why[256];
        kit_init(&k);
        REQUIRE(make_data(k.fs));
        const int status = snapshot_short(&k, i, &asked, &out);
        CHECK(status == SW_OK || status == SW_ERR_NOMEM);
        sw_blob_fini(&out);
        REQUIRE(kit_snapshot(&k, &s) == SW_OK);
        REQUIRE(kit_restore(&k, "store", kit_manifest(s), "back", false, &r) == SW_OK);
        CHECK(memfs_same(k.fs, "data", "back", why));
        CHECK_STR(why, "");
        swarm__job__snapshot_result__free_unpacked(s, NULL);
        swarm__job__restore_result__free_unpacked(r, NULL);
        kit_fini(&k);
        asked = asked > i ? UINT64_MAX : asked; /* not more: this time none failed */
    }
    CHECK(i > 20);
}

static void a_restore_without_memory_fails_or_is_whole(void)
{
    uint64_t asked = 1;
    uint64_t i = 0;
    for (; i < asked && CU_get_number_of_failures() == 0; i++) {
        struct kit k;
        struct sw_blob out;
        Swarm__Job__SnapshotResult *s = NULL;
        Swarm__Job__RestoreJob j = SWARM__JOB__RESTORE_JOB__INIT;
        char why[256];
        kit_init(&k);
        REQUIRE(make_data(k.fs));
        REQUIRE(kit_snapshot(&k, &s) == SW_OK);
        j.store = (char *)(uintptr_t) "store";
        j.manifest = kit_manifest(s);
        j.target = (char *)(uintptr_t) "back";
        j.secret = kit_bytes(k.secret, 32);
        j.identity = kit_bytes(k.identity, 32);
        j.node = (char *)(uintptr_t) "node-a";
        j.set = (char *)(uintptr_t) "etc";
        const int status = run_short(&k, SW_JOB_RESTORE, &j.base, i, &asked, &out);
        CHECK(status == SW_OK || status == SW_ERR_NOMEM);
        if (status == SW_OK) {
            CHECK(memfs_same(k.fs, "data", "back", why));
            CHECK_STR(why, "");
        }
        sw_blob_fini(&out);
        swarm__job__snapshot_result__free_unpacked(s, NULL);
        kit_fini(&k);
        asked = asked > i ? UINT64_MAX : asked; /* not more: this time none failed */
    }
    CHECK(i > 20);
}

/* A snapshot and a restore between four nodes, during which allocation @index fails. */
static uint64_t swarm_short(uint64_t index)
{
    struct swarm s;
    swarm_init(&s, 4, 3);
    CHECK(make_data(s.nodes[0].fs));
    for (size_t i = 0; i < s.n; i++) {
        swarm_boot(&s.nodes[i]);
    }
    CHECK(swarm_run(&s, SW_SEC));
    fail_alloc_only(index);
    swarm_snapshot(&s.nodes[0], 1);
    CHECK(swarm_run(&s, 5 * SW_MIN));
    swarm_restore(&s.nodes[1], 2, "back");
    CHECK(swarm_run(&s, 5 * SW_MIN));
    const uint64_t asked = fail_alloc_stop();
    /* every command was answered, except where the answer itself found no memory */
    CHECK(swarm_replied(&s.nodes[0], 1) != NULL);
    CHECK(swarm_replied(&s.nodes[1], 2) != NULL);
    /* and now it works */
    swarm_snapshot(&s.nodes[0], 3);
    CHECK(swarm_run(&s, 10 * SW_MIN));
    CHECK(swarm_replied(&s.nodes[0], 3) != NULL && swarm_replied(&s.nodes[0], 3)->status == 0);
    swarm_restore(&s.nodes[2], 4, "back");
    CHECK(swarm_run(&s, 5 * SW_MIN));
    CHECK(swarm_replied(&s.nodes[2], 4) != NULL && swarm_replied(&s.nodes[2], 4)->status == 0);
    for (size_t i = 0; i < s.n; i++) {
        CHECK(sw_backup_idle(s.nodes[i].backup));
    }
    swarm_fini(&s);
    return asked;
}

static void the_loop_survives_any_allocation_that_fails(void)
{
    uint64_t i = 0;
    for (; swarm_short(i) > i && CU_get_number_of_failures() == 0; i++) {
    }
    CHECK(i > 200);
}

CU_TestInfo tests_backup_memory[] = {
    { "a snapshot without memory fails or is whole", a_snapshot_without_memory_fails_or_is_whole },
    { "a restore without memory fails or is whole", a_restore_without_memory_fails_or_is_whole },
    { "the loop survives any allocation that fails", the_loop_survives_any_allocation_that_fails },
    CU_TEST_INFO_NULL,
};

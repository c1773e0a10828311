/* SPDX-License-Identifier: GPL-3.0-or-later
 * Power fails in place of every file call of a zone's first load: once the job has said that it
 * serves the zone, its copy is on the disk, with the folders above it. */
#include "tests/lib/backup_kit.h"
#include "tests/lib/check.h"

extern CU_TestInfo tests_zone_copy[];

#define ZONE "@ 60 SOA ns admin 42 7200 900 1209600 300\n@ 60 NS ns\nns 60 A 192.0.2.1\n"

/* Load the zone; was it served? */
static bool load(struct kit *k, const char *copy)
{
    static char name[] = "example.org";
    static char file[] = "zone";
    Swarm__Job__ZoneJob j = SWARM__JOB__ZONE_JOB__INIT;
    struct sw_blob out;
    j.name = name;
    j.file = file;
    j.copy = (char *)(uintptr_t)copy;
    j.primary = 1;
    const int status = kit_run(k, SW_JOB_ZONE, &j.base, &out);
    Swarm__Job__ZoneResult *r =
        status == SW_OK ? swarm__job__zone_result__unpack(NULL, out.len, out.data) : NULL;
    const bool served = r != NULL && r->version != NULL && r->reason[0] == '\0';
    swarm__job__zone_result__free_unpacked(r, NULL);
    sw_blob_fini(&out);
    return served;
}

/* @made: a folder that another job made, and has not synced yet. */
static void crash_everywhere(const char *copy, const char *made)
{
    bool died = true;
    for (uint64_t at = 1; died; at++) {
        struct kit k;
        kit_init(&k);
        const struct sw_fs *fs = memfs_fs(k.fs);
        REQUIRE(memfs_put(k.fs, "zone", ZONE, sizeof ZONE - 1));
        REQUIRE(made == NULL || fs->mkdir(fs->self, made, 0755) == SW_OK);
        memfs_crash_at(k.fs, at);
        const bool served = load(&k, copy);
        died = memfs_crashed(k.fs);
        CHECK(served || died);
        if (!died) {
            memfs_crash_at(k.fs, 1);
            CHECK(!load(&k, copy));
        }
        memfs_restart(k.fs, 0);
        CHECK(!served || memfs_get(k.fs, copy).data != NULL);
        CHECK(load(&k, copy)); /* whatever is left */
        kit_fini(&k);
        REQUIRE(at < 100);
    }
}

static void a_zone_that_is_served_has_a_durable_copy(void)
{
    crash_everywhere("store/zones/example.org", NULL);
    crash_everywhere("zones/example.org", NULL);
    crash_everywhere("example.org", NULL);
}

static void a_folder_that_another_job_just_made_is_made_durable(void)
{
    crash_everywhere("store/zones/example.org", "store");
}

CU_TestInfo tests_zone_copy[] = {
    { "a zone that is served has a durable copy", a_zone_that_is_served_has_a_durable_copy },
    { "a folder that another job just made is made durable",
      a_folder_that_another_job_just_made_is_made_durable },
    CU_TEST_INFO_NULL,
};

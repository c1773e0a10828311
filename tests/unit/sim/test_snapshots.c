/* SPDX-License-Identifier: GPL-3.0-or-later
 * Snapshots in small worlds: real packs on virtual disks, restored after losses, and planted
 * errors that the oracle must see. */
#include "tests/lib/check.h"
#include "tests/lib/planted.h"
#include "tests/lib/small_world.h"

#ifdef SW_SLOW_CHECKS
#define CRASHES 20U
#else
#define CRASHES 60U
#endif

static const struct small_world usual = {
    .nodes_a_region = 2, .holders = 6, .rate = 1, .duration = 120 * SW_SEC, .service = 100 * SW_US
};

static struct small_scenario *with_set(void)
{
    struct small_scenario *x = small_scenario(&usual);
    small_set(x, 60, 20000, 0);
    small_operation(x, 5 * SW_SEC, "snapshot", "n0", "", NULL);
    return x;
}

static void a_snapshot_comes_back_elsewhere_when_its_region_is_lost(void)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct small_scenario *x = with_set();
        const char *const params[] = { "region", "frankfurt", "disks", "lost", NULL };
        struct sim_result r;
        small_fault(x, "regional_outage", 40 * SW_SEC, 30 * SW_SEC, params);
        small_operation(x, 60 * SW_SEC, "restore", "n4", "n0", "restored/etc");
        const struct small_outcome o = small_run(x, seed, NULL, &r);
        CHECK_STR(r.complaint, "");
        CHECK_U64(o.safe, 1);
        CHECK(o.safe_at < 20 * SW_SEC);
        CHECK_U64(o.n, 1);
        CHECK_I64(o.last.status, 0);
        CHECK_STR(o.reason, "");
        CHECK_STR(o.differs, "");
        CHECK_U64(o.last.files, 60);
        CHECK_U64(o.last.sequence, 1);
        CHECK_U64(o.last.taken_at, 5 * SW_SEC);
        CHECK_U64(o.last.lost_at, 40 * SW_SEC);
        CHECK(o.last.done_at < 70 * SW_SEC);
        free(x);
    }
}

static void a_set_comes_back_on_its_own_node_after_a_new_disk(void)
{
    struct small_scenario *x = with_set();
    const char *const params[] = { "node", "n0", "disk", "lost", NULL };
    struct sim_result r;
    small_fault(x, "crash", 40 * SW_SEC, 5 * SW_SEC, params);
    small_operation(x, 60 * SW_SEC, "restore", "n0", "n0", "back");
    const struct small_outcome o = small_run(x, 1, NULL, &r);
    CHECK_STR(r.complaint, "");
    CHECK_I64(o.last.status, 0);
    CHECK_STR(o.differs, "");
    CHECK_U64(o.last.lost_at, 40 * SW_SEC);
    free(x);
}

static void nothing_was_taken_so_nothing_comes_back(void)
{
    struct small_scenario *x = with_set();
    struct sim_result r;
    x->s.n_operations = 0;
    small_operation(x, 60 * SW_SEC, "restore", "n4", "n0", "restored/etc");
    const struct small_outcome o = small_run(x, 1, NULL, &r);
    CHECK_STR(r.complaint, "");
    CHECK_U64(o.n, 1);
    CHECK(o.last.status != 0);
    CHECK(o.reason[0] != '\0');
    CHECK_U64(o.last.taken_at, SW_TIME_NEVER);
    free(x);
}

static void crashes_while_a_snapshot_is_made_lose_nothing_acknowledged(void)
{
    /* The power fails everywhere at some moment of the work, the next seed at another. */
    unsigned safe = 0;
    for (uint64_t seed = 1; seed <= CRASHES; seed++) {
        struct small_scenario *x = with_set();
        const sw_time at = 5 * SW_SEC + seed * 900 / CRASHES * SW_MS;
        const char *const params[][3] = { { "region", "frankfurt", NULL },
                                          { "region", "dublin", NULL },
                                          { "region", "stockholm", NULL } };
        struct sim_result r;
        for (unsigned i = 0; i < 3; i++) {
            small_fault(x, "regional_outage", at, 5 * SW_SEC, params[i]);
        }
        small_operation(x, 50 * SW_SEC, "snapshot", "n0", "", NULL);
        small_operation(x, 90 * SW_SEC, "restore", "n4", "n0", "restored/etc");
        const struct small_outcome o = small_run(x, seed, NULL, &r);
        CHECK_STR(r.complaint, "");
        CHECK_I64(o.last.status, 0);
        CHECK_STR(o.differs, "");
        safe += o.safe;
        free(x);
    }
    CHECK(safe > CRASHES && safe < 2 * CRASHES); /* some first snapshots made it, some did not */
}

/* ---- planted errors ---- */

static void a_skipped_fsync_is_seen_when_the_power_fails(void)
{
    struct small_scenario *x = with_set();
    const char *const params[] = { "region", "dublin", NULL };
    const struct sim_hooks hooks = { .on_fs = planted_skip_syncs };
    struct sim_result r;
    small_fault(x, "regional_outage", 40 * SW_SEC, 5 * SW_SEC, params);
    (void)small_run(x, 1, NULL, &r);
    CHECK_STR(r.complaint, "");
    const struct small_outcome o = small_run(x, 1, &hooks, &r);
    CHECK_U64(o.safe, 1); /* they said so */
    CHECK_STR(r.oracle, "snapshots");
    CHECK(strstr(r.complaint, "acknowledged object") != NULL);
    CHECK_U64(r.complained_at, 40 * SW_SEC);
    free(x);
}

static void files_that_come_back_altered_are_seen(void)
{
    /* The source itself reads wrong bytes: every later check is happy with them. */
    struct small_scenario *x = with_set();
    const struct sim_hooks hooks = { .on_fs = planted_misread };
    struct sim_result r;
    small_operation(x, 60 * SW_SEC, "restore", "n4", "n0", "restored/etc");
    const struct small_outcome o = small_run(x, 1, &hooks, &r);
    CHECK_U64(o.safe, 1);
    CHECK_I64(o.last.status, 0);
    CHECK(strstr(o.differs, "has other content") != NULL);
    CHECK_STR(r.oracle, "snapshots");
    CHECK(strstr(r.complaint, "not what was there") != NULL);
    free(x);
}

static void the_hash_covers_backups(void)
{
    uint64_t hash[3];
    for (unsigned i = 0; i < 3; i++) {
        struct small_scenario *x = with_set();
        struct sim_result r;
        x->files[0].count += i / 2; /* the third world protects one file more */
        (void)small_run(x, 9, NULL, &r);
        hash[i] = r.trace_hash;
        free(x);
    }
    CHECK_U64(hash[1], hash[0]);
    CHECK(hash[2] != hash[0]);
}

extern CU_TestInfo tests_snapshots[];
CU_TestInfo tests_snapshots[] = {
    { "a snapshot comes back elsewhere when its region is lost",
      a_snapshot_comes_back_elsewhere_when_its_region_is_lost },
    { "a set comes back on its own node after a new disk",
      a_set_comes_back_on_its_own_node_after_a_new_disk },
    { "nothing was taken so nothing comes back", nothing_was_taken_so_nothing_comes_back },
    { "crashes while a snapshot is made lose nothing acknowledged",
      crashes_while_a_snapshot_is_made_lose_nothing_acknowledged },
    { "a skipped fsync is seen when the power fails",
      a_skipped_fsync_is_seen_when_the_power_fails },
    { "files that come back altered are seen", files_that_come_back_altered_are_seen },
    { "the hash covers backups", the_hash_covers_backups },
    CU_TEST_INFO_NULL,
};

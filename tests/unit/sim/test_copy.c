/* SPDX-License-Identifier: GPL-3.0-or-later
 * The baseline that copies folders, and comparing what comes back. */
#include "sim/world/files.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

static const struct small_world usual = {
    .nodes_a_region = 1, .holders = 3, .rate = 1, .duration = 120 * SW_SEC, .service = 100 * SW_US
};

static struct small_scenario *with_files(void)
{
    struct small_scenario *x = small_scenario(&usual);
    small_set(x, 200, 20000, 0);
    return x;
}

static struct small_outcome run(const struct small_scenario *x)
{
    struct sim_result r;
    const struct small_outcome o = small_run(x, 1, NULL, &r);
    CHECK_STR(r.complaint, "");
    return o;
}

static void a_copy_comes_back_as_it_was_taken(void)
{
    struct small_scenario *x = with_files();
    const char *const params[] = { "region", "frankfurt", "disks", "lost", NULL };
    small_operation(x, 10 * SW_SEC, "copy", "n1", "n0", "copies/n0");
    small_fault(x, "regional_outage", 40 * SW_SEC, 0, params);
    small_operation(x, 50 * SW_SEC, "copy_back", "n2", "n1", "restored");
    x->operations[1].after_loss = 10 * SW_SEC;
    const struct small_outcome o = run(x);
    CHECK_U64(o.n, 1);
    CHECK_I64(o.last.status, 0);
    CHECK_STR(o.differs, "");
    CHECK_U64(o.last.files, 200);
    CHECK(o.last.bytes > 3500000 && o.last.bytes < 4500000);
    CHECK_U64(o.last.taken_at, 10 * SW_SEC);
    CHECK_U64(o.last.lost_at, 40 * SW_SEC);
    CHECK_U64(o.last.asked_at, 60 * SW_SEC);
    CHECK(o.last.done_at > 60 * SW_SEC && o.last.done_at < 65 * SW_SEC);
    free(x);
}

static void there_is_nothing_to_bring_back_without_a_complete_copy(void)
{
    struct small_scenario *x = with_files();
    const char *const params[] = { "node", "n0", NULL };
    small_operation(x, 10 * SW_SEC, "copy", "n1", "n0", "copies/n0");
    small_fault(x, "crash", 10 * SW_SEC + 100 * SW_MS, 0, params); /* in the middle of it */
    small_operation(x, 50 * SW_SEC, "copy_back", "n2", "n1", "restored");
    const struct small_outcome o = run(x);
    CHECK_U64(o.n, 1);
    CHECK_I64(o.last.status, SW_ERR_NOTFOUND);
    CHECK_STR(o.reason, "there is no complete copy");
    free(x);
}

static void a_copy_goes_with_the_disk_it_lies_on(void)
{
    struct small_scenario *x = with_files();
    const char *const params[] = { "node", "n1", "disk", "lost", NULL };
    small_operation(x, 10 * SW_SEC, "copy", "n1", "n0", "copies/n0");
    small_fault(x, "crash", 40 * SW_SEC, SW_SEC, params);
    small_operation(x, 50 * SW_SEC, "copy_back", "n2", "n1", "restored");
    const struct small_outcome o = run(x);
    CHECK_I64(o.last.status, SW_ERR_NOTFOUND);
    free(x);
}

static void a_copy_that_never_ends_is_reported_when_the_run_does(void)
{
    struct small_scenario *x = with_files();
    x->s.wide.bandwidth = 8000; /* a kilobyte a second */
    small_operation(x, 10 * SW_SEC, "copy", "n1", "n0", "copies/n0");
    small_operation(x, 50 * SW_SEC, "copy_back", "n2", "n1", "restored");
    struct small_outcome o = run(x);
    CHECK_I64(o.last.status, SW_ERR_NOTFOUND); /* the first has not finished either */
    free(x);

    x = with_files();
    const char *const params[] = { "region", "dublin", NULL };
    small_operation(x, 10 * SW_SEC, "copy", "n1", "n0", "copies/n0");
    small_operation(x, 119 * SW_SEC + 900 * SW_MS, "copy_back", "n2", "n1", "restored");
    small_fault(x, "partition", 119 * SW_SEC + 950 * SW_MS, 0, params);
    o = run(x);
    CHECK_U64(o.n, 1);
    CHECK_I64(o.last.status, SW_ERR_TIMEOUT);
    free(x);
}

static void a_second_copy_of_equal_files_moves_nothing(void)
{
    struct small_scenario *x = with_files();
    small_operation(x, 10 * SW_SEC, "copy", "n1", "n0", "copies/n0");
    small_operation(x, 70 * SW_SEC, "copy", "n1", "n0", "copies/n0");
    small_operation(x, 80 * SW_SEC, "copy_back", "n2", "n1", "restored");
    x->s.wide.bandwidth = 1300000; /* 4 MB take 25 s */
    const struct small_outcome o = run(x);
    CHECK_I64(o.last.status, 0);
    CHECK_STR(o.differs, "");
    CHECK_U64(o.last.taken_at, 70 * SW_SEC);
    CHECK(o.last.done_at > 100 * SW_SEC);
    free(x);
}

static void folders_are_compared_file_by_file(void)
{
    const struct sim_disk model = { .latency = 0 };
    const struct sim_files spec = {
        .path = small_text("a/b"), .count = 120, .size = 300, .compressible = 0.3
    };
    struct sim_engine *e = sim_engine_new();
    struct sim_disk_state *d = sim_disk_new(e, &model, 1, "d");
    char text[256];
    CHECK_I64(sim_files_make(d, &spec, 1, "n0"), 0);
    struct sim_fileset *f = sim_fileset_take(d, "a/b");
    CHECK_U64(sim_fileset_files(f), 120);
    CHECK(sim_fileset_bytes(f) > 30000 && sim_fileset_bytes(f) < 42000);
    CHECK(sim_fileset_compare(f, d, "a/b", text) == NULL);
    CHECK_STR(sim_fileset_compare(f, d, "a/c", text), "00/file-000000: missing");

    struct sw_bytes content;
    CHECK_I64(sim_disk_get(d, "a/b/01/file-000107", &content), 0);
    uint8_t other[1000];
    const size_t len = content.len;
    memcpy(other, content.data, len);
    other[len / 2] ^= 4;
    CHECK(sim_fileset_holds(f, "01/file-000107", content, 0640));
    CHECK(!sim_fileset_holds(f, "01/file-000107", content, 0600));
    CHECK(!sim_fileset_holds(f, "01/file-000107", (struct sw_bytes){ other, len }, 0640));
    CHECK_I64(sim_disk_put(d, "a/b/01/file-000107", (struct sw_bytes){ other, len }, 0640), 0);
    CHECK_STR(sim_fileset_compare(f, d, "a/b", text), "01/file-000107: has other content");
    CHECK_I64(sim_disk_put(d, "a/b/01/file-000107", (struct sw_bytes){ other, 5 }, 0640), 0);
    CHECK_STR(sim_fileset_compare(f, d, "a/b", text), "01/file-000107: has another size");
    CHECK_I64(sim_disk_put(d, "a/b/00/extra", (struct sw_bytes){ other, 5 }, 0640), 0);
    CHECK_STR(sim_fileset_compare(f, d, "a/b", text), "00/extra: was not there before");

    /* the same seed makes the same files, another seed others */
    struct sim_disk_state *same = sim_disk_new(e, &model, 2, "e");
    CHECK_I64(sim_files_make(same, &spec, 1, "n0"), 0);
    CHECK(sim_fileset_compare(f, same, "a/b", text) == NULL);
    sim_disk_wipe(same);
    CHECK_I64(sim_files_make(same, &spec, 2, "n0"), 0);
    CHECK(sim_fileset_compare(f, same, "a/b", text) != NULL);
    sim_fileset_free(f);
    sim_disk_free(same);
    sim_disk_free(d);
    sim_engine_free(e);
}

extern CU_TestInfo tests_copy[];
CU_TestInfo tests_copy[] = {
    { "a copy comes back as it was taken", a_copy_comes_back_as_it_was_taken },
    { "there is nothing to bring back without a complete copy",
      there_is_nothing_to_bring_back_without_a_complete_copy },
    { "a copy goes with the disk it lies on", a_copy_goes_with_the_disk_it_lies_on },
    { "a copy that never ends is reported when the run does",
      a_copy_that_never_ends_is_reported_when_the_run_does },
    { "a second copy of equal files moves nothing", a_second_copy_of_equal_files_moves_nothing },
    { "folders are compared file by file", folders_are_compared_file_by_file },
    CU_TEST_INFO_NULL,
};

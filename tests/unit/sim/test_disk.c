/* SPDX-License-Identifier: GPL-3.0-or-later
 * The virtual disk: calls and their errors, what they cost, and what a power failure leaves. */
#include "sim/world/disk.h"

#include <stdlib.h>

#include "node/base/err.h"
#include "tests/lib/check.h"

extern CU_TestInfo tests_disk[];

struct rig {
    struct sim_engine *e;
    struct sim_disk_state *d;
    struct sw_fs fs;
};

static void begin_on(struct rig *r, const struct sim_disk *model, uint64_t seed)
{
    r->e = sim_engine_new();
    r->d = sim_disk_new(r->e, model, seed, "test");
    sim_disk_fs(r->d, &r->fs);
}

static void begin(struct rig *r, uint64_t seed)
{
    begin_on(r, &(struct sim_disk){ 0 }, seed);
}

static void end(struct rig *r)
{
    sim_disk_free(r->d);
    sim_engine_free(r->e);
}

static void crash(struct rig *r)
{
    sim_disk_crash(r->d);
    sim_disk_fs(r->d, &r->fs);
}

static struct sw_bytes text(const char *s)
{
    return (struct sw_bytes){ (const uint8_t *)s, strlen(s) };
}

/* Write @s to @path through the file calls; with @sync, as far as fsync of the file. */
static int save(const struct sw_fs *fs, const char *path, const char *s, bool sync)
{
    const int fd =
        fs->open(fs->self, path, SW_OPEN_WRITE | SW_OPEN_CREATE | SW_OPEN_TRUNCATE, 0644);
    if (fd < 0) {
        return fd;
    }
    int err = fs->pwrite(fs->self, fd, s, strlen(s), 0);
    if (err == SW_OK && sync) {
        err = fs->fsync(fs->self, fd);
    }
    const int closed = fs->close(fs->self, fd);
    return err != SW_OK ? err : closed;
}

/* Does @path hold exactly @s? */
static bool holds(const struct rig *r, const char *path, const char *s)
{
    struct sw_bytes is;
    return sim_disk_get(r->d, path, &is) == SW_OK && is.len == strlen(s) &&
           (is.len == 0 || memcmp(is.data, s, is.len) == 0);
}

static bool absent(const struct rig *r, const char *path)
{
    struct sw_bytes is;
    return sim_disk_get(r->d, path, &is) == SW_ERR_NOTFOUND;
}

static void what_is_written_is_read(void)
{
    struct rig r;
    begin(&r, 1);
    const struct sw_fs *fs = &r.fs;
    char buf[16];
    CHECK_I64(fs->mkdir(fs->self, "a", 0755), SW_OK);
    CHECK_I64(save(fs, "a/x", "hello", false), SW_OK);
    const int fd = fs->open(fs->self, "/a/../a/./x", SW_OPEN_READ | SW_OPEN_WRITE, 0);
    CHECK_I64(fd, 0);
    CHECK_I64(fs->pread(fs->self, fd, buf, sizeof buf, 1), 4);
    CHECK(memcmp(buf, "ello", 4) == 0);
    CHECK_I64(fs->pread(fs->self, fd, buf, sizeof buf, 5), 0);
    /* A gap reads as zeros, and so does what was cut off and grown again. */
    CHECK_I64(fs->pwrite(fs->self, fd, "!", 1, 7), SW_OK);
    CHECK_I64(fs->truncate(fs->self, fd, 3), SW_OK);
    CHECK_I64(fs->truncate(fs->self, fd, 8), SW_OK);
    CHECK_I64(fs->pread(fs->self, fd, buf, sizeof buf, 0), 8);
    CHECK(memcmp(buf, "hel\0\0\0\0\0", 8) == 0);
    struct sw_stat st;
    CHECK_I64(fs->fstat(fs->self, fd, &st), SW_OK);
    CHECK_U64(st.size, 8);
    CHECK_U64(st.mode, 0644);
    CHECK_U64(st.links, 1);
    CHECK_I64(fs->close(fs->self, fd), SW_OK);
    CHECK_I64(fs->close(fs->self, fd), SW_ERR_STATE);
    CHECK_U64(sim_disk_used(r.d), 8);
    end(&r);
}

static void an_open_file_outlives_its_name(void)
{
    struct rig r;
    begin(&r, 1);
    const struct sw_fs *fs = &r.fs;
    char buf[8];
    CHECK_I64(save(fs, "x", "12345", true), SW_OK);
    const int fd = fs->open(fs->self, "x", SW_OPEN_READ, 0);
    CHECK_I64(fs->unlink(fs->self, "x"), SW_OK);
    CHECK(absent(&r, "x"));
    CHECK_I64(fs->pread(fs->self, fd, buf, sizeof buf, 0), 5);
    CHECK_U64(sim_disk_used(r.d), 5);
    CHECK_I64(fs->close(fs->self, fd), SW_OK);
    CHECK_U64(sim_disk_used(r.d), 0);
    end(&r);
}

static int collect(void *arg, const char *name)
{
    char *all = arg; /* 256 bytes */
    const size_t len = strlen(all);
    (void)snprintf(all + len, 256 - len, "%s ", name);
    return strcmp(name, "stop") == 0 ? 7 : 0;
}

static int collect_file(void *arg, const char *path, struct sw_bytes content,
                        const struct sw_stat *st)
{
    CHECK_U64(content.len, st->size);
    return collect(arg, path);
}

static void names_are_listed_in_byte_order(void)
{
    struct rig r;
    begin(&r, 1);
    const struct sw_fs *fs = &r.fs;
    const char *put[] = { "z", "d/b", "d/a/q", "d/B", "d/aa", "A" };
    for (size_t i = 0; i < SW_LEN(put); i++) {
        CHECK_I64(sim_disk_put(r.d, put[i], text("."), 0600), SW_OK);
    }
    char all[256] = "";
    CHECK_I64(fs->list(fs->self, "d", collect, all), 0);
    CHECK_STR(all, "B a aa b ");
    all[0] = '\0';
    CHECK_I64(sim_disk_each(r.d, "", collect_file, all), 0);
    CHECK_STR(all, "A d/B d/a/q d/aa d/b z ");
    all[0] = '\0';
    CHECK_I64(sim_disk_each(r.d, "d/a", collect_file, all), 0);
    CHECK_STR(all, "d/a/q ");
    all[0] = '\0';
    CHECK_I64(sim_disk_each(r.d, "/", collect_file, all), 0);
    CHECK_STR(all, "/A /d/B /d/a/q /d/aa /d/b /z ");
    all[0] = '\0';
    CHECK_I64(sim_disk_each(r.d, "d/", collect_file, all), 0);
    CHECK_STR(all, "d/B d/a/q d/aa d/b ");
    CHECK_I64(sim_disk_put(r.d, "d/stop", text(""), 0600), SW_OK);
    CHECK_I64(sim_disk_put(r.d, "d/t", text(""), 0600), SW_OK);
    all[0] = '\0';
    CHECK_I64(fs->list(fs->self, "d", collect, all), 7);
    CHECK_STR(all, "B a aa b stop ");
    end(&r);
}

static void errors_are_those_of_a_file_system(void)
{
    struct rig r;
    begin(&r, 1);
    const struct sw_fs *fs = &r.fs;
    struct sw_stat st;
    char buf[8];
    const unsigned create = SW_OPEN_WRITE | SW_OPEN_CREATE;
    CHECK_I64(sim_disk_put(r.d, "d/f", text("x"), 0600), SW_OK);
    CHECK_I64(fs->open(fs->self, "none", SW_OPEN_READ, 0), SW_ERR_NOTFOUND);
    CHECK_I64(fs->open(fs->self, "no/where", create, 0), SW_ERR_NOTFOUND);
    CHECK_I64(fs->open(fs->self, "d/f/x", create, 0), SW_ERR_NOT_A_DIRECTORY);
    CHECK_I64(fs->open(fs->self, "d", create, 0), SW_ERR_IS_A_DIRECTORY);
    CHECK_I64(fs->open(fs->self, "d/f", create | SW_OPEN_EXCLUSIVE, 0), SW_ERR_EXISTS);
    CHECK_I64(fs->mkdir(fs->self, "d", 0), SW_ERR_EXISTS);
    CHECK_I64(fs->rmdir(fs->self, "d"), SW_ERR_NOT_EMPTY);
    CHECK_I64(fs->rmdir(fs->self, "d/f"), SW_ERR_NOT_A_DIRECTORY);
    CHECK_I64(fs->unlink(fs->self, "d"), SW_ERR_IS_A_DIRECTORY);
    CHECK_I64(fs->unlink(fs->self, "none"), SW_ERR_NOTFOUND);
    CHECK_I64(fs->lstat(fs->self, "none", &st), SW_ERR_NOTFOUND);
    CHECK_I64(fs->list(fs->self, "d/f", collect, buf), SW_ERR_NOT_A_DIRECTORY);
    CHECK_I64(fs->fsync_dir(fs->self, "none"), SW_ERR_NOTFOUND);
    CHECK_I64(fs->fsync(fs->self, 99), SW_ERR_STATE);
    CHECK_I64(fs->pread(fs->self, -1, buf, 1, 0), SW_ERR_STATE);
    const int fd = fs->open(fs->self, "d/f", SW_OPEN_READ, 0);
    CHECK_I64(fs->pwrite(fs->self, fd, "y", 1, 0), SW_ERR_STATE);
    CHECK_I64(fs->truncate(fs->self, fd, 0), SW_ERR_STATE);
    char longest[300];
    memset(longest, 'n', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    CHECK_I64(fs->open(fs->self, longest, create, 0), SW_ERR_RANGE);
    longest[255] = '\0';
    CHECK(fs->open(fs->self, longest, create, 0) >= 0);
    end(&r);
}

static void renames_follow_posix(void)
{
    struct rig r;
    begin(&r, 1);
    const struct sw_fs *fs = &r.fs;
    CHECK_I64(sim_disk_put(r.d, "d/e/f", text("1"), 0600), SW_OK);
    CHECK_I64(sim_disk_put(r.d, "g", text("2"), 0600), SW_OK);
    CHECK_I64(fs->mkdir(fs->self, "empty", 0700), SW_OK);
    CHECK_I64(fs->rename(fs->self, "none", "x"), SW_ERR_NOTFOUND);
    CHECK_I64(fs->rename(fs->self, "d", "d/e/d"), SW_ERR_RANGE);
    CHECK_I64(fs->rename(fs->self, "g", "d"), SW_ERR_IS_A_DIRECTORY);
    CHECK_I64(fs->rename(fs->self, "d", "g"), SW_ERR_NOT_A_DIRECTORY);
    CHECK_I64(fs->rename(fs->self, "empty", "d"), SW_ERR_NOT_EMPTY);
    CHECK_I64(fs->rename(fs->self, "d/e", "empty"), SW_OK);
    CHECK(holds(&r, "empty/f", "1"));
    CHECK_I64(fs->rename(fs->self, "g", "empty/f"), SW_OK);
    CHECK(holds(&r, "empty/../empty/f", "2"));
    CHECK(absent(&r, "g"));
    CHECK_I64(fs->rename(fs->self, "empty/f", "empty/f"), SW_OK);
    CHECK(holds(&r, "empty/f", "2"));
    CHECK_U64(sim_disk_used(r.d), 1);
    end(&r);
}

static void links_and_attributes(void)
{
    struct rig r;
    begin(&r, 1);
    const struct sw_fs *fs = &r.fs;
    struct sw_stat st;
    char buf[16];
    sim_disk_set_epoch(r.d, 1000);
    CHECK_I64(sim_disk_put(r.d, "d/f", text("1"), 0600), SW_OK);
    CHECK_I64(fs->symlink(fs->self, "d/f", "s"), SW_OK);
    CHECK_I64(fs->symlink(fs->self, "../d", "d/up"), SW_OK);
    CHECK_I64(fs->symlink(fs->self, "loop", "loop"), SW_OK);
    CHECK(holds(&r, "s", "1"));
    CHECK(holds(&r, "d/up/up/f", "1"));
    CHECK_I64(fs->open(fs->self, "loop", SW_OPEN_READ, 0), SW_ERR_LOOP);
    CHECK_I64(fs->open(fs->self, "loop", SW_OPEN_READ | SW_OPEN_NO_LINK, 0), SW_ERR_LOOP);
    CHECK_I64(fs->readlink(fs->self, "s", buf, sizeof buf), 3);
    CHECK_I64(fs->readlink(fs->self, "d/f", buf, sizeof buf), SW_ERR_STATE);
    CHECK_I64(fs->link(fs->self, "d/f", "h"), SW_OK);
    CHECK_I64(fs->link(fs->self, "d", "hd"), SW_ERR_DENIED);
    CHECK_I64(fs->chmod(fs->self, "s", 0640), SW_OK); /* followed */
    CHECK_I64(fs->chown(fs->self, "h", 3, 4), SW_OK);
    CHECK_I64(fs->utime(fs->self, "h", -5), SW_OK);
    CHECK_I64(fs->utime(fs->self, "s", -6), SW_OK); /* not followed */
    CHECK_I64(fs->lstat(fs->self, "d/f", &st), SW_OK);
    CHECK_U64(st.links, 2);
    CHECK_U64(st.mode, 0640);
    CHECK_U64(st.uid, 3);
    CHECK_U64(st.gid, 4);
    CHECK_I64(st.mtime, -5);
    CHECK_I64(fs->lstat(fs->self, "s", &st), SW_OK);
    CHECK_U64(st.type, SW_FILE_SYMLINK);
    CHECK_U64(st.size, 3);
    CHECK_I64(st.mtime, -6);
    CHECK_I64(save(fs, "d/f", "22", false), SW_OK);
    CHECK_I64(fs->lstat(fs->self, "h", &st), SW_OK);
    CHECK_I64(st.mtime, 1000);
    CHECK(holds(&r, "h", "22"));
    end(&r);
}

static void a_full_disk_refuses_and_keeps_what_it_has(void)
{
    struct rig r;
    begin_on(&r, &(struct sim_disk){ .capacity = 10 }, 1);
    const struct sw_fs *fs = &r.fs;
    uint64_t left = 0;
    CHECK_I64(save(fs, "a", "123456", true), SW_OK);
    CHECK_I64(fs->free_space(fs->self, "", &left), SW_OK);
    CHECK_U64(left, 4);
    CHECK_I64(save(fs, "b", "12345", true), SW_ERR_FULL);
    CHECK_U64(sim_disk_used(r.d), 6);
    const int fd = fs->open(fs->self, "a", SW_OPEN_WRITE, 0);
    CHECK_I64(fs->pwrite(fs->self, fd, "abcdefghijk", 11, 0), SW_ERR_FULL);
    CHECK(holds(&r, "a", "123456"));
    CHECK_I64(fs->pwrite(fs->self, fd, "abcdefghij", 10, 0), SW_OK);
    CHECK_I64(fs->truncate(fs->self, fd, 11), SW_ERR_FULL);
    CHECK_I64(fs->truncate(fs->self, fd, 2), SW_OK);
    CHECK_I64(save(fs, "b", "12345678", true), SW_OK);
    CHECK_I64(sim_disk_put(r.d, "c", text("1"), 0600), SW_ERR_FULL);
    end(&r);
}

/* ---- time ---- */

struct job {
    struct rig *rig;
    struct sw_fs fs;
    const char *path;
    size_t len;
    int64_t result;
    sw_time ended_at;
};

static void read_job(void *arg)
{
    struct job *j = arg;
    uint8_t *buf = malloc(j->len);
    const int fd = j->fs.open(j->fs.self, j->path, SW_OPEN_READ, 0);
    j->result = j->fs.pread(j->fs.self, fd, buf, j->len, 0);
    j->ended_at = sim_now(j->rig->e);
    free(buf);
}

static void the_device_serves_one_call_after_another(void)
{
    struct rig r;
    /* 1 byte a ns; jitter at most a quarter of the latency a call. */
    begin_on(&r, &(struct sim_disk){ .latency = 400, .bandwidth = SW_SEC }, 1);
    uint8_t big[10000] = { 0 };
    CHECK_I64(sim_disk_put(r.d, "f", (struct sw_bytes){ big, sizeof big }, 0600), SW_OK);
    struct job jobs[3];
    for (size_t i = 0; i < SW_LEN(jobs); i++) {
        jobs[i] = (struct job){ .rig = &r, .fs = r.fs, .path = "f", .len = sizeof big };
        CHECK(sim_fibre_start(r.e, read_job, &jobs[i]) != NULL);
    }
    sim_run(r.e, SW_TIME_NEVER);
    sw_time last = 0;
    for (size_t i = 0; i < SW_LEN(jobs); i++) {
        CHECK_I64(jobs[i].result, sizeof big);
        last = jobs[i].ended_at > last ? jobs[i].ended_at : last;
    }
    CHECK(last >= 31200 && last <= 31400);
    sim_disk_slow(r.d, 5);
    const sw_time before = sim_now(r.e);
    CHECK(sim_fibre_start(r.e, read_job, &jobs[0]) != NULL);
    sim_run(r.e, SW_TIME_NEVER);
    CHECK(jobs[0].ended_at - before >= 52000);
    end(&r);
}

static void save_job(void *arg)
{
    struct job *j = arg;
    j->result = save(&j->fs, j->path, "data", true);
    j->ended_at = sim_now(j->rig->e);
}

static void a_job_on_a_crashed_host_unwinds_without_effect(void)
{
    for (unsigned at = 0; at < 40; at++) {
        struct rig r;
        begin_on(&r, &(struct sim_disk){ .latency = 4, .bandwidth = SW_SEC, .fsync = 20 }, 1);
        struct job j = { .rig = &r, .fs = r.fs, .path = "f", .result = 1 };
        CHECK(sim_fibre_start(r.e, save_job, &j) != NULL);
        sim_run(r.e, at);
        const bool ended = j.result != 1;
        crash(&r);
        struct sw_bytes left;
        const bool was = sim_disk_get(r.d, "f", &left) == SW_OK;
        const size_t len = was ? left.len : 0;
        sim_run(r.e, SW_TIME_NEVER);
        CHECK_I64(j.result, ended ? SW_OK : SW_ERR_CRASHED);
        CHECK(was == (sim_disk_get(r.d, "f", &left) == SW_OK));
        CHECK(!was || left.len == len);
        CHECK_I64(j.fs.unlink(j.fs.self, "f"), SW_ERR_CRASHED);
        CHECK_I64(save(&j.fs, "g", "", false), SW_ERR_CRASHED);
        CHECK_I64(save(&r.fs, "g", "", false), SW_OK);
        end(&r);
    }
}

static uint64_t interleaving(uint64_t seed)
{
    struct rig r;
    begin_on(&r, &(struct sim_disk){ .latency = 400, .fsync = 1000, .bandwidth = SW_SEC }, seed);
    static const char *const paths[] = { "a", "b", "c", "d" };
    struct job jobs[SW_LEN(paths)];
    for (size_t i = 0; i < SW_LEN(jobs); i++) {
        jobs[i] = (struct job){ .rig = &r, .fs = r.fs, .path = paths[i] };
        CHECK(sim_fibre_start(r.e, save_job, &jobs[i]) != NULL);
    }
    sim_run(r.e, SW_TIME_NEVER);
    uint64_t order = 0;
    for (size_t i = 0; i < SW_LEN(jobs); i++) {
        for (size_t k = 0; k < i; k++) {
            order = order << 1 | (jobs[k].ended_at < jobs[i].ended_at);
        }
    }
    end(&r);
    return order;
}

static void the_seed_picks_the_interleaving_and_repeats_it(void)
{
    bool differs = false;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        const uint64_t order = interleaving(seed);
        CHECK_U64(interleaving(seed), order);
        differs |= order != interleaving(1);
    }
    CHECK(differs);
}

/* ---- power failures ---- */

enum { SEEDS = 200 };

static void what_was_synced_survives_and_the_rest_may_not(void)
{
    unsigned unsynced_data = 0;
    unsigned unsynced_name = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rig r;
        begin(&r, seed);
        const struct sw_fs *fs = &r.fs;
        CHECK_I64(fs->mkdir(fs->self, "d", 0700), SW_OK);
        CHECK_I64(fs->fsync_dir(fs->self, ""), SW_OK);
        CHECK_I64(save(fs, "d/both", "safe", true), SW_OK);
        CHECK_I64(save(fs, "d/name", "data", false), SW_OK);
        CHECK_I64(fs->fsync_dir(fs->self, "d"), SW_OK);
        CHECK_I64(save(fs, "d/data", "name", true), SW_OK);
        crash(&r);
        CHECK(holds(&r, "d/both", "safe"));
        CHECK(!absent(&r, "d/name")); /* the name is there, the bytes may not be */
        unsynced_data += holds(&r, "d/name", "data");
        unsynced_name += !absent(&r, "d/data");
        CHECK(absent(&r, "d/data") || holds(&r, "d/data", "name"));
        end(&r);
    }
    CHECK(unsynced_data > SEEDS / 10 && unsynced_data < SEEDS * 9 / 10);
    CHECK(unsynced_name > SEEDS / 10 && unsynced_name < SEEDS * 9 / 10);
}

static void writes_are_torn_at_sectors_and_nowhere_else(void)
{
    unsigned torn = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rig r;
        begin(&r, seed);
        const struct sw_fs *fs = &r.fs;
        char old[4 * 512];
        char new[4 * 512];
        memset(old, 'o', sizeof old);
        memset(new, 'n', sizeof new);
        CHECK_I64(sim_disk_put(r.d, "f", (struct sw_bytes){ (uint8_t *)old, sizeof old }, 0600), 0);
        const int fd = fs->open(fs->self, "f", SW_OPEN_WRITE, 0);
        CHECK_I64(fs->pwrite(fs->self, fd, new, sizeof new, 0), SW_OK);
        crash(&r);
        struct sw_bytes is;
        REQUIRE(sim_disk_get(r.d, "f", &is) == SW_OK && is.len == sizeof old);
        unsigned fresh = 0;
        for (unsigned s = 0; s < 4; s++) {
            const char *sector = (const char *)is.data + (size_t)512 * s;
            const bool is_new = memcmp(sector, new, 512) == 0;
            CHECK(is_new || memcmp(sector, old, 512) == 0);
            fresh += is_new;
        }
        torn += fresh > 0 && fresh < 4;
        end(&r);
    }
    CHECK(torn > SEEDS / 10);
}

/* Replace a file as careful programs do, leaving out one step. */
static void replace(const struct sw_fs *fs, bool sync_data, bool sync_dir)
{
    CHECK_I64(save(fs, "f.tmp", "the new content", sync_data), SW_OK);
    CHECK_I64(fs->rename(fs->self, "f.tmp", "f"), SW_OK);
    if (sync_dir) {
        CHECK_I64(fs->fsync_dir(fs->self, ""), SW_OK);
    }
}

/* In how many of SEEDS crashes after the replacement: new, old, something else. */
static void outcomes(bool sync_data, bool sync_dir, bool lies, unsigned count[3])
{
    memset(count, 0, 3 * sizeof *count);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rig r;
        begin(&r, seed);
        CHECK_I64(sim_disk_put(r.d, "f", text("the old one"), 0600), SW_OK);
        sim_disk_lie(r.d, lies);
        replace(&r.fs, sync_data, sync_dir);
        crash(&r);
        count[holds(&r, "f", "the new content") ? 0 : holds(&r, "f", "the old one") ? 1 : 2]++;
        end(&r);
    }
}

static void the_durability_protocol_holds_and_a_skipped_fsync_shows(void)
{
    unsigned count[3];
    outcomes(true, true, false, count);
    CHECK_U64(count[0], SEEDS);
    outcomes(true, false, false, count); /* atomic, but not yet durable */
    CHECK(count[0] > 0 && count[1] > 0);
    CHECK_U64(count[2], 0);
    outcomes(false, true, false, count); /* the name is durable, the bytes are not */
    CHECK(count[0] > 0 && count[2] > 0);
    outcomes(true, true, true, count); /* a disk that lies */
    CHECK(count[0] > 0 && count[1] > 0);
}

static void a_rename_between_folders_is_never_half_done(void)
{
    unsigned moved = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        for (int sync = 0; sync < 3; sync++) {
            struct rig r;
            begin(&r, seed);
            const struct sw_fs *fs = &r.fs;
            CHECK_I64(sim_disk_put(r.d, "a/f", text("x"), 0600), SW_OK);
            CHECK_I64(sim_disk_put(r.d, "b/g", text("y"), 0600), SW_OK);
            CHECK_I64(save(fs, "a/before", "", true), SW_OK);
            CHECK_I64(fs->rename(fs->self, "a/f", "b/f"), SW_OK);
            if (sync > 0) {
                CHECK_I64(fs->fsync_dir(fs->self, sync == 1 ? "a" : "b"), SW_OK);
            }
            crash(&r);
            CHECK(absent(&r, "a/f") == holds(&r, "b/f", "x"));
            CHECK(absent(&r, "b/f") == holds(&r, "a/f", "x"));
            CHECK(sync == 0 || holds(&r, "b/f", "x"));
            moved += holds(&r, "b/f", "x") && sync == 0;
            end(&r);
        }
    }
    CHECK(moved > 0 && moved < SEEDS);
}

static void a_wiped_disk_is_empty_and_usable(void)
{
    struct rig r;
    begin(&r, 1);
    const struct sw_fs before = r.fs;
    CHECK_I64(sim_disk_put(r.d, "d/f", text("x"), 0600), SW_OK);
    const int fd = before.open(before.self, "d/f", SW_OPEN_READ, 0);
    CHECK(fd >= 0);
    sim_disk_wipe(r.d);
    CHECK_I64(before.close(before.self, fd), SW_ERR_CRASHED);
    sim_disk_fs(r.d, &r.fs);
    CHECK(absent(&r, "d/f"));
    CHECK_U64(sim_disk_used(r.d), 0);
    CHECK_I64(save(&r.fs, "f", "y", true), SW_OK);
    CHECK(holds(&r, "f", "y"));
    end(&r);
}

struct syncing {
    struct rig *rig;
    int err;
};

static void sync_folder(void *arg)
{
    struct syncing *s = arg;
    s->err = s->rig->fs.fsync_dir(s->rig->fs.self, "d");
}

static void a_disk_may_burn_while_a_folder_is_synced(void)
{
    struct rig r;
    struct syncing s = { &r, 1 };
    begin_on(&r, &(struct sim_disk){ .fsync = SW_SEC }, 1);
    CHECK_I64(sim_disk_put(r.d, "d/f", text("x"), 0600), SW_OK);
    CHECK(sim_fibre_start(r.e, sync_folder, &s) != NULL);
    CHECK_I64(s.err, 1); /* it waits */
    sim_disk_wipe(r.d);
    CHECK(absent(&r, "d/f"));
    sim_run(r.e, 2 * SW_SEC);
    CHECK_I64(s.err, SW_ERR_CRASHED);
    CHECK_U64(sim_disk_used(r.d), 0);
    end(&r);
}

struct rotted {
    unsigned n;
    char path[64];
    uint8_t was[4096];
};

static void on_rot(void *self, const char *path, struct sw_bytes content)
{
    struct rotted *r = self;
    r->n++;
    (void)snprintf(r->path, sizeof r->path, "%s", path);
    memcpy(r->was, content.data, content.len < sizeof r->was ? content.len : sizeof r->was);
}

static void bits_rot_in_a_folder_one_each_and_by_the_key(void)
{
    static uint8_t zeros[1000];
    struct rig r;
    begin(&r, 1);
    unsigned per_file[2] = { 0 };
    CHECK_I64(sim_disk_put(r.d, "store/a", (struct sw_bytes){ zeros, 1000 }, 0644), SW_OK);
    CHECK_I64(sim_disk_put(r.d, "store/sub/b", (struct sw_bytes){ zeros, 3000 / 4 }, 0644), SW_OK);
    CHECK_I64(sim_disk_put(r.d, "zone", (struct sw_bytes){ zeros, 1000 }, 0644), SW_OK);
    for (uint64_t i = 0; i < 400; i++) {
        const struct sw_rng_key key = sw_rng_key(i, "rot", "");
        struct rotted seen = { 0 };
        struct sw_bytes is;
        CHECK_U64(sim_disk_rot(r.d, "store", key, 1, on_rot, &seen), 1);
        CHECK_U64(seen.n, 1);
        CHECK_I64(sim_disk_get(r.d, seen.path, &is), SW_OK);
        unsigned flipped = 0;
        for (size_t k = 0; k < is.len; k++) {
            flipped += (unsigned)__builtin_popcount(is.data[k] ^ seen.was[k]);
        }
        CHECK_U64(flipped, 1);
        per_file[strcmp(seen.path, "store/a") == 0 ? 0 : 1]++;
        CHECK_U64(sim_disk_rot(r.d, "store", key, 1, on_rot, &seen), 1); /* the same one: undone */
        CHECK_I64(sim_disk_get(r.d, seen.path, &is), SW_OK);
        CHECK(memcmp(is.data, zeros, is.len) == 0);
    }
    CHECK(holds(&r, "zone", "") == false);
    /* 4 : 3, by size: 228.6 of 400 expected, standard deviation 9.9 */
    CHECK(per_file[0] > 189 && per_file[0] < 268);
    CHECK_U64(sim_disk_rot(r.d, "nowhere", sw_rng_key(1, "rot", ""), 1, on_rot, NULL), 0);
    end(&r);
}

static void rot_outlasts_sync_and_crash(void)
{
    struct rig r;
    begin(&r, 1);
    struct rotted seen = { 0 };
    CHECK_I64(save(&r.fs, "f", "AAAAAAAA", true), SW_OK);
    CHECK_I64(r.fs.fsync_dir(r.fs.self, "."), SW_OK);
    CHECK_U64(sim_disk_rot(r.d, "", sw_rng_key(7, "rot", ""), 1, on_rot, &seen), 1);
    crash(&r);
    CHECK(!holds(&r, "f", "AAAAAAAA") && !absent(&r, "f"));
    end(&r);
}

static void sectors_that_cant_be_read_are_always_the_same(void)
{
    static uint8_t bytes[512 * 400];
    struct rig r;
    uint8_t buf[1024];
    unsigned bad = 0;
    begin(&r, 1);
    CHECK_I64(sim_disk_put(r.d, "f", (struct sw_bytes){ bytes, sizeof bytes }, 0644), SW_OK);
    const int fd = r.fs.open(r.fs.self, "f", SW_OPEN_READ, 0);
    CHECK(fd >= 0);
    sim_disk_unreadable(r.d, 0.1);
    for (uint64_t s = 0; s + 1 < 400; s++) {
        const int64_t one = r.fs.pread(r.fs.self, fd, buf, 512, s * 512);
        const int64_t again = r.fs.pread(r.fs.self, fd, buf, 1, s * 512 + 511);
        const int64_t next = r.fs.pread(r.fs.self, fd, buf, 512, (s + 1) * 512);
        const int64_t both = r.fs.pread(r.fs.self, fd, buf, 2, s * 512 + 511);
        CHECK(one == 512 || one == SW_ERR_IO);
        CHECK_U64(again < 0, one < 0);
        CHECK_U64(both < 0, one < 0 || next < 0);
        bad += one < 0;
    }
    CHECK(bad > 16 && bad < 64); /* 40 expected, standard deviation 6 */
    sim_disk_unreadable(r.d, 0);
    CHECK_I64(r.fs.pread(r.fs.self, fd, buf, 1024, 0), 1024);
    end(&r);
}

static void a_process_that_dies_leaves_what_it_wrote(void)
{
    struct rig r;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        begin(&r, seed);
        CHECK_I64(save(&r.fs, "f", "written", false), SW_OK);
        sim_disk_leave(r.d);
        CHECK_I64(save(&r.fs, "g", "too late", false), SW_ERR_CRASHED);
        CHECK(holds(&r, "f", "written") && absent(&r, "g"));
        end(&r);
    }
}

static void power_that_fails_inside_a_write_tears_it(void)
{
    static uint8_t ones[512 * 8];
    unsigned torn = 0;
    memset(ones, 1, sizeof ones);
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct rig r;
        struct sw_bytes is;
        begin(&r, seed);
        static const uint8_t zeros[512 * 8];
        CHECK_I64(sim_disk_put(r.d, "f", (struct sw_bytes){ zeros, sizeof zeros }, 0644), SW_OK);
        const int fd = r.fs.open(r.fs.self, "f", SW_OPEN_WRITE, 0);
        CHECK_I64(r.fs.pwrite(r.fs.self, fd, ones, sizeof ones, 0), SW_OK);
        sim_disk_tear(r.d);
        CHECK_I64(sim_disk_get(r.d, "f", &is), SW_OK);
        unsigned there = 0;
        for (unsigned s = 0; s < 8; s++) {
            CHECK(memcmp(is.data + s * 512, ones, 512) == 0 ||
                  memcmp(is.data + s * 512, zeros, 512) == 0);
            there += is.data[s * 512];
        }
        torn += there > 0 && there < 8;
        end(&r);
    }
    CHECK(torn > 90); /* 100 (1 - 2 / 2^8) = 99.2 expected */
}

CU_TestInfo tests_disk[] = {
    { "what is written is read", what_is_written_is_read },
    { "an open file outlives its name", an_open_file_outlives_its_name },
    { "names are listed in byte order", names_are_listed_in_byte_order },
    { "errors are those of a file system", errors_are_those_of_a_file_system },
    { "renames follow POSIX", renames_follow_posix },
    { "links and attributes", links_and_attributes },
    { "a full disk refuses and keeps what it has", a_full_disk_refuses_and_keeps_what_it_has },
    { "the device serves one call after another", the_device_serves_one_call_after_another },
    { "a job on a crashed host unwinds without effect",
      a_job_on_a_crashed_host_unwinds_without_effect },
    { "the seed picks the interleaving and repeats it",
      the_seed_picks_the_interleaving_and_repeats_it },
    { "what was synced survives and the rest may not",
      what_was_synced_survives_and_the_rest_may_not },
    { "writes are torn at sectors and nowhere else", writes_are_torn_at_sectors_and_nowhere_else },
    { "the durability protocol holds and a skipped fsync shows",
      the_durability_protocol_holds_and_a_skipped_fsync_shows },
    { "a rename between folders is never half done", a_rename_between_folders_is_never_half_done },
    { "a wiped disk is empty and usable", a_wiped_disk_is_empty_and_usable },
    { "a disk may burn while a folder is synced", a_disk_may_burn_while_a_folder_is_synced },
    { "bits rot in a folder, one each and by the key",
      bits_rot_in_a_folder_one_each_and_by_the_key },
    { "rot outlasts sync and crash", rot_outlasts_sync_and_crash },
    { "sectors that can't be read are always the same",
      sectors_that_cant_be_read_are_always_the_same },
    { "a process that dies leaves what it wrote", a_process_that_dies_leaves_what_it_wrote },
    { "power that fails inside a write tears it", power_that_fails_inside_a_write_tears_it },
    CU_TEST_INFO_NULL,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Files of the machine keep what struct sw_fs promises. */
#define _GNU_SOURCE
#include "node/core/backup/walk.h"
#include "node/live/fs_posix.h"
#include "tests/lib/check.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct sw_fs *const fs = &live_fs_posix;

static char root[64];
static char path_buffers[4][160];

/* @name in this test's folder; the last four results stay valid. */
static const char *at(const char *name)
{
    static unsigned next;
    char *p = path_buffers[next++ % 4];
    (void)snprintf(p, sizeof path_buffers[0], "%s/%s", root, name);
    return p;
}

static bool begin(void)
{
    (void)snprintf(root, sizeof root, "fs_posix.XXXXXX");
    return mkdtemp(root) != NULL;
}

static int remove_entry(void *arg, const char *name)
{
    (void)arg;
    struct sw_stat st;
    const char *p = at(name);
    if (fs->lstat(NULL, p, &st) == 0 && st.type == SW_FILE_DIRECTORY) {
        return fs->rmdir(NULL, p);
    }
    return fs->unlink(NULL, p);
}

static void end(void)
{
    CHECK_I64(fs->list(NULL, root, remove_entry, NULL), 0);
    CHECK_I64(fs->rmdir(NULL, root), 0);
}

static int make(const char *name, const char *content)
{
    const int fd =
        fs->open(NULL, at(name), SW_OPEN_WRITE | SW_OPEN_CREATE | SW_OPEN_TRUNCATE, 0644);
    if (fd < 0) {
        return fd;
    }
    const int err = fs->pwrite(NULL, fd, content, strlen(content), 0);
    (void)fs->close(NULL, fd);
    return err;
}

static void what_is_written_is_read_back(void)
{
    REQUIRE(begin());
    char buf[32];
    struct sw_stat st;
    const int fd = fs->open(NULL, at("f"), SW_OPEN_READ | SW_OPEN_WRITE | SW_OPEN_CREATE, 0640);
    REQUIRE(fd >= 0);
    CHECK_I64(fs->pwrite(NULL, fd, "hello world", 11, 0), 0);
    CHECK_I64(fs->pwrite(NULL, fd, "W", 1, 6), 0);
    CHECK_I64(fs->pread(NULL, fd, buf, sizeof buf, 0), 11);
    CHECK(memcmp(buf, "hello World", 11) == 0);
    CHECK_I64(fs->pread(NULL, fd, buf, sizeof buf, 11), 0);
    CHECK_I64(fs->pread(NULL, fd, buf, 4, 9), 2);
    CHECK_I64(fs->fsync(NULL, fd), 0);
    CHECK_I64(fs->fsync_dir(NULL, root), 0);
    CHECK_I64(fs->truncate(NULL, fd, 5), 0);
    CHECK_I64(fs->fstat(NULL, fd, &st), 0);
    CHECK_U64(st.size, 5);
    CHECK_U64(st.mode, 0640);
    CHECK_I64(st.type, SW_FILE_REGULAR);
    CHECK_U64(st.links, 1);
    CHECK_I64(fs->close(NULL, fd), 0);
    end();
}

static void a_hole_reads_as_zeros(void)
{
    REQUIRE(begin());
    uint8_t buf[4] = { 1, 1, 1, 1 };
    const int fd = fs->open(NULL, at("f"), SW_OPEN_READ | SW_OPEN_WRITE | SW_OPEN_CREATE, 0600);
    CHECK_I64(fs->pwrite(NULL, fd, "x", 1, 100000), 0);
    CHECK_I64(fs->pread(NULL, fd, buf, 4, 5000), 4);
    CHECK(buf[0] == 0 && buf[3] == 0);
    CHECK_I64(fs->close(NULL, fd), 0);
    end();
}

static void errors_have_their_names(void)
{
    REQUIRE(begin());
    CHECK_I64(fs->open(NULL, at("absent"), SW_OPEN_READ, 0), SW_ERR_NOTFOUND);
    CHECK_I64(make("f", "x"), 0);
    CHECK_I64(fs->open(NULL, at("f"), SW_OPEN_WRITE | SW_OPEN_CREATE | SW_OPEN_EXCLUSIVE, 0600),
              SW_ERR_EXISTS);
    CHECK_I64(fs->mkdir(NULL, at("d"), 0755), 0);
    CHECK_I64(fs->mkdir(NULL, at("d"), 0755), SW_ERR_EXISTS);
    CHECK_I64(fs->open(NULL, at("d"), SW_OPEN_WRITE, 0), SW_ERR_IS_A_DIRECTORY);
    CHECK_I64(fs->open(NULL, at("f/x"), SW_OPEN_READ, 0), SW_ERR_NOT_A_DIRECTORY);
    CHECK_I64(fs->unlink(NULL, at("d")), SW_ERR_IS_A_DIRECTORY);
    CHECK_I64(make("d/x", "y"), 0);
    CHECK_I64(fs->rmdir(NULL, at("d")), SW_ERR_NOT_EMPTY);
    CHECK_I64(fs->unlink(NULL, at("d/x")), 0);
    CHECK_I64(fs->rename(NULL, at("absent"), at("g")), SW_ERR_NOTFOUND);
    CHECK_I64(fs->list(NULL, at("absent"), remove_entry, NULL), SW_ERR_NOTFOUND);
    CHECK_I64(fs->rmdir(NULL, at("f")), SW_ERR_NOT_A_DIRECTORY);
    CHECK_I64(live_fs_error(ENOSPC), SW_ERR_FULL);
    end();
}

static int note(void *arg, const char *name)
{
    char *seen = arg;
    (void)strcat(strcat(seen, name), " ");
    return strcmp(name, "stop") == 0 ? SW_ERR_STATE : 0;
}

static void a_folder_is_listed_in_byte_order(void)
{
    REQUIRE(begin());
    static const char *const names[] = { "b", "a", "\xc3\xa4", "B", "a-", "a1", ".h", "Z" };
    char seen[128] = "";
    for (size_t i = 0; i < SW_LEN(names); i++) {
        CHECK_I64(make(names[i], ""), 0);
    }
    CHECK_I64(fs->list(NULL, root, note, seen), 0);
    CHECK_STR(seen, ".h B Z a a- a1 b \xc3\xa4 ");
    CHECK_I64(make("stop", ""), 0);
    seen[0] = '\0';
    CHECK_I64(fs->list(NULL, root, note, seen), SW_ERR_STATE);
    CHECK_STR(seen, ".h B Z a a- a1 b stop ");
    end();
}

static void links_are_not_followed_where_it_matters(void)
{
    REQUIRE(begin());
    char target[32];
    struct sw_stat st;
    CHECK_I64(make("f", "data"), 0);
    CHECK_I64(fs->symlink(NULL, "f", at("s")), 0);
    CHECK_I64(fs->lstat(NULL, at("s"), &st), 0);
    CHECK_I64(st.type, SW_FILE_SYMLINK);
    CHECK_I64(fs->readlink(NULL, at("s"), target, sizeof target), 1);
    CHECK(target[0] == 'f');
    CHECK_I64(fs->open(NULL, at("s"), SW_OPEN_WRITE, 0), SW_ERR_LOOP);
    CHECK_I64(fs->open(NULL, at("s"), SW_OPEN_READ | SW_OPEN_NO_LINK, 0), SW_ERR_LOOP);
    CHECK_I64(fs->utime(NULL, at("s"), INT64_C(1000000001500000000)), 0);
    CHECK_I64(fs->lstat(NULL, at("s"), &st), 0);
    CHECK_I64(st.mtime, INT64_C(1000000001500000000));
    CHECK_I64(fs->lstat(NULL, at("f"), &st), 0);
    CHECK(st.mtime != INT64_C(1000000001500000000));
    CHECK_I64(fs->utime(NULL, at("f"), INT64_C(-1500000000)), 0);
    CHECK_I64(fs->lstat(NULL, at("f"), &st), 0);
    CHECK_I64(st.mtime, INT64_C(-1500000000));
    CHECK_I64(fs->link(NULL, at("f"), at("h")), 0);
    CHECK_I64(fs->lstat(NULL, at("h"), &st), 0);
    CHECK_U64(st.links, 2);
    CHECK_I64(fs->chmod(NULL, at("h"), 04711), 0);
    CHECK_I64(fs->lstat(NULL, at("f"), &st), 0);
    CHECK_U64(st.mode, 04711);
    CHECK_I64(fs->chown(NULL, at("f"), (uint32_t)getuid(), (uint32_t)getgid()), 0);
    end();
}

static void a_fifo_does_not_hang_a_reader(void)
{
    REQUIRE(begin());
    struct sw_stat st;
    CHECK(mkfifo(at("p"), 0600) == 0);
    CHECK_I64(fs->lstat(NULL, at("p"), &st), 0);
    CHECK_I64(st.type, SW_FILE_OTHER);
    const int fd = fs->open(NULL, at("p"), SW_OPEN_READ, 0);
    CHECK(fd >= 0);
    CHECK_I64(fs->close(NULL, fd), 0);
    end();
}

static void rename_replaces_at_once(void)
{
    REQUIRE(begin());
    char buf[8];
    CHECK_I64(make("old", "old"), 0);
    CHECK_I64(make("new", "new"), 0);
    CHECK_I64(fs->rename(NULL, at("new"), at("old")), 0);
    const int fd = fs->open(NULL, at("old"), SW_OPEN_READ, 0);
    CHECK_I64(fs->pread(NULL, fd, buf, sizeof buf, 0), 3);
    CHECK(memcmp(buf, "new", 3) == 0);
    CHECK_I64(fs->close(NULL, fd), 0);
    uint64_t bytes = 0;
    CHECK_I64(fs->free_space(NULL, root, &bytes), 0);
    CHECK(bytes > 0);
    end();
}

/* ---- a source tree that somebody else writes ---- */

#define SECRET "what only root may read"

static bool swap_folder; /* whom the evil neighbour replaces by a link: the folder, or the file */

static int open_swapped(void *self, const char *path, unsigned flags, uint32_t mode)
{
    if (!swap_folder && strstr(path, "/tree/d/f") != NULL) {
        CHECK_I64(fs->unlink(NULL, path), 0);
        CHECK_I64(fs->symlink(NULL, "../../secret/f", path), 0);
    }
    return fs->open(self, path, flags, mode);
}

static int list_swapped(void *self, const char *path, int (*each)(void *arg, const char *name),
                        void *arg)
{
    const size_t n = strlen(path);
    if (swap_folder && n > 7 && strcmp(path + n - 7, "/tree/d") == 0) {
        CHECK_I64(fs->unlink(NULL, at("tree/d/f")), 0);
        CHECK_I64(fs->rmdir(NULL, path), 0);
        CHECK_I64(fs->symlink(NULL, "../secret", path), 0);
    }
    return fs->list(self, path, each, arg);
}

static void no_charge(void *self, enum sw_work work, uint64_t units)
{
    (void)self;
    (void)work;
    (void)units;
}

static int on_chunk(void *self, struct sw_bytes bytes, struct sw_tree_ref *out)
{
    uint64_t *read = self;
    *read += bytes.len;
    memset(out, 0, sizeof *out);
    return 0;
}

static int on_record(void *self, const struct sw_tree_record *r)
{
    (void)self;
    (void)r;
    return 0;
}

static bool on_found(void *self, const char *path, const struct sw_stat *st)
{
    (void)self;
    (void)path;
    (void)st;
    return false;
}

static int on_skipped(void *self, const char *path, int reason)
{
    (void)self;
    CHECK_STR(path, swap_folder ? "d" : "d/f");
    CHECK_I64(reason, swap_folder ? SW_ERR_NOT_A_DIRECTORY : SW_ERR_LOOP);
    return 0;
}

static void a_file_or_folder_swapped_for_a_link_is_not_followed_by_a_snapshot(void)
{
    for (unsigned i = 0; i < 2; i++) {
        REQUIRE(begin());
        struct sw_fs evil = live_fs_posix;
        const struct sw_job_host host = { .fs = &evil, .charge = no_charge };
        uint8_t key[32] = { 1 };
        uint64_t read = 0;
        struct sw_chunker chunker;
        swap_folder = i == 1;
        evil.open = open_swapped;
        evil.list = list_swapped;
        CHECK_I64(fs->mkdir(NULL, at("secret"), 0755), 0);
        CHECK_I64(make("secret/f", SECRET), 0);
        CHECK_I64(fs->mkdir(NULL, at("tree"), 0755), 0);
        CHECK_I64(fs->mkdir(NULL, at("tree/d"), 0755), 0);
        CHECK_I64(make("tree/d/f", "mine"), 0);
        sw_chunker_init(&chunker, key);
        const struct sw_walk_sink sink = { .self = &read,
                                           .chunk = on_chunk,
                                           .record = on_record,
                                           .found = on_found,
                                           .skipped = on_skipped };
        const struct sw_walk_options o = { .path = at("tree"), .avoid = "none" };
        CHECK_I64(sw_walk(&host, &chunker, &o, &sink), 0);
        CHECK_U64(read, 0); /* neither file: one is gone, the other not ours */
        (void)fs->unlink(NULL, at("tree/d/f"));
        (void)(swap_folder ? fs->unlink(NULL, at("tree/d")) : fs->rmdir(NULL, at("tree/d")));
        (void)fs->unlink(NULL, at("secret/f"));
        end();
    }
}

extern CU_TestInfo tests_fs_posix[];
CU_TestInfo tests_fs_posix[] = {
    { "what_is_written_is_read_back", what_is_written_is_read_back },
    { "a_hole_reads_as_zeros", a_hole_reads_as_zeros },
    { "errors_have_their_names", errors_have_their_names },
    { "a_folder_is_listed_in_byte_order", a_folder_is_listed_in_byte_order },
    { "links_are_not_followed_where_it_matters", links_are_not_followed_where_it_matters },
    { "a_fifo_does_not_hang_a_reader", a_fifo_does_not_hang_a_reader },
    { "rename_replaces_at_once", rename_replaces_at_once },
    { "a_file_or_folder_swapped_for_a_link_is_not_followed_by_a_snapshot",
      a_file_or_folder_swapped_for_a_link_is_not_followed_by_a_snapshot },
    CU_TEST_INFO_NULL,
};

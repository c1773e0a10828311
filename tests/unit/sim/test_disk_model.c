/* SPDX-License-Identifier: GPL-3.0-or-later
 * The virtual disk against a naive model, over random calls and power failures: what a crash leaves
 * must be explained by a prefix of each folder's changes, whole renames, and a version of each
 * sector not older than the last fsync. */
#include "node/base/err.h"
#include "node/base/rng.h"
#include "sim/world/disk.h"
#include "tests/lib/check.h"

extern CU_TestInfo tests_disk_model[];

enum { DIRS = 3, NAMES = 5, FILES = 200, STEPS = 24, VERSIONS = STEPS + 1, BYTES = 2600 };

static const char *const dir_names[DIRS] = { "", "a", "b" };

/* A file as the model sees it: every content since the last fsync. */
struct file {
    uint64_t inode;
    struct version {
        uint64_t size;
        uint8_t data[BYTES];
    } v[VERSIONS];
    size_t n;
};

/* A folder's names, at one moment: indices of files, -1 for none. */
struct names {
    int file[NAMES];
};

struct model {
    struct sim_engine *e;
    struct sim_disk_state *d;
    struct sw_fs fs;
    struct sw_rng rng;
    struct file *files;
    int n_files;
    struct names at[STEPS + 1][DIRS]; /* after each step since the last crash */
    unsigned base[DIRS];              /* the step that is durable */
    struct move {
        unsigned step, from, to;
    } moves[STEPS]; /* renames between folders */
    unsigned n_moves;
    unsigned step;
};

static uint64_t below(struct model *m, uint64_t n)
{
    return sw_rng_below(&m->rng, n);
}

static void path_of(char path[16], unsigned dir, unsigned name)
{
    (void)snprintf(path, 16, "%s%sf%u", dir_names[dir], dir == 0 ? "" : "/", name);
}

static struct names *now(struct model *m, unsigned dir)
{
    return &m->at[m->step][dir];
}

static struct version *latest(struct file *f)
{
    return &f->v[f->n - 1];
}

/* A new version of @f, like the latest. */
static struct version *change(struct file *f)
{
    f->v[f->n] = f->v[f->n - 1];
    return &f->v[f->n++];
}

static int new_file(struct model *m, const char *path)
{
    struct sw_stat st;
    CHECK_I64(m->fs.lstat(m->fs.self, path, &st), SW_OK);
    struct file *f = &m->files[m->n_files];
    memset(f, 0, sizeof *f);
    f->inode = st.inode;
    f->n = 1;
    return m->n_files++;
}

static void do_write(struct model *m, unsigned dir, unsigned name, bool sync)
{
    char path[16];
    uint8_t bytes[700];
    path_of(path, dir, name);
    const int fd = m->fs.open(m->fs.self, path, SW_OPEN_WRITE | SW_OPEN_CREATE, 0600);
    CHECK(fd >= 0);
    int *index = &now(m, dir)->file[name];
    if (*index < 0) {
        *index = new_file(m, path);
    }
    struct file *f = &m->files[*index];
    const uint64_t offset = below(m, BYTES - sizeof bytes);
    const size_t len = 1 + below(m, sizeof bytes - 1);
    memset(bytes, (int)below(m, 256), len);
    CHECK_I64(m->fs.pwrite(m->fs.self, fd, bytes, len, offset), SW_OK);
    struct version *v = change(f);
    memcpy(v->data + offset, bytes, len);
    v->size = offset + len > v->size ? offset + len : v->size;
    if (sync) {
        CHECK_I64(m->fs.fsync(m->fs.self, fd), SW_OK);
        f->v[0] = *latest(f);
        f->n = 1;
    }
    CHECK_I64(m->fs.close(m->fs.self, fd), SW_OK);
}

static void do_truncate(struct model *m, unsigned dir, unsigned name)
{
    char path[16];
    path_of(path, dir, name);
    const int index = now(m, dir)->file[name];
    const int fd = m->fs.open(m->fs.self, path, SW_OPEN_WRITE, 0);
    if (index < 0) {
        CHECK_I64(fd, SW_ERR_NOTFOUND);
        return;
    }
    const uint64_t size = below(m, BYTES);
    CHECK_I64(m->fs.truncate(m->fs.self, fd, size), SW_OK);
    struct version *v = change(&m->files[index]);
    if (size < v->size) {
        memset(v->data + size, 0, v->size - size);
    }
    v->size = size;
    CHECK_I64(m->fs.close(m->fs.self, fd), SW_OK);
}

static void do_rename(struct model *m, unsigned dir, unsigned name)
{
    const unsigned to_dir = (unsigned)below(m, DIRS);
    const unsigned to_name = (unsigned)below(m, NAMES);
    char from[16];
    char to[16];
    path_of(from, dir, name);
    path_of(to, to_dir, to_name);
    const int index = now(m, dir)->file[name];
    const int err = m->fs.rename(m->fs.self, from, to);
    CHECK_I64(err, index < 0 ? SW_ERR_NOTFOUND : SW_OK);
    if (index < 0 || (dir == to_dir && name == to_name)) {
        return;
    }
    now(m, to_dir)->file[to_name] = index;
    now(m, dir)->file[name] = -1;
    if (dir != to_dir) {
        m->moves[m->n_moves++] = (struct move){ m->step, dir, to_dir };
    }
}

static void do_unlink(struct model *m, unsigned dir, unsigned name)
{
    char path[16];
    path_of(path, dir, name);
    int *index = &now(m, dir)->file[name];
    CHECK_I64(m->fs.unlink(m->fs.self, path), *index < 0 ? SW_ERR_NOTFOUND : SW_OK);
    *index = -1;
}

/* The folder is durable as it is now, and, through renames, others as they were then. */
static void do_sync_dir(struct model *m, unsigned dir)
{
    CHECK_I64(m->fs.fsync_dir(m->fs.self, dir_names[dir]), SW_OK);
    m->base[dir] = m->step;
    for (bool more = true; more;) {
        more = false;
        for (unsigned i = 0; i < m->n_moves; i++) {
            const struct move *v = &m->moves[i];
            const bool durable = m->base[v->from] >= v->step || m->base[v->to] >= v->step;
            if (durable && (m->base[v->from] < v->step || m->base[v->to] < v->step)) {
                m->base[v->from] = m->base[v->from] > v->step ? m->base[v->from] : v->step;
                m->base[v->to] = m->base[v->to] > v->step ? m->base[v->to] : v->step;
                more = true;
            }
        }
    }
}

/* ---- what is there ---- */

static int index_of(const struct model *m, uint64_t inode)
{
    for (int i = 0; i < m->n_files; i++) {
        if (m->files[i].inode == inode) {
            return i;
        }
    }
    return -2; /* nobody's */
}

static void look(struct model *m, struct names found[DIRS])
{
    for (unsigned d = 0; d < DIRS; d++) {
        for (unsigned n = 0; n < NAMES; n++) {
            char path[16];
            struct sw_stat st;
            path_of(path, d, n);
            const int err = m->fs.lstat(m->fs.self, path, &st);
            CHECK(err == SW_OK || err == SW_ERR_NOTFOUND);
            found[d].file[n] = err == SW_OK ? index_of(m, st.inode) : -1;
        }
    }
}

static bool same(const struct names *a, const struct names *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static struct sw_bytes content(const struct model *m, unsigned dir, unsigned name)
{
    char path[16];
    struct sw_bytes is = { NULL, 0 };
    path_of(path, dir, name);
    CHECK_I64(sim_disk_get(m->d, path, &is), SW_OK);
    return is;
}

/* Without a crash, everything is exactly as the model says. */
static void check_present(struct model *m)
{
    struct names found[DIRS];
    look(m, found);
    uint64_t used = 0;
    for (unsigned d = 0; d < DIRS; d++) {
        CHECK(same(&found[d], now(m, d)));
        for (unsigned n = 0; n < NAMES; n++) {
            if (found[d].file[n] >= 0) {
                const struct version *v = latest(&m->files[found[d].file[n]]);
                const struct sw_bytes is = content(m, d, n);
                used += is.len;
                CHECK_U64(is.len, v->size);
                CHECK(is.len == 0 || memcmp(is.data, v->data, is.len) == 0);
            }
        }
    }
    CHECK_U64(sim_disk_used(m->d), used);
}

/* ---- after a crash ---- */

static bool moves_are_whole(const struct model *m, const unsigned cut[DIRS])
{
    for (unsigned i = 0; i < m->n_moves; i++) {
        const struct move *v = &m->moves[i];
        if ((cut[v->from] >= v->step) != (cut[v->to] >= v->step)) {
            return false;
        }
    }
    return true;
}

/* Is there, for each folder, a moment since its last sync at which it was as found? */
static bool names_are_explained(const struct model *m, const struct names found[DIRS])
{
    unsigned cut[DIRS];
    for (cut[0] = m->base[0]; cut[0] <= m->step; cut[0]++) {
        for (cut[1] = m->base[1]; cut[1] <= m->step; cut[1]++) {
            for (cut[2] = m->base[2]; cut[2] <= m->step; cut[2]++) {
                bool all = moves_are_whole(m, cut);
                for (unsigned d = 0; d < DIRS && all; d++) {
                    all = same(&m->at[cut[d]][d], &found[d]);
                }
                if (all) {
                    return true;
                }
            }
        }
    }
    return false;
}

/* Does sector @at of @is look as in version @v? */
static bool sector_is(const struct sw_bytes *is, const struct version *v, size_t at)
{
    for (size_t i = at; i < is->len && i < at + 512; i++) {
        if (is->data[i] != (i < v->size ? v->data[i] : 0)) {
            return false;
        }
    }
    return true;
}

static void check_content(const struct file *f, struct sw_bytes is)
{
    bool size = false;
    for (size_t k = 0; k < f->n; k++) {
        size |= f->v[k].size == is.len;
    }
    CHECK(size);
    for (size_t at = 0; at < is.len; at += 512) {
        bool known = false;
        for (size_t k = 0; k < f->n && !known; k++) {
            known = sector_is(&is, &f->v[k], at);
        }
        CHECK(known);
    }
}

/* What is there now is the truth to go on from. */
static void adopt(struct model *m, const struct names found[DIRS])
{
    m->step = 0;
    m->n_moves = 0;
    for (unsigned d = 0; d < DIRS; d++) {
        m->at[0][d] = found[d];
        m->base[d] = 0;
    }
}

static void crash(struct model *m)
{
    sim_disk_crash(m->d);
    sim_disk_fs(m->d, &m->fs);
    struct names found[DIRS];
    look(m, found);
    CHECK(names_are_explained(m, found));
    for (unsigned d = 0; d < DIRS; d++) {
        for (unsigned n = 0; n < NAMES; n++) {
            if (found[d].file[n] < 0) {
                CHECK_I64(found[d].file[n], -1);
                continue;
            }
            struct file *f = &m->files[found[d].file[n]];
            const struct sw_bytes is = content(m, d, n);
            check_content(f, is);
            memset(&f->v[0], 0, sizeof f->v[0]);
            f->v[0].size = is.len;
            if (is.len > 0) {
                memcpy(f->v[0].data, is.data, is.len);
            }
            f->n = 1;
        }
    }
    adopt(m, found);
    check_present(m);
}

static void one_step(struct model *m)
{
    const unsigned before = m->step++;
    memcpy(m->at[m->step], m->at[before], sizeof m->at[before]);
    const unsigned dir = (unsigned)below(m, DIRS);
    const unsigned name = (unsigned)below(m, NAMES);
    switch (below(m, 10)) {
    case 0:
    case 1:
    case 2:
        do_write(m, dir, name, false);
        break;
    case 3:
    case 4:
        do_write(m, dir, name, true);
        break;
    case 5:
        do_truncate(m, dir, name);
        break;
    case 6:
    case 7:
        do_rename(m, dir, name);
        break;
    case 8:
        do_unlink(m, dir, name);
        break;
    default:
        do_sync_dir(m, dir);
        break;
    }
    check_present(m);
}

static void every_crash_is_explained_by_what_was_synced(void)
{
    static struct file files[FILES];
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct model m = { .e = sim_engine_new(), .files = files };
        m.d = sim_disk_new(m.e, &(struct sim_disk){ 0 }, seed, "model");
        sim_disk_fs(m.d, &m.fs);
        sw_rng_init(&m.rng, sw_rng_key(seed, "test", "disk model"));
        CHECK_I64(m.fs.mkdir(m.fs.self, "a", 0700), SW_OK);
        CHECK_I64(m.fs.mkdir(m.fs.self, "b", 0700), SW_OK);
        CHECK_I64(m.fs.fsync_dir(m.fs.self, ""), SW_OK);
        struct names none[DIRS];
        memset(none, 0xff, sizeof none);
        adopt(&m, none);
        for (unsigned life = 0; life < 6; life++) {
            for (unsigned i = (unsigned)below(&m, STEPS) + 1; i > 0; i--) {
                one_step(&m);
            }
            crash(&m);
        }
        sim_disk_free(m.d);
        sim_engine_free(m.e);
    }
}

CU_TestInfo tests_disk_model[] = {
    { "every crash is explained by what was synced", every_crash_is_explained_by_what_was_synced },
    CU_TEST_INFO_NULL,
};

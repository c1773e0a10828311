/* SPDX-License-Identifier: GPL-3.0-or-later
 * Inodes that remember their last synced state beside the present one. */
#include "tests/lib/memfs.h"

#include "node/base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FDS 64
#define PATH_MAX_LEN 8192
#define NAME_MAX_LEN 256

struct entry {
    char name[NAME_MAX_LEN];
    uint32_t inode;
};

/* What an inode is: now, and as of its last sync. */
struct content {
    struct sw_blob data; /* bytes, a link's target, or struct entry in order of names */
    uint32_t mode, uid, gid;
    sw_wall mtime, ctime;
};

struct inode {
    enum sw_file_type type;
    uint32_t links;
    struct content now, synced;
};

struct memfs {
    struct sw_fs fs;
    struct inode *inodes; /* 0 is the root; never reused */
    uint32_t n, cap;
    struct {
        bool used;
        uint32_t inode;
        unsigned flags;
    } fds[FDS];
    uint64_t calls, crash_at, fail_at, limit, used;
    int fail_err, refuse_err;
    char refuse[PATH_MAX_LEN];
    bool crashed;
    sw_wall clock;
};

static void must(bool ok)
{
    if (!ok) {
        (void)fprintf(stderr, "memfs: out of memory\n");
        abort();
    }
}

/* A second try: tests make single allocations fail, and those are not meant for us. */
static void append(struct sw_blob *b, const void *data, size_t len)
{
    int err = sw_blob_append(b, data, len);
    err = err == SW_OK ? err : sw_blob_append(b, data, len);
    must(err == SW_OK);
}

static void reserve(struct sw_blob *b, size_t cap)
{
    int err = sw_blob_reserve(b, cap);
    err = err == SW_OK ? err : sw_blob_reserve(b, cap);
    must(err == SW_OK);
}

static void copy_content(struct content *to, const struct content *from)
{
    struct sw_blob data = { 0 };
    append(&data, from->data.data, from->data.len);
    sw_blob_fini(&to->data);
    *to = *from;
    to->data = data;
}

static uint32_t new_inode(struct memfs *m, enum sw_file_type type, uint32_t mode)
{
    if (m->n == m->cap) {
        m->cap = m->cap == 0 ? 64 : 2 * m->cap;
        void *v = realloc(m->inodes, m->cap * sizeof *m->inodes);
        v = v != NULL ? v : realloc(m->inodes, m->cap * sizeof *m->inodes);
        must(v != NULL);
        m->inodes = v;
    }
    m->inodes[m->n] =
        (struct inode){ .type = type,
                        .links = 1,
                        .now = { .mode = mode, .mtime = m->clock + 1, .ctime = m->clock + 1 } };
    m->clock++;
    return m->n++;
}

/* ---- folders ---- */

static size_t n_entries(const struct content *c)
{
    return c->data.len / sizeof(struct entry);
}

static struct entry *entries(const struct content *c)
{
    return (struct entry *)(void *)c->data.data;
}

static struct entry *find(const struct content *c, const char *name)
{
    for (size_t i = 0; i < n_entries(c); i++) {
        if (strcmp(entries(c)[i].name, name) == 0) {
            return &entries(c)[i];
        }
    }
    return NULL;
}

static void add_entry(struct content *c, const char *name, uint32_t inode)
{
    struct entry e = { .inode = inode };
    size_t at = 0;
    (void)snprintf(e.name, sizeof e.name, "%s", name);
    append(&c->data, &e, sizeof e);
    while (at + 1 < n_entries(c) && strcmp(entries(c)[at].name, name) < 0) {
        at++;
    }
    memmove(&entries(c)[at + 1], &entries(c)[at], (n_entries(c) - 1 - at) * sizeof e);
    entries(c)[at] = e;
}

static void del_entry(struct content *c, struct entry *e)
{
    const size_t i = (size_t)(e - entries(c));
    memmove(e, e + 1, (n_entries(c) - i - 1) * sizeof *e);
    c->data.len -= sizeof *e;
}

/* The folder that holds the last component of @path, which goes to @name ("" for the root).
 * Symbolic links on the way are not followed. */
static int walk(struct memfs *m, const char *path, uint32_t *folder, char name[NAME_MAX_LEN])
{
    uint32_t at = 0;
    name[0] = '\0';
    for (;;) {
        path += strspn(path, "/");
        const size_t len = strcspn(path, "/");
        if (len == 0) {
            *folder = at;
            return SW_OK;
        }
        if (len >= NAME_MAX_LEN) {
            return SW_ERR_RANGE;
        }
        if (name[0] != '\0') {
            const struct entry *e = find(&m->inodes[at].now, name);
            if (e == NULL) {
                return SW_ERR_NOTFOUND;
            }
            at = e->inode;
        }
        if (m->inodes[at].type != SW_FILE_DIRECTORY) {
            return SW_ERR_NOT_A_DIRECTORY;
        }
        if (len == 1 && path[0] == '.') {
            path += len;
            continue;
        }
        memcpy(name, path, len);
        name[len] = '\0';
        path += len;
    }
}

static int lookup(struct memfs *m, const char *path, uint32_t *inode)
{
    char name[NAME_MAX_LEN];
    uint32_t folder = 0;
    const int err = walk(m, path, &folder, name);
    if (err != SW_OK || name[0] == '\0') {
        *inode = folder;
        return err;
    }
    const struct entry *e = find(&m->inodes[folder].now, name);
    if (e == NULL) {
        return SW_ERR_NOTFOUND;
    }
    *inode = e->inode;
    return SW_OK;
}

/* ---- the power switch ---- */

static int enter(struct memfs *m, bool writes)
{
    m->calls++;
    if (m->crash_at > 0 && --m->crash_at == 0) {
        m->crashed = true;
    }
    if (m->crashed) {
        return SW_ERR_CRASHED;
    }
    if (writes && m->fail_at > 0 && --m->fail_at == 0) {
        return m->fail_err;
    }
    return SW_OK;
}

static uint64_t draw(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static bool synced(const struct inode *i)
{
    return i->now.data.len == i->synced.data.len &&
           (i->now.data.len == 0 ||
            memcmp(i->now.data.data, i->synced.data.data, i->now.data.len) == 0);
}

/* Bytes that were not synced: old, new, or a part of the new. */
static void settle_bytes(struct inode *i, uint64_t *seed)
{
    if (synced(i)) {
        return;
    }
    const uint64_t coin = *seed == 0 ? 0 : draw(seed) % 3;
    if (coin == 0) {
        copy_content(&i->now, &i->synced);
    } else if (coin == 1 && i->now.data.len > 0) {
        const size_t keep = (size_t)(draw(seed) % i->now.data.len);
        memset(i->now.data.data + keep, 0, i->now.data.len - keep);
    }
}

/* Entries that were not synced: each as before or as it is. */
static void settle_entries(struct inode *i, uint64_t *seed)
{
    struct content was = { 0 };
    copy_content(&was, &i->now);
    copy_content(&i->now, &i->synced);
    for (size_t k = 0; *seed != 0 && k < n_entries(&was); k++) {
        const struct entry *e = &entries(&was)[k];
        struct entry *old = find(&i->now, e->name);
        if ((old != NULL && old->inode == e->inode) || draw(seed) % 2 == 0) {
            continue;
        }
        if (old != NULL) {
            old->inode = e->inode;
        } else {
            add_entry(&i->now, e->name, e->inode);
        }
    }
    for (size_t k = n_entries(&i->now); *seed != 0 && k-- > 0;) {
        struct entry *e = &entries(&i->now)[k];
        if (find(&was, e->name) == NULL && draw(seed) % 2 == 0) {
            del_entry(&i->now, e);
        }
    }
    sw_blob_fini(&was.data);
}

void memfs_restart(struct memfs *m, uint64_t seed)
{
    seed *= UINT64_C(0x9e3779b97f4a7c15); /* odd: 0 stays 0, small numbers become large ones */
    for (int i = 0; seed != 0 && i < 8; i++) {
        (void)draw(&seed);
    }
    for (uint32_t i = 0; i < m->n; i++) {
        if (m->inodes[i].type == SW_FILE_DIRECTORY) {
            settle_entries(&m->inodes[i], &seed);
        } else {
            settle_bytes(&m->inodes[i], &seed);
        }
        copy_content(&m->inodes[i].synced, &m->inodes[i].now);
    }
    memset(m->fds, 0, sizeof m->fds);
    m->crashed = false;
    m->crash_at = 0;
    m->fail_at = 0;
}

/* ---- the calls ---- */

static int m_open(void *self, const char *path, unsigned flags, uint32_t mode)
{
    struct memfs *m = self;
    char name[NAME_MAX_LEN];
    uint32_t folder = 0;
    int err = enter(m, (flags & SW_OPEN_WRITE) != 0);
    err = err == SW_OK ? walk(m, path, &folder, name) : err;
    err = err == SW_OK && strcmp(path, m->refuse) == 0 ? m->refuse_err : err;
    if (err != SW_OK) {
        return err;
    }
    const struct entry *e = find(&m->inodes[folder].now, name);
    if (e != NULL && (flags & SW_OPEN_EXCLUSIVE) != 0) {
        return SW_ERR_EXISTS;
    }
    if (e == NULL && (flags & SW_OPEN_CREATE) == 0) {
        return SW_ERR_NOTFOUND;
    }
    if (e != NULL && m->inodes[e->inode].type != SW_FILE_REGULAR) {
        return m->inodes[e->inode].type == SW_FILE_DIRECTORY ? SW_ERR_IS_A_DIRECTORY : SW_ERR_LOOP;
    }
    const uint32_t inode = e != NULL ? e->inode : new_inode(m, SW_FILE_REGULAR, mode);
    if (e == NULL) {
        add_entry(&m->inodes[folder].now, name, inode);
        m->inodes[folder].now.mtime = ++m->clock;
    } else if ((flags & SW_OPEN_TRUNCATE) != 0) {
        m->used -= m->inodes[inode].now.data.len;
        m->inodes[inode].now.data.len = 0;
    }
    for (int fd = 0; fd < FDS; fd++) {
        if (!m->fds[fd].used) {
            m->fds[fd].used = true;
            m->fds[fd].inode = inode;
            m->fds[fd].flags = flags;
            return fd;
        }
    }
    return SW_ERR_FULL;
}

static struct inode *of_fd(struct memfs *m, int fd)
{
    if (fd < 0 || fd >= FDS || !m->fds[fd].used) {
        (void)fprintf(stderr, "memfs: descriptor %d is not open\n", fd);
        abort();
    }
    return &m->inodes[m->fds[fd].inode];
}

static int m_close(void *self, int fd)
{
    struct memfs *m = self;
    const int err = enter(m, false);
    if (err == SW_OK) {
        (void)of_fd(m, fd);
        m->fds[fd].used = false;
    }
    return err;
}

static int64_t m_pread(void *self, int fd, void *buf, size_t len, uint64_t offset)
{
    struct memfs *m = self;
    const int err = enter(m, false);
    if (err != SW_OK) {
        return err;
    }
    const struct sw_blob *d = &of_fd(m, fd)->now.data;
    const size_t left = offset < d->len ? d->len - (size_t)offset : 0;
    const size_t n = len < left ? len : left;
    if (n > 0) {
        memcpy(buf, d->data + offset, n);
    }
    return (int64_t)n;
}

static int resize(struct memfs *m, struct inode *i, size_t size)
{
    struct sw_blob *d = &i->now.data;
    if (size > d->len && size - d->len > m->limit - m->used) {
        return SW_ERR_FULL;
    }
    reserve(d, size + 1);
    if (size > d->len) {
        memset(d->data + d->len, 0, size - d->len);
    }
    m->used = m->used + size - d->len;
    d->len = size;
    return SW_OK;
}

static int m_pwrite(void *self, int fd, const void *buf, size_t len, uint64_t offset)
{
    struct memfs *m = self;
    int err = enter(m, true);
    if (err != SW_OK) {
        return err;
    }
    struct inode *i = of_fd(m, fd);
    if ((m->fds[fd].flags & SW_OPEN_WRITE) == 0) {
        return SW_ERR_DENIED;
    }
    if (offset + len > i->now.data.len) {
        err = resize(m, i, (size_t)offset + len);
    }
    if (err == SW_OK && len > 0) {
        memcpy(i->now.data.data + offset, buf, len);
        i->now.mtime = i->now.ctime = ++m->clock;
    }
    return err;
}

static int m_truncate(void *self, int fd, uint64_t size)
{
    struct memfs *m = self;
    const int err = enter(m, true);
    return err == SW_OK ? resize(m, of_fd(m, fd), (size_t)size) : err;
}

static int m_fsync(void *self, int fd)
{
    struct memfs *m = self;
    const int err = enter(m, true);
    if (err == SW_OK) {
        struct inode *i = of_fd(m, fd);
        copy_content(&i->synced, &i->now);
    }
    return err;
}

static int m_fsync_dir(void *self, const char *path)
{
    struct memfs *m = self;
    uint32_t i = 0;
    int err = enter(m, true);
    err = err == SW_OK ? lookup(m, path, &i) : err;
    if (err == SW_OK && m->inodes[i].type != SW_FILE_DIRECTORY) {
        err = SW_ERR_NOT_A_DIRECTORY;
    }
    if (err == SW_OK) {
        copy_content(&m->inodes[i].synced, &m->inodes[i].now);
    }
    return err;
}

static void sync_all(struct memfs *m)
{
    for (uint32_t i = 0; i < m->n; i++) {
        copy_content(&m->inodes[i].synced, &m->inodes[i].now);
    }
}

static int m_sync(void *self, const char *path)
{
    struct memfs *m = self;
    uint32_t i = 0;
    int err = enter(m, true);
    err = err == SW_OK ? lookup(m, path, &i) : err;
    if (err == SW_OK) {
        sync_all(m);
    }
    return err;
}

static void describe(const struct memfs *m, uint32_t n, struct sw_stat *out)
{
    const struct inode *i = &m->inodes[n];
    *out = (struct sw_stat){
        .type = i->type,
        .size = i->type == SW_FILE_DIRECTORY ? 0 : i->now.data.len,
        .mode = i->now.mode,
        .uid = i->now.uid,
        .gid = i->now.gid,
        .inode = n,
        .links = i->links,
        .mtime = i->now.mtime,
        .ctime = i->now.ctime,
    };
}

static int m_fstat(void *self, int fd, struct sw_stat *out)
{
    struct memfs *m = self;
    const int err = enter(m, false);
    if (err == SW_OK) {
        (void)of_fd(m, fd);
        describe(m, m->fds[fd].inode, out);
    }
    return err;
}

static int m_lstat(void *self, const char *path, struct sw_stat *out)
{
    struct memfs *m = self;
    uint32_t i = 0;
    int err = enter(m, false);
    err = err == SW_OK ? lookup(m, path, &i) : err;
    if (err == SW_OK) {
        describe(m, i, out);
    }
    return err;
}

static int m_list(void *self, const char *path, int (*each)(void *arg, const char *name), void *arg)
{
    struct memfs *m = self;
    uint32_t i = 0;
    int err = enter(m, false);
    err = err == SW_OK ? lookup(m, path, &i) : err;
    err = err == SW_OK && strcmp(path, m->refuse) == 0 ? m->refuse_err : err;
    if (err == SW_OK && m->inodes[i].type != SW_FILE_DIRECTORY) {
        err = SW_ERR_NOT_A_DIRECTORY;
    }
    for (size_t k = 0; err == SW_OK && k < n_entries(&m->inodes[i].now); k++) {
        err = each(arg, entries(&m->inodes[i].now)[k].name);
    }
    return err;
}

/* Make an entry of @type at @path, which must be free. */
static int make(struct memfs *m, const char *path, enum sw_file_type type, uint32_t mode,
                uint32_t *out)
{
    char name[NAME_MAX_LEN];
    uint32_t folder = 0;
    const int err = walk(m, path, &folder, name);
    if (err != SW_OK) {
        return err;
    }
    if (name[0] == '\0' || find(&m->inodes[folder].now, name) != NULL) {
        return SW_ERR_EXISTS;
    }
    *out = new_inode(m, type, mode);
    add_entry(&m->inodes[folder].now, name, *out);
    m->inodes[folder].now.mtime = ++m->clock;
    return SW_OK;
}

static int m_mkdir(void *self, const char *path, uint32_t mode)
{
    struct memfs *m = self;
    uint32_t i = 0;
    const int err = enter(m, true);
    return err == SW_OK ? make(m, path, SW_FILE_DIRECTORY, mode, &i) : err;
}

static int m_symlink(void *self, const char *target, const char *path)
{
    struct memfs *m = self;
    uint32_t i = 0;
    int err = enter(m, true);
    err = err == SW_OK ? make(m, path, SW_FILE_SYMLINK, 0777, &i) : err;
    if (err == SW_OK) { /* a link's target is written with its inode */
        append(&m->inodes[i].now.data, target, strlen(target));
        copy_content(&m->inodes[i].synced, &m->inodes[i].now);
    }
    return err;
}

static int drop(struct memfs *m, const char *path, bool folder_wanted)
{
    char name[NAME_MAX_LEN];
    uint32_t folder = 0;
    const int err = walk(m, path, &folder, name);
    if (err != SW_OK) {
        return err;
    }
    struct entry *e = find(&m->inodes[folder].now, name);
    if (e == NULL) {
        return SW_ERR_NOTFOUND;
    }
    struct inode *i = &m->inodes[e->inode];
    if ((i->type == SW_FILE_DIRECTORY) != folder_wanted) {
        return folder_wanted ? SW_ERR_NOT_A_DIRECTORY : SW_ERR_IS_A_DIRECTORY;
    }
    if (folder_wanted && n_entries(&i->now) > 0) {
        return SW_ERR_NOT_EMPTY;
    }
    m->used -= i->type == SW_FILE_REGULAR && i->links == 1 ? i->now.data.len : 0;
    i->links--;
    del_entry(&m->inodes[folder].now, e);
    m->inodes[folder].now.mtime = ++m->clock;
    return SW_OK;
}

static int m_rmdir(void *self, const char *path)
{
    struct memfs *m = self;
    const int err = enter(m, true);
    return err == SW_OK ? drop(m, path, true) : err;
}

static int m_unlink(void *self, const char *path)
{
    struct memfs *m = self;
    const int err = enter(m, true);
    return err == SW_OK ? drop(m, path, false) : err;
}

static int m_rename(void *self, const char *from, const char *to)
{
    struct memfs *m = self;
    char name[NAME_MAX_LEN];
    char target[NAME_MAX_LEN];
    uint32_t a = 0;
    uint32_t b = 0;
    int err = enter(m, true);
    err = err == SW_OK ? walk(m, from, &a, name) : err;
    err = err == SW_OK ? walk(m, to, &b, target) : err;
    if (err != SW_OK) {
        return err;
    }
    struct entry *e = find(&m->inodes[a].now, name);
    if (e == NULL) {
        return SW_ERR_NOTFOUND;
    }
    const uint32_t inode = e->inode;
    del_entry(&m->inodes[a].now, e);
    struct entry *old = find(&m->inodes[b].now, target);
    if (old != NULL) {
        m->used -= m->inodes[old->inode].now.data.len;
        old->inode = inode;
    } else {
        add_entry(&m->inodes[b].now, target, inode);
    }
    m->inodes[a].now.mtime = ++m->clock;
    m->inodes[b].now.mtime = ++m->clock;
    return SW_OK;
}

static int64_t m_readlink(void *self, const char *path, char *buf, size_t cap)
{
    struct memfs *m = self;
    uint32_t i = 0;
    int err = enter(m, false);
    err = err == SW_OK ? lookup(m, path, &i) : err;
    if (err != SW_OK || m->inodes[i].type != SW_FILE_SYMLINK) {
        return err != SW_OK ? err : SW_ERR_UNSUPPORTED;
    }
    const struct sw_blob *d = &m->inodes[i].now.data;
    const size_t n = d->len < cap ? d->len : cap;
    memcpy(buf, d->data, n);
    return (int64_t)n;
}

static int m_link(void *self, const char *from, const char *to)
{
    struct memfs *m = self;
    char name[NAME_MAX_LEN];
    uint32_t i = 0;
    uint32_t folder = 0;
    int err = enter(m, true);
    err = err == SW_OK ? lookup(m, from, &i) : err;
    err = err == SW_OK ? walk(m, to, &folder, name) : err;
    if (err == SW_OK && find(&m->inodes[folder].now, name) != NULL) {
        err = SW_ERR_EXISTS;
    }
    if (err == SW_OK) {
        add_entry(&m->inodes[folder].now, name, i);
        m->inodes[i].links++;
    }
    return err;
}

/* Metadata is synced with the file; here at once, for a test never loses only that. */
static int set(struct memfs *m, const char *path, struct content **now, struct content **synced)
{
    uint32_t i = 0;
    int err = enter(m, true);
    err = err == SW_OK ? lookup(m, path, &i) : err;
    *now = &m->inodes[i].now;
    *synced = &m->inodes[i].synced;
    (*now)->ctime = (*synced)->ctime = ++m->clock;
    return err;
}

static int m_chmod(void *self, const char *path, uint32_t mode)
{
    struct content *now = NULL;
    struct content *synced = NULL;
    const int err = set(self, path, &now, &synced);
    if (err == SW_OK) {
        now->mode = synced->mode = mode;
    }
    return err;
}

static int m_chown(void *self, const char *path, uint32_t uid, uint32_t gid)
{
    struct content *now = NULL;
    struct content *synced = NULL;
    const int err = set(self, path, &now, &synced);
    if (err == SW_OK) {
        now->uid = synced->uid = uid;
        now->gid = synced->gid = gid;
    }
    return err;
}

static int m_utime(void *self, const char *path, sw_wall mtime)
{
    struct content *now = NULL;
    struct content *synced = NULL;
    const int err = set(self, path, &now, &synced);
    if (err == SW_OK) {
        now->mtime = synced->mtime = mtime;
    }
    return err;
}

static int m_free_space(void *self, const char *path, uint64_t *bytes)
{
    struct memfs *m = self;
    uint32_t i = 0;
    int err = enter(m, false);
    err = err == SW_OK ? lookup(m, path, &i) : err;
    *bytes = m->limit - m->used;
    return err;
}

/* ---- from outside ---- */

struct memfs *memfs_new(void)
{
    struct memfs *m = calloc(1, sizeof *m);
    must(m != NULL);
    m->fs = (struct sw_fs){
        m,         m_open,  m_close, m_pread, m_pwrite, m_truncate,   m_fsync,  m_fsync_dir,
        m_fstat,   m_lstat, m_list,  m_mkdir, m_rmdir,  m_rename,     m_unlink, m_readlink,
        m_symlink, m_link,  m_chmod, m_chown, m_utime,  m_free_space, m_sync,
    };
    m->limit = UINT64_MAX;
    m->clock = 1700000000;
    (void)new_inode(m, SW_FILE_DIRECTORY, 0755);
    copy_content(&m->inodes[0].synced, &m->inodes[0].now);
    return m;
}

void memfs_free(struct memfs *m)
{
    for (uint32_t i = 0; i < m->n; i++) {
        sw_blob_fini(&m->inodes[i].now.data);
        sw_blob_fini(&m->inodes[i].synced.data);
    }
    free(m->inodes);
    free(m);
}

const struct sw_fs *memfs_fs(struct memfs *m)
{
    return &m->fs;
}

void memfs_no_sync(struct memfs *m)
{
    m->fs.sync = NULL;
}

uint64_t memfs_calls(const struct memfs *m)
{
    return m->calls;
}

void memfs_crash_at(struct memfs *m, uint64_t n)
{
    m->crash_at = n;
}

bool memfs_crashed(const struct memfs *m)
{
    return m->crashed;
}

void memfs_fail_at(struct memfs *m, uint64_t n, int err)
{
    m->fail_at = n;
    m->fail_err = err;
}

void memfs_refuse(struct memfs *m, const char *path, int err)
{
    (void)snprintf(m->refuse, sizeof m->refuse, "%s", path != NULL ? path : "");
    m->refuse_err = err;
}

void memfs_limit(struct memfs *m, uint64_t bytes)
{
    m->limit = bytes;
}

bool memfs_put_folder(struct memfs *m, const char *path)
{
    char part[PATH_MAX_LEN];
    uint32_t i = 0;
    for (size_t len = 1; len <= strlen(path); len++) {
        if (path[len] == '/' || path[len] == '\0') {
            (void)snprintf(part, sizeof part, "%.*s", (int)len, path);
            const int err = make(m, part, SW_FILE_DIRECTORY, 0755, &i);
            if (err != SW_OK && err != SW_ERR_EXISTS) {
                return false;
            }
        }
    }
    sync_all(m);
    return true;
}

bool memfs_put(struct memfs *m, const char *path, const void *data, size_t len)
{
    char folder[PATH_MAX_LEN];
    uint32_t i = 0;
    const char *slash = strrchr(path, '/');
    if (slash != NULL) {
        (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
        if (!memfs_put_folder(m, folder)) {
            return false;
        }
    }
    if (lookup(m, path, &i) != SW_OK && make(m, path, SW_FILE_REGULAR, 0644, &i) != SW_OK) {
        return false;
    }
    if (resize(m, &m->inodes[i], len) != SW_OK) {
        return false;
    }
    if (len > 0) {
        memcpy(m->inodes[i].now.data.data, data, len);
    }
    m->inodes[i].now.mtime = m->inodes[i].now.ctime = ++m->clock;
    sync_all(m);
    return true;
}

struct sw_bytes memfs_get(struct memfs *m, const char *path)
{
    uint32_t i = 0;
    if (lookup(m, path, &i) != SW_OK || m->inodes[i].type != SW_FILE_REGULAR) {
        return (struct sw_bytes){ 0 };
    }
    reserve(&m->inodes[i].now.data, 1); /* an empty file is not NULL */
    return sw_blob_bytes(&m->inodes[i].now.data);
}

bool memfs_flip(struct memfs *m, const char *path, uint64_t bit)
{
    uint32_t i = 0;
    if (lookup(m, path, &i) != SW_OK || bit / 8 >= m->inodes[i].now.data.len) {
        return false;
    }
    m->inodes[i].now.data.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    if (bit / 8 < m->inodes[i].synced.data.len) {
        m->inodes[i].synced.data.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    return true;
}

static bool same(struct memfs *m, uint32_t x, uint32_t y, const char *name, char why[256])
{
    const struct inode *a = &m->inodes[x];
    const struct inode *b = &m->inodes[y];
    const char *what = NULL;
    if (a->type != b->type) {
        what = "type";
    } else if (a->now.mode != b->now.mode) {
        what = "mode";
    } else if (a->now.uid != b->now.uid || a->now.gid != b->now.gid) {
        what = "owner";
    } else if (a->now.mtime != b->now.mtime) {
        what = "time";
    } else if (a->type != SW_FILE_DIRECTORY &&
               (a->now.data.len != b->now.data.len ||
                (a->now.data.len > 0 &&
                 memcmp(a->now.data.data, b->now.data.data, a->now.data.len) != 0))) {
        what = "content";
    } else if (a->type == SW_FILE_DIRECTORY && n_entries(&a->now) != n_entries(&b->now)) {
        what = "number of entries";
    }
    if (what != NULL) {
        (void)snprintf(why, 256, "%.200s: %s", name, what);
        return false;
    }
    for (size_t i = 0; a->type == SW_FILE_DIRECTORY && i < n_entries(&a->now); i++) {
        const struct entry *p = &entries(&a->now)[i];
        const struct entry *q = &entries(&b->now)[i];
        if (strcmp(p->name, q->name) != 0) {
            (void)snprintf(why, 256, "%.100s against %.100s", p->name, q->name);
            return false;
        }
        if (!same(m, p->inode, q->inode, p->name, why)) {
            return false;
        }
    }
    return true;
}

bool memfs_same(struct memfs *m, const char *a, const char *b, char why[256])
{
    uint32_t x = 0;
    uint32_t y = 0;
    why[0] = '\0';
    if (lookup(m, a, &x) != SW_OK || lookup(m, b, &y) != SW_OK) {
        (void)snprintf(why, 256, "%.100s or %.100s is missing", a, b);
        return false;
    }
    return same(m, x, y, a, why);
}

void memfs_each(struct memfs *m, const char *path,
                void (*each)(void *arg, const char *path, struct sw_bytes content), void *arg)
{
    char below[PATH_MAX_LEN];
    uint32_t i = 0;
    if (lookup(m, path, &i) != SW_OK) {
        return;
    }
    if (m->inodes[i].type == SW_FILE_REGULAR) {
        each(arg, path, sw_blob_bytes(&m->inodes[i].now.data));
    }
    for (size_t k = 0; m->inodes[i].type == SW_FILE_DIRECTORY && k < n_entries(&m->inodes[i].now);
         k++) {
        (void)snprintf(below, sizeof below, "%s/%s", path, entries(&m->inodes[i].now)[k].name);
        memfs_each(m, below, each, arg);
    }
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * The calls of struct sw_fs that go by path: names, links, attributes. */
#define _POSIX_C_SOURCE 200809L /* strdup */
#include <stdlib.h>
#include <string.h>

#include "node/base/err.h"
#include "sim/world/disk_internal.h"

/* The folder at @path; symlinks are followed. */
static int folder_at(const struct sim_disk_view *v, const char *path, struct inode **out)
{
    struct place p;
    const int err = sim_disk_resolve(v->disk, path, true, &p);
    if (err != SW_OK) {
        return err;
    }
    if (p.file == NULL) {
        return SW_ERR_NOTFOUND;
    }
    *out = p.file;
    return p.file->type == SW_FILE_DIRECTORY ? SW_OK : SW_ERR_NOT_A_DIRECTORY;
}

static int fs_fsync_dir(void *self, const char *path)
{
    struct sim_disk_view *v = self;
    if (v->dead) {
        return SW_ERR_CRASHED;
    }
    struct inode *dir;
    int err = folder_at(v, path, &dir);
    if (err != SW_OK) {
        return sim_view_took(v, 0, err);
    }
    const uint64_t number = v->disk->changes;
    const struct attributes now = dir->now;
    sim_inode_ref(dir);
    err = sim_view_take(v, sim_view_cost(v->disk, v->disk->model.fsync, 0));
    if (err == SW_OK && !v->disk->lies) {
        sim_names_sync(v->disk, dir, number);
        dir->durable = now;
    }
    sim_inode_unref(v->disk, dir);
    return err;
}

/* How many inodes have something to lose. */
static uint64_t unsynced(const struct sim_disk_state *d)
{
    uint64_t n = 0;
    for (const struct inode *i = d->oldest; i != NULL; i = i->newer) {
        n += i->oldest != NULL ? 1 : 0;
    }
    return n + d->n_log;
}

static void sync_all(struct sim_disk_state *d, uint64_t number)
{
    struct inode *i = d->oldest;
    sim_inode_ref(i); /* there is always the root */
    while (i != NULL) {
        if (i->type == SW_FILE_DIRECTORY) {
            sim_names_sync(d, i, number);
        } else if (i->type == SW_FILE_REGULAR) {
            sim_file_sync(i, number);
        }
        i->durable = i->now;
        struct inode *next = i->newer; /* may lie in @i, and go with it */
        if (next != NULL) {
            sim_inode_ref(next);
        }
        sim_inode_unref(d, i);
        i = next;
    }
}

/* One commit, and a latency for each thing to be written in its place. */
static int fs_sync(void *self, const char *path)
{
    struct sim_disk_view *v = self;
    if (v->dead) {
        return SW_ERR_CRASHED;
    }
    struct sim_disk_state *d = v->disk;
    struct inode *dir;
    int err = folder_at(v, path, &dir);
    if (err != SW_OK) {
        return sim_view_took(v, 0, err);
    }
    const uint64_t number = d->changes; /* what is written meanwhile is not covered */
    const sw_dur cost = d->model.fsync + unsynced(d) * d->model.latency;
    err = sim_view_take(v, sim_view_cost(d, cost, 0));
    if (err == SW_OK && !d->lies) {
        sync_all(d, number);
    }
    return err;
}

static int fs_lstat(void *self, const char *path, struct sw_stat *out)
{
    struct sim_disk_view *v = self;
    if (v->dead || sim_view_take(v, 0) != SW_OK) {
        return SW_ERR_CRASHED;
    }
    struct place p;
    const int err = sim_disk_resolve(v->disk, path, false, &p);
    if (err != SW_OK) {
        return err;
    }
    if (p.file == NULL) {
        return SW_ERR_NOTFOUND;
    }
    sim_inode_stat(p.file, out);
    return SW_OK;
}

/* The names in @dir, one after another, each with its NUL. */
static char *names_of(const struct inode *dir, size_t *len)
{
    struct sw_bytes key;
    *len = 0;
    for (const struct inode *i = sw_map_next(&dir->names, NULL, &key); i != NULL;) {
        *len += key.len + 1;
        const struct sw_bytes after = key;
        i = sw_map_next(&dir->names, &after, &key);
    }
    char *names = malloc(*len > 0 ? *len : 1);
    if (names == NULL) {
        sim_out_of_memory("a list of virtual files");
    }
    size_t at = 0;
    for (const struct inode *i = sw_map_next(&dir->names, NULL, &key); i != NULL;) {
        memcpy(names + at, key.data, key.len);
        names[at + key.len] = '\0';
        at += key.len + 1;
        const struct sw_bytes after = key;
        i = sw_map_next(&dir->names, &after, &key);
    }
    return names;
}

static int fs_list(void *self, const char *path, int (*each)(void *arg, const char *name),
                   void *arg)
{
    struct sim_disk_view *v = self;
    if (v->dead || sim_view_take(v, 0) != SW_OK) {
        return SW_ERR_CRASHED;
    }
    struct inode *dir;
    const int err = folder_at(v, path, &dir);
    if (err != SW_OK) {
        return err;
    }
    size_t len; /* a copy: @each may change the folder, or let others do so */
    char *names = names_of(dir, &len);
    int stop = SW_OK;
    for (size_t at = 0; at < len && stop == 0; at += strlen(names + at) + 1) {
        stop = each(arg, names + at);
    }
    free(names);
    return stop;
}

/* Add @i, of no name yet, at @path; takes it. */
static int add_at(struct sim_disk_view *v, const char *path, struct inode *i)
{
    struct place p;
    int err = sim_disk_resolve(v->disk, path, false, &p);
    if (err == SW_OK && p.file != NULL) {
        err = SW_ERR_EXISTS;
    }
    sim_inode_ref(i);
    if (err == SW_OK) {
        sim_names_change(v->disk, &(struct name_set){ p.dir, p.name, i }, 1);
    }
    sim_inode_unref(v->disk, i);
    return err;
}

static int fs_mkdir(void *self, const char *path, uint32_t mode)
{
    struct sim_disk_view *v = self;
    if (v->dead) {
        return SW_ERR_CRASHED;
    }
    struct inode *dir = sim_inode_new(v->disk, SW_FILE_DIRECTORY, mode);
    return sim_view_took(v, sim_view_latency(v), add_at(v, path, dir));
}

static int fs_symlink(void *self, const char *target, const char *path)
{
    struct sim_disk_view *v = self;
    if (v->dead) {
        return SW_ERR_CRASHED;
    }
    if (strlen(target) >= SIM_PATH_MAX) {
        return SW_ERR_RANGE;
    }
    struct inode *link = sim_inode_new(v->disk, SW_FILE_SYMLINK, 0777);
    link->target = strdup(target);
    if (link->target == NULL) {
        sim_out_of_memory("a virtual symlink");
    }
    link->size = 0;
    return sim_view_took(v, sim_view_latency(v), add_at(v, path, link));
}

static int link_now(struct sim_disk_view *v, const char *from, const char *to)
{
    struct place p;
    const int err = sim_disk_resolve(v->disk, from, false, &p);
    if (err != SW_OK) {
        return err;
    }
    if (p.file == NULL) {
        return SW_ERR_NOTFOUND;
    }
    return p.file->type == SW_FILE_DIRECTORY ? SW_ERR_DENIED : add_at(v, to, p.file);
}

static int fs_link(void *self, const char *from, const char *to)
{
    struct sim_disk_view *v = self;
    return v->dead ? SW_ERR_CRASHED : sim_view_took(v, sim_view_latency(v), link_now(v, from, to));
}

static int remove_now(struct sim_disk_view *v, const char *path, bool folder)
{
    struct place p;
    const int err = sim_disk_resolve(v->disk, path, false, &p);
    if (err != SW_OK) {
        return err;
    }
    if (p.file == NULL) {
        return SW_ERR_NOTFOUND;
    }
    if (folder && p.file->type != SW_FILE_DIRECTORY) {
        return SW_ERR_NOT_A_DIRECTORY;
    }
    if (!folder && p.file->type == SW_FILE_DIRECTORY) {
        return SW_ERR_IS_A_DIRECTORY;
    }
    if (p.name[0] == '\0') {
        return SW_ERR_BUSY; /* the root, or . or .. */
    }
    if (p.file->names.count > 0) {
        return SW_ERR_NOT_EMPTY;
    }
    sim_names_change(v->disk, &(struct name_set){ p.dir, p.name, NULL }, 1);
    return SW_OK;
}

static int fs_unlink(void *self, const char *path)
{
    struct sim_disk_view *v = self;
    return v->dead ? SW_ERR_CRASHED
                   : sim_view_took(v, sim_view_latency(v), remove_now(v, path, false));
}

static int fs_rmdir(void *self, const char *path)
{
    struct sim_disk_view *v = self;
    return v->dead ? SW_ERR_CRASHED
                   : sim_view_took(v, sim_view_latency(v), remove_now(v, path, true));
}

/* May @from be renamed over @to (NULL: nothing there) in @dir? */
static int may_rename(const struct sim_disk_state *d, const struct inode *from,
                      const struct inode *to, const struct inode *dir)
{
    if (from->type == SW_FILE_DIRECTORY) {
        for (const struct inode *up = dir; up != d->root; up = up->parent) {
            if (up == from) {
                return SW_ERR_RANGE; /* into itself */
            }
        }
    }
    if (to == NULL) {
        return SW_OK;
    }
    if (from->type != SW_FILE_DIRECTORY) {
        return to->type == SW_FILE_DIRECTORY ? SW_ERR_IS_A_DIRECTORY : SW_OK;
    }
    if (to->type != SW_FILE_DIRECTORY) {
        return SW_ERR_NOT_A_DIRECTORY;
    }
    return to->names.count > 0 ? SW_ERR_NOT_EMPTY : SW_OK;
}

static int rename_now(struct sim_disk_view *v, const char *from, const char *to)
{
    struct place a;
    struct place b;
    int err = sim_disk_resolve(v->disk, from, false, &a);
    if (err == SW_OK) {
        err = a.file == NULL ? SW_ERR_NOTFOUND : sim_disk_resolve(v->disk, to, false, &b);
    }
    if (err != SW_OK) {
        return err;
    }
    if (a.name[0] == '\0' || b.name[0] == '\0') {
        return SW_ERR_BUSY;
    }
    err = may_rename(v->disk, a.file, b.file, b.dir);
    if (err != SW_OK || a.file == b.file) {
        return err;
    }
    const struct name_set sets[] = { { b.dir, b.name, a.file }, { a.dir, a.name, NULL } };
    sim_names_change(v->disk, sets, 2);
    return SW_OK;
}

static int fs_rename(void *self, const char *from, const char *to)
{
    struct sim_disk_view *v = self;
    return v->dead ? SW_ERR_CRASHED
                   : sim_view_took(v, sim_view_latency(v), rename_now(v, from, to));
}

static int64_t fs_readlink(void *self, const char *path, char *buf, size_t cap)
{
    struct sim_disk_view *v = self;
    if (v->dead || sim_view_take(v, 0) != SW_OK) {
        return SW_ERR_CRASHED;
    }
    struct place p;
    const int err = sim_disk_resolve(v->disk, path, false, &p);
    if (err != SW_OK) {
        return err;
    }
    if (p.file == NULL) {
        return SW_ERR_NOTFOUND;
    }
    if (p.file->type != SW_FILE_SYMLINK) {
        return SW_ERR_STATE;
    }
    const size_t len = strlen(p.file->target);
    const size_t n = len < cap ? len : cap;
    memcpy(buf, p.file->target, n);
    return (int64_t)n;
}

/* Give what is at @path new attributes, those that @set names. */
enum { SET_MODE = 1, SET_OWNER = 2, SET_TIME = 4 };
static int set_attributes(struct sim_disk_view *v, const char *path, unsigned set,
                          const struct attributes *to)
{
    if (v->dead) {
        return SW_ERR_CRASHED;
    }
    struct place p;
    int err = sim_disk_resolve(v->disk, path, set == SET_MODE, &p);
    if (err == SW_OK && p.file == NULL) {
        err = SW_ERR_NOTFOUND;
    }
    if (err == SW_OK) {
        struct attributes *now = &p.file->now;
        if (set == SET_MODE) {
            now->mode = to->mode & 07777;
        } else if (set == SET_OWNER) {
            now->uid = to->uid;
            now->gid = to->gid;
        } else {
            now->mtime = to->mtime;
        }
        if (p.file->type == SW_FILE_SYMLINK) {
            p.file->durable = *now; /* it can't be synced */
        }
    }
    return sim_view_took(v, 0, err);
}

static int fs_chmod(void *self, const char *path, uint32_t mode)
{
    return set_attributes(self, path, SET_MODE, &(struct attributes){ .mode = mode });
}

static int fs_chown(void *self, const char *path, uint32_t uid, uint32_t gid)
{
    return set_attributes(self, path, SET_OWNER, &(struct attributes){ .uid = uid, .gid = gid });
}

static int fs_utime(void *self, const char *path, sw_wall mtime)
{
    return set_attributes(self, path, SET_TIME, &(struct attributes){ .mtime = mtime });
}

static int fs_free_space(void *self, const char *path, uint64_t *bytes)
{
    struct sim_disk_view *v = self;
    if (v->dead || sim_view_take(v, 0) != SW_OK) {
        return SW_ERR_CRASHED;
    }
    struct place p;
    const int err = sim_disk_resolve(v->disk, path, true, &p);
    if (err != SW_OK) {
        return err;
    }
    if (p.file == NULL) {
        return SW_ERR_NOTFOUND;
    }
    const struct sim_disk_state *d = v->disk;
    if (d->full) {
        *bytes = 0;
    } else if (d->model.capacity == 0) {
        *bytes = INT64_MAX;
    } else {
        *bytes = d->model.capacity > d->used ? d->model.capacity - d->used : 0;
    }
    return SW_OK;
}

void sim_disk_name_calls(struct sw_fs *fs)
{
    fs->fsync_dir = fs_fsync_dir;
    fs->sync = fs_sync;
    fs->lstat = fs_lstat;
    fs->list = fs_list;
    fs->mkdir = fs_mkdir;
    fs->rmdir = fs_rmdir;
    fs->rename = fs_rename;
    fs->unlink = fs_unlink;
    fs->readlink = fs_readlink;
    fs->symlink = fs_symlink;
    fs->link = fs_link;
    fs->chmod = fs_chmod;
    fs->chown = fs_chown;
    fs->utime = fs_utime;
    fs->free_space = fs_free_space;
}

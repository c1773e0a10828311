/* SPDX-License-Identifier: GPL-3.0-or-later
 * A virtual disk as the world holds it: made, wiped, filled and looked at from outside. */
#define _GNU_SOURCE /* memrchr */
#include "sim/world/disk.h"

#include <stdlib.h>
#include <string.h>

#include "node/base/bug.h"
#include "node/base/err.h"
#include "sim/world/disk_internal.h"

static void make_root(struct sim_disk_state *d)
{
    d->root = sim_inode_new(d, SW_FILE_DIRECTORY, 0755);
    d->root->parent = d->root;
    d->root->links = 1;
    sim_inode_ref(d->root);
    sim_inode_account(d, d->root);
}

static void drop_root(struct sim_disk_state *d)
{
    sim_log_clear(d);
    d->root->links = 0;
    sim_inode_account(d, d->root);
    sim_inode_unref(d, d->root);
}

struct sim_disk_state *sim_disk_new(struct sim_engine *e, const struct sim_disk *model,
                                    uint64_t seed, const char *name)
{
    struct sim_disk_state *d = calloc(1, sizeof *d);
    if (d == NULL) {
        sim_out_of_memory("a virtual disk");
    }
    d->engine = e;
    d->model = *model;
    d->slow = 1;
    sw_rng_init(&d->faults, sw_rng_key(seed, "disk crash", name));
    d->sectors = sw_rng_key(seed, "unreadable sectors", name);
    sw_rng_init(&d->jitter, sw_rng_key(seed, "disk interleaving", name));
    make_root(d);
    return d;
}

void sim_disk_free(struct sim_disk_state *d)
{
    if (d == NULL) {
        return;
    }
    sim_disk_detach(d);
    drop_root(d);
    SW_ASSERT(d->oldest == NULL && d->used == 0); /* else a fibre still waits in an fsync */
    while (d->views != NULL) {
        struct sim_disk_view *v = d->views;
        d->views = v->next;
        free(v);
    }
    free(d->log);
    free(d);
}

void sim_disk_set_epoch(struct sim_disk_state *d, sw_wall epoch)
{
    d->epoch = epoch;
}

/* A fibre that waits in the sync of a folder keeps that folder, and its bytes counted, until it
 * notices. */
void sim_disk_wipe(struct sim_disk_state *d)
{
    sim_disk_detach(d);
    drop_root(d);
    make_root(d);
    d->full = false;
}

void sim_disk_slow(struct sim_disk_state *d, double factor)
{
    SW_ASSERT(factor > 0);
    d->slow = factor;
}

void sim_disk_lie(struct sim_disk_state *d, bool lies)
{
    d->lies = lies;
}

/* Make every missing folder above the last name of @path. */
static int make_folders(struct sim_disk_state *d, const char *path)
{
    char part[SIM_PATH_MAX];
    if (strlen(path) >= sizeof part) {
        return SW_ERR_RANGE;
    }
    for (const char *end = strchr(path, '/'); end != NULL; end = strchr(end + 1, '/')) {
        memcpy(part, path, (size_t)(end - path));
        part[end - path] = '\0';
        struct place p;
        const int err = sim_disk_resolve(d, part, true, &p);
        if (err != SW_OK) {
            return err;
        }
        if (p.file == NULL) {
            struct inode *dir = sim_inode_new(d, SW_FILE_DIRECTORY, 0755);
            sim_names_change(d, &(struct name_set){ p.dir, p.name, dir }, 1);
        }
        sim_names_sync(d, p.dir, UINT64_MAX);
    }
    return SW_OK;
}

int sim_disk_put(struct sim_disk_state *d, const char *path, struct sw_bytes content, uint32_t mode)
{
    int err = make_folders(d, path);
    if (err != SW_OK) {
        return err;
    }
    struct place p;
    err = sim_disk_resolve(d, path, true, &p);
    if (err != SW_OK) {
        return err;
    }
    if (p.file != NULL && p.file->type != SW_FILE_REGULAR) {
        return SW_ERR_IS_A_DIRECTORY;
    }
    const uint64_t had = p.file == NULL ? 0 : p.file->size;
    if (d->model.capacity != 0 && d->used - had + content.len > d->model.capacity) {
        return SW_ERR_FULL;
    }
    if (p.file == NULL) {
        p.file = sim_inode_new(d, SW_FILE_REGULAR, mode);
        sim_names_change(d, &(struct name_set){ p.dir, p.name, p.file }, 1);
    }
    sim_names_sync(d, p.dir, UINT64_MAX);
    err = sim_file_truncate(d, p.file, 0);
    if (err == SW_OK) {
        err = sim_file_write(d, p.file, content.data, content.len, 0);
    }
    sim_file_sync(p.file, UINT64_MAX);
    p.file->now.mode = mode & 07777;
    p.file->durable = p.file->now;
    return err;
}

int sim_disk_get(const struct sim_disk_state *d, const char *path, struct sw_bytes *content)
{
    struct place p;
    const int err = sim_disk_resolve(d, path, true, &p);
    if (err != SW_OK) {
        return err;
    }
    if (p.file == NULL) {
        return SW_ERR_NOTFOUND;
    }
    if (p.file->type != SW_FILE_REGULAR) {
        return SW_ERR_IS_A_DIRECTORY;
    }
    *content = (struct sw_bytes){ p.file->data, p.file->size };
    return SW_OK;
}

/* Append "/" and @name to the @len bytes of @path; the new length, 0 when it does not fit. */
static size_t descend(char path[SIM_PATH_MAX], size_t len, struct sw_bytes name)
{
    if (len + 1 + name.len >= SIM_PATH_MAX) {
        return 0;
    }
    if (len > 0 && path[len - 1] != '/') {
        path[len++] = '/';
    }
    memcpy(path + len, name.data, name.len);
    path[len + name.len] = '\0';
    return len + name.len;
}

/* Walk the tree below @top, whose path is @path. */
static int walk(const struct inode *top, char path[SIM_PATH_MAX],
                int (*each)(void *arg, const char *path, struct sw_bytes content,
                            const struct sw_stat *st),
                void *arg)
{
    const struct inode *dir = top;
    const size_t base = strlen(path);
    size_t len = base;
    char last[SIM_NAME_MAX + 1]; /* the name seen last in @dir */
    struct sw_bytes after = { (const uint8_t *)last, 0 };
    for (;;) {
        struct sw_bytes key;
        const struct inode *i = sw_map_next(&dir->names, &after, &key);
        if (i == NULL) {
            if (dir == top) {
                return SW_OK;
            }
            /* Go on in the parent, behind this folder's name. */
            const char *slash = memrchr(path, '/', len);
            const char *name = slash == NULL ? path : slash + 1;
            after.len = (size_t)(path + len - name);
            memcpy(last, name, after.len);
            dir = dir->parent;
            len = dir == top ? base : (size_t)(slash - path);
            continue;
        }
        const size_t end = descend(path, len, key);
        if (end == 0) {
            return SW_ERR_RANGE;
        }
        if (i->type == SW_FILE_DIRECTORY) {
            dir = i;
            len = end;
            after.len = 0;
            continue;
        }
        memcpy(last, key.data, key.len);
        after.len = key.len;
        if (i->type == SW_FILE_REGULAR) {
            struct sw_stat st;
            sim_inode_stat(i, &st);
            const int stop = each(arg, path, (struct sw_bytes){ i->data, i->size }, &st);
            if (stop != 0) {
                return stop;
            }
        }
    }
}

int sim_disk_each(const struct sim_disk_state *d, const char *path,
                  int (*each)(void *arg, const char *path, struct sw_bytes content,
                              const struct sw_stat *st),
                  void *arg)
{
    struct place p;
    const int err = sim_disk_resolve(d, path, true, &p);
    if (err != SW_OK) {
        return err;
    }
    if (p.file == NULL) {
        return SW_ERR_NOTFOUND;
    }
    if (p.file->type != SW_FILE_DIRECTORY) {
        return SW_ERR_NOT_A_DIRECTORY;
    }
    char work[SIM_PATH_MAX];
    memcpy(work, path, strlen(path) + 1); /* resolved: it is short enough */
    return walk(p.file, work, each, arg);
}

uint64_t sim_disk_used(const struct sim_disk_state *d)
{
    return d->used;
}

void sim_disk_fill(struct sim_disk_state *d, bool full)
{
    d->full = full;
}

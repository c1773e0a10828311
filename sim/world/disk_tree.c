/* SPDX-License-Identifier: GPL-3.0-or-later
 * The virtual disk's tree: inodes and their lifetime, names, path resolution. */
#define _POSIX_C_SOURCE 200809L /* strdup */
#include <stdlib.h>
#include <string.h>

#include "node/base/bug.h"
#include "node/base/err.h"
#include "sim/world/disk_internal.h"

enum { MAX_SYMLINKS = 40 };

sw_wall sim_disk_wall(const struct sim_disk_state *d)
{
    return d->epoch + (sw_wall)sim_now(d->engine);
}

struct inode *sim_inode_new(struct sim_disk_state *d, enum sw_file_type type, uint32_t mode)
{
    struct inode *i = calloc(1, sizeof *i);
    if (i == NULL) {
        sim_out_of_memory("a virtual file");
    }
    i->number = ++d->inodes;
    i->type = type;
    i->now = (struct attributes){ .mode = mode & 07777, .mtime = sim_disk_wall(d) };
    i->durable = i->now;
    i->older = d->newest;
    *(d->newest != NULL ? &d->newest->newer : &d->oldest) = i;
    d->newest = i;
    return i;
}

void sim_inode_ref(struct inode *i)
{
    i->refs++;
}

void sim_inode_account(struct sim_disk_state *d, struct inode *i)
{
    const bool counts = i->links > 0 || i->opens > 0;
    if (counts && !i->counted) {
        d->used += i->size;
    } else if (!counts && i->counted) {
        d->used -= i->size;
    }
    i->counted = counts;
}

void sim_inode_stat(const struct inode *i, struct sw_stat *out)
{
    *out = (struct sw_stat){
        .type = i->type,
        .size = i->type == SW_FILE_SYMLINK ? strlen(i->target) : i->size,
        .mode = i->now.mode,
        .uid = i->now.uid,
        .gid = i->now.gid,
        .inode = i->number,
        .links = i->links,
        .mtime = i->now.mtime,
    };
}

/* One reference less; the last one takes it off the disk's list, for bury. */
static void drop(struct sim_disk_state *d, struct inode *i)
{
    SW_ASSERT(i->refs > 0);
    if (--i->refs > 0) {
        return;
    }
    SW_ASSERT(!i->counted);
    *(i->older != NULL ? &i->older->newer : &d->oldest) = i->newer;
    *(i->newer != NULL ? &i->newer->older : &d->newest) = i->older;
    i->newer = d->dying;
    d->dying = i;
}

/* One name less, in the map of the present or of what is durable. */
static void lose_name(struct sim_disk_state *d, struct inode *i, bool now)
{
    if (now) {
        i->links--;
        sim_inode_account(d, i);
    }
    drop(d, i);
}

/* Unbind every name of @map, which is one of @dir's. */
static void clear_names(struct sim_disk_state *d, struct inode *dir, struct sw_map *map)
{
    struct sw_bytes key;
    struct inode *i;
    while ((i = sw_map_next(map, NULL, &key)) != NULL) {
        uint8_t name[SIM_NAME_MAX]; /* the key goes with its node */
        memcpy(name, key.data, key.len);
        (void)sw_map_del(map, (struct sw_bytes){ name, key.len });
        lose_name(d, i, map == &dir->names);
    }
    sw_map_fini(map);
}

/* Free what has no reference any more, and what only that referred to. */
static void bury(struct sim_disk_state *d)
{
    while (d->dying != NULL) {
        struct inode *i = d->dying;
        d->dying = i->newer;
        clear_names(d, i, &i->names);
        clear_names(d, i, &i->durable_names);
        sim_file_clear(i);
        free(i->target);
        free(i);
    }
}

void sim_inode_unref(struct sim_disk_state *d, struct inode *i)
{
    drop(d, i);
    bury(d);
}

static struct sw_bytes key_of(const char *name)
{
    return (struct sw_bytes){ (const uint8_t *)name, strlen(name) };
}

void sim_name_put(struct sim_disk_state *d, struct inode *dir, struct sw_map *map, const char *name,
                  struct inode *to)
{
    const bool now = map == &dir->names;
    void *old = NULL;
    if (to != NULL) {
        sim_inode_ref(to);
        if (now) {
            to->links++;
            sim_inode_account(d, to);
        }
        if (sw_map_put(map, key_of(name), to, &old) != SW_OK) {
            sim_out_of_memory("a virtual folder");
        }
    } else {
        old = sw_map_del(map, key_of(name));
    }
    if (now) {
        dir->now.mtime = sim_disk_wall(d);
        if (to != NULL && to->type == SW_FILE_DIRECTORY) {
            to->parent = dir;
        }
    }
    if (old != NULL) {
        lose_name(d, old, now);
        bury(d);
    }
}

void sim_names_change(struct sim_disk_state *d, const struct name_set *sets, unsigned n)
{
    if (d->n_log == d->log_cap) {
        const size_t cap = d->log_cap == 0 ? 16 : 2 * d->log_cap;
        struct name_op *log = realloc(d->log, cap * sizeof *log);
        if (log == NULL) {
            sim_out_of_memory("a virtual disk's log");
        }
        d->log = log;
        d->log_cap = cap;
    }
    struct name_op *op = &d->log[d->n_log++];
    *op = (struct name_op){ .number = ++d->changes, .n = n };
    for (unsigned i = 0; i < n; i++) {
        op->set[i] = sets[i];
        op->set[i].name = strdup(sets[i].name);
        if (op->set[i].name == NULL) {
            sim_out_of_memory("a virtual disk's log");
        }
        sim_inode_ref(sets[i].dir);
        if (sets[i].to != NULL) {
            sim_inode_ref(sets[i].to);
        }
    }
    for (unsigned i = 0; i < n; i++) {
        sim_name_put(d, sets[i].dir, &sets[i].dir->names, sets[i].name, sets[i].to);
    }
}

/* Cut the next name off @path into @name; its length, 0 at the end, negative when too long. */
static int next_name(const char **path, char name[SIM_NAME_MAX + 1])
{
    while (**path == '/') {
        (*path)++;
    }
    const size_t len = strcspn(*path, "/");
    if (len > SIM_NAME_MAX) {
        return SW_ERR_RANGE;
    }
    memcpy(name, *path, len);
    name[len] = '\0';
    *path += len;
    return (int)len;
}

/* Replace @path by @link's target and what is left of the path. */
static int expand(char path[SIM_PATH_MAX], const struct inode *link, const char *rest)
{
    const size_t target = strlen(link->target);
    const size_t left = strlen(rest);
    if (target + left + 1 >= SIM_PATH_MAX) {
        return SW_ERR_RANGE;
    }
    memmove(path + target + 1, rest, left + 1);
    memcpy(path, link->target, target);
    path[target] = '/';
    return SW_OK;
}

int sim_disk_resolve(const struct sim_disk_state *d, const char *path, bool follow,
                     struct place *out)
{
    char work[SIM_PATH_MAX];
    if (strlen(path) >= sizeof work) {
        return SW_ERR_RANGE;
    }
    memcpy(work, path, strlen(path) + 1);
    const char *rest = work;
    unsigned symlinks = 0;
    *out = (struct place){ .dir = d->root, .file = d->root };
    for (;;) {
        char name[SIM_NAME_MAX + 1];
        const int len = next_name(&rest, name);
        if (len <= 0) {
            return len;
        }
        if (out->file == NULL) {
            return SW_ERR_NOTFOUND;
        }
        if (out->file->type != SW_FILE_DIRECTORY) {
            return SW_ERR_NOT_A_DIRECTORY;
        }
        struct inode *dir = out->file;
        if (strcmp(name, ".") == 0) {
            continue;
        }
        if (strcmp(name, "..") == 0) {
            *out = (struct place){ .dir = dir->parent, .file = dir->parent };
            continue;
        }
        struct inode *file = sw_map_get(&dir->names, key_of(name));
        const bool last = rest[strspn(rest, "/")] == '\0';
        if (file != NULL && file->type == SW_FILE_SYMLINK && (follow || !last)) {
            if (++symlinks > MAX_SYMLINKS) {
                return SW_ERR_LOOP;
            }
            const int err = expand(work, file, rest);
            if (err != SW_OK) {
                return err;
            }
            rest = work;
            *out = (struct place){ .file = work[0] == '/' ? d->root : dir };
            out->dir = out->file;
            continue;
        }
        *out = (struct place){ .dir = dir, .file = file };
        memcpy(out->name, name, (size_t)len + 1);
    }
}

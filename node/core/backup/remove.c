/* SPDX-License-Identifier: GPL-3.0-or-later
 * Depth first by an explicit stack of the names still to do. */
#include "node/core/backup/remove.h"

#include "node/base/buf.h"
#include "node/base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_CAP 8192
#define DEPTH_MAX 1100

struct level {
    struct sw_blob names; /* each ended by a NUL */
    size_t at;
    size_t path_len;
};

struct removal {
    const struct sw_fs *fs;
    char path[PATH_CAP];
    size_t depth;
    struct level levels[DEPTH_MAX];
};

static int note_name(void *arg, const char *name)
{
    struct sw_blob *names = arg;
    return sw_blob_append(names, name, strlen(name) + 1);
}

static int push(struct removal *v)
{
    if (v->depth == DEPTH_MAX) {
        return SW_ERR_RANGE;
    }
    struct level *l = &v->levels[v->depth];
    *l = (struct level){ .path_len = strlen(v->path) };
    const int err = v->fs->list(v->fs->self, v->path, note_name, &l->names);
    if (err != SW_OK) {
        sw_blob_fini(&l->names);
        return err;
    }
    v->depth++;
    return SW_OK;
}

static int step(struct removal *v)
{
    struct level *l = &v->levels[v->depth - 1];
    struct sw_stat st;
    v->path[l->path_len] = '\0';
    if (l->at == l->names.len) {
        sw_blob_fini(&l->names);
        v->depth--;
        return v->fs->rmdir(v->fs->self, v->path);
    }
    const char *name = (const char *)l->names.data + l->at;
    const size_t len = strlen(name);
    l->at += len + 1;
    if (l->path_len + len + 2 > PATH_CAP) {
        return SW_ERR_RANGE;
    }
    v->path[l->path_len] = '/';
    memcpy(v->path + l->path_len + 1, name, len + 1);
    const int err = v->fs->lstat(v->fs->self, v->path, &st);
    if (err != SW_OK) {
        return err;
    }
    return st.type == SW_FILE_DIRECTORY ? push(v) : v->fs->unlink(v->fs->self, v->path);
}

int sw_remove_tree(const struct sw_fs *fs, const char *path)
{
    const size_t len = strlen(path);
    struct removal *v = len < PATH_CAP ? malloc(sizeof *v) : NULL;
    if (v == NULL) {
        return len < PATH_CAP ? SW_ERR_NOMEM : SW_ERR_RANGE;
    }
    v->fs = fs;
    v->depth = 0;
    memcpy(v->path, path, len + 1);
    int err = push(v);
    if (err == SW_ERR_NOTFOUND) {
        free(v);
        return SW_OK;
    }
    while (err == SW_OK && v->depth > 0) {
        err = step(v);
    }
    while (v->depth > 0) {
        sw_blob_fini(&v->levels[--v->depth].names);
    }
    free(v);
    return err;
}

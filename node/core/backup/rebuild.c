/* SPDX-License-Identifier: GPL-3.0-or-later
 * From records to what a batch is made of; the staging folder, and how what is in it gets its
 * place. */
#include "node/core/backup/rebuild.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/base/bug.h"
#include "node/base/err.h"
#include "node/core/backup/rebuild_inside.h"
#include "node/core/backup/remove.h"
#include "node/core/buggify.h"

bool sw_rebuild_fatal(int err)
{
    return err == SW_ERR_FULL || err == SW_ERR_NOMEM || err == SW_ERR_CRASHED;
}

int sw_rebuild_at(struct sw_rebuild *b, const char *relative)
{
    const size_t len = strlen(relative);
    b->path[b->stage_len] = '\0';
    if (b->stage_len + 1 + len + 1 > REBUILD_PATH_CAP) {
        return SW_ERR_RANGE;
    }
    if (len > 0) {
        b->path[b->stage_len] = '/';
        memcpy(b->path + b->stage_len + 1, relative, len + 1);
    }
    return SW_OK;
}

int sw_rebuild_damage(struct sw_rebuild *b, const char *path, int reason)
{
    struct sw_rebuild_counts *c = &b->counts;
    if (c->n_damaged == SW_DAMAGED_MAX) {
        c->more_damaged++;
        return SW_OK;
    }
    const size_t len = strlen(path) + strlen(sw_strerror(reason)) + 3;
    char *text = malloc(len);
    if (text == NULL) {
        return SW_ERR_NOMEM;
    }
    (void)snprintf(text, len, "%s: %s", path, sw_strerror(reason));
    c->damaged[c->n_damaged++] = text;
    return SW_OK;
}

/* In that order: chown clears set-user-id bits.  Who may not give files away keeps them, without
 * those bits: that is no error. */
int sw_rebuild_dress(struct sw_rebuild *b, const struct sw_rebuild_meta *m, bool is_link)
{
    int err = b->fs->chown(b->fs->self, b->path, m->uid, m->gid);
    const uint32_t mode = err == SW_ERR_DENIED ? m->mode & 0777 : m->mode;
    err = err == SW_ERR_DENIED ? SW_OK : err;
    if (err == SW_OK && !is_link) {
        err = b->fs->chmod(b->fs->self, b->path, mode);
    }
    return err == SW_OK ? b->fs->utime(b->fs->self, b->path, m->mtime) : err;
}

int sw_rebuild_text(struct sw_blob *text, const char *s, size_t *where)
{
    *where = text->len;
    return sw_blob_append(text, s, strlen(s) + 1);
}

/* ---- records ---- */

static int flush_when_full(struct sw_rebuild *b)
{
    const bool full = SW_BUGGIFY(b->host->buggify, batch_early) || b->n_files >= REBUILD_FILES ||
                      b->n_folders >= REBUILD_FILES || b->n_refs >= REBUILD_REFS ||
                      b->text.len >= REBUILD_TEXT;
    return full ? sw_rebuild_flush(b) : SW_OK;
}

static void file_complete(struct sw_rebuild *b)
{
    if (b->n_files > 0) {
        b->files[b->n_files - 1].complete = true;
    }
}

static struct sw_rebuild_meta meta_of(const struct sw_tree_record *r)
{
    return (struct sw_rebuild_meta){ r->mode, r->uid, r->gid, r->mtime };
}

static int on_folder(struct sw_rebuild *b, const struct sw_tree_record *r, const char *path)
{
    SW_ASSERT(b->depth < SW_TREE_DEPTH_MAX);
    b->open[b->depth++] = meta_of(r);
    if (b->depth == 1) {
        return SW_OK; /* the target itself */
    }
    int err = sw_rebuild_at(b, path);
    if (err == SW_OK) {
        err = b->fs->mkdir(b->fs->self, b->path, REBUILD_FOLDER_MODE);
    }
    return err == SW_OK || sw_rebuild_fatal(err) ? err : sw_rebuild_damage(b, path, err);
}

/* @path is the folder that is complete now. */
static int on_up(struct sw_rebuild *b, const char *path)
{
    struct sw_rebuild_folder f = { .meta = b->open[--b->depth] };
    if (b->depth == 0) {
        b->root = f.meta;
        return SW_OK;
    }
    if (b->depth > 1) {
        const int err = sw_rebuild_text(&b->text, path, &f.path);
        if (err == SW_OK) {
            b->folders[b->n_folders++] = f;
        }
        return err;
    }
    const int err = sw_rebuild_text(&b->top_text, path, &f.path);
    return err == SW_OK ? sw_blob_append(&b->tops, &f, sizeof f) : err;
}

static int on_file(struct sw_rebuild *b, const struct sw_tree_record *r, const char *path)
{
    struct sw_rebuild_file f = { .meta = meta_of(r) };
    const int err = sw_rebuild_text(&b->text, path, &f.path);
    if (err == SW_OK) {
        b->files[b->n_files++] = f;
    }
    return err;
}

static int on_chunks(struct sw_rebuild *b, const struct sw_tree_record *r)
{
    const uint32_t number = (uint32_t)(b->n_files - 1);
    struct sw_rebuild_file *f = &b->files[number];
    for (size_t i = 0; i < r->n_refs; i++) {
        const size_t where = sw_catalog_find(b->catalog, &r->refs[i].id);
        if (where == SIZE_MAX || b->catalog->locations[where].len != r->refs[i].len) {
            f->damage = f->damage == SW_OK ? SW_ERR_NOTFOUND : f->damage;
        } else {
            b->refs[b->n_refs++] = (struct sw_rebuild_ref){ (uint32_t)where, number, f->size };
            f->owed++;
        }
        f->size += r->refs[i].len;
    }
    return SW_OK;
}

static int on_link(struct sw_rebuild *b, const struct sw_tree_record *r, const char *path)
{
    const struct sw_rebuild_meta m = meta_of(r);
    int err = sw_rebuild_at(b, path);
    if (err == SW_OK) {
        err = b->fs->symlink(b->fs->self, r->target, b->path);
    }
    if (err == SW_OK) {
        err = sw_rebuild_dress(b, &m, true);
    }
    return err == SW_OK || sw_rebuild_fatal(err) ? err : sw_rebuild_damage(b, path, err);
}

int sw_rebuild_record(struct sw_rebuild *b, const struct sw_tree_record *r, const char *path)
{
    const bool in_file = r->kind == SW_TREE_CHUNKS || r->kind == SW_TREE_BROKEN;
    if (!in_file) {
        file_complete(b);
    }
    const int err = flush_when_full(b);
    if (err != SW_OK) {
        return err;
    }
    switch (r->kind) {
    case SW_TREE_FOLDER:
        return on_folder(b, r, path);
    case SW_TREE_UP:
        return on_up(b, path);
    case SW_TREE_FILE:
        return on_file(b, r, path);
    case SW_TREE_CHUNKS:
        return on_chunks(b, r);
    case SW_TREE_BROKEN:
        b->files[b->n_files - 1].damage = r->reason;
        return SW_OK;
    case SW_TREE_LINK:
        return on_link(b, r, path);
    case SW_TREE_SKIPPED: /* pipes, sockets and devices were never meant to be there */
        return r->reason == SW_ERR_UNSUPPORTED ? SW_OK : sw_rebuild_damage(b, path, r->reason);
    case SW_TREE_START:
    case SW_TREE_END:
        break;
    }
    return SW_OK;
}

/* ---- begin and end ---- */

static int note_name(void *arg, const char *name)
{
    struct sw_blob *names = arg;
    return sw_blob_append(names, name, strlen(name) + 1);
}

/* The target is there, and empty but for our own staging folder. */
static int check_target(struct sw_rebuild *b)
{
    struct sw_blob names = { 0 };
    struct sw_stat st;
    b->path[b->target_len] = '\0';
    int err = b->fs->lstat(b->fs->self, b->path, &st);
    if (err == SW_ERR_NOTFOUND) {
        err = b->fs->mkdir(b->fs->self, b->path, REBUILD_FOLDER_MODE);
        b->path[b->target_len] = '/';
        return err;
    }
    if (err == SW_OK && st.type != SW_FILE_DIRECTORY) {
        err = SW_ERR_NOT_A_DIRECTORY;
    }
    if (err == SW_OK) {
        err = b->fs->list(b->fs->self, b->path, note_name, &names);
    }
    b->path[b->target_len] = '/';
    const char *ours = b->path + b->target_len + 1;
    for (size_t i = 0; err == SW_OK && i < names.len;
         i += strlen(sw_rebuild_text_at(&names, i)) + 1) {
        err = strcmp(sw_rebuild_text_at(&names, i), ours) == 0 ? SW_OK : SW_ERR_NOT_EMPTY;
    }
    sw_blob_fini(&names);
    return err == SW_OK ? sw_remove_tree(b->fs, b->path) : err;
}

static int start(struct sw_rebuild *b, const char *target, const char *tag)
{
    b->target_len = strlen(target);
    while (b->target_len > 1 && target[b->target_len - 1] == '/') {
        b->target_len--;
    }
    const int n =
        snprintf(b->path, REBUILD_PATH_CAP, "%.*s/.restore-%s", (int)b->target_len, target, tag);
    if (b->target_len == 0 || n < 0 || n >= REBUILD_PATH_CAP / 2) {
        return SW_ERR_RANGE;
    }
    b->stage_len = (size_t)n;
    const int err = check_target(b);
    return err == SW_OK ? b->fs->mkdir(b->fs->self, b->path, REBUILD_FOLDER_MODE) : err;
}

int sw_rebuild_new(const struct sw_job_host *host, struct sw_catalog *catalog, const char *target,
                   const char *tag, struct sw_rebuild **out)
{
    struct sw_rebuild *b = calloc(1, sizeof *b);
    if (b == NULL) {
        return SW_ERR_NOMEM;
    }
    b->host = host;
    b->fs = host->fs;
    b->catalog = catalog;
    b->one_sync = host->fs->sync != NULL;
    b->fd = -1;
    b->path = calloc(1, REBUILD_PATH_CAP);
    b->files = malloc(REBUILD_FILES * sizeof *b->files);
    b->refs = malloc((REBUILD_REFS + SW_TREE_REFS_MAX) * sizeof *b->refs);
    b->folders = malloc(REBUILD_FILES * sizeof *b->folders);
    b->open = malloc(SW_TREE_DEPTH_MAX * sizeof *b->open);
    b->counts.damaged = calloc(SW_DAMAGED_MAX, sizeof(char *));
    int err = b->path == NULL || b->files == NULL || b->refs == NULL || b->folders == NULL ||
                      b->open == NULL || b->counts.damaged == NULL
                  ? SW_ERR_NOMEM
                  : start(b, target, tag);
    if (err != SW_OK) {
        b->stage_len = 0; /* not ours */
        sw_rebuild_free(b);
        return err;
    }
    *out = b;
    return SW_OK;
}

static const struct sw_rebuild_folder *tops(const struct sw_rebuild *b, size_t *n)
{
    *n = b->tops.len / sizeof(struct sw_rebuild_folder);
    return (const struct sw_rebuild_folder *)(const void *)b->tops.data;
}

/* All that is in the staging folder, on disk. */
static int sync_stage(struct sw_rebuild *b)
{
    size_t n = 0;
    const struct sw_rebuild_folder *v = tops(b, &n);
    int err = sw_rebuild_at(b, "");
    if (b->one_sync) {
        return err == SW_OK ? b->fs->sync(b->fs->self, b->path) : err;
    }
    for (size_t i = 0; err == SW_OK && i < n; i++) {
        err = sw_rebuild_at(b, sw_rebuild_text_at(&b->top_text, v[i].path));
        if (err == SW_OK) {
            err = b->fs->fsync_dir(b->fs->self, b->path);
        }
    }
    if (err == SW_OK) {
        err = sw_rebuild_at(b, "");
    }
    return err == SW_OK ? b->fs->fsync_dir(b->fs->self, b->path) : err;
}

/* Move every entry of the staging folder into the target. */
static int move_up(struct sw_rebuild *b)
{
    struct sw_blob names = { 0 };
    char *to = malloc(REBUILD_PATH_CAP);
    int err = to == NULL ? SW_ERR_NOMEM : sw_rebuild_at(b, "");
    if (err == SW_OK) {
        err = b->fs->list(b->fs->self, b->path, note_name, &names);
    }
    for (size_t i = 0; err == SW_OK && i < names.len;
         i += strlen(sw_rebuild_text_at(&names, i)) + 1) {
        const char *name = sw_rebuild_text_at(&names, i);
        err = sw_rebuild_at(b, name);
        if (err == SW_OK) {
            (void)snprintf(to, REBUILD_PATH_CAP, "%.*s/%s", (int)b->target_len, b->path, name);
            err = b->fs->rename(b->fs->self, b->path, to);
        }
    }
    sw_blob_fini(&names);
    free(to);
    return err;
}

/* Paths are the target's from here on. */
static int dress_target(struct sw_rebuild *b)
{
    size_t n = 0;
    const struct sw_rebuild_folder *v = tops(b, &n);
    b->stage_len = b->target_len;
    int err = sw_rebuild_settle(b, v, n, &b->top_text);
    if (err == SW_OK) {
        err = sw_rebuild_at(b, "");
    }
    return err == SW_OK ? sw_rebuild_settle_one(b, &b->root) : err;
}

/* What was moved and dressed, and the target's own name. */
static int sync_end(struct sw_rebuild *b)
{
    (void)sw_rebuild_at(b, "");
    if (b->one_sync) {
        return b->fs->sync(b->fs->self, b->path);
    }
    char *slash = strrchr(b->path, '/');
    if (slash == NULL) {
        return b->fs->fsync_dir(b->fs->self, ".");
    }
    slash[slash == b->path ? 1 : 0] = '\0';
    return b->fs->fsync_dir(b->fs->self, b->path);
}

int sw_rebuild_finish(struct sw_rebuild *b)
{
    file_complete(b);
    int err = sw_rebuild_flush(b);
    if (err == SW_OK) {
        err = sync_stage(b);
    }
    if (err == SW_OK) {
        err = move_up(b);
    }
    if (err == SW_OK) {
        err = sw_rebuild_at(b, "");
    }
    if (err == SW_OK) {
        err = b->fs->rmdir(b->fs->self, b->path);
    }
    if (err == SW_OK) {
        b->finished = true;
        err = dress_target(b);
    }
    return err == SW_OK ? sync_end(b) : err;
}

void sw_rebuild_free(struct sw_rebuild *b)
{
    if (b == NULL) {
        return;
    }
    if (b->stage_len > 0 && !b->finished) {
        (void)sw_rebuild_close(b, false);
        (void)sw_rebuild_at(b, "");
        (void)sw_remove_tree(b->fs, b->path);
    }
    for (size_t i = 0; b->counts.damaged != NULL && i < b->counts.n_damaged; i++) {
        free(b->counts.damaged[i]);
    }
    free(b->counts.damaged);
    sw_blob_fini(&b->text);
    sw_blob_fini(&b->tops);
    sw_blob_fini(&b->top_text);
    free(b->path);
    free(b->files);
    free(b->refs);
    free(b->folders);
    free(b->open);
    free(b);
}

const struct sw_rebuild_counts *sw_rebuild_counts(const struct sw_rebuild *b)
{
    return &b->counts;
}

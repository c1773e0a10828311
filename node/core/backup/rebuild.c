/* SPDX-License-Identifier: GPL-3.0-or-later
 * Batches: files and the places their chunks go to are gathered up to a limit, then served in
 * the order of the packs.  Memory stays bounded whatever the tree. */
#include "node/core/backup/rebuild.h"

#include "node/base/bug.h"
#include "node/base/err.h"
#include "node/core/backup/remove.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_CAP 8192
#define BATCH_FILES 16384
#define BATCH_REFS 131072
#define BATCH_TEXT (2 * SW_MIB)
#define FILE_MODE 0600
#define FOLDER_MODE 0700

struct meta {
    uint32_t mode, uid, gid;
    sw_wall mtime;
};

struct file {
    size_t path; /* in the text */
    struct meta meta;
    uint64_t size;
    uint32_t owed; /* references not yet written */
    bool created;
    bool complete; /* all of its references are known */
    bool done;
    int damage; /* enum sw_err, 0 while it is well */
};

struct ref {
    uint32_t location, file;
    uint64_t offset;
};

/* A folder whose content is complete: what is left is to sync it and dress it. */
struct folder {
    size_t path;
    struct meta meta;
};

struct sw_rebuild {
    const struct sw_job_host *host;
    const struct sw_fs *fs;
    struct sw_catalog *catalog;
    char *path;       /* PATH_CAP: the staging folder, then what is being worked on */
    size_t stage_len; /* of the staging folder's path */
    size_t target_len;
    bool finished;

    struct file *files;
    size_t n_files;
    struct ref *refs;
    size_t n_refs;
    struct folder *folders;
    size_t n_folders;
    struct sw_blob text;
    struct sw_blob tops; /* struct folder of those in the staging folder itself: dressed last */
    struct sw_blob top_text;

    struct meta *open; /* of the folders being read, SW_TREE_DEPTH_MAX */
    size_t depth;
    struct meta root;

    int fd; /* of files[fd_file], -1 when none */
    uint32_t fd_file;
    struct sw_rebuild_counts counts;
};

static bool fatal(int err)
{
    return err == SW_ERR_FULL || err == SW_ERR_NOMEM || err == SW_ERR_CRASHED;
}

/* Set b->path to the staging folder's @relative.  Errors: SW_ERR_RANGE. */
static int at(struct sw_rebuild *b, const char *relative)
{
    const size_t len = strlen(relative);
    b->path[b->stage_len] = '\0';
    if (b->stage_len + 1 + len + 1 > PATH_CAP) {
        return SW_ERR_RANGE;
    }
    if (len > 0) {
        b->path[b->stage_len] = '/';
        memcpy(b->path + b->stage_len + 1, relative, len + 1);
    }
    return SW_OK;
}

static int list_damage(struct sw_rebuild *b, const char *path, int reason)
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

/* Owner, permissions, time, in that order: chown clears set-user-id bits.  Who may not give
 * files away keeps them: no error. */
static int dress(struct sw_rebuild *b, const struct meta *m, bool is_link)
{
    int err = b->fs->chown(b->fs->self, b->path, m->uid, m->gid);
    err = err == SW_ERR_DENIED ? SW_OK : err;
    if (err == SW_OK && !is_link) {
        err = b->fs->chmod(b->fs->self, b->path, m->mode);
    }
    return err == SW_OK ? b->fs->utime(b->fs->self, b->path, m->mtime) : err;
}

static const char *text_at(const struct sw_blob *text, size_t i)
{
    return (const char *)text->data + i;
}

static int keep_text(struct sw_blob *text, const char *s, size_t *where)
{
    *where = text->len;
    return sw_blob_append(text, s, strlen(s) + 1);
}

/* ---- one file ---- */

static int close_file(struct sw_rebuild *b, bool sync)
{
    int err = SW_OK;
    if (b->fd >= 0) {
        err = sync ? b->fs->fsync(b->fs->self, b->fd) : SW_OK;
        (void)b->fs->close(b->fs->self, b->fd);
        b->fd = -1;
    }
    return err;
}

static int open_file(struct sw_rebuild *b, uint32_t number)
{
    struct file *f = &b->files[number];
    if (b->fd >= 0 && b->fd_file == number) {
        return SW_OK;
    }
    (void)close_file(b, false);
    const unsigned flags =
        f->created ? SW_OPEN_WRITE : SW_OPEN_WRITE | SW_OPEN_CREATE | SW_OPEN_EXCLUSIVE;
    int err = at(b, text_at(&b->text, f->path));
    if (err != SW_OK) {
        return err;
    }
    const int fd = b->fs->open(b->fs->self, b->path, flags, FILE_MODE);
    if (fd < 0) {
        return fd;
    }
    f->created = true;
    b->fd = fd;
    b->fd_file = number;
    return err;
}

/* Its last byte is written: dress it and sync both. */
static int finish_file(struct sw_rebuild *b, uint32_t number)
{
    struct file *f = &b->files[number];
    int err = open_file(b, number);
    if (err == SW_OK) {
        err = at(b, text_at(&b->text, f->path));
    }
    if (err == SW_OK) {
        err = dress(b, &f->meta, false);
    }
    if (err == SW_OK) {
        err = close_file(b, true);
    }
    if (err != SW_OK) {
        return err;
    }
    f->done = true;
    b->counts.files++;
    b->counts.bytes += f->size;
    return SW_OK;
}

static int drop_file(struct sw_rebuild *b, uint32_t number)
{
    struct file *f = &b->files[number];
    if (b->fd >= 0 && b->fd_file == number) {
        (void)close_file(b, false);
    }
    if (f->created && at(b, text_at(&b->text, f->path)) == SW_OK) {
        (void)b->fs->unlink(b->fs->self, b->path);
    }
    f->created = false;
    f->done = true;
    return list_damage(b, text_at(&b->text, f->path), f->damage);
}

/* ---- one batch ---- */

static bool ref_before(const struct ref *x, const struct ref *y)
{
    if (x->location != y->location) {
        return x->location < y->location;
    }
    return x->file != y->file ? x->file < y->file : x->offset < y->offset;
}

static int by_place(const void *a, const void *b)
{
    const struct ref *x = a;
    const struct ref *y = b;
    return ref_before(x, y) ? -1 : ref_before(y, x);
}

static int write_ref(struct sw_rebuild *b, const struct ref *r, struct sw_bytes chunk)
{
    struct file *f = &b->files[r->file];
    int err = open_file(b, r->file);
    if (err == SW_OK) {
        err = b->fs->pwrite(b->fs->self, b->fd, chunk.data, chunk.len, r->offset);
    }
    f->owed--;
    if (err == SW_OK && f->owed == 0 && f->complete) {
        err = finish_file(b, r->file);
    }
    return err;
}

static int write_refs(struct sw_rebuild *b)
{
    struct sw_bytes chunk = { 0 };
    uint32_t last = UINT32_MAX;
    int read = SW_OK;
    qsort(b->refs, b->n_refs, sizeof *b->refs, by_place);
    for (size_t i = 0; i < b->n_refs; i++) {
        const struct ref *r = &b->refs[i];
        struct file *f = &b->files[r->file];
        if (f->damage != SW_OK) {
            continue;
        }
        if (r->location != last) {
            read = sw_catalog_read(b->catalog, r->location, &chunk);
            last = r->location;
        }
        const int err = read == SW_OK ? write_ref(b, r, chunk) : read;
        if (fatal(err)) {
            return err;
        }
        f->damage = err;
    }
    b->n_refs = 0;
    return SW_OK;
}

/* Files that had nothing to write, and those that can't be had. */
static int settle_files(struct sw_rebuild *b)
{
    for (uint32_t i = 0; i < b->n_files; i++) {
        struct file *f = &b->files[i];
        if (f->complete && !f->done && f->damage == SW_OK) {
            SW_ASSERT(f->owed == 0);
            f->damage = finish_file(b, i);
        }
        if (fatal(f->damage)) {
            return f->damage;
        }
        if (f->complete && !f->done) {
            const int err = drop_file(b, i);
            if (err != SW_OK) {
                return err;
            }
        }
    }
    return SW_OK;
}

/* Dress and sync the folder at b->path; sync first where we could not open it afterwards. */
static int settle_folder(struct sw_rebuild *b, const struct meta *m)
{
    const bool readable = (m->mode & 0500) == 0500;
    int err = readable ? SW_OK : b->fs->fsync_dir(b->fs->self, b->path);
    if (err == SW_OK) {
        err = dress(b, m, false);
    }
    return err == SW_OK && readable ? b->fs->fsync_dir(b->fs->self, b->path) : err;
}

static int settle_folders(struct sw_rebuild *b, const struct folder *v, size_t n,
                          const struct sw_blob *text)
{
    for (size_t i = 0; i < n; i++) {
        const char *path = text_at(text, v[i].path);
        int err = at(b, path);
        if (err == SW_OK) {
            err = settle_folder(b, &v[i].meta);
        }
        if (err != SW_OK && !fatal(err)) {
            err = list_damage(b, path, err);
        }
        if (err != SW_OK) {
            return err;
        }
    }
    return SW_OK;
}

/* Serve the batch.  A file that is not complete yet is the first of the next one. */
static int flush(struct sw_rebuild *b)
{
    int err = write_refs(b);
    if (err == SW_OK) {
        err = settle_files(b);
    }
    if (err == SW_OK) {
        err = close_file(b, false);
    }
    if (err == SW_OK) {
        err = settle_folders(b, b->folders, b->n_folders, &b->text);
    }
    if (err != SW_OK) {
        return err;
    }
    b->n_folders = 0;
    if (b->n_files > 0 && !b->files[b->n_files - 1].complete) {
        struct file *f = &b->files[0];
        *f = b->files[b->n_files - 1];
        const size_t len = strlen(text_at(&b->text, f->path)) + 1;
        memmove(b->text.data, b->text.data + f->path, len);
        f->path = 0;
        b->text.len = len;
        b->n_files = 1;
    } else {
        b->text.len = 0;
        b->n_files = 0;
    }
    return SW_OK;
}

static int flush_when_full(struct sw_rebuild *b)
{
    const bool full = b->n_files >= BATCH_FILES || b->n_folders >= BATCH_FILES ||
                      b->n_refs >= BATCH_REFS || b->text.len >= BATCH_TEXT;
    return full ? flush(b) : SW_OK;
}

/* ---- records ---- */

static void file_complete(struct sw_rebuild *b)
{
    if (b->n_files > 0) {
        b->files[b->n_files - 1].complete = true;
    }
}

static struct meta meta_of(const struct sw_tree_record *r)
{
    return (struct meta){ r->mode, r->uid, r->gid, r->mtime };
}

static int on_folder(struct sw_rebuild *b, const struct sw_tree_record *r, const char *path)
{
    SW_ASSERT(b->depth < SW_TREE_DEPTH_MAX);
    b->open[b->depth++] = meta_of(r);
    if (b->depth == 1) {
        return SW_OK; /* the target itself */
    }
    int err = at(b, path);
    if (err == SW_OK) {
        err = b->fs->mkdir(b->fs->self, b->path, FOLDER_MODE);
    }
    return err == SW_OK || fatal(err) ? err : list_damage(b, path, err);
}

/* @path is the folder that is complete now. */
static int on_up(struct sw_rebuild *b, const char *path)
{
    struct folder f = { .meta = b->open[--b->depth] };
    if (b->depth == 0) {
        b->root = f.meta;
        return SW_OK;
    }
    if (b->depth > 1) {
        const int err = keep_text(&b->text, path, &f.path);
        if (err == SW_OK) {
            b->folders[b->n_folders++] = f;
        }
        return err;
    }
    const int err = keep_text(&b->top_text, path, &f.path);
    return err == SW_OK ? sw_blob_append(&b->tops, &f, sizeof f) : err;
}

static int on_file(struct sw_rebuild *b, const struct sw_tree_record *r, const char *path)
{
    struct file f = { .meta = meta_of(r) };
    const int err = keep_text(&b->text, path, &f.path);
    if (err == SW_OK) {
        b->files[b->n_files++] = f;
    }
    return err;
}

static int on_chunks(struct sw_rebuild *b, const struct sw_tree_record *r)
{
    const uint32_t number = (uint32_t)(b->n_files - 1);
    struct file *f = &b->files[number];
    for (size_t i = 0; i < r->n_refs; i++) {
        const size_t where = sw_catalog_find(b->catalog, &r->refs[i].id);
        if (where == SIZE_MAX || b->catalog->locations[where].len != r->refs[i].len) {
            f->damage = f->damage == SW_OK ? SW_ERR_NOTFOUND : f->damage;
        } else {
            b->refs[b->n_refs++] = (struct ref){ (uint32_t)where, number, f->size };
            f->owed++;
        }
        f->size += r->refs[i].len;
    }
    return SW_OK;
}

static int on_link(struct sw_rebuild *b, const struct sw_tree_record *r, const char *path)
{
    const struct meta m = meta_of(r);
    int err = at(b, path);
    if (err == SW_OK) {
        err = b->fs->symlink(b->fs->self, r->target, b->path);
    }
    if (err == SW_OK) {
        err = dress(b, &m, true);
    }
    return err == SW_OK || fatal(err) ? err : list_damage(b, path, err);
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
        return r->reason == SW_ERR_UNSUPPORTED ? SW_OK : list_damage(b, path, r->reason);
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
        err = b->fs->mkdir(b->fs->self, b->path, FOLDER_MODE);
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
    for (size_t i = 0; err == SW_OK && i < names.len; i += strlen(text_at(&names, i)) + 1) {
        err = strcmp(text_at(&names, i), ours) == 0 ? SW_OK : SW_ERR_NOT_EMPTY;
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
    const int n = snprintf(b->path, PATH_CAP, "%.*s/.restore-%s", (int)b->target_len, target, tag);
    if (b->target_len == 0 || n < 0 || n >= PATH_CAP / 2) {
        return SW_ERR_RANGE;
    }
    b->stage_len = (size_t)n;
    const int err = check_target(b);
    return err == SW_OK ? b->fs->mkdir(b->fs->self, b->path, FOLDER_MODE) : err;
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
    b->fd = -1;
    b->path = calloc(1, PATH_CAP);
    b->files = malloc(BATCH_FILES * sizeof *b->files);
    b->refs = malloc((BATCH_REFS + SW_TREE_REFS_MAX) * sizeof *b->refs);
    b->folders = malloc(BATCH_FILES * sizeof *b->folders);
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

static const struct folder *tops(const struct sw_rebuild *b, size_t *n)
{
    *n = b->tops.len / sizeof(struct folder);
    return (const struct folder *)(const void *)b->tops.data;
}

/* All that is in the staging folder, on disk. */
static int sync_stage(struct sw_rebuild *b)
{
    size_t n = 0;
    const struct folder *v = tops(b, &n);
    int err = SW_OK;
    for (size_t i = 0; err == SW_OK && i < n; i++) {
        err = at(b, text_at(&b->top_text, v[i].path));
        if (err == SW_OK) {
            err = b->fs->fsync_dir(b->fs->self, b->path);
        }
    }
    if (err == SW_OK) {
        err = at(b, "");
    }
    return err == SW_OK ? b->fs->fsync_dir(b->fs->self, b->path) : err;
}

/* Move every entry of the staging folder into the target. */
static int move_up(struct sw_rebuild *b)
{
    struct sw_blob names = { 0 };
    char *to = malloc(PATH_CAP);
    int err = to == NULL ? SW_ERR_NOMEM : at(b, "");
    if (err == SW_OK) {
        err = b->fs->list(b->fs->self, b->path, note_name, &names);
    }
    for (size_t i = 0; err == SW_OK && i < names.len; i += strlen(text_at(&names, i)) + 1) {
        const char *name = text_at(&names, i);
        err = at(b, name);
        if (err == SW_OK) {
            (void)snprintf(to, PATH_CAP, "%.*s/%s", (int)b->target_len, b->path, name);
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
    const struct folder *v = tops(b, &n);
    b->stage_len = b->target_len;
    int err = settle_folders(b, v, n, &b->top_text);
    if (err == SW_OK) {
        err = at(b, "");
    }
    return err == SW_OK ? settle_folder(b, &b->root) : err;
}

/* The folder that holds the target, synced: the target's own name stays. */
static int sync_above(struct sw_rebuild *b)
{
    (void)at(b, "");
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
    int err = flush(b);
    if (err == SW_OK) {
        err = sync_stage(b);
    }
    if (err == SW_OK) {
        err = move_up(b);
    }
    if (err == SW_OK) {
        err = at(b, "");
    }
    if (err == SW_OK) {
        err = b->fs->rmdir(b->fs->self, b->path);
    }
    if (err == SW_OK) {
        b->finished = true;
        err = dress_target(b);
    }
    return err == SW_OK ? sync_above(b) : err;
}

void sw_rebuild_free(struct sw_rebuild *b)
{
    if (b == NULL) {
        return;
    }
    if (b->stage_len > 0 && !b->finished) {
        (void)close_file(b, false);
        (void)at(b, "");
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

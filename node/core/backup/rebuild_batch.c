/* SPDX-License-Identifier: GPL-3.0-or-later
 * Batches: files and the places their chunks go to are gathered up to a limit, then served in
 * the order of the packs.  Memory stays bounded whatever the tree. */
#include <stdlib.h>
#include <string.h>

#include "node/base/bug.h"
#include "node/base/err.h"
#include "node/core/backup/rebuild_inside.h"

/* ---- one file ---- */

int sw_rebuild_close(struct sw_rebuild *b, bool sync)
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
    struct sw_rebuild_file *f = &b->files[number];
    if (b->fd >= 0 && b->fd_file == number) {
        return SW_OK;
    }
    (void)sw_rebuild_close(b, false);
    const unsigned flags =
        f->created ? SW_OPEN_WRITE : SW_OPEN_WRITE | SW_OPEN_CREATE | SW_OPEN_EXCLUSIVE;
    int err = sw_rebuild_at(b, sw_rebuild_text_at(&b->text, f->path));
    if (err != SW_OK) {
        return err;
    }
    const int fd = b->fs->open(b->fs->self, b->path, flags, REBUILD_FILE_MODE);
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
    struct sw_rebuild_file *f = &b->files[number];
    int err = open_file(b, number);
    if (err == SW_OK) {
        err = sw_rebuild_at(b, sw_rebuild_text_at(&b->text, f->path));
    }
    if (err == SW_OK) {
        err = sw_rebuild_dress(b, &f->meta, false);
    }
    if (err == SW_OK) {
        err = sw_rebuild_close(b, !b->one_sync);
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
    struct sw_rebuild_file *f = &b->files[number];
    if (b->fd >= 0 && b->fd_file == number) {
        (void)sw_rebuild_close(b, false);
    }
    if (f->created && sw_rebuild_at(b, sw_rebuild_text_at(&b->text, f->path)) == SW_OK) {
        (void)b->fs->unlink(b->fs->self, b->path);
    }
    f->created = false;
    f->done = true;
    return sw_rebuild_damage(b, sw_rebuild_text_at(&b->text, f->path), f->damage);
}

/* ---- one batch ---- */

static bool ref_before(const struct sw_rebuild_ref *x, const struct sw_rebuild_ref *y)
{
    if (x->location != y->location) {
        return x->location < y->location;
    }
    return x->file != y->file ? x->file < y->file : x->offset < y->offset;
}

static int by_place(const void *a, const void *b)
{
    const struct sw_rebuild_ref *x = a;
    const struct sw_rebuild_ref *y = b;
    return ref_before(x, y) ? -1 : ref_before(y, x);
}

static int write_ref(struct sw_rebuild *b, const struct sw_rebuild_ref *r, struct sw_bytes chunk)
{
    struct sw_rebuild_file *f = &b->files[r->file];
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
        const struct sw_rebuild_ref *r = &b->refs[i];
        struct sw_rebuild_file *f = &b->files[r->file];
        if (f->damage != SW_OK) {
            continue;
        }
        if (r->location != last) {
            read = sw_catalog_read(b->catalog, r->location, &chunk);
            last = r->location;
        }
        const int err = read == SW_OK ? write_ref(b, r, chunk) : read;
        if (sw_rebuild_fatal(err) || (read != SW_OK && b->catalog->o.whole)) {
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
        struct sw_rebuild_file *f = &b->files[i];
        if (f->complete && !f->done && f->damage == SW_OK) {
            SW_ASSERT(f->owed == 0);
            f->damage = finish_file(b, i);
        }
        if (sw_rebuild_fatal(f->damage)) {
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
int sw_rebuild_settle_one(struct sw_rebuild *b, const struct sw_rebuild_meta *m)
{
    const bool readable = (m->mode & 0500) == 0500;
    if (b->one_sync) {
        return sw_rebuild_dress(b, m, false);
    }
    int err = readable ? SW_OK : b->fs->fsync_dir(b->fs->self, b->path);
    if (err == SW_OK) {
        err = sw_rebuild_dress(b, m, false);
    }
    return err == SW_OK && readable ? b->fs->fsync_dir(b->fs->self, b->path) : err;
}

int sw_rebuild_settle(struct sw_rebuild *b, const struct sw_rebuild_folder *v, size_t n,
                      const struct sw_blob *text)
{
    for (size_t i = 0; i < n; i++) {
        const char *path = sw_rebuild_text_at(text, v[i].path);
        int err = sw_rebuild_at(b, path);
        if (err == SW_OK) {
            err = sw_rebuild_settle_one(b, &v[i].meta);
        }
        if (err != SW_OK && !sw_rebuild_fatal(err)) {
            err = sw_rebuild_damage(b, path, err);
        }
        if (err != SW_OK) {
            return err;
        }
    }
    return SW_OK;
}

int sw_rebuild_flush(struct sw_rebuild *b)
{
    int err = write_refs(b);
    if (err == SW_OK) {
        err = settle_files(b);
    }
    if (err == SW_OK) {
        err = sw_rebuild_close(b, false);
    }
    if (err == SW_OK) {
        err = sw_rebuild_settle(b, b->folders, b->n_folders, &b->text);
    }
    if (err != SW_OK) {
        return err;
    }
    b->n_folders = 0;
    if (b->n_files > 0 && !b->files[b->n_files - 1].complete) {
        struct sw_rebuild_file *f = &b->files[0];
        *f = b->files[b->n_files - 1];
        const size_t len = strlen(sw_rebuild_text_at(&b->text, f->path)) + 1;
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

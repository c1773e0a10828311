/* SPDX-License-Identifier: GPL-3.0-or-later
 * struct sw_fs on a virtual disk: each call takes its time on the device, then tells whether its
 * host is still there.  What changes something does so at once, as in a page cache, and may be
 * lost; what asks does so when the device has answered. */
#include <stdlib.h>
#include <string.h>

#include "node/base/bug.h"
#include "node/base/err.h"
#include "sim/world/disk_internal.h"

sw_dur sim_view_cost(const struct sim_disk_state *d, sw_dur fixed, uint64_t bytes)
{
    double ns = (double)fixed;
    if (d->model.bandwidth != 0) {
        ns += (double)bytes * 1e9 / (double)d->model.bandwidth;
    }
    return (sw_dur)(ns * d->slow + 0.5);
}

int sim_view_take(struct sim_disk_view *v, sw_dur work)
{
    struct sim_disk_state *d = v->disk;
    struct sim_fibre *f = sim_fibre_current(d->engine);
    if (f != NULL) {
        const sw_time now = sim_now(d->engine);
        sw_time end = now;
        if (work > 0) {
            d->busy_until = (d->busy_until > now ? d->busy_until : now) + work;
            end = d->busy_until;
        }
        sim_fibre_wait(f, end - now + sw_rng_below(&d->jitter, d->model.latency / 4 + 1));
    }
    return v->dead ? SW_ERR_CRASHED : SW_OK;
}

int sim_view_took(struct sim_disk_view *v, sw_dur work, int err)
{
    const int crashed = sim_view_take(v, work);
    return crashed != SW_OK ? crashed : err;
}

sw_dur sim_view_latency(const struct sim_disk_view *v)
{
    return sim_view_cost(v->disk, v->disk->model.latency, 0);
}

void sim_disk_detach(struct sim_disk_state *d)
{
    struct sim_disk_view *v = d->views;
    if (v == NULL || v->dead) {
        return;
    }
    v->dead = true;
    for (size_t i = 0; i < v->n_open; i++) {
        struct inode *f = v->open[i].file;
        if (f != NULL) {
            f->opens--;
            sim_inode_account(d, f);
            sim_inode_unref(d, f);
        }
    }
    free(v->open);
    v->open = NULL;
    v->n_open = 0;
    d->busy_until = 0;
}

/* The open file behind @fd, or NULL. */
static struct descriptor *file_of(const struct sim_disk_view *v, int fd)
{
    if (fd < 0 || (size_t)fd >= v->n_open || v->open[fd].file == NULL) {
        return NULL;
    }
    return &v->open[fd];
}

static int add_descriptor(struct sim_disk_view *v, struct inode *f, unsigned flags)
{
    size_t fd = 0;
    while (fd < v->n_open && v->open[fd].file != NULL) {
        fd++;
    }
    if (fd == v->n_open) {
        const size_t n = v->n_open == 0 ? 8 : 2 * v->n_open;
        struct descriptor *open = realloc(v->open, n * sizeof *open);
        if (open == NULL) {
            sim_out_of_memory("virtual descriptors");
        }
        memset(open + v->n_open, 0, (n - v->n_open) * sizeof *open);
        v->open = open;
        v->n_open = n;
    }
    v->open[fd] = (struct descriptor){ f, flags };
    sim_inode_ref(f);
    f->opens++;
    sim_inode_account(v->disk, f);
    return (int)fd;
}

static int open_now(struct sim_disk_view *v, const char *path, unsigned flags, uint32_t mode)
{
    struct sim_disk_state *d = v->disk;
    const bool creates = (flags & SW_OPEN_CREATE) != 0 && (flags & SW_OPEN_WRITE) != 0;
    const bool exclusive = creates && (flags & SW_OPEN_EXCLUSIVE) != 0;
    struct place p;
    const bool follow = !exclusive && (flags & SW_OPEN_NO_LINK) == 0;
    int err = sim_disk_resolve(d, path, follow, &p);
    if (err != SW_OK) {
        return err;
    }
    if (p.file != NULL && p.file->type == SW_FILE_SYMLINK && !exclusive) {
        return SW_ERR_LOOP;
    }
    if (p.file != NULL && exclusive) {
        return SW_ERR_EXISTS;
    }
    if (p.file == NULL && !creates) {
        return SW_ERR_NOTFOUND;
    }
    if (p.file == NULL) {
        p.file = sim_inode_new(d, SW_FILE_REGULAR, mode);
        sim_names_change(d, &(struct name_set){ p.dir, p.name, p.file }, 1);
    } else if (p.file->type == SW_FILE_DIRECTORY) {
        return SW_ERR_IS_A_DIRECTORY;
    } else if ((flags & SW_OPEN_TRUNCATE) != 0 && (flags & SW_OPEN_WRITE) != 0) {
        err = sim_file_truncate(d, p.file, 0);
    }
    return err != SW_OK ? err : add_descriptor(v, p.file, flags);
}

static int fs_open(void *self, const char *path, unsigned flags, uint32_t mode)
{
    struct sim_disk_view *v = self;
    if (v->dead) {
        return SW_ERR_CRASHED;
    }
    return sim_view_took(v, 0, open_now(v, path, flags, mode));
}

static int fs_close(void *self, int fd)
{
    struct sim_disk_view *v = self;
    if (v->dead) {
        return SW_ERR_CRASHED;
    }
    struct descriptor *open = file_of(v, fd);
    if (open == NULL) {
        return SW_ERR_STATE;
    }
    struct inode *f = open->file;
    open->file = NULL;
    f->opens--;
    sim_inode_account(v->disk, f);
    sim_inode_unref(v->disk, f);
    return sim_view_took(v, 0, SW_OK);
}

static int64_t fs_pread(void *self, int fd, void *buf, size_t len, uint64_t offset)
{
    struct sim_disk_view *v = self;
    if (v->dead) {
        return SW_ERR_CRASHED;
    }
    const int err = sim_view_take(v, sim_view_cost(v->disk, v->disk->model.latency, len));
    if (err != SW_OK) {
        return err;
    }
    const struct descriptor *open = file_of(v, fd);
    if (open == NULL || (open->flags & SW_OPEN_READ) == 0) {
        return SW_ERR_STATE;
    }
    const struct inode *f = open->file;
    if (offset >= f->size) {
        return 0;
    }
    const uint64_t n = len < f->size - offset ? len : f->size - offset;
    if (!sim_file_readable(v->disk, f, offset, n)) {
        return SW_ERR_IO;
    }
    if (n > 0) {
        memcpy(buf, f->data + offset, n);
    }
    return (int64_t)n;
}

/* The file behind @fd if it may be written, or NULL. */
static struct inode *writable(const struct sim_disk_view *v, int fd)
{
    const struct descriptor *open = file_of(v, fd);
    return open == NULL || (open->flags & SW_OPEN_WRITE) == 0 ? NULL : open->file;
}

static int fs_pwrite(void *self, int fd, const void *buf, size_t len, uint64_t offset)
{
    struct sim_disk_view *v = self;
    if (v->dead) {
        return SW_ERR_CRASHED;
    }
    struct inode *f = writable(v, fd);
    const int err = f == NULL ? SW_ERR_STATE : sim_file_write(v->disk, f, buf, len, offset);
    if (err == SW_OK && v->disk->on_write != NULL) {
        v->disk->on_write(v->disk->on_write_self);
    }
    return sim_view_took(v, err == SW_OK ? sim_view_cost(v->disk, 0, len) : 0, err);
}

static int fs_truncate(void *self, int fd, uint64_t size)
{
    struct sim_disk_view *v = self;
    if (v->dead) {
        return SW_ERR_CRASHED;
    }
    struct inode *f = writable(v, fd);
    return sim_view_took(v, sim_view_latency(v),
                         f == NULL ? SW_ERR_STATE : sim_file_truncate(v->disk, f, size));
}

static int fs_fsync(void *self, int fd)
{
    struct sim_disk_view *v = self;
    if (v->dead) {
        return SW_ERR_CRASHED;
    }
    const struct descriptor *open = file_of(v, fd);
    if (open == NULL) {
        return SW_ERR_STATE;
    }
    struct inode *f = open->file;
    sim_inode_ref(f);                         /* another strand may close and unlink it meanwhile */
    const uint64_t number = v->disk->changes; /* what is written meanwhile is not covered */
    const struct attributes now = f->now;
    const int err = sim_view_take(v, sim_view_cost(v->disk, v->disk->model.fsync, 0));
    if (err == SW_OK && !v->disk->lies) {
        sim_file_sync(f, number);
        f->durable = now;
    }
    sim_inode_unref(v->disk, f);
    return err;
}

static int fs_fstat(void *self, int fd, struct sw_stat *out)
{
    struct sim_disk_view *v = self;
    if (v->dead || sim_view_take(v, 0) != SW_OK) {
        return SW_ERR_CRASHED;
    }
    const struct descriptor *open = file_of(v, fd);
    if (open == NULL) {
        return SW_ERR_STATE;
    }
    sim_inode_stat(open->file, out);
    return SW_OK;
}

void sim_disk_fs(struct sim_disk_state *d, struct sw_fs *fs)
{
    if (d->views == NULL || d->views->dead) {
        struct sim_disk_view *v = calloc(1, sizeof *v);
        if (v == NULL) {
            sim_out_of_memory("a view of a virtual disk");
        }
        v->disk = d;
        v->next = d->views;
        d->views = v;
    }
    *fs = (struct sw_fs){
        .self = d->views,
        .open = fs_open,
        .close = fs_close,
        .pread = fs_pread,
        .pwrite = fs_pwrite,
        .truncate = fs_truncate,
        .fsync = fs_fsync,
        .fstat = fs_fstat,
    };
    sim_disk_name_calls(fs);
}

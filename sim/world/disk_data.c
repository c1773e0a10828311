/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bytes of virtual files: writes that remember what they replaced, fsync, and what a power
 * failure makes of the rest. */
#include <stdlib.h>
#include <string.h>

#include "node/base/bug.h"
#include "node/base/err.h"
#include "sim/world/disk_internal.h"

static void *need(size_t size)
{
    void *p = calloc(1, size > 0 ? size : 1);
    if (p == NULL) {
        sim_out_of_memory("a virtual file's bytes");
    }
    return p;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void reserve(struct inode *f, uint64_t size)
{
    if (size <= f->cap) {
        return;
    }
    const uint64_t cap = most(size, f->cap + f->cap / 2);
    uint8_t *data = realloc(f->data, cap);
    if (data == NULL) {
        sim_out_of_memory("a virtual file's bytes");
    }
    memset(data + f->cap, 0, cap - f->cap);
    f->data = data;
    f->cap = cap;
}

/* The bytes from @from to @to become zero. */
static void zero(struct inode *f, uint64_t from, uint64_t to)
{
    if (from < to) {
        memset(f->data + from, 0, to - from);
    }
}

/* Remember a change that is about to happen; it replaces what lies in @len bytes at @offset. */
static struct change *remember(struct sim_disk_state *d, struct inode *f, uint64_t offset,
                               uint64_t len)
{
    struct change *c = need(sizeof *c);
    c->number = ++d->changes;
    c->offset = offset;
    c->len = len;
    c->old_size = f->size;
    if (offset < f->size) {
        c->kept = least(len, f->size - offset);
        c->replaced = need(c->kept);
        memcpy(c->replaced, f->data + offset, c->kept);
    }
    c->older = f->newest;
    *(f->newest != NULL ? &f->newest->newer : &f->oldest) = c;
    f->newest = c;
    return c;
}

static bool fits(const struct sim_disk_state *d, const struct inode *f, uint64_t size)
{
    if (d->full && size > f->size) {
        return false;
    }
    if (d->model.capacity == 0 || size <= f->size) {
        return true;
    }
    return size - f->size <= d->model.capacity - least(d->used, d->model.capacity);
}

static void resize(struct sim_disk_state *d, struct inode *f, uint64_t size)
{
    SW_ASSERT(f->counted);
    d->used = d->used - f->size + size;
    f->size = size;
    f->now.mtime = sim_disk_wall(d);
}

int sim_file_write(struct sim_disk_state *d, struct inode *f, const void *buf, size_t len,
                   uint64_t offset)
{
    if (offset > INT64_MAX - len) {
        return SW_ERR_RANGE;
    }
    const uint64_t end = most(f->size, offset + len);
    if (len == 0) {
        return SW_OK;
    }
    if (!fits(d, f, end)) {
        return SW_ERR_FULL;
    }
    struct change *c = remember(d, f, offset, len);
    c->new_size = end;
    reserve(f, end);
    memcpy(f->data + offset, buf, len);
    resize(d, f, end);
    f->dirty += len;
    return SW_OK;
}

int sim_file_truncate(struct sim_disk_state *d, struct inode *f, uint64_t size)
{
    if (size > INT64_MAX) {
        return SW_ERR_RANGE;
    }
    if (size == f->size) {
        return SW_OK;
    }
    if (!fits(d, f, size)) {
        return SW_ERR_FULL;
    }
    struct change *c = remember(d, f, size, size < f->size ? f->size - size : 0);
    c->truncates = true;
    c->new_size = size;
    reserve(f, size);
    zero(f, size, f->size);
    resize(d, f, size);
    return SW_OK;
}

static void forget_oldest(struct inode *f)
{
    struct change *c = f->oldest;
    f->oldest = c->newer;
    *(c->newer != NULL ? &c->newer->older : &f->newest) = NULL;
    free(c->replaced);
    free(c);
}

void sim_file_sync(struct inode *f, uint64_t number)
{
    while (f->oldest != NULL && f->oldest->number <= number) {
        if (!f->oldest->truncates) {
            f->dirty -= f->oldest->len;
        }
        forget_oldest(f);
    }
}

void sim_file_clear(struct inode *f)
{
    while (f->oldest != NULL) {
        forget_oldest(f);
    }
    free(f->data);
    f->data = NULL;
    f->size = 0;
    f->cap = 0;
    f->dirty = 0;
}

/* Undo all changes, newest first; each then holds the bytes it wrote instead of those it replaced.
 */
static void roll_back(struct inode *f)
{
    for (struct change *c = f->newest; c != NULL; c = c->older) {
        uint8_t *wrote = NULL;
        if (!c->truncates) {
            wrote = need(c->len);
            memcpy(wrote, f->data + c->offset, c->len);
            zero(f, c->old_size, c->new_size);
        }
        if (c->kept > 0) {
            memcpy(f->data + c->offset, c->replaced, c->kept);
        }
        free(c->replaced);
        c->replaced = wrote;
        f->size = c->old_size;
    }
}

/* Which parts of a file have lost a change, and therefore all later ones. */
struct survival {
    struct sw_rng *rng;
    double keep;
    bool size_lost;
    uint64_t *sector_lost; /* a bit a sector */
};

static bool survives(struct survival *s)
{
    return sw_unit(sw_rng_next(s->rng)) < s->keep;
}

/* Let @s say, for each sector of the bytes from @from to @to, whether this change of it survives;
 * those that do become @bytes, or zero when that is NULL.  @possible: they may survive at all. */
static void redo_bytes(struct inode *f, uint64_t from, uint64_t to, const uint8_t *bytes,
                       bool possible, struct survival *s)
{
    for (uint64_t at = from; at < to;) {
        const uint64_t sector = at / SIM_SECTOR;
        const uint64_t next = least(to, (sector + 1) * SIM_SECTOR);
        uint64_t *word = &s->sector_lost[sector / 64];
        const uint64_t bit = UINT64_C(1) << sector % 64;
        if ((*word & bit) != 0 || !possible || (bytes != NULL && !survives(s))) {
            *word |= bit;
        } else if (bytes != NULL) {
            memcpy(f->data + at, bytes + (at - from), next - at);
        } else {
            zero(f, at, next);
        }
        at = next;
    }
}

/* A truncation is one change of the size and of all it cuts off. */
static void redo(struct inode *f, const struct change *c, struct survival *s)
{
    if (c->new_size != c->old_size) {
        s->size_lost = s->size_lost || !survives(s);
        f->size = s->size_lost ? f->size : c->new_size;
    }
    if (c->truncates) {
        redo_bytes(f, c->new_size, c->old_size, NULL, !s->size_lost, s);
    } else {
        redo_bytes(f, c->offset, c->offset + c->len, c->replaced, true, s);
    }
}

void sim_file_crash(struct inode *f, struct sw_rng *rng, double keep)
{
    if (f->oldest == NULL) {
        return;
    }
    uint64_t extent = f->size;
    for (const struct change *c = f->oldest; c != NULL; c = c->newer) {
        extent = most(extent, most(c->old_size, c->new_size));
    }
    reserve(f, extent);
    roll_back(f);
    struct survival s = { .rng = rng, .keep = keep };
    s.sector_lost = need((extent / SIM_SECTOR / 64 + 1) * sizeof *s.sector_lost);
    while (f->oldest != NULL) {
        redo(f, f->oldest, &s);
        forget_oldest(f);
    }
    free(s.sector_lost);
    zero(f, f->size, f->cap);
    f->dirty = 0;
}

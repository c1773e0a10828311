/* SPDX-License-Identifier: GPL-3.0-or-later
 * What goes wrong with a disk that goes on: sectors that can't be read (latent sector errors), bits
 * that flip at rest, and a hook inside a write. */
#include <string.h>

#include "node/base/bug.h"
#include "node/base/err.h"
#include "sim/world/disk_internal.h"

void sim_disk_unreadable(struct sim_disk_state *d, double share)
{
    SW_ASSERT(share >= 0);
    d->unreadable = share;
}

bool sim_file_readable(const struct sim_disk_state *d, const struct inode *f, uint64_t offset,
                       uint64_t len)
{
    if (d->unreadable <= 0 || len == 0) {
        return true;
    }
    for (uint64_t s = offset / SIM_SECTOR; s <= (offset + len - 1) / SIM_SECTOR; s++) {
        if (sw_unit(sw_rng_at(d->sectors, f->number, s)) < d->unreadable) {
            return false;
        }
    }
    return true;
}

void sim_disk_on_write(struct sim_disk_state *d, void (*fn)(void *self), void *self)
{
    d->on_write = fn;
    d->on_write_self = self;
}

/* ---- bit rot ---- */

/* Looks for byte number @left of all files; then @path and @offset say where it is. */
struct search {
    uint64_t left, offset;
    char path[SIM_PATH_MAX];
};

static int add_size(void *arg, const char *path, struct sw_bytes content, const struct sw_stat *st)
{
    uint64_t *sum = arg;
    (void)path;
    (void)st;
    *sum += content.len;
    return 0;
}

static int find_byte(void *arg, const char *path, struct sw_bytes content, const struct sw_stat *st)
{
    struct search *s = arg;
    (void)st;
    if (s->left >= content.len) {
        s->left -= content.len;
        return 0;
    }
    s->offset = s->left;
    memcpy(s->path, path, strlen(path) + 1);
    return 1;
}

uint64_t sim_disk_rot(struct sim_disk_state *d, const char *folder, struct sw_rng_key key,
                      uint64_t bits,
                      void (*before)(void *self, const char *path, struct sw_bytes content),
                      void *self)
{
    uint64_t bytes = 0;
    if (sim_disk_each(d, folder, add_size, &bytes) != 0 || bytes == 0) {
        return 0;
    }
    for (uint64_t i = 0; i < bits; i++) {
        const uint64_t at = sw_rng_at(key, i, 0);
        struct search s = { .left = at / 8 % bytes };
        struct place p;
        (void)sim_disk_each(d, folder, find_byte, &s);
        SW_ASSERT(sim_disk_resolve(d, s.path, false, &p) == SW_OK && p.file != NULL);
        before(self, s.path, (struct sw_bytes){ p.file->data, p.file->size });
        p.file->data[s.offset] ^= (uint8_t)(1U << at % 8);
    }
    return bits;
}

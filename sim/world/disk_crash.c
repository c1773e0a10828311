/* SPDX-License-Identifier: GPL-3.0-or-later
 * Durability of names, and what a power failure leaves of a disk.
 *
 * A folder's changes become durable in the order made; a rename is never half done.  Nothing more
 * is promised (POSIX promises no more): to sync a file does not sync its name. */
#include <stdlib.h>
#include <string.h>

#include "node/base/bug.h"
#include "node/base/err.h"
#include "sim/world/disk_internal.h"

static void op_apply(struct sim_disk_state *d, const struct name_op *op)
{
    for (unsigned i = 0; i < op->n; i++) {
        struct inode *dir = op->set[i].dir;
        sim_name_put(d, dir, &dir->durable_names, op->set[i].name, op->set[i].to);
    }
}

static void op_free(struct sim_disk_state *d, struct name_op *op)
{
    for (unsigned i = 0; i < op->n; i++) {
        free(op->set[i].name);
        sim_inode_unref(d, op->set[i].dir);
        if (op->set[i].to != NULL) {
            sim_inode_unref(d, op->set[i].to);
        }
    }
}

static bool touches_marked(const struct name_op *op)
{
    return op->set[0].dir->marked || (op->n == 2 && op->set[1].dir->marked);
}

static void mark(struct name_op *op, bool marked)
{
    for (unsigned i = 0; i < op->n; i++) {
        op->set[i].dir->marked = marked;
    }
}

static void unmark_all(struct sim_disk_state *d)
{
    for (size_t i = 0; i < d->n_log; i++) {
        mark(&d->log[i], false);
    }
}

/* Make the chosen operations durable, oldest first, and keep the others in the log. */
static void apply_chosen(struct sim_disk_state *d)
{
    size_t kept = 0;
    for (size_t i = 0; i < d->n_log; i++) {
        if (d->log[i].chosen) {
            op_apply(d, &d->log[i]);
            op_free(d, &d->log[i]);
        } else {
            d->log[kept++] = d->log[i];
        }
    }
    d->n_log = kept;
}

void sim_names_sync(struct sim_disk_state *d, struct inode *dir, uint64_t number)
{
    /* Newest first: an operation on a marked folder comes along, and with it, through the other
     * folder of a rename, whatever happened there before. */
    sim_inode_ref(dir);
    dir->marked = true;
    for (size_t i = d->n_log; i-- > 0;) {
        struct name_op *op = &d->log[i];
        op->chosen = op->number <= number && touches_marked(op);
        if (op->chosen) {
            mark(op, true);
        }
    }
    unmark_all(d);
    dir->marked = false;
    apply_chosen(d);
    sim_inode_unref(d, dir);
}

void sim_log_clear(struct sim_disk_state *d)
{
    while (d->n_log > 0) {
        op_free(d, &d->log[--d->n_log]);
    }
}

/* Some changes of names made it: of each folder's a prefix, renames whole. */
static void survivors(struct sim_disk_state *d, double keep)
{
    for (size_t i = 0; i < d->n_log; i++) {
        struct name_op *op = &d->log[i];
        op->chosen = !touches_marked(op) && sw_unit(sw_rng_next(&d->faults)) < keep;
        if (!op->chosen) {
            mark(op, true); /* lost: and all later changes there */
        }
    }
    unmark_all(d);
    apply_chosen(d);
    sim_log_clear(d);
}

/* Keep @key, which its map only lends, as @name and as the place to go on from. */
static void copy_name(char name[SIM_NAME_MAX + 1], struct sw_bytes *after, struct sw_bytes key)
{
    memcpy(name, key.data, key.len);
    name[key.len] = '\0';
    after->len = key.len;
}

/* What jobs see of @dir becomes what is durable. */
static void revert_names(struct sim_disk_state *d, struct inode *dir)
{
    const sw_wall mtime = dir->now.mtime;
    char name[SIM_NAME_MAX + 1] = "";
    struct sw_bytes after = { (const uint8_t *)name, 0 };
    struct sw_bytes key;
    struct inode *i;
    while ((i = sw_map_next(&dir->names, &after, &key)) != NULL) {
        copy_name(name, &after, key);
        if (sw_map_get(&dir->durable_names, key) != i) {
            sim_name_put(d, dir, &dir->names, name, NULL);
        }
    }
    after.len = 0;
    while ((i = sw_map_next(&dir->durable_names, &after, &key)) != NULL) {
        copy_name(name, &after, key);
        sim_name_put(d, dir, &dir->names, name, i);
    }
    dir->now.mtime = mtime;
}

/* All inodes, each with a reference; NULL ends them. */
static struct inode **hold_all(struct sim_disk_state *d)
{
    size_t n = 0;
    for (const struct inode *i = d->oldest; i != NULL; i = i->newer) {
        n++;
    }
    struct inode **all = calloc(n + 1, sizeof(struct inode *));
    if (all == NULL) {
        sim_out_of_memory("a virtual disk");
    }
    n = 0;
    for (struct inode *i = d->oldest; i != NULL; i = i->newer) {
        sim_inode_ref(i);
        all[n++] = i;
    }
    return all;
}

static void crash(struct sim_disk_state *d, double keep)
{
    sim_disk_detach(d);
    survivors(d, keep);
    struct inode **all = hold_all(d);
    for (struct inode **next = all; *next != NULL; next++) {
        struct inode *i = *next;
        if (i->type == SW_FILE_DIRECTORY) {
            revert_names(d, i);
        }
        if (i->type == SW_FILE_REGULAR) {
            const uint64_t size = i->size;
            sim_file_crash(i, &d->faults, keep);
            d->used += i->counted ? i->size - size : 0; /* may go down: arithmetic wraps right */
        }
        if (sw_unit(sw_rng_next(&d->faults)) >= keep) {
            i->now = i->durable;
        }
        i->durable = i->now;
    }
    for (struct inode **next = all; *next != NULL; next++) {
        sim_inode_unref(d, *next);
    }
    free(all);
}

void sim_disk_crash(struct sim_disk_state *d)
{
    /* All is lost, all survives, or something between. */
    crash(d, (double)sw_rng_below(&d->faults, 5) / 4);
}

void sim_disk_tear(struct sim_disk_state *d)
{
    crash(d, 0.5);
}

void sim_disk_leave(struct sim_disk_state *d)
{
    sim_disk_detach(d);
}

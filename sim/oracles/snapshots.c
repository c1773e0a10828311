/* SPDX-License-Identifier: GPL-3.0-or-later
 * Nothing that was acknowledged is lost, and what comes back is what was there.
 *
 * A holder that acknowledged an object has it durably: it is on the holder's disk, whatever
 * crashed since, unless that disk burnt or the object's bits rot on it.  So an acknowledged
 * snapshot survives as many burnt disks as it has holders less one; beyond that nothing was
 * promised.  Looked at after every fault, when losses happen, and at the end. */
#include "sim/world/disk.h"
#include "sim/world/pool.h"
#include "sim/world/world.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* @holder has object @object of a snapshot of @node's. */
struct promise {
    struct sw_digest object;
    uint32_t node, holder;
    uint32_t disk; /* which of the holder's disks */
    uint64_t sequence;
    bool safe; /* its snapshot was acknowledged */
};

/* An object on a disk: its holder said that it keeps it for a peer, or bits of it rot there. */
struct kept {
    struct sw_digest object;
    uint32_t holder, disk;
};

struct snapshots {
    struct promise *v;
    size_t n, cap;
    struct kept *kept;
    size_t n_kept, cap_kept;
    struct kept *rotten;
    size_t n_rotten;
    uint64_t acknowledged; /* snapshots */
};

static int start(struct sim_world *w, void **self)
{
    (void)w;
    *self = sim_calloc(1, sizeof(struct snapshots));
    return 0;
}

static void stop(void *self)
{
    struct snapshots *s = self;
    free(s->v);
    free(s->kept);
    free(s->rotten);
    free(s);
}

static uint32_t node_called(const struct sim_world *w, const char *name)
{
    const struct sim_scenario *s = sim_world_scenario(w);
    for (uint32_t i = 0; i < s->n_nodes; i++) {
        if (strcmp(s->nodes[i].config.name.s, name) == 0) {
            return i;
        }
    }
    return UINT32_MAX;
}

static void keep(struct snapshots *s, const struct sim_world *w, uint32_t holder,
                 const struct sw_digest *object)
{
    if (s->n_kept == s->cap_kept) {
        s->cap_kept = 2 * s->cap_kept + 256;
        s->kept = sim_realloc(s->kept, s->cap_kept * sizeof *s->kept);
    }
    s->kept[s->n_kept++] = (struct kept){ *object, holder, sim_world_disk_number(w, holder) };
}

/* The disk on which @holder keeps @object: by its own word, else the one it has now. */
static uint32_t disk_of(const struct snapshots *s, const struct sim_world *w, uint32_t holder,
                        const struct sw_digest *object)
{
    for (size_t i = s->n_kept; i > 0; i--) {
        const struct kept *k = &s->kept[i - 1];
        if (k->holder == holder && memcmp(&k->object, object, sizeof *object) == 0) {
            return k->disk;
        }
    }
    return sim_world_disk_number(w, holder);
}

static void promised(struct snapshots *s, struct sim_world *w, uint32_t node,
                     const struct sw_trace *t)
{
    const uint32_t holder = node_called(w, t->peer.s);
    if (holder == UINT32_MAX) {
        sim_complain(w, "snapshots", "an object is acknowledged by '%s', which does not exist",
                     t->peer.s);
        return;
    }
    if (s->n == s->cap) {
        s->cap = 2 * s->cap + 256;
        s->v = sim_realloc(s->v, s->cap * sizeof *s->v);
    }
    s->v[s->n++] = (struct promise){ .object = t->object,
                                     .node = node,
                                     .holder = holder,
                                     .disk = disk_of(s, w, holder, &t->object),
                                     .sequence = t->b };
}

/* What it needs was acknowledged before it: objects of this snapshot and of earlier ones. */
static void acknowledged(struct snapshots *s, struct sim_world *w, uint32_t node, uint64_t sequence)
{
    bool any = false;
    for (size_t i = 0; i < s->n; i++) {
        if (s->v[i].node == node && s->v[i].sequence <= sequence) {
            s->v[i].safe = true;
            any = true;
        }
    }
    s->acknowledged++;
    if (!any) {
        sim_complain(
            w, "snapshots", "%s says snapshot %llu is safe, and nobody acknowledged any of it",
            sim_world_scenario(w)->nodes[node].config.name.s, (unsigned long long)sequence);
    }
}

static void on_trace(void *self, struct sim_world *w, uint32_t node, const struct sw_trace *t)
{
    struct snapshots *s = self;
    switch (t->kind) {
    case SW_TRACE_OBJECT_KEPT:
        keep(s, w, node, &t->object);
        break;
    case SW_TRACE_OBJECT_STORED:
        promised(s, w, node, t);
        break;
    case SW_TRACE_SNAPSHOT_SAFE:
        acknowledged(s, w, node, t->a);
        break;
    default:
        break;
    }
}

/* ---- looking for what was promised ---- */

struct found {
    struct sw_digest *v;
    size_t n, cap;
};

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct sw_digest));
}

/* The object that a file is named after; @whole: it is not one that is still being written
 * (FORMAT.md, store). */
static bool named_after(const char *path, struct sw_digest *object, bool *whole)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const size_t digits = 2 * sizeof object->b;
    size_t len = 0;
    if (strlen(name) < 2 + digits || name[1] != '-' ||
        sodium_hex2bin(object->b, sizeof object->b, name + 2, digits, NULL, &len, NULL) != 0) {
        return false;
    }
    *whole = name[0] == 'p' || name[0] == 'm';
    return len == sizeof object->b;
}

/* Nobody finds an object under another name than its own. */
static int digest(void *arg, const char *path, struct sw_bytes content, const struct sw_stat *st)
{
    struct found *f = arg;
    struct sw_digest name;
    bool whole;
    (void)st;
    if (!named_after(path, &name, &whole) || !whole) {
        return 0;
    }
    if (f->n == f->cap) {
        f->cap = 2 * f->cap + 256;
        f->v = sim_realloc(f->v, f->cap * sizeof *f->v);
    }
    struct sw_digest *is = &f->v[f->n];
    (void)crypto_generichash(is->b, sizeof is->b, content.data, content.len, NULL, 0);
    f->n += compare(is, &name) == 0;
    return 0;
}

/* The objects on @holder's disk, as digests, sorted. */
static void look_at(const struct sim_world *w, uint32_t holder, struct found *f)
{
    const char *store = sim_world_scenario(w)->nodes[holder].config.store;
    f->n = 0;
    if (store != NULL) {
        (void)sim_disk_each(sim_world_disk(w, holder), store, digest, f);
    }
    if (f->n > 0) {
        qsort(f->v, f->n, sizeof *f->v, compare);
    }
}

static bool is_rotten(const struct snapshots *s, const struct promise *p)
{
    for (size_t i = 0; i < s->n_rotten; i++) {
        const struct kept *k = &s->rotten[i];
        if (k->holder == p->holder && k->disk == p->disk && compare(&k->object, &p->object) == 0) {
            return true;
        }
    }
    return false;
}

static void check_holder(const struct snapshots *s, struct sim_world *w, uint32_t holder,
                         struct found *f)
{
    bool looked = false;
    for (size_t i = 0; i < s->n; i++) {
        const struct promise *p = &s->v[i];
        if (!p->safe || p->holder != holder || p->disk != sim_world_disk_number(w, holder)) {
            continue;
        }
        if (!looked) {
            look_at(w, holder, f);
            looked = true;
        }
        const bool there =
            f->n > 0 && bsearch(&p->object, f->v, f->n, sizeof *f->v, compare) != NULL;
        if (!there && !is_rotten(s, p)) {
            const struct sim_scenario *sc = sim_world_scenario(w);
            sim_complain(w, "snapshots",
                         "%s acknowledged object %02x%02x%02x%02x of %s's snapshot %llu and does "
                         "not have it, though its disk lives",
                         sc->nodes[holder].config.name.s, p->object.b[0], p->object.b[1],
                         p->object.b[2], p->object.b[3], sc->nodes[p->node].config.name.s,
                         (unsigned long long)p->sequence);
            return;
        }
    }
}

static void check(const struct snapshots *s, struct sim_world *w)
{
    struct found f = { .n = 0 };
    const uint32_t n = (uint32_t)sim_world_scenario(w)->n_nodes;
    for (uint32_t i = 0; i < n && s->n > 0; i++) {
        check_holder(s, w, i, &f);
    }
    free(f.v);
}

static void on_fault(void *self, struct sim_world *w, const struct sim_fault *f, bool begins)
{
    (void)f;
    (void)begins;
    check(self, w);
}

static void on_restore(void *self, struct sim_world *w, const struct sim_restore_done *r)
{
    (void)self;
    if (r->status == 0 && r->differs != NULL) {
        sim_complain(w, "snapshots", "%s restored %s's set %s, and it is not what was there: %s",
                     r->operation->node.s, r->operation->from.s, r->operation->set.s, r->differs);
    }
}

/* Bits of a file are about to rot: the object that it is named after is not promised there any
 * longer. */
static void on_rot(void *self, struct sim_world *w, uint32_t node, const char *path,
                   struct sw_bytes content)
{
    struct snapshots *s = self;
    struct promise p = { .holder = node, .disk = sim_world_disk_number(w, node) };
    bool whole;
    (void)content;
    if (!named_after(path, &p.object, &whole) || is_rotten(s, &p)) {
        return;
    }
    s->rotten = sim_realloc(s->rotten, (s->n_rotten + 1) * sizeof *s->rotten);
    s->rotten[s->n_rotten++] = (struct kept){ p.object, p.holder, p.disk };
}

static void finish(void *self, struct sim_world *w)
{
    check(self, w);
}

extern const struct sim_watcher sim_oracle_snapshots;
const struct sim_watcher sim_oracle_snapshots = {
    .name = "snapshots",
    .help = "nothing acknowledged is lost, and restores are bit-identical",
    .oracle = true,
    .start = start,
    .on_trace = on_trace,
    .on_fault = on_fault,
    .on_restore = on_restore,
    .on_rot = on_rot,
    .finish = finish,
    .stop = stop,
};

/* SPDX-License-Identifier: GPL-3.0-or-later
 * No plaintext of a protected set leaves its node: not in a message to a peer, not on another
 * node's disk, where only what was restored or copied there on purpose may show it.
 *
 * One 32-byte window a KiB of the protected files is remembered, and a keyed rolling hash looks
 * for them at every offset of what passes: a leak of two KiB in one piece is seen whole. */
#include "node/base/rng.h"
#include "sim/world/disk.h"
#include "sim/world/pool.h"
#include "sim/world/world.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW 32U /* bits of the hash: a byte leaves it after so many shifts */
#define STEP SW_KIB
#define FILTER_BITS 20U /* of the hash's upper bits, which all of the window decides */
/* Enough for 64 MiB of files; of more, the first so many. */
#define WINDOWS_MAX 65536U

struct window {
    uint32_t hash;
    uint32_t node; /* whose */
    uint8_t bytes[WINDOW];
};

struct plaintext {
    struct sim_world *w;
    uint32_t gear[256];
    struct window *v; /* sorted by hash */
    size_t n, cap;
    uint8_t *filter;
    uint32_t node; /* being looked at */
};

/* The rolling hash of one window. */
static uint32_t hash_of(const struct plaintext *p, const uint8_t *bytes)
{
    uint32_t h = 0;
    for (unsigned i = 0; i < WINDOW; i++) {
        h = (h << 1) + p->gear[bytes[i]];
    }
    return h;
}

static int remember(void *arg, const char *path, struct sw_bytes content, const struct sw_stat *st)
{
    struct plaintext *p = arg;
    (void)path;
    (void)st;
    for (size_t at = 0; at + WINDOW <= content.len && p->n < WINDOWS_MAX; at += STEP) {
        if (p->n == p->cap) {
            p->cap = 2 * p->cap + 256;
            p->v = sim_realloc(p->v, p->cap * sizeof *p->v);
        }
        struct window *x = &p->v[p->n++];
        x->hash = hash_of(p, content.data + at);
        x->node = p->node;
        memcpy(x->bytes, content.data + at, WINDOW);
    }
    return 0;
}

static int by_hash(const void *a, const void *b)
{
    const struct window *x = a;
    const struct window *y = b;
    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* Does the folder @path lie in @folder, or is it the same? */
static bool lies_in(const char *path, const char *folder)
{
    const size_t n = strlen(folder);
    return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* Made-up files that a set protects: nobody else can have them by chance. */
static void collect(struct plaintext *p, uint32_t node)
{
    const struct sim_node *spec = &sim_world_scenario(p->w)->nodes[node];
    p->node = node;
    for (size_t i = 0; i < spec->n_files; i++) {
        bool protects = false;
        for (size_t k = 0; k < spec->config.n_sets; k++) {
            protects = protects || lies_in(spec->files[i].path, spec->config.sets[k].path);
        }
        if (protects) {
            (void)sim_disk_each(sim_world_disk(p->w, node), spec->files[i].path, remember, p);
        }
    }
}

static int start(struct sim_world *w, void **self)
{
    struct plaintext *p = sim_calloc(1, sizeof *p);
    const struct sw_rng_key key = sw_rng_key(0, "plaintext oracle", "");
    p->w = w;
    for (unsigned i = 0; i < SW_LEN(p->gear); i++) {
        p->gear[i] = (uint32_t)sw_rng_at(key, i, 0);
    }
    for (uint32_t i = 0; i < sim_world_scenario(w)->n_nodes; i++) {
        collect(p, i);
    }
    if (p->n > 0) {
        qsort(p->v, p->n, sizeof *p->v, by_hash);
        p->filter = sim_calloc((size_t)1 << FILTER_BITS >> 3, 1);
    }
    for (size_t i = 0; i < p->n; i++) {
        const uint32_t bit = p->v[i].hash >> (32 - FILTER_BITS);
        p->filter[bit / 8] |= (uint8_t)(1U << (bit % 8));
    }
    *self = p;
    return 0;
}

static void stop(void *self)
{
    struct plaintext *p = self;
    free(p->v);
    free(p->filter);
    free(p);
}

/* The window that these bytes are, or NULL. */
static const struct window *find(const struct plaintext *p, uint32_t hash, const uint8_t *bytes)
{
    size_t low = 0;
    size_t high = p->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (p->v[middle].hash < hash) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < p->n && p->v[low].hash == hash; low++) {
        if (memcmp(p->v[low].bytes, bytes, WINDOW) == 0) {
            return &p->v[low];
        }
    }
    return NULL;
}

/* The first remembered window in @b, at offset @at; NULL when there is none. */
static const struct window *search(const struct plaintext *p, struct sw_bytes b, size_t *at)
{
    uint32_t h = 0;
    const size_t len = p->n > 0 ? b.len : 0;
    for (size_t i = 0; i < len; i++) {
        h = (h << 1) + p->gear[b.data[i]];
        const uint32_t bit = h >> (32 - FILTER_BITS);
        if ((p->filter[bit / 8] & 1U << (bit % 8)) == 0 || i + 1 < WINDOW) {
            continue;
        }
        const struct window *x = find(p, h, b.data + i + 1 - WINDOW);
        if (x != NULL) {
            *at = i + 1 - WINDOW;
            return x;
        }
    }
    return NULL;
}

static void on_message(void *self, struct sim_world *w, uint32_t from, struct sw_bytes message)
{
    size_t at;
    const struct window *x = search(self, message, &at);
    if (x != NULL) {
        const struct sim_scenario *s = sim_world_scenario(w);
        sim_complain(
            w, "plaintext", "%s sends a peer plaintext of %s's protected files, at byte %zu of %zu",
            s->nodes[from].config.name.s, s->nodes[x->node].config.name.s, at, message.len);
    }
}

/* May plaintext lie here: the node's own files, or what an operator brought? */
static bool allowed(const struct sim_scenario *s, uint32_t node, const char *path)
{
    const struct sim_node *n = &s->nodes[node];
    bool yes = false;
    for (size_t i = 0; i < n->n_files; i++) {
        yes = yes || lies_in(path, n->files[i].path);
    }
    for (size_t i = 0; i < s->n_operations; i++) {
        const struct sim_operation *o = &s->operations[i];
        yes = yes || (o->target != NULL && strcmp(o->node.s, n->config.name.s) == 0 &&
                      lies_in(path, o->target));
    }
    return yes;
}

static int look(void *arg, const char *path, struct sw_bytes content, const struct sw_stat *st)
{
    struct plaintext *p = arg;
    const struct sim_scenario *s = sim_world_scenario(p->w);
    size_t at;
    (void)st;
    path += strlen("./");
    if (allowed(s, p->node, path)) {
        return 0;
    }
    const struct window *x = search(p, content, &at);
    if (x == NULL) {
        return 0;
    }
    sim_complain(p->w, "plaintext", "%s has plaintext of %s's protected files in %s, at byte %zu",
                 s->nodes[p->node].config.name.s, s->nodes[x->node].config.name.s, path, at);
    return 1;
}

static void finish(void *self, struct sim_world *w)
{
    struct plaintext *p = self;
    for (uint32_t i = 0; i < sim_world_scenario(w)->n_nodes && p->n > 0; i++) {
        p->node = i;
        (void)sim_disk_each(sim_world_disk(w, i), ".", look, p);
    }
}

extern const struct sim_watcher sim_oracle_plaintext;
const struct sim_watcher sim_oracle_plaintext = {
    .name = "plaintext",
    .help = "no plaintext of a protected set reaches a peer or its disk",
    .oracle = true,
    .start = start,
    .on_message = on_message,
    .finish = finish,
    .stop = stop,
};

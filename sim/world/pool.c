/* SPDX-License-Identifier: GPL-3.0-or-later
 * Size-class memory.  Under a sanitizer every piece is its own allocation, so that a use after
 * free is seen. */
#include "sim/world/pool.h"

#include "sim/engine/engine.h"

#include <stdlib.h>

#define SLAB ((size_t)256 * 1024)
#define LARGEST ((size_t)64 * 1024)

struct sim_slab {
    struct sim_slab *next;
    size_t used;
    _Alignas(16) unsigned char bytes[SLAB];
};

void *sim_alloc(size_t size)
{
    void *p = malloc(size == 0 ? 1 : size);
    if (p == NULL) {
        sim_out_of_memory("the simulated world");
    }
    return p;
}

void *sim_calloc(size_t n, size_t size)
{
    void *p = calloc(n == 0 ? 1 : n, size == 0 ? 1 : size);
    if (p == NULL) {
        sim_out_of_memory("the simulated world");
    }
    return p;
}

void *sim_realloc(void *old, size_t size)
{
    void *p = realloc(old, size == 0 ? 1 : size);
    if (p == NULL) {
        sim_out_of_memory("the simulated world");
    }
    return p;
}

#ifdef SW_SLOW_CHECKS

void *sim_pool_get(struct sim_pool *p, size_t size)
{
    (void)p;
    return sim_alloc(size);
}

void sim_pool_put(struct sim_pool *p, void *what, size_t size)
{
    (void)p;
    (void)size;
    free(what);
}

#else

/* The smallest class that holds @size <= LARGEST. */
static unsigned class_of(size_t size)
{
    const size_t blocks = (size + 63) / 64;
    return blocks <= 1 ? 0 : 64U - (unsigned)__builtin_clzll((unsigned long long)blocks - 1);
}

static void *carve(struct sim_pool *p, size_t size)
{
    if (p->slabs == NULL || SLAB - p->slabs->used < size) {
        struct sim_slab *s = sim_alloc(sizeof *s);
        s->next = p->slabs;
        s->used = 0;
        p->slabs = s;
    }
    void *piece = p->slabs->bytes + p->slabs->used;
    p->slabs->used += size;
    return piece;
}

void *sim_pool_get(struct sim_pool *p, size_t size)
{
    if (size > LARGEST) {
        return sim_alloc(size);
    }
    const unsigned c = class_of(size);
    void *piece = p->free[c];
    if (piece == NULL) {
        return carve(p, (size_t)64 << c);
    }
    p->free[c] = *(void **)piece;
    return piece;
}

void sim_pool_put(struct sim_pool *p, void *what, size_t size)
{
    if (what == NULL) {
        return;
    }
    if (size > LARGEST) {
        free(what);
        return;
    }
    const unsigned c = class_of(size);
    *(void **)what = p->free[c];
    p->free[c] = what;
}

#endif

void sim_pool_fini(struct sim_pool *p)
{
    while (p->slabs != NULL) {
        struct sim_slab *next = p->slabs->next;
        free(p->slabs);
        p->slabs = next;
    }
    *p = (struct sim_pool){ .slabs = NULL };
}

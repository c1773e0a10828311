/* SPDX-License-Identifier: GPL-3.0-or-later
 * Size-class memory.  Under a sanitizer every piece is its own allocation, so that a use after
 * free is seen. */
#include "sim/world/pool.h"

#include "sim/engine/engine.h"

#include <stdlib.h>

#define SLAB ((size_t)256 * 1024)
#ifdef SW_SLOW_CHECKS
#define LARGEST ((size_t)0)
#else
#define LARGEST ((size_t)8 * 1024) /* what is larger comes in bursts, and is given back */
#endif

struct sim_slab {
    struct sim_slab *next;
    size_t used;
    _Alignas(16) unsigned char bytes[SLAB];
};

/* In front of an allocation of its own. */
struct sim_piece {
    _Alignas(16) struct sim_piece *next;
    struct sim_piece *previous;
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

static void *get_single(struct sim_pool *p, size_t size)
{
    struct sim_piece *piece = sim_alloc(sizeof *piece + size);
    piece->previous = NULL;
    piece->next = p->single;
    if (p->single != NULL) {
        p->single->previous = piece;
    }
    p->single = piece;
    return piece + 1;
}

static void put_single(struct sim_pool *p, void *what)
{
    struct sim_piece *piece = (struct sim_piece *)what - 1;
    if (piece->previous != NULL) {
        piece->previous->next = piece->next;
    } else {
        p->single = piece->next;
    }
    if (piece->next != NULL) {
        piece->next->previous = piece->previous;
    }
    free(piece);
}

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
        return get_single(p, size);
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
    if (size > LARGEST) {
        put_single(p, what);
        return;
    }
    const unsigned c = class_of(size);
    *(void **)what = p->free[c];
    p->free[c] = what;
}

void sim_pool_fini(struct sim_pool *p)
{
    while (p->slabs != NULL) {
        struct sim_slab *next = p->slabs->next;
        free(p->slabs);
        p->slabs = next;
    }
    while (p->single != NULL) {
        struct sim_piece *next = p->single->next;
        free(p->single);
        p->single = next;
    }
    *p = (struct sim_pool){ .slabs = NULL };
}

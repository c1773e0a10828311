/* SPDX-License-Identifier: GPL-3.0-or-later
 * The parts of a wheel that run seldom: set-up, growth, emptying. */
#include "sim/engine/wheel.h"

#include <stdlib.h>
#include <string.h>

#include "node/base/bug.h"

void sim_chunks_grow(struct sim_chunks *c)
{
    const uint32_t cap = c->cap == 0 ? 64 : 2 * c->cap;
    SW_ASSERT(cap > c->cap && cap <= UINT32_MAX / SIM_CHUNK);
    const size_t chunk = SIM_CHUNK * sizeof(struct sim_entry);
    struct sim_entry *v = aligned_alloc(chunk, cap * chunk);
    uint32_t *next = realloc(c->next, cap * sizeof *next);
    if (v == NULL || next == NULL) {
        sim_out_of_memory("the event queue");
    }
    if (c->v != NULL) {
        memcpy(v, c->v, c->cap * chunk);
    } else {
        c->used = 1;
    }
    free(c->v);
    c->v = v;
    c->next = next;
    c->cap = cap;
}

void sim_chunks_fini(struct sim_chunks *c)
{
    free(c->v);
    free(c->next);
    *c = (struct sim_chunks){ 0 };
}

bool sim_wheel_init(struct sim_wheel *w, unsigned bits)
{
    SW_ASSERT(bits >= 12 && bits < 32);
    const size_t buckets = (size_t)1 << bits;
    *w = (struct sim_wheel){ .mask = (uint32_t)(buckets - 1) };
    w->head = calloc(buckets, sizeof *w->head);
    w->used = calloc(buckets / 64, sizeof *w->used);
    w->top = calloc(buckets / 4096, sizeof *w->top);
    return w->head != NULL && w->used != NULL && w->top != NULL;
}

void sim_wheel_fini(struct sim_wheel *w)
{
    free(w->head);
    free(w->used);
    free(w->top);
    *w = (struct sim_wheel){ 0 };
}

void sim_wheel_empty(struct sim_wheel *w, struct sim_chunks *c, struct sim_entry *out)
{
    for (uint32_t b = sim_wheel_scan(w, 0); b <= w->mask; b = sim_wheel_scan(w, b)) {
        uint32_t h = sim_wheel_detach(w, b);
        while (h != 0) {
            for (uint32_t k = h; k < sim_chain_end(h); k++) {
                *out++ = c->v[k];
            }
            const uint32_t chunk = sim_chain_chunk(h);
            h = sim_chain_next(c, h);
            sim_chunk_give(c, chunk);
        }
    }
    w->count = 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 * Numbered slots for things in flight. */
#include "node/core/swarm/slots.h"

#include "node/base/bug.h"

#include <stdlib.h>

#define FIRST_CHUNK 4U /* slots; each chunk has twice as many as the one before */

/* Before every item. */
struct head {
    uint32_t next; /* free slot after this one, while free */
    uint32_t generation;
    bool taken;
    _Alignas(16) unsigned char item[];
};

static size_t stride(const struct sw_slots *s)
{
    return sizeof(struct head) + s->size;
}

/* The first slot of chunk @i: 4 (1 + 2 + ... + 2^(i - 1)). */
static uint32_t first_of(uint32_t i)
{
    return FIRST_CHUNK * ((UINT32_C(1) << i) - 1);
}

static struct head *head(const struct sw_slots *s, uint32_t index)
{
    SW_ASSERT(index < s->made);
    const uint32_t chunk = 31U - (uint32_t)__builtin_clz(index / FIRST_CHUNK + 1);
    return (struct head *)(void *)(s->chunks[chunk] + (index - first_of(chunk)) * stride(s));
}

void sw_slots_init(struct sw_slots *s, size_t size)
{
    *s = (struct sw_slots){ .size = (size + 15) / 16 * 16, .free = SW_SLOT_NONE };
}

void sw_slots_fini(struct sw_slots *s)
{
    for (uint32_t i = 0; i < s->n_chunks; i++) {
        free(s->chunks[i]);
    }
    free((void *)s->chunks);
    *s = (struct sw_slots){ .free = SW_SLOT_NONE };
}

static bool grow(struct sw_slots *s)
{
    unsigned char **v = realloc((void *)s->chunks, (s->n_chunks + 1) * sizeof *v);
    if (v == NULL) {
        return false;
    }
    s->chunks = v;
    v[s->n_chunks] = calloc((size_t)FIRST_CHUNK << s->n_chunks, stride(s));
    if (v[s->n_chunks] == NULL) {
        return false;
    }
    s->n_chunks++;
    return true;
}

void *sw_slots_take(struct sw_slots *s, uint32_t *index)
{
    if (s->taken >= s->limit) {
        return NULL;
    }
    if (s->free == SW_SLOT_NONE) {
        if (s->made == first_of(s->n_chunks) && !grow(s)) {
            return NULL;
        }
        s->free = s->made++;
        struct head *h = head(s, s->free);
        h->next = SW_SLOT_NONE;
        h->generation = 1;
    }
    *index = s->free;
    struct head *h = head(s, *index);
    s->free = h->next;
    h->taken = true;
    s->taken++;
    return h->item;
}

void sw_slots_give(struct sw_slots *s, uint32_t index)
{
    struct head *h = head(s, index);
    SW_ASSERT(h->taken);
    h->taken = false;
    h->generation = h->generation == UINT32_MAX ? 1 : h->generation + 1;
    h->next = s->free;
    s->free = index;
    s->taken--;
}

void *sw_slots_at(const struct sw_slots *s, uint32_t index)
{
    return head(s, index)->item;
}

bool sw_slots_taken(const struct sw_slots *s, uint32_t index)
{
    return head(s, index)->taken;
}

uint64_t sw_slots_id(const struct sw_slots *s, uint32_t index)
{
    return (uint64_t)head(s, index)->generation << 32 | index;
}

uint32_t sw_slots_find(const struct sw_slots *s, uint64_t id)
{
    const uint32_t index = (uint32_t)id;
    if (index >= s->made || !head(s, index)->taken || sw_slots_id(s, index) != id) {
        return SW_SLOT_NONE;
    }
    return index;
}

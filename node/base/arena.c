/* SPDX-License-Identifier: GPL-3.0-or-later
 * Scratch memory in a chain of chunks.  Under AddressSanitizer what is not handed out is
 * poisoned, so that a use after reset is caught like a use after free. */
#include "node/base/arena.h"

#include "node/base/bug.h"

#include <stdlib.h>
#include <string.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#endif

#define ALIGN ((size_t)16)
#define CHUNK_MIN ((size_t)4096)
#define CHUNK_MAX ((size_t)1 << 20) /* a larger one only for a larger request */

struct sw_arena_chunk {
    struct sw_arena_chunk *next;
    size_t cap; /* bytes of data */
    uint8_t data[];
};

static struct sw_arena_chunk *chunk_new(size_t cap)
{
    if (cap > SIZE_MAX - sizeof(struct sw_arena_chunk)) {
        return NULL;
    }
    struct sw_arena_chunk *c = malloc(sizeof *c + cap);
    if (c != NULL) {
        *c = (struct sw_arena_chunk){ .cap = cap };
        ASAN_POISON_MEMORY_REGION(c->data, cap);
    }
    return c;
}

/* Fill @c, which is empty, from now on. */
static void begin(struct sw_arena *a, struct sw_arena_chunk *c)
{
    a->last = c;
    a->at = c->data;
    a->left = c->cap;
}

/* Make @a->last a chunk with @need bytes free. */
static bool advance(struct sw_arena *a, size_t need)
{
    while (a->last != NULL && a->last->next != NULL) { /* left over from before a reset */
        begin(a, a->last->next);
        if (a->left >= need) {
            return true;
        }
    }
    size_t cap = a->last == NULL ? CHUNK_MIN : 2 * a->last->cap;
    cap = cap > CHUNK_MAX ? CHUNK_MAX : cap;
    struct sw_arena_chunk *c = chunk_new(need > cap ? need : cap);
    if (c == NULL) {
        return false;
    }
    if (a->last == NULL) {
        a->first = c;
    } else {
        a->last->next = c;
    }
    begin(a, c);
    return true;
}

void *sw_arena_alloc(struct sw_arena *a, size_t size)
{
    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    const size_t need = (size + ALIGN - 1) & ~(ALIGN - 1);
    if ((a->last == NULL || need > a->left) && !advance(a, need)) {
        return NULL;
    }
    uint8_t *at = a->at;
    a->at += need;
    a->left -= need;
    ASAN_UNPOISON_MEMORY_REGION(at, size);
    return at;
}

void *sw_arena_copy(struct sw_arena *a, const void *data, size_t len)
{
    void *at = sw_arena_alloc(a, len);
    if (at != NULL && len > 0) {
        memcpy(at, data, len);
    }
    return at;
}

void sw_arena_trim(struct sw_arena *a, const void *latest, size_t used)
{
    struct sw_arena_chunk *c = a->last;
    SW_ASSERT(c != NULL && (const uint8_t *)latest >= c->data);
    const size_t start = (size_t)((const uint8_t *)latest - c->data);
    const size_t end = start + ((used + ALIGN - 1) & ~(ALIGN - 1));
    const size_t filled = c->cap - a->left;
    SW_ASSERT(start <= filled && used <= filled - start && end <= filled);
    a->at = c->data + end;
    a->left = c->cap - end;
    ASAN_POISON_MEMORY_REGION(c->data + start + used, c->cap - start - used);
}

struct sw_arena_mark sw_arena_mark(const struct sw_arena *a)
{
    return (struct sw_arena_mark){ a->last, a->last != NULL ? a->last->cap - a->left : 0 };
}

void sw_arena_rewind(struct sw_arena *a, struct sw_arena_mark mark)
{
    struct sw_arena_chunk *c = mark.last != NULL ? mark.last : a->first;
    if (c == NULL) {
        return;
    }
    ASAN_POISON_MEMORY_REGION(c->data + mark.used, c->cap - mark.used);
    for (struct sw_arena_chunk *k = c; k != a->last;) { /* those behind it were not touched */
        k = k->next;
        ASAN_POISON_MEMORY_REGION(k->data, k->cap);
    }
    a->last = c;
    a->at = c->data + mark.used;
    a->left = c->cap - mark.used;
}

void sw_arena_reset(struct sw_arena *a)
{
    sw_arena_rewind(a, (struct sw_arena_mark){ NULL, 0 });
}

void sw_arena_fini(struct sw_arena *a)
{
    for (struct sw_arena_chunk *c = a->first; c != NULL;) {
        struct sw_arena_chunk *next = c->next;
        ASAN_UNPOISON_MEMORY_REGION(c->data, c->cap);
        free(c);
        c = next;
    }
    *a = (struct sw_arena){ 0 };
}

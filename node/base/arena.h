/* SPDX-License-Identifier: GPL-3.0-or-later
 * Scratch memory that is given back all at once. */
#ifndef SW_BASE_ARENA_H
#define SW_BASE_ARENA_H

#include "node/base/types.h"

struct sw_arena_chunk;

/* Zero-initialised is a valid empty arena. */
struct sw_arena {
    struct sw_arena_chunk *first; /* oldest; kept over a reset */
    struct sw_arena_chunk *last;  /* the one being filled */
    uint8_t *at;                  /* where it goes on */
    size_t left;                  /* bytes there */
};

/* A point in what was handed out. */
struct sw_arena_mark {
    struct sw_arena_chunk *last;
    size_t used;
};

/* @size bytes, 16-byte aligned, not zeroed, valid until reset or fini; a size of 0 is valid.
 * NULL when memory is out. */
void *sw_arena_alloc(struct sw_arena *a, size_t size);
/* A copy of @len bytes at @data; NULL when memory is out. */
void *sw_arena_copy(struct sw_arena *a, const void *data, size_t len);
/* Give back the tail of the *latest* allocation: it is @used bytes from now on. */
void sw_arena_trim(struct sw_arena *a, const void *latest, size_t used);
/* Where it stands; forget what was handed out since @mark, keep memory for reuse. */
struct sw_arena_mark sw_arena_mark(const struct sw_arena *a);
void sw_arena_rewind(struct sw_arena *a, struct sw_arena_mark mark);
/* Forget everything, keep memory for reuse: steady state allocates nothing. */
void sw_arena_reset(struct sw_arena *a);
void sw_arena_fini(struct sw_arena *a);

#endif

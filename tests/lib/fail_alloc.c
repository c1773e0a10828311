/* SPDX-License-Identifier: GPL-3.0-or-later
 * The linker's --wrap sends our allocations here. */
#include "tests/lib/fail_alloc.h"

#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>

/* These names are the linker's. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *p);

static _Thread_local int64_t live;
static _Thread_local uint64_t asked;
static _Thread_local uint64_t first = FAIL_ALLOC_NEVER;
static _Thread_local uint64_t last = FAIL_ALLOC_NEVER;

static _Thread_local uint64_t bytes;

static bool fails(size_t size)
{
    bytes += size;
    const uint64_t index = asked++;
    return first != FAIL_ALLOC_NEVER && index >= first && index <= last;
}

void fail_alloc_from(uint64_t index)
{
    asked = 0;
    first = index;
    last = FAIL_ALLOC_NEVER;
}

void fail_alloc_only(uint64_t index)
{
    asked = 0;
    first = index;
    last = index;
}

uint64_t fail_alloc_stop(void)
{
    const uint64_t count = asked;
    asked = 0;
    first = FAIL_ALLOC_NEVER;
    return count;
}

uint64_t fail_alloc_bytes(void)
{
    return bytes;
}

int64_t alloc_live(void)
{
    return live;
}

static void *taken(void *p)
{
    live += (int64_t)malloc_usable_size(p);
    return p;
}

void *__wrap_malloc(size_t size)
{
    return fails(size) ? NULL : taken(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails(n * size) ? NULL : taken(__real_calloc(n, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    const int64_t before = (int64_t)malloc_usable_size(old);
    void *p = fails(size) ? NULL : taken(__real_realloc(old, size));
    live -= p != NULL ? before : 0;
    return p;
}

void __wrap_free(void *p)
{
    live -= (int64_t)malloc_usable_size(p);
    __real_free(p);
}

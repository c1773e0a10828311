/* SPDX-License-Identifier: GPL-3.0-or-later
 * Makes allocations fail on purpose, and counts them.  Every unit test is linked so that
 * malloc, calloc, realloc and free of our own code (not of shared libraries) pass through here. */
#ifndef SW_TESTS_LIB_FAIL_ALLOC_H
#define SW_TESTS_LIB_FAIL_ALLOC_H

#include <stdint.h>

#define FAIL_ALLOC_NEVER UINT64_MAX

/* Count from zero again, and let the allocation with number @index (0 is the next one) and all
 * after it fail. */
void fail_alloc_from(uint64_t index);
/* As fail_alloc_from, but only that one fails. */
void fail_alloc_only(uint64_t index);
/* Nothing fails any longer; returns how many allocations were asked for since the last call
 * of this or of the two above. */
uint64_t fail_alloc_stop(void);
/* Bytes that were ever asked for, by this thread. */
uint64_t fail_alloc_bytes(void);

/* Bytes that this thread has allocated and not freed, as malloc_usable_size has them, without what
 * malloc itself needs.  Differences count: what a library allocated and we freed is missing. */
int64_t alloc_live(void);

#endif

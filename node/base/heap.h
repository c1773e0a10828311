/* SPDX-License-Identifier: GPL-3.0-or-later
 * Intrusive timer heap in (time, sequence) order: equal times fire in the order set. */
#ifndef SW_BASE_HEAP_H
#define SW_BASE_HEAP_H

#include "node/base/types.h"

/* Embedded in what waits.  Zero-initialised is "not set". */
struct sw_timer {
    sw_time at;
    uint64_t seq;
    uint32_t pos;  /* 1 + index in the heap; 0 when not set */
    uint32_t kind; /* the owner's: which of its things this is */
};

/* Zero-initialised is a valid empty heap. */
struct sw_heap {
    struct sw_timer **v;
    size_t n, cap;
    uint64_t seq;
};

/* Set @t to fire at @at, whether or not it was set.  Errors: SW_ERR_NOMEM: unchanged. */
int sw_heap_set(struct sw_heap *h, struct sw_timer *t, sw_time at);
/* Unset; nothing happens when it was not set. */
void sw_heap_cancel(struct sw_heap *h, struct sw_timer *t);
/* The timer that fires first, or NULL. */
struct sw_timer *sw_heap_first(const struct sw_heap *h);
/* Remove and return the first timer due at or before @now, or NULL. */
struct sw_timer *sw_heap_due(struct sw_heap *h, sw_time now);
void sw_heap_fini(struct sw_heap *h);

#endif

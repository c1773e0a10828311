/* SPDX-License-Identifier: GPL-3.0-or-later
 * Memory for what comes and goes with every packet: size classes with free lists, so that a run
 * in steady state asks the system for nothing. */
#ifndef SIM_POOL_H
#define SIM_POOL_H

#include <stddef.h>

#define SIM_POOL_CLASSES 11 /* 64 bytes to 64 KiB by powers of two */

struct sim_slab;
struct sim_piece;

/* Zero-initialised is a valid empty pool. */
struct sim_pool {
    void *free[SIM_POOL_CLASSES];
    struct sim_slab *slabs;
    struct sim_piece *single; /* allocations of their own */
};

/* @size bytes, 16-byte aligned, not zeroed.  Ends the process when memory is out: a simulator
 * has no other choice. */
void *sim_pool_get(struct sim_pool *p, size_t size);
/* Give back what sim_pool_get made of the same @size. */
void sim_pool_put(struct sim_pool *p, void *what, size_t size);
/* Free everything, whether or not it was put back: a run ends with packets in the air. */
void sim_pool_fini(struct sim_pool *p);

/* malloc, calloc and realloc that end the process with a sentence when memory is out. */
void *sim_alloc(size_t size);
void *sim_calloc(size_t n, size_t size);
void *sim_realloc(void *old, size_t size);

#endif

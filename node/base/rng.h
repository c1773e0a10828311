/* SPDX-License-Identifier: GPL-3.0-or-later
 * Seeded random numbers for decisions, never for secrets: Philox4x32-10 (Salmon, Moraes, Dror,
 * Shaw 2011), a counter-based generator.  The key says whose numbers they are, the counter what
 * the draw belongs to, so adding a draw in one place never shifts the draws of another. */
#ifndef SW_BASE_RNG_H
#define SW_BASE_RNG_H

#include "node/base/types.h"

struct sw_rng_key {
    uint32_t k[2];
};

/* BLAKE2b-256(@seed, big-endian || @purpose || 0 || @entity), first 8 bytes as two big-endian
 * words. */
struct sw_rng_key sw_rng_key(uint64_t seed, const char *purpose, const char *entity);

/* One block: four words for counter @ctr under @key.  Known answers: Random123's kat_vectors. */
void sw_philox(struct sw_rng_key key, const uint32_t ctr[4], uint32_t out[4]);

/* The number that belongs to (@a, @b): always the same, whatever else is drawn.  Counter
 * (@a, @b), low words first; the first two words of the block, big end first.  @b = UINT64_MAX
 * is where sequential streams count. */
uint64_t sw_rng_at(struct sw_rng_key key, uint64_t a, uint64_t b);

/* A sequential stream: the same generator with a running counter, two numbers a block. */
struct sw_rng {
    struct sw_rng_key key;
    uint64_t draws; /* count of numbers taken; tests assert on it */
    uint64_t spare; /* second half of the last block */
};

void sw_rng_init(struct sw_rng *rng, struct sw_rng_key key);
uint64_t sw_rng_next(struct sw_rng *rng);
/* Uniform integer in [0, @n), @n >= 1, without bias.  May take more than one draw. */
uint64_t sw_rng_below(struct sw_rng *rng, uint64_t n);

/* Shape 64 uniform bits, however drawn. */
double sw_unit(uint64_t bits);                      /* uniform in [0, 1) */
double sw_unit_open(uint64_t bits);                 /* uniform in (0, 1) */
double sw_exponential(uint64_t bits, double mean);  /* by inversion */
double sw_normal(uint64_t bits_a, uint64_t bits_b); /* mean 0, sd 1; no libm */

#endif

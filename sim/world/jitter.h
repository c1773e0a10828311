/* SPDX-License-Identifier: GPL-3.0-or-later
 * Jitter: log-normal factors with mean and standard deviation 1, by inversion of a table. */
#ifndef SIM_JITTER_H
#define SIM_JITTER_H

#include <stdint.h>

/* Quantiles are kept by distance p from the nearer end of [0, 1]: 32 octaves, 1/2 to 2^-33, of 8
 * parts each, in which they are a cubic (hierarchical segmentation: Cheung, Lee, Luk, Villasenor
 * 2007).  Off the true quantile by less than 1e-5 of it. */
#define SIM_JITTER_OCTAVES 32
#define SIM_JITTER_PARTS 8

struct sim_jitter {
    double cubic[2][SIM_JITTER_OCTAVES][SIM_JITTER_PARTS][4]; /* low and high end */
};

/* No libm: the same bits everywhere. */
void sim_jitter_init(struct sim_jitter *j);

/* The quantile that 64 uniform bits name. */
static inline double sim_jitter_at(const struct sim_jitter *j, uint64_t bits)
{
    /* The first bit names the end, the rest is p; its leading zeros name the octave. */
    const uint64_t least = UINT64_C(1) << (64 - SIM_JITTER_OCTAVES);
    const uint64_t p = bits << 1 > least ? bits << 1 : least;
    const int octave = __builtin_clzll(p);
    const uint64_t below = p << octave << 1; /* what follows the leading one */
    const double *c = j->cubic[bits >> 63][octave][below >> 61];
    const double t = (double)(below << 3 >> 11) * 0x1p-53;
    return c[0] + t * (c[1] + t * (c[2] + t * c[3]));
}

#endif

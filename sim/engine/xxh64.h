/* SPDX-License-Identifier: GPL-3.0-or-later
 * XXH64, a fast non-cryptographic hash (Collet, "xxHash fast digest algorithm", version 0.1.1):
 * equal on all processors, about 8 bytes a cycle. */
#ifndef SIM_XXH64_H
#define SIM_XXH64_H

#include <stddef.h>
#include <stdint.h>

uint64_t sim_xxh64(const void *data, size_t len, uint64_t seed);

#endif

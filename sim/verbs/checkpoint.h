/* SPDX-License-Identifier: GPL-3.0-or-later
 * Two runs of one seed, told by their trace hashes at checkpoints. */
#ifndef SIM_CHECKPOINT_H
#define SIM_CHECKPOINT_H

#include <stdio.h>

/* Read lines "time events hash" from @one and @other until they differ or end together, and say
 * on @to how it is.  Returns SIM_EXIT_OK (equal), SIM_EXIT_FAILED (they differ: says between which
 * two times) or SIM_EXIT_INTERNAL (there was nothing to compare). */
int sim_compare_checkpoints(FILE *one, FILE *other, const char *seed, FILE *to);

#endif

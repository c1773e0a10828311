/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where two runs of one seed part: first told between two checkpoints by their trace hashes, then
 * to the event by running both once more and looking at all between those two. */
#ifndef SIM_CHECKPOINT_H
#define SIM_CHECKPOINT_H

#include "sim/world/world.h"

#include <stdio.h>

/* Simulated times: the hashes are equal at @from and are not at @until. */
struct sim_gap {
    sw_time from, until;
};

/* Run @w to its end, or until an oracle stops it: a line "time events hash" on @to at each of a
 * thousand checkpoints.  Errors: those of sim_world_run. */
int sim_write_checkpoints(struct sim_world *w, FILE *to);
/* Run @w to @gap->until: a line "nanoseconds entity kind hash" on @to for everything traced in the
 * gap.  Errors: those of sim_world_run. */
int sim_write_traced(struct sim_world *w, const struct sim_gap *gap, FILE *to);

/* Read what sim_write_checkpoints wrote from @one and @other until they differ or end together, and
 * say on @to how it is.  Returns SIM_EXIT_OK (equal), SIM_EXIT_FAILED (they differ: @gap gets
 * between which two times) or SIM_EXIT_INTERNAL (there was nothing to compare). */
int sim_compare_checkpoints(FILE *one, FILE *other, const char *seed, FILE *to,
                            struct sim_gap *gap);
/* Read what sim_write_traced wrote of two runs of @s, and name on @to the first event in which they
 * differ.  False when they don't (a third and a fourth run need not part as the first two did). */
bool sim_compare_traced(FILE *one, FILE *other, const struct sim_scenario *s, FILE *to);

#endif

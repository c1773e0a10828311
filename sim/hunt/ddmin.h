/* SPDX-License-Identifier: GPL-3.0-or-later
 * Delta debugging: the ddmin of Zeller and Hildebrandt, "Simplifying and Isolating
 * Failure-Inducing Input" (IEEE Transactions on Software Engineering 28(2), 2002). */
#ifndef SIM_DDMIN_H
#define SIM_DDMIN_H

#include "node/base/types.h"

/* Whether what @keep leaves (true: kept) of the whole still fails. */
typedef bool (*sim_ddmin_fails)(void *self, const bool *keep);

/* Make the set @members of @n indices into @keep as small as ddmin can while @fails holds: without
 * any one of those left it would not.  @keep holds when called and when done; other entries stay.
 * Returns how many members are left. */
size_t sim_ddmin(bool *keep, const size_t *members, size_t n, sim_ddmin_fails fails, void *self);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * What operators do at the scenario's times: take snapshots, restore them, and, as the baseline
 * to compare with, copy folders as a nightly rsync does.
 *
 *   snapshot   @node snapshots its @set
 *   restore    @node restores the newest snapshot of @from's @set into @target
 *   copy       @node fetches the folder of @from's @set into @target
 *   copy_back  @node fetches @from's copy of @set into @target
 *   edit_zone  @node's master file of @zone gets a new serial and other records, and is read again
 *   promote    @node becomes the primary of @zone
 *
 * A restore or copy_back at time t is asked for at t + after_loss: people need time. */
#ifndef SIM_OPERATION_H
#define SIM_OPERATION_H

#include "sim/world/host.h"

/* Errors: SW_ERR_NOTFOUND (node, set, kind), the diag has the line. */
int sim_operations_new(struct sim_world *w, struct sim_operations **out, struct sw_diag *d);
void sim_operations_free(struct sim_operations *o);
void sim_operations_start(struct sim_operations *o);
/* A node says something: when it begins a snapshot, keep what the set held then. */
void sim_operations_trace(struct sim_operations *o, uint32_t node, const struct sw_trace *t);
/* The run ends: what was not restored by now has failed. */
void sim_operations_end(struct sim_operations *o);

#endif

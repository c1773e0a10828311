/* SPDX-License-Identifier: GPL-3.0-or-later
 * What operators do with zones: edit master files, promote backups. */
#ifndef SIM_ZONE_EDIT_H
#define SIM_ZONE_EDIT_H

#include "sim/world/host.h"

/* Edit node @node's master file, and ask the node to read it again.  Nothing happens while the
 * node is down: nobody can log in. */
void sim_zone_edit(struct sim_world *w, uint32_t node, const struct sim_operation *o);
/* Ask it to become the primary. */
void sim_zone_promote(struct sim_world *w, uint32_t node, const struct sim_operation *o);
/* A node serves another version: where it edits the zone itself, watchers get the text with that
 * serial that was its master file last; it may have been edited since. */
void sim_zone_swapped(struct sim_world *w, uint32_t node, const struct sw_trace *t);
void sim_zone_texts_free(struct sim_zone_text *t);

#endif

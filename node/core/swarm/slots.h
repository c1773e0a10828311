/* SPDX-License-Identifier: GPL-3.0-or-later
 * Numbered slots for things in flight: addresses never move, memory is reused and never given
 * back before the end, and an id that has been given up is told from the one that took its place.
 */
#ifndef SW_SWARM_SLOTS_H
#define SW_SWARM_SLOTS_H

#include "node/base/types.h"

#define SW_SLOT_NONE UINT32_MAX

struct sw_slots {
    size_t size;    /* bytes of an item */
    uint32_t limit; /* items at once; may change at any time, taken ones stay */
    uint32_t taken; /* items now */
    uint32_t made;  /* slots that were ever taken */
    uint32_t free;  /* head of the list of free slots */
    unsigned char **chunks;
    uint32_t n_chunks;
};

void sw_slots_init(struct sw_slots *s, size_t size);
void sw_slots_fini(struct sw_slots *s); /* what items own is the caller's */

/* An item, zeroed when its slot is used for the first time and as it was left otherwise.  NULL at
 * the limit or when memory is out. */
void *sw_slots_take(struct sw_slots *s, uint32_t *index);
void sw_slots_give(struct sw_slots *s, uint32_t index);

/* The item in a slot that was ever taken; @index below @s->made. */
void *sw_slots_at(const struct sw_slots *s, uint32_t index);
/* Is it taken now? */
bool sw_slots_taken(const struct sw_slots *s, uint32_t index);
/* A number for the item in slot @index that no other item ever had; never 0. */
uint64_t sw_slots_id(const struct sw_slots *s, uint32_t index);
/* The slot of item @id, or SW_SLOT_NONE when it is gone or never was. */
uint32_t sw_slots_find(const struct sw_slots *s, uint64_t id);

#endif

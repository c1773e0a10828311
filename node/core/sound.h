/* SPDX-License-Identifier: GPL-3.0-or-later
 * Does everything in a node that refers to something else agree with it?  Walked after steps
 * where slow checks are on. */
#ifndef SW_CORE_SOUND_H
#define SW_CORE_SOUND_H

#include <stdbool.h>

struct sw_node;

bool sw_node_is_sound(const struct sw_node *n);

#endif

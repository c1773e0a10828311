/* SPDX-License-Identifier: GPL-3.0-or-later
 * A running hash over everything an action says, so that two runs can be compared to the byte. */
#ifndef SW_TESTS_LIB_ACTION_DIGEST_H
#define SW_TESTS_LIB_ACTION_DIGEST_H

#include "node/core/event.h"

/* Pointers do not count, what they point at does.  FNV-1a; start with any number. */
void action_digest(uint64_t *h, const struct sw_action *a);

#endif

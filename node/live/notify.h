/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tells the service manager how far the node is (sd_notify(3), its datagram protocol). */
#ifndef SW_LIVE_NOTIFY_H
#define SW_LIVE_NOTIFY_H

#include "node/core/node.h"

/* Nothing happens where no service manager listens. */
void live_notify_state(enum sw_state state);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later
 * A configuration of the node's own: the host may free its one as soon as the event is handled. */
#ifndef SW_CORE_CONFIG_COPY_H
#define SW_CORE_CONFIG_COPY_H

#include "node/core/config.h"

/* A copy with everything it points at; NULL when memory is out. */
struct sw_config *sw_config_copy(const struct sw_config *c);
/* Wipes its keys. */
void sw_config_copy_free(struct sw_config *c);

#endif

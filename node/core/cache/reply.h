/* SPDX-License-Identifier: GPL-3.0-or-later
 * What those who were asked for a lookup say. */
#ifndef SW_CACHE_REPLY_H
#define SW_CACHE_REPLY_H

#include "node/core/proto/swarm.pb-c.h"

#include <stdbool.h>
#include <stdint.h>

struct sw_node;
struct sw_link;

/* Is an Answer's @id that of a lookup's Query? */
bool sw_reply_is_ours(uint64_t id);
/* A home's Answer, or another member's.  Errors: SW_ERR_MALFORMED. */
int sw_reply_of_peer(struct sw_node *n, const struct sw_link *link,
                     const Swarm__V1__Answer *answer);
/* UPSTREAM, in the present event. */
void sw_reply_of_upstream(struct sw_node *n);

#endif

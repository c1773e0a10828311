/* SPDX-License-Identifier: GPL-3.0-or-later
 * Asking others what a lookup is for: an upstream, the home of its name, other members. */
#ifndef SW_CACHE_ASK_H
#define SW_CACHE_ASK_H

#include "node/core/dns/wire.h"

struct sw_node;
struct sw_lookup;

/* In the id of a peer's Query: it is a lookup's, and no client's of forward.h. */
#define SW_ASK_OURS (UINT64_C(1) << 63)
/* In the id of an ASK: where the number of the try begins; slots are fewer. */
#define SW_ASK_TRY_SHIFT 24U

/* The question as we put it; its length. */
size_t sw_ask_write(const struct sw_lookup *l, uint16_t id, uint8_t out[SW_DNS_UDP_MIN]);

/* Ask the next upstream; or wait for what is out already; or end. */
void sw_ask_upstream(struct sw_node *n, struct sw_lookup *l);
/* Ask @upstream again, by stream; false when it can't be. */
bool sw_ask_stream(struct sw_node *n, struct sw_lookup *l, uint32_t upstream);
/* Nothing is expected of try @i any more. */
void sw_unask(struct sw_node *n, struct sw_lookup *l, uint32_t i);
/* Try @i is not answered in time, or can't be. */
void sw_ask_lost(struct sw_node *n, struct sw_lookup *l, uint32_t i);

/* Ask @l's home, if that is another node and the question may pass one more. */
bool sw_ask_home(struct sw_node *n, struct sw_lookup *l);
/* Nothing is expected of it any more. */
void sw_ask_home_done(struct sw_node *n, struct sw_lookup *l);
/* Who else may have it, stale or not?  False: nobody can be asked. */
bool sw_ask_others(struct sw_node *n, struct sw_lookup *l);

#endif

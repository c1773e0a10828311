/* SPDX-License-Identifier: GPL-3.0-or-later
 * What nearly every policy keeps of a peer: its round trip, which says how long to wait (rtt.h,
 * the same for all, so that policies are compared by whom they choose), how many of our queries it
 * has not answered, and how many time-outs there were since it last did.
 *
 * A policy's peer state begins with a struct sw_usual; its descriptor may then name these
 * functions, or call them first. */
#ifndef SW_ROUTE_USUAL_H
#define SW_ROUTE_USUAL_H

#include "algorithms/route/rtt.h"

struct sw_usual {
    struct sw_rtt rtt;
    uint32_t pending;  /* our queries in flight to it; ants do not count */
    uint32_t failures; /* time-outs in a row */
    sw_time failed_at; /* the latest */
};

void sw_usual_on_send(struct sw_route *r, uint32_t peer, sw_time now);
void sw_usual_on_reply(struct sw_route *r, uint32_t peer, sw_time now, sw_dur rtt,
                       const struct sw_telemetry *t, bool probe, bool late);
void sw_usual_on_timeout(struct sw_route *r, uint32_t peer, sw_time now, bool probe);
sw_dur sw_usual_patience(const struct sw_route *r, uint32_t peer);

static inline const struct sw_usual *sw_usual_of(const struct sw_route *r,
                                                 const struct sw_choice *c, size_t i)
{
    return sw_route_peer(r, c->candidates[i].peer);
}

/* @after time-outs in a row, the latest less than @hold ns ago. */
static inline bool sw_usual_failing(const struct sw_usual *u, sw_time now, double after,
                                    double hold)
{
    return (double)u->failures >= after && (double)(now - u->failed_at) < hold;
}

/* Queries in flight, and among equals the shorter round trip: srtt/(srtt + 1 s) < 1 breaks ties.
 * A peer never measured counts as the nearest.  A sw_score_fn. */
double sw_usual_outstanding(const struct sw_route *r, const struct sw_choice *c, size_t i);

#endif

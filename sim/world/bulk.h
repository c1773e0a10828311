/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bulk transfers between hosts as a fluid: events happen when a flow begins or ends and when a
 * fault changes a capacity, not for each packet.
 *
 * Flows share uplinks, downlinks and lines between regions max-min fairly (maxmin.h), as a fair
 * queue at each of them sees to; for the same reason packets (network.h) do not wait behind bulk,
 * and what they use is not taken from it (RFC 8290, 4.2: sparse flows go first).
 *
 * A flow after a pause of a retransmission time-out (200 ms or two round trips, whichever is more;
 * RFC 5681, 4.1) is in slow start: it may send 10 packets (RFC 6928) in a round trip, as fast as
 * its share allows, and in each next one as much more as it has sent, until a round trip's share is
 * less than that, or the limit is reached.
 * From then on it gets its share, or at most its limit: a window of 4 MiB, or as many packets as
 * losses allow, a round trip.  With a share p of packets lost and RTT in seconds that is
 *     W = max(1.054 (RTT / p)^(3/4), sqrt(3 / 2p))  packets, in RTT + W T,
 * CUBIC's response function (RFC 9438, 5.1, C = 0.4, beta = 0.7) or that of Reno where it is
 * faster (Mathis et al. 1997), with time-outs T = min(1, 3 sqrt(3p / 8)) p (1 + 32 p^2) T0 a packet
 * (Padhye et al. 1998, eq. 30); T0 is the probe time-out of RFC 8985, two round trips and 10 ms at
 * least.  Each lost packet counts, whether or not it is lost in a burst with others. */
#ifndef SIM_BULK_H
#define SIM_BULK_H

#include "sim/engine/engine.h"
#include "sim/world/maxmin.h"
#include "sim/world/network.h"

#define SIM_FIRST_WINDOW (10 * SIM_SEGMENT)
#define SIM_LARGEST_WINDOW (4 * SW_MIB)

struct sim_flow {
    struct sim_bulk *bulk;
    struct sim_place from, to;
    void (*left)(struct sim_flow *f); /* all that was asked for has left; send more, or idle */
    /* what follows is bulk.c's */
    struct sim_share share;
    size_t index;  /* among the flows that have something to send; SIZE_MAX: it has not */
    double before; /* its rate, before it is shared out anew */
    double todo;   /* bytes that have not left at @since */
    sw_time since;
    bool held, fast; /* @fast: slow start is over */
    bool waits;      /* for the next round: this one's window has left */
    double window;   /* bytes a round of slow start may send */
    double unused;   /* of the present round's */
    sw_time round_at, idle_at;
    enum { SIM_FLOW_LEFT, SIM_FLOW_EXHAUSTED, SIM_FLOW_ROUND } plan; /* what @event is */
    sim_event_id event;
};

struct sim_bulk;

/* NULL when memory is out. */
struct sim_bulk *sim_bulk_new(struct sim_engine *e, struct sim_network *net);
void sim_bulk_free(struct sim_bulk *b);

/* A flow that has nothing to send.  It stays the caller's, and is stopped before it goes. */
void sim_flow_init(struct sim_flow *f, struct sim_bulk *b, struct sim_place from,
                   struct sim_place to, void (*left)(struct sim_flow *f));
/* Send @bytes (> 0), now that there is nothing else to send. */
void sim_flow_send(struct sim_flow *f, double bytes);
/* Send nothing from now on, or again: then from slow start. */
void sim_flow_hold(struct sim_flow *f, bool held);
/* Forget what has not left. */
void sim_flow_stop(struct sim_flow *f);
/* Capacities, losses or latencies changed. */
void sim_bulk_changed(struct sim_bulk *b);

/* Bytes a round trip that losses and the largest window leave a flow. */
double sim_bulk_limit(double loss, sw_dur round_trip);

#endif

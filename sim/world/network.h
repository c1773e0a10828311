/* SPDX-License-Identifier: GPL-3.0-or-later
 * Packets between places: propagation by geography or matrix, jitter, losses alone and in bursts,
 * duplication, reordering, altered bits, finite queues, cuts and dark regions.
 *
 * On its way a packet passes its sender's uplink, the line between the regions if the scenario
 * gives it a bandwidth, and its receiver's downlink; hosts have one of each for their own region
 * and one for all others, clients none.  It takes its place in those queues when it is sent. */
#ifndef SIM_NETWORK_H
#define SIM_NETWORK_H

#include "sim/scenario/scenario.h"

#define SIM_NO_HOST UINT32_MAX
#define SIM_ANY UINT32_MAX

/* Bytes around a payload on the wire: Ethernet frame, IPv6, and UDP, or TCP with TLS, HTTP/2 and
 * gRPC framing. */
#define SIM_UDP_OVERHEAD 66U
#define SIM_TCP_OVERHEAD 130U
/* Payload of one TCP segment. */
#define SIM_SEGMENT 1400U

/* An end of a path: a host, or clients of a region (@host is SIM_NO_HOST). */
struct sim_place {
    uint32_t region;
    uint32_t host;
};

/* What a packet's chances belong to, so that they stay the same whatever else happens in the run:
 * the query (or message) it travels for, and which of that query's packets it is.  Bursts belong
 * to the two regions, the direction and the time, and hit all packets alike. */
struct sim_luck {
    uint64_t of;
    uint64_t step;
};
/* The luck of the @n-th packet that @cause brings about. */
struct sim_luck sim_luck_child(struct sim_luck cause, uint64_t n);

struct sim_network;

/* NULL when memory is out.  @s must outlive it. */
struct sim_network *sim_network_new(const struct sim_scenario *s, uint64_t seed);
void sim_network_free(struct sim_network *net);
/* Where a host of the scenario stands. */
struct sim_place sim_network_place(const struct sim_network *net, uint32_t host);

/* One way, without jitter or queues. */
sw_dur sim_network_latency(const struct sim_network *net, struct sim_place from,
                           struct sim_place to);
/* Do packets get from @from to @to at present? */
bool sim_network_reaches(const struct sim_network *net, struct sim_place from, struct sim_place to);
/* And back as well? */
bool sim_network_joined(const struct sim_network *net, struct sim_place a, struct sim_place b);
bool sim_network_is_dark(const struct sim_network *net, uint32_t region);

/* A datagram of @bytes of payload leaves @from now.  True, and when it arrives; false when it is
 * lost by chance, cut, dark, or finds a queue full. */
bool sim_network_datagram(struct sim_network *net, sw_time now, struct sim_place from,
                          struct sim_place to, size_t bytes, struct sim_luck luck, sw_time *at);

/* What happens to a datagram that arrives. */
struct sim_fate {
    bool twice;
    sw_dur later; /* the second one comes this much after the first */
    bool dropped; /* altered, and the receiver's checksum saw it */
    bool altered; /* and nobody saw it */
    uint64_t bit; /* which bit flipped, to be reduced */
};
struct sim_fate sim_network_fate(const struct sim_network *net, struct sim_place from,
                                 struct sim_place to, struct sim_luck luck);

/* ---- for ordered connections, which repair losses themselves ---- */

/* @bytes travel from @from to @to: when the last of them arrives.  Queues hold as many as it
 * takes.  @leaves (may be NULL) gets when the last has left @from. */
sw_time sim_network_carry(struct sim_network *net, sw_time now, struct sim_place from,
                          struct sim_place to, size_t bytes, struct sim_luck luck, sw_time *leaves);
/* Latency, jitter and reordering of one packet; no queues. */
sw_dur sim_network_flight(const struct sim_network *net, struct sim_place from, struct sim_place to,
                          struct sim_luck luck);
/* Is one of @packets packets, on their way at @at, lost? */
bool sim_network_loses(const struct sim_network *net, sw_time at, struct sim_place from,
                       struct sim_place to, uint64_t packets, struct sim_luck luck);
/* The share of packets lost in the long run, bursts included. */
double sim_network_mean_loss(const struct sim_network *net, struct sim_place from,
                             struct sim_place to);

/* ---- for bulk flows, which share links ---- */

/* The links of limited bandwidth from @from to @to, at most three; how many. */
uint32_t sim_network_links(const struct sim_network *net, struct sim_place from,
                           struct sim_place to, uint32_t link[3]);
/* Bytes/s of such a link at present. */
double sim_network_capacity(const struct sim_network *net, uint32_t link);
/* Their numbers are below. */
size_t sim_network_link_count(const struct sim_network *net);

/* ---- what faults do; every begin needs its end, and they may overlap ---- */

/* Stop packets from region @from to region @to. */
void sim_network_cut(struct sim_network *net, uint32_t from, uint32_t to, bool begins);
/* Stop packets from hosts of one set to hosts of another; each set a flag a host of the
 * scenario. */
void sim_network_divide(struct sim_network *net, const bool *from, const bool *to, bool begins);
/* Stop all packets from and to a host. */
void sim_network_isolate(struct sim_network *net, uint32_t host, bool begins);
/* A region's network is off: nothing gets in, out, or across. */
void sim_network_dark(struct sim_network *net, uint32_t region, bool begins);

/* What ails packets that come from or go to a place, beside the links' own properties. */
struct sim_impairment {
    uint32_t region;     /* SIM_ANY: any */
    uint32_t other;      /* between @region and this one only; SIM_ANY: and any */
    uint32_t host;       /* SIM_ANY: any */
    struct sim_link add; /* to what links do; jitter, bandwidths and queues are not used */
    double narrowing;    /* the place's uplinks, downlinks and lines: bandwidth is divided by it;
                          * 0: it is not */
    enum { SIM_CHECKSUM_CATCHES, SIM_CHECKSUM_MISSES_AT_NODES, SIM_CHECKSUM_MISSES } checksum;
};
/* The end names the same values as the beginning. */
void sim_network_impair(struct sim_network *net, const struct sim_impairment *what, bool begins);

#endif
